/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * banner_of.c - messages with a text put in front of what is read first, or behind it.
 *
 * Each line of stdin is one: "top|end TEXT IN OUT", the last three being files. Says for
 * each in a line how many lines the text that is there has, and "done" or why it could
 * not be.
 */
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "banner.h"
#include "conf.h"
#include "defang.h"
#include "lint.h"
#include "message.h"
#include "mime_walk.h"
#include "report.h"

static struct lint lint;
static struct parts parts;

static bool
visit(void *ctx, const struct part *part, const char *content, size_t len)
{
	unsigned long before = lint.n_irregular;

	(void)ctx;
	(void)content;
	(void)len;
	if (!part->inside)
		lint_part(&lint, part);
	parts.at[part->index]->doubtful = lint.n_irregular > before;
	return part->limit != PART_TOO_MANY;
}

static enum banner_answer
answer(void *ctx, const struct part *part)
{
	(void)ctx;
	(void)part;
	return BANNER_FREE;
}

static bool
write_piece(void *ctx, const char *buf, size_t len)
{
	return fwrite(buf, 1, len, ctx) == len;
}

/* Malloc'd, and a NUL behind it. */
static char *
read_whole(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	if (fd == -1 || fstat(fd, &st) == -1 || (bytes = malloc((size_t)st.st_size + 1)) == NULL ||
	    read(fd, bytes, (size_t)st.st_size) != st.st_size)
		err(66, "%s", path);
	close(fd);
	bytes[st.st_size] = '\0';
	*size = (size_t)st.st_size;
	return bytes;
}

static void
one_message(bool at_end, const char *text, const char *in, const char *out)
{
	struct conf conf;
	struct report report;
	struct defang d = { .report = &report };
	struct banner banner = { .at_end = at_end };
	const char *why, *wrong;
	char *bytes, *words;
	size_t lines;
	FILE *f;

	banner.text = words = read_whole(text, &d.size);
	d.bytes = bytes = read_whole(in, &d.size);
	conf_init(&conf);
	report_init(&report);
	part_begin(&parts, bytes, d.size);
	lint_begin(&lint, &parts);
	mime_walk(&parts, &conf, visit, NULL);
	d.eol = defang_eol(d.bytes, d.size, "\n");
	lines = banner_lines(&parts, answer, NULL);
	why = banner_insert(&d, &parts, &banner, 1, answer, NULL);
	report_sort_edits(&report);
	/* The front takes no other. */
	wrong = message_check_edits(d.size, report.edits, report.n_edits, false);
	if (wrong != NULL)
		errx(70, "%s", wrong);
	f = fopen(out, "w");
	if (f == NULL ||
	    !message_splice(bytes, d.size, report.edits, report.n_edits, write_piece, f) ||
	    fclose(f) == EOF)
		err(73, "%s", out);
	printf("%zu %s\n", lines, why == NULL ? "done" : why);
	fflush(stdout);
	lint_free(&lint);
	part_free(&parts);
	report_free(&report);
	conf_free(&conf);
	free(bytes);
	free(words);
}

int
main(void)
{
	char where[8], text[1024], in[1024], out[1024];

	while (scanf("%7s %1023s %1023s %1023s", where, text, in, out) == 4)
		one_message(strcmp(where, "end") == 0, text, in, out);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * banner_of.c - banner_of top|end TEXT IN OUT: the message with a text put in front of
 * what is read first, or behind it. Says how many lines that text has, and "done" or
 * why it could not be.
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

int
main(int argc, char **argv)
{
	struct conf conf;
	struct report report;
	struct stat st;
	struct defang d = { .report = &report };
	struct banner banner = { .text = argc == 5 ? argv[2] : "" };
	const char *why, *wrong;
	char *bytes;
	size_t lines;
	FILE *f;
	int fd;

	if (argc != 5)
		errx(64, "usage: banner_of top|end TEXT IN OUT");
	if ((fd = open(argv[3], O_RDONLY | O_CLOEXEC)) == -1 || fstat(fd, &st) == -1 ||
	    (bytes = malloc((size_t)st.st_size + 1)) == NULL ||
	    read(fd, bytes, (size_t)st.st_size) != st.st_size)
		err(66, "%s", argv[3]);
	close(fd);
	conf_init(&conf);
	report_init(&report);
	part_begin(&parts, bytes, (size_t)st.st_size);
	lint_begin(&lint, &parts);
	mime_walk(&parts, &conf, visit, NULL);
	d.bytes = bytes;
	d.size = (size_t)st.st_size;
	d.eol = defang_eol(d.bytes, d.size, "\n");
	banner.at_end = strcmp(argv[1], "end") == 0;
	lines = banner_lines(&parts, answer, NULL);
	why = banner_insert(&d, &parts, &banner, 1, answer, NULL);
	report_sort_edits(&report);
	/* The front takes no other. */
	wrong = message_check_edits(d.size, report.edits, report.n_edits, false);
	if (wrong != NULL)
		errx(70, "%s", wrong);
	f = fopen(argv[4], "w");
	if (f == NULL ||
	    !message_splice(bytes, d.size, report.edits, report.n_edits, write_piece, f) ||
	    fclose(f) == EOF)
		err(73, "%s", argv[4]);
	printf("%zu %s\n", lines, why == NULL ? "done" : why);
	lint_free(&lint);
	part_free(&parts);
	report_free(&report);
	conf_free(&conf);
	free(bytes);
	return 0;
}

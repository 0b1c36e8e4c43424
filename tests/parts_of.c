/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parts_of.c - for every file given, and every leaf of it: force the removal
 * and the renaming of that one part, and hold the result against the original.
 *
 * - Outside the part (or, in a message's own header, outside the Content-*
 *   fields) every byte is the same.
 * - The edits are sound by the front's own check.
 * - Walked again, the message has the same leaves: the others with the same
 *   content, the one with the notice or with its old content, harmless type and
 *   harmless name. (A leaf that has no place of its own, which only broken
 *   messages have, is acted on through the part around it; that part is then
 *   another one, so this is not held against it.)
 *
 * TAP, one line per file. Exit code 1 if one failed.
 */
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "defang.h"
#include "header.h"
#include "loose.h"
#include "message.h"
#include "mime_walk.h"
#include "report.h"
#include "request.h"

#define LEAVES_MAX 2000

struct leaf {
	struct part_place place;
	char path[PART_PATH_MAX];
	char *type;
	char *content;
	size_t len;
	char **names;
	size_t n_names;
};

struct leaves {
	struct leaf leaf[LEAVES_MAX];
	size_t n;
	struct part_place root;
};

struct buffer {
	char *bytes;
	size_t len;
};

static struct conf conf;
static struct leaves before, after;
static char why[512];

static bool keep_leaf(void *, const struct part *, const char *, size_t);
static void walk(struct leaves *, const char *, size_t);
static bool check_file(const char *, size_t);
static bool check_leaf(const char *, size_t, size_t which, bool removal);
static bool outside_same(const char *, size_t, const struct report *, const struct leaf *, bool);
static bool edit_allowed(const char *, const struct edit *, const struct leaf *, bool removal);
static bool same_leaves(size_t which, bool removal);
static bool harmless(const struct leaf *, bool removal);
static bool append(void *, const char *, size_t);
static char *slurp(const char *, size_t *);

int
main(int argc, char **argv)
{
	int failed = 0;

	conf_init(&conf);
	conf.mime_depth_limit = 1000;
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		size_t size;
		char *bytes = slurp(argv[i], &size);
		bool ok = check_file(bytes, size);

		printf("%sok %d - %s%s%s\n", ok ? "" : "not ", i, argv[i], ok ? "" : ": ",
		    ok ? "" : why);
		failed += !ok;
		free(bytes);
	}
	conf_free(&conf);
	return failed > 0;
}

static char *
slurp(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	if (fd == -1 || fstat(fd, &st) == -1 || (bytes = malloc((size_t)st.st_size + 1)) == NULL)
		err(1, "%s", path);
	*size = (size_t)st.st_size;
	if (read(fd, bytes, *size) != st.st_size)
		err(1, "%s", path);
	close(fd);
	return bytes;
}

static bool
keep_leaf(void *ctx, const struct part *part, const char *content, size_t len)
{
	struct leaves *l = ctx;
	struct leaf *leaf;

	if (!part->leaf || part->inside || l->n == LEAVES_MAX)
		return true;
	leaf = &l->leaf[l->n++];
	*leaf = (struct leaf){ .place = part->place, .len = len, .n_names = part->n_names };
	strlcpy(leaf->path, part->path, sizeof(leaf->path));
	leaf->type = strdup(part->type);
	leaf->content = malloc(len + 1);
	leaf->names = calloc(part->n_names + 1, sizeof(*leaf->names));
	if (leaf->content == NULL || leaf->type == NULL || leaf->names == NULL)
		err(1, "leaf");
	if (len > 0)
		memcpy(leaf->content, content, len);
	for (size_t i = 0; i < part->n_names; i++)
		leaf->names[i] = strdup(part->names[i]);
	return true;
}

static void
walk(struct leaves *l, const char *bytes, size_t size)
{
	struct parts parts;

	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < l->leaf[i].n_names; k++)
			free(l->leaf[i].names[k]);
		free(l->leaf[i].names);
		free(l->leaf[i].type);
		free(l->leaf[i].content);
	}
	l->n = 0;
	part_begin(&parts, bytes, size);
	mime_walk(&parts, &conf, keep_leaf, l);
	l->root = parts.root;
	part_free(&parts);
}

static bool
check_file(const char *bytes, size_t size)
{
	walk(&before, bytes, size);
	for (size_t i = 0; i < before.n; i++) {
		if (!check_leaf(bytes, size, i, false) || !check_leaf(bytes, size, i, true))
			return false;
	}
	return true;
}

static bool
append(void *ctx, const char *buf, size_t len)
{
	struct buffer *b = ctx;

	b->bytes = realloc(b->bytes, b->len + len + 1);
	if (b->bytes == NULL)
		err(1, "splice");
	memcpy(b->bytes + b->len, buf, len);
	b->len += len;
	return true;
}

static bool
check_leaf(const char *bytes, size_t size, size_t which, bool removal)
{
	const struct leaf *leaf = &before.leaf[which];
	struct report report;
	struct defang d = { bytes, size, defang_eol(bytes, size, "\n"), &report };
	struct request request = {
		.host = "filter.example", .reference = "", .time = "now", .scratch = ""
	};
	struct buffer out = { 0 };
	const char *wrong;
	struct notice notice = { .file = "--b.exe", .reason = "a reason", .subject = "" };
	char *text, *part;
	bool ok = false;

	report_init(&report);
	text = notice_text(&conf, &request, &notice);
	part = notice_part(text, "--b.exe.removed.txt", d.eol);
	if (removal && leaf->place.whole_content)
		layout_replace(&d, &leaf->place, part);
	else
		defang_rename(&d, &leaf->place, "a name.exe");
	report_sort_edits(&report);
	wrong = message_check_edits(size, report.edits, report.n_edits, false);
	if (wrong != NULL) {
		snprintf(why, sizeof(why), "part %s: %s", leaf->path, wrong);
	} else {
		message_splice(bytes, size, report.edits, report.n_edits, append, &out);
		walk(&after, out.bytes, out.len);
		ok = outside_same(bytes, size, &report, leaf, removal) &&
		    (!leaf->place.whole_content || same_leaves(which, removal));
	}
	if (!ok && getenv("PARTS_OF_KEEP") != NULL) {
		FILE *f = fopen(getenv("PARTS_OF_KEEP"), "w");

		fwrite(out.bytes, 1, out.len, f);
		fclose(f);
	}
	free(out.bytes);
	free(part);
	free(text);
	report_free(&report);
	return ok;
}

/* The splice copies what no edit covers, so it is the edits that must keep inside. */
static bool
outside_same(const char *bytes, size_t size, const struct report *r, const struct leaf *leaf,
    bool removal)
{
	for (size_t i = 0; i < r->n_edits; i++) {
		if (!edit_allowed(bytes, &r->edits[i], leaf, removal)) {
			snprintf(why, sizeof(why),
			    "part %s: an edit at %llu+%llu of %zu is outside it", leaf->path,
			    (unsigned long long)r->edits[i].offset,
			    (unsigned long long)r->edits[i].length, size);
			return false;
		}
	}
	return true;
}

static bool
edit_allowed(const char *bytes, const struct edit *e, const struct leaf *leaf, bool removal)
{
	const struct part_place *p = &leaf->place;
	size_t end = e->offset + e->length, at = p->header_begin;
	struct header_field f;

	if (removal && !p->message_header)
		return e->offset >= p->header_begin && end <= p->content_end;
	/* A CR alone behind the header becomes a whole line ending. */
	if (e->offset + 1 == p->header_end && bytes[e->offset] == '\r')
		return end <= (removal ? p->content_end : p->header_end);
	if (removal && e->offset >= p->header_end)
		return end <= p->content_end;
	/* One in front of what is a field to those for whom it ends a line. */
	if (e->length == 1 && bytes[e->offset] == '\r' && e->text_len == 1 && e->text[0] == ' ')
		return loose_field(bytes + end, p->header_end - end) != LOOSE_NONE;
	while (header_next(bytes, p->header_end, &at, &f)) {
		if (e->offset >= f.begin && end <= f.end)
			return header_is(bytes, &f, "Content-Type") ||
			    header_is(bytes, &f, "Content-Disposition") ||
			    (removal ? header_begins(bytes, &f, "Content-") : e->length == 0) ||
			    loose_field(bytes + f.begin, f.end - f.begin) != LOOSE_NONE;
	}
	return e->length == 0 && e->offset == p->header_end;
}

static bool
same_leaves(size_t which, bool removal)
{
	if (before.n != after.n) {
		snprintf(why, sizeof(why), "part %s %s: %zu leaves became %zu",
		    before.leaf[which].path, removal ? "removed" : "renamed", before.n, after.n);
		return false;
	}
	for (size_t i = 0; i < before.n; i++) {
		const struct leaf *a = &before.leaf[i], *b = &after.leaf[i];
		bool same = a->len == b->len && memcmp(a->content, b->content, a->len) == 0;

		if (i == which && !harmless(b, removal && a->place.whole_content))
			return false;
		if ((i != which || !removal) && !same) {
			snprintf(why, sizeof(why), "part %s %s: the content of %s changed",
			    before.leaf[which].path, removal ? "removed" : "renamed", a->path);
			return false;
		}
	}
	return true;
}

/* A renamed signature keeps its type, so that it still verifies. */
static bool
is_signature(const char *type)
{
	return strcmp(type, "application/pgp-signature") == 0 ||
	    strcmp(type, "application/pkcs7-signature") == 0 ||
	    strcmp(type, "application/x-pkcs7-signature") == 0;
}

static bool
harmless(const struct leaf *leaf, bool removal)
{
	const char *type = removal ? "text/plain" : "application/octet-stream";
	const char *name = removal ? "--b.exe.removed.txt" : "a name.exe.defanged";

	if (strcmp(leaf->type, type) != 0 && (removal || !is_signature(leaf->type))) {
		snprintf(why, sizeof(why), "part %s: its type is %s", leaf->path, leaf->type);
		return false;
	}
	if (removal && memmem(leaf->content, leaf->len, "a reason", 8) == NULL) {
		snprintf(why, sizeof(why), "part %s: no notice in it", leaf->path);
		return false;
	}
	for (size_t i = 0; i < leaf->n_names; i++) {
		if (strcmp(leaf->names[i], name) != 0) {
			snprintf(why, sizeof(why), "part %s: it is called %s", leaf->path,
			    leaf->names[i]);
			return false;
		}
	}
	return removal || leaf->n_names > 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.c - what an examination saw and did, as one text.
 *
 * The examination tells what happens while it happens; each item goes into the
 * section that it belongs to, and at the end the sections are put together with
 * the findings and the edits of the report. There are two forms: one for a human
 * to read, and one JSON object (by jansson), whose keys spawnscan(8) describes.
 * None of them changes its meaning without EXPLAIN_VERSION.
 *
 * What comes from a message is hostile, and bytes rather than text: in JSON each
 * byte is one character, U+0000 to U+00FF; in the human form what is not
 * printable ASCII is \xHH. So the whole is printable ASCII, and nothing is lost
 * but what lies behind a cut (WORD_MAX, OLD_MAX).
 *
 * Limit: REPORT_MAX_EXPLANATION; an item that does not fit is left out, and
 * "truncated" tells so. Memory that runs out ends the process, the front copes
 * with that.
 *
 * Over 500 lines because text and JSON are told side by side for each thing that is told, so
 * that the two can be compared at a glance.
 */
#include "explain.h"

#include <err.h>
#include <jansson.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "line.h"

#define EXPLAIN_VERSION 1

/* A name, or another word of a stranger, is cut here; so are old bytes. */
#define WORD_MAX 1024
#define OLD_MAX 4096
/* Reasons to pass over a view. */
#define SKIPPED_MAX 8
/* DEL is the one character that jansson leaves and that is not printable. */
#define DEL 0x7f
#define DEL_ESCAPED "\\u007f"
/* For what is around the sections. */
#define RESERVE (64u << 10)

/* In the order in which they are told. */
enum section {
	FINDINGS,
	PARTS,
	SCANS,
	REGIONS,
	VIEWS,
	SKIPPED,
	AGAIN,
	AROUND,
	EDITS,
	NOTES,
	SECTIONS
};

struct stream {
	FILE *f;
	char *bytes;
	size_t len;
	size_t n; /* items in it */
};

struct explain {
	bool json;
	const char *bytes;
	size_t size;
	enum doubt irregular;
	struct stream sections[SECTIONS]; /* for a human */
	struct stream item; /* the one that is being written */
	json_t *arrays[SECTIONS], *object; /* in JSON: the same two */
	bool quoted; /* what is written stands in quotes */
	size_t total; /* bytes in all sections */
	unsigned long objects; /* for the scanner, in all looks */
	size_t old_views; /* those that were no news */
	struct skipped {
		const char *why;
		size_t views;
	} skipped[SKIPPED_MAX];
	size_t n_skipped;
	bool truncated;
};

static void stream_open(struct stream *);
static void stream_close(struct stream *);
static void item_begin(struct explain *);
static void item_end(struct explain *, enum section);
static size_t item_length(struct explain *);
static void item_keep(struct explain *, enum section);
static void tell_bytes(const struct explain *, const char *, size_t len, size_t max);
static void tell_string(struct explain *, const char *);
static json_t *must(json_t *);
static json_t *bytes_json(const char *, size_t len, size_t max);
static json_t *word_json(const char *);
static json_t *names_json(char *const *names, size_t n);
static json_t *hits_json(const struct scan_result *);
static int count_ascii(const char *, size_t, void *);
static int write_ascii(const char *, size_t, void *);
static void put(struct explain *, const char *key, json_t *);
static void put_pair(struct explain *, const char *key, const char *value);
static void put_number(struct explain *, const char *key, uint64_t value);
static void put_bool(struct explain *, const char *key, bool value);
static void put_digest(struct explain *, const char *, size_t len);
static void put_place(struct explain *, const struct part_place *);
static void put_result(struct explain *, const struct scan_result *);
static void put_part(struct explain *, const struct part *, const char *, size_t len);
static void tell_part(struct explain *, const struct part *, const char *, size_t len);
static void tell_names(struct explain *, char *const *names, size_t n);
static void tell_result(struct explain *, const struct scan_result *);
static const char *limit_text(enum part_limit);
static void add_finding(struct explain *, const struct finding *);
static void add_edit(struct explain *, const struct edit *);
static void tell_lines(struct explain *, char mark, const char *, size_t len, size_t max);
static void add_note(struct explain *, const char *note);
static void put_whole(struct explain *, const struct report *);
static void tell_whole(struct explain *, const struct report *);
static void tell_section(struct explain *, enum section, const char *heading);

struct explain *
explain_begin(enum explain_form form, const char *bytes, size_t size)
{
	struct explain *e;

	if (form == EXPLAIN_NONE)
		return NULL;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		err(EX_OSERR, "explain");
	e->json = form == EXPLAIN_JSON;
	e->bytes = bytes;
	e->size = size;
	/* Keys are ours alone. Else jansson would want /dev/urandom, which the sandbox hides. */
	json_object_seed(1);
	for (int i = 0; i < SECTIONS; i++) {
		if (e->json)
			e->arrays[i] = must(json_array());
		else
			stream_open(&e->sections[i]);
	}
	return e;
}

static void
stream_open(struct stream *s)
{
	s->f = open_memstream(&s->bytes, &s->len);
	if (s->f == NULL)
		err(EX_OSERR, "explain");
}

static void
stream_close(struct stream *s)
{
	if (fclose(s->f) == EOF)
		err(EX_OSERR, "explain");
	s->f = NULL;
}

static void
item_begin(struct explain *e)
{
	if (e->json)
		e->object = must(json_object());
	else
		stream_open(&e->item);
}

static void
item_end(struct explain *e, enum section section)
{
	size_t len = item_length(e);

	if (len > REPORT_MAX_EXPLANATION - RESERVE - e->total) {
		e->truncated = true;
	} else {
		item_keep(e, section);
		e->total += len;
	}
	if (e->json)
		json_decref(e->object);
	else
		free(e->item.bytes);
}

/* item_length - in the end, with what stands between two of them */
static size_t
item_length(struct explain *e)
{
	size_t len = strlen(", ");

	if (e->json) {
		if (json_dump_callback(e->object, count_ascii, &len, JSON_ENSURE_ASCII) == -1)
			err(EX_OSERR, "explain");
	} else {
		stream_close(&e->item);
		len = e->item.len;
	}
	return len;
}

static void
item_keep(struct explain *e, enum section section)
{
	struct stream *s = &e->sections[section];

	if (!e->json) {
		fwrite(e->item.bytes, 1, e->item.len, s->f);
		s->n++;
	} else if (json_array_append(e->arrays[section], e->object) == -1)
		err(EX_OSERR, "explain");
}

/* Bytes of a stranger, escaped; "..." stands for more than max. */
static void
tell_bytes(const struct explain *e, const char *bytes, size_t len, size_t max)
{
	size_t n = len > max ? max : len;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '\\' || (c == '"' && e->quoted))
			fprintf(e->item.f, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", e->item.f);
		else if (c == '\r')
			fputs("\\r", e->item.f);
		else if (c == '\t')
			fputs("\\t", e->item.f);
		else if (c < 0x20 || c > 0x7e)
			fprintf(e->item.f, "\\x%02x", c);
		else
			fputc(c, e->item.f);
	}
	if (n < len)
		fputs("...", e->item.f);
}

static void
tell_string(struct explain *e, const char *s)
{
	e->quoted = true;
	fputc('"', e->item.f);
	tell_bytes(e, s, strlen(s), WORD_MAX);
	fputc('"', e->item.f);
	e->quoted = false;
}

static json_t *
must(json_t *json)
{
	if (json == NULL)
		err(EX_OSERR, "explain");
	return json;
}

/* bytes_json - each byte as the character of that number, in UTF-8 */
static json_t *
bytes_json(const char *bytes, size_t len, size_t max)
{
	size_t n = len > max ? max : len, used = 0;
	char *text = malloc(2 * n + 1);
	json_t *json;

	if (text == NULL)
		err(EX_OSERR, "explain");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c >= 0x80)
			text[used++] = (char)(0xc0 | c >> 6);
		text[used++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
	}
	json = must(json_stringn_nocheck(text, used));
	free(text);
	return json;
}

static json_t *
word_json(const char *s)
{
	return s == NULL ? json_null() : bytes_json(s, strlen(s), WORD_MAX);
}

static int
count_ascii(const char *buf, size_t len, void *count)
{
	size_t *n = count;

	for (size_t i = 0; i < len; i++)
		*n += buf[i] == DEL ? strlen(DEL_ESCAPED) : 1;
	return 0;
}

static int
write_ascii(const char *buf, size_t len, void *file)
{
	FILE *f = file;

	for (size_t i = 0; i < len; i++) {
		if (buf[i] == DEL)
			fputs(DEL_ESCAPED, f);
		else
			putc(buf[i], f);
	}
	return 0;
}

static void
put(struct explain *e, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(e->object, key, must(value)) == -1)
		err(EX_OSERR, "explain");
}

static void
put_pair(struct explain *e, const char *key, const char *value)
{
	put(e, key, word_json(value));
}

static void
put_number(struct explain *e, const char *key, uint64_t value)
{
	put(e, key, json_integer((json_int_t)value));
}

static void
put_bool(struct explain *e, const char *key, bool value)
{
	put(e, key, json_boolean(value));
}

static void
put_digest(struct explain *e, const char *bytes, size_t len)
{
	char hex[SHA256_DIGEST_STRING_LENGTH];

	SHA256Data((const uint8_t *)(len > 0 ? bytes : ""), len, hex);
	if (e->json)
		put_pair(e, "sha256", hex);
	else
		fprintf(e->item.f, "sha256 %s\n", hex);
}

static json_t *
names_json(char *const *names, size_t n)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(array, word_json(names[i])) == -1)
			err(EX_OSERR, "explain");
	return array;
}

static void
tell_names(struct explain *e, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fputs("       name ", e->item.f);
		tell_string(e, names[i]);
		fputc('\n', e->item.f);
	}
}

static const char *
limit_text(enum part_limit limit)
{
	switch (limit) {
	case PART_WITHIN:
		break;
	case PART_TOO_DEEP:
		return "nested too deep";
	case PART_HEADER_TOO_BIG:
		return "header too long";
	case PART_UNPACKS_TO_TOO_MUCH:
		return "unpacks to too much";
	case PART_TOO_MANY:
		return "too many parts";
	}
	return NULL;
}

void
explain_part(struct explain *e, const struct part *part, const char *content, size_t len)
{
	if (e == NULL)
		return;
	item_begin(e);
	if (e->json)
		put_part(e, part, content, len);
	else
		tell_part(e, part, content, len);
	item_end(e, PARTS);
}

static void
put_place(struct explain *e, const struct part_place *place)
{
	put_number(e, "header_offset", place->header_begin);
	put_number(e, "header_length", place->header_end - place->header_begin);
	if (place->whole_content) {
		put_number(e, "content_offset", place->content_begin);
		put_number(e, "content_length", place->content_end - place->content_begin);
	} else {
		put_pair(e, "content_offset", NULL);
		put_pair(e, "content_length", NULL);
	}
}

static void
put_part(struct explain *e, const struct part *part, const char *content, size_t len)
{
	put_pair(e, "path", part->path);
	put_pair(e, "type", part->type);
	put_bool(e, "leaf", part->leaf);
	put_bool(e, "inside", part->inside);
	put_bool(e, "encoded", part->encoded);
	put_number(e, "children", part->n_children);
	put_place(e, &part->place);
	if (part->leaf) {
		put_number(e, "bytes", len);
		put_digest(e, content, len);
	} else {
		put_pair(e, "bytes", NULL);
		put_pair(e, "sha256", NULL);
	}
	put(e, "names", names_json(part->names, part->n_names));
	put_pair(e, "limit", limit_text(part->limit));
}

/* Indented by its depth, which the dots of the path tell. */
static void
tell_part(struct explain *e, const struct part *part, const char *content, size_t len)
{
	const struct part_place *place = &part->place;
	const char *limit = limit_text(part->limit);

	fputs("  ", e->item.f);
	for (const char *c = part->path; *c != '\0'; c++) {
		if (*c == '.')
			fputs("  ", e->item.f);
	}
	fprintf(e->item.f, "%s  ", part->path);
	tell_bytes(e, part->type[0] == '\0' ? "(no type)" : part->type,
	    strlen(part->type[0] == '\0' ? "(no type)" : part->type), WORD_MAX);
	if (part->inside)
		fputs(", inside of what is", e->item.f);
	fprintf(e->item.f, " at %zu", place->header_begin);
	if (place->whole_content)
		fprintf(e->item.f, ", content %zu to %zu", place->content_begin,
		    place->content_end);
	if (part->leaf)
		fprintf(e->item.f, ", %zu bytes%s", len, part->encoded ? " decoded" : "");
	if (limit != NULL)
		fprintf(e->item.f, " (%s)", limit);
	fputc('\n', e->item.f);
	if (part->leaf) {
		fputs("       ", e->item.f);
		put_digest(e, content, len);
	}
	tell_names(e, part->names, part->n_names);
}

/* What a scan found: "hits" and "error", or a few words. */
static void
put_result(struct explain *e, const struct scan_result *result)
{
	put(e, "hits", hits_json(result));
	put_pair(e, "error", result != NULL && result->failed ? result->error : NULL);
}

static json_t *
hits_json(const struct scan_result *result)
{
	json_t *array = must(json_array());

	for (size_t i = 0; result != NULL && i < result->n_hits; i++)
		if (json_array_append_new(array,
			json_pack("{s:s, s:o}", "class", verdict_class_name(result->hits[i].class),
			    "name", word_json(result->hits[i].name))) == -1)
			err(EX_OSERR, "explain");
	return array;
}

static void
tell_result(struct explain *e, const struct scan_result *result)
{
	for (size_t i = 0; i < result->n_hits; i++) {
		fprintf(e->item.f, "%s%s ", i > 0 ? ", " : "",
		    verdict_class_name(result->hits[i].class));
		tell_bytes(e, result->hits[i].name, strlen(result->hits[i].name), WORD_MAX);
	}
	if (result->failed) {
		fprintf(e->item.f, "%snot scanned to its end: ", result->n_hits > 0 ? ", " : "");
		tell_bytes(e, result->error, strlen(result->error), WORD_MAX);
	} else if (result->n_hits == 0) {
		fputs("clean", e->item.f);
	}
	fputc('\n', e->item.f);
}

void
explain_scan(struct explain *e, const char *object, const char *path, const char *content,
    size_t len, const struct scan_result *result)
{
	if (e == NULL)
		return;
	item_begin(e);
	if (e->json) {
		put_pair(e, "object", object);
		put_pair(e, "part", path[0] == '\0' ? NULL : path);
		put_number(e, "bytes", len);
		put_digest(e, content, len);
		put_result(e, result);
	} else {
		fprintf(e->item.f, "  %s%s%s, %zu bytes: ", object, path[0] == '\0' ? "" : " ",
		    path, len);
		tell_result(e, result);
	}
	item_end(e, SCANS);
}

void
explain_irregular(struct explain *e, enum doubt why)
{
	if (e != NULL)
		e->irregular = why;
}

void
explain_region(struct explain *e, const struct region *region)
{
	if (e == NULL || region->n_names == 0)
		return;
	item_begin(e);
	if (e->json) {
		put_number(e, "offset", region->begin);
		put_number(e, "length", region->end - region->begin);
		put(e, "names", names_json(region->names, region->n_names));
	} else {
		fprintf(e->item.f, "  %zu to %zu\n", region->begin, region->end);
		tell_names(e, region->names, region->n_names);
	}
	item_end(e, REGIONS);
}

/* To a human, a view of bytes that were seen already is one of so many. */
void
explain_view(struct explain *e, const struct view *view, const char *path,
    const struct scan_result *result, bool joined)
{
	if (e == NULL)
		return;
	if (result == NULL)
		e->old_views++;
	if (result == NULL && !e->json)
		return;
	item_begin(e);
	if (e->json) {
		put_pair(e, "way", decode_name(view->way));
		put_pair(e, "why", doubt_phrase(e->irregular));
		put_pair(e, "why_code", doubt_code(e->irregular));
		put_pair(e, "part", path);
		put_number(e, "offset", view->begin);
		put_number(e, "length", view->end - view->begin);
		put_number(e, "bytes", view->len);
		put_digest(e, view->content, view->len);
		put_bool(e, "new", result != NULL);
		put_bool(e, "joined", joined);
		put_result(e, result);
	} else {
		fprintf(e->item.f, "  %zu to %zu (part %s), %s: %zu bytes, ", view->begin,
		    view->end, path, decode_name(view->way), view->len);
		fputs(joined ? "with others, " : "", e->item.f);
		tell_result(e, result);
	}
	item_end(e, VIEWS);
}

void
explain_skipped(struct explain *e, const char *why, size_t views)
{
	if (e == NULL || views == 0)
		return;
	for (size_t i = 0; i < e->n_skipped; i++) {
		if (strcmp(e->skipped[i].why, why) == 0) {
			e->skipped[i].views += views;
			return;
		}
	}
	if (e->n_skipped < SKIPPED_MAX)
		e->skipped[e->n_skipped++] = (struct skipped){ why, views };
}

static void
add_skipped(struct explain *e, const char *why, size_t views)
{
	item_begin(e);
	if (e->json) {
		put_pair(e, "why", why);
		put_number(e, "views", views);
	} else {
		fprintf(e->item.f, "  %zu: %s\n", views, why);
	}
	item_end(e, SKIPPED);
}

void
explain_around(struct explain *e, const char *path, const char *reason)
{
	if (e == NULL)
		return;
	item_begin(e);
	if (e->json) {
		put_pair(e, "path", path);
		put_pair(e, "reason", reason);
	} else {
		fprintf(e->item.f, "  part %s: %s\n", path, reason);
	}
	item_end(e, AROUND);
}

void
explain_again(struct explain *e, const char *left)
{
	if (e == NULL)
		return;
	item_begin(e);
	if (e->json) {
		put_pair(e, "left", left);
	} else {
		fputs("  ", e->item.f);
		tell_bytes(e, left == NULL ? "nothing is left" : left,
		    strlen(left == NULL ? "nothing is left" : left), WORD_MAX);
		fputs(left == NULL ? "\n" : " is left: a wider edit\n", e->item.f);
	}
	item_end(e, AGAIN);
}

void
explain_objects(struct explain *e, unsigned long n)
{
	if (e != NULL)
		e->objects = n;
}

static void
add_finding(struct explain *e, const struct finding *f)
{
	item_begin(e);
	if (e->json) {
		put_pair(e, "class", verdict_class_name(f->class));
		put_pair(e, "action", verdict_action_name(f->action));
		put_pair(e, "part", f->part);
		put_pair(e, "reason", f->reason);
		put_pair(e, "file", f->file);
	} else {
		fprintf(e->item.f, "  %s %s: %s, ", strcmp(f->part, "0") == 0 ? "message" : "part",
		    f->part, verdict_class_name(f->class));
		tell_bytes(e, f->reason, strlen(f->reason), WORD_MAX);
		fprintf(e->item.f, " -> %s", verdict_action_name(f->action));
		if (f->file[0] != '\0') {
			fputs(", name ", e->item.f);
			tell_string(e, f->file);
		}
		fputc('\n', e->item.f);
	}
	item_end(e, FINDINGS);
}

static void
add_edit(struct explain *e, const struct edit *edit)
{
	const char *old = e->bytes + edit->offset;

	item_begin(e);
	if (e->json) {
		put_number(e, "offset", edit->offset);
		put_number(e, "length", edit->length);
		put(e, "old", bytes_json(old, edit->length, OLD_MAX));
		put_bool(e, "old_cut", edit->length > OLD_MAX);
		put(e, "new", bytes_json(edit->text, edit->text_len, edit->text_len));
	} else {
		fprintf(e->item.f, "  at %llu, %llu bytes become %zu\n",
		    (unsigned long long)edit->offset, (unsigned long long)edit->length,
		    edit->text_len);
		tell_lines(e, '-', old, edit->length, OLD_MAX);
		tell_lines(e, '+', edit->text, edit->text_len, edit->text_len);
	}
	item_end(e, EDITS);
}

/* Line by line, each with its line ending spelled out. */
static void
tell_lines(struct explain *e, char mark, const char *bytes, size_t len, size_t max)
{
	size_t left = len > max ? max : len;

	while (left > 0) {
		size_t line = line_next(bytes, left);

		fprintf(e->item.f, "    %c ", mark);
		tell_bytes(e, bytes, line, line);
		fputc('\n', e->item.f);
		bytes += line;
		left -= line;
	}
	if (len > max)
		fprintf(e->item.f, "    %c (and %zu bytes more)\n", mark, len - max);
}

static void
add_note(struct explain *e, const char *note)
{
	item_begin(e);
	if (e->json) {
		put_pair(e, "note", note);
	} else {
		fputs("  ", e->item.f);
		tell_bytes(e, note, strlen(note), WORD_MAX);
		fputc('\n', e->item.f);
	}
	item_end(e, NOTES);
}

char *
explain_end(struct explain *e, const struct report *report)
{
	char *whole;

	if (e == NULL)
		return NULL;
	for (size_t i = 0; i < report->n_findings; i++)
		add_finding(e, &report->findings[i]);
	for (size_t i = 0; i < e->n_skipped; i++)
		add_skipped(e, e->skipped[i].why, e->skipped[i].views);
	for (size_t i = 0; i < report->n_edits; i++)
		add_edit(e, &report->edits[i]);
	for (size_t i = 0; i < report->n_notes; i++)
		add_note(e, report->notes[i]);
	if (e->json)
		put_whole(e, report);
	else
		tell_whole(e, report);
	stream_close(&e->item);
	whole = e->item.bytes;
	for (int i = 0; i < SECTIONS; i++)
		free(e->sections[i].bytes);
	free(e);
	return whole;
}

static void
put_whole(struct explain *e, const struct report *report)
{
	static const char *const keys[] = { [FINDINGS] = "findings",
		[PARTS] = "parts",
		[SCANS] = "scans",
		[REGIONS] = "regions",
		[VIEWS] = "views",
		[SKIPPED] = "skipped",
		[AGAIN] = "again",
		[AROUND] = "around",
		[EDITS] = "edits",
		[NOTES] = "notes" };

	e->object = must(json_object());
	put_number(e, "version", EXPLAIN_VERSION);
	put_number(e, "size", e->size);
	put_pair(e, "scanner", report->scanner);
	put_pair(e, "verdict", report_verdict(report));
	put_pair(e, "action", verdict_action_name(report->action));
	put_pair(e, "verdicts", report->verdicts);
	put_pair(e, "irregular", doubt_phrase(e->irregular));
	put_pair(e, "irregular_code", doubt_code(e->irregular));
	put_bool(e, "truncated", e->truncated);
	put_number(e, "objects", e->objects);
	for (int i = 0; i < SECTIONS; i++)
		put(e, keys[i], e->arrays[i]);
	stream_open(&e->item);
	if (json_dump_callback(e->object, write_ascii, e->item.f, JSON_ENSURE_ASCII) == -1)
		err(EX_OSERR, "explain");
	putc('\n', e->item.f);
	json_decref(e->object);
}

static void
tell_whole(struct explain *e, const struct report *report)
{
	for (int i = 0; i < SECTIONS; i++)
		stream_close(&e->sections[i]);
	stream_open(&e->item);
	fprintf(e->item.f, "Verdict: %s\nAction: %s\n", report_verdict(report),
	    verdict_action_name(report->action));
	fprintf(e->item.f, "Size: %zu bytes\n", e->size);
	fprintf(e->item.f, "Scanned by: %s\n", report->scanner);
	if (report->verdicts != NULL)
		fprintf(e->item.f, "Decided by verdicts: %s\n", report->verdicts);
	fprintf(e->item.f, "Reads the same to everyone: %s%s\n",
	    e->irregular == DOUBT_NONE ? "yes" : "no, ",
	    e->irregular == DOUBT_NONE ? "" : doubt_phrase(e->irregular));
	fprintf(e->item.f, "Objects for the scanner: %lu\n", e->objects);
	tell_section(e, FINDINGS, "What was found");
	tell_section(e, PARTS, "The parts");
	tell_section(e, SCANS, "What was scanned");
	tell_section(e, REGIONS, "Names in stretches that may be parts to somebody");
	tell_section(e, VIEWS, "Other ways to read it");
	if (e->old_views > 0)
		fprintf(e->item.f, "\n%zu more ways to read it give what was seen already.\n",
		    e->old_views);
	tell_section(e, SKIPPED, "Ways to read it that were passed over");
	tell_section(e, AGAIN, "The result, examined again");
	tell_section(e, AROUND, "What changes around what is removed");
	tell_section(e, EDITS, "What is changed");
	tell_section(e, NOTES, "Notes");
	if (verdict_action_is_whole(report->action))
		fprintf(e->item.f, "\nThe message as a whole: %s.\n",
		    verdict_action_name(report->action));
	if (e->truncated)
		fputs("\nMore happened than fits in here.\n", e->item.f);
}

static void
tell_section(struct explain *e, enum section section, const char *heading)
{
	const struct stream *s = &e->sections[section];

	if (s->n == 0)
		return;
	fprintf(e->item.f, "\n%s\n", heading);
	fwrite(s->bytes, 1, s->len, e->item.f);
}

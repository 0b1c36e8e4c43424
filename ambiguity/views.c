/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * views.c - what other readers might see in an irregular mail.
 *
 * GMime's reading is one. Here the question is not what the message means but
 * what anybody could take it to mean: any line that begins with "--" may be a
 * boundary to somebody, so the message is cut at all of them; what lies between
 * may begin with a header, or behind any of its first empty lines; and it may
 * be encoded in any way, whatever its header says. Each of these readings is a
 * view, and all are handed out. Most are the same bytes again or rubbish; the
 * caller knows what it has seen and scans the rest.
 *
 * Bounded in number and in bytes; a message that has more views than that has not
 * been seen whole, and the caller is told.
 */
#include "views.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "header.h"
#include "line.h"
#include "loose.h"
#include "mime_decode.h"
#include "sniff.h"

/* How many empty lines of a region may be the end of a header. */
#define STARTS_MAX 4
/* What may stand in front of a boundary, to some reader. */
#define LEAD_MAX 8
/* How far behind a field's name its colon, and behind that its value, is looked for. */
#define COLON_REACH 64
#define BASE64_LINE_MIN 40

struct enumeration {
	const char *bytes;
	const struct conf *conf;
	region_visit *region;
	view_visit *view;
	void *ctx;
	size_t n_views, n_bytes;
	bool multipart; /* to everyone */
	struct evidence *evidence;
	struct loose_boundary boundaries[LOOSE_BOUNDARIES_MAX];
	size_t n_boundaries;
};

static bool each_cut(struct enumeration *, size_t begin, size_t size);
static char *plain_line_ends(const char *, size_t size);
static size_t boundary_within(const struct enumeration *, const char *line, size_t len);
static bool is_boundary_like(const char *line, size_t len);
static bool is_field(const char *line, size_t len);
static bool is_content_field(const char *line, size_t len);
static bool each_region(struct enumeration *, size_t begin, size_t end);
static size_t blank_line(const char *, size_t len);
static bool names_at(struct enumeration *, size_t begin, size_t end);
static bool each_start(struct enumeration *, size_t begin, size_t end);
static bool whole_body(struct enumeration *, size_t begin, size_t end);
static bool each_way(struct enumeration *, size_t begin, size_t end);
static bool each_way_from(struct enumeration *, int first, size_t begin, size_t end);
static bool is_called_for(const struct enumeration *, enum decode_way, size_t begin, size_t end);
static bool has_base64_line(const char *, size_t len);
static bool has_marker(const char *, size_t len, enum sniff_marker);
static bool has_word(const char *, size_t size, const char *word);
static void note_encoding(struct evidence *, const char *, size_t len);
static bool hand_out_again(struct enumeration *, const struct view *);
static bool hand_out(struct enumeration *, const struct view *);

bool
views_each(const char *bytes, size_t size, const struct part_place *root, bool multipart,
    const struct conf *conf, struct evidence *evidence, region_visit *region, view_visit *view,
    void *ctx)
{
	struct enumeration e = { .bytes = bytes,
		.conf = conf,
		.evidence = evidence,
		.region = region,
		.multipart = multipart,
		.view = view,
		.ctx = ctx };
	char *plain;
	bool all;

	e.n_boundaries = loose_boundaries(bytes, size, e.boundaries);
	if (!each_cut(&e, root->header_begin, size) || !whole_body(&e, root->content_begin, size))
		return false;
	plain = plain_line_ends(bytes, size);
	if (plain == NULL)
		return true;
	e.bytes = plain;
	all = each_cut(&e, root->header_begin, size) && whole_body(&e, root->content_begin, size);
	free(plain);
	return all;
}

bool
views_of(const char *bytes, size_t begin, size_t end, const struct conf *conf,
    struct evidence *evidence, view_visit *view, void *ctx)
{
	struct enumeration e = {
		.bytes = bytes, .conf = conf, .evidence = evidence, .view = view, .ctx = ctx
	};

	return each_way(&e, begin, end);
}

/*
 * Cut at every line that may be a boundary, and in front of every Content field
 * that is in no header so far.
 */
static bool
each_cut(struct enumeration *e, size_t begin, size_t size)
{
	const char *bytes = e->bytes;
	bool in_header = true;

	for (size_t line = begin, next; line < size; line = next) {
		size_t end = line, cut;

		next = line + line_next(bytes + line, size - line);
		if (is_boundary_like(bytes + line, next - line)) {
			if (!each_region(e, begin, line))
				return false;
			begin = end = next;
		} else if (!in_header && is_content_field(bytes + line, next - line)) {
			if (!each_region(e, begin, line))
				return false;
			begin = line;
		} else if ((cut = boundary_within(e, bytes + line, next - line)) > 0) {
			if (!each_region(e, begin, line + cut))
				return false;
			begin = end = next;
		}
		in_header = end == next || is_field(bytes + line, next - line) ||
		    (in_header && (bytes[line] == ' ' || bytes[line] == '\t'));
	}
	return each_region(e, begin, size);
}

/* Where a boundary that some header names stands in the line; 0 = nowhere. */
static size_t
boundary_within(const struct enumeration *e, const char *line, size_t len)
{
	for (size_t i = 0; i < e->n_boundaries; i++) {
		const struct loose_boundary *b = &e->boundaries[i];
		const char *at = memmem(line, len, b->text, b->len);

		if (at != NULL && at - line >= 2 && at[-1] == '-' && at[-2] == '-')
			return (size_t)(at - line) - 2;
	}
	return 0;
}

/*
 * To some readers a CR ends a line as well, and a NUL is nothing. A copy in
 * which every place is the same; malloc'd, NULL if it would be no other.
 */
static char *
plain_line_ends(const char *bytes, size_t size)
{
	char *copy = NULL;

	for (size_t i = 0; i < size; i++) {
		bool cr = bytes[i] == '\r' && (i + 1 == size || bytes[i + 1] != '\n');

		if (!cr && bytes[i] != '\0')
			continue;
		if (copy == NULL) {
			copy = malloc(size);
			if (copy == NULL)
				err(EX_OSERR, "views");
			memcpy(copy, bytes, size);
		}
		copy[i] = cr ? '\n' : ' ';
	}
	return copy;
}

static bool
is_field(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] == ':')
			return i > 0;
		if ((unsigned char)line[i] <= ' ')
			return false;
	}
	return false;
}

static bool
is_content_field(const char *line, size_t len)
{
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	return len > 8 && strncasecmp(line, "content-", 8) == 0 && memchr(line, ':', len) != NULL;
}

/* Not "-- " (a signature follows), "---" and the like (a ruler, a patch). */
static bool
is_boundary_like(const char *line, size_t len)
{
	size_t dashes = 0;

	for (int i = 0; i < LEAD_MAX && len > 0 &&
	     ((unsigned char)*line <= ' ' || (unsigned char)*line >= 0x7f);
	     i++) {
		line++;
		len--;
	}
	while (len > 0 && memchr(" \t\r\n", line[len - 1], 4) != NULL)
		len--;
	if (len < 3 || line[0] != '-' || line[1] != '-')
		return false;
	while (dashes < len && line[dashes] == '-')
		dashes++;
	return dashes < len && line[dashes] != ' ';
}

static bool
each_region(struct enumeration *e, size_t begin, size_t end)
{
	struct region region = { .begin = begin, .end = end };
	enum region_answer answer;

	if (begin >= end)
		return true;
	region.names = part_header_names(e->bytes, begin, header_block_end(e->bytes, begin, end),
	    &region.n_names);
	answer = e->region(e->ctx, &region);
	part_names_free(region.names, region.n_names);
	return answer == REGION_KNOWN || (answer == REGION_LOOK && each_start(e, begin, end));
}

/* Length of a line that is empty, to those who strip it; 0 = it is not. */
static size_t
blank_line(const char *s, size_t len)
{
	size_t line = line_next(s, len);

	for (size_t i = 0; i < line; i++) {
		if (strchr(" \t\r\n", s[i]) == NULL || s[i] == '\0')
			return 0;
	}
	return line;
}

/* A header behind empty lines names things too. */
static bool
names_at(struct enumeration *e, size_t begin, size_t end)
{
	struct region region = { .begin = begin, .end = end };
	bool go_on = true;

	region.names = part_header_names(e->bytes, begin, header_block_end(e->bytes, begin, end),
	    &region.n_names);
	if (region.n_names > 0 && e->region != NULL)
		go_on = e->region(e->ctx, &region) != REGION_STOP;
	part_names_free(region.names, region.n_names);
	return go_on;
}

/*
 * The region where a program takes its content to begin: at the first line that is no
 * field, which is the beginning if it has no header, and behind its first empty lines.
 * As it stands it is one view from its beginning as well.
 */
static bool
each_start(struct enumeration *e, size_t begin, size_t end)
{
	size_t line = begin, starts = 0;
	struct header_field field = { .name_len = 1 };

	while (field.name_len > 0 && header_next(e->bytes, end, &line, &field))
		;
	if (field.name_len == 0 && !each_way(e, field.begin, end))
		return false;
	line = begin;
	while (line < end && starts < STARTS_MAX) {
		size_t empty = blank_line(e->bytes + line, end - line);

		if (empty > 0) {
			starts++;
			if (!names_at(e, line + empty, end) || !each_way(e, line + empty, end))
				return false;
			line += empty;
			continue;
		}
		line += line_next(e->bytes + line, end - line);
	}
	return true;
}

/* The body as one, in all ways that don't depend on where it is cut. */
static bool
whole_body(struct enumeration *e, size_t begin, size_t end)
{
	return each_way_from(e, e->multipart ? DECODE_UU : DECODE_AS_IS + 1, begin, end);
}

static bool
each_way(struct enumeration *e, size_t begin, size_t end)
{
	struct view view = { DECODE_AS_IS, begin, end, e->bytes + begin, end - begin };

	return begin >= end ||
	    (hand_out(e, &view) && each_way_from(e, DECODE_AS_IS + 1, begin, end));
}

static bool
each_way_from(struct enumeration *e, int first, size_t begin, size_t end)
{
	struct view view = { .begin = begin, .end = end };
	bool alike = decode_base64_plain(e->bytes + begin, end - begin) > 0;

	for (int way = first; way < DECODE_WAYS && begin < end; way++) {
		size_t len;
		char *decoded;
		bool go_on = true;

		if (!is_called_for(e, (enum decode_way)way, begin, end)) {
			e->evidence->skipped++;
			continue;
		}
		if (alike && way != DECODE_BASE64 &&
		    decode_kind_of((enum decode_way)way) == DECODE_KIND_BASE64) {
			e->evidence->alike++;
			continue;
		}
		decoded = decode_bytes((enum decode_way)way, e->bytes + begin, end - begin,
		    e->conf->view_size_limit, &len);

		if (decoded != NULL) {
			view.way = (enum decode_way)way;
			view.content = decoded;
			view.len = len;
			go_on = hand_out(e, &view) && hand_out_again(e, &view);
		}
		free(decoded);
		if (!go_on)
			return false;
	}
	return true;
}

/* Would a program use that decoder there? */
static bool
is_called_for(const struct enumeration *e, enum decode_way way, size_t begin, size_t end)
{
	const struct evidence *v = e->evidence;

	switch (decode_kind_of(way)) {
	case DECODE_KIND_TEXT:
		return true;
	case DECODE_KIND_BASE64:
		return v->base64 || v->any ||
		    sniff_encoding(e->bytes + begin, end - begin) == DECODE_BASE64_SKIP ||
		    has_base64_line(e->bytes + begin, end - begin);
	case DECODE_KIND_QP:
		return memchr(e->bytes + begin, '=', end - begin) != NULL &&
		    (v->qp || v->any ||
			sniff_encoding(e->bytes + begin, end - begin) == DECODE_QP_LENIENT);
	case DECODE_KIND_FILE:
		break;
	}
	if (way == DECODE_BINHEX)
		return v->binhex || v->any ||
		    has_marker(e->bytes + begin, end - begin, MARKER_BINHEX);
	/* The others look for their marker themselves. */
	return v->uu || v->any || (way != DECODE_UU && way != DECODE_UU_ANY) ||
	    has_marker(e->bytes + begin, end - begin, MARKER_UU);
}

/* A long line of nothing but digits: some decode it whatever the header says. */
static bool
has_base64_line(const char *s, size_t len)
{
	for (size_t line; len > 0; s += line, len -= line) {
		size_t text, i = 0;

		line = line_next(s, len);
		text = line_text(s, line);
		while (i < text && (isalnum((unsigned char)s[i]) || strchr("+/=", s[i]) != NULL) &&
		    s[i] != '\0')
			i++;
		if (text >= BASE64_LINE_MIN && i == text)
			return true;
	}
	return false;
}

static bool
has_marker(const char *s, size_t len, enum sniff_marker marker)
{
	for (size_t line; len > 0; s += line, len -= line) {
		line = line_next(s, len);
		if (sniff_marker(s, line) == marker)
			return true;
	}
	return false;
}

void
views_evidence(struct evidence *v, const char *bytes, size_t size)
{
	static const char word[] = "transfer-encoding";

	*v = (struct evidence){ .binhex = has_word(bytes, size, "binhex") ||
		    has_word(bytes, size, "hqx") };
	for (size_t at = 0; at + sizeof(word) < size; at++) {
		const char *colon;
		size_t left;

		if ((bytes[at] | 0x20) != 't' ||
		    strncasecmp(bytes + at, word, sizeof(word) - 1) != 0)
			continue;
		at += sizeof(word) - 1;
		left = size - at < COLON_REACH ? size - at : COLON_REACH;
		colon = memchr(bytes + at, ':', left);
		if (colon != NULL)
			note_encoding(v, colon + 1, (size_t)(bytes + size - colon) - 1);
	}
}

static bool
has_word(const char *bytes, size_t size, const char *word)
{
	size_t n = strlen(word);

	for (size_t at = 0; at + n <= size; at++) {
		if ((bytes[at] | 0x20) == *word && strncasecmp(bytes + at, word, n) == 0)
			return true;
	}
	return false;
}

/* What somebody may take the value for: by a word in it, else for anything. */
static void
note_encoding(struct evidence *v, const char *s, size_t len)
{
	char value[COLON_REACH];
	size_t n = 0;
	bool known = false;

	/* Folded, or broken in two: the line and the next. */
	for (int lines = 0; len > 0 && n < sizeof(value) - 1 && lines < 2; s++, len--) {
		if (*s == '\n')
			lines++;
		else if ((unsigned char)*s > ' ')
			value[n++] = (char)tolower((unsigned char)*s);
		if (*s == '\n' && (len < 2 || (s[1] != ' ' && s[1] != '\t')) && n > 0)
			break;
	}
	value[n] = '\0';
	if (strstr(value, "64") != NULL)
		known = v->base64 = true;
	if (strstr(value, "quoted") != NULL || strstr(value, "printable") != NULL)
		known = v->qp = true;
	if (strstr(value, "uu") != NULL)
		known = v->uu = true;
	if (!known && strcmp(value, "7bit") != 0 && strcmp(value, "8bit") != 0 &&
	    strcmp(value, "binary") != 0)
		v->any = true;
}

/* What was decoded may be encoded itself: two fields may say so. */
static bool
hand_out_again(struct enumeration *e, const struct view *view)
{
	enum decode_way way = sniff_encoding(view->content, view->len);
	struct view inner = *view;
	char *decoded;
	bool go_on;

	if (way == DECODE_AS_IS)
		return true;
	decoded = decode_bytes(way, view->content, view->len, e->conf->view_size_limit, &inner.len);
	inner.content = decoded;
	go_on = decoded == NULL || hand_out(e, &inner);
	free(decoded);
	return go_on;
}

static bool
hand_out(struct enumeration *e, const struct view *view)
{
	e->n_views++;
	e->n_bytes += view->len;
	if (e->n_views > e->conf->view_limit || e->n_bytes > e->conf->view_size_limit)
		return false;
	return e->view(e->ctx, view);
}

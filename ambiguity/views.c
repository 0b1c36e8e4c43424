/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * views.c - what other readers might see in an irregular mail.
 *
 * GMime's reading is one. Here the question is not what the mail means but
 * what anybody could take it to mean: any line that begins with "--" may be a
 * boundary to somebody, so the mail is cut at all of them; what lies between
 * may begin with a header, or behind any of its first empty lines; and it may
 * be encoded in any way, whatever its header says. Each of these readings is a
 * view, and all are handed out. Most are the same bytes again or rubbish; the
 * caller knows what it has seen and scans the rest.
 *
 * Bounded in number and in bytes; a mail that has more views than that has not
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

struct enumeration {
	const char *bytes;
	const struct conf *conf;
	region_visit *region;
	view_visit *view;
	void *ctx;
	size_t n_views, n_bytes;
	bool multipart; /* to everyone */
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
static bool names_at(struct enumeration *, size_t begin, size_t end);
static bool each_start(struct enumeration *, size_t begin, size_t end);
static bool whole_body(struct enumeration *, size_t begin, size_t end);
static bool each_way(struct enumeration *, size_t begin, size_t end);
static bool each_way_from(struct enumeration *, int first, size_t begin, size_t end);
static bool hand_out_again(struct enumeration *, const struct view *);
static bool hand_out(struct enumeration *, const struct view *);

bool
views_each(const char *bytes, size_t size, const struct part_place *root, bool multipart,
    const struct conf *conf, region_visit *region, view_visit *view, void *ctx)
{
	struct enumeration e = { .bytes = bytes,
		.conf = conf,
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
views_of(const char *bytes, size_t begin, size_t end, const struct conf *conf, view_visit *view,
    void *ctx)
{
	struct enumeration e = { .bytes = bytes, .conf = conf, .view = view, .ctx = ctx };

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

/* The region from its beginning, and from behind its first empty lines. */
static bool
each_start(struct enumeration *e, size_t begin, size_t end)
{
	size_t line = begin, starts = 0;

	if (!each_way(e, begin, end))
		return false;
	while (line < end && starts < STARTS_MAX) {
		size_t empty = header_line_end(e->bytes, end, line);

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

	for (int way = first; way < DECODE_WAYS && begin < end; way++) {
		size_t len;
		char *decoded = decode_bytes((enum decode_way)way, e->bytes + begin, end - begin,
		    e->conf->view_size_limit, &len);
		bool go_on = true;

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

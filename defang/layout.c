/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout.c - which parts stand in which, and the edits that remove some so that
 * the rest is still shown and the notice is seen.
 *
 * A notice in the place of a part is right in multipart/mixed. Elsewhere, as
 * real mail programs show it:
 *  - multipart/alternative: the last form that a program can show hides the
 *    others, so a notice there hides what the sender wrote, or is never seen. If
 *    one form is left at most, the container becomes multipart/mixed. Otherwise
 *    the part goes, and the notice stands beside the whole, in a new
 *    multipart/mixed around it. A calendar is no text but what Accept and
 *    Decline hang on, and some programs know it in multipart/alternative only;
 *    so that stays one as long as the calendar does.
 *  - multipart/related: only what the root refers to is shown. A picture becomes
 *    a small grey one under its Content-ID, so that there is neither a broken
 *    picture nor one that a program offers to fetch; the notice stands beside
 *    the whole. Without its root the container becomes multipart/mixed.
 *  - multipart/signed and multipart/encrypted are no longer what they say, and
 *    become multipart/mixed, so that no program warns of what the notice tells.
 *  - multipart/appledouble: both forks are one file and go together.
 *
 * The notice stands beside the outermost alternative or related that holds the
 * part, within one message. All of that is done only where header and
 * delimiters are so regular that every program reads them alike; anywhere else
 * the notice stands in the part's place. Bytes that need not change stay.
 *
 * Memory that runs out ends the process.
 *
 * Over 500 lines because each way of moving parts about is one row and a short function, and
 * all of them plan on the one tree of nodes that this file keeps to itself.
 */
#include "layout.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "header.h"
#include "name.h"
#include "odd.h"

#define NONE SIZE_MAX
#define TYPE_MAX 80
/* A header field of a picture that is longer is not kept. */
#define FIELD_MAX 900

enum fate { STAYS, IN_PLACE, GOES, PICTURE };

struct layout_part {
	char path[PART_PATH_MAX];
	char type[TYPE_MAX];
	size_t index; /* in struct parts */
	struct part_place place; /* of a marked one, and of a container that was asked for: whole */
	size_t parent;
	bool leaf;
	bool named;
	bool regular; /* of a multipart: its header reads the same to everyone */
	char *boundary; /* of a multipart that is regular */
	size_t main_begin, main_end; /* its type */
	struct header_field field; /* and the field that holds it */
	const char *encoding; /* "8bit" or "binary" if its header says so */
	char
	    *start; /* of a multipart/related: the Content-ID of its root; NULL = the first child */
	bool marked;
	struct notice notice;
	enum fate fate;
	bool flips; /* to multipart/mixed */
	bool wraps; /* in a new one, with the notices of what goes or is a picture now */
};

/* One run over the tree. */
struct run {
	struct layout *l;
	const struct defang *d;
	const struct conf *conf;
	const struct request *request;
	unsigned int n_boundaries;
};

static void read_multipart(struct layout *, struct layout_part *);
static void read_type(struct layout *, struct layout_part *, const struct header_field *);
static size_t parent_of(const struct layout *, const char *path);
static size_t find_path(const struct layout *, const char *path);
static bool is_type(const struct layout_part *, const char *type);
static bool is_message(const struct layout_part *);
static bool is_calendar(const struct layout_part *);
static size_t next_child(const struct layout *, size_t parent, size_t after);
static size_t related_root(const struct layout *, size_t related);
static bool has_id(const struct layout *, size_t, const char *id);
static bool is_readable(const struct layout *, size_t, bool direct);
static bool holds_calendar(const struct layout *, size_t);
static bool is_within(const struct layout *, size_t, size_t around);
static size_t top_of(const struct layout *, size_t);
static void join_forks(struct layout *);
static void break_seals(struct layout *, size_t);
static void plan_top(struct layout *, size_t top);
static void plan_alternative(struct layout *, size_t, bool top);
static void plan_related(struct layout *, size_t);
static void plan_mixed(struct layout *, size_t);
static void plan_child(struct layout *, size_t);
static void plan_dead(struct layout *, size_t);
static void plan_away(struct layout *, size_t);
static size_t container_end(const struct layout *, size_t);
static size_t delimiter_before(const struct layout *, size_t child);
static size_t delimiter_behind(const struct layout *, size_t child, bool *closes);
static size_t delimiter_at(const struct layout *, size_t at, const char *boundary, bool *closes);
static bool can_wrap(const struct layout *, size_t);
static void do_part(struct run *, size_t);
static void do_wrap(struct run *, size_t);
static void put_inner_header(struct run *, FILE *, const struct layout_part *);
static void do_picture(struct run *, size_t);
static void put_kept_field(struct run *, FILE *, const struct layout_part *, const char *name);
static char *notice_of_part(struct run *, struct layout_part *);
static enum notice_what what_of(const struct layout *, const struct layout_part *);
static const char *subject_of(struct layout *);
static bool has_line(const struct layout *, const char *line);

/* 16 times 16 points of light grey. */
static const char grey_picture[] =
    "R0lGODlhEAAQAIAAANDQ0AAAACwAAAAAEAAQAAACDoSPqcvtD6OctNqLsz4FADs=";

static void *
checked(void *p)
{
	if (p == NULL)
		err(EX_OSERR, "layout");
	return p;
}

void
layout_free(struct layout *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->parts[i].boundary);
		free(l->parts[i].start);
	}
	free(l->parts);
	free(l->subject);
	*l = (struct layout){ .n = 0 };
}

void
layout_enter(struct layout *l, const char *bytes, size_t size, const struct part *part)
{
	struct layout_part *p;

	l->bytes = bytes;
	l->size = size;
	l->parts = checked(reallocarray(l->parts, l->n + 1, sizeof(*l->parts)));
	p = &l->parts[l->n];
	*p = (struct layout_part){ .index = part->index,
		.place = part->place,
		.leaf = part->leaf,
		.named = part->n_names > 0,
		.parent = parent_of(l, part->path) };
	strlcpy(p->path, part->path, sizeof(p->path));
	strlcpy(p->type, part->type, sizeof(p->type));
	l->n++;
	if (!p->leaf && strncmp(p->type, "multipart/", 10) == 0)
		read_multipart(l, p);
}

/* One Content-Type, by the letter, with one boundary; and no odd encoding. */
static void
read_multipart(struct layout *l, struct layout_part *p)
{
	struct header_field field;
	size_t at = p->place.header_begin;
	unsigned int types = 0, encodings = 0;

	p->regular = true;
	while (header_next(l->bytes, p->place.header_end, &at, &field)) {
		if (header_is(l->bytes, &field, "Content-Type") && types++ == 0) {
			p->field = field;
			read_type(l, p, &field);
		} else if (header_is(l->bytes, &field, "Content-Transfer-Encoding")) {
			size_t from = field.value_begin, len;

			while (from < field.value_end && l->bytes[from] == ' ')
				from++;
			len = field.value_end - from;
			encodings++;
			if (len == 4 && strncasecmp(l->bytes + from, "8bit", 4) == 0)
				p->encoding = "8bit";
			else if (len == 6 && strncasecmp(l->bytes + from, "binary", 6) == 0)
				p->encoding = "binary";
			else if (len != 4 || strncasecmp(l->bytes + from, "7bit", 4) != 0)
				p->regular = false;
		} else if (field.name_len == 0) {
			p->regular = false;
		}
	}
	p->regular = p->regular && types == 1 && encodings <= 1 && p->boundary != NULL;
}

static void
read_type(struct layout *l, struct layout_part *p, const struct header_field *field)
{
	struct header_params *ps = checked(malloc(sizeof(*ps)));

	header_params_parse(l->bytes, field, ps);
	p->main_begin = ps->main_begin;
	p->main_end = ps->main_end;
	p->regular = p->regular && ps->regular &&
	    ps->main_end - ps->main_begin == strlen(p->type) &&
	    strncasecmp(l->bytes + ps->main_begin, p->type, strlen(p->type)) == 0;
	for (size_t i = 0; i < ps->n; i++) {
		const struct header_param *param = &ps->params[i];
		size_t len = param->name_end - param->name_begin;

		if (len == 5 && strncasecmp(l->bytes + param->name_begin, "start", 5) == 0 &&
		    p->start == NULL)
			p->start = checked(strdup(param->value));
		if (len < 8 || strncasecmp(l->bytes + param->name_begin, "boundary", 8) != 0)
			continue;
		p->regular = p->regular && len == 8 && p->boundary == NULL &&
		    param->value[0] != '\0';
		if (p->boundary == NULL)
			p->boundary = checked(strdup(param->value));
	}
	header_params_free(ps);
	free(ps);
}

/* "1.2" stands in "1", or in "1.0" if part 1 is a message; "1.0" in "1". */
static size_t
parent_of(const struct layout *l, const char *path)
{
	char up[PART_PATH_MAX], whole[PART_PATH_MAX + 2];
	const char *dot = strrchr(path, '.');
	size_t at;

	snprintf(up, sizeof(up), "%.*s", dot == NULL ? 0 : (int)(dot - path), path);
	snprintf(whole, sizeof(whole), "%s%s0", up, dot == NULL ? "" : ".");
	at = strcmp(whole, path) == 0 ? NONE : find_path(l, whole);
	return at != NONE ? at : find_path(l, up);
}

static size_t
find_path(const struct layout *l, const char *path)
{
	for (size_t i = l->n; i > 0; i--) {
		if (strcmp(l->parts[i - 1].path, path) == 0)
			return i - 1;
	}
	return NONE;
}

bool
layout_mark(struct layout *l, const struct part_place *place, const struct notice *notice)
{
	for (size_t i = 0; i < l->n; i++) {
		struct layout_part *p = &l->parts[i];

		if (p->place.header_begin != place->header_begin || is_message(p))
			continue;
		p->place = *place;
		p->marked = true;
		p->notice = *notice;
		return true;
	}
	return false;
}

void
layout_edit(struct layout *l, const struct defang *d, const struct conf *conf,
    const struct request *request)
{
	struct run run = { .l = l, .d = d, .conf = conf, .request = request };

	for (size_t i = 0; i < l->n; i++) {
		l->parts[i].fate = l->parts[i].marked ? IN_PLACE : STAYS;
		l->parts[i].flips = l->parts[i].wraps = false;
	}
	join_forks(l);
	for (size_t i = 0; i < l->n; i++) {
		if (!l->parts[i].marked)
			continue;
		break_seals(l, i);
		plan_top(l, top_of(l, i));
	}
	for (size_t i = 0; i < l->n; i++)
		do_part(&run, i);
	for (size_t i = 0; i < l->n; i++)
		l->parts[i].marked = false;
}

static bool
is_type(const struct layout_part *p, const char *type)
{
	return strncmp(p->type, "multipart/", 10) == 0 && strcmp(p->type + 10, type) == 0;
}

static bool
is_message(const struct layout_part *p)
{
	return !p->leaf && strncmp(p->type, "multipart/", 10) != 0;
}

static bool
is_calendar(const struct layout_part *p)
{
	return strcmp(p->type, "text/calendar") == 0 || strcmp(p->type, "application/ics") == 0;
}

/* The first child, if after is NONE, or the next one; NONE if there is none. */
static size_t
next_child(const struct layout *l, size_t parent, size_t after)
{
	for (size_t i = after == NONE ? parent + 1 : after + 1; i < l->n; i++) {
		if (l->parts[i].parent == parent)
			return i;
		if (!is_within(l, i, parent))
			break;
	}
	return NONE;
}

static bool
is_within(const struct layout *l, size_t i, size_t around)
{
	while (i != NONE && i != around)
		i = l->parts[i].parent;
	return i == around;
}

/* RFC 2387 3.2: the part whose Content-ID is named, or the first. */
static size_t
related_root(const struct layout *l, size_t related)
{
	const char *start = l->parts[related].start;

	for (size_t c = next_child(l, related, NONE); start != NULL && c != NONE;
	     c = next_child(l, related, c)) {
		if (has_id(l, c, start))
			return c;
	}
	return next_child(l, related, NONE);
}

static bool
has_id(const struct layout *l, size_t i, const char *id)
{
	const struct part_place *place = &l->parts[i].place;
	struct header_field field;
	size_t at = place->header_begin;

	while (header_next(l->bytes, place->header_end, &at, &field)) {
		if (header_is(l->bytes, &field, "Content-ID") &&
		    memmem(l->bytes + field.value_begin, field.value_end - field.value_begin, id,
			strlen(id)) != NULL)
			return true;
	}
	return false;
}

/*
 * Is there something left to read? direct: the part is a form of a text itself,
 * whatever its type.
 */
static bool
is_readable(const struct layout *l, size_t i, bool direct)
{
	const struct layout_part *p = &l->parts[i];

	if (p->marked)
		return false;
	if (p->leaf)
		return !is_calendar(p) && (direct || strncmp(p->type, "text/", 5) == 0);
	if (is_type(p, "related")) {
		size_t root = related_root(l, i);

		return root != NONE && is_readable(l, root, direct);
	}
	for (size_t c = next_child(l, i, NONE); c != NONE; c = next_child(l, i, c)) {
		if (is_readable(l, c, direct && is_type(p, "alternative")))
			return true;
	}
	return false;
}

/* Is there a calendar that stays? */
static bool
holds_calendar(const struct layout *l, size_t i)
{
	if (l->parts[i].marked)
		return false;
	if (l->parts[i].leaf)
		return is_calendar(&l->parts[i]);
	for (size_t c = next_child(l, i, NONE); c != NONE; c = next_child(l, i, c)) {
		if (holds_calendar(l, c))
			return true;
	}
	return false;
}

/* The outermost alternative or related around a part of a message, through regular ones; or NONE. */
static size_t
top_of(const struct layout *l, size_t i)
{
	size_t top = NONE;

	for (i = l->parts[i].parent; i != NONE && !is_message(&l->parts[i]);
	     i = l->parts[i].parent) {
		if (!l->parts[i].regular || l->parts[i].marked)
			return NONE;
		if (is_type(&l->parts[i], "alternative") || is_type(&l->parts[i], "related"))
			top = i;
	}
	return top;
}

/* One fork without the other is no file. */
static void
join_forks(struct layout *l)
{
	for (size_t i = 0; i < l->n; i++) {
		size_t parent = l->parts[i].parent;
		struct layout_part *both = parent == NONE ? NULL : &l->parts[parent];
		size_t end;

		if (!l->parts[i].marked || both == NULL || !is_type(both, "appledouble"))
			continue;
		end = container_end(l, parent);
		if (both->marked || !both->regular || end == NONE || both->place.message_header)
			continue;
		both->place.content_end = end;
		both->place.whole_content = true;
		both->marked = true;
		both->fate = IN_PLACE;
		both->notice = l->parts[i].notice;
		for (size_t c = next_child(l, parent, NONE); c != NONE;
		     c = next_child(l, parent, c)) {
			l->parts[c].marked = false;
			l->parts[c].fate = STAYS;
		}
	}
}

/* What is around it is neither signed nor encrypted any more. */
static void
break_seals(struct layout *l, size_t i)
{
	for (size_t up = l->parts[i].parent; up != NONE; up = l->parts[up].parent) {
		struct layout_part *p = &l->parts[up];

		if (p->regular && (is_type(p, "signed") || is_type(p, "encrypted")))
			p->flips = true;
	}
}

static void
plan_top(struct layout *l, size_t top)
{
	if (top == NONE)
		return;
	/* Once: what is planned is planned anew in the same way. */
	if (is_type(&l->parts[top], "alternative"))
		plan_alternative(l, top, true);
	else
		plan_related(l, top);
	for (size_t i = top + 1; i < l->n && is_within(l, i, top); i++) {
		if (l->parts[i].fate == GOES || l->parts[i].fate == PICTURE)
			l->parts[top].wraps = true;
	}
	if (!l->parts[top].wraps || can_wrap(l, top))
		return;
	/* No room for the notices: each stands where its part stood. */
	l->parts[top].wraps = false;
	for (size_t i = top + 1; i < l->n && is_within(l, i, top); i++) {
		if (l->parts[i].marked)
			l->parts[i].fate = IN_PLACE;
	}
}

static void
plan_alternative(struct layout *l, size_t i, bool top)
{
	unsigned int left = 0;
	bool calendar = holds_calendar(l, i);

	for (size_t c = next_child(l, i, NONE); c != NONE; c = next_child(l, i, c))
		left += is_readable(l, c, true);
	if (!calendar && (left == 0 || (left == 1 && top))) {
		l->parts[i].flips = true;
		for (size_t c = next_child(l, i, NONE); c != NONE; c = next_child(l, i, c)) {
			if (is_readable(l, c, true))
				plan_child(l, c);
			else
				plan_dead(l, c);
		}
		return;
	}
	for (size_t c = next_child(l, i, NONE); c != NONE; c = next_child(l, i, c)) {
		bool dead = !l->parts[c].leaf && !l->parts[c].marked && !is_readable(l, c, true) &&
		    !holds_calendar(l, c);

		if (!dead) {
			plan_child(l, c);
			continue;
		}
		/* What is left in it is to be seen: nothing may hide it, and it nothing. */
		l->parts[i].flips = true;
		plan_dead(l, c);
	}
}

static void
plan_related(struct layout *l, size_t i)
{
	size_t root = related_root(l, i);

	if (root == NONE || (!is_readable(l, root, true) && !holds_calendar(l, root))) {
		plan_dead(l, i);
		return;
	}
	for (size_t c = next_child(l, i, NONE); c != NONE; c = next_child(l, i, c)) {
		const struct layout_part *p = &l->parts[c];

		if (p->marked && p->leaf && strncmp(p->type, "image/", 6) == 0)
			l->parts[c].fate = PICTURE;
		else
			plan_child(l, c);
	}
}

static void
plan_mixed(struct layout *l, size_t i)
{
	for (size_t c = next_child(l, i, NONE); c != NONE; c = next_child(l, i, c))
		plan_child(l, c);
}

/* Of a container in which something is left to be read. */
static void
plan_child(struct layout *l, size_t i)
{
	struct layout_part *p = &l->parts[i];

	if (p->marked)
		plan_away(l, i);
	else if (is_type(p, "alternative"))
		plan_alternative(l, i, false);
	else if (is_type(p, "related"))
		plan_related(l, i);
	else if (is_type(p, "mixed"))
		plan_mixed(l, i);
}

/* Of a container in which nothing is left to be read: its parts stand one after the other. */
static void
plan_dead(struct layout *l, size_t i)
{
	if (l->parts[i].marked || l->parts[i].leaf)
		return;
	if (is_type(&l->parts[i], "alternative") || is_type(&l->parts[i], "related"))
		l->parts[i].flips = l->parts[i].regular;
	for (size_t c = next_child(l, i, NONE); c != NONE; c = next_child(l, i, c))
		plan_dead(l, c);
}

/* The part goes with its delimiter, if that can be told. */
static void
plan_away(struct layout *l, size_t i)
{
	bool closes;

	if (delimiter_before(l, i) != NONE && delimiter_behind(l, i, &closes) != NONE)
		l->parts[i].fate = GOES;
}

/*
 * Where a multipart ends, behind its closing delimiter and in front of the line
 * ending that belongs to the delimiter of what is around it. NONE if that can't
 * be told.
 */
static size_t
container_end(const struct layout *l, size_t i)
{
	const struct layout_part *p = &l->parts[i];
	size_t last = NONE, at = p->place.content_begin, around = p->parent;
	bool closes = false;

	if (p->place.whole_content)
		return p->place.content_end;
	for (size_t c = next_child(l, i, NONE); c != NONE; c = next_child(l, i, c))
		last = c;
	if (last == NONE || delimiter_behind(l, last, &closes) == NONE || !closes)
		return NONE;
	at = delimiter_behind(l, last, &closes);
	while (around != NONE && !l->parts[around].regular && is_message(&l->parts[around]))
		around = l->parts[around].parent;
	if (around == NONE)
		return l->size;
	if (!l->parts[around].regular)
		return NONE;
	while (at < l->size) {
		const char *lf = memchr(l->bytes + at, '\n', l->size - at);
		size_t next = lf == NULL ? l->size : (size_t)(lf - l->bytes) + 1;

		if (next < l->size &&
		    delimiter_at(l, next, l->parts[around].boundary, &closes) != NONE) {
			next--;
			return next > at && l->bytes[next - 1] == '\r' ? next - 1 : next;
		}
		at = next;
	}
	return NONE;
}

/* The beginning of the delimiter's line in front of a part. */
static size_t
delimiter_before(const struct layout *l, size_t child)
{
	const struct layout_part *p = &l->parts[child];
	size_t begin = p->place.header_begin, line = begin;
	bool closes;

	if (p->parent == NONE || !l->parts[p->parent].regular || begin < 2 ||
	    l->bytes[begin - 1] != '\n')
		return NONE;
	for (line--; line > 0 && l->bytes[line - 1] != '\n';)
		line--;
	if (delimiter_at(l, line, l->parts[p->parent].boundary, &closes) != begin || closes)
		return NONE;
	return line;
}

/* The beginning of the one behind it. */
static size_t
delimiter_behind(const struct layout *l, size_t child, bool *closes)
{
	const struct layout_part *p = &l->parts[child];
	size_t end = p->leaf || p->place.whole_content ? p->place.content_end
						       : container_end(l, child);

	if (end == NONE || p->parent == NONE || !l->parts[p->parent].regular)
		return NONE;
	end += header_line_end(l->bytes, l->size, end);
	if (delimiter_at(l, end, l->parts[p->parent].boundary, closes) == NONE)
		return NONE;
	return end;
}

/* Behind the delimiter's line that begins there; NONE if it is none. */
static size_t
delimiter_at(const struct layout *l, size_t at, const char *boundary, bool *closes)
{
	size_t len = strlen(boundary), ends;

	if (l->size - at < len + 2 || memcmp(l->bytes + at, "--", 2) != 0 ||
	    memcmp(l->bytes + at + 2, boundary, len) != 0)
		return NONE;
	at += len + 2;
	*closes = l->size - at >= 2 && memcmp(l->bytes + at, "--", 2) == 0;
	at += *closes ? 2 : 0;
	while (at < l->size && (l->bytes[at] == ' ' || l->bytes[at] == '\t'))
		at++;
	ends = header_line_end(l->bytes, l->size, at);
	if (ends == 0 && at < l->size)
		return NONE;
	return at + ends;
}

static bool
can_wrap(const struct layout *l, size_t i)
{
	return l->parts[i].regular && container_end(l, i) != NONE &&
	    (l->parts[i].place.content_begin > l->parts[i].place.header_end);
}

static void
do_part(struct run *run, size_t i)
{
	struct layout_part *p = &run->l->parts[i];
	char *part;
	bool closes;

	if (p->wraps)
		do_wrap(run, i);
	else if (p->flips)
		edit_add(run->d, p->main_begin, p->main_end, "multipart/mixed");
	switch (p->fate) {
	case STAYS:
		break;
	case IN_PLACE:
		part = notice_of_part(run, p);
		layout_replace(run->d, &p->place, part);
		free(part);
		break;
	case GOES:
		edit_add(run->d, delimiter_before(run->l, i), delimiter_behind(run->l, i, &closes),
		    "%s", "");
		break;
	case PICTURE:
		do_picture(run, i);
		break;
	}
}

/* The header says "mixed" now; the old type stands in front of the content, the notices behind it. */
static void
do_wrap(struct run *run, size_t i)
{
	const struct layout *l = run->l;
	const struct layout_part *p = &l->parts[i];
	size_t end = container_end(l, i), size;
	const char *eol = run->d->eol;
	char line[40], *text;
	FILE *f;

	do
		snprintf(line, sizeof(line), "=_removed_%u", ++run->n_boundaries);
	while (has_line(l, line));
	edit_add(run->d, p->field.begin, p->field.end,
	    "Content-Type: multipart/mixed;%s\tboundary=\"%s\"%s", eol, line, eol);
	f = checked(open_memstream(&text, &size));
	fprintf(f, "--%s%s", line, eol);
	put_inner_header(run, f, p);
	fputs(eol, f);
	if (fclose(f) == EOF)
		err(EX_OSERR, "layout");
	edit_take(run->d, p->place.content_begin, p->place.content_begin, text, size);
	f = checked(open_memstream(&text, &size));
	fputs(l->bytes[end - 1] == '\n' ? "" : eol, f);
	for (size_t k = i + 1; k < l->n && is_within(l, k, i); k++) {
		char *part;

		if (l->parts[k].fate != GOES && l->parts[k].fate != PICTURE)
			continue;
		part = notice_of_part(run, &run->l->parts[k]);
		fprintf(f, "--%s%s%s%s", line, eol, part, eol);
		free(part);
	}
	fprintf(f, "--%s--%s", line, l->bytes[end - 1] == '\n' ? eol : "");
	if (fclose(f) == EOF)
		err(EX_OSERR, "layout");
	edit_take(run->d, end, end, text, size);
}

static void
put_inner_header(struct run *run, FILE *f, const struct layout_part *p)
{
	const char *bytes = run->l->bytes;

	fwrite(bytes + p->field.begin, 1, p->main_begin - p->field.begin, f);
	if (p->flips)
		fputs("multipart/mixed", f);
	else
		fwrite(bytes + p->main_begin, 1, p->main_end - p->main_begin, f);
	fwrite(bytes + p->main_end, 1, p->field.value_end - p->main_end, f);
	fputs(run->d->eol, f);
	if (p->encoding != NULL)
		fprintf(f, "Content-Transfer-Encoding: %s%s", p->encoding, run->d->eol);
}

/* What the text refers to is still there, and shows nothing. */
static void
do_picture(struct run *run, size_t i)
{
	const struct layout_part *p = &run->l->parts[i];
	const char *eol = run->d->eol;
	char name[NOTICE_NAME_MAX], param[NAME_PARAM_MAX], *text;
	size_t size;
	FILE *f = checked(open_memstream(&text, &size));

	name_file(p->notice.file[0] == '\0' ? "picture" : p->notice.file, ".removed.gif", name,
	    sizeof(name));
	name_param("name", name, param);
	fprintf(f, "Content-Type: image/gif;%s\t%s%s", eol, param, eol);
	put_kept_field(run, f, p, "Content-ID");
	put_kept_field(run, f, p, "Content-Location");
	name_param("filename", name, param);
	fprintf(f, "Content-Disposition: inline;%s\t%s%s", eol, param, eol);
	fprintf(f, "Content-Transfer-Encoding: base64%s%s%s", eol, eol, grey_picture);
	if (header_line_end(run->l->bytes, run->l->size, p->place.content_end) == 0)
		fputs(eol, f);
	if (fclose(f) == EOF)
		err(EX_OSERR, "layout");
	edit_take(run->d, p->place.header_begin, p->place.content_end, text, size);
}

/* One field of printable ASCII in one line, as it stands. */
static void
put_kept_field(struct run *run, FILE *f, const struct layout_part *p, const char *name)
{
	const char *bytes = run->l->bytes;
	struct header_field field;
	size_t at = p->place.header_begin;

	while (header_next(bytes, p->place.header_end, &at, &field)) {
		bool plain = field.value_end - field.begin <= FIELD_MAX;

		if (!header_is(bytes, &field, name))
			continue;
		for (size_t i = field.begin; i < field.value_end; i++)
			plain = plain && bytes[i] >= ' ' && bytes[i] <= '~';
		if (!plain)
			return;
		fwrite(bytes + field.begin, 1, field.value_end - field.begin, f);
		fputs(run->d->eol, f);
		return;
	}
}

void
layout_replace(const struct defang *d, const struct part_place *place, const char *part)
{
	size_t begin = place->header_begin;
	const char *break_line = "";
	bool last = header_line_end(d->bytes, d->size, place->content_end) == 0;

	if (place->message_header) {
		struct header_field field;
		size_t at = place->header_begin;

		while (header_next(d->bytes, place->header_end, &at, &field)) {
			if (header_begins(d->bytes, &field, "Content-"))
				edit_add(d, field.begin, field.end, "%s", "");
		}
		odd_strike(d, place);
		begin = place->header_end;
		break_line = edit_line_break(d, place->header_begin, &begin);
	}
	/* The line ending in front of a delimiter stands behind the part and stays. */
	edit_add(d, begin, place->content_end, "%s%s%s", break_line, part, last ? d->eol : "");
}

const char *
layout_reason(const struct layout *l, size_t nth, const char **path)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct layout_part *p = &l->parts[i];

		*path = p->path;
		if (p->wraps && nth-- == 0)
			return "the notice stands beside it, since a notice inside would hide "
			       "the rest or not be seen";
		if (p->flips && nth-- == 0)
			return is_type(p, "signed") || is_type(p, "encrypted")
			    ? "it is no longer what it says: multipart/mixed"
			    : "one form of the text is left at most, so that all of it is "
			      "shown: multipart/mixed";
	}
	return NULL;
}

bool
layout_gone(const struct layout *l, size_t nth, struct layout_gone *gone)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct layout_part *p = &l->parts[i];

		if (p->fate == STAYS || nth-- > 0)
			continue;
		*gone = (struct layout_gone){ p->index, p->fate == IN_PLACE, &p->notice };
		return true;
	}
	return false;
}

bool
layout_is_broken(const struct layout *l, size_t index)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->parts[i].index == index)
			return l->parts[i].flips;
	}
	return false;
}

static char *
notice_of_part(struct run *run, struct layout_part *p)
{
	struct notice *n = &p->notice;
	char name[NOTICE_NAME_MAX] = "", *text, *part;

	n->what = what_of(run->l, p);
	/* It went with what it signed. */
	if (n->what == NOTICE_SIGNED)
		n->is_signed = false;
	n->subject = subject_of(run->l);
	/* What is shown as the message itself is no file. */
	if (!p->place.message_header)
		notice_name(n, p->type, name);
	text = notice_text(run->conf, run->request, n);
	part = notice_part(text, name, run->d->eol);
	free(text);
	return part;
}

static enum notice_what
what_of(const struct layout *l, const struct layout_part *p)
{
	bool forms = false;

	if (p->leaf && p->place.message_header)
		return p->named || strncmp(p->type, "text/", 5) != 0
		    ? notice_of(p->type, p->notice.file, false)
		    : NOTICE_TEXT;
	if (p->place.message_header && strncmp(p->path, "0", 2) == 0 && is_type(p, "mixed"))
		return NOTICE_WHOLE;
	if (p->parent != NONE && is_type(&l->parts[p->parent], "alternative"))
		forms = is_readable(l, p->parent, true);
	if (is_type(p, "appledouble"))
		return NOTICE_ATTACHMENT;
	return notice_of(p->type, p->notice.file, forms);
}

static const char *
subject_of(struct layout *l)
{
	struct header_field field;
	size_t at = l->parts[0].place.header_begin;
	char *raw;

	while (l->subject == NULL &&
	    header_next(l->bytes, l->parts[0].place.header_end, &at, &field)) {
		if (!header_is(l->bytes, &field, "Subject"))
			continue;
		raw = checked(strndup(l->bytes + field.value_begin,
		    field.value_end - field.value_begin));
		l->subject = mime_walk_words(raw);
		free(raw);
	}
	if (l->subject == NULL)
		l->subject = checked(strdup(""));
	return l->subject;
}

/* Is there such a line, or what some would take for one, anywhere? */
static bool
has_line(const struct layout *l, const char *line)
{
	return memmem(l->bytes, l->size, line, strlen(line)) != NULL;
}

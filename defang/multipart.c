/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * multipart.c - where the parts of a multipart begin and end for everybody.
 *
 * Parts are moved about only where header and delimiters are so regular that every
 * program reads them alike. What GMime says of a place is a place; whether a
 * delimiter stands in front of it and behind it, by the letter, is looked at here.
 *
 * Memory that runs out ends the process.
 */
#include "multipart.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "line.h"
#include "tree.h"

static void read_header(const struct parts *, const struct part *, struct multipart_bounds *);
static bool read_encoding(const char *bytes, const struct header_field *,
    struct multipart_bounds *);
static bool read_type(const struct parts *, const struct part *, struct multipart_bounds *);
static bool read_params(const struct parts *, const struct part *, const struct header_params *,
    struct multipart_bounds *);
static bool says(const char *text, size_t len, const char *word);
static size_t delimiter_from(const struct multiparts *, size_t at, const char *boundary);
static size_t delimiter_at(const struct parts *, size_t at, const char *boundary, bool *closes);

void
multipart_read(struct multiparts *m, const struct parts *parts)
{
	m->parts = parts;
	m->at = calloc(parts->n + 1, sizeof(*m->at));
	if (m->at == NULL)
		err(EX_OSERR, "multipart");
	for (size_t i = 0; i < parts->n; i++) {
		const struct part *part = parts->at[i];

		m->at[i].place = part->place;
		if (!part->inside && !part->leaf && !tree_is_message(part))
			read_header(parts, part, &m->at[i]);
	}
}

void
multipart_free(struct multiparts *m)
{
	for (size_t i = 0; m->parts != NULL && i < m->parts->n; i++)
		free(m->at[i].boundary);
	free(m->at);
	*m = (struct multiparts){ .parts = NULL };
}

/* One Content-Type, by the letter, with one boundary; and no odd encoding. */
static void
read_header(const struct parts *parts, const struct part *part, struct multipart_bounds *m)
{
	struct header_field field;
	size_t at = part->place.header_begin;
	unsigned int encodings = 0;

	m->regular = read_type(parts, part, m);
	while (header_next(parts->bytes, part->place.header_end, &at, &field)) {
		if (field.name_len == 0)
			m->regular = false;
		else if (header_is(parts->bytes, &field, "Content-Transfer-Encoding"))
			m->regular = read_encoding(parts->bytes, &field, m) && encodings++ == 0 &&
			    m->regular;
	}
}

/* False if it is none that a multipart may have. */
static bool
read_encoding(const char *bytes, const struct header_field *field, struct multipart_bounds *m)
{
	size_t from = field->value_begin, len;

	while (from < field->value_end && bytes[from] == ' ')
		from++;
	len = field->value_end - from;
	if (says(bytes + from, len, "8bit"))
		m->encoding = "8bit";
	else if (says(bytes + from, len, "binary"))
		m->encoding = "binary";
	else
		return says(bytes + from, len, "7bit");
	return true;
}

static bool
read_type(const struct parts *parts, const struct part *part, struct multipart_bounds *m)
{
	struct header_params *ps = calloc(1, sizeof(*ps));
	bool regular = false;

	if (ps == NULL)
		err(EX_OSERR, "multipart");
	if (tree_type(parts, part, &m->field, ps)) {
		m->main_begin = ps->main_begin;
		m->main_end = ps->main_end;
		regular = read_params(parts, part, ps, m);
		header_params_free(ps);
	}
	free(ps);
	return regular;
}

static bool
read_params(const struct parts *parts, const struct part *part, const struct header_params *ps,
    struct multipart_bounds *m)
{
	const struct header_param *boundary = NULL;

	if (!ps->regular ||
	    !says(parts->bytes + ps->main_begin, ps->main_end - ps->main_begin, part->type))
		return false;
	for (size_t i = 0; i < ps->n; i++) {
		const struct header_param *p = &ps->params[i];
		size_t len = p->name_end - p->name_begin;

		if (len < 8 || strncasecmp(parts->bytes + p->name_begin, "boundary", 8) != 0)
			continue;
		/* RFC 2231 continuations of it, too, are not read by everyone. */
		if (len != 8 || boundary != NULL || p->value[0] == '\0')
			return false;
		boundary = p;
	}
	if (boundary == NULL)
		return false;
	m->boundary = strdup(boundary->value);
	if (m->boundary == NULL)
		err(EX_OSERR, "multipart");
	return true;
}

static bool
says(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

size_t
multipart_end(const struct multiparts *m, size_t i)
{
	const struct parts *parts = m->parts;
	size_t last = PART_NONE, at, around = parts->at[i]->parent;
	bool closes = false;

	if (m->at[i].place.whole_content)
		return m->at[i].place.content_end;
	for (size_t c = tree_child(parts, i, PART_NONE); c != PART_NONE;
	     c = tree_child(parts, i, c))
		last = c;
	if (last == PART_NONE)
		return PART_NONE;
	at = multipart_delimiter_behind(m, last, &closes);
	if (at == PART_NONE || !closes)
		return PART_NONE;
	while (around != PART_NONE && tree_is_message(parts->at[around]))
		around = parts->at[around]->parent;
	if (around == PART_NONE)
		return parts->size;
	return m->at[around].regular ? delimiter_from(m, at, m->at[around].boundary) : PART_NONE;
}

/* The line ending in front of the first delimiter below the line at at. */
static size_t
delimiter_from(const struct multiparts *m, size_t at, const char *boundary)
{
	const char *bytes = m->parts->bytes;
	bool closes;

	while (at < m->parts->size) {
		size_t next = at + line_next(bytes + at, m->parts->size - at);

		if (next < m->parts->size &&
		    delimiter_at(m->parts, next, boundary, &closes) != PART_NONE) {
			next--;
			return next > at && bytes[next - 1] == '\r' ? next - 1 : next;
		}
		at = next;
	}
	return PART_NONE;
}

size_t
multipart_delimiter(const struct multiparts *m, size_t child)
{
	size_t parent = m->parts->at[child]->parent;
	size_t begin = m->at[child].place.header_begin, line = begin;
	const char *bytes = m->parts->bytes;
	bool closes;

	if (parent == PART_NONE || !m->at[parent].regular || begin < 2 || bytes[begin - 1] != '\n')
		return PART_NONE;
	for (line--; line > 0 && bytes[line - 1] != '\n';)
		line--;
	if (delimiter_at(m->parts, line, m->at[parent].boundary, &closes) != begin || closes)
		return PART_NONE;
	return line;
}

size_t
multipart_delimiter_behind(const struct multiparts *m, size_t child, bool *closes)
{
	const struct part *part = m->parts->at[child];
	size_t end = part->leaf ? m->at[child].place.content_end : multipart_end(m, child);

	if (end == PART_NONE || part->parent == PART_NONE || !m->at[part->parent].regular)
		return PART_NONE;
	end += header_line_end(m->parts->bytes, m->parts->size, end);
	if (delimiter_at(m->parts, end, m->at[part->parent].boundary, closes) == PART_NONE)
		return PART_NONE;
	return end;
}

/* Behind the delimiter's line that begins there; PART_NONE if it is none. */
static size_t
delimiter_at(const struct parts *parts, size_t at, const char *boundary, bool *closes)
{
	const char *bytes = parts->bytes;
	size_t len = strlen(boundary), ends;

	if (parts->size - at < len + 2 || memcmp(bytes + at, "--", 2) != 0 ||
	    memcmp(bytes + at + 2, boundary, len) != 0)
		return PART_NONE;
	at += len + 2;
	*closes = parts->size - at >= 2 && memcmp(bytes + at, "--", 2) == 0;
	at += *closes ? 2 : 0;
	while (at < parts->size && (bytes[at] == ' ' || bytes[at] == '\t'))
		at++;
	ends = header_line_end(bytes, parts->size, at);
	if (ends == 0 && at < parts->size)
		return PART_NONE;
	return at + ends;
}

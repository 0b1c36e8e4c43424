/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * defang.c - from an action on a part to edits of the message.
 *
 * Every edit is as small as the action allows: a rename touches the type and
 * the name parameters only, a removal (layout.c) the part, and around it what
 * must change so that the rest is still shown. What is written in is 7-bit text
 * with the message's own line endings, and nothing that came with the message gets
 * into it unsanitised.
 *
 * Edits are added to the report in no order; the inspector sorts them. The
 * callers see to it that no two actions concern the same bytes.
 */
#include "defang.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "encoded.h"
#include "header.h"
#include "loose.h"
#include "mark.h"
#include "odd.h"
#include "name.h"

/* A name or a reason in the result header is cut here. */
#define WORD_MAX 150
/* So many findings are spelled out in the result header. */

/* Encoded words of a setting of 100 bytes. */
#define TAG_CODED_MAX 500

#define PLAIN_TYPE "application/octet-stream"

/* What a rename has done so far. */
struct renaming {
	const struct defang *d;
	char name[DEFANG_NAME_MAX];
	bool named; /* the new name stands somewhere */
	bool typed; /* a Content-Type was there */
};

static const char *closing(const struct defang *, size_t at, size_t end);
static void rename_field(struct renaming *, const struct header_field *, bool is_type,
    const char *close);
static bool is_signature(const struct defang *, const struct header_params *);
static bool is_plain_field(const struct defang *, const struct header_field *,
    const struct header_params *);
static void strike_boundaries(const struct defang *, const struct header_params *);
static void rename_params(struct renaming *, const struct header_params *, const char *param_name);
static void insert_type(struct renaming *, const struct part_place *);

const char *
defang_eol(const char *bytes, size_t size, const char *fallback)
{
	const char *lf = size == 0 ? NULL : memchr(bytes, '\n', size);

	if (lf == NULL)
		return fallback;
	return lf > bytes && lf[-1] == '\r' ? "\r\n" : "\n";
}

void
defang_rename(const struct defang *d, const struct part_place *place, const char *name)
{
	struct renaming r = { .d = d };
	struct header_field field;
	size_t at = place->header_begin;

	defang_name(name, true, r.name);
	while (header_next(d->bytes, place->header_end, &at, &field)) {
		if (header_is(d->bytes, &field, "Content-Disposition"))
			rename_field(&r, &field, false, closing(d, field.end, place->header_end));
	}
	at = place->header_begin;
	while (header_next(d->bytes, place->header_end, &at, &field)) {
		if (header_is(d->bytes, &field, "Content-Type"))
			rename_field(&r, &field, true, closing(d, field.end, place->header_end));
	}
	if (!r.typed)
		insert_type(&r, place);
	odd_strike(d, place, !r.typed);
}

/* As many parameters with a name as are to the letter, and no line hidden in it. */
static bool
is_plain_field(const struct defang *d, const struct header_field *f,
    const struct header_params *params)
{
	size_t n = 0;

	for (size_t i = 0; i < params->n; i++) {
		const struct header_param *p = &params->params[i];

		if (!header_param_is_name(d->bytes, p))
			continue;
		/* Else one that is a name here only would make up for one that is one there only. */
		if (loose_params(d->bytes, p->begin, p->end) != 1)
			return false;
		n++;
	}
	return params->regular && loose_params(d->bytes, f->value_begin, f->value_end) == n &&
	    !loose_is_odd(d->bytes + f->begin, f->end - f->begin);
}

/*
 * Some read a line without a name, or with an odd one, as the end of the field above it. Behind
 * a semicolon it is no part of the new name. (It is no field's, and may be text that is shown.)
 * Between the two there may be what is struck, as odd.c does.
 */
static const char *
closing(const struct defang *d, size_t at, size_t end)
{
	struct header_field next;
	const char *line;
	size_t len;

	if (!header_next(d->bytes, end, &at, &next))
		return "";
	line = d->bytes + next.begin;
	len = next.end - next.begin;
	return next.name_len == 0 || loose_goes_on(line, len) || loose_is_odd(line, len) ? ";" : "";
}

/* One Content-Type or Content-Disposition. */
static void
rename_field(struct renaming *r, const struct header_field *f, bool is_type, const char *close)
{
	struct header_params *params = malloc(sizeof(*params));
	char param[NAME_PARAM_MAX];

	if (params == NULL)
		err(EX_OSERR, "rename");
	header_params_parse(r->d->bytes, f, params);
	if (is_plain_field(r->d, f, params)) {
		if (is_type && !is_signature(r->d, params))
			edit_add(r->d, params->main_begin, params->main_end, PLAIN_TYPE);
		rename_params(r, params, is_type ? "name" : "filename");
		if (is_type)
			strike_boundaries(r->d, params);
	} else {
		/* Readers differ about it: leave them no choice. */
		name_param(is_type ? "name" : "filename", r->name, param);
		edit_add(r->d, f->value_begin, f->value_end, " %s; %s",
		    is_type ? PLAIN_TYPE : "attachment", param);
		r->named = true;
	}
	if (close[0] != '\0')
		edit_add(r->d, f->value_end, f->value_end, "%s", close);
	r->typed = r->typed || is_type;
	header_params_free(params);
	free(params);
}

/* What still could cut it into parts. */
static void
strike_boundaries(const struct defang *d, const struct header_params *params)
{
	for (size_t i = 0; i < params->n; i++) {
		const struct header_param *p = &params->params[i];

		if (p->name_end - p->name_begin >= 8 &&
		    strncasecmp(d->bytes + p->name_begin, "boundary", 8) == 0)
			edit_add(d, p->begin, p->end, "%s", "");
	}
}

/*
 * A signature under another name still verifies, as long as it is known for one;
 * no program runs one.
 */
static bool
is_signature(const struct defang *d, const struct header_params *params)
{
	static const char *const types[] = { "application/pgp-signature",
		"application/pkcs7-signature", "application/x-pkcs7-signature" };
	size_t len = params->main_end - params->main_begin;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strlen(types[i]) == len &&
		    strncasecmp(d->bytes + params->main_begin, types[i], len) == 0)
			return true;
	}
	return false;
}

/* The first name parameter becomes the new one, the others go. */
static void
rename_params(struct renaming *r, const struct header_params *params, const char *param_name)
{
	char param[NAME_PARAM_MAX];
	bool here = false;

	name_param(param_name, r->name, param);
	for (size_t i = 0; i < params->n; i++) {
		const struct header_param *p = &params->params[i];

		if (!header_param_is_name(r->d->bytes, p))
			continue;
		if (here)
			edit_add(r->d, p->begin, p->end, "%s", "");
		else
			edit_add(r->d, p->name_begin, p->end, "%s", param);
		here = true;
	}
	if (!here && !r->named && strcmp(param_name, "name") == 0) {
		size_t end = params->n == 0 ? params->main_end : params->params[params->n - 1].end;

		edit_add(r->d, end, end, "; %s", param);
		here = true;
	}
	r->named = r->named || here;
}

/*
 * No Content-Type: the part would be text/plain, so it gets one, in front of
 * the other fields where no broken line can hide it; behind them if the first
 * is a folded line that stays, and would become part of it.
 */
static void
insert_type(struct renaming *r, const struct part_place *place)
{
	const struct defang *d = r->d;
	size_t begin = place->header_begin, end = place->header_end;
	bool folded = begin < end && (d->bytes[begin] == ' ' || d->bytes[begin] == '\t') &&
	    !odd_is_first_struck(d, place);
	size_t at = folded ? end : begin;
	const char *break_line = edit_line_break(d, begin, &at);
	bool bare = begin == end && header_line_end(d->bytes, d->size, begin) == 0;
	char param[NAME_PARAM_MAX];

	/* bare: no header at all, nor an empty line in its place. */
	name_param("name", r->name, param);
	edit_add(d, at, folded ? end : begin, "%sContent-Type: " PLAIN_TYPE "; %s%s%s%s",
	    break_line, param, closing(d, folded ? end : begin, end), d->eol, bare ? d->eol : "");
}

void
defang_name(const char *name, bool suffix, char out[DEFANG_NAME_MAX])
{
	name_file(name, suffix ? ".defanged" : "", out, DEFANG_NAME_MAX);
}

void
defang_tag_subject(const struct defang *d, const struct part_place *root, const char *tag)
{
	char coded[TAG_CODED_MAX];
	struct header_field field;
	size_t at = root->header_begin;

	encoded_encode(tag, d->eol, coded, sizeof(coded));
	while (header_next(d->bytes, root->header_end, &at, &field)) {
		bool space;

		if (!header_is(d->bytes, &field, "Subject"))
			continue;
		space = field.value_end > field.value_begin &&
		    strchr(" \t\r\n", d->bytes[field.value_begin]) == NULL;
		edit_add(d, field.value_begin, field.value_begin, " %s%s", coded, space ? " " : "");
		return;
	}
	if (root->header_end > root->header_begin)
		edit_add(d, root->header_begin, root->header_begin, "Subject: %s%s", coded, d->eol);
}

void
defang_mark(const struct defang *d, size_t at)
{
	size_t size;
	char *text = mark_text(d->report, d->eol, &size);

	if (text == NULL)
		err(EX_OSERR, "mark");
	report_add_edit(d->report, at, 0, text, size);
}

/*
 * To some a CR alone ends a line too. What ends a struck line goes with it, but
 * an LF that also ends what is in front of it.
 */
void
defang_strike(const struct defang *d, const struct part_place *place)
{
	const char *bytes = d->bytes;
	size_t end = place->header_end, from;
	bool behind_cr = false;

	for (size_t at = place->header_begin; at < end;) {
		from = at;
		while (mark_begins(bytes, end, at))
			at = mark_field_end(bytes, end, at);
		if (at == from) {
			at = mark_field_end(bytes, end, at);
			behind_cr = bytes[at - 1] == '\r';
		} else if (behind_cr && bytes[at - 1] == '\n') {
			edit_add(d, from - 1, at - 1 - (bytes[at - 2] == '\r'), "%s", "");
			behind_cr = false;
		} else {
			edit_add(d, from, at, "%s", "");
		}
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * header.c - header fields and parameters as byte ranges of the raw message.
 *
 * Edits need exact places, and GMime has none for parameters; so this file
 * splits a header block into fields, and a Content-Type or Content-Disposition
 * value into its parameters. It is strict in what it calls regular (then a
 * parameter can be changed alone) and lenient in what it still finds in a
 * value that is not (then the field is written anew, see defang.c).
 *
 * Nothing here decides anything. Input is hostile; every function is linear in
 * it. Memory that runs out ends the process, the front copes with that.
 *
 * Over 500 lines because fields, parameters and their values are taken apart by one scanner of
 * characters, with one idea of what a comment and a quote is.
 */
#include "header.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "line.h"
#include "mime_decode.h"

/* Stands for a NUL in a value; like all controls it is no part of a file name. */
#define NUL_MARK '\x01'

static size_t line_after(const char *, size_t end, size_t at);
static bool is_token_char(unsigned char);
static size_t skip_blank(const char *, size_t end, size_t at);
static size_t skip_token(const char *, size_t end, size_t at);
static bool parse_param(const char *, size_t end, size_t *at, struct header_param *);
static bool parse_quoted(const char *, size_t end, size_t *at, char *value);
static char *percent_decode(const char *);
static bool param_section(const char *, const struct header_param *, unsigned int *number);
static bool same_base(const char *, const struct header_param *, const struct header_param *);
static size_t base_length(const char *, const struct header_param *);
static void join_sections(const char *, const struct header_params *, size_t first,
    void (*fn)(void *, const char *), void *);
static void first_word(const char *, void (*fn)(void *, const char *), void *);
static void each_length(const char *, void (*fn)(void *, const char *), void *);
static size_t put_word(const char *word, char **out, bool to_nul);

size_t
header_line_end(const char *bytes, size_t end, size_t at)
{
	if (at < end && bytes[at] == '\n')
		return 1;
	if (at + 1 < end && bytes[at] == '\r' && bytes[at + 1] == '\n')
		return 2;
	return 0;
}

/* Offset of the next line. */
static size_t
line_after(const char *bytes, size_t end, size_t at)
{
	return at < end ? at + line_next(bytes + at, end - at) : end;
}

bool
header_next(const char *bytes, size_t end, size_t *at, struct header_field *f)
{
	const char *colon;
	size_t first_end, name_end;

	if (*at >= end || header_line_end(bytes, end, *at) > 0)
		return false;
	f->begin = *at;
	first_end = line_after(bytes, end, *at);
	f->end = first_end;
	while (f->end < end && (bytes[f->end] == ' ' || bytes[f->end] == '\t'))
		f->end = line_after(bytes, end, f->end);
	*at = f->end;

	f->value_end = f->end;
	if (f->value_end > f->begin && bytes[f->value_end - 1] == '\n')
		f->value_end--;
	if (f->value_end > f->begin && bytes[f->value_end - 1] == '\r')
		f->value_end--;
	f->name_len = 0;
	f->value_begin = f->begin;
	colon = memchr(bytes + f->begin, ':', first_end - f->begin);
	if (colon == NULL)
		return true;
	f->value_begin = (size_t)(colon - bytes) + 1;
	name_end = f->value_begin - 1;
	while (name_end > f->begin && (bytes[name_end - 1] == ' ' || bytes[name_end - 1] == '\t'))
		name_end--;
	for (size_t i = f->begin; i < name_end; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c <= ' ' || c == 0x7f)
			return true;
	}
	f->name_len = name_end - f->begin;
	return true;
}

bool
header_is(const char *bytes, const struct header_field *f, const char *name)
{
	return f->name_len == strlen(name) && header_begins(bytes, f, name);
}

bool
header_begins(const char *bytes, const struct header_field *f, const char *prefix)
{
	size_t len = strlen(prefix);

	return f->name_len >= len && strncasecmp(bytes + f->begin, prefix, len) == 0;
}

size_t
header_block_end(const char *bytes, size_t begin, size_t end)
{
	struct header_field f;
	size_t at = begin;

	while (header_next(bytes, end, &at, &f))
		;
	return at;
}

/* RFC 2045 5.1: any CHAR but space, control and tspecials. */
static bool
is_token_char(unsigned char c)
{
	return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static size_t
skip_blank(const char *bytes, size_t end, size_t at)
{
	while (at < end && memchr(" \t\r\n", bytes[at], 4) != NULL)
		at++;
	return at;
}

static size_t
skip_token(const char *bytes, size_t end, size_t at)
{
	while (at < end && is_token_char((unsigned char)bytes[at]))
		at++;
	return at;
}

void
header_params_parse(const char *bytes, const struct header_field *f, struct header_params *ps)
{
	ps->n = 0;
	header_params_add(bytes, f, ps);
}

void
header_params_add(const char *bytes, const struct header_field *f, struct header_params *ps)
{
	size_t end = f->value_end, at = skip_blank(bytes, end, f->value_begin);
	const char *semicolon;

	ps->main_begin = at;
	at = skip_token(bytes, end, at);
	if (at < end && bytes[at] == '/')
		at = skip_token(bytes, end, at + 1);
	ps->main_end = at;
	ps->regular = ps->main_end > ps->main_begin;
	for (;;) {
		at = skip_blank(bytes, end, at);
		if (at == end)
			return;
		if (bytes[at] != ';') {
			ps->regular = false;
			semicolon = memchr(bytes + at, ';', end - at);
			if (semicolon == NULL)
				return;
			at = (size_t)(semicolon - bytes);
		}
		if (ps->n == HEADER_MAX_PARAMS) {
			ps->regular = false;
			return;
		}
		if (skip_blank(bytes, end, at + 1) == end)
			return; /* a last semicolon with nothing behind it */
		if (parse_param(bytes, end, &at, &ps->params[ps->n]))
			ps->n++;
		else
			ps->regular = false;
	}
}

/*
 * The parameter behind the semicolon at *at, which moves behind it (or behind
 * what was found instead). False if it is not one to the letter and has not
 * even a name and a value; a value in a bad form is left to the caller, who
 * sees that something other than a semicolon follows.
 */
static bool
parse_param(const char *bytes, size_t end, size_t *at, struct header_param *p)
{
	size_t value_begin, i = *at;

	p->begin = i;
	p->name_begin = skip_blank(bytes, end, i + 1);
	p->name_end = skip_token(bytes, end, p->name_begin);
	i = skip_blank(bytes, end, p->name_end);
	if (p->name_end == p->name_begin || i == end || bytes[i] != '=') {
		*at = i > *at ? i : *at + 1;
		return false;
	}
	value_begin = skip_blank(bytes, end, i + 1);
	p->value = malloc(end - value_begin + 1);
	if (p->value == NULL)
		err(EX_OSERR, "header");
	i = value_begin;
	p->quoted = i < end && bytes[i] == '"' && parse_quoted(bytes, end, &i, p->value);
	if (p->quoted) {
		p->end = i;
	} else {
		/* A token, or whatever stands there up to the next semicolon or line ending. */
		i = value_begin;
		while (i < end && bytes[i] != ';' && bytes[i] != '\r' && bytes[i] != '\n')
			i++;
		while (i > value_begin && (bytes[i - 1] == ' ' || bytes[i - 1] == '\t'))
			i--;
		for (size_t k = value_begin; k < i; k++)
			p->value[k - value_begin] = bytes[k] == '\0' ? NUL_MARK : bytes[k];
		p->value[i - value_begin] = '\0';
		p->end = skip_token(bytes, i, value_begin);
		if (p->end == value_begin && i > value_begin)
			p->end = value_begin + 1; /* not a token: irregular, and get on */
	}
	*at = p->end;
	return true;
}

/* The quoted-string at *at. False if it has no end. */
static bool
parse_quoted(const char *bytes, size_t end, size_t *at, char *value)
{
	size_t i = *at + 1, n = 0;

	while (i < end && bytes[i] != '"') {
		if (bytes[i] == '\\' && i + 1 < end)
			i++;
		if (bytes[i] != '\r' && bytes[i] != '\n')
			value[n++] = bytes[i] == '\0' ? NUL_MARK : bytes[i];
		i++;
	}
	value[n] = '\0';
	*at = i + 1;
	return i < end;
}

void
header_params_free(struct header_params *ps)
{
	for (size_t i = 0; i < ps->n; i++)
		free(ps->params[i].value);
	ps->n = 0;
}

static size_t
base_length(const char *bytes, const struct header_param *p)
{
	const char *star = memchr(bytes + p->name_begin, '*', p->name_end - p->name_begin);

	return star == NULL ? p->name_end - p->name_begin : (size_t)(star - bytes) - p->name_begin;
}

bool
header_param_is_name(const char *bytes, const struct header_param *p)
{
	size_t len = base_length(bytes, p);
	const char *name = bytes + p->name_begin;

	return (len == 4 && strncasecmp(name, "name", 4) == 0) ||
	    (len == 8 && strncasecmp(name, "filename", 8) == 0);
}

static bool
same_base(const char *bytes, const struct header_param *a, const struct header_param *b)
{
	size_t len = base_length(bytes, a);

	return len == base_length(bytes, b) &&
	    strncasecmp(bytes + a->name_begin, bytes + b->name_begin, len) == 0;
}

/* RFC 2231 3: "filename*3" or "filename*3*" is section 3. */
static bool
param_section(const char *bytes, const struct header_param *p, unsigned int *number)
{
	size_t i = p->name_begin + base_length(bytes, p) + 1;

	*number = 0;
	if (i >= p->name_end || !isdigit((unsigned char)bytes[i]))
		return false;
	for (; i < p->name_end && isdigit((unsigned char)bytes[i]); i++) {
		if (*number <= HEADER_MAX_PARAMS)
			*number = *number * 10 + (unsigned int)(bytes[i] - '0');
	}
	return true;
}

/* %XX undone, and the charset'language' in front taken off; malloc'd. */
static char *
percent_decode(const char *value)
{
	const char *quote = strchr(value, '\''), *second;
	char *out, *o;

	if (quote != NULL && (second = strchr(quote + 1, '\'')) != NULL)
		value = second + 1;
	o = out = malloc(strlen(value) + 1);
	if (out == NULL)
		err(EX_OSERR, "header");
	while (*value != '\0') {
		if (value[0] == '%' && isxdigit((unsigned char)value[1]) &&
		    isxdigit((unsigned char)value[2])) {
			char hex[3] = { value[1], value[2], '\0' };
			char c = (char)strtol(hex, NULL, 16);

			*o++ = c == '\0' ? NUL_MARK : c;
			value += 3;
		} else {
			*o++ = *value++;
		}
	}
	*o = '\0';
	return out;
}

/* To the letter, a value without quotes ends at a blank or a comment. */
static void
first_word(const char *value, void (*fn)(void *, const char *), void *ctx)
{
	size_t len = strcspn(value, " \t(");
	char *word;

	if (len == 0 || value[len] == '\0')
		return;
	word = strndup(value, len);
	if (word == NULL)
		err(EX_OSERR, "header");
	header_value_forms(word, fn, ctx);
	free(word);
}

void
header_value_forms(const char *value, void (*fn)(void *, const char *), void *ctx)
{
	char *decoded;

	each_length(value, fn, ctx);
	if (strchr(value, '%') == NULL && strchr(value, '\'') == NULL)
		return;
	decoded = percent_decode(value);
	if (strcmp(decoded, value) != 0)
		each_length(decoded, fn, ctx);
	free(decoded);
}

/* To some readers a name ends at its first NUL. */
static void
each_length(const char *value, void (*fn)(void *, const char *), void *ctx)
{
	const char *nul = strchr(value, NUL_MARK);
	char *cut;

	fn(ctx, value);
	if (nul == NULL || nul == value)
		return;
	cut = strndup(value, (size_t)(nul - value));
	if (cut == NULL)
		err(EX_OSERR, "header");
	fn(ctx, cut);
	free(cut);
}

void
header_params_names(const char *bytes, const struct header_params *ps,
    void (*fn)(void *, const char *), void *ctx)
{
	for (size_t i = 0; i < ps->n; i++) {
		unsigned int number;

		if (!header_param_is_name(bytes, &ps->params[i]))
			continue;
		header_value_forms(ps->params[i].value, fn, ctx);
		if (!ps->params[i].quoted)
			first_word(ps->params[i].value, fn, ctx);
		if (param_section(bytes, &ps->params[i], &number))
			join_sections(bytes, ps, i, fn, ctx);
	}
}

/*
 * Put the sections of one parameter together by number, if first is the first
 * of them in the header (so that it is done once). Missing numbers are passed
 * over: some readers do.
 */
static void
join_sections(const char *bytes, const struct header_params *ps, size_t first,
    void (*fn)(void *, const char *), void *ctx)
{
	const struct header_param *base = &ps->params[first];
	size_t room = 1;
	char *joined, *at;
	unsigned int number;

	for (size_t i = 0; i < ps->n; i++) {
		if (!same_base(bytes, base, &ps->params[i]) ||
		    !param_section(bytes, &ps->params[i], &number))
			continue;
		if (i < first)
			return;
		room += strlen(ps->params[i].value);
	}
	if ((joined = malloc(room)) == NULL)
		err(EX_OSERR, "header");
	at = joined;
	*at = '\0';
	for (unsigned int want = 0; want <= HEADER_MAX_PARAMS; want++) {
		for (size_t i = first; i < ps->n; i++) {
			if (same_base(bytes, base, &ps->params[i]) &&
			    param_section(bytes, &ps->params[i], &number) && number == want) {
				at = stpcpy(at, ps->params[i].value);
				break;
			}
		}
	}
	header_value_forms(joined, fn, ctx);
	free(joined);
}

char *
header_boundary(const char *bytes, size_t begin, size_t end)
{
	struct header_params *ps = malloc(sizeof(*ps));
	struct header_field field;
	char *boundary = NULL;

	if (ps == NULL)
		err(EX_OSERR, "header");
	while (header_next(bytes, end, &begin, &field)) {
		if (!header_is(bytes, &field, "Content-Type"))
			continue;
		header_params_parse(bytes, &field, ps);
		for (size_t i = 0; i < ps->n; i++) {
			struct header_param *p = &ps->params[i];

			if (p->name_end - p->name_begin != 8 ||
			    strncasecmp(bytes + p->name_begin, "boundary", 8) != 0)
				continue;
			free(boundary);
			boundary = p->value;
			p->value = NULL;
		}
		header_params_free(ps);
	}
	free(ps);
	if (boundary != NULL && boundary[0] == '\0') {
		free(boundary);
		boundary = NULL;
	}
	return boundary;
}

char *
header_words_ascii(const char *text, bool to_nul)
{
	char *out = malloc(strlen(text) + 1), *o = out;

	if (out == NULL)
		err(EX_OSERR, "header");
	while (*text != '\0') {
		size_t used = strncmp(text, "=?", 2) == 0 ? put_word(text, &o, to_nul) : 0;

		if (used == 0)
			*o++ = *text++;
		text += used;
	}
	*o = '\0';
	return out;
}

/* One "=?charset?B?...?=": how long it is, 0 if it is none. */
static size_t
put_word(const char *word, char **out, bool to_nul)
{
	const char *kind = strchr(word + 2, '?'), *text, *end;
	enum decode_way way;
	char *decoded;
	size_t len = 0;

	if (kind == NULL || kind[1] == '\0' || kind[2] != '?')
		return 0;
	text = kind + 3;
	end = strstr(text, "?=");
	/* To some the end of all is its end. */
	if (end == NULL)
		end = text + strlen(text);
	way = kind[1] == 'B' || kind[1] == 'b' ? DECODE_BASE64_RESTART : DECODE_QP_STRICT;
	decoded = decode_bytes(way, text, (size_t)(end - text), 0, &len);
	for (size_t i = 0; i < len; i++) {
		char c = way == DECODE_QP_STRICT && decoded[i] == '_' ? ' ' : decoded[i];

		if ((c >= ' ' && c <= '~') || (c == '\0' && to_nul))
			*(*out)++ = c;
	}
	free(decoded);
	return (size_t)(end - word) + (*end == '\0' ? 0 : 2);
}

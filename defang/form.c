/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * form.c - one form of a text, taken apart so that something can be written into it.
 *
 * Only what every program reads in the same way: a header to the letter, an encoding
 * to the letter, a charset that is known or looks like ASCII. Memory that runs out
 * ends the process.
 */
#include "form.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "loose.h"
#include "markup.h"
#include "tree.h"

/* A text of that many bytes, encoded, is left alone. */
#define CONTENT_MAX (4u << 20)
#define SCREEN_WIDTH 80

static const char *read_header(struct form *, const struct parts *);
static const char *read_type(struct form *, const struct parts *);
static bool read_transfer(struct form *, const char *bytes);

const char *
form_read(struct form *f, const struct parts *parts, const struct part *part)
{
	const struct part_place *place = &part->place;
	const char *why;

	*f = (struct form){ .part = part };
	f->html = strcmp(part->type, "text/html") == 0;
	f->raw = parts->bytes + place->content_begin;
	f->raw_len = place->content_end - place->content_begin;
	if (part->doubtful || part->in_text || !place->whole_content)
		return "the text can be read in different ways";
	if (place->content_begin == place->header_end || f->raw_len == 0)
		return "the text is empty";
	if (f->raw_len > CONTENT_MAX)
		return "the text is too large";
	why = read_header(f, parts);
	if (why != NULL)
		return why;
	f->content = transfer_decode(f->transfer, f->raw, f->raw_len, &f->len);
	if (f->content == NULL)
		return "the text is not encoded to the letter";
	if (memmem(f->content, f->len, "-----BEGIN PGP", 14) != NULL)
		return "the text is signed or encrypted";
	return charset_settle(&f->charset, f->content, f->len, f->html);
}

/* Each of the fields once at most, and to the letter. */
static const char *
read_header(struct form *f, const struct parts *parts)
{
	static const char differs[] = "the header of the text can be read in different ways";
	struct header_field field;
	size_t at = f->part->place.header_begin;
	unsigned int types = 0, transfers = 0;

	while (header_next(parts->bytes, f->part->place.header_end, &at, &field)) {
		if (header_is(parts->bytes, &field, "Content-Type") && types++ == 0)
			f->type_field = field;
		else if (header_is(parts->bytes, &field, "Content-Transfer-Encoding") &&
		    transfers++ == 0)
			f->transfer_field = field;
		else if (header_is(parts->bytes, &field, "Content-MD5"))
			return "the text has a checksum";
		else if (loose_is_odd(parts->bytes + field.begin, field.end - field.begin))
			return differs;
	}
	if (types > 1 || transfers > 1 || (transfers == 1 && !read_transfer(f, parts->bytes)))
		return differs;
	return types == 1 ? read_type(f, parts) : NULL;
}

static const char *
read_type(struct form *f, const struct parts *parts)
{
	struct header_params *params = malloc(sizeof(*params));
	const struct header_param *p;
	const char *why = NULL;

	if (params == NULL)
		err(EX_OSERR, "form");
	header_params_parse(parts->bytes, &f->type_field, params);
	f->type_end = f->charset_begin = f->charset_end = params->main_end;
	if (!params->regular)
		why = "the header of the text can be read in different ways";
	p = tree_param(parts, params, "format");
	f->flowed = p != NULL && strcasecmp(p->value, "flowed") == 0;
	p = tree_param(parts, params, "charset");
	if (p != NULL) {
		f->charset_begin = p->name_begin;
		f->charset_end = p->end;
		charset_name(&f->charset, p->value);
	}
	header_params_free(params);
	free(params);
	return why;
}

static bool
read_transfer(struct form *f, const char *bytes)
{
	static const struct {
		const char *name;
		enum transfer transfer;
	} known[] = {
		{ "7bit", TRANSFER_NONE },
		{ "8bit", TRANSFER_NONE },
		{ "binary", TRANSFER_NONE },
		{ "quoted-printable", TRANSFER_QUOTED },
		{ "base64", TRANSFER_BASE64 },
	};
	size_t begin = f->transfer_field.value_begin, end = f->transfer_field.value_end;

	while (begin < end && (bytes[begin] == ' ' || bytes[begin] == '\t'))
		begin++;
	while (end > begin && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t'))
		end--;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) != end - begin ||
		    strncasecmp(bytes + begin, known[i].name, end - begin) != 0)
			continue;
		f->transfer = known[i].transfer;
		return true;
	}
	return false;
}

void
form_free(struct form *f)
{
	free(f->content);
}

size_t
form_lines(const struct form *f)
{
	size_t n, lines = 0;
	char *narrow = charset_narrow(&f->charset, f->content, f->len, &n);

	if (f->html)
		lines = markup_lines(narrow, n);
	for (size_t i = 0; i < n && !f->html; i++) {
		const char *lf = memchr(narrow + i, '\n', n - i);
		size_t len = (lf == NULL ? n : (size_t)(lf - narrow)) - i;

		lines += 1 + len / SCREEN_WIDTH;
		i += len;
	}
	free(narrow);
	return lines;
}

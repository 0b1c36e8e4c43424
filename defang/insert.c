/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * insert.c - lines are written into one form of a text, in its charset and its
 * transfer encoding.
 *
 * Into base64 they go as whole groups of four, so that the digits in front and behind
 * stay; up to two spaces at their beginning see to that. Into quoted-printable and
 * unencoded text they go as lines. UTF-16 keeps its byte order mark in front.
 *
 * A text/plain whose charset lacks a character of ours, or that is unencoded while ours
 * is not ASCII, is written anew in UTF-8, quoted-printable: the front takes nothing else
 * than printable ASCII from an inspector. HTML never is: ours is ASCII there.
 *
 * Memory that runs out ends the process.
 */
#include "insert.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "line.h"
#include "markup.h"
#include "memory.h"
#include "quoted.h"

/* A text of so many bytes is not written anew. */
#define REWRITE_MAX (1u << 20)

static bool can_say(const struct form *, const char *text);
static void insert_at(const struct defang *, const struct form *, const char *text, bool at_end);
static size_t place_in(const struct form *, bool at_end);
static void insert_lines(const struct defang *, const struct form *, size_t at, const char *coded,
    size_t len, const char *eol);
static bool is_soft_end(const char *raw, size_t len);
static void insert_base64(const struct defang *, const struct form *, size_t at, const char *text);
static char *coded_for_base64(const struct form *, const char *text, size_t *len);
static const char *rewrite(const struct defang *, struct form *, const char *front,
    const char *behind);
static void put_content(FILE *, const struct form *, const char *body, size_t size,
    const char *eol);
static void edit_header(const struct defang *, const struct form *);
static bool has_mime(const struct defang *, const struct part_place *);
static bool is_plain(const char *, size_t);

const char *
insert_text(const struct defang *d, struct form *f, const char *front, const char *behind)
{
	if (behind[0] != '\0' && !f->html && charset_is_shifted(&f->charset, f->content, f->len))
		return "the text does not end in the charset's first set";
	if (f->charset.unit > 1 && f->transfer == TRANSFER_NONE)
		return "the charset of the text needs an encoding";
	if (!can_say(f, front) || !can_say(f, behind))
		return rewrite(d, f, front, behind);
	insert_at(d, f, front, false);
	insert_at(d, f, behind, true);
	return NULL;
}

/* In the charset and the encoding of the text? An edit is 7-bit and printable (message.h). */
static bool
can_say(const struct form *f, const char *text)
{
	size_t len;
	char *coded = charset_encode(&f->charset, text, strlen(text), &len);
	bool can = coded != NULL && (f->transfer != TRANSFER_NONE || is_plain(coded, len));

	free(coded);
	return can;
}

static void
insert_at(const struct defang *d, const struct form *f, const char *text, bool at_end)
{
	size_t at = place_in(f, at_end), len;
	char *coded;

	if (text[0] == '\0')
		return;
	if (f->transfer == TRANSFER_BASE64) {
		insert_base64(d, f, at, text);
		return;
	}
	coded = memory_checked(charset_encode(&f->charset, text, strlen(text), &len));
	insert_lines(d, f, at, coded, len, d->eol);
	free(coded);
}

/* In the decoded content. */
static size_t
place_in(const struct form *f, bool at_end)
{
	size_t n, at;
	char *narrow;

	if (!f->html)
		return at_end ? f->len : f->charset.mark;
	narrow = charset_narrow(&f->charset, f->content, f->len, &n);
	at = at_end ? markup_bottom(narrow, n) : markup_top(narrow, n);
	free(narrow);
	return f->charset.mark + at * f->charset.unit;
}

/*
 * Lines, each in the transfer encoding, from the beginning of a line on. Of a text
 * without a line ending at its end there is none behind us either.
 */
static void
insert_lines(const struct defang *d, const struct form *form, size_t at, const char *coded,
    size_t len, const char *eol)
{
	size_t raw = transfer_offset(form->transfer, form->raw, form->raw_len, at), size;
	bool last = raw == form->raw_len && form->raw[raw - 1] != '\n';
	bool wide = form->charset.unit > 1;
	char *text;
	FILE *f = memory_checked(open_memstream(&text, &size));

	if (wide) {
		fprintf(f, "=%s", eol);
		quoted_put(f, coded, len, true, eol);
		fprintf(f, "=%s", eol);
		len = 0;
	} else if (raw > 0 && form->raw[raw - 1] != '\n') {
		fputs(eol, f);
	}
	/* A soft line break at the very end. */
	if (!wide && form->transfer == TRANSFER_QUOTED && raw == form->raw_len &&
	    is_soft_end(form->raw, raw))
		fputs(eol, f);
	for (size_t i = 0; i < len;) {
		size_t line = line_next(coded + i, len - i);
		size_t n = coded[i + line - 1] == '\n' ? line - 1 : line;

		if (form->transfer == TRANSFER_QUOTED)
			quoted_put(f, coded + i, n, false, eol);
		else
			fwrite(coded + i, 1, n, f);
		i += line;
		fputs(last && i >= len ? "" : eol, f);
	}
	if (fclose(f) == EOF)
		err(EX_OSERR, "banner");
	raw += form->part->place.content_begin;
	edit_take(d, raw, raw, text, size);
}

/* "=" and whitespace */
static bool
is_soft_end(const char *raw, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", raw[len - 1]) != NULL && raw[len - 1] != '\0')
		len--;
	return len > 0 && raw[len - 1] == '=';
}

/*
 * In the place of the group of four digits that the place is in, or at the end of the
 * last one. Spaces in front see to it that the groups behind stay.
 */
static void
insert_base64(const struct defang *d, const struct form *form, size_t at, const char *text)
{
	size_t group = at - at % 3, end = group + 3 < form->len ? group + 3 : form->len, size, len;
	size_t raw = transfer_offset(TRANSFER_BASE64, form->raw, form->raw_len, group);
	size_t raw_end = transfer_offset(TRANSFER_BASE64, form->raw, form->raw_len, end);
	bool more = raw_end < form->raw_len || form->raw[form->raw_len - 1] == '\n';
	char *coded = coded_for_base64(form, text, &len), *bytes, *lines;
	FILE *f;

	if (at == group && at < form->len) {
		end = group;
		raw_end = raw;
		more = true;
	}
	bytes = memory_checked(malloc(len + 6));
	memcpy(bytes, form->content + group, at - group);
	memcpy(bytes + at - group, coded, len);
	memcpy(bytes + at - group + len, form->content + at, end - at);
	f = memory_checked(open_memstream(&lines, &size));
	fputs(raw > 0 && form->raw[raw - 1] != '\n' ? d->eol : "", f);
	transfer_put_base64(f, bytes, len + end - group, d->eol);
	fputs(more ? d->eol : "", f);
	if (fclose(f) == EOF)
		err(EX_OSERR, "banner");
	raw += form->part->place.content_begin;
	raw_end += form->part->place.content_begin;
	edit_take(d, raw, raw_end, lines, size);
	free(bytes);
	free(coded);
}

/* With the line endings of the content, and as many bytes as whole groups hold. */
static char *
coded_for_base64(const struct form *form, const char *text, size_t *len)
{
	bool bare = charset_has_bare_lf(&form->charset, form->content, form->len);
	char *coded = NULL;

	*len = 1;
	for (unsigned int pad = 0; pad < 3 && *len % 3 != 0; pad++) {
		char *lines;
		size_t size;
		FILE *f = memory_checked(open_memstream(&lines, &size));

		fprintf(f, "%*s", (int)pad, "");
		for (const char *c = text; *c != '\0'; c++) {
			fputs(*c == '\n' && !bare ? "\r" : "", f);
			fputc(*c, f);
		}
		if (fclose(f) == EOF)
			err(EX_OSERR, "banner");
		free(coded);
		/* It could be encoded before. */
		coded = memory_checked(charset_encode(&form->charset, lines, size, len));
		free(lines);
	}
	return coded;
}

/* A text/plain becomes UTF-8, since its charset lacks a character of ours, or its bytes. */
static const char *
rewrite(const struct defang *d, struct form *form, const char *front, const char *behind)
{
	const struct part_place *place = &form->part->place;
	size_t mark = form->charset.mark, len, size;
	char *content, *body;
	FILE *f;

	/* A field of ours at the front would not be told from a mark. */
	if (place->message_header && place->header_begin == place->header_end)
		return "the message has no header";
	if (form->len > REWRITE_MAX)
		return "the text is too large to be written anew";
	if (!charset_is_usual(&form->charset, form->content, form->len))
		return "mail programs do not agree on the charset of the text";
	content = charset_decode(&form->charset, form->content + mark, form->len - mark, &len);
	if (content == NULL)
		return "the text is not in the charset that it names";
	f = memory_checked(open_memstream(&body, &size));
	fputs(front, f);
	fwrite(content, 1, len, f);
	if (behind[0] != '\0')
		fprintf(f, "%s%s", len > 0 && content[len - 1] != '\n' ? "\n" : "", behind);
	if (fclose(f) == EOF)
		err(EX_OSERR, "banner");
	free(content);
	edit_header(d, form);
	f = memory_checked(open_memstream(&content, &len));
	put_content(f, form, body, size, d->eol);
	if (fclose(f) == EOF)
		err(EX_OSERR, "banner");
	edit_take(d, place->content_begin, place->content_end, content, len);
	free(body);
	return NULL;
}

/* Lines of any kind; the last one is ended if that of the part was. */
static void
put_content(FILE *f, const struct form *form, const char *body, size_t size, const char *eol)
{
	bool ended = form->raw[form->raw_len - 1] == '\n';

	if (form->transfer == TRANSFER_BASE64) {
		transfer_put_base64(f, body, size, eol);
		fputs(ended ? eol : "", f);
		return;
	}
	for (size_t i = 0; i < size;) {
		size_t line = line_next(body + i, size - i);
		bool lf = body[i + line - 1] == '\n';

		quoted_put(f, body + i, lf ? line_text(body + i, line) : line, false, eol);
		i += line;
		fputs(ended || i < size ? eol : "", f);
	}
}

static void
edit_header(const struct defang *d, const struct form *f)
{
	const struct part_place *place = &f->part->place;
	size_t end = place->header_end;
	const char *line_break = edit_line_break(d, place->header_begin, &end);
	bool typed = f->type_field.name_len > 0, coded = f->transfer_field.name_len > 0;
	bool mime = !place->message_header || has_mime(d, place);

	if (typed)
		edit_add(d, f->charset_begin, f->charset_end, "%scharset=utf-8",
		    f->charset_begin == f->charset_end ? "; " : "");
	if (coded && f->transfer != TRANSFER_BASE64)
		edit_add(d, f->transfer_field.value_begin, f->transfer_field.value_end,
		    " quoted-printable");
	if (typed && coded && mime)
		return;
	edit_add(d, end, place->header_end, "%s%s%s%s%s%s%s", line_break,
	    mime ? "" : "MIME-Version: 1.0", mime ? "" : d->eol,
	    typed ? "" : "Content-Type: text/plain; charset=utf-8", typed ? "" : d->eol,
	    coded ? "" : "Content-Transfer-Encoding: quoted-printable", coded ? "" : d->eol);
}

static bool
has_mime(const struct defang *d, const struct part_place *place)
{
	struct header_field field;
	size_t at = place->header_begin;

	while (header_next(d->bytes, place->header_end, &at, &field)) {
		if (header_is(d->bytes, &field, "MIME-Version"))
			return true;
	}
	return false;
}

/* Lines of printable ASCII. */
static bool
is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((text[i] < ' ' || text[i] > '~') && text[i] != '\t' && text[i] != '\n')
			return false;
	}
	return true;
}

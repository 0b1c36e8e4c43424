/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * canonical.c - one canonical form of a part that mail programs read in different
 * ways.
 *
 * All readings of the part have been scanned and were clean; what is left to do
 * is to leave one. Its header loses each of the three fields that say what the
 * content is, however a reader might come to see one, and gets new ones that
 * say what all readings agree on. If the encoding was in doubt the content is
 * encoded anew. Everything else in the header stays, but that a byte which
 * readers differ about (NUL, a CR alone) becomes a blank.
 *
 * What can't be told is not made up: then there is no canonical form, and the part
 * is removed. The caller reads the result again in any case.
 *
 * Input is hostile; every function is linear in it. Memory that runs out ends
 * the process, the front copes with that.
 *
 * Over 500 lines because reading a header, choosing what its readings agree on and
 * writing it again are one pass over one struct reading, and nobody else needs a step of it.
 */
#include "canonical.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "header.h"
#include "loose.h"
#include "memory.h"
#include "mime_decode.h"
#include "name.h"
#include "sniff.h"
#include "transfer.h"

/* Values longer than that are no charset or boundary (RFC 2046 5.1.1: 70). */
#define VALUE_MAX 200
/* Bytes of a header that become blanks; one with more has no canonical form. */
#define BLANKS_MAX 1000
#define EXTENSION_MAX 10
/* Readers look so far for the beginning of a PDF. */
#define PDF_HEAD 1024

/* A parameter that goes into the new header. */
struct kept {
	char name[CANONICAL_WORD_MAX];
	char value[VALUE_MAX + 1];
	bool dropped; /* there are two that differ */
};

/* What a header says, over all its fields. */
struct reading {
	const char *bytes;
	struct canonical *plain;
	struct kept kept[HEADER_MAX_PARAMS];
	size_t n_kept;
	unsigned int types, dispositions, encodings;
	bool doubtful; /* type or boundary can't be told */
};

static void read_field(struct reading *, const struct header_field *);
static void read_type(struct reading *, const struct header_field *);
static void keep_param(struct reading *, const struct header_param *);
static void read_disposition(struct reading *, const struct header_field *);
static void read_encoding(struct reading *, const struct header_field *);
static bool is_multipart(const struct canonical *);
static void write_params(struct reading *);
static char *tell_name(char *const *names, size_t n);
static bool extension_of(const char *name, char *out);
static bool is_encoded_form(const char *name, const char *of);
static char *with_crlf(const char *, size_t len, size_t *out_len);
static void note_way(struct canonical *, const char *encoding, size_t len);
static bool take_fitting(struct canonical *, const char *raw, size_t len);
static bool way_fits(enum decode_way, const char *raw, size_t len);
static bool type_fits(const struct canonical *, const char *, size_t len);
static bool text_fits(const char *type, const char *, size_t len);
static bool begins_as(const char *, size_t len, const char *word);
static unsigned long count_odd_bytes(const char *, size_t len);
static void strike_field(const struct defang *, const struct header_field *);
static void blank_bytes(const struct defang *, const struct header_field *);
static void put_header(const struct defang *, const struct part_place *, const struct canonical *,
    const char *name, bool defanged);
static void put_content(const struct defang *, const struct part_place *, const struct canonical *);
static void add_edit(const struct defang *, size_t begin, size_t end, char *text, size_t len);

static const char *const what_fields[] = { "Content-Type", "Content-Disposition",
	"Content-Transfer-Encoding" };

struct canonical *
canonical_tell(const char *bytes, const struct part *part)
{
	const struct part_place *place = &part->place;
	struct canonical *plain = memory_checked(calloc(1, sizeof(*plain)));
	struct reading *r = memory_checked(calloc(1, sizeof(*r)));
	struct header_field field;
	size_t at = place->header_begin;

	r->bytes = bytes;
	r->plain = plain;
	r->doubtful = count_odd_bytes(bytes + at, place->header_end - at) > BLANKS_MAX;
	while (header_next(bytes, place->header_end, &at, &field))
		read_field(r, &field);
	if (r->types == 0)
		strlcpy(plain->type, "text/plain", sizeof(plain->type));
	/* An encoded message is no canonical form: RFC 2046 5.2.1 allows none. */
	if (strcmp(part->type, plain->type) != 0 || strncmp(plain->type, "message/", 8) == 0)
		r->doubtful = true;
	plain->name = tell_name(part->names, part->n_names);
	write_params(r);
	if (r->doubtful || plain->name == NULL) {
		canonical_free(plain);
		plain = NULL;
	}
	free(r);
	return plain;
}

void
canonical_free(struct canonical *plain)
{
	if (plain == NULL)
		return;
	free(plain->params);
	free(plain->name);
	free(plain->content);
	free(plain);
}

static void
read_field(struct reading *r, const struct header_field *f)
{
	if (header_is(r->bytes, f, "Content-Type"))
		read_type(r, f);
	else if (header_is(r->bytes, f, "Content-Disposition"))
		read_disposition(r, f);
	else if (header_is(r->bytes, f, "Content-Transfer-Encoding"))
		read_encoding(r, f);
}

static void
read_type(struct reading *r, const struct header_field *f)
{
	struct header_params *ps = memory_checked(malloc(sizeof(*ps)));
	char type[CANONICAL_WORD_MAX] = "";
	size_t len;
	const char *slash;

	header_params_parse(r->bytes, f, ps);
	len = ps->main_end - ps->main_begin;
	if (len < sizeof(type)) {
		for (size_t i = 0; i < len; i++)
			type[i] = (char)tolower((unsigned char)r->bytes[ps->main_begin + i]);
		type[len] = '\0';
	}
	slash = strchr(type, '/');
	if (slash == NULL || slash == type || slash[1] == '\0' ||
	    (r->types > 0 && strcmp(type, r->plain->type) != 0))
		r->doubtful = true;
	r->types++;
	strlcpy(r->plain->type, type, sizeof(r->plain->type));
	for (size_t i = 0; i < ps->n; i++) {
		if (!header_param_is_name(r->bytes, &ps->params[i]))
			keep_param(r, &ps->params[i]);
	}
	header_params_free(ps);
	free(ps);
}

/* One in plain letters; two that differ are none, and then a boundary is in doubt. */
static void
keep_param(struct reading *r, const struct header_param *p)
{
	struct kept k = { .name = "" };
	size_t len = p->name_end - p->name_begin;
	bool plain = len < sizeof(k.name) && strlen(p->value) <= VALUE_MAX && p->value[0] != '\0';

	for (size_t i = 0; i < len && i < sizeof(k.name) - 1; i++)
		k.name[i] = (char)tolower((unsigned char)r->bytes[p->name_begin + i]);
	for (const char *c = p->value; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\' ||
		    (!p->quoted && strchr(" ()<>@,;:/[]?=", *c) != NULL))
			plain = false;
	}
	if (strchr(k.name, '*') != NULL)
		plain = false;
	if (!plain) {
		if (strncmp(k.name, "boundary", 8) == 0)
			r->doubtful = r->doubtful || is_multipart(r->plain);
		return;
	}
	strlcpy(k.value, p->value, sizeof(k.value));
	for (size_t i = 0; i < r->n_kept; i++) {
		if (strcmp(r->kept[i].name, k.name) == 0) {
			if (strcmp(r->kept[i].value, k.value) != 0)
				r->kept[i].dropped = true;
			return;
		}
	}
	if (r->n_kept < HEADER_MAX_PARAMS)
		r->kept[r->n_kept++] = k;
}

/* Only "inline" is shown at once; what is unknown is an attachment (RFC 2183 2.8). */
static void
read_disposition(struct reading *r, const struct header_field *f)
{
	struct header_params *ps = memory_checked(malloc(sizeof(*ps)));
	bool is_inline;

	header_params_parse(r->bytes, f, ps);
	is_inline = ps->main_end - ps->main_begin == 6 &&
	    strncasecmp(r->bytes + ps->main_begin, "inline", 6) == 0;
	if (!is_inline)
		r->plain->disposition = "attachment";
	else if (r->dispositions == 0)
		r->plain->disposition = "inline";
	r->dispositions++;
	header_params_free(ps);
	free(ps);
}

/* Of what is not encoded. */
static void
read_encoding(struct reading *r, const struct header_field *f)
{
	static const char *const plain[] = { "7bit", "8bit", "binary" };
	size_t begin = f->value_begin, end = f->value_end;
	const char *known = NULL;

	while (begin < end && (r->bytes[begin] == ' ' || r->bytes[begin] == '\t'))
		begin++;
	while (end > begin && (r->bytes[end - 1] == ' ' || r->bytes[end - 1] == '\t'))
		end--;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strlen(plain[i]) == end - begin &&
		    strncasecmp(r->bytes + begin, plain[i], end - begin) == 0)
			known = plain[i];
	}
	note_way(r->plain, r->bytes + begin, end - begin);
	r->plain->quoted = end - begin == 16 &&
	    strncasecmp(r->bytes + begin, "quoted-printable", 16) == 0;
	if (r->encodings++ == 0)
		r->plain->encoding = known;
	else if (known == NULL || r->plain->encoding == NULL ||
	    strcmp(known, r->plain->encoding) != 0)
		r->plain->encoding = NULL;
}

static bool
is_multipart(const struct canonical *plain)
{
	return strncmp(plain->type, "multipart/", 10) == 0;
}

/* A multipart needs its boundary, nothing else may have one. */
static void
write_params(struct reading *r)
{
	bool boundary = false;
	size_t size;
	FILE *f = open_memstream(&r->plain->params, &size);

	memory_checked(f);
	for (size_t i = 0; i < r->n_kept; i++) {
		const struct kept *k = &r->kept[i];
		bool is_boundary = strcmp(k->name, "boundary") == 0;

		if (is_boundary && is_multipart(r->plain) && !k->dropped)
			boundary = k->value[strlen(k->value) - 1] != ' ';
		if (!k->dropped && (!is_boundary || is_multipart(r->plain)))
			fprintf(f, ";\n\t%s=\"%s\"", k->name, k->value);
	}
	if (fclose(f) == EOF)
		err(EX_OSERR, "plain");
	if (is_multipart(r->plain) && !boundary)
		r->doubtful = true;
}

/*
 * The name, if all candidates are one name or forms of it: pieces and encoded
 * ones are among them. NULL if two are called by different extensions.
 */
static char *
tell_name(char *const *names, size_t n)
{
	char first[EXTENSION_MAX + 1], other[EXTENSION_MAX + 1];
	bool has_first;

	if (n == 0)
		return memory_checked(strdup(""));
	has_first = extension_of(names[0], first);
	for (size_t i = 1; i < n; i++) {
		if (is_encoded_form(names[i], names[0]) || !extension_of(names[i], other))
			continue;
		if (!has_first || strcasecmp(first, other) != 0)
			return NULL;
	}
	return memory_checked(strdup(names[0]));
}

/* What is behind the last dot, if that can be an extension. */
static bool
extension_of(const char *name, char *out)
{
	const char *dot = strrchr(name, '.');
	size_t len = dot == NULL ? 0 : strlen(dot + 1);

	if (len == 0 || len > EXTENSION_MAX)
		return false;
	for (size_t i = 1; i <= len; i++) {
		if (!isalnum((unsigned char)dot[i]))
			return false;
	}
	memcpy(out, dot + 1, len + 1);
	return true;
}

static bool
is_encoded_form(const char *name, const char *of)
{
	size_t len = strlen(of);

	return strstr(name, "=?") != NULL || strstr(name, "''") != NULL ||
	    strchr(name, '%') != NULL || strstr(of, name) != NULL ||
	    /* To some it goes on with the words behind it. */
	    (strncmp(name, of, len) == 0 && strchr(name + len, '.') == NULL);
}

static bool
is_odd_byte(const char *bytes, size_t size, size_t i)
{
	return bytes[i] == '\0' || (bytes[i] == '\r' && (i + 1 == size || bytes[i + 1] != '\n'));
}

static unsigned long
count_odd_bytes(const char *bytes, size_t len)
{
	unsigned long n = 0;

	for (size_t i = 0; i < len; i++)
		n += is_odd_byte(bytes, len, i);
	return n;
}

bool
canonical_take_content(struct canonical *plain, const char *bytes, const struct part *part,
    const char *content, size_t len)
{
	const struct part_place *place = &part->place;
	size_t raw_len;
	char *raw;

	if (plain->n_ways > 1)
		return take_fitting(plain, bytes + place->content_begin,
		    place->content_end - place->content_begin);
	if (part->encoded && !plain->quoted) {
		canonical_take_view(plain, content, len);
		return true;
	}
	raw = with_crlf(bytes + place->content_begin, place->content_end - place->content_begin,
	    &raw_len);
	if (part->encoded) {
		char *decoded = decode_bytes(DECODE_QP_STRICT, raw, raw_len, 0, &len);

		canonical_take_view(plain, decoded == NULL ? "" : decoded,
		    decoded == NULL ? 0 : len);
		free(decoded);
	} else {
		plain->untyped = true;
		canonical_take_view(plain, raw, raw_len);
	}
	free(raw);
	return true;
}

/* An encoding that the header names. */
static void
note_way(struct canonical *plain, const char *encoding, size_t len)
{
	static const struct {
		const char *name;
		enum decode_way way;
	} known[] = {
		{ "7bit", DECODE_AS_IS },
		{ "8bit", DECODE_AS_IS },
		{ "binary", DECODE_AS_IS },
		{ "base64", DECODE_BASE64 },
		{ "quoted-printable", DECODE_QP_STRICT },
		{ "x-uuencode", DECODE_UU },
		{ "uuencode", DECODE_UU },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) != len || strncasecmp(encoding, known[i].name, len) != 0)
			continue;
		for (size_t k = 0; k < plain->n_ways; k++) {
			if (plain->ways[k] == known[i].way)
				return;
		}
		if (plain->n_ways < CANONICAL_WAYS_MAX)
			plain->ways[plain->n_ways++] = known[i].way;
	}
}

static bool
take_fitting(struct canonical *plain, const char *raw, size_t raw_len)
{
	size_t len, out;
	char *text = with_crlf(raw, raw_len, &len);
	bool taken = false;

	for (size_t i = 0; i < plain->n_ways && !taken; i++) {
		char *content = decode_bytes(plain->ways[i], text, len, 0, &out);

		taken = content != NULL && way_fits(plain->ways[i], text, len) &&
		    type_fits(plain, content, out);
		if (taken)
			canonical_take_view(plain, content, out);
		free(content);
	}
	free(text);
	return taken;
}

/* Nobody writes 8-bit bytes into quoted-printable, nor plain text that is all escapes. */
static bool
way_fits(enum decode_way way, const char *raw, size_t len)
{
	if (way == DECODE_AS_IS)
		return sniff_encoding(raw, len) == DECODE_AS_IS;
	for (size_t i = 0; way == DECODE_QP_STRICT && i < len; i++) {
		if ((unsigned char)raw[i] > 0x7f)
			return false;
	}
	return true;
}

/* Is it what its type says, and not something that is encoded still? */
static bool
type_fits(const struct canonical *plain, const char *content, size_t len)
{
	const char *type = plain->type;

	if (len == 0 || sniff_encoding(content, len) != DECODE_AS_IS)
		return false;
	if (strncmp(type, "text/", 5) == 0)
		return sniff_is_text(content, len) && text_fits(type, content, len);
	if (strncmp(type, "image/", 6) == 0)
		return sniff_is_picture(content, len) || begins_as(content, len, "<");
	if (strcmp(type, "application/pdf") == 0)
		return memmem(content, len < PDF_HEAD ? len : PDF_HEAD, "%PDF-", 5) != NULL;
	return sniff_is_attachment(content, len) || sniff_is_picture(content, len) ||
	    sniff_is_text(content, len);
}

static bool
text_fits(const char *type, const char *content, size_t len)
{
	if (strcmp(type, "text/html") == 0 || strcmp(type, "text/xml") == 0)
		return memchr(content, '<', len) != NULL;
	if (strcmp(type, "text/calendar") == 0)
		return begins_as(content, len, "BEGIN:VCALENDAR");
	if (strcmp(type, "text/vcard") == 0 || strcmp(type, "text/x-vcard") == 0)
		return begins_as(content, len, "BEGIN:VCARD");
	return true;
}

/* Behind a mark of UTF-8, and whitespace. */
static bool
begins_as(const char *content, size_t len, const char *word)
{
	size_t at = len >= 3 && memcmp(content, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (at < len && strchr(" \t\r\n", content[at]) != NULL && content[at] != '\0')
		at++;
	return len - at >= strlen(word) && strncasecmp(content + at, word, strlen(word)) == 0;
}

void
canonical_take_view(struct canonical *plain, const char *content, size_t len)
{
	char *copy = memory_checked(malloc(len + 1));

	memcpy(copy, content, len);
	free(plain->content);
	plain->content = copy;
	plain->len = len;
}

static char *
with_crlf(const char *content, size_t len, size_t *out_len)
{
	char *copy = memory_checked(malloc(2 * len + 1));
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (content[i] == '\n' && (i == 0 || content[i - 1] != '\r'))
			copy[n++] = '\r';
		copy[n++] = content[i];
	}
	*out_len = n;
	return copy;
}

void
canonical_edit(const struct defang *d, const struct part_place *place,
    const struct canonical *plain, const char *name, bool defanged)
{
	struct header_field field;
	size_t at = place->header_begin;

	put_header(d, place, plain, name, defanged);
	while (header_next(d->bytes, place->header_end, &at, &field)) {
		bool is_what = field.name_len == 0 ||
		    loose_field(d->bytes + field.begin, field.end - field.begin) != LOOSE_NONE;

		for (size_t i = 0; i < sizeof(what_fields) / sizeof(what_fields[0]); i++)
			is_what = is_what || header_is(d->bytes, &field, what_fields[i]);
		if (is_what)
			strike_field(d, &field);
		else
			blank_bytes(d, &field);
	}
	if (plain->content != NULL)
		put_content(d, place, plain);
}

static void
strike_field(const struct defang *d, const struct header_field *f)
{
	add_edit(d, f->begin, f->end, memory_checked(strdup("")), 0);
}

/*
 * In a field that stays: what some take for the end of its line, or of all,
 * and blanks in front of the colon of one that others may not know then.
 */
static void
blank_bytes(const struct defang *d, const struct header_field *f)
{
	size_t colon = f->value_begin - 1;

	if (header_begins(d->bytes, f, "Content-") && f->begin + f->name_len < colon)
		add_edit(d, f->begin + f->name_len, colon, memory_checked(strdup("")), 0);
	for (size_t i = f->value_begin; i < f->end; i++) {
		size_t next = i + header_line_end(d->bytes, f->end, i), text = next;

		if (is_odd_byte(d->bytes, f->end, i)) {
			add_edit(d, i, i + 1, memory_checked(strdup(" ")), 1);
			continue;
		}
		/* A folded line that is a field to those who pass over its blanks. */
		while (text < f->end && (d->bytes[text] == ' ' || d->bytes[text] == '\t'))
			text++;
		if (next > i && text > next && f->end - text > 8 &&
		    strncasecmp(d->bytes + text, "Content-", 8) == 0)
			add_edit(d, i, next, memory_checked(strdup("")), 0);
		i = next > i ? next - 1 : i;
	}
}

/* In front of all others, where no broken line can hide it. */
static void
put_header(const struct defang *d, const struct part_place *place, const struct canonical *plain,
    const char *name, bool defanged)
{
	bool bytes = defanged || plain->untyped;
	size_t at = place->header_begin, size;
	bool bare = at == place->header_end && plain->content == NULL &&
	    header_line_end(d->bytes, d->size, at) == 0;
	const char *encoding = plain->content != NULL ? "base64" : plain->encoding;
	char *text, param[NAME_PARAM_MAX];
	FILE *f = open_memstream(&text, &size);

	memory_checked(f);
	fprintf(f, "Content-Type: %s", bytes ? "application/octet-stream" : plain->type);
	for (const char *c = bytes ? "" : plain->params; *c != '\0'; c++) {
		if (*c == '\n')
			fputs(d->eol, f);
		else
			fputc(*c, f);
	}
	if (name[0] != '\0') {
		name_param("name", name, param);
		fprintf(f, ";%s\t%s", d->eol, param);
	}
	fputs(d->eol, f);
	if (plain->disposition != NULL && name[0] != '\0') {
		name_param("filename", name, param);
		fprintf(f, "Content-Disposition: %s;%s\t%s%s", plain->disposition, d->eol, param,
		    d->eol);
	} else if (plain->disposition != NULL) {
		fprintf(f, "Content-Disposition: %s%s", plain->disposition, d->eol);
	}
	if (encoding != NULL)
		fprintf(f, "Content-Transfer-Encoding: %s%s", encoding, d->eol);
	if (bare)
		fputs(d->eol, f);
	if (fclose(f) == EOF)
		err(EX_OSERR, "plain");
	add_edit(d, at, at, text, size);
}

static void
put_content(const struct defang *d, const struct part_place *place, const struct canonical *plain)
{
	size_t begin = place->header_end, end = place->content_end, size;
	bool cut = begin > place->header_begin && d->bytes[begin - 1] != '\n';
	char *text;
	FILE *f = open_memstream(&text, &size);

	memory_checked(f);
	fprintf(f, "%s%s", cut ? d->eol : "", d->eol);
	transfer_put_base64(f, plain->content, plain->len, d->eol);
	if (plain->len > 0)
		fputs(d->eol, f);
	if (fclose(f) == EOF)
		err(EX_OSERR, "plain");
	/* The line ending in front of a boundary stands behind the part and stays. */
	if (plain->len > 0 && header_line_end(d->bytes, d->size, end) > 0)
		size -= strlen(d->eol);
	add_edit(d, begin, end, text, size);
}

/* Takes over text. */
static void
add_edit(const struct defang *d, size_t begin, size_t end, char *text, size_t len)
{
	report_add_edit(d->report, begin, end - begin, text, len);
}

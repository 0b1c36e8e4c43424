/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_text.c - files that a text carries in itself.
 *
 * Some readers unpack uuencode and its like out of what they show, and programs
 * out of files, after the transfer encoding and the charset are undone, so that
 * the raw message shows nothing of it. Calendars (RFC 5545 3.1.3) and cards (RFC 6350, and 2.1 of
 * before) have files in base64 in a property, and HTML, SVG and CSS in URIs
 * (RFC 2397), written with entities (HTML 13.2.5.72) or percent signs.
 *
 * Charsets that are no superset of ASCII are undone as far as is needed: of
 * UTF-16 and UTF-32 the zero bytes are left out, UTF-7 (RFC 2152) is decoded.
 *
 * Linear in the input. Pictures in URIs are passed over, for all that is done
 * with them is to show them. Memory that runs out ends the process.
 *
 * Over 500 lines because each form of a file within a text is a short function on the same
 * scanner of lines.
 */
#include "mime_text.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "array.h"
#include "base64.h"
#include "line.h"
#include "mime_decode.h"
#include "sniff.h"

/* What is looked at to tell whether a content is text. */
#define HEAD_MAX 512
/* What may stand in front of a line that begins a file, to some reader. */
#define LEAD_MAX 8
/* Files in one text. */
#define FILES_MAX 1000
/* Digits below which base64 in a text is nothing to look at. */
#define DIGITS_MIN 16
/* How far in front of a value its name is looked for. */
#define NAME_REACH 300

struct text {
	const char *at, *end;
};

static char *room_for(size_t len);
static char *without_zeros(const char *, size_t *len);
static char *without_utf7(const char *, size_t *len);
static char *without_entities(const char *, size_t *len);
static bool entity(struct text *, char *c);
static void open_encoded(struct packed *, const char *, size_t len);
static bool begins_file(const struct text *line, const char **begin);
static void open_file(struct packed *, const char *, size_t len);
static bool begins(const char *, size_t len, const char *word);
static void add_decoded(struct packed *, enum decode_way, const char *, size_t len);
static void add_once(struct packed *, const char *name, size_t name_len, char *content, size_t len);
static char *unstuffed(const char *, size_t *len);
static void file_name(const char *, size_t len, const char **name, size_t *name_len);
static void open_values(struct packed *, const char *, size_t len);
static const char *value_begin(const char *, const char *end);
static const char *property_value(const char *, const char *end);
static const char *open_value(struct packed *, const char *text, const char *value,
    const char *end);
static bool next_byte(struct text *, unsigned char *);
static bool goes_on(const char *line, const char *end);
static void value_name(const char *text, const char *value, const char **name, size_t *len);
static void open_uris(struct packed *, const char *, size_t len);
static bool ends_uri(char);
static const char *open_uri(struct packed *, const char *, const char *end);
static bool percent(const char **s, const char *end, unsigned char *c);

char *
text_plain(const char *content, size_t len, bool shown, bool utf7, size_t *out_len)
{
	size_t head = len < HEAD_MAX ? len : HEAD_MAX;

	*out_len = len;
	if (head == 0 || (!shown && !sniff_is_text(content, head)))
		return NULL;
	if (memchr(content, '\0', head) != NULL)
		return without_zeros(content, out_len);
	return utf7 ? without_utf7(content, out_len) : NULL;
}

bool
text_is(const struct format_input *in)
{
	size_t head = in->text_len < HEAD_MAX ? in->text_len : HEAD_MAX;

	return head > 0 && (in->shown || sniff_is_text(in->text, head));
}

void
text_open(struct packed *p, const struct format_input *in)
{
	const char *content = in->text;
	size_t len = in->text_len, head = len < HEAD_MAX ? len : HEAD_MAX;
	char *entities = NULL;

	open_encoded(p, content, len);
	open_values(p, content, len);
	open_uris(p, content, len);
	if (memchr(content, '<', head) != NULL)
		entities = without_entities(content, &len);
	if (entities != NULL) {
		open_values(p, entities, len);
		open_uris(p, entities, len);
	}
	free(entities);
}

static char *
room_for(size_t len)
{
	char *room = malloc(len + 1);

	if (room == NULL)
		err(EX_OSERR, "text");
	return room;
}

static char *
without_zeros(const char *s, size_t *len)
{
	char *out = room_for(*len);
	size_t n = 0;

	for (size_t i = 0; i < *len; i++) {
		if (s[i] != '\0')
			out[n++] = s[i];
	}
	*len = n;
	return out;
}

/* RFC 2152: "+", UTF-16 in base64, and a "-" that is swallowed; "+-" is a "+". */
static char *
without_utf7(const char *s, size_t *len)
{
	char *out = room_for(*len);
	unsigned int bits = 0, have = 0;
	bool inside = false;
	size_t n = 0;

	for (size_t i = 0; i < *len; i++) {
		int digit = base64_value((unsigned char)s[i]);

		if (!inside && s[i] == '+') {
			inside = i + 1 == *len || s[i + 1] != '-';
			bits = have = 0;
			if (!inside) {
				out[n++] = '+';
				i++;
			}
		} else if (inside && digit >= 0) {
			bits = bits << 6 | (unsigned int)digit;
			have += 6;
			if (have >= 16) {
				have -= 16;
				out[n++] = (char)(bits >> have & 0xff);
			}
		} else {
			if (!inside || s[i] != '-')
				out[n++] = s[i];
			inside = false;
		}
	}
	*len = n;
	return out;
}

/* NULL if there are none. */
static char *
without_entities(const char *s, size_t *len)
{
	struct text t = { s, s + *len };
	char *out;
	size_t n = 0;

	if (memchr(s, '&', *len) == NULL)
		return NULL;
	out = room_for(*len);
	while (t.at < t.end) {
		if (*t.at == '&' && entity(&t, &out[n]))
			n++;
		else
			out[n++] = *t.at++;
	}
	*len = n;
	return out;
}

/* One of a byte that counts in a URI. */
static bool
entity(struct text *t, char *c)
{
	static const struct {
		const char *name;
		char c;
	} names[] = {
		{ "&colon;", ':' },
		{ "&semi;", ';' },
		{ "&comma;", ',' },
		{ "&sol;", '/' },
		{ "&plus;", '+' },
		{ "&equals;", '=' },
		{ "&percnt;", '%' },
		{ "&Tab;", '\t' },
		{ "&NewLine;", '\n' },
		{ "&quot;", '"' },
		{ "&apos;", '\'' },
	};
	size_t left = (size_t)(t->end - t->at), n = 2;
	bool hex;
	unsigned long value = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (begins(t->at, left, names[i].name)) {
			*c = names[i].c;
			t->at += strlen(names[i].name);
			return true;
		}
	}
	if (left < 4 || t->at[1] != '#')
		return false;
	hex = t->at[2] == 'x' || t->at[2] == 'X';
	for (n += hex; n < left && n < 12; n++) {
		unsigned char d = (unsigned char)t->at[n];

		if (hex ? !isxdigit(d) : !isdigit(d))
			break;
		value = value * (hex ? 16 : 10) +
		    (unsigned long)(isdigit(d) ? d - '0' : tolower(d) - 'a' + 10);
	}
	if (n == 2 + (size_t)hex || value == 0 || value > 0x7f)
		return false;
	*c = (char)value;
	t->at += n + (n < left && t->at[n] == ';');
	return true;
}

static bool
begins(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && strncasecmp(s, word, n) == 0;
}

/*
 * Each file from the line that begins it to the one that begins the next. What
 * a reader does with text in between, and with what is broken, the ways of
 * decoding know.
 */
static void
open_encoded(struct packed *p, const char *s, size_t len)
{
	const char *end = s + len, *file = NULL, *begin;

	for (const char *line = s; line < end; line += line_next(line, (size_t)(end - line))) {
		struct text t = { line, end };

		if (!begins_file(&t, &begin))
			continue;
		if (file != NULL)
			open_file(p, file, (size_t)(line - file));
		file = begin;
	}
	if (file != NULL)
		open_file(p, file, (size_t)(end - file));
}

/* *begin is behind what is passed over at the beginning of the line. */
static bool
begins_file(const struct text *line, const char **begin)
{
	const char *s = line->at;
	enum sniff_marker marker;

	while (s < line->end && s - line->at < LEAD_MAX && *s != '\n' &&
	    ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f))
		s++;
	*begin = s;
	marker = sniff_marker(s, (size_t)(line->end - s));
	return marker != MARKER_NONE && marker != MARKER_YENC_PART;
}

static void
open_file(struct packed *p, const char *s, size_t len)
{
	const char *end = s + len, *second = s + line_next(s, (size_t)(end - s));
	size_t n = len;
	char *copy;

	switch (sniff_marker(s, len)) {
	case MARKER_YENC:
		add_decoded(p, DECODE_YENC, s, len);
		break;
	case MARKER_BINHEX:
		add_decoded(p, DECODE_BINHEX, s, len);
		break;
	case MARKER_UU_BASE64:
		add_decoded(p, DECODE_UU_BASE64, s, len);
		break;
	default:
		add_decoded(p, DECODE_UU, s, len);
		add_decoded(p, DECODE_UU_ANY, s, len);
		add_decoded(p, DECODE_XX, s, len);
		/* RFC 3676 4.4 */
		if (second < end && *second == ' ') {
			copy = unstuffed(s, &n);
			add_decoded(p, DECODE_UU, copy, n);
			free(copy);
		}
	}
}

static void
add_decoded(struct packed *p, enum decode_way way, const char *s, size_t len)
{
	const char *name;
	size_t n, name_len;
	char *out = decode_bytes(way, s, len, 8 * len, &n);
	char *inner = way == DECODE_BINHEX ? decode_binhex_name(s, len) : NULL;

	file_name(s, len, &name, &name_len);
	if (inner != NULL)
		add_once(p, inner, strlen(inner), out, n);
	else
		add_once(p, name, name_len, out, n);
	free(inner);
}

/* Takes over content, NULL = none. Several readings give the same, under other names perhaps. */
static void
add_once(struct packed *p, const char *name, size_t name_len, char *content, size_t len)
{
	size_t i = 0;

	if (content == NULL)
		return;
	while (i < p->n &&
	    (p->items[i].content == NULL || p->items[i].len != len ||
		memcmp(p->items[i].content, content, len) != 0))
		i++;
	if (i < p->n) {
		packed_name(&p->items[i], name, name_len);
		free(content);
	} else if (p->n >= FILES_MAX) {
		p->too_big = true;
		free(content);
	} else {
		packed_add(p, name, name_len, content, len);
	}
}

char **
text_file_names(const char *text, size_t len, size_t *n)
{
	const char *end = text + len;
	char **names = NULL;

	*n = 0;
	for (size_t line; text < end && *n < FILES_MAX; text += line) {
		const char *name;
		size_t name_len;

		line = line_next(text, (size_t)(end - text));
		if (sniff_marker(text, line) == MARKER_NONE)
			continue;
		file_name(text, line, &name, &name_len);
		if (name_len == 0)
			continue;
		names = array_grow(names, *n, sizeof(*names), "text");
		names[*n] = strndup(name, name_len);
		if (names[*n] == NULL)
			err(EX_OSERR, "text");
		++*n;
	}
	return names;
}

/* Without the blank that stands in front of each line. */
static char *
unstuffed(const char *s, size_t *len)
{
	const char *end = s + *len;
	char *out = room_for(*len);
	size_t n = 0;

	for (size_t line; s < end; s += line) {
		size_t blank = *s == ' ';

		line = line_next(s, (size_t)(end - s));
		memcpy(out + n, s + blank, line - blank);
		n += line - blank;
	}
	*len = n;
	return out;
}

/* "begin MODE NAME", "=ybegin ... name=NAME". */
static void
file_name(const char *s, size_t len, const char **name, size_t *name_len)
{
	const char *end = s + line_next(s, len), *at, *mode;

	s += line_pre(s, (size_t)(end - s));
	at = s;
	while (end > s && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	*name = NULL;
	*name_len = 0;
	if (*s == '=') {
		at = memmem(s, (size_t)(end - s), "name=", 5);
		if (at == NULL)
			return;
		at += 5;
	} else if (*s == '(' || *s == ':') {
		return;
	} else {
		while (at < end && *at != ' ' && *at != '\t')
			at++;
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		for (mode = at; at < end && *at >= '0' && *at <= '7';)
			at++;
		/* Without a mode it may be a sentence. */
		if (at == mode)
			return;
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
	}
	*name = at;
	*name_len = (size_t)(end - at);
}

/* Base64 in properties and URIs. */
static void
open_values(struct packed *p, const char *s, size_t len)
{
	const char *end = s + len, *at = s, *value;

	while ((at = memchr(at, ';', (size_t)(end - at))) != NULL) {
		value = value_begin(++at, end);
		if (value != NULL)
			at = open_value(p, s, value, end);
	}
}

/* Behind the semicolon: where a value in base64 begins, NULL if none does. */
static const char *
value_begin(const char *s, const char *end)
{
	size_t left = (size_t)(end - s);

	/* A property may be folded anywhere, but for the semicolon it is looked for by. */
	while (left > 0 && (*s == ' ' || *s == '\t' || *s == '\r' || *s == '\n')) {
		s++;
		left--;
	}
	if (begins(s, left, "base64")) {
		s += 6;
		while (s < end && (*s == ' ' || *s == '"'))
			s++;
		return s < end && *s == ',' ? s + 1 : property_value(s, end);
	}
	if (!begins(s, left, "encoding"))
		return NULL;
	for (s += 8; s < end && strchr(" =\"\t", *s) != NULL && *s != '\0'; s++)
		;
	if (!begins(s, (size_t)(end - s), "b"))
		return NULL;
	while (s < end && (isalnum((unsigned char)*s) || *s == '"'))
		s++;
	return property_value(s, end);
}

/* Behind the colon of a property, which is not in quotes. */
static const char *
property_value(const char *s, const char *end)
{
	bool quoted = false;

	if (end - s > NAME_REACH)
		end = s + NAME_REACH;
	for (; s < end; s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (*s == ':' && !quoted)
			return s + 1;
		else if (*s == '\n' && (s + 1 == end || (s[1] != ' ' && s[1] != '\t')))
			return NULL;
	}
	return NULL;
}

/* Up to a byte that is no digit, blanks and folds passed over; returns where that is. */
static const char *
open_value(struct packed *p, const char *text, const char *value, const char *end)
{
	struct text t = { value, end };
	const char *name;
	char *digits, *out;
	size_t n = 0, out_len, name_len;
	unsigned char c;

	while (next_byte(&t, &c) && c != '=')
		n++;
	if (n < DIGITS_MIN)
		return t.at;
	digits = room_for(n);
	t.at = value;
	for (size_t i = 0; i < n && next_byte(&t, &c); i++)
		digits[i] = (char)c;
	out = decode_bytes(DECODE_BASE64_SKIP, digits, n, n, &out_len);
	free(digits);
	if (out != NULL && sniff_is_picture(out, out_len)) {
		free(out);
	} else if (out != NULL) {
		value_name(text, value, &name, &name_len);
		add_once(p, name, name_len, out, out_len);
	}
	return t.at;
}

/* The next digit or "=" of a value; false at its end. */
static bool
next_byte(struct text *t, unsigned char *c)
{
	for (; t->at < t->end; t->at++) {
		*c = (unsigned char)*t->at;
		percent(&t->at, t->end, c);
		if (isalnum(*c) || (*c != '\0' && strchr("+/-_=", *c) != NULL)) {
			t->at++;
			return true;
		}
		if (*c == '\n' && !goes_on(t->at + 1, t->end))
			return false;
		if (*c != '\n' && *c != '\r' && *c != ' ' && *c != '\t')
			return false;
	}
	return false;
}

/* Not if the next line begins another property. */
static bool
goes_on(const char *line, const char *end)
{
	if (line < end && (*line == ' ' || *line == '\t'))
		return true;
	for (; line < end && *line != '\n'; line++) {
		if (*line == ':' || *line == ';')
			return false;
	}
	return true;
}

/* A parameter or an attribute that names a file, shortly in front of its value. */
static void
value_name(const char *text, const char *value, const char **name, size_t *len)
{
	static const char *const words[] = { "filename=", "name=", "download=" };
	const char *from = value - text > NAME_REACH ? value - NAME_REACH : text;

	*name = NULL;
	*len = 0;
	for (const char *at = value - 1; at > from && *at != '<' && *name == NULL; at--) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (begins(at, (size_t)(value - at), words[i]))
				*name = at + strlen(words[i]);
		}
	}
	if (*name == NULL)
		return;
	if (*name < value && (**name == '"' || **name == '\'')) {
		const char quote = *(*name)++;

		while (*name + *len < value && (*name)[*len] != quote)
			++*len;
		return;
	}
	while (*name + *len < value && strchr(";: >\r\n", (*name)[*len]) == NULL)
		++*len;
}

/* URIs that are not in base64: "data:TYPE,", then bytes, many by percent signs. */
static void
open_uris(struct packed *p, const char *s, size_t len)
{
	const char *end = s + len, *at = s, *comma;

	while ((at = memchr(at, ':', (size_t)(end - at))) != NULL) {
		comma = ++at;
		if (at - s < 5 || strncasecmp(at - 5, "data", 4) != 0)
			continue;
		while (comma < end && comma - at < NAME_REACH && ends_uri(*comma) == false &&
		    *comma != ',')
			comma++;
		if (comma == end || *comma != ',' ||
		    (comma - at >= 7 && strncasecmp(comma - 7, ";base64", 7) == 0))
			continue;
		at = open_uri(p, comma + 1, end);
	}
}

static bool
ends_uri(char c)
{
	return (unsigned char)c <= ' ' || strchr("\"'<>()", c) != NULL;
}

/* Returns where it ends. */
static const char *
open_uri(struct packed *p, const char *s, const char *end)
{
	const char *behind = s;
	size_t n = 0, escapes = 0;
	char *out;

	for (; behind < end && !ends_uri(*behind); behind++)
		escapes += *behind == '%';
	if (escapes < DIGITS_MIN)
		return behind;
	out = room_for((size_t)(behind - s));
	for (; s < behind; s++) {
		unsigned char c = (unsigned char)*s;

		percent(&s, behind, &c);
		out[n++] = (char)c;
	}
	add_once(p, NULL, 0, out, n);
	return behind;
}

/* A byte that is written by a percent sign: *s moves to its last digit. */
static bool
percent(const char **s, const char *end, unsigned char *c)
{
	const char *at = *s;

	if (*at != '%' || end - at < 3 || !isxdigit((unsigned char)at[1]) ||
	    !isxdigit((unsigned char)at[2]))
		return false;
	*c = (unsigned char)strtoul((const char[]){ at[1], at[2], '\0' }, NULL, 16);
	*s += 2;
	return true;
}

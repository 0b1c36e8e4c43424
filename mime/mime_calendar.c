/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_calendar.c - the files that calendars and cards carry in their properties.
 *
 * RFC 5545 3.1 and RFC 6350 3.2: a line may be folded anywhere, in the middle of a word
 * as well, so the first thing to do is to unfold all of it. Then a property is its name,
 * its parameters, a colon and its value; the value of ATTACH, PHOTO, LOGO, SOUND, KEY and
 * of whatever else says so is a file in base64, or a data URI (RFC 2397). Every value that
 * says that it is base64 is taken for one, whatever the property is called.
 *
 * Its names are those of all parameters that end in "FILENAME" or are called "NAME"
 * or "LABEL" (RFC 8607 4.1, X-FILENAME, X-APPLE-FILENAME and others); in quotes or not,
 * RFC 6868 undone.
 *
 * Linear in the content. Memory that runs out ends the process.
 */
#include "mime_calendar.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "line.h"
#include "mime_decode.h"
#include "sniff.h"

/* What is looked at to tell whether a content is text. */
#define HEAD_MAX 512
/* Files in one calendar, and names of one file. */
#define FILES_MAX 1000
#define NAMES_MAX 16

struct property {
	const char *names[NAMES_MAX];
	size_t name_lens[NAMES_MAX];
	size_t n_names;
	bool base64;
	const char *value;
};

static char *unfold(const char *, size_t *len);
static bool open_property(struct packed *, const char *line, const char *end);
static bool parse(const char *line, const char *end, struct property *);
static const char *parameter(const char *, const char *end, struct property *);
static void add_name(struct property *, const char *name, size_t len);
static bool is(const char *, size_t len, const char *word);
static const char *data_uri(const char *, const char *end);
static void add_file(struct packed *, const struct property *, const char *end);

bool
calendar_is(const struct format_input *in)
{
	size_t head = in->text_len < HEAD_MAX ? in->text_len : HEAD_MAX;
	const char *at = in->text, *end = in->text + in->text_len;

	if (head == 0 || !(in->shown || sniff_is_text(in->text, head)))
		return false;
	for (; (at = memchr(at, ':', (size_t)(end - at))) != NULL; at++) {
		if (at - in->text >= 5 && end - at > 1 && (at[1] | 0x20) == 'v' &&
		    strncasecmp(at - 5, "BEGIN", 5) == 0)
			return true;
	}
	return false;
}

void
calendar_open(struct packed *p, const struct format_input *in)
{
	size_t len = in->text_len, files = 0;
	char *text = unfold(in->text, &len);

	for (const char *line = text, *end = text + len; line < end;) {
		size_t n = line_next(line, (size_t)(end - line));

		if (open_property(p, line, line + line_text(line, n)) && ++files == FILES_MAX) {
			p->too_big = true;
			break;
		}
		line += n;
	}
	free(text);
}

/* Line endings become LF; one in front of a blank or a tab goes, with that. */
static char *
unfold(const char *s, size_t *len)
{
	char *out = malloc(*len + 1);
	size_t n = 0;

	if (out == NULL)
		err(EX_OSERR, "calendar");
	for (size_t i = 0; i < *len; i++) {
		size_t line = i;

		if (s[i] == '\r')
			line++;
		if (line < *len && s[line] == '\n')
			line++;
		if (line > i && line < *len && (s[line] == ' ' || s[line] == '\t')) {
			i = line;
		} else if (line > i) {
			out[n++] = '\n';
			i = line - 1;
		} else {
			out[n++] = s[i];
		}
	}
	*len = n;
	return out;
}

static bool
open_property(struct packed *p, const char *line, const char *end)
{
	struct property property = { .n_names = 0 };
	const char *data;

	if (!parse(line, end, &property))
		return false;
	data = data_uri(property.value, end);
	if (data != NULL) {
		property.base64 = true;
		property.value = data;
	}
	if (!property.base64)
		return false;
	add_file(p, &property, end);
	return true;
}

static bool
parse(const char *line, const char *end, struct property *property)
{
	const char *at = line;

	while (at < end && *at != ';' && *at != ':')
		at++;
	while (at < end && *at == ';')
		at = parameter(at + 1, end, property);
	if (at >= end || *at != ':')
		return false;
	property->value = at + 1;
	return true;
}

/* Behind the semicolon: NAME=VALUE, or the value alone as vCard 2.1 has it; returns where it ends. */
static const char *
parameter(const char *s, const char *end, struct property *property)
{
	const char *at = s, *value = s;
	size_t name_len = 0, len;
	bool quoted = false;

	for (; at < end && (quoted || (*at != ';' && *at != ':')); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (*at == '=' && value == s) {
			name_len = (size_t)(at - s);
			value = at + 1;
		}
	}
	/* A quote that nobody closes: take it for a letter. */
	if (quoted)
		for (at = value; at < end && *at != ';' && *at != ':'; at++)
			;
	len = (size_t)(at - value);
	if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
		value++;
		len -= 2;
	}
	if (is(value, len, "BASE64") || (is(s, name_len, "ENCODING") && is(value, len, "B")) ||
	    (is(s, name_len, "VALUE") && is(value, len, "BINARY")))
		property->base64 = true;
	if (is(s, name_len, "NAME") || is(s, name_len, "LABEL") ||
	    (name_len >= 8 && is(s + name_len - 8, 8, "FILENAME")))
		add_name(property, value, len);
	return at;
}

static void
add_name(struct property *property, const char *name, size_t len)
{
	if (property->n_names == NAMES_MAX)
		return;
	property->names[property->n_names] = name;
	property->name_lens[property->n_names++] = len;
}

static bool
is(const char *s, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(s, word, len) == 0;
}

/*
 * Where the base64 of a data URI begins; NULL if it is none. Some write the comma as in
 * a text, with a backslash in front of it (RFC 6350 3.4), and readers take that away.
 */
static const char *
data_uri(const char *value, const char *end)
{
	const char *comma, *type_end;

	if (end - value < 5 || strncasecmp(value, "data:", 5) != 0)
		return NULL;
	comma = memchr(value, ',', (size_t)(end - value));
	if (comma == NULL)
		return NULL;
	type_end = comma[-1] == '\\' ? comma - 1 : comma;
	if (type_end - value < 7 || strncasecmp(type_end - 6, "base64", 6) != 0)
		return NULL;
	return comma + 1;
}

static void
add_file(struct packed *p, const struct property *property, const char *end)
{
	size_t len = (size_t)(end - property->value), out_len = 0;
	char *out = decode_bytes(DECODE_BASE64_SKIP, property->value, len, len, &out_len);

	/* Which of so many a program goes by is not known. */
	if (property->n_names == NAMES_MAX)
		p->unopened = "calendar";
	/* All that is done with a picture is to show it. */
	if (out != NULL && property->n_names == 0 && sniff_is_picture(out, out_len)) {
		free(out);
		return;
	}
	packed_add(p, property->n_names == 0 ? NULL : property->names[0],
	    property->n_names == 0 ? 0 : property->name_lens[0], out, out == NULL ? 0 : out_len);
	for (size_t i = 1; i < property->n_names; i++)
		packed_name(&p->items[p->n - 1], property->names[i], property->name_lens[i]);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * carry.c - the header fields that a wrapped message takes over from its original.
 *
 * Those that servers on its further way go by: against loops (Received and
 * Delivered-To, RFC 5321 6.3; X-Loop), against answers to what nobody wrote
 * (Auto-Submitted, RFC 3834 5; List-*, RFC 2369 and 2919; Precedence), and for the way
 * it is sent (TLS-Required, RFC 8689 5; Require-TLS-ESMTP of Postfix 3.11).
 *
 * The original is whatever a stranger wrote. So what is taken over is printable ASCII
 * in lines of at most 900 bytes, of so many fields and bytes; what does not fit is left
 * out, and a Received field that is too long is cut, since they are counted. Only the
 * first 64 KB of the header are looked at.
 */
#include "carry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "line.h"
#include "span.h"

#define HEADER_LOOKED_AT (64u << 10)
#define FIELDS_MAX 200
#define FIELD_MAX 2000 /* bytes of one field, as it stands */
#define LINE_MAX_BYTES 900
#define FOLD_BEHIND 76
#define BYTES_MAX (32u << 10) /* of all */

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

struct carrier {
	char *text;
	size_t len;
	const char *eol;
	size_t fields;
	unsigned int seen; /* of the names that may come once */
	bool automatic;
};

static const struct carried {
	const char *name; /* with a "-" at its end: what begins with it */
	bool once;
	bool counted; /* cut, rather than left out */
} names[] = {
	{ "Received", false, true },
	{ "Delivered-To", false, false },
	{ "X-Loop", false, false },
	{ "List-", false, false },
	{ "Precedence", true, false },
	{ "Auto-Submitted", true, false },
	{ "TLS-Required", true, false },
	{ "Require-TLS-ESMTP", true, false },
};

static const struct carried *find_name(const char *, size_t);
static void take(struct carrier *, const struct carried *, const char *, size_t);
static bool says_no(const char *, size_t);
static bool is_blank(char);
static void end_line(struct carrier *);
static void add(struct carrier *, char);

char *
carry_fields(const struct message *original, const char *eol, bool *automatic)
{
	struct carrier c = { .eol = eol, .text = malloc(BYTES_MAX + 1) };
	const char *at = original->bytes;
	size_t left = original->size < HEADER_LOOKED_AT ? original->size : HEADER_LOOKED_AT, len;

	if (c.text == NULL)
		return NULL;
	if (left > 5 && memcmp(at, "From ", 5) == 0) {
		len = line_folded(at, left);
		at += len;
		left -= len;
	}
	for (; left > 0 && *at != '\n' && *at != '\r'; at += len, left -= len) {
		const struct carried *name;

		len = line_folded(at, left);
		if ((name = find_name(at, len)) != NULL)
			take(&c, name, at, len);
	}
	c.text[c.len] = '\0';
	*automatic = c.automatic;
	return c.text;
}

static const struct carried *
find_name(const char *field, size_t len)
{
	const char *colon = memchr(field, ':', len);
	size_t n = colon == NULL ? 0 : (size_t)(colon - field);

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		size_t want = strlen(names[i].name);
		bool prefix = names[i].name[want - 1] == '-';

		if ((prefix ? n > want && n < 40 : n == want) &&
		    strncasecmp(field, names[i].name, want) == 0)
			return &names[i];
	}
	return NULL;
}

/* take - folded anew, since a line of blanks alone ends a header for some */
static void
take(struct carrier *c, const struct carried *name, const char *field, size_t len)
{
	unsigned int bit = 1u << (name - names);
	size_t column = 0, start = c->len;

	if (c->fields >= FIELDS_MAX || (name->once && (c->seen & bit) != 0))
		return;
	if (len > FIELD_MAX && !name->counted)
		return;
	if (strcmp(name->name, "Auto-Submitted") == 0 && says_no(field, len))
		return;
	if (len > FIELD_MAX)
		len = FIELD_MAX;
	while (is_blank(field[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++) {
		char ch = field[i];

		if (is_blank(ch))
			ch = ' ';
		else if ((unsigned char)ch < ' ' || (unsigned char)ch > '~')
			ch = '?';
		if (ch == ' ' && c->len > start && c->text[c->len - 1] == ' ')
			continue;
		if (ch == ' ' && column > FOLD_BEHIND) {
			end_line(c);
			column = 0;
		}
		if (column < LINE_MAX_BYTES)
			add(c, ch);
		column++;
	}
	end_line(c);
	if (c->len >= BYTES_MAX) {
		c->len = start;
		return;
	}
	c->fields++;
	c->seen |= bit;
	c->automatic = c->automatic || strcmp(name->name, "Auto-Submitted") == 0;
}

/* says_no - "Auto-Submitted: no" is said of what a person wrote; a notice is none */
static bool
says_no(const char *field, size_t len)
{
	const char *colon = memchr(field, ':', len);
	struct span rest = { colon + 1, len - (size_t)(colon + 1 - field) };

	span_skip_blanks(&rest);
	return span_take(&rest, "no") && (rest.len == 0 || strchr(" \t;(\r\n", *rest.text) != NULL);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
end_line(struct carrier *c)
{
	for (const char *e = c->eol; *e != '\0'; e++)
		add(c, *e);
}

static void
add(struct carrier *c, char ch)
{
	if (c->len < BYTES_MAX)
		c->text[c->len++] = ch;
}

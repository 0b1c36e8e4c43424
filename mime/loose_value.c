/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loose_value.c - what programs that are no parsers make of the value of a parameter.
 *
 * Each rule was seen in some program (cases of "make readers"):
 * - a value ends where a token does (Dovecot, Camel, nmh, Horde), at a semicolon in quotes
 *   (Roundcube), at a control, at an encoded word;
 * - strings beside each other are one (Python, mime4j), and with the tokens among them
 *   (PHP mailparse, Emacs), whatever comments are between (letterparser, enmime).
 *
 * Memory that runs out ends the process.
 */
#include "loose_value.h"

#include <err.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "header.h"

/* No name is longer; and how many gaps of one value are looked at. */
#define VALUE_MAX 2048
#define GAPS_MAX 16
/* What ends a token (RFC 2045 5.1), but for the semicolon. */
#define TOKEN_ENDS "()<>@,:\\\"/[]?= \t"

/* Candidates go there. */
struct found {
	void (*fn)(void *ctx, const char *name);
	void *ctx;
};

static size_t strings_apart(const char *, size_t len);
static void quoted_readings(const struct found *, const char *, size_t len);
static void joined_readings(const struct found *, const char *, size_t len);
static void each_end(const struct found *, const char *, size_t len, const char *ends);
static void give(const struct found *, const char *, size_t len);
static void give_unfolded(const struct found *, const char *, size_t len);

bool
loose_value_is_junk(unsigned char c)
{
	/* NBSP, NEL and the like are bytes from 0x80 on in every charset. */
	return c <= ' ' || c >= 0x7f;
}

void
loose_value_each(const char *s, size_t len, void (*fn)(void *ctx, const char *name), void *ctx)
{
	const struct found place = { fn, ctx }, *found = &place;
	size_t n = 0;

	if (len > VALUE_MAX)
		len = VALUE_MAX;
	while (len > 0 && (loose_value_is_junk((unsigned char)*s) || *s == '<')) {
		s++;
		len--;
	}
	joined_readings(found, s, len);
	if (len > 0 && *s == '"') {
		quoted_readings(found, s, len);
		return;
	}
	while (n < len && s[n] != ';')
		n++;
	give(found, s, n);
	each_end(found, s, n, TOKEN_ENDS);
}

/* How much whitespace stands in front of another string; 0 if none follows. */
static size_t
strings_apart(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && strchr(" \t\r\n", s[n]) != NULL && s[n] != '\0')
		n++;
	return n < len && s[n] == '"' ? n : 0;
}

/*
 * What is in the quotes; up to what ends it to some; and with what follows, which
 * may be another string or a token.
 */
static void
quoted_readings(const struct found *found, const char *s, size_t len)
{
	char *joined = malloc(len + 1);
	size_t n = 0, first = 0, at = 0;
	bool quoted = false;

	if (joined == NULL)
		err(EX_OSERR, "loose");
	for (; at < len && (quoted || s[at] != ';'); at++) {
		if (s[at] == '"') {
			quoted = !quoted;
			if (!quoted && first == 0)
				first = n;
			if (!quoted)
				at += strings_apart(s + at + 1, len - at - 1);
		} else if (quoted && s[at] == '\\' && at + 1 < len) {
			joined[n++] = s[++at];
		} else if (!quoted && loose_value_is_junk((unsigned char)s[at])) {
			break;
		} else {
			joined[n++] = s[at];
		}
	}
	if (first == 0)
		first = n;
	give(found, joined, first);
	if (memchr(joined, '\n', first) != NULL)
		give_unfolded(found, joined, first);
	each_end(found, joined, first, ";");
	if (n > first)
		give(found, joined, n);
	free(joined);
}

/* Strings and tokens are one to some, whatever blanks and comments are between them. */
static void
joined_readings(const struct found *found, const char *s, size_t len)
{
	char *joined = malloc(len + 1);
	size_t n = 0, gaps = 0;
	bool quoted = false, strings = false;

	if (joined == NULL)
		err(EX_OSERR, "loose");
	for (size_t at = 0; at < len && (quoted || s[at] != ';'); at++) {
		const char *close = quoted || s[at] != '(' ? NULL : memchr(s + at, ')', len - at);

		if (close != NULL) {
			at = (size_t)(close - s);
		} else if (s[at] == '"') {
			quoted = !quoted;
			strings = true;
		} else if (quoted && s[at] == '\\' && at + 1 < len) {
			joined[n++] = s[++at];
		} else if (quoted || !loose_value_is_junk((unsigned char)s[at])) {
			joined[n++] = s[at];
		} else if (n > 0 && gaps++ < GAPS_MAX) {
			give(found, joined, n);
		}
	}
	if (n > 0)
		give(found, joined, n);
	if (n > 0 && !strings)
		each_end(found, joined, n, TOKEN_ENDS);
	free(joined);
}

/*
 * To some a value ends at the first of one of these bytes, at a control, at an encoded
 * word; a token also at a byte that is not ASCII.
 */
static void
each_end(const struct found *found, const char *s, size_t len, const char *ends)
{
	bool seen[UCHAR_MAX + 1] = { false };

	for (size_t at = 1; at < len; at++) {
		unsigned char c = (unsigned char)s[at], kind = c;
		bool word = c == '=' && at + 1 < len && s[at + 1] == '?';

		if (c >= 0x80)
			kind = 0x80;
		else if (word)
			kind = 0xff;
		if (seen[kind] ||
		    !((c < ' ' && c != '\t') || c == 0x7f || word || strchr(ends, c) != NULL ||
			(c >= 0x80 && ends[1] != '\0')))
			continue;
		give(found, s, at);
		seen[kind] = true;
	}
}

/*
 * A candidate, without what no name ends with. A NUL is left out: header.c knows
 * what else may become of it; a line ending is whitespace.
 */
static void
give(const struct found *found, const char *s, size_t len)
{
	char *name;
	size_t n = 0;

	while (len > 0 &&
	    (loose_value_is_junk((unsigned char)s[len - 1]) ||
		strchr("()<>[]{}\"',:=?/\\", s[len - 1]) != NULL))
		len--;
	if (len == 0)
		return;
	name = malloc(len + 1);
	if (name == NULL)
		err(EX_OSERR, "loose");
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '\0' && s[i] != '\r')
			name[n++] = s[i] == '\n' ? ' ' : s[i];
	}
	name[n] = '\0';
	header_value_forms(name, found->fn, found->ctx);
	free(name);
}

/* A string that was folded, to those who take the whitespace of the fold away too. */
static void
give_unfolded(const struct found *found, const char *s, size_t len)
{
	char *name = malloc(len + 1);
	size_t n = 0;

	if (name == NULL)
		err(EX_OSERR, "loose");
	for (size_t i = 0; i < len; i++) {
		if (strchr(" \t\r\n", s[i]) == NULL)
			name[n++] = s[i];
	}
	give(found, name, n);
	free(name);
}

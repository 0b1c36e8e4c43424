/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loose.c - headers as programs read them that are no parsers.
 *
 * header.c reads by the letter, and tells where that is left; here is what others
 * make of it then. Each rule was seen in some program (cases of "make readers"):
 * - a field is known by the beginning of its line alone (reformime, munpack, mime4j:
 *   a comment or a backslash in front of the colon; Thunderbird, Dovecot, JavaMail:
 *   a control or a NUL);
 * - a CR alone ends a line (Python, Thunderbird, JavaMail), a line that is no field
 *   goes on with the one before it (ripmime, enmime);
 * - a parameter is looked for by its name, so that a type, a semicolon or the bytes
 *   around the name do not matter (27 programs for a VT);
 * - a value ends where a token does (Dovecot, Camel, nmh), at a semicolon in quotes
 *   (Roundcube), at a control; or strings beside each other are one (Python, mime4j).
 *
 * Linear in the input but for the number of names, which is bounded. Memory that
 * runs out ends the process.
 */
#include "loose.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "header.h"
#include "line.h"

/* What may stand in front of a field's name, and between it and the colon. */
#define LEAD_MAX 8
#define COMMENT_MAX 64
/* What a field's name is looked for in. */
#define FIELD_MAX 128
/* Parameters of one block, and ends of one value. */
#define PARAMS_MAX 64
#define ENDS_MAX 16
#define VALUE_MAX 2048
#define BOUNDARY_MAX 200

/* Candidates go there. */
struct found {
	void (*fn)(void *ctx, const char *name);
	void *ctx;
	size_t n_params;
};

static size_t any_line(const char *, size_t len);
static void each_param(struct found *, const char *, size_t len);
static size_t name_at(const char *, size_t len, size_t at);
static size_t lead(const char *, size_t len);
static size_t without_comments(const char *, size_t len, char plain[FIELD_MAX]);
static bool is_lead(unsigned char);
static bool is_junk(unsigned char);
static void each_reading(struct found *, const char *, size_t len);
static size_t strings_apart(const char *, size_t len);
static void quoted_readings(struct found *, const char *, size_t len);
static void each_end(struct found *, const char *, size_t len, const char *ends);
static void give(struct found *, const char *, size_t len);
static void give_unfolded(struct found *, const char *, size_t len);
static struct loose_boundary boundary_value(const char *, size_t len);
static void ignore(void *ctx, const char *name);

/* Length of the line, which an LF or a CR ends; not if the next one begins with its colon. */
static size_t
any_line(const char *s, size_t len)
{
	size_t line = line_next(s, len), next;
	const char *cr = memchr(s, '\r', line);

	if (cr != NULL && (size_t)(cr - s) + 2 < line)
		line = (size_t)(cr - s) + 1;
	for (next = line; next < len && (s[next] == ' ' || s[next] == '\t'); next++)
		;
	if (next < len && s[next] == ':' && memchr(s, ':', line) == NULL)
		return line + any_line(s + line, len - line);
	return line;
}

/* Length of what may stand in front of a field's name: junk, or a comment (mime4j). */
static size_t
lead(const char *line, size_t len)
{
	const char *end = len > 0 && *line == '(' ? memchr(line, ')', len) : NULL;
	size_t n = 0;

	if (end != NULL && end - line < COMMENT_MAX)
		n = (size_t)(end - line) + 1;
	for (int i = 0; i < LEAD_MAX && n < len && is_lead((unsigned char)line[n]); i++) {
		/* "> " quotes; without the blank it is passed over (PHP mailparse). */
		if (line[n] == '>' && n + 1 < len && is_junk((unsigned char)line[n + 1]))
			break;
		n++;
	}
	return n;
}

/* The beginning of a line, as mime4j reads a field's name; its length. */
static size_t
without_comments(const char *line, size_t len, char plain[FIELD_MAX])
{
	size_t n = 0;
	bool inside = false;

	for (size_t i = 0; i < len && n < FIELD_MAX; i++) {
		inside = inside || line[i] == '(';
		if (!inside)
			plain[n++] = line[i];
		inside = inside && line[i] != ')';
	}
	return n;
}

enum loose_field
loose_field(const char *line, size_t len)
{
	static const struct {
		const char *name;
		enum loose_field field;
	} names[] = {
		{ "Content-Type", LOOSE_TYPE },
		{ "Content-Disposition", LOOSE_DISPOSITION },
		{ "Content-Transfer-Encoding", LOOSE_ENCODING },
		{ "X-Content-Transfer-Encoding", LOOSE_ENCODING },
	};
	char plain[FIELD_MAX];
	size_t skip = lead(line, len);

	line += skip;
	len -= skip;
	if (memchr(line, '(', len < FIELD_MAX ? len : FIELD_MAX) != NULL) {
		len = without_comments(line, len, plain);
		line = plain;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i].name), room;

		if (len <= n || strncasecmp(line, names[i].name, n) != 0)
			continue;
		room = len - n < COMMENT_MAX ? len - n : COMMENT_MAX;
		if (isalnum((unsigned char)line[n]) || line[n] == '-' ||
		    memchr(line + n, ':', room) == NULL)
			return LOOSE_NONE;
		return names[i].field;
	}
	return LOOSE_NONE;
}

bool
loose_is_odd(const char *line, size_t len)
{
	for (bool first = true; len > 0; first = false) {
		size_t n = any_line(line, len), name = 0;

		if (loose_field(line, n) != LOOSE_NONE) {
			while (name < n &&
			    (isalpha((unsigned char)line[name]) || line[name] == '-'))
				name++;
			while (name > 0 && name < n && (line[name] == ' ' || line[name] == '\t'))
				name++;
			/* Whitespace in front of it is a folded line; others look at that. */
			if (!first && line[-1] == '\r')
				return true;
			if (*line != ' ' && *line != '\t' &&
			    (name == 0 || line[name] != ':' || *line == 'X' || *line == 'x'))
				return true;
		}
		line += n;
		len -= n;
	}
	return false;
}

void
loose_names(const char *bytes, size_t begin, size_t end, void (*fn)(void *ctx, const char *name),
    void *ctx)
{
	struct found found = { fn, ctx, 0 };
	char *value = malloc(end - begin + 1);
	size_t len = 0;
	bool within = false;

	if (value == NULL)
		err(EX_OSERR, "loose");
	for (size_t at = begin, n; at < end; at += n) {
		const char *line = bytes + at;
		enum loose_field field;
		const char *colon;
		bool goes_on;

		n = any_line(line, end - at);
		/* An empty line that CRs alone make ends what is before it. */
		if (n == 1 && *line == '\r') {
			each_param(&found, value, len);
			len = 0;
			within = false;
		}
		if (line_text(line, n) == 0)
			continue;
		field = loose_field(line, n);
		colon = memchr(line, ':', n);
		goes_on = field == LOOSE_NONE && (*line == ' ' || *line == '\t' || colon == NULL);
		if (!goes_on) {
			each_param(&found, value, len);
			len = 0;
			within = field == LOOSE_TYPE || field == LOOSE_DISPOSITION;
		}
		if (!within)
			continue;
		if (!goes_on) {
			size_t skip = (size_t)(colon - line) + 1;

			memcpy(value, line + skip, n - skip);
			len = n - skip;
		} else {
			memcpy(value + len, line, n);
			len += n;
		}
	}
	each_param(&found, value, len);
	free(value);
}

/* Not what could begin a boundary. */
static bool
is_lead(unsigned char c)
{
	return is_junk(c) || (ispunct(c) && c != '-' && c != ':');
}

/* NBSP, NEL and the like are bytes from 0x80 on in every charset. */
static bool
is_junk(unsigned char c)
{
	return c <= ' ' || c >= 0x7f;
}

/* A parameter called "name" or "filename" at any place of a value. */
static void
each_param(struct found *found, const char *value, size_t len)
{
	for (size_t at = 0; at + 5 < len && found->n_params < PARAMS_MAX; at++) {
		size_t behind = name_at(value, len, at);

		if (behind == 0)
			continue;
		found->n_params++;
		each_reading(found, value + behind, len - behind);
		at = behind - 1;
	}
}

/* Behind the "=" of a parameter whose name begins at at; 0 = none does. */
static size_t
name_at(const char *s, size_t len, size_t at)
{
	if (at > 0 && (isalnum((unsigned char)s[at - 1]) || strchr("-_.", s[at - 1]) != NULL) &&
	    s[at - 1] != '\0')
		return 0;
	if (len - at > 8 && strncasecmp(s + at, "filename", 8) == 0)
		at += 8;
	else if (len - at > 4 && strncasecmp(s + at, "name", 4) == 0)
		at += 4;
	else
		return 0;
	while (at < len &&
	    (is_junk((unsigned char)s[at]) || isdigit((unsigned char)s[at]) ||
		(ispunct((unsigned char)s[at]) && s[at] != '=')))
		at++;
	return at < len && s[at] == '=' ? at + 1 : 0;
}

/* Up to where a value may go at the most. */
static void
each_reading(struct found *found, const char *s, size_t len)
{
	size_t n = 0;

	if (len > VALUE_MAX)
		len = VALUE_MAX;
	while (len > 0 && (is_junk((unsigned char)*s) || *s == '<')) {
		s++;
		len--;
	}
	if (len > 0 && *s == '"') {
		quoted_readings(found, s, len);
		return;
	}
	while (n < len && s[n] != ';')
		n++;
	give(found, s, n);
	each_end(found, s, n, ",=?/\"()<> \t");
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
quoted_readings(struct found *found, const char *s, size_t len)
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
		} else if (!quoted && is_junk((unsigned char)s[at])) {
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

/* To some a value ends at one of these bytes, at a control, at an encoded word. */
static void
each_end(struct found *found, const char *s, size_t len, const char *ends)
{
	size_t n = 0;

	for (size_t at = 1; at < len && n < ENDS_MAX; at++) {
		unsigned char c = (unsigned char)s[at];
		bool word = c == '=' && at + 1 < len && s[at + 1] == '?';

		if ((c < ' ' && c != '\t') || c == 0x7f || word || strchr(ends, c) != NULL ||
		    (c >= 0x80 && *ends == ',')) {
			give(found, s, at);
			n++;
		}
	}
}

/*
 * A candidate, without what no name ends with. A NUL is left out: header.c knows
 * what else may become of it; a line ending is whitespace.
 */
static void
give(struct found *found, const char *s, size_t len)
{
	char *name;
	size_t n = 0;

	while (len > 0 &&
	    (is_junk((unsigned char)s[len - 1]) ||
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
give_unfolded(struct found *found, const char *s, size_t len)
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

size_t
loose_boundaries(const char *bytes, size_t size, struct loose_boundary found[LOOSE_BOUNDARIES_MAX])
{
	size_t n = 0;

	for (size_t at = 0; at + 10 < size && n < LOOSE_BOUNDARIES_MAX; at++) {
		struct loose_boundary b;

		if ((bytes[at] | 0x20) != 'b' || strncasecmp(bytes + at, "boundary", 8) != 0)
			continue;
		at += 8;
		b = boundary_value(bytes + at, size - at);
		for (size_t i = 0; i < n && b.len > 0; i++) {
			if (found[i].len == b.len && memcmp(found[i].text, b.text, b.len) == 0)
				b.len = 0;
		}
		if (b.len > 0)
			found[n++] = b;
	}
	return n;
}

/* Behind the name: the value, in quotes or up to what ends a token. */
static struct loose_boundary
boundary_value(const char *s, size_t len)
{
	struct loose_boundary b = { s, 0 };
	size_t at = 0;
	bool quoted;

	while (at < len && at < COMMENT_MAX &&
	    (is_junk((unsigned char)s[at]) || s[at] == '*' || isdigit((unsigned char)s[at])))
		at++;
	if (at >= len || s[at] != '=')
		return b;
	for (at++; at < len && is_junk((unsigned char)s[at]) && s[at] != '\n'; at++)
		;
	quoted = at < len && s[at] == '"';
	at += quoted;
	b.text = s + at;
	while (at + b.len < len && b.len < BOUNDARY_MAX && s[at + b.len] != '\n' &&
	    s[at + b.len] != '\r' &&
	    (quoted ? s[at + b.len] != '"' : strchr("; \t\"", s[at + b.len]) == NULL))
		b.len++;
	return b;
}

size_t
loose_params(const char *bytes, size_t begin, size_t end)
{
	struct found found = { ignore, NULL, 0 };

	each_param(&found, bytes + begin, end - begin);
	return found.n_params;
}

static void
ignore(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
}

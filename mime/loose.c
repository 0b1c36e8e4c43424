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
 *   around the name do not matter (27 programs for a VT).
 * What stands behind the "=" then is loose_value.c's.
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
#include "loose_value.h"

/* What may stand in front of a field's name, and between it and the colon. */
#define LEAD_MAX 8
#define COMMENT_MAX 64
/* What a field's name is looked for in. */
#define FIELD_MAX 128
/* Parameters of one block. */
#define PARAMS_MAX 64
#define BOUNDARY_MAX 200

/* Candidates go there; without a function parameters are counted. */
struct found {
	void (*fn)(void *ctx, const char *name);
	void *ctx;
	size_t n_params;
};

static size_t any_line(const char *, size_t len);
static void each_param(struct found *, const char *, size_t len);
static size_t name_at(const char *, size_t len, size_t at);
static size_t value_at(const char *, size_t len, size_t at);
static size_t word_at(const char *, size_t len, const char *word);
static enum loose_field field_at(const char *line, size_t len);
static size_t lead(const char *, size_t len);
static size_t without_comments(const char *, size_t len, char plain[FIELD_MAX]);
static bool is_lead(unsigned char);
static struct loose_boundary boundary_value(const char *, size_t len);

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
	for (int i = 0; i < LEAD_MAX && n < len && is_lead((unsigned char)line[n]); i++)
		n++;
	/* Two of them may begin a boundary. */
	return n + 1 < len && line[n] == '-' && line[n + 1] != '-' ? n + 1 : n;
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
	char plain[FIELD_MAX];
	size_t skip = lead(line, len);
	enum loose_field field = field_at(line + skip, len - skip);

	if (field != LOOSE_NONE || memchr(line, '(', len < FIELD_MAX ? len : FIELD_MAX) == NULL)
		return field;
	/* cppcheck-suppress uninitvar ; arguments come before the call */
	return field_at(plain, without_comments(line + skip, len - skip, plain));
}

static enum loose_field
field_at(const char *line, size_t len)
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

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = word_at(line, len, names[i].name), room;

		if (n == 0 || n == len)
			continue;
		room = len - n < COMMENT_MAX ? len - n : COMMENT_MAX;
		if (isalnum((unsigned char)line[n]) || line[n] == '-' ||
		    memchr(line + n, ':', room) == NULL)
			return LOOSE_NONE;
		return names[i].field;
	}
	return LOOSE_NONE;
}

/* How long it is at s; a NUL within is nothing to some (Thunderbird). 0 = it is not there. */
static size_t
word_at(const char *s, size_t len, const char *word)
{
	size_t at = 0;

	for (; *word != '\0'; at++, word++) {
		while (at > 0 && at < len && s[at] == '\0')
			at++;
		if (at == len || strncasecmp(s + at, word, 1) != 0)
			return 0;
	}
	return at;
}

bool
loose_goes_on(const char *line, size_t len)
{
	const char *colon = memchr(line, ':', any_line(line, len));

	return loose_field(line, len) == LOOSE_NONE &&
	    (*line == ' ' || *line == '\t' || colon == NULL ||
		memchr(line, '=', (size_t)(colon - line)) != NULL);
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
	bool within = false, cut = false;

	if (value == NULL)
		err(EX_OSERR, "loose");
	for (size_t at = begin, n; at < end; at += n) {
		const char *line = bytes + at;
		bool goes_on;

		n = any_line(line, end - at);
		/* An empty line that CRs alone make ends what is before it, or is nothing. */
		if (n == 1 && *line == '\r' && !cut) {
			each_param(&found, value, len);
			cut = true;
		}
		if (line_text(line, n) == 0)
			continue;
		goes_on = loose_goes_on(line, n);
		if (!goes_on) {
			enum loose_field field = loose_field(line, n);

			each_param(&found, value, len);
			len = 0;
			within = field == LOOSE_TYPE || field == LOOSE_DISPOSITION;
			cut = false;
		}
		if (!within)
			continue;
		if (!goes_on) {
			const char *colon = memchr(line, ':', n);
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
	return loose_value_is_junk(c) || (ispunct(c) && c != '-' && c != ':');
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
		if (found->fn != NULL)
			loose_value_each(value + behind, len - behind, found->fn, found->ctx);
		at = behind - 1;
	}
}

/*
 * Where the value begins of a parameter whose name begins at at; 0 = none does. Another
 * word may stand in front of "filename" (uudeview, eml-format), not in front of "name":
 * that ends the names of other parameters too, "hostname=example.com".
 */
static size_t
name_at(const char *s, size_t len, size_t at)
{
	static const char *const names[] = { "filename", "file-name", "name" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = word_at(s + at, len - at, names[i]);

		if (n == 0 ||
		    (i == 2 && at > 0 && s[at - 1] != '\0' &&
			(isalnum((unsigned char)s[at - 1]) || strchr("-_.", s[at - 1]) != NULL)))
			continue;
		return value_at(s, len, at + n);
	}
	return 0;
}

/* Behind the "=" that follows there, or at quotes in its place (ripmime). */
static size_t
value_at(const char *s, size_t len, size_t at)
{
	size_t blank = at;

	while (blank < len && loose_value_is_junk((unsigned char)s[blank]))
		blank++;
	if (blank > at && blank < len && s[blank] == '"')
		at = blank;
	else
		blank = 0;
	while (at < len &&
	    (loose_value_is_junk((unsigned char)s[at]) || isdigit((unsigned char)s[at]) ||
		(ispunct((unsigned char)s[at]) && s[at] != '=')))
		at++;
	return at < len && s[at] == '=' ? at + 1 : blank;
}

size_t
loose_boundaries(const char *bytes, size_t size, struct loose_boundary found[LOOSE_BOUNDARIES_MAX])
{
	size_t n = 0;

	for (size_t at = 0; at + 10 < size && n < LOOSE_BOUNDARIES_MAX; at++) {
		struct loose_boundary b;

		size_t word = (bytes[at] | 0x20) == 'b' ? word_at(bytes + at, size - at, "boundary")
							: 0;

		if (word == 0)
			continue;
		at += word;
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
	    (loose_value_is_junk((unsigned char)s[at]) || s[at] == '*' ||
		isdigit((unsigned char)s[at])))
		at++;
	if (at >= len || s[at] != '=')
		return b;
	for (at++; at < len && loose_value_is_junk((unsigned char)s[at]) && s[at] != '\n'; at++)
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
	struct found found = { NULL, NULL, 0 };

	each_param(&found, bytes + begin, end - begin);
	return found.n_params;
}

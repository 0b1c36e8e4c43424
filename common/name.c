/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * name.c - names and words of strangers, made fit to be shown and to be written
 * into a header.
 *
 * People know their files by names in their own language, so letters of every
 * script stay. What goes is what deceives: controls, characters that have no
 * width or turn the direction of a text, spaces other than the usual one, and
 * bytes that are no UTF-8 (RFC 3629). Linear in the input. Memory that runs out
 * ends the process.
 */
#include "name.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* Of a name that is cut so much of the end stays. */
#define END_MAX 15

static size_t character(const char *, uint32_t *);
static bool is_shown(uint32_t);
static bool is_name_mark(uint32_t);
static size_t whole_characters(const char *, size_t len);
static const char *base_of(const char *);

/* Ranges that are no letters, or that nobody sees. */
static const struct {
	uint32_t from, to;
} hidden[] = {
	{ 0x00, 0x1f },
	{ 0x7f, 0xa0 },
	{ 0xad, 0xad },
	{ 0x34f, 0x34f },
	{ 0x61c, 0x61c },
	{ 0x115f, 0x1160 },
	{ 0x1680, 0x1680 },
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },
	{ 0x2000, 0x200f },
	{ 0x2024, 0x2024 }, /* a dot to some */
	{ 0x2028, 0x202f },
	{ 0x205f, 0x206f },
	{ 0x2800, 0x2800 },
	{ 0x3000, 0x3000 },
	{ 0x3164, 0x3164 },
	{ 0xd800, 0xf8ff },
	{ 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff0, 0xffff },
	{ 0xe0000, 0x10ffff },
};

void
name_text(const char *text, char *out, size_t size)
{
	size_t n = 0, len;
	uint32_t c;

	for (; *text != '\0'; text += len) {
		len = character(text, &c);
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			if (n > 0 && n + 1 < size && out[n - 1] != ' ')
				out[n++] = ' ';
			continue;
		}
		if (!is_shown(c)) {
			if (n + 1 < size)
				out[n++] = '_';
			continue;
		}
		if (n + len >= size)
			break;
		memcpy(out + n, text, len);
		n += len;
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

void
name_file(const char *name, const char *suffix, char *out, size_t size)
{
	const char *at = base_of(name);
	char *plain = memory_checked(malloc(strlen(at) + 1));
	size_t n = 0, len;
	uint32_t c;

	for (; *at != '\0'; at += len) {
		bool keep;

		len = character(at, &c);
		keep = is_name_mark(c) || (c > 0x7f && is_shown(c));
		if (keep && len > 1) {
			memcpy(plain + n, at, len);
			n += len;
			continue;
		}
		/* No runs of spaces, behind which an extension would be out of sight. */
		if (n > 0 && (!keep || c == ' ') && plain[n - 1] == (keep ? ' ' : '_'))
			continue;
		plain[n++] = keep ? (char)c : '_';
	}
	while (n > 0 && (plain[n - 1] == '.' || plain[n - 1] == ' '))
		n--;
	plain[n] = '\0';
	if (n == 0) {
		strlcpy(out, "unnamed", size);
	} else if (n < NAME_WORD_MAX) {
		strlcpy(out, plain, size);
	} else {
		size_t head = whole_characters(plain, NAME_WORD_MAX - END_MAX - 1);
		const char *end = plain + n - END_MAX;

		while (((unsigned char)*end & 0xc0) == 0x80)
			end++;
		snprintf(out, size, "%.*s%s", (int)head, plain, end);
	}
	strlcat(out, suffix, size);
	free(plain);
}

void
name_param(const char *param, const char *name, char out[NAME_PARAM_MAX])
{
	size_t n, left;
	bool ascii = true;

	for (const char *c = name; *c != '\0'; c++)
		ascii = ascii && (unsigned char)*c < 0x80;
	if (ascii) {
		snprintf(out, NAME_PARAM_MAX, "%s=\"%s\"", param, name);
		return;
	}
	n = (size_t)snprintf(out, NAME_PARAM_MAX, "%s*=utf-8''", param);
	for (const char *c = name; *c != '\0' && NAME_PARAM_MAX - n > 4; c++) {
		bool plain = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
		    (*c >= 'A' && *c <= 'Z') || strchr("-_.", *c) != NULL;

		left = NAME_PARAM_MAX - n;
		n += (size_t)snprintf(out + n, left, plain ? "%c" : "%%%02X", (unsigned char)*c);
	}
}

/* What is behind the last path separator. */
static const char *
base_of(const char *name)
{
	const char *base = name;

	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '/' || *c == '\\')
			base = c + 1;
	}
	return base;
}

/* The length of the character there, and its number; 0 for a byte that is none. */
static size_t
character(const char *text, uint32_t *c)
{
	const unsigned char *t = (const unsigned char *)text;
	size_t len = t[0] < 0x80	  ? 1
	    : t[0] >= 0xc2 && t[0] < 0xe0 ? 2
	    : t[0] >= 0xe0 && t[0] < 0xf0 ? 3
	    : t[0] >= 0xf0 && t[0] < 0xf5 ? 4
					  : 0;

	*c = 0;
	if (len == 0)
		return 1;
	*c = len == 1 ? t[0] : t[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((t[i] & 0xc0) != 0x80) {
			*c = 0;
			return 1;
		}
		*c = *c << 6 | (t[i] & 0x3fu);
	}
	/* Longer than it need be. */
	if ((len == 3 && *c < 0x800) || (len == 4 && *c < 0x10000))
		*c = 0;
	return len;
}

static bool
is_shown(uint32_t c)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (c >= hidden[i].from && c <= hidden[i].to)
			return false;
	}
	return c <= 0x10ffff;
}

static bool
is_name_mark(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c != 0 && c < 0x80 && strchr("-_.+()@ ", (int)c) != NULL);
}

/* So many of the first len bytes are whole characters. */
static size_t
whole_characters(const char *text, size_t len)
{
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

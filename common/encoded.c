/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * encoded.c - RFC 2047 encoded words, both ways.
 *
 * For what the front itself writes, so that a recipient can read a subject or a
 * sender in his own language. It knows the charsets that need no table; a word in
 * any other stays as it is. Bounded by its output; allocates nothing.
 */
#include "encoded.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base64.h"

/* Bytes of UTF-8 in one word: 60 characters of base64, of the 75 of RFC 2047 2. */
#define WORD_BYTES 45

struct out {
	char *text;
	size_t n, size;
	bool latin; /* each byte is a character of ISO-8859-1 */
};

static const char *word(const char *, struct out *);
static const char *charset_end(const char *, bool *latin);
static void decode_q(const char *, size_t, struct out *);
static void decode_b(const char *, size_t, struct out *);
static void put(struct out *, unsigned char);

void
encoded_decode(const char *text, char *out, size_t size)
{
	struct out o = { out, 0, size, false };
	const char *behind = NULL; /* the last word */

	while (*text != '\0') {
		const char *next = word(text, &o);

		if (next != NULL) {
			text = behind = next;
			continue;
		}
		/* Whitespace between two words is none (RFC 2047 6.2). */
		if (behind == text && isspace((unsigned char)*text)) {
			struct out nowhere = { NULL, 0, 0, false };
			const char *at = text + strspn(text, " \t\r\n");

			if (word(at, &nowhere) != NULL) {
				text = at;
				continue;
			}
		}
		o.latin = false;
		put(&o, (unsigned char)*text++);
	}
	if (size > 0)
		out[o.n] = '\0';
}

/* Behind the encoded word that begins there; NULL if there is none that we know. */
static const char *
word(const char *text, struct out *o)
{
	const char *how, *content, *end;

	if (strncmp(text, "=?", 2) != 0 || (how = charset_end(text + 2, &o->latin)) == NULL)
		return NULL;
	if (strchr("QqBb", how[1]) == NULL || how[1] == '\0' || how[2] != '?')
		return NULL;
	content = how + 3;
	end = strchr(content, '?');
	if (end == NULL || end[1] != '=')
		return NULL;
	if (toupper((unsigned char)how[1]) == 'Q')
		decode_q(content, (size_t)(end - content), o);
	else
		decode_b(content, (size_t)(end - content), o);
	return end + 2;
}

/* At the question mark behind a charset; a language may stand there too (RFC 2231 5). */
static const char *
charset_end(const char *charset, bool *latin)
{
	static const char *const known[] = { "utf-8", "us-ascii", "iso-8859-1" };
	size_t len = strcspn(charset, "*?");

	*latin = false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i]) != len || strncasecmp(charset, known[i], len) != 0)
			continue;
		*latin = i == 2;
		charset += strcspn(charset, "?");
		return *charset == '?' ? charset : NULL;
	}
	return NULL;
}

static void
decode_q(const char *text, size_t len, struct out *o)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		const char *high, *low;

		if (text[i] == '=' && i + 2 < len &&
		    (high = strchr(digits, toupper((unsigned char)text[i + 1]))) != NULL &&
		    (low = strchr(digits, toupper((unsigned char)text[i + 2]))) != NULL) {
			put(o, (unsigned char)((high - digits) << 4 | (low - digits)));
			i += 2;
		} else {
			put(o, text[i] == '_' ? ' ' : (unsigned char)text[i]);
		}
	}
}

static void
decode_b(const char *text, size_t len, struct out *o)
{
	unsigned int bits = 0, n = 0;

	for (size_t i = 0; i < len; i++) {
		int value = base64_value((unsigned char)text[i]);

		if (value < 0)
			continue;
		bits = bits << 6 | (unsigned int)value;
		n += 6;
		if (n >= 8) {
			n -= 8;
			put(o, (unsigned char)(bits >> n & 0xff));
		}
	}
}

static void
put(struct out *o, unsigned char c)
{
	size_t need = o->latin && c >= 0x80 ? 2 : 1;

	if (c == '\0' || o->n + need >= o->size)
		return;
	if (need == 2) {
		o->text[o->n++] = (char)(0xc0 | c >> 6);
		c = 0x80 | (c & 0x3f);
	}
	o->text[o->n++] = (char)c;
}

void
encoded_encode(const char *text, const char *eol, char *out, size_t size)
{
	size_t left = strlen(text), n = 0;
	bool ascii = true;

	for (const char *c = text; *c != '\0'; c++)
		ascii = ascii && (unsigned char)*c < 0x80;
	/* Text that looks like a word would be taken for one. */
	if (ascii && strstr(text, "=?") == NULL) {
		strlcpy(out, text, size);
		return;
	}
	while (left > 0) {
		size_t len = left < WORD_BYTES ? left : WORD_BYTES;
		/* base64 knows no signs */
		const unsigned char *from = (const unsigned char *)text;

		while (len < left && len > 1 && (from[len] & 0xc0) == 0x80)
			len--;
		if (size - n < 100)
			break;
		n += (size_t)snprintf(out + n, size - n, "%s%s=?utf-8?B?", n == 0 ? "" : eol,
		    n == 0 ? "" : " ");
		n += base64_line(out + n, from, len);
		n += (size_t)snprintf(out + n, size - n, "?=");
		text += len;
		left -= len;
	}
	out[n] = '\0';
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * charset.c - what is written into a text, in the charset of that text.
 *
 * iconv does the work, and knows the charsets. A charset that it does not know is
 * taken for one with ASCII in it, and only ASCII is written into it.
 *
 * Memory that runs out ends the process.
 */
#include "charset.h"

#include <err.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

/* iconv takes what is behind a slash for a wish; nothing else is in a charset's name. */
static const char name_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:()+";

static const char *settle_wide(struct charset *, const char *text, size_t len);
static char *convert(const char *to, const char *from, const char *in, size_t len, size_t *out_len);
static char *copy_ascii(const char *text, size_t len, size_t *out_len);
static bool begins(const char *name, const char *prefix);

void
charset_name(struct charset *c, const char *value)
{
	bool good = strlen(value) < sizeof(c->name) &&
	    strspn(value, name_characters) == strlen(value);

	strlcpy(c->name, good ? value : "unknown", sizeof(c->name));
	if (strcasecmp(c->name, "us-ascii") == 0)
		c->name[0] = '\0';
}

const char *
charset_settle(struct charset *c, const char *text, size_t len, bool html)
{
	char *letter;
	size_t n;
	bool same;

	c->unit = 1;
	if (begins(c->name, "utf-16") || begins(c->name, "utf-32") || begins(c->name, "ucs-"))
		return settle_wide(c, text, len);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		c->mark = 3;
	if (memchr(text, '\0', len) != NULL)
		return "the text has zero bytes";
	/* A "+" or a "~{" begins something else there. */
	if (begins(c->name, "utf-7") || begins(c->name, "unicode-1-1-utf-7") ||
	    begins(c->name, "hz-"))
		return "the charset is not supported";
	if (html && begins(c->name, "iso-2022-") && !begins(c->name, "iso-2022-jp"))
		return "the charset is not supported";
	letter = c->name[0] == '\0' ? NULL : convert(c->name, "UTF-8", "A<\n", 3, &n);
	c->known = letter != NULL;
	same = letter == NULL || (n == 3 && memcmp(letter, "A<\n", 3) == 0);
	free(letter);
	return same ? NULL : "the charset is not supported";
}

/* RFC 2781 3.3: without a mark it would be big-endian, and is often little-endian. */
static const char *
settle_wide(struct charset *c, const char *text, size_t len)
{
	size_t unit = begins(c->name, "utf-16") ? 2 : 4;
	bool little = len >= 2 && memcmp(text, "\xff\xfe", 2) == 0;
	bool big = len >= 2 && memcmp(text, "\xfe\xff", 2) == 0;

	if (unit == 4)
		return "the charset is not supported";
	c->unit = unit;
	c->mark = little || big ? 2 : 0;
	c->known = true;
	if (len % unit != 0)
		return "the text is cut within a character";
	if (strcasecmp(c->name, "utf-16") == 0 && !little && !big)
		return "the byte order of the text is not told";
	if (strcasecmp(c->name, "utf-16") == 0)
		strlcpy(c->name, little ? "UTF-16LE" : "UTF-16BE", sizeof(c->name));
	if (strcasecmp(c->name, "utf-16le") != 0 && strcasecmp(c->name, "utf-16be") != 0)
		return "the charset is not supported";
	return big == (strcasecmp(c->name, "utf-16be") == 0) || c->mark == 0
	    ? NULL
	    : "the byte order of the text is not what it says";
}

char *
charset_encode(const struct charset *c, const char *text, size_t len, size_t *coded_len)
{
	return c->known ? convert(c->name, "UTF-8", text, len, coded_len)
			: copy_ascii(text, len, coded_len);
}

char *
charset_decode(const struct charset *c, const char *coded, size_t len, size_t *text_len)
{
	return c->known ? convert("UTF-8", c->name, coded, len, text_len)
			: copy_ascii(coded, len, text_len);
}

bool
charset_is_usual(const struct charset *c, const char *text, size_t len)
{
	static const char *const usual[] = { "utf-", "iso-8859-", "iso8859-", "windows-", "cp125",
		"koi8-", "iso-2022-", "shift_jis", "euc-", "gb", "big5", "ks_c_5601", "tis-620",
		"macintosh" };
	bool is = c->unit > 1;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		is = is || begins(c->name, usual[i]);
	for (size_t i = 0; !is && i < len; i++) {
		if ((text[i] & 0x80) != 0)
			return false;
	}
	return true;
}

bool
charset_is_shifted(const struct charset *c, const char *text, size_t len)
{
	const char *escape = begins(c->name, "iso-2022-") && len > 0 ? memrchr(text, '\033', len)
								     : NULL;

	return escape != NULL &&
	    (text + len - escape < 3 || escape[1] != '(' || (escape[2] != 'B' && escape[2] != 'J'));
}

bool
charset_has_bare_lf(const struct charset *c, const char *text, size_t len)
{
	size_t n;
	char *narrow = charset_narrow(c, text, len, &n);
	const char *lf = memchr(narrow, '\n', n);
	bool bare = lf != NULL && (lf == narrow || lf[-1] != '\r');

	free(narrow);
	return bare;
}

char *
charset_narrow(const struct charset *c, const char *text, size_t len, size_t *n)
{
	char *narrow = malloc(len + 1);
	size_t low = c->unit == 2 && strcasecmp(c->name, "UTF-16BE") == 0 ? 1 : 0;

	if (narrow == NULL)
		err(EX_OSERR, "charset");
	*n = 0;
	for (size_t at = c->mark; at + c->unit <= len; at += c->unit) {
		bool wide = c->unit == 2 && text[at + 1 - low] != '\0';

		narrow[(*n)++] = wide ? '?' : text[at + low];
	}
	return narrow;
}

/* malloc'd; NULL if it can't be, or there is no such charset. */
static char *
convert(const char *to, const char *from, const char *in, size_t len, size_t *out_len)
{
	size_t room = 4 * len + 64, left = room;
	char *out = malloc(room), *at = out;
	iconv_t cd = iconv_open(to, from);
	bool good = cd != (iconv_t)-1;

	if (out == NULL)
		err(EX_OSERR, "charset");
	if (good) {
		char *copy = malloc(len + 1), *next = copy;

		if (copy == NULL)
			err(EX_OSERR, "charset");
		memcpy(copy, in, len);
		/* What it replaces by something else is no conversion either. */
		good = iconv(cd, &next, &len, &at, &left) == 0 &&
		    iconv(cd, NULL, NULL, &at, &left) != (size_t)-1;
		free(copy);
		iconv_close(cd);
	}
	if (good) {
		*out_len = (size_t)(at - out);
		return out;
	}
	free(out);
	return NULL;
}

static char *
copy_ascii(const char *text, size_t len, size_t *out_len)
{
	char *copy = malloc(len + 1);

	if (copy == NULL)
		err(EX_OSERR, "charset");
	*out_len = len;
	for (size_t i = 0; i < len; i++) {
		if ((text[i] & 0x80) != 0) {
			free(copy);
			return NULL;
		}
		copy[i] = text[i];
	}
	return copy;
}

static bool
begins(const char *name, const char *prefix)
{
	return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

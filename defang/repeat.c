/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repeat.c - is a text in another one already, as a reply has what it quotes?
 *
 * Both are brought down to what no mail program changes when it quotes: ASCII letters
 * in one case, digits, and all bytes that are not ASCII. In HTML tags are passed over
 * and characters that are written as numbers read.
 *
 * Memory that runs out ends the process.
 */
#include "repeat.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Fewer letters and digits may be there by chance. */
#define CORE_MIN 12
#define FORM_MAX (1u << 20)

static char *core(const char *text, size_t len, bool html, size_t *n);
static size_t entity(const char *text, size_t len, char *out, size_t *n);
static size_t put_utf8(unsigned long code, char *out);

bool
repeat_is_in(const struct form *f, const char *text)
{
	size_t len, n_text, n_form;
	char *plain, *wanted, *there;
	bool found;

	if (f->len > FORM_MAX)
		return false;
	plain = charset_decode(&f->charset, f->content + f->charset.mark, f->len - f->charset.mark,
	    &len);
	if (plain == NULL)
		return false;
	wanted = core(text, strlen(text), false, &n_text);
	there = core(plain, len, f->html, &n_form);
	found = n_text >= CORE_MIN && memmem(there, n_form, wanted, n_text) != NULL;
	free(there);
	free(wanted);
	free(plain);
	return found;
}

/* malloc'd */
static char *
core(const char *text, size_t len, bool html, size_t *n)
{
	char *out = malloc(len + 1);

	if (out == NULL)
		err(EX_OSERR, "repeat");
	*n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (html && c == '<') {
			const char *end = memchr(text + i, '>', len - i);

			i = end == NULL ? len : (size_t)(end - text);
		} else if (html && c == '&') {
			i += entity(text + i, len - i, out, n);
		} else if (c >= 0x80 || isalnum(c)) {
			out[(*n)++] = (char)tolower(c);
		}
	}
	return out;
}

/*
 * Behind "&": the bytes to pass over. A character by number goes into out, which has
 * room for it, as it takes no more bytes than its number; others are passed over if they
 * are none that we would look at.
 */
static size_t
entity(const char *text, size_t len, char *out, size_t *n)
{
	static const char *const marks[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&nbsp;",
		"&apos;" };
	unsigned long code = 0;
	bool hex = len > 2 && text[1] == '#' && tolower((unsigned char)text[2]) == 'x';
	size_t at = hex ? 3 : 2;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (strlen(marks[i]) <= len && memcmp(text, marks[i], strlen(marks[i])) == 0)
			return strlen(marks[i]) - 1;
	}
	if (len < 3 || text[1] != '#')
		return 0;
	while (at < len && at < 10 && isxdigit((unsigned char)text[at]) &&
	    (hex || isdigit((unsigned char)text[at]))) {
		char digit[2] = { text[at++], '\0' };

		code = code * (hex ? 16 : 10) + strtoul(digit, NULL, 16);
	}
	if (code >= 0x80 && code != 0xa0 && code <= 0x10ffff)
		*n += put_utf8(code, out + *n);
	else if (code < 0x80 && isalnum((int)code))
		out[(*n)++] = (char)tolower((int)code);
	return at < len && text[at] == ';' ? at : at - 1;
}

static size_t
put_utf8(unsigned long code, char *out)
{
	size_t more = code >= 0x10000 ? 3 : code >= 0x800 ? 2 : 1;

	out[0] = (char)((0xf00UL >> (more + 1) & 0xff) | code >> (6 * more));
	for (size_t i = 1; i <= more; i++)
		out[i] = (char)(0x80 | (code >> (6 * (more - i)) & 0x3f));
	return more + 1;
}

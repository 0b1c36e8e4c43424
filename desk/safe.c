/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * safe.c - text of strangers, made safe for a terminal and for JSON.
 *
 * A terminal obeys control characters, C1 ones among them, which hide in UTF-8 and in
 * 8-bit text; characters that turn the direction of writing make one name look like
 * another. So nothing but printable ASCII goes out as it is. JSON has all of a text, for
 * jansson escapes what must be; its strings are UTF-8.
 */
#include <stdlib.h>
#include <string.h>

#include "safe.h"

static size_t utf8_length(const unsigned char *);

void
safe_put(FILE *fp, const char *text, size_t len, size_t max)
{
	size_t i, used = 0, all = safe_columns(text, len), one;

	for (i = 0; i < len; i++) {
		one = safe_columns(text + i, 1);
		if (all > max && used + one + 3 > max) {
			fputs("...", fp);
			return;
		}
		if (one == 4)
			fprintf(fp, "\\%03o", (unsigned int)(unsigned char)text[i]);
		else
			putc(text[i], fp);
		used += one;
	}
}

size_t
safe_columns(const char *text, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len; i++)
		columns += text[i] < ' ' || text[i] > '~' ? 4 : 1;
	return columns;
}

json_t *
safe_json(const char *text)
{
	json_t *json = json_string(text);
	char *clean, *to;
	size_t n;

	if (json != NULL)
		return json;
	if ((to = clean = malloc(strlen(text) * 3 + 1)) == NULL)
		return NULL;
	for (; *text != '\0'; text += n > 0 ? n : 1) {
		n = utf8_length((const unsigned char *)text);
		memcpy(to, n > 0 ? text : "\xef\xbf\xbd", n > 0 ? n : 3);
		to += n > 0 ? n : 3;
	}
	*to = '\0';
	json = json_string(clean);
	free(clean);
	return json;
}

/* utf8_length - of one character, 0 if there is none; RFC 3629 4 */
static size_t
utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n = *s < 0x80 ? 1
	    : *s < 0xc2	     ? 0
	    : *s < 0xe0	     ? 2
	    : *s < 0xf0	     ? 3
	    : *s < 0xf5	     ? 4
			     : 0;

	if (*s == 0xe0)
		low = 0xa0;
	else if (*s == 0xed)
		high = 0x9f;
	else if (*s == 0xf0)
		low = 0x90;
	else if (*s == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < n; i++) {
		if (s[i] < low || s[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

int
safe_complain(int code, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fflush(stdout);
	fputs("spawnscan-quarantine: ", stderr);
	safe_put(stderr, text, strlen(text), sizeof(text) * 4);
	putc('\n', stderr);
	return code;
}

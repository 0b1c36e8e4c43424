/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jtext.c - text of strangers as a JSON string.
 *
 * jansson takes UTF-8 only, and escapes what must be escaped in it. RFC 8259 7 does not
 * ask for that of DEL, but a line of the log must hold no control character.
 */
#include <stdlib.h>
#include <string.h>

#include "jtext.h"

#define DEL 0x7f

static size_t utf8_length(const unsigned char *);

json_t *
jtext_new(const char *text)
{
	json_t *json = strchr(text, DEL) == NULL ? json_string(text) : NULL;
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
	size_t n = *s < DEL ? 1
	    : *s == DEL	    ? 0
	    : *s < 0xc2	    ? 0
	    : *s < 0xe0	    ? 2
	    : *s < 0xf0	    ? 3
	    : *s < 0xf5	    ? 4
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

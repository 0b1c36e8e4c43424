/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * charset.h - what is written into a text, in the charset of that text.
 */
#ifndef CHARSET_H
#define CHARSET_H

#ifdef TOWER_FRONT
#error "charset.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>

/* Zeroed at first: US-ASCII. */
struct charset {
	char name[40]; /* as iconv knows it; "" = US-ASCII */
	size_t unit; /* bytes of "A" */
	size_t mark; /* bytes of a byte order mark in front of the text */
	bool known;
};

/* By a parameter's value. */
void charset_name(struct charset *, const char *value);

/*
 * Look at a text in it: byte order and mark. NULL, or why nothing can be written into
 * such a text, a constant phrase: a charset that is not ASCII where it looks so, or
 * UTF-16 of which the byte order can't be told.
 */
const char *charset_settle(struct charset *, const char *text, size_t len, bool html);

/* UTF-8 in it, without a mark; malloc'd. NULL if it lacks a character. */
char *charset_encode(const struct charset *, const char *text, size_t len, size_t *coded_len);

/* The same the other way; NULL if the text is broken. */
char *charset_decode(const struct charset *, const char *coded, size_t len, size_t *text_len);

/*
 * Is it one that mail programs know, or is the text in what all have in common? Others
 * show the text in another charset than the one it names, as its sender has seen it.
 */
bool charset_is_usual(const struct charset *, const char *text, size_t len);

/* Does a text in ISO-2022 end in another set than the first? */
bool charset_is_shifted(const struct charset *, const char *text, size_t len);

/* Are the lines of a text ended by LF alone? False if there is only one. */
bool charset_has_bare_lf(const struct charset *, const char *text, size_t len);

/* One byte for each unit, "?" for what is not ASCII, without the mark; malloc'd. */
char *charset_narrow(const struct charset *, const char *text, size_t len, size_t *n);

#endif

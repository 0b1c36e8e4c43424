/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * template.h - a text with {words} to be filled in, and how it stands in a message.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The value of a word, fit to be shown; "" if there is none, NULL if it is no such word. */
typedef const char *template_value(void *ctx, const char *key, size_t len);

/*
 * The template filled in: UTF-8, each line ended by LF, none of which can be taken
 * for a boundary or for the beginning of a message in a mailbox. What is no word
 * stays. A line with a word that has no value is left out, unless nothing would be
 * left; then none stands for the value. Malloc'd, NULL with errno if there is no
 * memory.
 */
char *template_fill(const char *template, const char *none, template_value *, void *ctx);

/* Must the text be quoted in a part that is 7-bit? */
bool template_is_ascii(const char *text);

/*
 * The lines of the text, as they stand or as quoted-printable (RFC 2045 6.7). The line
 * ending behind the last line is the caller's.
 */
void template_put(FILE *, const char *text, bool quoted, const char *eol);

#endif

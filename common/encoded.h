/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * encoded.h - RFC 2047 encoded words, both ways.
 */
#ifndef ENCODED_H
#define ENCODED_H

#include <stddef.h>

/*
 * A header's text with its encoded words decoded, where they are in UTF-8, US-ASCII
 * or ISO-8859-1; all others stay as they are. What comes out may hold any byte but
 * NUL. At most size - 1 bytes.
 */
void encoded_decode(const char *text, char *out, size_t size);

/*
 * UTF-8 as a header may hold it: as it stands if it is ASCII, else as encoded words,
 * each in a line of its own (folded by eol and a space). size must be 3 times the
 * length of text and 100.
 */
void encoded_encode(const char *text, const char *eol, char *out, size_t size);

#endif

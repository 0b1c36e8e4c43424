/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base64.h - base64 to the letter, RFC 4648 4.
 */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>
#include <stddef.h>

extern const unsigned char base64_values[256];

/* The value of a digit, 0 to 63; -1 if it is none. */
static inline int
base64_value(unsigned char c)
{
	return base64_values[c] - 1;
}

/* One line without its line ending: writes 4 characters for each 3 bytes begun; how many. */
size_t base64_line(char *to, const unsigned char *from, size_t len);

#endif

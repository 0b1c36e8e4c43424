/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base64.c - base64 to the letter, RFC 4648 4. What readers make of broken
 * base64 is another matter (mime_decode.c).
 */
#include "base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
base64_value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t
base64_line(char *to, const unsigned char *from, size_t len)
{
	char *at = to;

	for (size_t i = 0; i < len; i += 3) {
		unsigned int bits = (unsigned int)from[i] << 16;

		bits |= i + 1 < len ? (unsigned int)from[i + 1] << 8 : 0;
		bits |= i + 2 < len ? from[i + 2] : 0;
		*at++ = digits[bits >> 18];
		*at++ = digits[bits >> 12 & 63];
		*at++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		*at++ = i + 2 < len ? digits[bits & 63] : '=';
	}
	return (size_t)(at - to);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hex.h - hexadecimal digits.
 */
#ifndef HEX_H
#define HEX_H

/* What a digit stands for, in whatever case; -1 if it is none. */
static inline int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif

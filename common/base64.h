/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base64.h - base64 to the letter, RFC 4648 4.
 */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* The value of a digit, 0 to 63; -1 if it is none. */
int base64_value(unsigned char);

/* One line without its line ending: writes 4 characters for each 3 bytes begun; how many. */
size_t base64_line(char *to, const unsigned char *from, size_t len);

#endif

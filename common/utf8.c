/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * utf8.c - is it text, and nothing but text?
 */
#include "utf8.h"

#include <string.h>

bool
utf8_is_text(const char *text, size_t len, const char *controls)
{
	size_t more = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (more > 0) {
			if ((c & 0xc0) != 0x80)
				return false;
			more--;
		} else if (c >= 0xc2 && c <= 0xf4) {
			more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		} else if (c > '~' || c == '\0' || (c < ' ' && strchr(controls, c) == NULL)) {
			return false;
		}
	}
	return more == 0;
}

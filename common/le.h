/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * le.h - numbers whose lowest byte comes first, as file formats have them.
 */
#ifndef LE_H
#define LE_H

#include <stdint.h>

/* The number in so many bytes, four at the most. */
static inline uint32_t
le_get(const char *s, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | (unsigned char)s[bytes];
	return value;
}

#endif

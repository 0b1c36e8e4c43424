/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_rar5.c - whether anything in a RAR 5 archive is encrypted.
 *
 * Goes from block to block by the sizes that they give ("RAR 5.0 archive format",
 * rarlab.com), and looks at nothing else. Linear; ends at the first that makes no sense.
 */
#include "mime_rar5.h"

#include <stdint.h>
#include <string.h>

#define SIGN_LEN 8
#define CRC_LEN 4
#define BLOCK_FILE 2
#define BLOCK_SERVICE 3
#define BLOCK_ENCRYPTION 4
#define HAS_EXTRA 1u
#define HAS_DATA 2u
#define EXTRA_ENCRYPTION 1

struct cursor {
	const unsigned char *at, *end;
	bool bad;
};

static uint64_t number(struct cursor *);
static bool extra_is_sealed(struct cursor);

bool
rar5_is_sealed(const char *bytes, size_t len)
{
	struct cursor c = { .end = (const unsigned char *)bytes + len };

	if (len < SIGN_LEN)
		return false;
	c.at = (const unsigned char *)bytes + SIGN_LEN;
	while ((size_t)(c.end - c.at) > CRC_LEN) {
		uint64_t size, type, flags, extra = 0, data = 0;
		struct cursor head;

		c.at += CRC_LEN;
		size = number(&c);
		if (c.bad || size > (size_t)(c.end - c.at))
			return false;
		head = (struct cursor){ .at = c.at, .end = c.at + size };
		c.at += size;
		type = number(&head);
		flags = number(&head);
		if ((flags & HAS_EXTRA) != 0)
			extra = number(&head);
		if ((flags & HAS_DATA) != 0)
			data = number(&head);
		if (type == BLOCK_ENCRYPTION)
			return true;
		if (head.bad || data > (size_t)(c.end - c.at) ||
		    extra > (size_t)(head.end - head.at))
			return false;
		head.at = head.end - extra;
		if ((type == BLOCK_FILE || type == BLOCK_SERVICE) && extra_is_sealed(head))
			return true;
		c.at += data;
	}
	return false;
}

/* A number of seven bits in each byte, the lowest first, the last without its top bit. */
static uint64_t
number(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64 && c->at < c->end; shift += 7) {
		unsigned char byte = *c->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
	c->bad = true;
	return 0;
}

/* Records of a size, a type and what belongs to it. */
static bool
extra_is_sealed(struct cursor c)
{
	while (c.at < c.end) {
		uint64_t size = number(&c);
		struct cursor record;

		if (c.bad || size == 0 || size > (size_t)(c.end - c.at))
			return false;
		record = (struct cursor){ .at = c.at, .end = c.at + size };
		if (number(&record) == EXTRA_ENCRYPTION)
			return true;
		c.at += size;
	}
	return false;
}

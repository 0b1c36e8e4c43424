/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_rar5.c - whether anything in a RAR 5 archive is encrypted, or elsewhere.
 *
 * Goes from block to block by the sizes that they give ("RAR 5.0 archive format",
 * rarlab.com), and looks at nothing else. Linear; ends at the first that makes no sense.
 */
#include "mime_rar5.h"

#include <stdint.h>
#include <string.h>

#define SIGN_LEN 8
#define CRC_LEN 4
#define BLOCK_MAIN 1
#define BLOCK_FILE 2
#define BLOCK_SERVICE 3
#define BLOCK_ENCRYPTION 4
#define HAS_EXTRA 1u
#define HAS_DATA 2u
/* of a file: its other part is in the volume before, or in the next; of the archive */
#define FROM_BEFORE 8u
#define GOES_ON 16u
#define IS_VOLUME 1u
#define EXTRA_ENCRYPTION 1

struct cursor {
	const unsigned char *at, *end;
	bool bad;
};

struct block {
	uint64_t type, flags;
	struct cursor rest, extra;
};

static struct cursor begin(const char *, size_t len);
static bool next_block(struct cursor *, struct block *);
static uint64_t number(struct cursor *);
static bool extra_is_sealed(struct cursor);

bool
rar5_is_sealed(const char *bytes, size_t len)
{
	struct cursor c = begin(bytes, len);
	struct block b;

	while (next_block(&c, &b)) {
		if (b.type == BLOCK_ENCRYPTION ||
		    ((b.type == BLOCK_FILE || b.type == BLOCK_SERVICE) && extra_is_sealed(b.extra)))
			return true;
	}
	return b.type == BLOCK_ENCRYPTION;
}

bool
rar5_is_volume(const char *bytes, size_t len)
{
	struct cursor c = begin(bytes, len);
	struct block b;

	while (next_block(&c, &b)) {
		if (b.type == BLOCK_MAIN && (number(&b.rest) & IS_VOLUME) != 0)
			return true;
		if (b.type == BLOCK_FILE && (b.flags & (FROM_BEFORE | GOES_ON)) != 0)
			return true;
	}
	return false;
}

static struct cursor
begin(const char *bytes, size_t len)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t sign = len < SIGN_LEN ? len : SIGN_LEN;

	return (struct cursor){ .at = at + sign, .end = at + len };
}

/* False behind the last one, or if it makes no sense; its type is good then, too. */
static bool
next_block(struct cursor *c, struct block *b)
{
	uint64_t size, extra = 0, data = 0;
	struct cursor head;

	*b = (struct block){ .type = 0 };
	if ((size_t)(c->end - c->at) <= CRC_LEN)
		return false;
	c->at += CRC_LEN;
	size = number(c);
	if (c->bad || size > (size_t)(c->end - c->at))
		return false;
	head = (struct cursor){ .at = c->at, .end = c->at + size };
	c->at += size;
	b->type = number(&head);
	b->flags = number(&head);
	if ((b->flags & HAS_EXTRA) != 0)
		extra = number(&head);
	if ((b->flags & HAS_DATA) != 0)
		data = number(&head);
	if (head.bad || data > (size_t)(c->end - c->at) || extra > (size_t)(head.end - head.at))
		return false;
	c->at += data;
	b->rest = head;
	b->extra = (struct cursor){ .at = head.end - extra, .end = head.end };
	return true;
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

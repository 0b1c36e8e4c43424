/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_apple.c - files of a Macintosh in one: AppleSingle and AppleDouble (RFC 1740), MacBinary.
 *
 * They have the name of the file in themselves, by which mail programs of the Macintosh
 * save it. The fork of data is what other systems get; AppleDouble has it in another
 * part, and is a name alone.
 *
 * Linear; bounds are those of struct packed. Memory that runs out ends the process.
 */
#include "mime_apple.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* RFC 1740 appendices A and B */
#define HEAD 26
#define ENTRY 12
#define ENTRY_DATA 1
#define ENTRY_NAME 3
#define NAME_MAX_BYTES 255
/* MacBinary: a header of one block, and forks in whole blocks. */
#define MAC_BLOCK 128
#define MAC_NAME_MAX 63

static bool is_apple(const char *, size_t len);
static bool is_macbinary(const char *, size_t len);
static void open_entries(struct packed *, const char *, size_t len);
static void add(struct packed *, const char *name, size_t name_len, const char *, size_t len,
    unsigned int flags);
static uint32_t be_get(const char *, unsigned int bytes);

bool
apple_is(const struct format_input *in)
{
	return is_apple(in->bytes, in->len) || is_macbinary(in->bytes, in->len);
}

void
apple_open(struct packed *p, const struct format_input *in)
{
	const char *s = in->bytes;

	if (is_apple(s, in->len)) {
		open_entries(p, s, in->len);
		return;
	}
	add(p, s + 2, (unsigned char)s[1], s + MAC_BLOCK, be_get(s + 83, 4), 0);
}

static bool
is_apple(const char *s, size_t len)
{
	return len >= HEAD &&
	    (memcmp(s, "\0\5\x16\0\0", 5) == 0 || memcmp(s, "\0\5\x16\7\0", 5) == 0);
}

/* Zero bytes where versions I to III have them, a name, and forks that fit. */
static bool
is_macbinary(const char *s, size_t len)
{
	uint64_t data, resource;

	if (len <= MAC_BLOCK || s[0] != '\0' || s[1] == '\0' ||
	    (unsigned char)s[1] > MAC_NAME_MAX || s[74] != '\0' || s[82] != '\0' ||
	    memchr(s + 2, '\0', (unsigned char)s[1]) != NULL)
		return false;
	data = be_get(s + 83, 4);
	resource = be_get(s + 87, 4);
	return data + resource > 0 && MAC_BLOCK + data <= len &&
	    MAC_BLOCK + (data + MAC_BLOCK - 1) / MAC_BLOCK * MAC_BLOCK + resource <=
	    len + MAC_BLOCK - 1;
}

static void
open_entries(struct packed *p, const char *s, size_t len)
{
	size_t n = be_get(s + 24, 2), name = 0, name_len = 0, data = 0, data_len = 0;
	bool has_data = false, cut = n > (len - HEAD) / ENTRY;

	for (size_t i = 0; i < n && HEAD + (i + 1) * ENTRY <= len; i++) {
		const char *entry = s + HEAD + i * ENTRY;
		uint32_t id = be_get(entry, 4), at = be_get(entry + 4, 4),
			 size = be_get(entry + 8, 4);

		if (id != ENTRY_DATA && id != ENTRY_NAME)
			continue;
		/* Each stands there once, and has a place. */
		if (at > len || (id == ENTRY_DATA && has_data) ||
		    (id == ENTRY_NAME && (name_len > 0 || size > NAME_MAX_BYTES)))
			cut = true;
		if (at > len)
			continue;
		if (size > len - at) {
			size = (uint32_t)(len - at);
			cut = true;
		}
		if (id == ENTRY_NAME) {
			name = at;
			name_len = size < NAME_MAX_BYTES ? size : NAME_MAX_BYTES;
		} else {
			has_data = true;
			data = at;
			data_len = size;
		}
	}
	if (name_len > 0 || has_data || cut)
		add(p, s + name, name_len, has_data ? s + data : NULL, data_len,
		    cut ? PACKED_DAMAGED : 0);
}

/* A fork that is not there is no content. */
static void
add(struct packed *p, const char *name, size_t name_len, const char *bytes, size_t len,
    unsigned int flags)
{
	char *copy = strndup(name, name_len), *content = NULL;

	if (len > packed_room(p)) {
		len = packed_room(p);
		flags |= PACKED_LIMIT;
	}
	if (bytes != NULL) {
		content = malloc(len + 1);
		if (content != NULL)
			memcpy(content, bytes, len);
	}
	if (copy == NULL || (bytes != NULL && content == NULL))
		err(EX_OSERR, "apple");
	packed_spend(p, len);
	packed_add_member(p, &copy, copy[0] != '\0', content, len, flags);
	free(copy);
}

/* Numbers with the highest byte in front. */
static uint32_t
be_get(const char *s, unsigned int bytes)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < bytes; i++)
		n = n << 8 | (unsigned char)s[i];
	return n;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_packed.h - what a content holds without a key: the contents that mime_cms,
 * mime_pgp and mime_text find in it.
 */
#ifndef MIME_PACKED_H
#define MIME_PACKED_H

#include <stdbool.h>
#include <stddef.h>

/* How deep a packing may hold another within one content. */
#define PACKED_DEPTH_MAX 16

struct packed_item {
	char *name; /* NULL = none */
	char *content;
	size_t len;
	bool in_text; /* written into a text that is shown */
};

/* All that was found; begin with zeros, end with packed_free. */
struct packed {
	struct packed_item *items;
	size_t n;
	const char
	    *sealed; /* a constant phrase if there is something that only its recipient can open */
	bool too_big; /* not all was unpacked, or it is packed too deep */
};

void packed_free(struct packed *);

/* Takes over content, which must be malloc'd; name is copied, NULL = none. */
void packed_add(struct packed *, const char *name, size_t name_len, char *content, size_t len);

/*
 * ASCII armour (RFC 9580 6.2, RFC 7468), from behind the words of its first line
 * to the last line or the check sum: what it holds, malloc'd, NULL if nothing.
 * *behind is where it ends.
 */
char *packed_unarmour(const char *text, size_t len, size_t *out_len, const char **behind);

/* Compressed as by RFC 1951 alone, or as by RFC 1950. */
enum packed_form { PACKED_DEFLATE, PACKED_ZLIB };

/*
 * Unpack: malloc'd, NULL if nothing comes out. What is broken gives what is in
 * front of the break, and *whole is false. *left is how much may come out in
 * all, max how much of this one, in bytes; past either what is there is given
 * and too_big is set.
 */
char *packed_inflate(struct packed *, enum packed_form, const char *in, size_t len, size_t max,
    size_t *left, size_t *out_len, bool *whole);

#endif

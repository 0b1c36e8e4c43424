/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_packed.h - the files that a container holds, as the formats (mime_formats.h)
 * hand them over, and the bounds that they keep.
 */
#ifndef MIME_PACKED_H
#define MIME_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How deep a packing may hold another within one content. */
#define PACKED_DEPTH_MAX 16

/* Why a file in a container was not opened, or not to its end. */
enum packed_flag {
	PACKED_ENCRYPTED = 1, /* only who has the key can */
	PACKED_DAMAGED = 2, /* broken, or packed in a way that is not known here */
	PACKED_LIMIT = 4 /* past a bound */
};

/* A file in a container: a member of an archive, an attachment in a text. */
struct packed_item {
	char **names; /* every one that some program saves it under, each once; none = nameless */
	size_t n_names;
	char *content; /* NULL = not opened, and the flags say why */
	size_t len;
	unsigned int flags;
	bool in_text; /* written into a text that is shown, or found there all the same */
	bool archived; /* a member of an archive */
	bool scanned; /* the scanner opens what it is in by itself, and sees it there */
};

struct passwords;

/* What opening one content may cost, and what was found. Begin with packed_begin. */
struct packed {
	size_t max; /* bytes of one item */
	size_t *left; /* bytes that may be unpacked yet, of the whole message */
	size_t *members_left; /* members of archives, of the whole message */
	int64_t deadline; /* clock_ms: who works long looks at it with packed_late */
	struct passwords *passwords; /* to be tried; NULL = none */

	struct packed_item *items;
	size_t n;
	const char
	    *sealed; /* a constant phrase if there is something that only its recipient can open */
	const char *active; /* one if it does something when it is opened */
	const char *unopened; /* one if it is of a known format, but broken or not understood */
	bool unlocked; /* one of the passwords opened what was encrypted */
	bool too_big; /* not all was unpacked, or it is packed too deep */
};

/* Empty, with its bounds; packed_free frees all items. */
void packed_begin(struct packed *, size_t max, size_t *left, size_t *members_left,
    int64_t deadline);
void packed_free(struct packed *);

/* Takes over content, which must be malloc'd; name is copied, NULL = none. */
void packed_add(struct packed *, const char *name, size_t name_len, char *content, size_t len);

/* One more name of an item, which is copied; NULL = none. */
void packed_name(struct packed_item *, const char *name, size_t len);

/*
 * A member of an archive, with all its names, which are copied. Takes over
 * content (malloc'd), NULL if it was not opened. False if nothing more is to be added:
 * too many members, or past the deadline.
 */
bool packed_add_member(struct packed *, char *const *names, size_t n_names, char *content,
    size_t len, unsigned int flags);

/*
 * The same of bytes as they stand, which are copied, and count as unpacked. If there is no
 * room for them, too_big is set and nothing added: false too.
 */
bool packed_add_copy(struct packed *, char *const *names, size_t n_names, const char *, size_t len);

/*
 * How many bytes the next item may have, and that so many were unpacked: for who
 * does not unpack by packed_inflate, which does both.
 */
size_t packed_room(const struct packed *);
void packed_spend(struct packed *, size_t len);

/* Is the time over? Then too_big is set. */
bool packed_late(struct packed *);

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
 * front of the break, and *whole is false. Past packed_room what is there is
 * given and too_big is set. What comes out is taken off *left.
 */
char *packed_inflate(struct packed *, enum packed_form, const char *in, size_t len, size_t *out_len,
    bool *whole);

#endif

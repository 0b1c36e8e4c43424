/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * part.h - the one record of a part of a message, and all parts in the order of
 * the walk (mime_walk.h). Everybody else points at it.
 */
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a part stands. Offsets into the message; begin <= end. */
struct part_place {
	size_t header_begin; /* its first header field */
	size_t header_end; /* behind its last one: the empty line, if there is one */
	size_t content_begin;
	size_t content_end; /* before the line ending that belongs to the boundary */
	bool whole_content; /* the content range is known; else only the header is */
	bool message_header; /* the header is a message's, with fields other than the part's */
};

enum part_limit {
	PART_WITHIN,
	PART_TOO_DEEP,
	PART_HEADER_TOO_BIG,
	PART_TOO_MANY,
	PART_UNPACKS_TO_TOO_MUCH
};

#define PART_PATH_MAX 192
#define PART_NONE SIZE_MAX

struct canonical;

struct part_digest {
	uint8_t sha256[32];
};

/*
 * One part. A leaf has content; a container (multipart, unencoded message) has
 * a header only, its parts follow. A part found inside an encoded message
 * attachment, a signature or a packing stands at that leaf's place.
 */
struct part {
	size_t index, parent; /* in struct parts; a parent of PART_NONE: the message */
	char path[PART_PATH_MAX]; /* "1.2"; ".0" at the end: the outermost container of a message */
	bool leaf;
	bool inside; /* found inside a leaf */
	bool in_text; /* written into a text that is shown or searched, or in something there */
	bool message; /* a leaf that is one: its parts follow */
	bool opened; /* a container: what it holds follows */
	bool archived; /* a member of an archive, or in one: its path is the archive's */
	bool scanned; /* a member of what the scanner opens by itself, and sees there */
	bool unlocked; /* it was encrypted, and a password opened all of it */
	bool encoded; /* a transfer encoding was undone */
	unsigned int flags; /* enum packed_flag: a member that was not opened has no content */
	const char *unopened; /* a constant phrase: a known format, but broken; NULL = no */
	const char *sealed; /* a constant phrase: only its recipient can open it; NULL = no */
	const char *active; /* a constant phrase: it does something when opened; NULL = no */
	char *type; /* "text/plain", lower case; "" = unknown */
	char *boundary; /* of a multipart; NULL = none */
	unsigned int n_children; /* of a multipart */
	char **names; /* every name that some reader may see, each once */
	size_t n_names;
	enum part_limit limit; /* past a limit the walk does not go into it */
	struct part_place place;
	size_t len; /* of a leaf's decoded content */
	struct part_digest digest; /* of that */

	/* Noted by those who look at it (examine/). */
	bool doubtful; /* its header or content may be read differently */
	bool attachment; /* it is one, and what it is is not in doubt */
	/* Long, or allowed by its content, and in all ways of reading what was scanned. */
	bool plain_base64;
	bool suspended; /* that it is encrypted is told of what is in it */
	bool in_skeleton; /* its content is scanned with the skeleton, as it stands */
	struct canonical
	    *canonical; /* what could be made of it if it is doubtful; NULL = nothing */
};

/* Decoded content of a leaf, one of n. */
typedef void part_ahead(void *ctx, const char *content, size_t len, size_t n);

/* The parts of one message. Begin with part_begin. */
struct parts {
	const char *bytes;
	size_t size;
	struct part_place root; /* of the message as a whole; by the walk, before its first part */
	struct part **at;
	size_t n;
	int64_t unpack_until; /* clock_ms, by whoever walks; 0 = half of inspect_timeout */
	part_ahead *ahead; /* by whoever walks, see mime_walk.h; NULL = none */
	size_t ahead_min; /* bytes */
};

void part_begin(struct parts *, const char *bytes, size_t size);
void part_free(struct parts *);

/* A new one, at the end; it stays where it is. Type is copied. */
struct part *part_add(struct parts *, size_t parent, const char *type);

/* Those around it, from the nearest on; NULL = it is the outermost. */
const struct part *part_parent(const struct parts *, const struct part *);
bool part_is_below(const struct parts *, const struct part *, size_t container);

/*
 * The part at a path, or the nearest around what would be there; NULL = only the
 * message is.
 */
const struct part *part_at(const struct parts *, const char *path);

/* Has it a name that mail programs open as a message? */
bool part_is_called_mail(const struct part *);

/* Another name, and what readers make of it that decode more than they should. */
void part_add_name(struct part *, const char *name);

/* All names in a header block of bytes, as readers differ about them, without GMime's reading. */
void part_add_header_names(struct part *, const char *bytes, size_t begin, size_t end);

/* If it has none: those that some readers take then. */
void part_add_last_names(struct part *, const char *bytes, size_t begin, size_t end);

/* The same as a list of their own. Free with part_names_free. */
char **part_header_names(const char *bytes, size_t begin, size_t end, size_t *n);
void part_names_free(char **names, size_t n);

/*
 * The name of a host that a name ends in, if its last label is one of domains (words,
 * whatever the case): the whole of it, or behind a blank or the local part of an address.
 * Points into name; NULL = it ends in none.
 */
const char *part_name_host(const char *name, const char *domains);

void part_hash(const char *content, size_t len, struct part_digest *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_walk.h - the MIME tree as GMime reads it, one part after the other,
 * each with its place in the raw message.
 */
#ifndef MIME_WALK_H
#define MIME_WALK_H

#ifdef TOWER_FRONT
#error "mime_walk.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

/* Where a part stands. Offsets into the message; begin <= end. */
struct part_place {
	size_t header_begin; /* its first header field */
	size_t header_end; /* behind its last one: the empty line, if there is one */
	size_t content_begin;
	size_t content_end; /* before the line end that belongs to the boundary */
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

/*
 * One part. A leaf has content; a container (multipart, unencoded message) has
 * a header only, its parts follow. A part found inside an encoded message
 * attachment, a signature or a packing stands at that leaf's place.
 */
struct part {
	char path[PART_PATH_MAX]; /* "1.2"; ".0" at the end: the outermost container of a message */
	bool leaf;
	bool inside; /* found inside a leaf */
	bool in_text; /* written into a text that is shown, or in something there */
	bool opened; /* a container: what it holds follows */
	bool scanned; /* a member of what the scanner opens by itself, and sees there */
	unsigned int flags; /* enum packed_flag: a member that was not opened has no content */
	const char *unopened; /* a constant phrase: a known format, but broken; NULL = no */
	const char *sealed; /* a constant phrase: only its recipient can open it; NULL = no */
	const char *type; /* "text/plain", lower case; "" = unknown */
	bool encoded; /* a transfer encoding was undone */
	unsigned int n_children; /* of a multipart */
	char **names; /* every name that some reader may see */
	size_t n_names;
	enum part_limit limit; /* past a limit the walk does not go into it */
	struct part_place place;
};

/*
 * Called for each part, containers before what is in them. content is a leaf's
 * decoded content. All of it is good during the call only. Return false to end
 * the walk.
 */
typedef bool mime_visit(void *ctx, const struct part *, const char *content, size_t len);

/* Start GMime; mime_walk does, a process that forks many walkers may do it once. */
void mime_walk_start(void);

/*
 * Walk a message of size bytes. root receives the place of the message as a
 * whole. A message that GMime can't parse is one leaf without header or type.
 * A leading mbox "From " line is passed over. Returns false if a visit did.
 */
bool mime_walk(const char *bytes, size_t size, const struct conf *, struct part_place *root,
    mime_visit *visit, void *ctx);

/*
 * Every file name in the header block that begins at begin and ends at end, as
 * readers differ about them, without GMime's reading; each once. Free with
 * mime_walk_names_free.
 */
char **mime_walk_header_names(const char *bytes, size_t begin, size_t end, size_t *n);
void mime_walk_names_free(char **names, size_t n);

/* A header's text with its RFC 2047 words decoded to UTF-8; malloc'd. */
char *mime_walk_words(const char *text);

/* Length of a leading mbox "From " line, 0 if there is none. */
size_t mime_walk_from_line(const char *bytes, size_t size);

#endif

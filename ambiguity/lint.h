/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lint.h - does a message read the same to everyone?
 *
 * GMime's tree is one reading. This looks at the raw bytes for whatever makes
 * other readers see another tree or other content, and for bytes that belong
 * to no part. A regular mail needs no further look than its parts and its
 * skeleton; any other is scanned whole as well.
 */
#ifndef LINT_H
#define LINT_H

#include <stdbool.h>
#include <stddef.h>

#include "doubt.h"
#include "mime_walk.h"

/* Filled during a walk; begin with lint_begin, end with lint_free. */
struct lint {
	const struct parts *parts;
	const char *bytes;
	size_t size;
	enum doubt irregular; /* the first reason found */
	unsigned long n_irregular; /* how many were found */
	unsigned long n_doubts; /* of which a program may go by another reading than ours */
	struct multipart *multiparts;
	size_t n_multiparts;
};

/* The parts that the walk is going to record. */
void lint_begin(struct lint *, const struct parts *);
void lint_free(struct lint *);

/*
 * Look at a part, which is not inside an encoded one. Returns why readers
 * may get another content out of this very part, or DOUBT_NONE; doubts about
 * its header's letter or the tree around it are not told.
 */
enum doubt lint_part(struct lint *, const struct part *);

/*
 * After the walk: why other readers may read the message differently; DOUBT_NONE if
 * it is regular.
 */
enum doubt lint_irregular(struct lint *);

/*
 * The message without the contents of leaves, but for those that are marked as
 * in_skeleton; malloc'd. For a regular message only.
 */
char *lint_skeleton(const struct parts *, size_t *len);

/* Any message, without the contents that are marked as plain_base64; malloc'd. */
char *lint_without_plain(const struct parts *, size_t *len);

/* Does no part have any of the bytes from begin to end? */
bool lint_is_gap(const struct parts *, size_t begin, size_t end);

#endif

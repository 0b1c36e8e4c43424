/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lint.h - does a mail read the same to everyone?
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

#include "mime_walk.h"

/* Filled during a walk; begin with lint_begin, end with lint_free. */
struct lint {
	const char *bytes;
	size_t size;
	const char *irregular; /* the first reason found, a constant phrase; NULL = none */
	unsigned long n_irregular; /* how many were found */
	struct multipart *multiparts;
	size_t n_multiparts;
	struct covered *covered; /* headers and contents, in the order of the walk */
	size_t n_covered;
};

/* A boundary, and how often its lines must and do occur. */
struct multipart {
	const char *boundary; /* in bytes, not NUL-terminated */
	size_t len;
	unsigned int want, delimiters, closes;
};

struct covered {
	size_t begin, end;
	bool scanned_decoded; /* content that the skeleton leaves out */
};

void lint_begin(struct lint *, const char *bytes, size_t size);
void lint_free(struct lint *);

/*
 * Take note of a part that is not inside an encoded one. decoded: its content
 * is scanned on its own, so the skeleton leaves it out. Returns why readers
 * may get another content out of this very part, as a constant phrase, or
 * NULL; doubts about its header's letter or the tree around it are not told.
 */
const char *lint_part(struct lint *, const struct part *, bool decoded);

/*
 * After the walk: why other readers may read the mail differently, as a
 * constant phrase; NULL if it is regular.
 */
const char *lint_irregular(struct lint *);

/*
 * The mail without the contents that are scanned decoded; malloc'd. For a
 * regular mail only.
 */
char *lint_skeleton(const struct lint *, size_t *len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * multipart.h - where the parts of a multipart begin and end for everybody, so that
 * they can be taken out.
 */
#ifndef MULTIPART_H
#define MULTIPART_H

#ifdef TOWER_FRONT
#error "multipart.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>

#include "header.h"
#include "part.h"

/* What is known of one part beyond its record (part.h). */
struct multipart_bounds {
	struct part_place place; /* of one that goes as a whole: all of it */
	/* Of a multipart. */
	bool regular; /* its header reads the same to everyone */
	char *boundary; /* NULL = not regular */
	size_t main_begin, main_end; /* its type */
	struct header_field field; /* and the field that holds it */
	const char *encoding; /* "8bit" or "binary" if its header says so */
};

/* The parts of one message, by their index. Free with multipart_free. */
struct multiparts {
	const struct parts *parts;
	struct multipart_bounds *at;
};

void multipart_read(struct multiparts *, const struct parts *);
void multipart_free(struct multiparts *);

/*
 * Where a multipart ends, behind its closing delimiter and in front of the line
 * ending that belongs to the delimiter of what is around it. PART_NONE if that can't
 * be told; so with all of these.
 */
size_t multipart_end(const struct multiparts *, size_t);

/* The beginning of the delimiter's line in front of a part. */
size_t multipart_delimiter(const struct multiparts *, size_t child);

/* The beginning of the one behind it; does that one close the multipart? */
size_t multipart_delimiter_behind(const struct multiparts *, size_t child, bool *closes);

#endif

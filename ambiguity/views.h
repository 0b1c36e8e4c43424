/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * views.h - what other readers might see in a message that does not read the
 * same to everyone: every region that might be a part, decoded in every way
 * that somebody might decode it.
 */
#ifndef VIEWS_H
#define VIEWS_H

#include <stdbool.h>
#include <stddef.h>

#include "mime_decode.h"
#include "mime_walk.h"

/* One reading of one stretch of the message. */
struct view {
	enum decode_way way;
	size_t begin, end; /* the stretch, in the message */
	const char *content; /* good during the call */
	size_t len;
};

/* A stretch between two lines that might be boundaries, and what it is called. */
struct region {
	size_t begin, end;
	char **names;
	size_t n_names;
};

/*
 * Which decoders some program would use, by what headers of the message name, in
 * anybody's reading of them. Decoders of files want a marker in the content as well.
 */
struct evidence {
	bool base64, qp, uu, binhex;
	bool any; /* an encoding is named that nobody knows */
	size_t skipped; /* views that nothing speaks for */
	size_t alike; /* views that are what another way of decoding gives, too */
};

void views_evidence(struct evidence *, const char *bytes, size_t size);

/* Return false to end the enumeration. */
typedef bool view_visit(void *ctx, const struct view *);

/* What to do about a region's views: REGION_KNOWN if all readers agree about it. */
enum region_answer { REGION_LOOK, REGION_KNOWN, REGION_STOP };
typedef enum region_answer region_visit(void *ctx, const struct region *);

/*
 * Enumerate: for each region its names, then its views, and those of the body
 * as one; of a multipart that all take for one only where an encoding may hold
 * lines that begin with "--". Bounded by the
 * configuration (view_limit, view_size_limit); returns false if a bound was
 * hit or a visit returned false, so that not everything was seen.
 */
bool views_each(const char *bytes, size_t size, const struct part_place *root, bool multipart,
    const struct conf *, struct evidence *, region_visit *, view_visit *, void *ctx);

/* The views of one stretch alone, such as a part in which others see parts. */
bool views_of(const char *bytes, size_t begin, size_t end, const struct conf *, struct evidence *,
    view_visit *, void *ctx);

#endif

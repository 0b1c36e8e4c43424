/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * joined.h - contents that are scanned as one object, for the scanner has a price
 * for each.
 */
#ifndef JOINED_H
#define JOINED_H

#include <stdbool.h>
#include <stddef.h>

#include "object.h"
#include "part.h"
#include "scan.h"

/* A content, and whose it is. */
struct joined_piece {
	size_t begin, len; /* in the object */
	struct part part;
	size_t view_begin, view_end; /* of a view: the stretch, and how it was decoded */
	int way;
	bool outer; /* a view of the message itself */
};

/* Zeroed at first. Free with joined_free. */
struct joined {
	char *bytes;
	size_t len, room;
	struct joined_piece *pieces;
	size_t n;
};

/* Does a content lose nothing by that? Not what programs know by its first bytes. */
bool joined_may(const char *content, size_t len);

/* Copies the content; the piece is filled in but for begin and len. */
void joined_add(struct joined *, const struct joined_piece *, const char *content, size_t len);
void joined_free(struct joined *);

/*
 * Scan all of it: as bytes, and as HTML if it may be some. True if it is clean; of
 * what was found each piece is to be asked alone.
 */
bool joined_scan(const struct joined *, const struct objects *, struct scan_result *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * banner.h - texts that are put in front of what a recipient reads first, or behind
 * it: into the first text of a message and into the other forms of that text, in
 * the charset and the transfer encoding of each.
 *
 *	struct banner b = { .text = "Sent from outside.\n" };
 *	const char *why = banner_insert(d, parts, &b, 1, may, ctx);
 *
 * The rest of the message stays byte for byte, unless the text can't be said in it:
 * a text/plain in a charset without these characters becomes UTF-8. HTML stays as
 * it is in any case, for what its charset lacks is written as &#8364;.
 */
#ifndef BANNER_H
#define BANNER_H

#ifdef TOWER_FRONT
#error "banner.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>

#include "edit.h"
#include "part.h"

/* Bytes of a text. */
#define BANNER_TEXT_MAX 16384

struct banner {
	const char
	    *text; /* UTF-8, lines ended by LF; an empty line is put between it and the rest */
	const char
	    *html; /* the same as HTML in UTF-8, an element of its own; NULL = made from text */
	bool at_end; /* behind the text; else in front of it */
	bool once; /* not into a text that holds it already, such as a reply that quotes it */
};

enum banner_answer {
	BANNER_SPARED, /* nothing may be written in it, such as a part that goes */
	BANNER_FREE, /* of a leaf: it may be written into; of a multipart: its parts are asked for */
	/* the same for a multipart/signed that is broken anyway: else it is spared */
	BANNER_UNSEALED
};

/*
 * Asked for each part on the way to the text. A leaf that other edits change,
 * be it its header only, must be spared.
 */
typedef enum banner_answer banner_ask(void *ctx, const struct part *);

/*
 * The edits that put n of them there, those in front in their order. NULL if they stand
 * in each form of the text now; else why not in all of them, a constant phrase: then
 * they may stand in some.
 *
 * Never written into: what is signed (also in the text, by PGP), encrypted, a report
 * (RFC 6522), an attached message or an attachment, and what other programs may read
 * in another way than we do (part->doubtful). An empty message is no text.
 */
const char *banner_insert(const struct defang *, const struct parts *, const struct banner *,
    size_t n, banner_ask *, void *ctx);

/*
 * How many lines of a screen that is 80 characters wide the first text takes, in its
 * longest form; 0 if there is none that banner_insert could write into.
 */
size_t banner_lines(const struct parts *, banner_ask *, void *ctx);

#endif

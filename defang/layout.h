/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout.h - which parts stand in which, and the edits that remove some so that
 * the rest is still shown and the notice is seen.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#ifdef TOWER_FRONT
#error "layout.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "edit.h"
#include "mime_walk.h"
#include "notice.h"
#include "request.h"

struct layout_part;

/* The tree of one message; zeroed at first. Free with layout_free. */
struct layout {
	const char *bytes;
	size_t size;
	struct layout_part *parts; /* containers in front of what is in them */
	size_t n;
	char *subject; /* of the message, decoded; NULL = not asked for yet */
};

/* A part of the walk, in its order; bytes is the message. */
void layout_enter(struct layout *, const char *bytes, size_t size, const struct part *);
void layout_free(struct layout *);

/*
 * The part whose header begins there is to be removed. The notice is filled in
 * but for what the layout knows itself: what went, and under which subject.
 * False if there is no such part.
 */
bool layout_mark(struct layout *, const struct part_place *, const struct notice *);

/*
 * The edits for all marks, which are gone then. Where a notice in the place of
 * a part would hide what is left, or be hidden by it, the multipart around it
 * changes: see layout.c.
 */
void layout_edit(struct layout *, const struct defang *, const struct conf *,
    const struct request *);

/*
 * What changed around the parts that were marked last, one after the other: the
 * path of the container and why, a constant phrase. NULL: i is past the last.
 */
const char *layout_reason(const struct layout *, size_t i, const char **path);

/* A part that went in the last edit. */
struct layout_gone {
	size_t index; /* in struct parts */
	bool in_place; /* its notice stands where it stood; else further down */
	const struct notice *notice;
};

/* The nth of them; false: n is past the last. */
bool layout_gone(const struct layout *, size_t nth, struct layout_gone *);

/* Did that multipart/signed or encrypted cease to be one in it? */
bool layout_is_broken(const struct layout *, size_t index);

/*
 * Put a whole part, header and content, in the place of another. Of a message's
 * own header only Content-* fields are replaced. place->whole_content must be true.
 */
void layout_replace(const struct defang *, const struct part_place *, const char *part);

#endif

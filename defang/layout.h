/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout.h - the edits that remove some parts so that the rest is still shown and
 * the notice is seen.
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
#include "plan.h"
#include "request.h"

/* Of one message; zeroed at first. Free with layout_free. */
struct layout {
	struct plan plan;
	char *subject; /* of the message, decoded; NULL = not asked for yet */
};

/* Nothing is marked. The parts must stay as they are until layout_free or the next one. */
void layout_begin(struct layout *, const struct parts *);
void layout_free(struct layout *);

/*
 * The part whose header begins there is to be removed. The notice is filled in
 * but for what the layout knows itself: what went, and under which subject.
 * False if there is no such part.
 */
bool layout_mark(struct layout *, const struct part_place *, const struct notice *);

/*
 * The edits for all marks. Where a notice in the place of a part would hide what is
 * left, or be hidden by it, the multipart around it changes: see plan.c.
 */
void layout_edit(struct layout *, const struct defang *, const struct conf *,
    const struct request *);

/*
 * What changed around the parts that were marked, one after the other: the
 * path of the container and why, a constant phrase. NULL: i is past the last.
 */
const char *layout_reason(const struct layout *, size_t i, const char **path);

/*
 * The notice of a part, by its index, that went; NULL = it is there. in_place: the
 * notice stands where the part stood; else further down.
 */
const struct notice *layout_gone(const struct layout *, size_t index, bool *in_place);

/* Did that multipart/signed or encrypted cease to be one? */
bool layout_is_broken(const struct layout *, size_t index);

/*
 * Put a whole part, header and content, in the place of another. Of a message's
 * own header only Content-* fields are replaced. place->whole_content must be true.
 */
void layout_replace(const struct defang *, const struct part_place *, const char *part);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front_line.h - in front of the text of a message: what was removed or renamed
 * further down, where nobody might look.
 */
#ifndef FRONT_LINE_H
#define FRONT_LINE_H

#ifdef TOWER_FRONT
#error "front_line.h is the inspector's"
#endif

#include <stddef.h>

#include "conf.h"
#include "edit.h"
#include "layout.h"
#include "notice.h"
#include "part.h"
#include "request.h"

/* A part that was changed. */
struct front_line_part {
	size_t index;
	const char *name; /* what it is called now, if its recipients are to be told; else NULL */
	struct notice notice; /* if so: why, and how it was called */
};

/*
 * The edits. parts: all that other edits change, but for those that went, which the
 * layout knows after its own edits. Nothing happens where the settings (notice_line,
 * notice_renamed, banner, disclaimer) or the message do not want it. NULL, or why
 * banner and disclaimer are not in each form of the text, a constant phrase.
 */
const char *front_line_put(const struct defang *, const struct parts *, const struct layout *,
    const struct conf *, const struct request *, const struct front_line_part *, size_t n);

#endif

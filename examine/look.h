/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * look.h - one look at a message: its parts, its skeleton or the whole of it.
 */
#ifndef LOOK_H
#define LOOK_H

#include "examination.h"

/* Begin an examination that is to end by deadline (clock_ms), and free it. */
void look_begin(struct examination *, const struct conf *, const struct request *, struct report *,
    const char *bytes, size_t size, int64_t deadline, int64_t views_end);
void look_free(struct examination *);

/* Walk and scan everything; afterwards the findings are there, and the targets. */
void look_at(struct examination *);

/* What look_at has left out, if x->waits: the skeleton, and what follows from it. */
void look_whole(struct examination *);

#endif

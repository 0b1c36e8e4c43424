/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sealed.h - what the scanner calls encrypted, and a password has opened.
 */
#ifndef SEALED_H
#define SEALED_H

#include <stdbool.h>
#include <stddef.h>

#include "examination.h"

/*
 * Is a hit of the scanner on a part no finding of it: because a password opened all
 * that was encrypted, or because its members, which follow, are asked first?
 */
bool sealed_is_explained(struct examination *, const struct part *, const char *content, size_t len,
    const struct scan_hit *);

/* The same of a hit on the whole message, which reads the same to everyone. */
bool sealed_is_explained_whole(const struct examination *, const struct scan_hit *);

/* Is it a member of a part that was put off, so that it needs a scan of its own? */
bool sealed_is_asked(const struct examination *, const struct part *);

/* Behind the walk: tell of those parts that were put off and none of whose members explains it. */
void sealed_finish(struct examination *);

#endif

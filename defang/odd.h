/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * odd.h - fields that say what a part is to some programs only.
 */
#ifndef ODD_H
#define ODD_H

#ifdef TOWER_FRONT
#error "odd.h is the inspector's"
#endif

#include "edit.h"
#include "part.h"

/*
 * The edits that leave none of them in the header of a part. within: a new Content-Type is
 * put in front of it, with which its first lines may go on.
 */
void odd_strike(const struct defang *, const struct part_place *, bool within);

/* Is the first line of its header struck so, with a new Content-Type in front of it? */
bool odd_is_first_struck(const struct defang *, const struct part_place *);

#endif

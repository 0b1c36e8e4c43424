/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * places.h - which part a stretch of bytes belongs to, and what can be taken out
 * of a message alone. Of the parts of the message itself, not of those inside
 * of encoded ones.
 */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "part.h"

/* The message as if it were a part. */
struct part places_message(const struct parts *);

/* The leaf in whose header or content a stretch lies, NULL if there is none. */
const struct part *places_leaf_around(const struct parts *, size_t begin, size_t end);

/* The innermost container in which a stretch lies; NULL = not even the message is one. */
const struct part *places_container_around(const struct parts *, size_t begin, size_t end);

/*
 * Where a container stands as a whole: it ends at the first boundary of what it
 * is in, behind its last leaf. False if that can't be told.
 */
bool places_whole(const struct parts *, const struct part *container, struct part_place *);

/*
 * The part, or the nearest around it, that can be taken out alone, with its place
 * as a whole. Of a message in a part the header stays with it, so it is the part
 * that goes. False: nothing less than the whole message.
 */
bool places_removable(const struct parts *, const struct part *, struct part *removable);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_place.h - where an object of GMime's stands in the bytes that it was read from.
 */
#ifndef MIME_PLACE_H
#define MIME_PLACE_H

#include <gmime/gmime.h>

#include "part.h"

/* What GMime read; its offsets count from there. */
struct place_in {
	const char *bytes;
	size_t size;
	size_t base; /* bytes of the message in front of that */
};

/*
 * The place of an object, as offsets into the message. message is the one whose
 * header it shares, or NULL; parent the place of what it is in, or NULL.
 */
void place_object(const struct place_in *, GMimeObject *, GMimeMessage *message,
    const struct part_place *parent, struct part_place *);

#endif

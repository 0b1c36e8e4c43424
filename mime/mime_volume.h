/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_volume.h - pieces of archives that were split.
 */
#ifndef MIME_VOLUME_H
#define MIME_VOLUME_H

#include <stdbool.h>

#include "mime_formats.h"

/* The rows of the table of formats: see struct format. */
bool volume_is(const struct format_input *);
void volume_open(struct packed *, const struct format_input *);

#endif

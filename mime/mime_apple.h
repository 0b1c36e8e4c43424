/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_apple.h - files of a Macintosh in one: AppleSingle, AppleDouble, MacBinary.
 */
#ifndef MIME_APPLE_H
#define MIME_APPLE_H

#include <stdbool.h>

#include "mime_formats.h"

/* The rows of the table of formats: see struct format. */
bool apple_is(const struct format_input *);
void apple_open(struct packed *, const struct format_input *);

#endif

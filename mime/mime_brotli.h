/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_brotli.h - files compressed with Brotli, which only their names tell.
 */
#ifndef MIME_BROTLI_H
#define MIME_BROTLI_H

#include "mime_formats.h"

/* A row of the table of formats: see struct format. */
bool brotli_is(const struct format_input *);
void brotli_open(struct packed *, const struct format_input *);

#endif

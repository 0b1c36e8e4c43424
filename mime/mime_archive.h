/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_archive.h - archives, compressed files and images of disks.
 */
#ifndef MIME_ARCHIVE_H
#define MIME_ARCHIVE_H

#include <stdbool.h>

#include "mime_formats.h"

/* The rows of the table of formats: see struct format. */
bool archive_is(const struct format_input *);
void archive_open(struct packed *, const struct format_input *);
void archive_names(const struct format_input *, format_name *, void *ctx);

/* One that stands behind something else, as self-extracting ones do: programs look for it. */
bool archive_is_behind(const struct format_input *);
void archive_open_behind(struct packed *, const struct format_input *);

#endif

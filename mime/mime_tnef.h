/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_tnef.h - the names of what is in a TNEF stream (winmail.dat).
 */
#ifndef MIME_TNEF_H
#define MIME_TNEF_H

#include "mime_formats.h"

bool tnef_is(const struct format_input *);

/*
 * Call fn for each file name in the stream, short and long ones; a name of
 * two-byte characters comes as its ASCII part. [MS-OXTNEF] 2.1.
 */
void tnef_names(const struct format_input *, format_name *, void *ctx);

/* The files, each with its names; a message that is attached is a stream like this one. */
void tnef_open(struct packed *, const struct format_input *);

#endif

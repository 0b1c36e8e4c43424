/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_tnef.h - the names of what is in a TNEF stream (winmail.dat).
 */
#ifndef MIME_TNEF_H
#define MIME_TNEF_H

#include <stdbool.h>
#include <stddef.h>

bool tnef_is(const char *bytes, size_t len);

/*
 * Call fn for each file name in the stream, short and long ones; a name of
 * two-byte characters comes as its ASCII part. [MS-OXTNEF] 2.1.
 */
void tnef_names(const char *bytes, size_t len, void (*fn)(void *ctx, const char *name), void *ctx);

#endif

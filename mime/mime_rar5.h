/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_rar5.h - whether anything in a RAR 5 archive is encrypted, or elsewhere.
 */
#ifndef MIME_RAR5_H
#define MIME_RAR5_H

#include <stdbool.h>
#include <stddef.h>

/* Is a file in it encrypted, or all headers? libarchive 3.6 does not tell. */
bool rar5_is_sealed(const char *, size_t len);

/* Is it called a volume, or has a file in it its other part elsewhere? */
bool rar5_is_volume(const char *, size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_rar4.h - whether a RAR 4 archive is one piece of several.
 */
#ifndef MIME_RAR4_H
#define MIME_RAR4_H

#include <stdbool.h>
#include <stddef.h>

/* Is it called a volume, or has a file in it its other part elsewhere? */
bool rar4_is_volume(const char *, size_t len);

#endif

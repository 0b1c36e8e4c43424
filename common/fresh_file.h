/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fresh_file.h - a file that is written anew, for programs of others that read it.
 */
#ifndef FRESH_FILE_H
#define FRESH_FILE_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Write what put writes to path with ".new" behind it, readable for all, and rename that
 * to path: who reads it finds all of it or the one before. False with errno; path is then
 * as it was.
 */
bool fresh_file_write(const char *path, void (*put)(FILE *, const void *ctx), const void *ctx);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * database.h - have the signature files changed on disk?
 */
#ifndef DATABASE_H
#define DATABASE_H

#include <stdint.h>

/*
 * A number for the names, sizes and times of the signature files at path (a
 * directory or one file); 0 = there is nothing.
 */
uint64_t database_print(const char *path);

#endif

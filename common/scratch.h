/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scratch.h - an inspector's private directory, made and removed from outside
 * so that it goes even when the inspector dies.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Make BASE/spawnscan-PID-XXXXXX, mode 0700, and put its path in path. First
 * removes what dead processes of this user left there. False with errno.
 */
bool scratch_make(const char *base, char *path, size_t pathsize);

/* Remove it with all that is in it. Never follows a symbolic link. */
void scratch_remove(const char *path);

/* Remove what is in it only. False if something resisted. */
bool scratch_empty(const char *path);

#endif

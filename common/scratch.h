/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scratch.h - an inspector's private directory, made and removed from outside
 * so that it goes even when the inspector dies.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"

/*
 * Make BASE/spawnscan-PID-XXXXXX, mode 0700, and put its path in path. First
 * removes what dead processes of this user left there. False with errno.
 */
bool scratch_make(const char *base, char *path, size_t pathsize);

/*
 * Where to make it: scratch_dir, or, if that is "auto", the first of /tmp and /dev/shm
 * that is a tmpfs with room for one inspection (scratch_quota), else /tmp. Removes what
 * dead processes of this user left there, lest it take the room.
 */
const char *scratch_base(const struct conf *);

/* The same in words, and why. */
void scratch_describe(const struct conf *, char *words, size_t size);

/* Remove it with all that is in it. Never follows a symbolic link. */
void scratch_remove(const char *path);

/* Remove what is in it only. False if something resisted. */
bool scratch_empty(const char *path);

/*
 * Bytes on disk that its files take, which somebody may be writing meanwhile. What
 * can't be looked at, and more files or levels than an inspection can need, count
 * as without end. "" is no directory, and takes nothing.
 */
uint64_t scratch_used(const char *path);

/* What an inspector may have there altogether. */
uint64_t scratch_quota(const struct conf *);

#endif

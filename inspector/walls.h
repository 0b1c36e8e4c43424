/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walls.h - the file system shut off by Landlock.
 */
#ifndef WALLS_H
#define WALLS_H

#include <stddef.h>

#include "conf.h"

enum walls_state { WALLS_UP, WALLS_MISSING, WALLS_FAILED };

/* What the kernel's Landlock can do; 0 = there is none, or it is denied to us. */
int walls_abi(void);

/*
 * Rules for one process with its private directory: a descriptor, or -1 with a
 * sentence; *state says whether there is no Landlock or it failed.
 */
int walls_build(const struct conf *, const char *scratch, enum walls_state *, char *err,
    size_t errsize);

/* Shut this process in, for good. */
enum walls_state walls_close(int walls, char *err, size_t errsize);

#endif

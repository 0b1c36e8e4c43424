/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privileges.h - from root to a user who may less, for good.
 */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include <pwd.h>
#include <stddef.h>

/*
 * The user of that name, for a process that root has started; before anything is
 * made that only root could take away again. *user is NULL if there is nothing to
 * become: we are not root, or the name is "". Returns a code of <sysexits.h>,
 * EX_NOUSER if there is none of that name, with a sentence. The record is
 * getpwnam's, until that is called again.
 */
int privileges_find(const struct passwd **user, const char *name, char *err, size_t errsize);

/* Become that user, with its groups; NULL: stay who we are. EX_OK, or EX_OSERR and a sentence. */
int privileges_drop(const struct passwd *user, char *err, size_t errsize);

#endif

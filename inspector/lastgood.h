/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lastgood.h - the signatures that an engine has in use, to be had again when new
 * ones turn out broken.
 */
#ifndef LASTGOOD_H
#define LASTGOOD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* A set of signature files, kept open whatever becomes of their names. */
struct lastgood {
	char dir[PATH_MAX]; /* "" = none; links to the open files */
	char database[PATH_MAX]; /* to load it by: dir, or a file in it */
};

/*
 * Open the files of database (a directory or one file). dir is made in base. False
 * with errno: not kept.
 */
bool lastgood_keep(struct lastgood *, const char *database, const char *base);

/* Let the set survive execv, and find it again afterwards. */
void lastgood_hand_on(const struct lastgood *);
bool lastgood_inherit(struct lastgood *);

/* Close its files, remove its directory. */
void lastgood_drop(struct lastgood *);

#endif

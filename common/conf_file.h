/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_file.h - settings from a file.
 */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include "conf.h"

/* What is read if no file is named, provided that it is there. */
#define CONF_FILE_DEFAULT SYSCONFDIR "/spawnscan.conf"

/*
 * CONF_FILE_DEFAULT, NULL if there is none. One that can't be reached counts as
 * there: to go by the defaults then would let through what it forbids.
 */
const char *conf_file_default(void);

/*
 * Read a file over what is there. On failure returns false and puts one clear
 * sentence (with file and line) into err.
 */
bool conf_file_read(struct conf *, const char *path, char *err, size_t errsize);

#endif

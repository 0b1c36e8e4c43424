/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * actual_type.h - the MIME type that a content has, whatever it is called.
 */
#ifndef ACTUAL_TYPE_H
#define ACTUAL_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

/* Do the settings ask for types? */
bool actual_type_wanted(const struct conf *);

/*
 * Load what is needed, once for a process and those that it forks, while files can be
 * opened. False and a sentence on failure.
 */
bool actual_type_start(char *err, size_t errsize);

/* "application/pdf": good until the next call. NULL if it can't be told. */
const char *actual_type(const char *content, size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_value.h - one setting: from text into the configuration, and back.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "conf_table.h"

/*
 * Check a value and put it in its place, in the struct that the key is of: a struct
 * conf, or a rule; append: to a list or text that is there. On failure false and a
 * sentence, and nothing has changed.
 */
bool conf_value_set(void *into, const struct conf_key *, const char *value, bool append, char *err,
    size_t errsize);

/* The value as conf_value_set takes it, malloc'd. */
char *conf_value_print(const void *from, const struct conf_key *);

/* Give back what it points to. */
void conf_value_free(void *from, const struct conf_key *);

/* What was copied with its struct gets a string of its own. */
void conf_value_own(void *in, const struct conf_key *);

/* Does it take a value in several lines? */
bool conf_value_is_long(const struct conf_key *);

/* Without whitespace at either end, in place. */
char *conf_value_trim(char *);

#endif

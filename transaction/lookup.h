/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookup.h - tables that rules look an address or a client up in.
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#define LOOKUP_KEY_MAX 2048 /* bytes of a key; longer ones are in no table */
#define LOOKUP_FILE_MAX (1u << 20) /* bytes of a text file that is not sorted */

enum lookup_result { LOOKUP_ABSENT, LOOKUP_FOUND, LOOKUP_FAILED };

/*
 * Is one of these keys, lower case, in the table ("cdb:/path", see lookup.c)? The index
 * of it goes into *which. LOOKUP_FAILED: with a sentence, and nothing is known.
 */
enum lookup_result lookup_find(const char *table, const char *const *keys, size_t n, size_t *which,
    char *err, size_t errsize);

/*
 * Can it be looked up in? Else false, and a sentence. Does not read all of a file, of
 * whatever size.
 */
bool lookup_check(const char *table, char *err, size_t errsize);

/* Is it a word for a table at all? */
bool lookup_is_table(const char *word, size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words.h - lists of words, as settings hold them: separated by one space each.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

/* Take the next word off the front of the list; false if there is none. */
bool words_next(const char **list, struct span *word);

/* The word as a string, in buf; NULL if it does not fit. */
const char *words_text(struct span word, char *buf, size_t size);

/*
 * Find name in a list of words, or of shell patterns (fnmatch(3)), whatever the
 * case. The word that it was goes into word. One that does not fit there can't
 * be meant by any name.
 */
bool words_find(const char *list, const char *name, char *word, size_t size);
bool words_match(const char *list, const char *name, char *word, size_t size);

#endif

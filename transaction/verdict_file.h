/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict_file.h - the file that the setting verdicts names.
 */
#ifndef VERDICT_FILE_H
#define VERDICT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conf.h"
#include "override.h"

/*
 * Read it: *text is the whole, malloc'd, NULL if the setting is empty; free *overrides
 * with override_free. On failure false and a sentence, which names the file and if a line
 * is bad that line; then there is nothing to free.
 */
bool verdict_file_read(const struct conf *, char **text, struct overrides *, char *err,
    size_t errsize);

/* Can those of the settings and of each rule be read? If not, a sentence. */
bool verdict_file_check(const struct conf *, char *err, size_t errsize);

/* Has it a line whose action is to tag? One that can't be read has none. */
bool verdict_file_tags(const struct conf *);

/* A line for each line in them that has expired. Faults are verdict_file_check's to tell. */
void verdict_file_print_expired(const struct conf *, FILE *);

#endif

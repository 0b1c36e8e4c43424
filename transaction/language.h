/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * language.h - in which language a recipient is told.
 */
#ifndef LANGUAGE_H
#define LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "message.h"

/*
 * The file of the language for a message: the first of notice_language that there
 * is; whole, malloc'd, as sentences.h has it. NULL = English, also if none can be
 * read, which is logged.
 */
char *language_for(const struct conf *, const struct message *);

/*
 * Is each language that notice_language names there, and in order? On failure
 * false and a sentence.
 */
bool language_check(const struct conf *, char *err, size_t errsize);

#endif

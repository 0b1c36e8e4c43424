/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repeat.h - is a text in another one already, as a reply has what it quotes?
 */
#ifndef REPEAT_H
#define REPEAT_H

#ifdef TOWER_FRONT
#error "repeat.h is the inspector's"
#endif

#include <stdbool.h>

#include "form.h"

/*
 * The same letters and digits in the same order, whatever is between them: quotation
 * marks, line endings, tags of HTML. text: UTF-8. False for a text with less than 12 of
 * them, and for a form of more than 1 MB.
 */
bool repeat_is_in(const struct form *, const char *text);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * insert.h - lines are written into one form of a text, in its charset and its
 * transfer encoding.
 */
#ifndef INSERT_H
#define INSERT_H

#ifdef TOWER_FRONT
#error "insert.h is the inspector's"
#endif

#include <stdbool.h>

#include "edit.h"
#include "form.h"

/*
 * In front of the text, and behind it; "" = nothing. UTF-8, each line ended by LF; HTML
 * for a form that is HTML, where they go into the body. NULL, or why one can't be there, a
 * constant phrase; then there is no edit.
 */
const char *insert_text(const struct defang *, struct form *, const char *front,
    const char *behind);

#endif

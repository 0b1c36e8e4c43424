/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loose_value.h - what programs that are no parsers make of the value of a parameter.
 */
#ifndef LOOSE_VALUE_H
#define LOOSE_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Call fn for each file name that somebody reads at s, behind the "=" of a parameter,
 * and in no more than len bytes. Bounded in number and in length; linear in both.
 */
void loose_value_each(const char *s, size_t len, void (*fn)(void *ctx, const char *name),
    void *ctx);

/* A byte that no token has and that no punctuation is: a blank, a control, what is not ASCII. */
bool loose_value_is_junk(unsigned char);

#endif

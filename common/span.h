/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * span.h - a stretch of text that is not ours and has no NUL at its end.
 */
#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *text;
	size_t len;
};

/* Take blanks (SP, TAB) off the front; the next word with the blanks before it. */
void span_skip_blanks(struct span *rest);
struct span span_word(struct span *rest);

/* Is it that word? ASCII case does not matter. */
bool span_is(struct span, const char *word);

/* If it begins so, in whatever case, take that off the front. */
bool span_take(struct span *, const char *prefix);

#endif

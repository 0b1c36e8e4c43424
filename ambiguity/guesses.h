/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guesses.h - what programs find in a content that no header and no line calls a file.
 */
#ifndef GUESSES_H
#define GUESSES_H

#include <stdbool.h>
#include <stddef.h>

/* Content is good during the call. */
typedef void guess_visit(void *ctx, const char *content, size_t len);

/*
 * Of a content: raw, as it stands in the message, and when its transfer encoding is undone;
 * is_text by its type. Linear in both.
 */
void guesses_each(const char *raw, size_t raw_len, bool is_text, const char *content, size_t len,
    guess_visit *, void *ctx);

#endif

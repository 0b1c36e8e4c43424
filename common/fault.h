/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault.h - one sentence about what went wrong.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A sentence into err, cut at errsize - 1 bytes, with "?" for control characters;
 * returns false. Long text of strangers in it goes through fault_quote.
 */
bool fault_tell(char *err, size_t errsize, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Of a stranger's text, at most size - 1 bytes that are printable ASCII. */
#define FAULT_QUOTE_SIZE 64
void fault_quote(const char *text, char *buf, size_t size);

#endif

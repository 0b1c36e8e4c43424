/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * safe.h - text of strangers, made safe for a terminal.
 */
#ifndef SAFE_H
#define SAFE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Printable ASCII as it is, everything else as \ooo; at most max columns. */
void safe_put(FILE *, const char *text, size_t len, size_t max);

/* The columns that all of it takes. */
size_t safe_columns(const char *text, size_t len);

/* One sentence on standard error, whatever is in it; returns code. */
int safe_complain(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif

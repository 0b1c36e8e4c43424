/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan_result.h - what the engines behind scan.h have in common: how a result
 * is filled in.
 */
#ifndef SCAN_RESULT_H
#define SCAN_RESULT_H

#include "scan.h"

/* The hit of a scan that had no time (left): libclamav's own name. */
#define SCAN_RESULT_NO_TIME "Heuristics.Limits.Exceeded.MaxScanTime"

/* Add a hit under the name that the engine gave it. Each name counts once. */
void scan_result_add_hit(struct scan_result *, const char *name);

/* Is it that one? What else was found in the same part does not explain it. */
bool scan_result_is_late(const struct scan_hit *);

/*
 * The scanner works, but this content it could not open to its end: a hit of class
 * unopened with the scanner's complaint in its name.
 */
void scan_result_add_unopened(struct scan_result *, const char *complaint);

/* Not scanned to the end: why, as one sentence. */
void scan_result_fail(struct scan_result *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What is not printable ASCII becomes '?'. */
void scan_result_make_printable(char *text);

#endif

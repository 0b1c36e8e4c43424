/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanner.h - what a scanner is to scan.c: a table of functions, one for each
 * scanner, of which a process chooses one.
 */
#ifndef SCANNER_H
#define SCANNER_H

#include "scan.h"

/*
 * The contracts are those of the functions of scan.h with the same last word.
 * NULL where there is nothing to do (true, or 0).
 */
struct scanner {
	bool (*connect)(const struct conf *, char *err, size_t errsize);
	bool (*open)(const struct conf *, const char *scratch, char *err, size_t errsize);
	void (*close)(void);
	bool (*is_open)(void);
	bool (*adapt)(const struct conf *, const char *scratch, char *err, size_t errsize);
	bool (*changed)(void);
	void (*watch)(const char *database);
	void (*bytes)(struct scan_result *, enum scan_kind, const char *buf, size_t len,
	    unsigned int seconds);
	void (*on_member)(scan_member *, void *ctx);
	bool (*prove)(char *err, size_t errsize);
	const char *(*banner)(void);
	unsigned int (*signatures)(void);
};

extern const struct scanner libclamav_scanner; /* scan_libclamav.c */
extern const struct scanner clamd_scanner; /* scan_clamd.c */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan_clamd.h - a running clamd as the scanner. The contracts are those of
 * the functions of scan.h that have the same last word.
 */
#ifndef SCAN_CLAMD_H
#define SCAN_CLAMD_H

#include "scan.h"

bool clamd_connect(const struct conf *, char *err, size_t errsize);
bool clamd_open(const struct conf *, const char *scratch, char *err, size_t errsize);
void clamd_close(void);
bool clamd_is_open(void);
void clamd_bytes(struct scan_result *, enum scan_kind, const char *buf, size_t len,
    unsigned int seconds);
bool clamd_prove(char *err, size_t errsize);
const char *clamd_banner(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan_libclamav.h - the scanner in this process. The contracts are those of
 * the functions of scan.h that have the same last word.
 */
#ifndef SCAN_LIBCLAMAV_H
#define SCAN_LIBCLAMAV_H

#include "scan.h"

bool libclamav_open(const struct conf *, const char *scratch, char *err, size_t errsize);
void libclamav_close(void);
bool libclamav_is_open(void);
bool libclamav_adapt(const struct conf *, const char *scratch, char *err, size_t errsize);
bool libclamav_changed(void);
void libclamav_bytes(struct scan_result *, enum scan_kind, const char *buf, size_t len,
    unsigned int seconds);
void libclamav_on_member(scan_member *, void *ctx);
const char *libclamav_banner(void);
unsigned int libclamav_signatures(void);

#endif

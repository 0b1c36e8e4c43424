/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inspector.h - one message in, one report out.
 */
#ifndef INSPECTOR_H
#define INSPECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

/*
 * In a process that forks inspectors, once: what is the same for all of them. The
 * directory scratch is wanted meanwhile only. False and a sentence.
 */
bool inspector_prepare(const struct conf *, const char *scratch, char *err, size_t errsize);

/*
 * Serve one request that comes over sock, and end the process. scratch is the
 * private directory; NULL = the one that the request names. walls are the file
 * rules for it (sandbox.h), or -1.
 */
void inspector_serve(int sock, const char *scratch, int walls) __attribute__((noreturn));

#endif

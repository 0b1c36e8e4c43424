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
 * directory scratch is wanted meanwhile only; channel will be their descriptor to
 * the engine. False and a sentence.
 */
bool inspector_prepare(const struct conf *, const char *scratch, int channel, char *err,
    size_t errsize);

/*
 * Serve one request that comes over sock, and end the process. Its private
 * directory is the one that the request names.
 */
void inspector_serve(int sock) __attribute__((noreturn));

/*
 * The same in a child of an engine, with its settings, a private directory and
 * file rules for that (sandbox.h, or -1; closed here): shut the file system, wait
 * for a connection to come over channel, serve it. INSPECTOR_ASKED goes over the
 * channel once the request is there. Ends when the channel does.
 */
void inspector_wait(int channel, const struct conf *, const char *scratch, int walls)
    __attribute__((noreturn));
#define INSPECTOR_CONNECTION 'c' /* the packet with it */
#define INSPECTOR_ASKED 'A'

/* The same for a helper: one object comes over channel (errand.h), and goes the answer. */
void inspector_wait_object(int channel, const struct conf *, const char *scratch, int walls)
    __attribute__((noreturn));

#endif

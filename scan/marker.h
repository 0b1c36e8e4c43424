/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * marker.h - signatures of our own, by which libclamav proves that it works.
 */
#ifndef MARKER_H
#define MARKER_H

#include "scan.h"

struct cl_engine;

typedef void marker_scan(struct scan_result *, enum scan_kind, const char *buf, size_t len,
    unsigned int seconds);

/*
 * Make fresh markers and load them into an engine that is not compiled yet; for
 * that a file is written in scratch and removed again. False and a sentence.
 */
bool marker_load(struct cl_engine *, const char *scratch, char *err, size_t errsize);

/*
 * The whole self-test: each marker is found in what it was made for, and harmless
 * text is clean. False and a sentence that names the database.
 */
bool marker_prove(marker_scan *scan, const char *database, char *err, size_t errsize);

/* One scan: is the marker still found in a message's attachment, and nothing else? */
bool marker_found(marker_scan *);

#endif

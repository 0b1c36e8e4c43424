/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * examine.h - a message in, findings and edits out.
 */
#ifndef EXAMINE_H
#define EXAMINE_H

#include "conf.h"
#include "report.h"
#include "request.h"

/*
 * Walk and scan a message of size bytes and put findings and edits into the
 * report (report_init'd, with scanner set). seconds is about what it may take.
 * The scanner must be open (scan.h).
 *
 * hasty gets a report that holds if time runs out in the middle of something; it has
 * no size, and is valid during the call. Called before anything else
 * is done, and again when there is more to it. NULL = nobody wants it.
 */
typedef void examine_hasty(void *ctx, const struct report *);
void examine_message(const struct conf *, const struct request *, const char *bytes, size_t size,
    unsigned int seconds, struct report *, examine_hasty *, void *ctx);

#endif

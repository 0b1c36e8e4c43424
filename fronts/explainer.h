/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explainer.h - the front that only tells.
 */
#ifndef EXPLAINER_H
#define EXPLAINER_H

#include <stdbool.h>

#include "conf.h"

/*
 * Inspect the message in a file ("-" = standard input) and write what would be
 * done with it, and why, to wfd. Nothing is kept, sent or logged. Returns a
 * code of <sysexits.h>: EX_OK, EX_NOINPUT (no such file), EX_UNAVAILABLE (too
 * large), EX_TEMPFAIL (not inspected), EX_IOERR (not written). Each but the
 * first with a sentence on standard error.
 */
int explainer_run(const struct conf *, const char *file, bool json, int wfd);

/* For "from", "to", "client": which rules match a message so, and why. To standard output. */
int explainer_rules(const struct conf *, char *const words[3]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter.h - the front for the milter protocol of Sendmail and Postfix.
 */
#ifndef MILTER_H
#define MILTER_H

#include "conf.h"

/*
 * Listen at "HOST:PORT", "[IPv6]:PORT", "inet:HOST:PORT" or "unix:/PATH" and serve
 * the mail servers that connect, until SIGTERM. Returns a code of <sysexits.h>:
 * EX_OK after a signal, EX_USAGE for a bad place, EX_NOUSER, EX_OSERR, or
 * EX_UNAVAILABLE if it can't listen there.
 */
int milter_run(const struct conf *, const char *listen_at);

#endif

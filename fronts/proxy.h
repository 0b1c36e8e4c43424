/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy.h - the stand-alone front: listens, one process for each connection.
 */
#ifndef PROXY_H
#define PROXY_H

#include "address.h"
#include "conf.h"

/*
 * Listen at "HOST:PORT", "[IPv6]:PORT", "inet:HOST:PORT" or "unix:/PATH", or at
 * the socket that systemd hands over ("systemd"), and relay each connection to
 * the server at the address, until SIGTERM or SIGINT. Returns a code of
 * <sysexits.h>: EX_OK after a signal, EX_USAGE for a bad place, EX_NOUSER,
 * EX_OSERR or EX_UNAVAILABLE if it can't begin there.
 *
 * At SIGHUP reread (with ctx) is to fill a configuration that is at its
 * defaults, and to open the log anew; it then replaces the other one. Or it
 * returns false with a sentence, and all stays as it was.
 */
typedef bool proxy_reread(void *ctx, struct conf *, char *err, size_t errsize);
int proxy_run(struct conf *, const char *listen_at, const struct address *, proxy_reread *,
    void *ctx);

#endif

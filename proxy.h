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
 */
int proxy_run(const struct conf *, const char *listen_at, const struct address *);

#endif

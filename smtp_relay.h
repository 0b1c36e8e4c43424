/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_relay.h - the SMTP session between a client and the downstream server.
 */
#ifndef SMTP_RELAY_H
#define SMTP_RELAY_H

#ifdef TOWER_INSPECTOR
#error "smtp_relay.h is the front's"
#endif

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "conf.h"
#include "smtp_peer.h"

/*
 * Serve one client on rfd and wfd until it leaves. Of a message that came
 * without XFORWARD the peer is the client; NULL: nothing is known of it. Returns a code of
 * <sysexits.h>: EX_OK if the session was served to its end (whatever the
 * replies), EX_UNAVAILABLE if the downstream could not be reached, EX_IOERR if
 * one of the peers was lost.
 */
int smtp_relay(const struct conf *, const struct address *, const struct smtp_peer *, int rfd,
    int wfd);

/* The 421 line for a front that can't even begin, with text printable. */
void smtp_relay_refuse(int wfd, const char *text);

#endif

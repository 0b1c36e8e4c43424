/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_peer.h - the client of a front that accepts connections itself.
 */
#ifndef SMTP_PEER_H
#define SMTP_PEER_H

#include <stdbool.h>

struct smtp_peer {
	char address[64]; /* 192.0.2.1 (a mapped one too), 2001:db8::1 */
	char whole[96]; /* unknown[192.0.2.1]:54321 */
	bool xforward; /* it may say with XFORWARD who the client before it was */
};

#endif

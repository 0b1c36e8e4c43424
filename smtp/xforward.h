/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xforward.h - what the client told of the client before it (Postfix's XFORWARD).
 */
#ifndef XFORWARD_H
#define XFORWARD_H

#include <stdbool.h>

#include "span.h"

#define XFORWARD_MAX 256 /* of one value, as in Postfix */

/* Values decoded; "" = not told, or told to be unknown. Any byte but NUL. */
struct xforward {
	bool told; /* there was one, be it of nothing but unknowns */
	char name[XFORWARD_MAX]; /* host name */
	char addr[XFORWARD_MAX]; /* 192.0.2.1, IPV6:2001:db8::1 */
	char helo[XFORWARD_MAX];
	char proto[XFORWARD_MAX]; /* SMTP, ESMTP, LMTP ... */
	char source[XFORWARD_MAX]; /* LOCAL or REMOTE */
	char ident[XFORWARD_MAX]; /* the message's name there: its queue id */
	char whole[3 * XFORWARD_MAX + 8]; /* "name[addr] helo", or "" */
};

/* Take the attributes of one XFORWARD command, which add to those before. */
void xforward_note(struct xforward *, struct span arguments);

/* Forget everything: the attributes hold for one transaction. */
void xforward_reset(struct xforward *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_pgp.h - the content of OpenPGP messages that are armoured and not
 * encrypted.
 */
#ifndef MIME_PGP_H
#define MIME_PGP_H

#include <stddef.h>

#include "mime_packed.h"

/*
 * Add what the armoured OpenPGP messages (RFC 9580 6.2) in a text hold: the
 * literal data, out of signatures and compressed packets, with its name. What
 * is encrypted, compressed in another way than by zlib or not understood makes
 * it sealed. max bytes of one and *left of all may be unpacked.
 */
void pgp_open(struct packed *, const char *text, size_t len, size_t max, size_t *left);

#endif

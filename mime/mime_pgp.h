/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_pgp.h - the content of OpenPGP messages that are not encrypted.
 */
#ifndef MIME_PGP_H
#define MIME_PGP_H

#include <stdbool.h>

#include "mime_formats.h"

/*
 * Add what the armoured OpenPGP messages (RFC 9580 6.2) in a text hold, or a file that is
 * one: the literal data, out of signatures and compressed packets, with its name. What
 * is encrypted, compressed in another way than by zlib or not understood makes
 * it sealed.
 */
bool pgp_is(const struct format_input *);
void pgp_open(struct packed *, const struct format_input *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_cms.h - the content of S/MIME messages that are signed or compressed.
 */
#ifndef MIME_CMS_H
#define MIME_CMS_H

#include <stdbool.h>

#include "mime_formats.h"

/*
 * Add the encapsulated content of CMS SignedData (RFC 5652 5.1) or
 * CompressedData (RFC 3274), BER or DER, also in armour or in base64 that nobody
 * undid; nothing if it is detached or no CMS.
 * Nothing is verified. CMS of another kind is sealed: enveloped, authenticated,
 * compressed in another way than by zlib.
 */
bool cms_is(const struct format_input *);
void cms_open(struct packed *, const struct format_input *);

#endif

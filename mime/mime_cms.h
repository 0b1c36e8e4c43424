/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_cms.h - the content of S/MIME messages that are signed or compressed.
 */
#ifndef MIME_CMS_H
#define MIME_CMS_H

#include <stddef.h>

#include "mime_packed.h"

/*
 * Add the encapsulated content of CMS SignedData (RFC 5652 5.1) or
 * CompressedData (RFC 3274), BER or DER, also in armour or in base64 that nobody
 * undid; nothing if it is detached or no CMS.
 * Nothing is verified. CMS of another kind is sealed: enveloped, authenticated,
 * compressed in another way than by zlib. max bytes of one and *left of all may
 * be unpacked.
 */
void cms_open(struct packed *, const char *ber, size_t len, size_t max, size_t *left);

#endif

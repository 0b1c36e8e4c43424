/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_office.h - the password of an encrypted Office document.
 */
#ifndef MIME_OFFICE_H
#define MIME_OFFICE_H

#include "mime_cfb.h"
#include "mime_packed.h"

/*
 * The document (a zip archive) that an encrypted one of agile or standard encryption holds, with the
 * first of the words in packed->passwords that opens it: malloc'd, and taken off what may be
 * unpacked. NULL if no word opens it, it is encrypted in another way, can be read in more
 * than one, or the time for it is over.
 */
char *office_unlock(struct packed *, struct cfb *, size_t *len);

#endif

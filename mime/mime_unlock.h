/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_unlock.h - the password of an encrypted zip archive or PDF.
 */
#ifndef MIME_UNLOCK_H
#define MIME_UNLOCK_H

#include "mime_formats.h"

/*
 * The first of the words in packed->passwords that opens a member of the archive to its end, which is
 * tried on the smallest that is encrypted; NULL if none does, nothing is encrypted, or the
 * time for it is over. It belongs to the list.
 */
const char *unlock_zip(struct packed *, const struct format_input *);

/*
 * The same of a PDF; what it is without encryption: malloc'd, NULL if no word opens it, nor none,
 * or its objects can't be written.
 */
char *unlock_pdf(struct packed *, const struct format_input *, size_t *len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_ole.h - compound files (OLE): what is embedded in documents, attachments of .msg.
 */
#ifndef MIME_OLE_H
#define MIME_OLE_H

#include <stdbool.h>

#include "mime_formats.h"

/* A row of the table of formats: see struct format. */
bool ole_is(const struct format_input *);
void ole_open(struct packed *, const struct format_input *);

/*
 * What an "Ole10Native" stream holds behind its length, or an object of class "Package" in
 * RTF: a file with up to five names. False if it is none.
 */
bool ole_package(struct packed *, const char *, size_t len);

#endif

/*
 * mime_zip.h - a ZIP archive that stands behind something else.
 */
#ifndef MIME_ZIP_H
#define MIME_ZIP_H

#include <stddef.h>

#include "mime_packed.h"

/*
 * Add the archive that those who read a ZIP file from its end find in a content
 * that does not begin with it: one that was put behind a PDF, or behind another
 * archive. Nothing if there is none. It counts against *left, the bytes that may
 * be unpacked in all. Linear in len.
 */
void zip_open(struct packed *, const char *content, size_t len, size_t *left);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_document.h - files in RTF and OneNote; whether a PDF or an OpenDocument is encrypted.
 */
#ifndef MIME_DOCUMENT_H
#define MIME_DOCUMENT_H

#include <stdbool.h>

#include "mime_formats.h"

/* Rows of the table of formats: see struct format. */
bool document_is_rtf(const struct format_input *);
void document_open_rtf(struct packed *, const struct format_input *);
bool document_is_onenote(const struct format_input *);
void document_open_onenote(struct packed *, const struct format_input *);

/* META-INF/manifest.xml of a package that says that its parts are encrypted. */
bool document_is_manifest(const struct format_input *);
void document_open_manifest(struct packed *, const struct format_input *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_pdf.h - what a PDF carries, what it does when it is opened, and whether it is encrypted.
 */
#ifndef MIME_PDF_H
#define MIME_PDF_H

#include "mime_formats.h"

/* The row of the table of formats: see struct format. */
bool pdf_is(const struct format_input *);
void pdf_open(struct packed *, const struct format_input *);

#endif

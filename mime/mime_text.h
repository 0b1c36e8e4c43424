/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_text.h - files that a text carries in itself.
 */
#ifndef MIME_TEXT_H
#define MIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "mime_formats.h"

/*
 * A text without what its charset adds to the letters of ASCII: malloc'd, of
 * *out_len bytes; NULL if it can be read as it is, or is no text. shown says
 * whether it is shown as text whatever is in it, utf7 whether it is in that
 * charset.
 */
char *text_plain(const char *content, size_t len, bool shown, bool utf7, size_t *out_len);

/* The names in the lines of a text that begin a file; free with part_names_free. */
char **text_file_names(const char *text, size_t len, size_t *n);

/*
 * Add what is taken out of a text, by readers or by the programs that its files
 * are made for: uuencode, xxencode, yEnc and BinHex, base64 in properties of
 * calendars and cards, and data URIs. content is a part's, decoded, and plain.
 * Contents that are no text are passed over.
 */
bool text_is(const struct format_input *);
void text_open(struct packed *, const struct format_input *);

#endif

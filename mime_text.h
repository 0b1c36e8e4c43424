/*
 * mime_text.h - files that a text carries in itself.
 */
#ifndef MIME_TEXT_H
#define MIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "mime_packed.h"

/*
 * Add what readers take out of a text: uuencode, xxencode, yEnc and BinHex (in
 * what is shown as text), base64 in properties of calendars and cards, and data
 * URIs. content is a part's, decoded; shown says whether it is shown as text,
 * utf7 whether it is in that charset. Contents that are no text are passed over.
 */
void text_open(struct packed *, const char *content, size_t len, bool shown, bool utf7);

#endif

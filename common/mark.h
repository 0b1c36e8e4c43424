/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mark.h - the header fields that tell what was found.
 */
#ifndef MARK_H
#define MARK_H

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

/*
 * The fields X-Spawnscan-Result and X-Antivirus for a report, malloc'd and with
 * their line endings; without the latter if no scanner ran. 7-bit, lines of less
 * than 998 bytes. NULL if there is no memory.
 */
char *mark_text(const struct report *, const char *eol, size_t *len);

/* Is text what mark_text gives, but perhaps of another version of this program? */
bool mark_is_text(const struct report *, const char *text, size_t len);

/*
 * Does a field X-Spawnscan-Result begin at at, a line of a header that goes on to
 * end? Its colon may be in a folded line.
 */
bool mark_begins(const char *bytes, size_t end, size_t at);

/* Behind the field at at; to some a CR alone ends a line too. */
size_t mark_field_end(const char *bytes, size_t end, size_t at);

/* Are the bytes from begin to end such fields and nothing else, but for line endings beside them? */
bool mark_covers(const char *bytes, size_t size, size_t begin, size_t end);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * field.h - a header field of a message that is not to be walked.
 */
#ifndef FIELD_H
#define FIELD_H

#include <stddef.h>

#include "message.h"

/*
 * The first field of that name among the first 64 KB of the header, unfolded, its
 * encoded words decoded, made printable (name.h), at most size - 1 bytes; "" if
 * there is none.
 */
void field_first(const struct message *, const char *name, char *value, size_t size);

#endif

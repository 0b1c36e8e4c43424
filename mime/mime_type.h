/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_type.h - the extension that a mail program gives to a file without a name.
 */
#ifndef MIME_TYPE_H
#define MIME_TYPE_H

/* By its type, lower case: a constant without the dot; NULL for a type that no program is of. */
const char *type_extension(const char *type);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_member_names.h - names of members as other readers than libarchive see them.
 */
#ifndef MIME_MEMBER_NAMES_H
#define MIME_MEMBER_NAMES_H

#include <stddef.h>

#include "mime_formats.h"

/*
 * Each name that stands in a zip archive (local header, directory, Unicode Path field)
 * or in the headers of a tar archive, whatever else they say.
 */
void member_names_zip(const struct format_input *, format_name *, void *ctx);
void member_names_tar(const struct format_input *, format_name *, void *ctx);

/* FNAME of a gzip file (RFC 1952 2.3.1). */
void member_names_gzip(const struct format_input *, format_name *, void *ctx);

/*
 * What a compressed file of that name unpacks to: "a.js" of "a.js.gz", "a.tar" of
 * "a.tgz"; malloc'd, NULL if its name does not say.
 */
char *member_names_unpacked(const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_zip.h - zip archives that do not read the same to everyone.
 */
#ifndef MIME_ZIP_H
#define MIME_ZIP_H

#include "ledger.h"
#include "mime_formats.h"

/*
 * A sound archive of all members that only some unpackers see in the content:
 * those that stand behind something else, that directory and local header tell
 * different things about, or that one of the two leaves out. Malloc'd, NULL if
 * there are none. *all is false if there are more than are written.
 */
bool zip_is(const struct format_input *);
char *zip_again(const struct format_input *, size_t *out_len, bool *all);

/* Does every reader see the same encrypted members? It may err towards no. */
bool zip_is_plain(const struct format_input *);

/*
 * Notes which bytes belong to a zip archive: members with their headers, directories. What is left is
 * in front of it or behind it, between members, in a comment or in a long extra field. False if
 * there is a member that no directory tells of and that is longer than what is there.
 */
bool zip_read(const struct format_input *, struct ledger *);

/* Where the directory that stands at that place ends (APPNOTE 4.3.12 to 4.3.16), if one does. */
size_t zip_directory_end(const char *, size_t len, size_t at);

/* Do so many bytes begin with the header of a member, and nothing that looks like one by chance? */
bool zip_is_local(const char *, size_t len);

#endif

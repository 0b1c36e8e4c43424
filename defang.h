/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * defang.h - from an action on a part to edits of the message.
 */
#ifndef DEFANG_H
#define DEFANG_H

#ifdef TOWER_FRONT
#error "defang.h is the inspector's"
#endif

#include "conf.h"
#include "edit.h"
#include "layout.h"
#include "mime_walk.h"
#include "report.h"
#include "request.h"

/*
 * Rename: every name parameter of the part becomes NAME.defanged (made
 * harmless; "unnamed" if name is empty) and its type application/octet-stream,
 * but for that of a signature, which must still verify.
 * Removals are in layout.h.
 * A parameter in a regular field is changed alone; a field that is not regular
 * is written anew. Nothing but Content-Type and Content-Disposition changes.
 */
void defang_rename(const struct defang *, const struct part_place *, const char *name);

#define DEFANG_NAME_MAX 160 /* bytes of UTF-8 */

/* A name as name_file makes it. suffix: and ".defanged" behind it. */
void defang_name(const char *name, bool suffix, char out[DEFANG_NAME_MAX]);

/*
 * Insert X-Spawnscan-Result and X-Antivirus at offset at, and strike out
 * copies of the former that came with the header that begins there.
 */
void defang_mark(const struct defang *, size_t at);
void defang_strike(const struct defang *, const struct part_place *root);

/*
 * Put a word (UTF-8) in front of the subject in the header of a message, which gets one
 * if it has none.
 */
void defang_tag_subject(const struct defang *, const struct part_place *root, const char *tag);

/* The line ending of the message's first line; fallback if it has none. */
const char *defang_eol(const char *bytes, size_t size, const char *fallback);

#endif

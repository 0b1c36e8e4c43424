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
#include "mime_walk.h"
#include "report.h"
#include "request.h"

/* The message that is being edited, and where the edits go. */
struct defang {
	const char *bytes;
	size_t size;
	const char *eol; /* line end of what is written in: "\r\n" or "\n" */
	struct report *report;
};

/*
 * Rename: every name parameter of the part becomes NAME.defanged (made
 * harmless; "unnamed" if name is empty) and its type application/octet-stream.
 * A parameter in a regular field is changed alone; a field that is not regular
 * is written anew. Nothing but Content-Type and Content-Disposition changes.
 */
void defang_rename(const struct defang *, const struct part_place *, const char *name);

/*
 * Remove: the part becomes text/plain with the notice. place->whole_content
 * must be true. In a message's own header only Content-* fields are replaced.
 */
void defang_remove(const struct defang *, const struct part_place *, const char *notice);

/*
 * The notice from its template: 7-bit lines ended by eol, none of which can be
 * taken for a boundary; of what was signed it tells that the signature no
 * longer fits. malloc'd.
 */
char *defang_notice(const struct conf *, const struct request *, const char *file,
    const char *reason, bool is_signed, const char *eol);

#define DEFANG_NAME_MAX 160

/*
 * A name made of letters, digits and a few marks, without a path, never empty;
 * of a long one the end stays. suffix: and ".defanged" behind it.
 */
void defang_name(const char *name, bool suffix, char out[DEFANG_NAME_MAX]);

/*
 * Insert X-Spawnscan-Result and X-Antivirus at offset at, and strike out
 * copies of the former that came with the header that begins there.
 */
void defang_mark(const struct defang *, size_t at, const char *scanner);
void defang_strike(const struct defang *, const struct part_place *root);

/* The line end of the message's first line; fallback if it has none. */
const char *defang_eol(const char *bytes, size_t size, const char *fallback);

#endif

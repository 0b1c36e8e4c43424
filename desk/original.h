/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * original.h - an original and its metadata, together, whole and unchanged.
 */
#ifndef ORIGINAL_H
#define ORIGINAL_H

#include "desk.h"
#include "message.h"
#include "meta.h"

struct original {
	const char *reference;
	struct message message; /* sealed */
	struct meta meta;
	int meta_fd; /* open for appending if it was asked for; else -1 */
};

/*
 * Read both. lock: nobody else releases or removes it until original_close. An original that
 * is not the one that its metadata tell of (by size and SHA-256) is refused. Returns
 * EX_OK, or a code of <sysexits.h> after a sentence on standard error; original_close
 * in any case.
 */
int original_open(struct original *, struct desk *, const char *reference, bool lock);
void original_close(struct original *);

/* Add a line to the metadata of a locked one, durably. False with errno. */
bool original_note(const struct original *, const char *key, const char *value);

/* Its SHA-256 in hex; text has 65 bytes. */
void original_digest(const char *bytes, size_t size, char *text);

/*
 * The decoded content of one part, malloc'd, and its name ("" if it has none; any
 * bytes). NULL after a sentence on standard error, with *code.
 */
char *original_part(const struct original *, struct desk *, const char *part, size_t *size,
    char *name, size_t name_size, int *code);

#endif

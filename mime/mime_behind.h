/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_behind.h - archives and images that stand behind something else.
 */
#ifndef MIME_BEHIND_H
#define MIME_BEHIND_H

#include <stddef.h>

#include "mime_kind.h"

/* One that was found. */
struct behind {
	size_t begin;
	enum kind kind;
	/* Its first bytes have a check sum or a long sign: it is one, even if it is broken. */
	bool sure;
};

/* The first that begins at from or later, of a content that begins as none; false if none. */
bool behind_find(const char *, size_t len, size_t from, struct behind *);

#endif

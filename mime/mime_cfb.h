/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_cfb.h - the directory and the streams of a compound file ([MS-CFB]).
 */
#ifndef MIME_CFB_H
#define MIME_CFB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger.h"

enum cfb_type { CFB_STORAGE = 1, CFB_STREAM = 2, CFB_ROOT = 5 };

#define CFB_NAME_MAX 32
#define CFB_NOBODY UINT32_MAX
#define CFB_LEAST 64 /* a stream begins at a multiple of it, and is whole in each of them */

struct cfb_entry {
	char name[CFB_NAME_MAX]; /* the low bytes of its characters */
	enum cfb_type type;
	uint32_t parent; /* in entries; CFB_NOBODY = the root, or unreachable */
	uint32_t left, right, child; /* as they stand */
	uint32_t start;
	uint64_t size; /* bytes */
};

struct cfb {
	const char *bytes;
	size_t len;
	unsigned int shift; /* of a sector's size */
	uint32_t *fat;
	size_t n_fat;
	char *mini; /* the stream of small streams */
	size_t mini_len;
	uint32_t *mini_fat;
	size_t n_mini_fat;
	struct cfb_entry *entries;
	size_t n;
	struct ledger ledger; /* which bytes belong to something */
	bool broken; /* something points to nowhere, or in a circle */
};

bool cfb_is(const char *, size_t len);

/* False if there is no directory to be read. Free with cfb_free in any case. */
bool cfb_open(struct cfb *, const char *, size_t len);
void cfb_free(struct cfb *);

/*
 * Completes the ledger: what is left in it is in no stream that can be reached, and no
 * table. Likewise small, which is begun here, for the stream of small streams.
 */
void cfb_account(struct cfb *, struct ledger *small);

/*
 * The content of a stream, at most max bytes: malloc'd, NULL if there is none. *whole is
 * false if the chain ends before its size, or max does.
 */
char *cfb_read(struct cfb *, const struct cfb_entry *, size_t max, size_t *out_len, bool *whole);

#endif

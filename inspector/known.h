/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * known.h - the engine's memory of objects that were scanned clean.
 */
#ifndef KNOWN_H
#define KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "errand.h"

struct known;

/* What an object is known by; no padding. */
struct known_key {
	uint8_t sha256[32];
	uint64_t len;
	struct errand_settings settings;
};

/* For so many objects; NULL: out of memory. */
struct known *known_new(size_t entries);
void known_free(struct known *);

/* Hash len bytes. */
void known_hash(struct known_key *, const char *buf, size_t len, const struct errand_settings *);

/* The answer that was kept for it, or NULL. It stays the memory's. */
const char *known_find(struct known *, const struct known_key *, size_t *len);

/*
 * Keep an answer, which is copied; an older object may have to go. Long ones are
 * not kept.
 */
void known_add(struct known *, const struct known_key *, const char *answer, size_t len);

#endif

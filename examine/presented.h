/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * presented.h - which contents the scanner has unpacked and scanned by itself.
 */
#ifndef PRESENTED_H
#define PRESENTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begin with zeros. */
struct presented {
	uint64_t key[2]; /* drawn at the first content; never 0 then */
	struct presented_print *prints; /* a table with open addressing; len 0 = free */
	size_t n, size;
};

/* Note a content, and is it one of these? An empty one always is. */
void presented_add(struct presented *, const char *, size_t len);
bool presented_has(struct presented *, const char *, size_t len);

void presented_free(struct presented *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * poison.h - how often a content has failed to be inspected.
 */
#ifndef POISON_H
#define POISON_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "message.h"

struct poison {
	unsigned int tries; /* with this one */
	time_t first; /* of them */
	char digest[65]; /* SHA-256, hexadecimal */
};

/*
 * Count one more failure of a sealed message, in the store that all processes
 * with the same quarantine directory share. What failed last more than a day
 * ago begins anew. False and a sentence if there is no store.
 */
bool poison_count(struct poison *, const char *dir, const struct message *, time_t now, char *err,
    size_t errsize);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ledger.h - which bytes of a content were read, and which nobody has looked at yet.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stddef.h>

/* Nothing that is worth looking at has so few bytes: descriptors, extra fields, padding. */
#define LEDGER_LEAST 32

struct ledger_range {
	size_t begin, end;
};

struct ledger {
	size_t len;
	struct ledger_range *ranges;
	size_t n;
	bool sorted;
};

/* Of len bytes, none of which was read. Free with ledger_free. */
void ledger_begin(struct ledger *, size_t len);
void ledger_free(struct ledger *);

/* These were; what is past the end does not count. Memory that runs out ends the process. */
void ledger_read(struct ledger *, size_t begin, size_t end);

/*
 * The next run of bytes from *at on that nobody has read, without the zero bytes in front,
 * which are padding. (Those at its end may belong to what is in it.) False if there is none
 * of LEDGER_LEAST bytes between zero bytes. Sets *at for the next call, and adds to *inert what it
 * has passed over and nobody has read.
 */
bool ledger_gap(struct ledger *, const char *bytes, size_t *at, struct ledger_range *gap,
    size_t *inert);

#endif

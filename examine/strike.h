/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strike.h - the fields of a message's header that something is wrong with.
 */
#ifndef STRIKE_H
#define STRIKE_H

#include <stdbool.h>
#include <stddef.h>

#include "findings.h"

/* Is there something wrong with that header? It ends with an empty line. */
typedef bool header_test(void *ctx, const char *header, size_t len);

/*
 * Strike fields out of the message's header until the test finds nothing in what
 * is left of it. False if that does not help, or there was nothing; then none is
 * struck.
 */
bool strike_header(struct findings *, header_test *, void *ctx);

#endif

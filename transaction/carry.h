/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * carry.h - the header fields that a wrapped message takes over from its original.
 */
#ifndef CARRY_H
#define CARRY_H

#include <stdbool.h>

#include "message.h"

/*
 * Whole fields, with this line ending, as a malloc'd string: "" if there are none,
 * NULL with errno if there is no memory. *automatic says that one of them is
 * Auto-Submitted.
 */
char *carry_fields(const struct message *original, const char *eol, bool *automatic);

#endif

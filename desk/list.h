/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list.h - the verb list: what is in quarantine.
 */
#ifndef LIST_H
#define LIST_H

#include <jansson.h>

#include "desk.h"
#include "meta.h"

/* Returns a code of <sysexits.h>; EX_OK if nothing is found, too. */
int list_run(struct desk *);

/* The metadata as one JSON object, NULL if memory runs out. */
json_t *list_json(const char *reference, int64_t when, const struct meta *);

#endif

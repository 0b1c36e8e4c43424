/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * upkeep.h - the verbs delete, expire and verify: keeping the quarantine in order.
 */
#ifndef UPKEEP_H
#define UPKEEP_H

#include "desk.h"

/* All return a code of <sysexits.h>. */
int upkeep_delete(struct desk *);
int upkeep_expire(struct desk *);
/* EX_DATAERR if something is not in order. */
int upkeep_verify(struct desk *);

#endif

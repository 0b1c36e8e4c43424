/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * release.h - the verbs release and forward: out of the quarantine, to people.
 */
#ifndef RELEASE_H
#define RELEASE_H

#include "desk.h"

/* Both return a code of <sysexits.h>; EX_OK only if every message was taken for everybody. */
int release_run(struct desk *);
int release_forward(struct desk *);

#endif

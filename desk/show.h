/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show.h - the verbs show and cat: one message, for people and byte for byte.
 */
#ifndef SHOW_H
#define SHOW_H

#include "desk.h"

/* Both return a code of <sysexits.h>. */
int show_run(struct desk *);
int show_cat(struct desk *);

#endif

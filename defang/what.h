/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * what.h - what a part that goes is called towards the recipient.
 */
#ifndef WHAT_H
#define WHAT_H

#ifdef TOWER_FRONT
#error "what.h is the inspector's"
#endif

#include <stddef.h>

#include "notice.h"
#include "plan.h"

/* Of a part, by its index, once the plan is made. */
enum notice_what what_of(const struct plan *, size_t);

#endif

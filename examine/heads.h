/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heads.h - an infection that stands in a header.
 */
#ifndef HEADS_H
#define HEADS_H

#include "examination.h"

/*
 * An infection that no part shows may be in a header: of the message, which
 * loses the fields, or of a part or a message in it, which goes. False if it is
 * in none.
 */
bool heads_check(struct examination *, const char *name);

#endif

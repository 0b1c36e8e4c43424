/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hasty.h - the report, if there were no time for another look.
 */
#ifndef HASTY_H
#define HASTY_H

#include "examination.h"

/*
 * Hand x->hasty a report that holds for the message as it stands, unless what was
 * handed over last does: the whole of it is past a limit, and what calls for more than
 * that was found in the whole of it.
 */
void hasty_prepare(struct examination *);

#endif

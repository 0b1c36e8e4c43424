/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settle.h - nothing may be left in the result that must not be.
 */
#ifndef SETTLE_H
#define SETTLE_H

#include "examination.h"

/* findings_edit, but a name that a signature matches is written nowhere. */
void settle_edit(struct examination *);

/*
 * The result must be free of infection and of doubt, however it is read. If it
 * isn't, something wider is done, until nothing is left or the message is
 * refused. The same after any change to an irregular message, since there a
 * change may bring about a reading that was not there before.
 */
void settle_result(struct examination *);

/*
 * More changes than a report may have are one: the whole body goes, with a finding
 * of class limit; if that is not enough either, the message is rejected.
 */
void settle_size(struct examination *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * overrule.h - where a line of the file of verdicts (override.h) decides.
 */
#ifndef OVERRULE_H
#define OVERRULE_H

#include "examination.h"

/*
 * The line about the content of a part, or about one around it, whose bytes it is among;
 * NULL if there is none.
 */
const struct override *overrule_content(const struct examination *, const struct part *);

/* Something is wrong with the content of a part: as its class says, or as the line about it. */
void overrule_add(struct examination *, const struct part *, enum verdict_class, const char *reason,
    const char *name);

/* Such a line may want something to be done whether anything is found in it or not. */
void overrule_check(struct examination *, const struct part *, const char *name);

/* May what is wrong with the content of the part be passed over, wherever else it is seen? */
bool overrule_lets_pass(const struct examination *, const struct part *);

#endif

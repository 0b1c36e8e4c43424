/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rule_check.h - rules that can't be meant.
 */
#ifndef RULE_CHECK_H
#define RULE_CHECK_H

#include "conf.h"

/*
 * A rule that is never reached, does nothing, contradicts itself, or is named and not
 * there: false, and a sentence with file and line.
 */
bool rule_check(const struct conf *, char *err, size_t errsize);

#endif

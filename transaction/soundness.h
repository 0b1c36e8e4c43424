/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soundness.h - may a report be believed, of this message under these settings?
 */
#ifndef SOUNDNESS_H
#define SOUNDNESS_H

#include "conf.h"
#include "message.h"
#include "override.h"
#include "report.h"

/*
 * Of a report that was decoded: NULL, or what is wrong with it, as a constant
 * sentence.
 */
const char *soundness_check(const struct report *, const struct conf *, const struct overrides *,
    const struct message *);

#endif

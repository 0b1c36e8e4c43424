/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics.h - what the filters of this host have done, in numbers for Prometheus.
 */
#ifndef METRICS_H
#define METRICS_H

#include "transaction.h"

/* Count a message that is through, if metrics_file is set. Nothing is written yet. */
void metrics_count(const struct transaction *, const char *verdict, enum outcome);

/*
 * Add what was counted to the numbers of all filters, and write metrics_file anew. To be
 * called when the client has its reply. Does nothing if nothing was counted.
 */
void metrics_write(void);

#endif

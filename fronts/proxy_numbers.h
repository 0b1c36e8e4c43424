/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy_numbers.h - what the proxy has done and how it is, in numbers for Prometheus.
 */
#ifndef PROXY_NUMBERS_H
#define PROXY_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "conf.h"

struct proxy_numbers {
	uint64_t sessions; /* at this moment */
	uint64_t begun, killed; /* sessions, and those of them that a signal ended */
	uint64_t denied, failed; /* clients: not allowed, no process for them */
	uint64_t reloads, failed_reloads; /* of the settings */
	time_t started;
	int64_t written; /* by clock_ms; 0 = not yet */
	bool due; /* something has changed since */
	bool complained;
};

/*
 * Write proxy_metrics_file if there is something new, and the last time is a second ago or
 * more. The milliseconds until it is to be called again; -1 = when something has changed.
 */
int64_t proxy_numbers_write(struct proxy_numbers *, const struct conf *);

#endif

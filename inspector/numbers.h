/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * numbers.h - what the engine has done and how it is, in numbers for Prometheus.
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "conf.h"

enum numbers_end { NUMBERS_WELL, NUMBERS_CRASH, NUMBERS_TIMEOUT, NUMBERS_FAILURE, NUMBERS_ENDS };

/* Begin with numbers_begin. */
struct numbers {
	/* counted since the file is there, also by those who served before */
	uint64_t ends[NUMBERS_ENDS]; /* of inspectors that had a message */
	uint64_t refused; /* connections: no place in time, or not allowed */
	uint64_t reloads, failed_reloads;

	size_t ready, working, waiting; /* inspectors, inspectors, connections */
	time_t first_write; /* by place_now; a predecessor has written its last numbers then */
	time_t started, database_time; /* wall clock */
	bool read; /* what was in the file is in ends to failed_reloads */
	bool complained;
};

/* The engine serves. Nothing is read or written yet. */
void numbers_begin(struct numbers *, const struct conf *);

/* Write engine_metrics_file, if there is one to write. last: nobody counts here any more. */
void numbers_write(struct numbers *, const struct conf *, bool last);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * effort.c - the time that one message may take, on the clock and of the processor.
 *
 * On a busy machine a message may take long and cost little. That is not its fault, so
 * it gets the time. What costs much is bounded by CPU time.
 */
#include "effort.h"

#include <time.h>

#include "clock.h"

static struct {
	int64_t begun; /* clock_ms */
	uint64_t used; /* CPU time at that moment */
	uint64_t charged;
	uint64_t ms, cpu_ms; /* what there is; cpu_ms 0 = not counted */
} effort;

void
effort_begin(unsigned int seconds, uint64_t cpu_ms)
{
	effort.begun = clock_ms();
	effort.used = effort_cpu_used();
	effort.charged = 0;
	effort.ms = (uint64_t)seconds * 1000;
	effort.cpu_ms = cpu_ms < effort.ms ? cpu_ms : 0;
}

int64_t
effort_ms(void)
{
	int64_t passed = clock_ms() - effort.begun, cost;

	if (effort.cpu_ms == 0)
		return effort.begun + passed;
	cost = (int64_t)((effort_cpu_used() - effort.used + effort.charged) * effort.ms /
	    effort.cpu_ms);
	return effort.begun + (cost > passed ? cost : passed);
}

int64_t
effort_cpu_left(void)
{
	uint64_t used = effort_cpu_used() - effort.used + effort.charged;

	if (effort.cpu_ms == 0)
		return INT64_MAX;
	return used < effort.cpu_ms ? (int64_t)(effort.cpu_ms - used) : 0;
}

void
effort_charge(uint64_t cpu_ms)
{
	effort.charged += cpu_ms;
}

uint64_t
effort_cpu_used(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == -1)
		return 0;
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

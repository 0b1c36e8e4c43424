/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * effort.h - the time that one message may take, on the clock and of the processor.
 */
#ifndef EFFORT_H
#define EFFORT_H

#include <stdint.h>

/*
 * From now on: so many seconds on the clock, and so many milliseconds of CPU time of
 * this process; 0 = as many as there are on the clock. Until then there is none.
 */
void effort_begin(unsigned int seconds, uint64_t cpu_ms);

/*
 * Milliseconds, like clock_ms, but faster where CPU time is used up faster than the
 * time on the clock. So a deadline in it is one for both, whatever part of the budget
 * it stands for.
 */
int64_t effort_ms(void);

/* Milliseconds of CPU time that are left; INT64_MAX if they are not counted. */
int64_t effort_cpu_left(void);

/* What another process has used for us. */
void effort_charge(uint64_t cpu_ms);

/* CPU time of this process so far, in milliseconds. */
uint64_t effort_cpu_used(void);

#endif

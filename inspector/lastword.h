/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lastword.h - what a process says when its time runs out in the middle of something.
 */
#ifndef LASTWORD_H
#define LASTWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * After so many milliseconds on the clock, or of CPU time, from now on, this process
 * sends what lastword_set was given last to sock, and ends with exit code 0.
 * 0 = no such limit. Before anything was set it ends with EX_TEMPFAIL. To be called
 * once, before system calls are shut.
 */
bool lastword_arm(int sock, int64_t ms, int64_t cpu_ms);

/* The bytes are ours from now on: they must be malloc'd. */
void lastword_set(char *bytes, size_t len);

/* Something else is said now, and this must not come between. */
void lastword_disarm(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * headroom.h - how much memory may this process still get?
 */
#ifndef HEADROOM_H
#define HEADROOM_H

#include <stdint.h>

/* Bytes, before the machine or a cgroup that we are in runs out; UINT64_MAX: nothing tells. */
uint64_t headroom_memory(void);

/* Bytes that this process has in memory; 0: nothing tells. */
uint64_t headroom_own(void);

#endif

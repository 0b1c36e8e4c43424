/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * room.h - is there what a scan needs: scratch space, memory?
 */
#ifndef ROOM_H
#define ROOM_H

#include <stdbool.h>
#include <stdint.h>

#define ROOM_RESERVE (1U << 20) /* bytes of scratch space, at each layer of a scan */

/* Can files be made and written in scratch? False with errno. */
bool room_prove(const char *scratch);

/* Is it still there, and ours to write? False with errno. Costs less. */
bool room_is_there(const char *scratch);

/* Are so many bytes free in scratch? False with errno. */
bool room_for(const char *scratch, uint64_t bytes);

/* Is there a reserve of address space? */
bool room_memory(void);

/* All of this, at this moment: what a scan needs. */
bool room_all(const char *scratch);

/* Has one of these failed in this process because the disk was full? */
bool room_ran_out(void);

#endif

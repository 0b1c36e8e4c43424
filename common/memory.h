/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.h - memory that is there, or the end of the process.
 */
#ifndef MEMORY_H
#define MEMORY_H

/* What to do when there is none, in this file's functions: say so and end. By default: end. */
void memory_on_none(void (*)(void));

/* What was allocated, as it is; NULL ends the process with EX_TEMPFAIL. */
void *memory_checked(void *);

/* A malloc'd copy of a string. */
char *memory_copy(const char *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.c - memory that is there, or the end of the process.
 *
 * For what a process can't begin without: its settings. Whoever has a message
 * in hand checks for itself, and tells its client to come again.
 *
 * Diagnostics: none but the caller's function; standard output may be an SMTP
 * session.
 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static void (*on_none)(void);

void
memory_on_none(void (*fn)(void))
{
	on_none = fn;
}

void *
memory_checked(void *memory)
{
	if (memory != NULL)
		return memory;
	if (on_none != NULL)
		on_none();
	_exit(EX_TEMPFAIL);
}

char *
memory_copy(const char *s)
{
	return memory_checked(strdup(s));
}

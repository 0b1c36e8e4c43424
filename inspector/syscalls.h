/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syscalls.h - the system calls that an inspector may make: a seccomp filter.
 */
#ifndef SYSCALLS_H
#define SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>

/* Has the kernel seccomp filters, and may we have one? */
bool syscalls_available(void);

/*
 * Compile it, which takes 1 ms: once for all the children of a process. with_clamd:
 * for a session with clamd. channel: where an inspector of an engine may have objects
 * scanned elsewhere (errand.h), or -1. False and a sentence.
 */
bool syscalls_compile(bool with_clamd, int channel, char *err, size_t errsize);

/* Put it over this process, for good; compiles it if that has not been done. */
bool syscalls_load(bool with_clamd, int channel, char *err, size_t errsize);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.h - shuts the inspector in: resource limits, Landlock, seccomp.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

/* Called once for each protection that this kernel does not give. */
typedef void sandbox_note(void *ctx, const char *sentence);

/*
 * First step, before anything is loaded: no new privileges, no capabilities but to
 * read signatures, no core file; the file system shut but for reading conf->database, the C
 * library's character sets and what libclamav needs of /usr/lib and /etc/ssl,
 * and for the private directory scratch. False with a sentence if a protection
 * that the kernel has could not be applied; what the kernel does not have (or a
 * container denies) is only noted, unless conf->sandbox requires it. walls: from sandbox_walls, or -1.
 */
bool sandbox_files(const struct conf *, const char *scratch, int walls, sandbox_note *note,
    void *ctx, char *err, size_t errsize);

/*
 * Limits on memory (conf->memory_limit), CPU time, file size and descriptors; no
 * new processes. False and a sentence.
 */
bool sandbox_limits(const struct conf *, char *err, size_t errsize);

/*
 * Last step, before the first byte of a message is looked at: an allow-list of
 * system calls; any other kills the process. No sockets, no exec, no fork. All
 * capabilities go.
 */
bool sandbox_syscalls(const struct conf *, sandbox_note *note, void *ctx, char *err,
    size_t errsize);

/*
 * For a process that forks many inspectors, to do once what is the same for
 * all: the filter of system calls, which every child's sandbox_syscalls then
 * takes (false and a sentence on failure; channel is a descriptor that they may
 * hand objects over, or -1); and the rules on files for one
 * private directory, as a descriptor (-1 if that can't be done: the child does
 * it itself, and says why).
 */
bool sandbox_compile(const struct conf *, int channel, char *err, size_t errsize);
int sandbox_walls(const struct conf *, const char *scratch);

/*
 * Can an inspector be shut in as the configuration wants it, and which walls stand
 * then? Tried in a child, since it can't be undone; scratch is any directory. True,
 * and in words which walls stand; *complete is false if one of them is missing.
 * False, and in words why not.
 */
bool sandbox_prove(const struct conf *, const char *scratch, bool *complete, char *words,
    size_t size);

#endif

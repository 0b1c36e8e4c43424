/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - the resident process with the signatures loaded.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "conf.h"

/*
 * In the environment of a successor: the descriptor to say "ready" on; ENGINE_SAME
 * where the old engine has become the new one, and nobody waits.
 */
#define ENGINE_READY_ENV "SPAWNSCAN_READY_FD"
#define ENGINE_SAME "same"

/*
 * Serve until SIGTERM. argv starts a successor with the same settings
 * (argv[0] an absolute path; kept, not copied); ready_fd is told once
 * everything is loaded, -1 = nobody waits; in the background standard error is
 * given up then. Returns a code of <sysexits.h>.
 */
int engine_run(const struct conf *, char **argv, int ready_fd, bool background);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * successor.h - a new engine that loads new signatures beside the old one.
 */
#ifndef SUCCESSOR_H
#define SUCCESSOR_H

#include <sys/types.h>

#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "conf.h"

enum successor_news { SUCCESSOR_NOTHING, SUCCESSOR_SERVES, SUCCESSOR_FAILED };

struct successor {
	pid_t pid; /* 0 = none */
	int ready; /* its pipe, or -1 */
	time_t deadline;
	bool again; /* it is to load once more when it serves */
};

/* In the environment, beside the variables of sd_listen_fds(3). */
#define SUCCESSOR_OWN_SOCKET "spawnscan-own" /* LISTEN_FDNAMES where the socket is not systemd's */

void successor_init(struct successor *);

/*
 * Start the program argv once more with that socket to listen on. unblock: signals
 * that it must not inherit as blocked (SIGHUP it may). False, and logged, if it can't be.
 */
bool successor_start(struct successor *, char **argv, int listener, bool own_socket,
    const sigset_t *unblock);

/*
 * By engine_reload, and by the memory that the machine and our cgroups have left: is
 * there no room for two sets of signatures? Logged.
 */
bool successor_wants_pause(const struct conf *);

/* Become the successor, in this process. Returns only if that fails, with errno. */
void successor_become(char **argv, int listener, bool own_socket, const sigset_t *unblock);

/* Its pipe can be read: SUCCESSOR_SERVES, and it is none of ours any more; or nothing yet. */
enum successor_news successor_listen(struct successor *);

/* It has ended: SERVES if it had said that just before, else FAILED and logged. */
enum successor_news successor_ended(struct successor *, int status);

/* End one that takes too long. */
void successor_check(struct successor *);

#endif

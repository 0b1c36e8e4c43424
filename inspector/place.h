/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.h - a place of the engine: one inspector at a time, and what is kept for
 * it from one to the next.
 */
#ifndef PLACE_H
#define PLACE_H

#include <sys/types.h>

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "conf.h"
#include "errand.h"

enum place_state { PLACE_EMPTY, PLACE_READY, PLACE_ASKED, PLACE_AT_WORK };

#define PLACE_CHANNEL 3 /* the descriptor of a child's channel */

enum place_kind { PLACE_INSPECTOR, PLACE_HELPER };

struct place {
	enum place_state state;
	pid_t pid; /* unless empty */
	int channel; /* to the inspector; -1 = it is gone, or as good as gone */
	uid_t uid; /* of who asked */
	bool ended_by_us; /* late, or too much in its scratch directory */
	bool abandoned; /* nobody wants to hear of it any more */
	time_t deadline; /* asked: for the request to come; at work: for its end */
	char scratch[PATH_MAX]; /* "" = not made yet */
	int walls; /* file rules for it, or -1 */
};

/* Seconds that do not follow the wall clock when it is set. */
time_t place_now(void);

void place_init(struct place *);

/*
 * Fork an inspector, or a helper for one object (objects.h), that shuts itself in
 * and waits. unblock: signals that it must
 * not inherit as blocked. False, and logged, if it can't be done now.
 */
bool place_fill(struct place *, enum place_kind, const struct conf *, const sigset_t *unblock);

/* Hand it a descriptor and a packet; does not wait. */
bool place_send(struct place *, int fd, const void *packet, size_t len);

/* It has all it needs: its time runs. True. */
bool place_at_work(struct place *, const struct conf *);

/* Hand it the connection of a front of that user, which is closed here. False: it could not take it. */
bool place_give(struct place *, int sock, uid_t);

/*
 * It has something to say: that its request has come, or that it wants an object
 * scanned, now or ahead. True for the latter: *ask, and *fd, the caller's to close.
 */
bool place_listen(struct place *, const struct conf *, struct errand_ask *ask, int *fd);

/* What it does is not wanted any more: it is ended without a word; place_ended will follow. */
void place_abandon(struct place *);

/* It has ended, with that wait status: log, tidy up. */
void place_ended(struct place *, int status);

/* End it if it is late, or has filled its scratch directory; place_ended will follow. */
void place_check(struct place *, const struct conf *);

/* Nobody shall be in it any more: waits for the end of who is, and removes what was kept. */
void place_clear(struct place *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * objects.h - objects that inspectors have scanned elsewhere, and that need not be
 * scanned twice.
 */
#ifndef OBJECTS_H
#define OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "errand.h"
#include "known.h"
#include "place.h"

/* What an inspector may have under way: by its numbers, and one without. */
#define OBJECTS_EACH (ERRAND_AHEAD_MAX + 1)

enum object_state { OBJECT_NONE, OBJECT_QUEUED, OBJECT_SCANNED, OBJECT_DONE };

/* One of them. */
struct object {
	enum object_state state;
	struct known_key key;
	struct errand_ask ask; /* queued */
	int fd; /* queued, or scanned ahead: it may have to be queued again */
	time_t until; /* place_now; what came ahead has so long */
	bool wanted; /* scanned: the inspector waits for the answer */
	bool known; /* done: it was remembered */
	char *answer; /* done; NULL = none could be had */
	size_t len;
};

/* Who scans one. */
struct helper {
	struct place place;
	struct object *object; /* NULL = none, or nobody wants to know any more */
	size_t inspector; /* whose it is */
};

struct objects {
	const struct conf *conf;
	const struct place *inspectors; /* the engine's, of the same numbers */
	const sigset_t *unblock; /* see place_fill */
	struct known *known; /* NULL = off */
	struct object *objects; /* OBJECTS_EACH for each place */
	struct helper *helpers;
	size_t n_helpers;
	size_t limit; /* who may be at work, for something to be scanned ahead */
	bool refill; /* have a helper ready where one has served; not while we shut down */
	uint64_t n_asked, n_known, n_ahead;
};

/*
 * False: out of memory. Off unless conf->engine_cache > 0. There are engine_inspectors
 * places, which stay the caller's.
 */
bool objects_init(struct objects *, const struct conf *, const struct place *inspectors,
    const sigset_t *unblock);

/* A packet of that inspector, with a descriptor that is closed here: answer, now or later. */
void objects_ask(struct objects *, size_t inspector, const struct errand_ask *, int fd);

/* That helper has something to say. */
void objects_listen(struct objects *, size_t helper);

/*
 * After anything has happened: begin with what was sent ahead where there is somebody idle,
 * and put off what is in the way of messages.
 */
void objects_balance(struct objects *);

/* The inspector of that number is gone. */
void objects_forget(struct objects *, size_t inspector);

/* A child has ended: was it a helper? */
bool objects_reap(struct objects *, pid_t, int status);

/* About once a second: end helpers that are late. */
void objects_check(struct objects *);

/* To the log, if there is anything to say. */
void objects_log(const struct objects *);

/* All helpers end, all is forgotten. */
void objects_free(struct objects *);

#endif

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

/* One that is under way, for the inspector in the place of the same number. */
struct errand_state {
	struct place helper; /* who scans it */
	struct known_key key;
	bool asked; /* somebody waits for the answer */
};

struct objects {
	const struct conf *conf;
	const sigset_t *unblock; /* see place_fill */
	struct known *known; /* NULL = off */
	struct errand_state *errands; /* as many as there are places */
	size_t n;
	bool refill; /* have a helper ready where one has served; not while we shut down */
	uint64_t n_asked, n_known;
};

/* False: out of memory. Off unless conf->engine_cache > 0. */
bool objects_init(struct objects *, const struct conf *, const sigset_t *unblock);

/* An inspector's packet, with a descriptor that is closed here: answer, now or later. */
void objects_ask(struct objects *, size_t number, int channel, const struct errand_ask *, int fd);

/* A helper has something to say, for the inspector at that channel. */
void objects_listen(struct objects *, size_t number, int channel);

/* The inspector of that number is gone. */
void objects_forget(struct objects *, size_t number);

/* A child has ended: was it a helper? */
bool objects_reap(struct objects *, pid_t, int status, const struct place *inspectors);

/* About once a second: end helpers that are late. */
void objects_check(struct objects *);

/* To the log, if there is anything to say. */
void objects_log(const struct objects *);

/* All helpers end, all is forgotten. */
void objects_free(struct objects *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.h - what becomes of each part if some of them are removed.
 */
#ifndef PLAN_H
#define PLAN_H

#ifdef TOWER_FRONT
#error "plan.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>

#include "multipart.h"
#include "notice.h"
#include "part.h"

enum fate {
	FATE_STAYS,
	FATE_IN_PLACE, /* its notice takes its place */
	FATE_GOES, /* its notice stands beside the container that wraps */
	FATE_PICTURE, /* the same, and a small picture takes its place */
	FATE_EMPTY /* all that was in it goes, and so does it, without a notice of its own */
};

struct planned {
	bool marked; /* to be removed */
	struct notice notice;
	enum fate fate;
	bool flips; /* to multipart/mixed */
	bool wraps; /* in a new one, with the notices of what goes or is a picture now */
};

/* The parts of one message, by their index. Free with plan_free. */
struct plan {
	struct multiparts in;
	struct planned *at;
	size_t n;
};

void plan_begin(struct plan *, const struct parts *);
void plan_free(struct plan *);

/*
 * The part whose header begins there is to be removed; false if there is no such
 * part. What the notice points at must live as long as the plan.
 */
bool plan_mark(struct plan *, const struct part_place *, const struct notice *);

/* Once all are marked: what becomes of each. */
void plan_make(struct plan *);

/*
 * Is there something left to read? direct: the part is a form of a text itself,
 * whatever its type.
 */
bool plan_is_readable(const struct plan *, size_t, bool direct);

#endif

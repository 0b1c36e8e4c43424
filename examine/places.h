/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * places.h - where the parts of a message stand, and which one a stretch of
 * bytes belongs to.
 */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "mime_walk.h"

struct canonical;

/* A leaf that GMime shows. */
struct leaf {
	struct part_place place;
	char path[PART_PATH_MAX];
	size_t len; /* of its decoded content */
	bool doubtful; /* its header or content may be read differently */
	bool attachment; /* it is one, and what it is is not in doubt */
	struct canonical *plain; /* what could be made of it then; NULL = nothing */
};

/* A multipart or message around leaves. */
struct container {
	struct part_place place;
	char path[PART_PATH_MAX];
	char *boundary; /* NULL = none */
	struct canonical *plain; /* if its header may be read differently */
};

/* Of the message itself, not inside encoded parts. The first three by the caller. */
struct places {
	const char *bytes;
	size_t size;
	const struct part_place *root;
	struct leaf *leaves;
	size_t n_leaves;
	struct container *containers;
	size_t n_containers;
	size_t plain_bytes; /* of contents kept for plain forms */
};

/* In the order of the walk. want_plain: keep what can be made of it. */
void places_add_leaf(struct places *, const struct part *, const char *content, size_t len,
    bool doubtful, bool attachment, bool want_plain);
void places_add_container(struct places *, const struct part *, bool doubtful);
void places_free(struct places *);

/* The leaf in whose header or content a stretch lies, NULL if there is none. */
const struct leaf *places_leaf_around(const struct places *, size_t begin, size_t end);

/* A leaf as a part; NULL stands for the message. */
struct part places_part_of(const struct places *, const struct leaf *);

/* The innermost container in which a stretch lies; NULL = not even the message is one. */
const struct container *places_container_around(const struct places *, size_t begin, size_t end);

/*
 * A container as a part with a place: it ends at the first boundary of what it
 * is in, behind its last leaf. False if that can't be told.
 */
bool places_container_part(const struct places *, const struct container *, struct part *);

/*
 * The part at path, or the nearest around it, that can be taken out alone. Of a
 * message in a part the header stays with it, so it is the part that goes.
 * False: nothing less than the whole.
 */
bool places_removable(const struct places *, const char *path, struct part *);

/* "2.3" becomes "2", that "" (the message). False for that. */
bool places_path_up(char *path);

#endif

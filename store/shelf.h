/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shelf.h - what lies in a quarantine: found, opened, removed.
 */
#ifndef SHELF_H
#define SHELF_H

#ifdef TOWER_INSPECTOR
#error "shelf.h is the front's"
#endif

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHELF_REFERENCE_SIZE 72

struct shelf {
	int dir; /* -1 = not open */
	const char *path;
	uid_t owner; /* of the directory */
	int day_dir; /* the folder that was used last; -1 = none */
	char day[5];
};

/* An original and its metadata, as their names tell. */
struct shelf_entry {
	char reference[SHELF_REFERENCE_SIZE]; /* "MMDD/NAME" */
	int64_t when; /* seconds since 1970, when it was kept */
};

/* What is not in order. */
enum shelf_fault {
	SHELF_STRAY, /* a name that nothing of ours has, or a link, a folder */
	SHELF_LEFTOVER, /* a temporary file */
	SHELF_NO_META, /* an original alone */
	SHELF_NO_MESSAGE, /* metadata alone */
	SHELF_UNREADABLE /* a folder that could not be read; errno tells */
};

/* Told of each fault; name is "NAME" or "MMDD/NAME" and may hold any byte. when: 0 = not known. */
typedef void shelf_fault_fn(void *ctx, enum shelf_fault, const char *name, int64_t when);

bool shelf_open(struct shelf *, const char *path, char *err, size_t errsize);
void shelf_close(struct shelf *);

/*
 * All entries, newest first, malloc'd; faults go to fn (NULL = to nobody). No file is
 * opened for it. NULL with *n = 0 if there is nothing.
 */
struct shelf_entry *shelf_list(const struct shelf *, size_t *n, shelf_fault_fn *fn, void *ctx);

/* Is it a reference? Nothing else is ever made a path of. */
bool shelf_is_reference(const char *text);

/*
 * An open descriptor of an original or its metadata, which is a regular file and no
 * link; flags as for open(2). -1 with errno.
 */
enum shelf_file { SHELF_MESSAGE, SHELF_META };
int shelf_file(struct shelf *, const char *reference, enum shelf_file, int flags);

/*
 * Remove both. False with errno: EWOULDBLOCK if somebody is at work on it
 * (releasing it), ENOENT if nothing was there.
 */
bool shelf_remove(struct shelf *, const char *reference);

/* Remove what shelf_list told of as a leftover. */
bool shelf_remove_leftover(const struct shelf *, const char *name);

/* Remove folders of days that are empty, but for those of about now: a filter may be making one. */
void shelf_tidy(const struct shelf *, int64_t now);

#endif

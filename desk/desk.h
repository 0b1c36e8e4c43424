/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk.h - what the verbs of spawnscan-quarantine are called with.
 */
#ifndef DESK_H
#define DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "shelf.h"

struct desk {
	const struct conf *conf;
	struct shelf shelf;
	const char *who; /* for the metadata and the log: "root", "alice by sudo" */

	/* options; NULL, 0 and false: not given */
	int64_t since; /* seconds since 1970 */
	const char *from, *to, *class, *name; /* of list */
	uint64_t limit;
	bool json, again, dry_run, brief;
	bool tells_envelope; /* a forward names sender and recipient of the original */
	const char *via, *part;
	char **recipients; /* --to of release and forward */
	size_t n_recipients;
	bool older_given, max_size_given;
	uint64_t older_than; /* seconds */
	uint64_t max_size; /* bytes */

	char **references; /* checked by main */
	size_t n_references;
};

#endif

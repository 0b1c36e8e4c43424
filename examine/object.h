/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * object.h - what is handed to the scanner as a file: each content once, with the
 * names of what is in it.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "override.h"
#include "part.h"
#include "policy.h"
#include "presented.h"
#include "report.h"
#include "scan.h"

/* The objects of one message. Begin with object_begin. */
struct objects {
	const struct conf *conf;
	const struct overrides *overrides;
	struct report *report; /* where it is told which of them decided */
	int64_t deadline, last; /* effort_ms: for these, and for what is scanned after them */
	struct part_digest *seen; /* of contents that were scanned */
	size_t n_seen;
	struct object_clean *clean; /* and in which there was nothing */
	size_t n_clean;
	const struct objects
	    *before; /* what was clean there is clean here; NULL = nothing is known */
	struct presented presented; /* by the scanner, of what is in containers */
	bool collect; /* note them */
	const struct part_digest *digest; /* of what is scanned next; NULL = not known */
	const struct override *about; /* line about what is scanned next; NULL = none known */
	bool text_later; /* HTML that is shown: it is scanned as text with others (joined.h) */
	/* Of the object just scanned: the first member whose name is blocked; "" = none. */
	char member_rule[POLICY_RULE_MAX + 16];
	char member_name[256];
};

void object_begin(struct objects *, const struct conf *, const struct overrides *, struct report *,
    int64_t deadline);
void object_free(struct objects *);

/* Scan decoded content, and judge the names of what is in it. */
void object_scan(struct objects *, struct scan_result *, const char *content, size_t len);

/*
 * Let the administrator's lines decide about hits: one that is to be ignored is dropped,
 * the others are marked. about is the line about the content as a whole, or NULL.
 */
void object_overrule(const struct objects *, const struct override *about, struct scan_result *);

/* Note for the log that a line decided about that. */
void object_tell(const struct objects *, const struct override *, const char *what);

/* The names alone. */
void object_names(struct objects *, const char *content, size_t len);

/* Did the scanner unpack it out of something, and scan it? */
bool object_presented(struct objects *, const char *content, size_t len);

/* Was it seen before? It is now. */
bool object_seen(struct objects *, const struct part_digest *);

/*
 * Seconds that are left for the scanner; 0: what is left to scan is a matter of limits. For
 * objects, and for what stands in none of them, which has the rest of the time.
 */
unsigned int object_seconds(const struct objects *);
unsigned int object_last_seconds(const struct objects *);

#endif

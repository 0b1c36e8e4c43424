/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * meta.h - the metadata beside an original: written, added to, read.
 */
#ifndef META_H
#define META_H

#ifdef TOWER_INSPECTOR
#error "meta.h is the front's"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "verdict.h"

/* What is not in the metadata is "" (or 0, or none). Strings may hold any byte but NUL. */
struct meta_finding {
	const char *class, *action, *part, *reason, *file;
};

struct meta {
	const char *reference, *date, *mode, *client, *protocol, *source, *ident, *sender;
	const char *next_hop, *sha256, *verdict, *action, *scanner, *failure;
	uint64_t size;
	bool has_size;
	const char **recipients;
	size_t n_recipients;
	const char **replies; /* of the next hop, oldest first */
	size_t n_replies;
	struct meta_finding *findings;
	size_t n_findings;
	const char **events; /* key and value, key and value ..., oldest first */
	size_t n_events; /* strings, not pairs */
	bool released; /* a copy was taken by a next hop */
	bool unfinished; /* a release was begun, and nobody knows what became of it */
	/* of a notice only, see notify.c */
	const char *notice, *outcome;
	const char **settings; /* "key=value" */
	size_t n_settings;
	char *text; /* what the strings point into */
};

/* One line "Key: value" with the value escaped; NULL counts as "". */
void meta_put_line(FILE *, const char *key, const char *value);
void meta_put_finding(FILE *, const struct finding *);

/*
 * Read what fd has, at most META_MAX bytes. False and a sentence if that can't be
 * done or is no metadata. Lines of unknown keys are passed over. Free in any case.
 */
#define META_MAX (16u << 20)
bool meta_read(struct meta *, int fd, char *err, size_t errsize);
void meta_free(struct meta *);

/* Keys of meta.events, as they are written. */
#define META_BEGUN "Release-Begun"
#define META_RELEASED "Released"
#define META_FAILED "Release-Failed"
#define META_FORWARDED "Forwarded"

#endif

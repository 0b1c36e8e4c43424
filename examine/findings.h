/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * findings.h - what was found in one message, where each finding takes aim, and
 * the edits that come of it.
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "layout.h"
#include "mime_walk.h"
#include "policy.h"
#include "report.h"
#include "request.h"

struct canonical;
struct target;
struct struck;

/* Begin with findings_begin; exempt may be set before anything is found. */
struct findings {
	const struct conf *conf;
	const struct request *request;
	const struct parts *parts;
	struct report *report;
	const char *exempt; /* why no name or type is blocked; NULL = all rules hold */

	bool part_hit[CLASS_COUNT]; /* classes that were found in a part */
	bool infected;
	struct layout layout; /* the tree that the targets are in */
	struct target *targets;
	size_t n_targets;
	struct struck *struck; /* fields of the message's header */
	size_t n_struck;
	bool nameless; /* no name is written, for a signature matches one */
	const char *unstamped; /* why banner and disclaimer are not everywhere; NULL = they are */
	char outer_name[256]; /* of the part that is being walked, not of one inside it */
	size_t removed; /* the part that goes with all below it; PART_NONE = none */
	enum verdict_class removed_class;
	char removed_reason[POLICY_RULE_MAX];
};

void findings_begin(struct findings *, const struct conf *, const struct request *,
    const struct parts *, struct report *);

/*
 * The walk has come to a part: its name is that of what is found inside, and if
 * the container around it is to be removed so is the part.
 */
void findings_enter(struct findings *, const struct part *);

/*
 * Something was found in a part: report it, once, with the strongest of its
 * actions, and take aim at the part. The action is that of the class, or the
 * one given.
 */
void findings_add(struct findings *, const struct part *, enum verdict_class, const char *reason,
    const char *name);
void findings_add_action(struct findings *, const struct part *, enum verdict_class,
    enum verdict_action, const char *reason, const char *name);

/* The same, as a line of the file of verdicts says; NULL = as the class does. */
void findings_add_by(struct findings *, const struct part *, enum verdict_class,
    const struct override *, const char *reason, const char *name);
void findings_add_whole_by(struct findings *, enum verdict_class, const struct override *,
    const char *reason);

/* A member of the archive that the part is has a blocked name: told as its, and the part is renamed. */
void findings_add_member(struct findings *, const struct part *, const char *reason,
    const char *member);

/* Readers may differ about the part, and in no way it is anything dangerous: it is tagged. */
void findings_add_harmless_doubt(struct findings *, const struct part *, const char *reason,
    const char *name);

/*
 * Readers may differ about the part. If the action is to defang it gets its
 * canonical form, which must live as long as the findings; NULL if nothing can be
 * told for sure: then it is removed.
 */
void findings_add_doubt(struct findings *, const struct part *, const char *reason,
    const char *name, const struct canonical *);

/*
 * Canonical forms did not help: what has one is removed, at path if anything there
 * has, else everywhere. False if there are none.
 */
bool findings_drop_canonical(struct findings *, const char *path);

/* Is that place, or one around it, to be removed? */
bool findings_goes(const struct findings *, const struct part_place *);

/*
 * Strike the bytes from begin to end, whole lines, out of the message's header;
 * instead is the line that takes their place, a constant, or "".
 */
void findings_strike(struct findings *, size_t begin, size_t end, const char *instead);

/* The message as a whole: the same, or a finding only, since something else is done. */
void findings_add_whole(struct findings *, enum verdict_class, const char *reason);
void findings_add_whole_action(struct findings *, enum verdict_class, enum verdict_action,
    const char *reason);
void findings_tell_whole(struct findings *, enum verdict_class, enum verdict_action,
    const char *reason);

/* Was that found already, in the part at path? */
bool findings_known(const struct report *, enum verdict_class, const char *path,
    const char *reason);

/* Was anything of that class found in the part at path? */
bool findings_told(const struct report *, enum verdict_class, const char *path);

/*
 * The names of the sender's that edits write, one a line, also as renaming writes them;
 * malloc'd. Not those that stand in clear in the header of their part, unless all are wanted.
 */
char *findings_names(const struct findings *, bool all, size_t *len);

/* No edit writes any of them. */
void findings_forget_names(struct findings *);

/* All edits, from the findings as they stand now; none. */
void findings_edit(struct findings *);
void findings_drop_edits(struct findings *);

/* Frees the targets; the report stays with its owner. */
void findings_free(struct findings *);

#endif

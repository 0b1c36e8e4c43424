/*
 * findings.h - what was found in one message, where each finding takes aim, and
 * the edits that come of it.
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "mime_walk.h"
#include "policy.h"
#include "report.h"
#include "request.h"

struct target;

/* Filled in by the caller: the first block, before anything is found. */
struct findings {
	const struct conf *conf;
	const struct request *request;
	const char *bytes;
	size_t size;
	struct report *report;
	const char *exempt;		/* why no name or type is blocked; NULL = all rules hold */
	struct part_place root;		/* by the walk, before its first part */

	bool part_hit[CLASS_COUNT];	/* classes that were found in a part */
	bool infected;
	struct target *targets;
	size_t n_targets;
	char outer_name[256];		/* of the part that is being walked, not of one inside it */
	char removed[PART_PATH_MAX];	/* what is below this path goes with it */
	char removed_reason[POLICY_RULE_MAX];
};

/*
 * The walk has come to a part: its name is that of what is found inside, and if
 * the container around it is to be removed so is the part.
 */
void findings_enter(struct findings *, const struct part *);

/*
 * Something was found in a part: report it, once, and take aim at the part. The
 * action is that of the class, or the one given.
 */
void findings_add(struct findings *, const struct part *, enum verdict_class,
    const char *reason, const char *name);
void findings_add_action(struct findings *, const struct part *, enum verdict_class,
    enum verdict_action, const char *reason, const char *name);

/* The same for the message as a whole. */
void findings_add_whole(struct findings *, enum verdict_class, const char *reason);
void findings_add_whole_action(struct findings *, enum verdict_class, enum verdict_action,
    const char *reason);

/* Was that found already, in the part at path? */
bool findings_known(const struct report *, enum verdict_class, const char *path,
    const char *reason);

/* All edits, from the findings as they stand now; none. */
void findings_edit(struct findings *);
void findings_drop_edits(struct findings *);

/* Frees the targets; the report stays with its owner. */
void findings_free(struct findings *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge.c - what is wrong with a part before anything is scanned.
 */
#include "judge.h"

#include <stdio.h>
#include <string.h>

#include "mime_packed.h"
#include "policy.h"

static void check_limit(struct examination *, const struct part *);
static void check_partial(struct examination *, const struct part *);
static void check_names(struct examination *, const struct part *, const char *, size_t);
static void blocked_inside(struct examination *, const struct part *, const char *rule,
    const char *name);
static bool name_of_type(const struct part *, char *name, size_t size);
static void check_opened(struct examination *, const struct part *);

void
judge_part(struct examination *x, const struct part *part, const char *content, size_t len)
{
	check_limit(x, part);
	check_partial(x, part);
	check_names(x, part, content, len);
	check_opened(x, part);
}

bool
judge_may_be_attachment(const struct part *part)
{
	return part->n_names > 0 ||
	    (part->type[0] != '\0' && strncmp(part->type, "text/", 5) != 0 &&
		strncmp(part->type, "message/", 8) != 0);
}

const char *
judge_name(const struct part *part)
{
	return part->n_names > 0 ? part->names[0] : "";
}

/* Pieces that only the reader puts together, or fetches: nobody can scan them. */
static void
check_partial(struct examination *x, const struct part *part)
{
	if (strcmp(part->type, "message/partial") == 0 ||
	    strcmp(part->type, "message/external-body") == 0)
		findings_add_action(&x->found, part, CLASS_BLOCKED, x->conf->partial, part->type,
		    "");
}

/* What is known for a container, or a member of one, and was not opened to its end. */
static void
check_opened(struct examination *x, const struct part *part)
{
	if (part->sealed != NULL)
		findings_add(&x->found, part, CLASS_ENCRYPTED, part->sealed, judge_name(part));
	if (part->unopened != NULL)
		findings_add(&x->found, part, CLASS_UNOPENED, part->unopened, judge_name(part));
	if ((part->flags & PACKED_ENCRYPTED) != 0 &&
	    !findings_told(x->found.report, CLASS_ENCRYPTED, part->path))
		findings_add(&x->found, part, CLASS_ENCRYPTED, "encrypted file", judge_name(part));
	if ((part->flags & PACKED_DAMAGED) != 0 &&
	    !findings_told(x->found.report, CLASS_UNOPENED, part->path))
		findings_add(&x->found, part, CLASS_UNOPENED, "file that cannot be unpacked",
		    judge_name(part));
	if ((part->flags & PACKED_LIMIT) != 0 &&
	    !findings_told(x->found.report, CLASS_LIMIT, part->path))
		findings_add(&x->found, part, CLASS_LIMIT, "unpacks to too much", judge_name(part));
}

static void
check_limit(struct examination *x, const struct part *part)
{
	switch (part->limit) {
	case PART_WITHIN:
		break;
	case PART_TOO_DEEP:
		findings_add(&x->found, part, CLASS_LIMIT, "nested too deep", x->found.outer_name);
		break;
	case PART_HEADER_TOO_BIG:
		findings_add(&x->found, part, CLASS_LIMIT, "header too long", "");
		break;
	case PART_UNPACKS_TO_TOO_MUCH:
		findings_add(&x->found, part, CLASS_LIMIT, "unpacks to too much", judge_name(part));
		break;
	case PART_TOO_MANY:
		findings_add_whole(&x->found, CLASS_LIMIT, "too many parts");
		break;
	}
}

static void
check_names(struct examination *x, const struct part *part, const char *content, size_t len)
{
	char rule[POLICY_RULE_MAX], unnamed[POLICY_RULE_MAX], *only = unnamed;
	size_t which;

	if (part->archived && !x->conf->archive_names)
		return;
	if (policy_blocks(x->conf, part->names, part->n_names, content, len, rule, &which)) {
		const char *name = which < part->n_names ? part->names[which] : "";

		if (part->archived)
			blocked_inside(x, part, rule, name);
		else
			findings_add(&x->found, part, CLASS_BLOCKED, rule, name);
	} else if (name_of_type(part, unnamed, sizeof(unnamed)) &&
	    policy_blocks(x->conf, &only, 1, NULL, 0, rule, &which)) {
		findings_add(&x->found, part, CLASS_BLOCKED, rule, "");
	}
}

/* Without a name some programs make one of the type: nmh saves application/hta as FILE.hta. */
static bool
name_of_type(const struct part *part, char *name, size_t size)
{
	const char *subtype = strchr(part->type, '/');

	if (part->n_names > 0 || subtype == NULL || strncmp(part->type, "application/", 12) != 0)
		return false;
	subtype += strncmp(subtype, "/x-", 3) == 0 ? 3 : 1;
	return strlcpy(name, "unnamed.", size) < size && strlcat(name, subtype, size) < size;
}

/* The first offender of an archive stands for all. */
static void
blocked_inside(struct examination *x, const struct part *part, const char *rule, const char *name)
{
	char inside[POLICY_RULE_MAX + 16];

	if (findings_told(x->found.report, CLASS_BLOCKED, part->path))
		return;
	snprintf(inside, sizeof(inside), "inside: %s", rule);
	findings_add_member(&x->found, part, inside, name);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * overrule.c - where a line of the file of verdicts (override.h) decides.
 *
 * Lines on names are for hits of the scanner, one by one (object.c). Lines on contents
 * are for all that is found in these very bytes, and in what is unpacked from them; not
 * for what the part is called, for what it stands in, nor for doubts about how it is read.
 */
#include "overrule.h"

/* For what a listed content is told. */
static const char listed[] = "content with a verdict of its own";

const struct override *
overrule_content(const struct examination *x, const struct part *part)
{
	const struct overrides *list = x->objects.overrides;
	const struct override *o = NULL;

	for (; list->n > 0 && part != NULL && o == NULL; part = part_parent(&x->parts, part))
		if (part->leaf)
			o = override_find(list, NULL, part->digest.sha256);
	return o;
}

void
overrule_add(struct examination *x, const struct part *part, enum verdict_class class,
    const char *reason, const char *name)
{
	const struct override *by = overrule_content(x, part);

	if (by != NULL)
		object_tell(&x->objects, by, reason);
	if (by == NULL || !by->ignore)
		findings_add_by(&x->found, part, class, by, reason, name);
}

void
overrule_check(struct examination *x, const struct part *part, const char *name)
{
	const struct override *by = part->leaf
	    ? override_find(x->objects.overrides, NULL, part->digest.sha256)
	    : NULL;

	if (by == NULL || by->action == ACTION_PASS)
		return;
	object_tell(&x->objects, by, listed);
	findings_add_by(&x->found, part, CLASS_BLOCKED, by, listed, name);
}

bool
overrule_lets_pass(const struct examination *x, const struct part *part)
{
	const struct override *by = overrule_content(x, part);

	return by != NULL && verdict_action_wins(x->conf->action[CLASS_INFECTED], by->action);
}

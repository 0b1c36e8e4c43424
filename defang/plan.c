/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.c - what becomes of each part if some of them are removed.
 *
 * A notice in the place of a part is right in multipart/mixed. Elsewhere, as
 * real mail programs show it:
 *  - multipart/alternative: the last form that a program can show hides the
 *    others, so a notice there hides what the sender wrote, or is never seen. If
 *    one form is left at most, the container becomes multipart/mixed. Otherwise
 *    the part goes, and the notice stands beside the whole, in a new
 *    multipart/mixed around it. A calendar is no text but what Accept and
 *    Decline hang on, and some programs know it in multipart/alternative only;
 *    so that stays one as long as the calendar does.
 *  - multipart/related: only what the root refers to is shown. A picture becomes
 *    a small grey one under its Content-ID, so that there is neither a broken
 *    picture nor one that a program offers to fetch; the notice stands beside
 *    the whole. Without its root the container becomes multipart/mixed.
 *  - multipart/signed and multipart/encrypted are no longer what they say, and
 *    become multipart/mixed, so that no program warns of what the notice tells.
 *  - multipart/appledouble: both forks are one file and go together.
 *
 * The notice stands beside the outermost alternative or related that holds the
 * part, within one message. All of that is done only where header and
 * delimiters are so regular that every program reads them alike (multipart.c);
 * anywhere else the notice stands in the part's place.
 *
 * Memory that runs out ends the process.
 */
#include "plan.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "tree.h"

static size_t child(const struct plan *, size_t parent, size_t after);
static const struct part *part_of(const struct plan *, size_t);
static bool holds_calendar(const struct plan *, size_t);
static size_t top_of(const struct plan *, size_t);
static void join_forks(struct plan *);
static bool is_forks(const struct plan *, size_t);
static const char *name_of_forks(const struct plan *, size_t both);
static bool is_picture(const struct plan *, size_t);
static void break_seals(struct plan *, size_t);
static void plan_top(struct plan *, size_t top);
static void plan_alternative(struct plan *, size_t, bool top);
static void plan_related(struct plan *, size_t);
static void plan_mixed(struct plan *, size_t);
static void plan_child(struct plan *, size_t);
static void plan_dead(struct plan *, size_t);
static bool plan_away(struct plan *, size_t);

void
plan_begin(struct plan *plan, const struct parts *parts)
{
	plan_free(plan);
	multipart_read(&plan->in, parts);
	plan->n = parts->n;
	plan->at = calloc(plan->n + 1, sizeof(*plan->at));
	if (plan->at == NULL)
		err(EX_OSERR, "plan");
}

void
plan_free(struct plan *plan)
{
	multipart_free(&plan->in);
	free(plan->at);
	plan->at = NULL;
	plan->n = 0;
}

static const struct part *
part_of(const struct plan *plan, size_t i)
{
	return plan->in.parts->at[i];
}

/* The first one, if after is PART_NONE, or the next one. */
static size_t
child(const struct plan *plan, size_t parent, size_t after)
{
	return tree_child(plan->in.parts, parent, after);
}

bool
plan_mark(struct plan *plan, const struct part_place *place, const struct notice *notice)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct part *part = part_of(plan, i);

		if (part->inside || tree_is_message(part) ||
		    part->place.header_begin != place->header_begin)
			continue;
		plan->in.at[i].place = *place;
		plan->at[i].marked = true;
		plan->at[i].notice = *notice;
		return true;
	}
	return false;
}

void
plan_make(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		plan->at[i].fate = plan->at[i].marked ? FATE_IN_PLACE : FATE_STAYS;
	join_forks(plan);
	for (size_t i = 0; i < plan->n; i++) {
		if (!plan->at[i].marked)
			continue;
		break_seals(plan, i);
		plan_top(plan, top_of(plan, i));
	}
}

bool
plan_is_readable(const struct plan *plan, size_t i, bool direct)
{
	const struct part *part = part_of(plan, i);

	if (plan->at[i].marked)
		return false;
	if (part->leaf)
		return !tree_is_calendar(part) && (direct || strncmp(part->type, "text/", 5) == 0);
	if (tree_is(part, "related")) {
		size_t root = tree_root(plan->in.parts, i);

		return root != PART_NONE && plan_is_readable(plan, root, direct);
	}
	for (size_t c = child(plan, i, PART_NONE); c != PART_NONE; c = child(plan, i, c)) {
		if (plan_is_readable(plan, c, direct && tree_is(part, "alternative")))
			return true;
	}
	return false;
}

/* Is there a calendar that stays? */
static bool
holds_calendar(const struct plan *plan, size_t i)
{
	if (plan->at[i].marked)
		return false;
	if (part_of(plan, i)->leaf)
		return tree_is_calendar(part_of(plan, i));
	for (size_t c = child(plan, i, PART_NONE); c != PART_NONE; c = child(plan, i, c)) {
		if (holds_calendar(plan, c))
			return true;
	}
	return false;
}

/* The outermost alternative or related around a part of a message, through regular ones; or PART_NONE. */
static size_t
top_of(const struct plan *plan, size_t i)
{
	size_t top = PART_NONE;

	for (i = part_of(plan, i)->parent; i != PART_NONE && !tree_is_message(part_of(plan, i));
	     i = part_of(plan, i)->parent) {
		if (!plan->in.at[i].regular || plan->at[i].marked)
			return PART_NONE;
		if (tree_is(part_of(plan, i), "alternative") ||
		    tree_is(part_of(plan, i), "related"))
			top = i;
	}
	return top;
}

/* One fork without the other is no file. */
static void
join_forks(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		size_t both = part_of(plan, i)->parent, end;
		struct multipart_bounds *m;

		if (!plan->at[i].marked || both == PART_NONE || !is_forks(plan, both))
			continue;
		m = &plan->in.at[both];
		end = multipart_end(&plan->in, both);
		if (plan->at[both].marked || !m->regular || end == PART_NONE)
			continue;
		m->place.content_end = end;
		m->place.whole_content = true;
		plan->at[both] = plan->at[i];
		plan->at[both].notice.file = name_of_forks(plan, both);
		for (size_t c = child(plan, both, PART_NONE); c != PART_NONE;
		     c = child(plan, both, c))
			plan->at[c] = (struct planned){ .fate = FATE_STAYS };
	}
}

/* RFC 1740: a header and a data fork. Anything else that is called so may hold much more. */
static bool
is_forks(const struct plan *plan, size_t i)
{
	size_t head = child(plan, i, PART_NONE), data;

	if (!tree_is(part_of(plan, i), "appledouble") || head == PART_NONE)
		return false;
	data = child(plan, i, head);
	return data != PART_NONE && child(plan, i, data) == PART_NONE &&
	    part_of(plan, head)->leaf && part_of(plan, data)->leaf;
}

/* RFC 1740: the data fork has the name of the file, and comes last. */
static const char *
name_of_forks(const struct plan *plan, size_t both)
{
	const char *name = "";

	for (size_t c = child(plan, both, PART_NONE); c != PART_NONE; c = child(plan, both, c)) {
		if (part_of(plan, c)->n_names > 0)
			name = part_of(plan, c)->names[0];
	}
	return name;
}

/* The text refers to it whether it has come with its other fork or without. */
static bool
is_picture(const struct plan *plan, size_t i)
{
	if (is_forks(plan, i))
		i = child(plan, i, child(plan, i, PART_NONE));
	return tree_is_picture(part_of(plan, i));
}

/* What is around it is neither signed nor encrypted any more. */
static void
break_seals(struct plan *plan, size_t i)
{
	for (size_t up = part_of(plan, i)->parent; up != PART_NONE; up = part_of(plan, up)->parent)
		plan->at[up].flips = plan->at[up].flips ||
		    (plan->in.at[up].regular &&
			(tree_is(part_of(plan, up), "signed") ||
			    tree_is(part_of(plan, up), "encrypted")));
}

static void
plan_top(struct plan *plan, size_t top)
{
	const struct parts *parts = plan->in.parts;

	if (top == PART_NONE)
		return;
	/* Once for each part that is marked: what is planned is planned anew in the same way. */
	if (tree_is(part_of(plan, top), "alternative"))
		plan_alternative(plan, top, true);
	else
		plan_related(plan, top);
	for (size_t i = top + 1; i < plan->n && tree_is_within(parts, i, top); i++) {
		if (plan->at[i].fate == FATE_GOES || plan->at[i].fate == FATE_PICTURE)
			plan->at[top].wraps = true;
	}
	if (!plan->at[top].wraps ||
	    (plan->in.at[top].regular && multipart_end(&plan->in, top) != PART_NONE &&
		plan->in.at[top].place.content_begin > plan->in.at[top].place.header_end))
		return;
	/* No room for the notices: each stands where its part stood. */
	plan->at[top].wraps = false;
	for (size_t i = top + 1; i < plan->n && tree_is_within(parts, i, top); i++) {
		if (plan->at[i].marked)
			plan->at[i].fate = FATE_IN_PLACE;
	}
}

static void
plan_alternative(struct plan *plan, size_t i, bool top)
{
	unsigned int left = 0;
	bool calendar = holds_calendar(plan, i);

	for (size_t c = child(plan, i, PART_NONE); c != PART_NONE; c = child(plan, i, c))
		left += plan_is_readable(plan, c, true);
	if (!calendar && (left == 0 || (left == 1 && top))) {
		plan->at[i].flips = true;
		for (size_t c = child(plan, i, PART_NONE); c != PART_NONE; c = child(plan, i, c)) {
			if (plan_is_readable(plan, c, true))
				plan_child(plan, c);
			else
				plan_dead(plan, c);
		}
		return;
	}
	for (size_t c = child(plan, i, PART_NONE); c != PART_NONE; c = child(plan, i, c)) {
		bool dead = !part_of(plan, c)->leaf && !plan->at[c].marked &&
		    !plan_is_readable(plan, c, true) && !holds_calendar(plan, c);

		if (!dead) {
			plan_child(plan, c);
			continue;
		}
		/* What is left in it is to be seen: nothing may hide it, and it nothing. */
		plan->at[i].flips = true;
		plan_dead(plan, c);
	}
}

static void
plan_related(struct plan *plan, size_t i)
{
	size_t root = tree_root(plan->in.parts, i);

	if (root == PART_NONE ||
	    (!plan_is_readable(plan, root, true) && !holds_calendar(plan, root))) {
		plan_dead(plan, i);
		return;
	}
	for (size_t c = child(plan, i, PART_NONE); c != PART_NONE; c = child(plan, i, c)) {
		if (plan->at[c].marked && is_picture(plan, c))
			plan->at[c].fate = FATE_PICTURE;
		else
			plan_child(plan, c);
	}
}

static void
plan_mixed(struct plan *plan, size_t i)
{
	bool empty = true;

	for (size_t c = child(plan, i, PART_NONE); c != PART_NONE; c = child(plan, i, c)) {
		plan_child(plan, c);
		empty = empty && (plan->at[c].fate == FATE_GOES || plan->at[c].fate == FATE_EMPTY);
	}
	if (empty && plan_away(plan, i))
		plan->at[i].fate = FATE_EMPTY;
}

/* Of a container in which something is left to be read. */
static void
plan_child(struct plan *plan, size_t i)
{
	const struct part *part = part_of(plan, i);

	if (plan->at[i].marked)
		(void)plan_away(plan, i);
	else if (tree_is(part, "alternative"))
		plan_alternative(plan, i, false);
	else if (tree_is(part, "related"))
		plan_related(plan, i);
	else if (tree_is(part, "mixed"))
		plan_mixed(plan, i);
}

/* Of a container in which nothing is left to be read: its parts stand one after the other. */
static void
plan_dead(struct plan *plan, size_t i)
{
	const struct part *part = part_of(plan, i);

	if (plan->at[i].marked || part->leaf)
		return;
	if (tree_is(part, "alternative") || tree_is(part, "related"))
		plan->at[i].flips = plan->in.at[i].regular;
	for (size_t c = child(plan, i, PART_NONE); c != PART_NONE; c = child(plan, i, c))
		plan_dead(plan, c);
}

/* The part goes with its delimiter, if that can be told. */
static bool
plan_away(struct plan *plan, size_t i)
{
	bool closes;

	if (multipart_delimiter(&plan->in, i) == PART_NONE ||
	    multipart_delimiter_behind(&plan->in, i, &closes) == PART_NONE)
		return false;
	plan->at[i].fate = FATE_GOES;
	return true;
}

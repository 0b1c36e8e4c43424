/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * what.c - what a part that goes is called towards the recipient.
 *
 * Its type tells, and where it stands: "the text" is only said if no other text and no
 * other form of it is left, since the reader sees what is.
 */
#include "what.h"

#include <string.h>

#include "tree.h"

static const struct part *part_of(const struct plan *, size_t);
static bool is_sealed(const struct plan *, const struct part *);
static enum notice_what text_of(const struct plan *, size_t, bool named);
static bool shows_text(const struct plan *, size_t);
static bool shows_text_beside(const struct plan *, size_t parent, size_t but);

static const struct part *
part_of(const struct plan *plan, size_t i)
{
	return plan->in.parts->at[i];
}

enum notice_what
what_of(const struct plan *plan, size_t i)
{
	const struct part *part = part_of(plan, i);
	const char *file = plan->at[i].notice.file;
	bool whole = plan->in.at[i].place.message_header;

	/* What is found in a message's own text may have a name; the text has none. */
	if (part->leaf && whole && part->n_names == 0 && strncmp(part->type, "text/", 5) == 0)
		file = "";
	if (plan->at[i].fate == FATE_PICTURE)
		return NOTICE_PICTURE;
	if (whole && strcmp(part->path, "0") == 0 && tree_is(part, "mixed"))
		return NOTICE_WHOLE;
	if (tree_is(part, "appledouble"))
		return NOTICE_ATTACHMENT;
	if (is_sealed(plan, part))
		return NOTICE_SEALED;
	if (part->leaf && notice_of(part->type, "") == NOTICE_TEXT)
		return text_of(plan, i, file[0] != '\0');
	return notice_of(part->type, file);
}

/* Does it hold all of an encrypted message? */
static bool
is_sealed(const struct plan *plan, const struct part *part)
{
	const struct part *around = part_parent(plan->in.parts, part);

	if (around != NULL && tree_is(around, "encrypted"))
		return strcmp(part->type, "application/pgp-encrypted") != 0;
	return part->sealed != NULL && notice_of(part->type, "") == NOTICE_SIGNED;
}

/* Up to where its message begins. */
static enum notice_what
text_of(const struct plan *plan, size_t i, bool named)
{
	const struct parts *parts = plan->in.parts;
	size_t at = i;

	for (size_t up = part_of(plan, i)->parent;
	     up != PART_NONE && !tree_is_message(part_of(plan, up));
	     up = part_of(plan, up)->parent) {
		const struct part *around = part_of(plan, up);

		if (tree_is(around, "alternative") && plan_is_readable(plan, up, true))
			return notice_form_of(part_of(plan, i)->type);
		if (tree_is(around, "related") && tree_root(parts, up) != at)
			return NOTICE_ATTACHMENT;
		if (!tree_is(around, "alternative") && !tree_is(around, "related")) {
			if (named)
				return NOTICE_ATTACHMENT;
			if (shows_text_beside(plan, up, at))
				return NOTICE_PART_OF_TEXT;
		}
		at = up;
	}
	return named ? NOTICE_ATTACHMENT : NOTICE_TEXT;
}

/* Is there text that is no attachment, in what is no message of its own? */
static bool
shows_text(const struct plan *plan, size_t i)
{
	const struct part *part = part_of(plan, i);

	if (plan->at[i].marked || tree_is_message(part))
		return false;
	if (part->leaf)
		return part->n_names == 0 && notice_of(part->type, "") == NOTICE_TEXT;
	return shows_text_beside(plan, i, PART_NONE);
}

static bool
shows_text_beside(const struct plan *plan, size_t parent, size_t but)
{
	for (size_t c = tree_child(plan->in.parts, parent, PART_NONE); c != PART_NONE;
	     c = tree_child(plan->in.parts, parent, c)) {
		if (c != but && shows_text(plan, c))
			return true;
	}
	return false;
}

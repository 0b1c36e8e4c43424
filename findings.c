/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * findings.c - what was found in one message, where each finding takes aim, and
 * the edits that come of it.
 *
 * A finding takes aim at the place where it stands; what no part explains, at
 * the whole. Of several at one place the strongest action is taken, and the
 * reasons for it are told in the notice. A removal of the whole stands for all
 * other edits but the marks.
 *
 * Memory that runs out ends the process; the front copes with that.
 */
#include "findings.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "defang.h"
#include "header.h"

#define REASON_MAX 600

/* One place of the message and what is to be done there. */
struct target {
	struct part_place place;
	enum verdict_action action;
	char *name;			/* what the part was called */
	char reason[REASON_MAX];
};

static enum verdict_action action_of(struct findings *, enum verdict_class);
static void remove_below(struct findings *, const char *path, const char *reason);
static struct target *target_at(struct findings *, const struct part_place *);
static void aim(struct findings *, const struct part_place *, enum verdict_action,
    const char *reason, const char *name);
static void strike(const struct findings *, const struct defang *, bool body_goes);
static void edit_target(struct findings *, const struct defang *, const struct target *);

void
findings_free(struct findings *f)
{
	for (size_t i = 0; i < f->n_targets; i++)
		free(f->targets[i].name);
	free(f->targets);
	f->targets = NULL;
	f->n_targets = 0;
}

void
findings_enter(struct findings *f, const struct part *part)
{
	size_t removed_len = strlen(f->removed);

	if (!part->inside)
		strlcpy(f->outer_name, part->n_names > 0 ? part->names[0] : "",
		    sizeof(f->outer_name));
	if (removed_len > 0 && strncmp(part->path, f->removed, removed_len) != 0)
		f->removed[0] = '\0';
	else if (removed_len > 0 && part->leaf)
		aim(f, &part->place, ACTION_REMOVE, f->removed_reason, f->outer_name);
}

void
findings_add(struct findings *f, const struct part *part, enum verdict_class class,
    const char *reason, const char *name)
{
	findings_add_action(f, part, class, action_of(f, class), reason, name);
}

void
findings_add_action(struct findings *f, const struct part *part, enum verdict_class class,
    enum verdict_action action, const char *reason, const char *name)
{
	f->part_hit[class] = true;
	f->infected = f->infected || class == CLASS_INFECTED;
	if (findings_known(f->report, class, part->path, reason))
		return;
	report_add_finding(f->report, class, action, part->path, reason, name);
	if (action == ACTION_REMOVE && !part->place.whole_content)
		remove_below(f, part->path, reason);
	aim(f, &part->place, action, reason, part->inside ? f->outer_name : name);
}

void
findings_add_whole(struct findings *f, enum verdict_class class, const char *reason)
{
	findings_add_whole_action(f, class, action_of(f, class), reason);
}

void
findings_add_whole_action(struct findings *f, enum verdict_class class, enum verdict_action action,
    const char *reason)
{
	f->infected = f->infected || class == CLASS_INFECTED;
	report_add_finding(f->report, class, action, "0", reason, "");
	aim(f, &f->root, action, reason, "message");
}

/* Nobody is exempt from anything but the rules on names and types. */
static enum verdict_action
action_of(struct findings *f, enum verdict_class class)
{
	enum verdict_action action = f->conf->action[class];

	if (class != CLASS_BLOCKED || f->exempt == NULL || action <= ACTION_TAG)
		return action;
	report_set_exempt(f->report, f->exempt);
	return ACTION_TAG;
}

/* Several readings of the same bytes show the same thing. */
bool
findings_known(const struct report *r, enum verdict_class class, const char *path, const char *reason)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		if (r->findings[i].class == class && strcmp(r->findings[i].part, path) == 0 &&
		    strcmp(r->findings[i].reason, reason) == 0)
			return true;
	}
	return false;
}

/*
 * Where a container ends is not known: its header loses its type, and each leaf
 * in it goes. Those of "2" and of "2.0" have paths that begin with "2.".
 */
static void
remove_below(struct findings *f, const char *path, const char *reason)
{
	size_t len = strlcpy(f->removed, path, sizeof(f->removed));

	if (len >= 2 && strcmp(path + len - 2, ".0") == 0)
		f->removed[len - 1] = '\0';
	else
		strlcat(f->removed, ".", sizeof(f->removed));
	strlcpy(f->removed_reason, reason, sizeof(f->removed_reason));
}

/* The target at a place, a new one if there is none yet. */
static struct target *
target_at(struct findings *f, const struct part_place *place)
{
	struct target *t;

	/* A leaf that is the whole message, or its outermost container. */
	if (place->header_begin == f->root.header_begin)
		place = &f->root;
	for (size_t i = 0; i < f->n_targets; i++) {
		if (f->targets[i].place.header_begin == place->header_begin)
			return &f->targets[i];
	}
	f->targets = reallocarray(f->targets, f->n_targets + 1, sizeof(*f->targets));
	if (f->targets == NULL)
		err(EX_OSERR, "examine");
	t = &f->targets[f->n_targets++];
	*t = (struct target){ .place = *place, .action = ACTION_PASS };
	return t;
}

/* The strongest action at a place wins; the reasons of that action are told. */
static void
aim(struct findings *f, const struct part_place *place, enum verdict_action action,
    const char *reason, const char *name)
{
	struct target *t;

	if (action != ACTION_DEFANG && action != ACTION_REMOVE)
		return;
	t = target_at(f, place);
	if (action < t->action)
		return;
	if (action > t->action)
		t->reason[0] = '\0';
	t->action = action;
	if (strstr(t->reason, reason) == NULL) {
		if (t->reason[0] != '\0')
			strlcat(t->reason, ", ", sizeof(t->reason));
		strlcat(t->reason, reason, sizeof(t->reason));
	}
	if (t->name == NULL || t->name[0] == '\0') {
		free(t->name);
		t->name = strdup(name);
		if (t->name == NULL)
			err(EX_OSERR, "examine");
	}
}

void
findings_edit(struct findings *f)
{
	struct defang d = { f->bytes, f->size, NULL, f->report };
	struct target *whole = target_at(f, &f->root);

	d.eol = f->request->crlf ? "\r\n" : defang_eol(d.bytes, d.size, "\n");
	findings_drop_edits(f);
	if (f->conf->header) {
		defang_mark(&d, mime_from_line(d.bytes, d.size), f->report->scanner);
		strike(f, &d, whole->action == ACTION_REMOVE);
	}
	if (whole->action == ACTION_REMOVE) {
		edit_target(f, &d, whole);
	} else {
		for (size_t i = 0; i < f->n_targets; i++)
			edit_target(f, &d, &f->targets[i]);
	}
	report_sort_edits(f->report);
}

void
findings_drop_edits(struct findings *f)
{
	for (size_t i = 0; i < f->report->n_edits; i++)
		free(f->report->edits[i].text);
	f->report->n_edits = 0;
}

static void
edit_target(struct findings *f, const struct defang *d, const struct target *t)
{
	char *notice;

	if (t->action == ACTION_REMOVE && t->place.whole_content) {
		notice = defang_notice(f->conf, f->request, t->name, t->reason, d->eol);
		defang_remove(d, &t->place, notice);
		free(notice);
	} else if (t->action >= ACTION_DEFANG) {
		defang_rename(d, &t->place, t->name);
	}
}

/*
 * Strike forged results out of the header, and out of what GMime took for none
 * or for odd lines in front of it: to others it may be header.
 */
static void
strike(const struct findings *f, const struct defang *d, bool body_goes)
{
	size_t begin = mime_from_line(f->bytes, f->size);
	struct part_place top = { .header_begin = begin,
	    .header_end = header_block_end(f->bytes, begin, f->size) };

	/* Without a header all of that is body. */
	if (f->root.header_end == begin && body_goes)
		return;
	defang_strike(d, &top);
	if (f->root.header_begin >= top.header_end)
		defang_strike(d, &f->root);
}

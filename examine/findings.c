/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * findings.c - what was found in one message, where each finding takes aim, and
 * the edits that come of it.
 *
 * A finding aims at the place where it stands; one that no part explains aims at
 * the whole message. Where several aim at one place, the strongest action is
 * taken, and the notice gives the reasons for it. If the whole is removed, no
 * other edits are made but the marks.
 *
 * Memory that runs out ends the process; the front copes with that.
 *
 * Over 500 lines because telling, aiming and editing share the targets, which nobody else
 * sees.
 */
#include "findings.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "defang.h"
#include "front_line.h"
#include "header.h"
#include "canonical.h"

#define REASON_MAX 600

/* One place of the message and what is to be done there. */
struct target {
	size_t index; /* of the part; PART_NONE = the message */
	char path[PART_PATH_MAX];
	struct part_place place;
	enum verdict_action action;
	enum verdict_class class; /* why, of the strongest action */
	const struct canonical
	    *canonical; /* what becomes of it if it is defanged; NULL = renamed */
	bool renamed; /* something other than a doubt wants that */
	char *name; /* what the part was called */
	char reason[REASON_MAX];
};

/* A stretch of the header that goes. */
struct struck {
	size_t begin, end;
	const char *instead;
};

/* What is renamed where no part is to blame. */
static const char whole_name[] = "message";

static enum verdict_action action_of(struct findings *, enum verdict_class);
static void tell(struct findings *, enum verdict_class, enum verdict_action, const char *path,
    const char *reason, const char *name);
static struct finding *known_finding(const struct report *, enum verdict_class, const char *path,
    const char *reason);
static void raise(struct findings *, struct finding *, enum verdict_action);
static void remove_below(struct findings *, const struct part *, enum verdict_class,
    const char *reason);
static bool is_signature(const struct part *);
static bool is_signed(const struct findings *, const struct target *);
static struct target *target_at(struct findings *, const struct part *);
static struct target *aim(struct findings *, const struct part *, enum verdict_class,
    enum verdict_action, const char *reason, const char *name);
static bool is_inside(const struct part_place *, const struct target *);
static void strike(const struct findings *, const struct defang *, bool body_goes);
static void edit_struck(const struct findings *, const struct defang *);
static void edit_target(struct findings *, const struct defang *, const struct target *);
static void add(struct findings *, const struct part *, enum verdict_class, enum verdict_action,
    const char *reason, const char *file, const char *own);
static void put_name(const struct findings *, FILE *, const struct part_place *, const char *);
static const char *name_of(const struct findings *, const struct target *);
static void edit_removal(struct findings *, const struct defang *, const struct target *);
static void edit_canonical(struct findings *, const struct defang *, const struct target *);
static bool is_blocked(struct findings *, char *name);
static void edit_front_line(struct findings *, const struct defang *);
static void drop_covered(struct report *);

void
findings_begin(struct findings *f, const struct conf *conf, const struct request *request,
    const struct parts *parts, struct report *report)
{
	*f = (struct findings){ .conf = conf,
		.request = request,
		.parts = parts,
		.report = report,
		.removed = PART_NONE };
}

void
findings_free(struct findings *f)
{
	for (size_t i = 0; i < f->n_targets; i++)
		free(f->targets[i].name);
	layout_free(&f->layout);
	free(f->targets);
	free(f->struck);
	f->targets = NULL;
	f->struck = NULL;
	f->n_targets = f->n_struck = 0;
}

void
findings_enter(struct findings *f, const struct part *part)
{
	if (!part->inside)
		strlcpy(f->outer_name, part->n_names > 0 ? part->names[0] : "",
		    sizeof(f->outer_name));
	if (f->removed == PART_NONE)
		return;
	if (!part_is_below(f->parts, part, f->removed))
		f->removed = PART_NONE;
	else if (part->leaf)
		aim(f, part, f->removed_class, ACTION_REMOVE, f->removed_reason, f->outer_name);
}

void
findings_add(struct findings *f, const struct part *part, enum verdict_class class,
    const char *reason, const char *name)
{
	findings_add_action(f, part, class, action_of(f, class), reason, name);
}

void
findings_add_member(struct findings *f, const struct part *part, const char *reason,
    const char *member)
{
	const char *own = part->n_names > 0 ? part->names[0] : member;

	add(f, part, CLASS_BLOCKED, action_of(f, CLASS_BLOCKED), reason, member, own);
}

void
findings_add_action(struct findings *f, const struct part *part, enum verdict_class class,
    enum verdict_action action, const char *reason, const char *name)
{
	add(f, part, class, action, reason, name, name);
}

/* What goes on by such a line is not news to be passed over where it is seen elsewhere. */
void
findings_add_by(struct findings *f, const struct part *part, enum verdict_class class,
    const struct override *by, const char *reason, const char *name)
{
	bool hit = f->part_hit[class];

	findings_add_action(f, part, class, by != NULL ? by->action : action_of(f, class), reason,
	    name);
	if (by != NULL && verdict_action_wins(f->conf->action[class], by->action))
		f->part_hit[class] = hit;
}

/* file is what has the name; own is that of the part. */
static void
add(struct findings *f, const struct part *part, enum verdict_class class,
    enum verdict_action action, const char *reason, const char *file, const char *own)
{
	struct target *t;

	/* A text that is shown is opened by nobody by its name. */
	if (action == ACTION_DEFANG && part->in_text)
		action = ACTION_REMOVE;
	f->part_hit[class] = true;
	tell(f, class, action, part->path, reason, file);
	if (action == ACTION_REMOVE && !part->place.whole_content)
		remove_below(f, part, class, reason);
	t = aim(f, part, class, action, reason, part->inside ? f->outer_name : own);
	if (t != NULL && action == ACTION_DEFANG && class != CLASS_AMBIGUOUS)
		t->renamed = true;
}

void
findings_add_doubt(struct findings *f, const struct part *part, const char *reason,
    const char *name, const struct canonical *canonical)
{
	enum verdict_action action = action_of(f, CLASS_AMBIGUOUS);
	struct target *t;

	if (action == ACTION_DEFANG && canonical == NULL)
		action = ACTION_REMOVE;
	findings_add_action(f, part, CLASS_AMBIGUOUS, action, reason, name);
	if (action == ACTION_DEFANG) {
		t = target_at(f, part);
		t->canonical = canonical;
	}
}

void
findings_add_harmless_doubt(struct findings *f, const struct part *part, const char *reason,
    const char *name)
{
	enum verdict_action action = action_of(f, CLASS_AMBIGUOUS);

	if (action == ACTION_DEFANG)
		action = ACTION_TAG;
	findings_add_action(f, part, CLASS_AMBIGUOUS, action, reason, name);
}

bool
findings_drop_canonical(struct findings *f, const char *path)
{
	bool any = false, here = false;

	for (size_t i = 0; i < f->n_targets; i++)
		here = here ||
		    (f->targets[i].canonical != NULL && f->targets[i].action == ACTION_DEFANG &&
			strcmp(f->targets[i].path, path) == 0);
	for (size_t i = 0; i < f->n_targets; i++) {
		struct target *t = &f->targets[i];

		if (t->canonical == NULL || t->action != ACTION_DEFANG ||
		    (here && strcmp(t->path, path) != 0))
			continue;
		any = true;
		t->action = ACTION_REMOVE;
		for (size_t k = 0; k < f->report->n_findings; k++) {
			struct finding *told = &f->report->findings[k];

			if (told->class == CLASS_AMBIGUOUS && strcmp(told->part, t->path) == 0)
				raise(f, told, ACTION_REMOVE);
		}
	}
	return any;
}

bool
findings_goes(const struct findings *f, const struct part_place *place)
{
	for (size_t i = 0; i < f->n_targets; i++) {
		const struct target *t = &f->targets[i];

		if (t->action == ACTION_REMOVE &&
		    (is_inside(place, t) ||
			(t->place.whole_content && t->place.header_begin == place->header_begin)))
			return true;
	}
	return false;
}

void
findings_strike(struct findings *f, size_t begin, size_t end, const char *instead)
{
	f->struck = reallocarray(f->struck, f->n_struck + 1, sizeof(*f->struck));
	if (f->struck == NULL)
		err(EX_OSERR, "examine");
	f->struck[f->n_struck++] = (struct struck){ begin, end, instead };
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
	struct target *t;

	tell(f, class, action, "0", reason, "");
	t = aim(f, NULL, class, action, reason, whole_name);
	if (t != NULL && action == ACTION_DEFANG)
		t->renamed = true;
}

void
findings_add_whole_by(struct findings *f, enum verdict_class class, const struct override *by,
    const char *reason)
{
	findings_add_whole_action(f, class, by != NULL ? by->action : action_of(f, class), reason);
}

void
findings_tell_whole(struct findings *f, enum verdict_class class, enum verdict_action action,
    const char *reason)
{
	tell(f, class, action, "0", reason, "");
}

/* Several readings of the same bytes show the same thing: it is told once. */
static void
tell(struct findings *f, enum verdict_class class, enum verdict_action action, const char *path,
    const char *reason, const char *name)
{
	struct finding *known = known_finding(f->report, class, path, reason);

	f->infected = f->infected || class == CLASS_INFECTED;
	if (known == NULL)
		report_add_finding(f->report, class, action, path, reason, f->nameless ? "" : name);
	else
		raise(f, known, action);
}

static void
raise(struct findings *f, struct finding *known, enum verdict_action action)
{
	if (verdict_action_wins(action, known->action))
		known->action = action;
	if (verdict_action_wins(action, f->report->action))
		f->report->action = action;
}

/* Nobody is exempt from anything but the rules on names and types. */
static enum verdict_action
action_of(struct findings *f, enum verdict_class class)
{
	enum verdict_action action = f->conf->action[class];

	if (class != CLASS_BLOCKED || f->exempt == NULL ||
	    !(verdict_action_edits(action) || verdict_action_is_whole(action)))
		return action;
	report_set_exempt(f->report, f->exempt);
	return ACTION_TAG;
}

bool
findings_told(const struct report *r, enum verdict_class class, const char *path)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		if (r->findings[i].class == class && strcmp(r->findings[i].part, path) == 0)
			return true;
	}
	return false;
}

bool
findings_known(const struct report *r, enum verdict_class class, const char *path,
    const char *reason)
{
	return known_finding(r, class, path, reason) != NULL;
}

static struct finding *
known_finding(const struct report *r, enum verdict_class class, const char *path,
    const char *reason)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		if (r->findings[i].class == class && strcmp(r->findings[i].part, path) == 0 &&
		    strcmp(r->findings[i].reason, reason) == 0)
			return &r->findings[i];
	}
	return NULL;
}

/* Where a container ends is not known: its header loses its type, and each leaf in it goes. */
static void
remove_below(struct findings *f, const struct part *part, enum verdict_class class,
    const char *reason)
{
	f->removed = part->index;
	f->removed_class = class;
	strlcpy(f->removed_reason, reason, sizeof(f->removed_reason));
}

static bool
is_signature(const struct part *part)
{
	return !part->inside &&
	    (strcmp(part->type, "multipart/signed") == 0 ||
		(part->leaf &&
		    (strcmp(part->type, "application/pkcs7-mime") == 0 ||
			strcmp(part->type, "application/x-pkcs7-mime") == 0)));
}

/* Of what is signed the notices tell that the signature no longer fits. */
static bool
is_signed(const struct findings *f, const struct target *t)
{
	const struct part *part;

	if (strcmp(t->path, "0") == 0) {
		for (size_t i = 0; i < f->parts->n; i++) {
			if (is_signature(f->parts->at[i]))
				return true;
		}
		return false;
	}
	part = f->parts->at[t->index];
	if (part->leaf && is_signature(part))
		return true;
	while ((part = part_parent(f->parts, part)) != NULL) {
		if (is_signature(part))
			return true;
	}
	return false;
}

/* The target at a place, a new one if there is none yet. */
static struct target *
target_at(struct findings *f, const struct part *part)
{
	const struct part_place *place = part == NULL ? &f->parts->root : &part->place;
	struct target *t;

	/* A leaf that is the whole message, or its outermost container. */
	if (place->header_begin == f->parts->root.header_begin)
		place = &f->parts->root;
	for (size_t i = 0; i < f->n_targets; i++) {
		t = &f->targets[i];
		if (t->place.header_begin != place->header_begin)
			continue;
		/* Where the container ends became known. */
		if (place->whole_content && !t->place.whole_content)
			t->place = *place;
		return t;
	}
	f->targets = reallocarray(f->targets, f->n_targets + 1, sizeof(*f->targets));
	if (f->targets == NULL)
		err(EX_OSERR, "examine");
	t = &f->targets[f->n_targets++];
	*t = (struct target){ .index = part == NULL ? PART_NONE : part->index,
		.place = *place,
		.action = ACTION_PASS,
		.class = CLASS_COUNT };
	strlcpy(t->path, part == NULL ? "0" : part->path, sizeof(t->path));
	return t;
}

/* Does a target that is to be removed take that place with it? */
static bool
is_inside(const struct part_place *place, const struct target *t)
{
	return t->action == ACTION_REMOVE && t->place.whole_content &&
	    place->header_begin > t->place.header_begin &&
	    place->header_begin <= t->place.content_end &&
	    place->content_end <= t->place.content_end;
}

/* The strongest action at a place wins; the reasons of that action are told. */
static struct target *
aim(struct findings *f, const struct part *part, enum verdict_class class,
    enum verdict_action action, const char *reason, const char *name)
{
	struct target *t;

	if (!verdict_action_edits(action))
		return NULL;
	t = target_at(f, part);
	if (verdict_action_wins(t->action, action))
		return t;
	if (verdict_action_wins(action, t->action))
		t->reason[0] = '\0';
	if (action > t->action || class < t->class)
		t->class = class;
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
	return t;
}

char *
findings_names(const struct findings *f, bool all, size_t *len)
{
	char *names = NULL;
	FILE *out = open_memstream(&names, len);

	if (out == NULL)
		err(EX_OSERR, "examine");
	for (size_t i = 0; i < f->report->n_findings; i++) {
		const struct finding *told = &f->report->findings[i];
		const struct part *part = part_at(f->parts, told->part);

		put_name(f, out, all || part == NULL ? NULL : &part->place, told->file);
	}
	for (size_t i = 0; i < f->n_targets; i++) {
		const struct target *t = &f->targets[i];
		const struct part_place *place = all ? NULL : &t->place;

		put_name(f, out, place, name_of(f, t));
		if (t->canonical != NULL && !f->nameless)
			put_name(f, out, place, t->canonical->name);
	}
	if (fclose(out) == EOF)
		err(EX_OSERR, "examine");
	return names;
}

/* Unless it stands in clear in the header at place. */
static void
put_name(const struct findings *f, FILE *out, const struct part_place *place, const char *name)
{
	char file[DEFANG_NAME_MAX];

	if (name[0] == '\0' || strcmp(name, whole_name) == 0 ||
	    (place != NULL &&
		memmem(f->parts->bytes + place->header_begin,
		    place->header_end - place->header_begin, name, strlen(name)) != NULL))
		return;
	defang_name(name, true, file);
	fprintf(out, "%s\n%s\n", name, file);
}

static const char *
name_of(const struct findings *f, const struct target *t)
{
	return t->name == NULL || (f->nameless && strcmp(t->name, whole_name) != 0) ? "" : t->name;
}

void
findings_forget_names(struct findings *f)
{
	f->nameless = true;
	for (size_t i = 0; i < f->report->n_findings; i++)
		f->report->findings[i].file[0] = '\0';
}

void
findings_edit(struct findings *f)
{
	struct defang d = { f->parts->bytes, f->parts->size, NULL, f->report };
	struct target *whole = target_at(f, NULL);

	d.eol = f->request->crlf ? "\r\n" : defang_eol(d.bytes, d.size, "\n");
	findings_drop_edits(f);
	layout_begin(&f->layout, f->parts);
	if (f->conf->header)
		defang_mark(&d, mime_walk_from_line(d.bytes, d.size));
	/* Whoever reads a forged one does not know that we write none. */
	strike(f, &d, whole->action == ACTION_REMOVE);
	if (whole->action == ACTION_REMOVE) {
		edit_target(f, &d, whole);
	} else {
		for (size_t i = 0; i < f->n_targets; i++)
			edit_target(f, &d, &f->targets[i]);
	}
	layout_edit(&f->layout, &d, f->conf, f->request);
	if (whole->action != ACTION_REMOVE)
		edit_front_line(f, &d);
	if (f->conf->subject_tag[0] != '\0' &&
	    (f->report->action == ACTION_DEFANG || f->report->action == ACTION_REMOVE))
		defang_tag_subject(&d, &f->parts->root, f->conf->subject_tag);
	edit_struck(f, &d);
	report_sort_edits(f->report);
	drop_covered(f->report);
}

/*
 * Of what was renamed its recipients are told if they are to be, of what went by its
 * notice. The administrator's own words go there, too.
 */
static void
edit_front_line(struct findings *f, const struct defang *d)
{
	struct front_line_part *changed = calloc(f->n_targets + 1, sizeof(*changed));
	char(*names)[DEFANG_NAME_MAX] = calloc(f->n_targets + 1, sizeof(*names));
	bool whole = false;
	size_t n = 0;

	if (changed == NULL || names == NULL)
		err(EX_OSERR, "edit");
	for (size_t i = 0; i < f->n_targets; i++) {
		const struct target *t = &f->targets[i];

		if (!verdict_action_edits(t->action))
			continue;
		/* The message as a whole has no text beside itself. */
		whole = whole || t->index == PART_NONE;
		changed[n] = (struct front_line_part){ .index = t->index };
		if (f->conf->notice_renamed && t->action == ACTION_DEFANG && t->renamed) {
			defang_name(name_of(f, t), true, names[n]);
			changed[n].name = names[n];
			changed[n].notice = (struct notice){
				.class = t->class, .file = name_of(f, t), .reason = t->reason
			};
		}
		n++;
	}
	if (!whole)
		f->unstamped = front_line_put(d, f->parts, &f->layout, f->conf, f->request, changed,
		    n);
	free(names);
	free(changed);
}

/* What lies in a stretch that goes, or is written anew, goes with it. */
static void
drop_covered(struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_edits; i++) {
		struct edit *e = &r->edits[i], *last = n == 0 ? NULL : &r->edits[n - 1];
		uint64_t end = e->offset + e->length;

		if (last != NULL && e->offset < last->offset + last->length) {
			if (end <= last->offset + last->length) {
				free(e->text);
				continue;
			}
			if (e->offset == last->offset) {
				free(last->text);
				n--;
			} else {
				e->offset = last->offset + last->length;
				e->length = end - e->offset;
			}
		}
		r->edits[n++] = *e;
	}
	r->n_edits = n;
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
	for (size_t i = 0; i < f->n_targets; i++) {
		if (is_inside(&t->place, &f->targets[i]))
			return;
	}
	if (t->action == ACTION_REMOVE && t->place.whole_content) {
		edit_removal(f, d, t);
	} else if (t->action == ACTION_DEFANG && t->canonical != NULL) {
		edit_canonical(f, d, t);
	} else if (verdict_action_edits(t->action)) {
		defang_rename(d, &t->place, name_of(f, t));
	}
}

/* What is no part of the tree gets its notice in its place. */
static void
edit_removal(struct findings *f, const struct defang *d, const struct target *t)
{
	struct notice notice = { .class = t->class,
		.file = strcmp(t->name, whole_name) == 0 ? "" : name_of(f, t),
		.reason = t->reason,
		.subject = "",
		.is_signed = is_signed(f, t) };
	char *text, *part;

	if (layout_mark(&f->layout, &t->place, &notice))
		return;
	text = notice_text(f->conf, f->request, &notice);
	part = notice_part(text, "", d->eol);
	layout_replace(d, &t->place, part);
	free(part);
	free(text);
}

/* Under its own name, unless that is a dangerous one. */
static void
edit_canonical(struct findings *f, const struct defang *d, const struct target *t)
{
	size_t from_line = mime_walk_from_line(f->parts->bytes, f->parts->size);
	const char *own = f->nameless ? "" : t->canonical->name;
	char name[DEFANG_NAME_MAX] = "";
	bool defanged = t->renamed;

	if (own[0] != '\0' || t->renamed) {
		defang_name(t->renamed ? name_of(f, t) : own, t->renamed, name);
		if (!t->renamed && is_blocked(f, name)) {
			defanged = true;
			defang_name(own, true, name);
		}
	}
	canonical_edit(d, &t->place, t->canonical, name, defanged);
	/* Lines in front of the header, which are header to some. */
	if (t->place.header_begin == f->parts->root.header_begin &&
	    from_line < f->parts->root.header_begin) {
		char *nothing = strdup("");

		if (nothing == NULL)
			err(EX_OSERR, "edit");
		report_add_edit(f->report, from_line, f->parts->root.header_begin - from_line,
		    nothing, 0);
	}
}

/* A name that was made plain, by the rules for all that were seen. */
static bool
is_blocked(struct findings *f, char *name)
{
	char rule[POLICY_RULE_MAX];
	size_t which;
	enum verdict_action action = f->conf->action[CLASS_BLOCKED];

	return f->exempt == NULL &&
	    (verdict_action_edits(action) || verdict_action_is_whole(action)) &&
	    policy_blocks(f->conf, &name, 1, NULL, 0, rule, &which);
}

static void
edit_struck(const struct findings *f, const struct defang *d)
{
	for (size_t i = 0; i < f->n_struck; i++) {
		const struct struck *s = &f->struck[i];
		char *text;
		int len = asprintf(&text, "%s%s", s->instead, s->instead[0] == '\0' ? "" : d->eol);

		if (len == -1)
			err(EX_OSERR, "edit");
		report_add_edit(f->report, s->begin, s->end - s->begin, text, (size_t)len);
	}
}

/*
 * Strike forged results out of the header, and out of what GMime took for none
 * or for odd lines in front of it: to others it may be header.
 */
static void
strike(const struct findings *f, const struct defang *d, bool body_goes)
{
	size_t begin = mime_walk_from_line(f->parts->bytes, f->parts->size);
	struct part_place top = { .header_begin = begin,
		.header_end = header_block_end(f->parts->bytes, begin, f->parts->size) };

	/* Without a header all of that is body. */
	if (f->parts->root.header_end == begin && body_goes)
		return;
	defang_strike(d, &top);
	if (f->parts->root.header_begin >= top.header_end)
		defang_strike(d, &f->parts->root);
}

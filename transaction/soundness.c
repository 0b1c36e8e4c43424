/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soundness.c - may a report be believed, of this message under these settings?
 *
 * A message that takes over its inspector can make it say anything. What it gains by
 * that is limited here: no action is taken but one that the settings have for something
 * that was found, and a message that is said to pass unchanged does pass unchanged.
 * Within these limits a report may still lie, above all by "clean"; nothing helps
 * against that.
 */
#include "soundness.h"

#include <string.h>

#include "mark.h"

static const char *check_actions(const struct report *, const struct conf *,
    const struct overrides *);
static bool is_smuggling(const struct finding *, const struct conf *);
static bool action_fits(const struct report *, const struct conf *, const struct overrides *,
    const struct finding *);
static bool overridden(const struct overrides *, const struct finding *);
static bool settings_edit(const struct report *, const struct conf *, const struct overrides *);
static const char *check_marks(const struct report *, const struct conf *, const struct message *);
static bool is_stamp(const struct edit *);
static bool at_header(const struct message *, uint64_t);

/*
 * Texts of a multipart/alternative, each with a front, an end and a header; and by how
 * much one may get shorter in another encoding.
 */
#define STAMPS_MAX 64
#define STAMP_SLACK 128

const char *
soundness_check(const struct report *r, const struct conf *conf, const struct overrides *overrides,
    const struct message *m)
{
	const char *wrong;

	if (!message_edits_keep_lines(m->bytes, m->size, r->edits, r->n_edits))
		return "an edit splits a line ending";
	if ((wrong = check_actions(r, conf, overrides)) != NULL)
		return wrong;
	if (verdict_action_edits(r->action) || verdict_action_is_whole(r->action))
		return NULL;
	return check_marks(r, conf, m);
}

static const char *
check_actions(const struct report *r, const struct conf *conf, const struct overrides *overrides)
{
	enum verdict_action strongest = ACTION_PASS;

	for (size_t i = 0; i < r->n_findings; i++) {
		if (!action_fits(r, conf, overrides, &r->findings[i]))
			return "an action is none that the settings have for what was found";
		if (verdict_action_wins(r->findings[i].action, strongest))
			strongest = r->findings[i].action;
	}
	/* Of very many findings the last are not told. */
	if (r->action != strongest && r->n_findings < REPORT_MAX_FINDINGS)
		return "its action is that of no finding";
	return NULL;
}

/* The one rule on content that has an action of its own. */
static bool
is_smuggling(const struct finding *f, const struct conf *conf)
{
	return f->action == conf->block_html_smuggling &&
	    (strncmp(f->reason, "HTML ", 5) == 0 || strncmp(f->reason, "inside: HTML ", 13) == 0);
}

/* A part that can't be mended goes, and if even that does not help, the message. */
static bool
action_fits(const struct report *r, const struct conf *conf, const struct overrides *overrides,
    const struct finding *f)
{
	if (f->action == conf->action[f->class] || overridden(overrides, f))
		return true;
	if (f->class == CLASS_BLOCKED &&
	    (f->action == conf->partial || is_smuggling(f, conf) ||
		(f->action == ACTION_TAG && conf->exempt != EXEMPT_NO)))
		return true;
	/* A doubt about what is harmless in every reading is told, and that is all. */
	if (f->class == CLASS_AMBIGUOUS && f->action == ACTION_TAG &&
	    conf->action[f->class] == ACTION_DEFANG)
		return true;
	return (f->action == ACTION_REMOVE || f->action == ACTION_REJECT) &&
	    settings_edit(r, conf, overrides);
}

/* By a line about the signature, or by any about a content: which one it was, only the other side knows. */
static bool
overridden(const struct overrides *overrides, const struct finding *f)
{
	const struct override *o = override_find(overrides, f->reason, NULL);

	if (o != NULL && o->action == f->action)
		return true;
	for (size_t i = 0; i < overrides->n; i++) {
		o = &overrides->at[i];
		if (o->content && !o->expired && o->action == f->action)
			return true;
	}
	return false;
}

/* Is there a finding that something is to be changed for? */
static bool
settings_edit(const struct report *r, const struct conf *conf, const struct overrides *overrides)
{
	for (size_t i = 0; i < overrides->n; i++) {
		if (!overrides->at[i].expired && r->n_findings > 0 &&
		    verdict_action_edits(overrides->at[i].action))
			return true;
	}
	for (size_t i = 0; i < r->n_findings; i++) {
		enum verdict_class class = r->findings[i].class;

		if (verdict_action_edits(conf->action[class]) ||
		    (class == CLASS_BLOCKED &&
			(verdict_action_edits(conf->partial) ||
			    verdict_action_edits(conf->block_html_smuggling))))
			return true;
	}
	return false;
}

/* check_marks - our own fields come in, forged ones go, and that is all */
static const char *
check_marks(const struct report *r, const struct conf *conf, const struct message *m)
{
	bool stamps = conf->banner[0] != '\0' || conf->disclaimer[0] != '\0';
	size_t marks = 0, n_stamps = 0;

	for (size_t i = 0; i < r->n_edits; i++) {
		const struct edit *e = &r->edits[i];

		if (e->length > 0 && e->text_len == 0 &&
		    mark_covers(m->bytes, m->size, e->offset, e->offset + e->length))
			continue;
		if (stamps && !at_header(m, e->offset) && is_stamp(e) && n_stamps++ < STAMPS_MAX)
			continue;
		if (e->length > 0)
			return "its action changes nothing, but an edit does";
		if (e->text_len == 0)
			continue;
		if (marks++ > 0 || !conf->header || !at_header(m, e->offset) ||
		    !mark_is_text(r, e->text, e->text_len))
			return "its action adds nothing but marks, and an edit does";
	}
	if (conf->header && marks == 0)
		return "it leaves the message without a mark";
	return NULL;
}

/*
 * Words of the administrator's are put into the text (defang/banner.h). What the text is,
 * only the inspector knows; but nothing gets shorter by it.
 */
static bool
is_stamp(const struct edit *e)
{
	return e->text_len > 0 && e->length <= e->text_len + STAMP_SLACK;
}

/* Where a header may begin: at the front, or behind the line of a mailbox. */
static bool
at_header(const struct message *m, uint64_t offset)
{
	const char *lf;

	if (offset == 0)
		return true;
	if (m->size < 5 || memcmp(m->bytes, "From ", 5) != 0)
		return false;
	lf = memchr(m->bytes, '\n', m->size);
	return lf != NULL && offset == (uint64_t)(lf - m->bytes) + 1;
}

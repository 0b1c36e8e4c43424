/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settle.c - nothing may be left in the result that must not be.
 */
#include "settle.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "effort.h"
#include "heads.h"
#include "look.h"
#include "places.h"
#include "readings.h"
#include "scan_result.h"
#include "strike.h"

/* So often is the result looked at, and in so many of these something narrow tried. */
#define ROUNDS_MAX 8
#define NARROW_ROUNDS 5

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* What a message has become, and what of it was written by ourselves. */
struct result {
	const char *text;
	char *own; /* malloc'd, or NULL */
	size_t size;
	struct written *written;
	size_t n_written;
};

static bool name_infected(struct examination *, bool all);
static bool fits(const struct report *);
static void widen(struct examination *, const struct finding *left, int round);
static header_test header_doubtful;
static bool remains(const struct examination *, struct finding *left);
static bool is_enough(const struct examination *);
static bool is_told(const struct report *, const struct finding *);
static void splice(const struct examination *, struct result *);
static bool is_left(const struct examination *, const struct result *, struct finding *left);
static void look_again(struct examination *after, const struct examination *, const struct result *,
    struct report *);
static bool must_not_be_left(const struct examination *, const struct finding *);
static bool in_header(const struct examination *);
static bool append(void *ctx, const char *buf, size_t len);

void
settle_edit(struct examination *x)
{
	if (!x->found.nameless && name_infected(x, false))
		findings_forget_names(&x->found);
	findings_edit(&x->found);
}

/*
 * In the message a name may be encoded or in an archive; in what is written it stands in
 * clear. One that does so in the message as well is scanned with it, and with the result.
 */
static bool
name_infected(struct examination *x, bool all)
{
	struct scan_result result = { 0 };
	size_t len;
	char *names = findings_names(&x->found, all, &len);

	if (len > 0)
		object_scan(&x->objects, &result, names, len);
	free(names);
	return result.failed || result.n_hits > 0;
}

void
settle_result(struct examination *x)
{
	const struct report *report = x->found.report;
	struct finding left;

	if (!x->found.infected && x->lint.irregular == DOUBT_NONE)
		return;
	if (x->waits) {
		if (is_enough(x)) {
			explain_again(x->explain, NULL);
			return;
		}
		look_whole(x);
		settle_edit(x);
	}
	for (int round = 0; round < ROUNDS_MAX; round++) {
		bool again;

		if (report->action != ACTION_REMOVE && report->action != ACTION_DEFANG)
			return;
		again = remains(x, &left);
		explain_again(x->explain, again ? left.reason : NULL);
		if (!again)
			return;
		widen(x, &left, round);
		free(left.part);
		free(left.reason);
		settle_edit(x);
	}
}

void
settle_size(struct examination *x)
{
	static const enum verdict_action steps[] = { ACTION_REMOVE, ACTION_REJECT };

	for (size_t i = 0; i < N_ELEMENTS(steps) && !fits(x->found.report); i++) {
		findings_add_whole_action(&x->found, CLASS_LIMIT, steps[i], "too many changes");
		if (steps[i] == ACTION_REJECT)
			findings_drop_edits(&x->found);
		else
			settle_edit(x);
	}
}

static bool
fits(const struct report *report)
{
	size_t len;
	char *wire = report_encode(report, &len);

	free(wire);
	return wire != NULL;
}

/*
 * From names to none, from a canonical form to a removal, from a part to what it is in, from
 * there to the whole body, to fields of the header, to a refusal.
 */
static void
widen(struct examination *x, const struct finding *left, int round)
{
	const struct part *part = part_at(&x->parts, left->part);
	struct part removable;

	if (left->class == CLASS_LIMIT && in_header(x)) {
		/* No time is left to see whether it is in the header. */
		findings_add_whole_action(&x->found, CLASS_LIMIT, ACTION_REJECT, left->reason);
		return;
	}
	if (left->class == CLASS_ERROR || left->class == CLASS_LIMIT) {
		findings_add_whole(&x->found, left->class, left->reason);
		return;
	}
	if (!x->found.nameless && name_infected(x, true)) {
		findings_forget_names(&x->found);
		return;
	}
	if (round < NARROW_ROUNDS && effort_ms() < x->views_end) {
		if (findings_drop_canonical(&x->found, left->part))
			return;
		if (left->class == CLASS_INFECTED && !x->headers_checked &&
		    heads_check(x, left->reason)) {
			findings_tell_whole(&x->found, CLASS_INFECTED, ACTION_REMOVE, left->reason);
			return;
		}
		for (; places_removable(&x->parts, part, &removable);
		     part = part_parent(&x->parts, &removable)) {
			if (findings_goes(&x->found, &removable.place))
				continue;
			findings_add_action(&x->found, &removable, left->class, ACTION_REMOVE,
			    left->reason, "");
			return;
		}
	}
	if (!findings_goes(&x->found, &x->parts.root))
		findings_add_whole_action(&x->found, left->class, ACTION_REMOVE, left->reason);
	else if (round < ROUNDS_MAX - 1 && strike_header(&x->found, header_doubtful, x))
		findings_tell_whole(&x->found, left->class, ACTION_REMOVE, left->reason);
	else
		findings_add_whole_action(&x->found, left->class, ACTION_REJECT, left->reason);
}

/* By all the looks there are. */
static bool
header_doubtful(void *ctx, const char *header, size_t len)
{
	const struct result result = { .text = header, .size = len };
	struct finding left;

	if (!is_left(ctx, &result, &left))
		return false;
	free(left.part);
	free(left.reason);
	return true;
}

/* Examine the message as edited. */
static bool
remains(const struct examination *x, struct finding *left)
{
	struct result result;
	bool found;

	splice(x, &result);
	found = is_left(x, &result, left);
	free(result.own);
	free(result.written);
	return found;
}

/*
 * What was not looked at yet need not be, if the result is clean: all that is left of the
 * message is in it. That is so if nothing is found that was not found before.
 */
static bool
is_enough(const struct examination *x)
{
	const struct report *before = x->found.report;
	struct examination after;
	struct result result;
	struct report report;
	bool enough = true;

	splice(x, &result);
	look_again(&after, x, &result, &report);
	for (size_t i = 0; i < report.n_findings && enough; i++) {
		const struct finding *f = &report.findings[i];

		enough = !must_not_be_left(x, f) && is_told(before, f);
	}
	look_free(&after);
	report_free(&report);
	free(result.own);
	free(result.written);
	return enough;
}

/* Of whatever part; it may stand elsewhere now. */
static bool
is_told(const struct report *report, const struct finding *f)
{
	for (size_t i = 0; i < report->n_findings; i++) {
		if (report->findings[i].class == f->class &&
		    !verdict_action_wins(f->action, report->findings[i].action) &&
		    strcmp(report->findings[i].reason, f->reason) == 0)
			return true;
	}
	return false;
}

/*
 * The message as edited; malloc'd. In a message that reads the same to everyone nothing
 * that is edited into it has contents of the sender's (canonical.c).
 */
static void
splice(const struct examination *x, struct result *result)
{
	const struct report *report = x->found.report;
	size_t grown = 0, shrunk = 0;
	FILE *f;

	*result = (struct result){ .text = NULL };
	f = open_memstream(&result->own, &result->size);
	if (f == NULL ||
	    !message_splice(x->parts.bytes, x->parts.size, report->edits, report->n_edits, append,
		f) ||
	    fclose(f) == EOF)
		err(EX_OSERR, "examine");
	result->text = result->own;
	result->written = calloc(report->n_edits + 1, sizeof(*result->written));
	if (result->written == NULL)
		err(EX_OSERR, "examine");
	for (size_t i = 0; i < report->n_edits && !x->irregular; i++) {
		const struct edit *e = &report->edits[i];
		size_t begin = (size_t)e->offset + grown - shrunk;

		result->written[result->n_written++] = (struct written){ begin,
			begin + e->text_len };
		grown += e->text_len;
		shrunk += (size_t)e->length;
	}
}

/*
 * Look at what the message has become. If something is left in it that must
 * not be, tell which: *left holds a malloc'd part and reason then.
 */
static bool
is_left(const struct examination *x, const struct result *result, struct finding *left)
{
	struct examination after;
	struct report report;
	bool found = false;

	look_again(&after, x, result, &report);
	for (size_t i = 0; i < report.n_findings && !found; i++) {
		*left = report.findings[i];
		found = must_not_be_left(x, left);
	}
	if (found &&
	    ((left->reason = strdup(left->reason)) == NULL ||
		(left->part = strdup(left->part)) == NULL))
		err(EX_OSERR, "examine");
	look_free(&after);
	report_free(&report);
	return found;
}

/* What was clean before needs no scan. The caller frees both. */
static void
look_again(struct examination *after, const struct examination *x, const struct result *result,
    struct report *report)
{
	report_init(report);
	look_begin(after, x->conf, x->found.request, report, result->text, result->size,
	    x->objects.last, (effort_ms() + x->objects.last) / 2);
	after->found.exempt = x->found.exempt;
	after->objects.before = &x->objects;
	after->written = result->written;
	after->n_written = result->n_written;
	look_at(after);
}

/* An infection or a doubt, if those are edited away; or what was not seen to its end. */
static bool
must_not_be_left(const struct examination *x, const struct finding *f)
{
	switch (f->class) {
	case CLASS_INFECTED:
		return f->action == ACTION_REMOVE;
	case CLASS_AMBIGUOUS:
		/* one that is harmless is tagged, and may stay */
		return f->action == ACTION_DEFANG || f->action == ACTION_REMOVE;
	case CLASS_ERROR:
		return true;
	case CLASS_LIMIT:
		if (strcmp(f->reason, readings_too_many) != 0 &&
		    strcmp(f->reason, SCAN_RESULT_NO_TIME) != 0)
			return false;
		return in_header(x) ||
		    (!findings_known(x->found.report, CLASS_LIMIT, f->part, f->reason) &&
			!findings_known(x->found.report, CLASS_LIMIT, "0", f->reason));
	case CLASS_BLOCKED:
	case CLASS_ENCRYPTED:
	case CLASS_UNOPENED:
	case CLASS_COUNT:
		break;
	}
	return false;
}

/* Was something found that has to go, and that may be in the header as well? */
static bool
in_header(const struct examination *x)
{
	return x->conf->action[CLASS_INFECTED] == ACTION_REMOVE &&
	    findings_told(x->found.report, CLASS_INFECTED, "0");
}

static bool
append(void *ctx, const char *buf, size_t len)
{
	return fwrite(buf, 1, len, ctx) == len;
}

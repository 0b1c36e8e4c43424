/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * examine.c - a message in, findings and edits out: the order of the looks.
 *
 * Every part of the tree is judged by its names and scanned decoded; then
 * either the skeleton is scanned (a message that reads the same to everyone) or
 * the raw message and every further view (any other; look.c, readings.c). The
 * findings become edits (findings.c), and if something infected was removed the
 * result is examined in the same way again, until nothing is left or the message
 * is refused (settle.c).
 *
 * Needs the scanner open, and neither a file nor a socket. Memory that runs out
 * ends the process; the front copes with that.
 */
#include "examine.h"

#include <stdio.h>

#include "effort.h"
#include "hasty.h"
#include "look.h"
#include "settle.h"

static void note_unstamped(struct examination *);
static void explain_layout(struct examination *);

void
examine_message(const struct conf *conf, const struct request *request, const char *bytes,
    size_t size, unsigned int seconds, struct report *report, examine_hasty *hasty, void *ctx)
{
	static const char *const exemptions[] = { [EXEMPT_NO] = NULL,
		[EXEMPT_RULE] = "rule",
		[EXEMPT_CLIENT] = "client",
		[EXEMPT_SENDER] = "sender",
		[EXEMPT_RECIPIENTS] = "recipients" };
	unsigned long before = scan_count();
	struct examination x;
	const char *wrong;

	if (bytes == NULL)
		bytes = "";
	look_begin(&x, conf, request, report, bytes, size, effort_ms() + (int64_t)seconds * 1000,
	    effort_ms() + (int64_t)seconds * 500);
	x.found.exempt = exemptions[conf->exempt];
	x.explain = explain_begin(request->explain, bytes, size);
	x.hasty = hasty;
	x.hasty_ctx = ctx;
	hasty_prepare(&x);
	look_at(&x);
	hasty_prepare(&x);
	settle_edit(&x);
	settle_result(&x);
	settle_size(&x);
	wrong = message_check_edits(size, report->edits, report->n_edits, request->crlf);
	if (wrong != NULL) {
		findings_add_whole(&x.found, CLASS_ERROR, wrong);
		findings_drop_edits(&x.found);
	}
	note_unstamped(&x);
	explain_layout(&x);
	explain_objects(x.explain, scan_count() - before);
	report->explanation = explain_end(x.explain, report);
	look_free(&x);
}

/* A banner or a disclaimer that is wanted and not there is told. */
static void
note_unstamped(struct examination *x)
{
	char note[200];

	if (x->found.unstamped == NULL || x->found.report->n_edits == 0)
		return;
	snprintf(note, sizeof(note), "banner or disclaimer left out: %s", x->found.unstamped);
	report_add_note(x->found.report, note);
}

/* Of the edits as they stand at the end. */
static void
explain_layout(struct examination *x)
{
	const char *path, *reason;

	if (x->found.report->n_edits == 0)
		return;
	for (size_t i = 0; (reason = layout_reason(&x->found.layout, i, &path)) != NULL; i++)
		explain_around(x->explain, path, reason);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hasty.c - the report that is sent if there is no time for another look.
 *
 * It must be ready, since whoever sends it can do nothing else by then. It needs
 * nothing of the message's structure, so it is there before the first look. It is made
 * anew when an infection is found, and when an action becomes stronger.
 */
#include "hasty.h"

#include <err.h>
#include <string.h>
#include <sysexits.h>

#include "header.h"
#include "message.h"
#include "mime_walk.h"
#include "scan_result.h"

static void find_root(struct parts *);
static bool counts(const struct examination *, const struct finding *);

void
hasty_prepare(struct examination *x)
{
	struct report report;
	struct findings found;
	struct parts whole;
	size_t n = 0;

	if (x->hasty == NULL)
		return;
	for (size_t i = 0; i < x->found.report->n_findings; i++)
		n += counts(x, &x->found.report->findings[i]);
	if (x->hasty_told == n + 1)
		return;
	x->hasty_told = n + 1;
	report_init(&report);
	if (x->found.report->scanner != NULL &&
	    (report.scanner = strdup(x->found.report->scanner)) == NULL)
		err(EX_OSERR, "examine");
	part_begin(&whole, x->parts.bytes, x->parts.size);
	find_root(&whole);
	findings_begin(&found, x->conf, x->found.request, &whole, &report);
	for (size_t i = 0; i < x->found.report->n_findings; i++) {
		const struct finding *f = &x->found.report->findings[i];

		if (counts(x, f))
			findings_add_whole_action(&found, f->class, f->action, f->reason);
	}
	findings_add_whole(&found, CLASS_LIMIT, SCAN_RESULT_NO_TIME);
	/* It may be in the header, which nobody could look at any more. */
	if (x->conf->action[CLASS_INFECTED] == ACTION_REMOVE &&
	    findings_told(x->found.report, CLASS_INFECTED, "0"))
		findings_add_whole_action(&found, CLASS_LIMIT, ACTION_REJECT, SCAN_RESULT_NO_TIME);
	findings_edit(&found);
	if (message_check_edits(x->parts.size, report.edits, report.n_edits,
		x->found.request->crlf) == NULL)
		x->hasty(x->hasty_ctx, &report);
	findings_free(&found);
	part_free(&whole);
	report_free(&report);
}

/* As the walk would; without a parser, which may be what takes so long. */
static void
find_root(struct parts *parts)
{
	size_t base = mime_walk_from_line(parts->bytes, parts->size);
	size_t header = header_block_end(parts->bytes + base, 0, parts->size - base);
	size_t content = header + header_line_end(parts->bytes + base, parts->size - base, header);

	parts->root = (struct part_place){ base, base + header, base + content, parts->size, true,
		true };
}

static bool
counts(const struct examination *x, const struct finding *f)
{
	return f->class == CLASS_INFECTED ||
	    verdict_action_wins(f->action, x->conf->action[CLASS_LIMIT]);
}

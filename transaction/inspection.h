/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inspection.h - gets a report on a message, whatever becomes of the
 * inspector.
 */
#ifndef INSPECTION_H
#define INSPECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "envelope.h"
#include "message.h"
#include "report.h"
#include "request.h"

/* Why there is no inspection. With any but the last two the message must wait: it is not to blame. */
enum inspection_cause {
	CAUSE_ENGINE, /* none listens, or it is not to be trusted */
	CAUSE_INSPECTOR, /* it does not start */
	CAUSE_BUSY, /* it did not begin in time */
	CAUSE_SCRATCH, /* its private directory can't be made */
	CAUSE_DISK, /* no room for that, or in it */
	CAUSE_VERSION, /* it speaks another protocol */
	CAUSE_SCANNER, /* the signatures, or clamd */
	CAUSE_SANDBOX,
	CAUSE_VERDICTS, /* the file of verdicts can't be read, or a line of it is bad */
	CAUSE_MEMORY, /* of this process */
	CAUSE_CONTENT, /* it crashed, hung or lied over the message */
	CAUSE_NONE /* there is one */
};

struct inspection {
	struct report report; /* empty unless ok */
	bool ok; /* there is a report; unless the cause is CAUSE_NONE, of an error alone */
	enum inspection_cause cause;
	bool late; /* it took too long, with CAUSE_CONTENT */
	bool begun; /* the inspector had all it needs, and the message */
	char failure[512]; /* if not ok: one sentence for the log */
};

/*
 * Have a sealed message inspected. reference names the quarantined original
 * for the notices ("" = none); crlf_only: edits must have CRLF line endings. Of
 * the envelope the sender may be told by notices.
 * Bounded by conf->inspect_timeout; leaves no process and no file behind.
 */
void inspection_run(struct inspection *, const struct conf *, const struct message *,
    const char *reference, const struct envelope *, bool crlf_only);
/*
 * The same, for the sake of how it came about: report.explanation is there if
 * ok, unless the finding is that the inspector failed. It has no envelope.
 */
void inspection_explain(struct inspection *, const struct conf *, const struct message *,
    const char *reference, enum explain_form);
void inspection_free(struct inspection *);

/* Where the inspector's program is; false, and errno, if there is no telling. */
bool inspection_program(const struct conf *, char *path, size_t size);

#endif

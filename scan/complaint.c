/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * complaint.c - what libclamav complained about while it loaded or scanned.
 *
 * One record per process, as libclamav has one callback for messages. A complaint
 * is our own fault if scratch space or memory was missing at the moment when it
 * came: a little later libclamav may have removed what filled the disk.
 */
#include "complaint.h"

#include <string.h>

#include "room.h"
#include "scan_result.h"

static struct {
	const char *scratch; /* NULL = not in a scan */
	char first[256], last[256];
	bool own;
} complaints;

void
complaint_begin(const char *scratch)
{
	memset(&complaints, 0, sizeof(complaints));
	complaints.scratch = scratch;
}

void
complaint_on_message(enum cl_msg severity, const char *fullmsg, const char *msg, void *ctx)
{
	(void)fullmsg;
	(void)ctx;
	if (severity < CL_MSG_ERROR)
		return;
	complaint_add(msg);
	if (complaints.scratch != NULL && !room_all(complaints.scratch))
		complaints.own = true;
}

void
complaint_add(const char *text)
{
	char *last = complaints.last;

	strlcpy(last, text, sizeof(complaints.last));
	last[strcspn(last, "\n")] = '\0';
	scan_result_make_printable(last);
	if (last[0] == '\0')
		strlcpy(last, "an empty error message", sizeof(complaints.last));
	if (complaints.first[0] == '\0')
		strlcpy(complaints.first, last, sizeof(complaints.first));
}

void
complaint_add_own(const char *text)
{
	complaint_add(text);
	complaints.own = true;
}

const char *
complaint_first(void)
{
	return complaints.first;
}

const char *
complaint_last(void)
{
	return complaints.last;
}

bool
complaint_is_own(void)
{
	return complaints.own;
}

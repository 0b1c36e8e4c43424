/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * complaint.c - what libclamav complained about while it loaded or scanned.
 *
 * One record per process, as libclamav has one callback for messages. A complaint
 * is our own fault if scratch space or memory was missing at the moment when it
 * came: a little later libclamav may have removed what filled the disk. Memory that
 * was refused is told by errno: a moment later there may be enough. libclamav's own
 * allocators print something first, which costs errno, and have one sentence for it.
 * What they refuse by their limit, because content asks for too much, is told by
 * neither.
 */
#include "complaint.h"

#include <errno.h>
#include <string.h>

#include "room.h"
#include "scan_result.h"

static bool is_refusal(const char *);

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
	errno = 0;
}

void
complaint_on_message(enum cl_msg severity, const char *fullmsg, const char *msg, void *ctx)
{
	bool refused = errno == ENOMEM || is_refusal(msg);

	(void)fullmsg;
	(void)ctx;
	if (severity < CL_MSG_ERROR)
		return;
	complaint_add(msg);
	if (complaints.scratch != NULL && (refused || !room_all(complaints.scratch)))
		complaints.own = true;
}

/* "cli_max_calloc(): Can't allocate memory (25 bytes)." */
static bool
is_refusal(const char *msg)
{
	return (strncmp(msg, "cli_max_", 8) == 0 || strncmp(msg, "cli_safer_", 10) == 0) &&
	    (strstr(msg, "(): Can't allocate memory (") != NULL ||
		strstr(msg, "(): Can't re-allocate memory to ") != NULL);
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

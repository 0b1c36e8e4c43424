/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict.h - the words of a verdict: classes, actions, findings.
 *
 * Shared by both halves. A finding says what is wrong with which part and what
 * is to be done about it; a message without a finding is clean.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>

/* What kind of thing was found, mildest first; the order decides nothing. */
enum verdict_class {
	CLASS_AMBIGUOUS, /* other readers may see another message than we did */
	CLASS_ENCRYPTED, /* content that only a key opens */
	CLASS_UNOPENED, /* a container that was recognised, but not opened to its end */
	CLASS_LIMIT, /* a limit of the scanner or of the walk was hit */
	CLASS_BLOCKED, /* a name or type rule */
	CLASS_INFECTED, /* a signature matched */
	CLASS_ERROR, /* the part could not be scanned to the end */
	CLASS_COUNT
};

/*
 * What is done about it, weakest first: of several findings on one part the
 * largest value wins, and from ACTION_DISCARD on the action is one for the
 * whole message and wins over every part-level one.
 */
enum verdict_action {
	ACTION_PASS, /* log it, nothing else */
	ACTION_TAG, /* say so in the result header */
	ACTION_DEFANG, /* rename, and take the type away */
	ACTION_REMOVE, /* replace the part by a notice */
	ACTION_DISCARD, /* quarantine, then accept and drop the message */
	ACTION_WRAP, /* deliver a notice with the original as an inert attachment */
	ACTION_TEMPFAIL, /* 451 or EX_TEMPFAIL: try again later */
	ACTION_REJECT, /* 550 or EX_UNAVAILABLE */
	ACTION_COUNT
};

/*
 * One finding. Strings belong to whoever holds the finding and hold printable
 * ASCII only (report_add_finding in report.h makes them so).
 */
struct finding {
	enum verdict_class class;
	enum verdict_action action;
	char *part; /* "1.2" as IMAP numbers parts; "0" is the whole message */
	char *reason; /* signature or rule, e.g. "Eicar-Test-Signature", "extension .exe" */
	char *file; /* the part's name as it came, or "" */
};

/* Lower-case names as configuration, header and log spell them; never NULL. */
const char *verdict_class_name(enum verdict_class);
const char *verdict_action_name(enum verdict_action);

/* The value for a name; false if there is none. */
bool verdict_action_parse(const char *name, enum verdict_action *);

#endif

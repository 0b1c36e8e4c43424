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

/*
 * What kind of thing was found: one row for each class, in the order of the
 * configuration. Of several in one message the one with the greatest weight names
 * the verdict. Actions: which choices the setting has (conf_table.c).
 *
 *    identifier, name, weight, actions, default action
 */
#define VERDICT_CLASSES(ROW) \
	ROW(INFECTED, "infected", 6, part_actions, "remove") /* a signature matched */ \
	ROW(BLOCKED, "blocked", 5, part_actions, "defang") /* a name or type rule */ \
	/* content that only a key opens */ \
	ROW(ENCRYPTED, "encrypted", 2, part_actions, "tag") \
	/* a container that was recognised, but not opened to its end */ \
	ROW(UNOPENED, "unopened", 3, part_actions, "defang") \
	/* a limit of the scanner or of the walk was hit */ \
	ROW(LIMIT, "limit", 4, part_actions, "defang") \
	/* other readers may see another message than we did */ \
	ROW(AMBIGUOUS, "ambiguous", 1, part_actions, "defang") \
	/* the part could not be scanned to the end */ \
	ROW(ERROR, "error", 7, error_actions, "tempfail")

enum verdict_class {
#define VERDICT_CLASS(id, name, weight, actions, standard) CLASS_##id,
	VERDICT_CLASSES(VERDICT_CLASS)
#undef VERDICT_CLASS
	    CLASS_COUNT
};

/* What that means for the message as a whole, and the class of its client's reply. */
enum decision {
	DECISION_DELIVER, /* pass it on, as it came or changed; the next hop replies */
	DECISION_DISCARD, /* accept and drop; the original is in quarantine */
	DECISION_TEMPFAIL,
	DECISION_REJECT
};

/*
 * What is done about it: one row for each action. Of several at one place the one
 * with the greatest strength is taken.
 *
 *    identifier, name, strength; is it done to the whole message; do bytes of the
 *    message change, beside our own marks; is the original kept in the quarantine;
 *    decision
 */
#define VERDICT_ACTIONS(ROW) \
	ROW(PASS, "pass", 0, false, false, false, DECISION_DELIVER) /* log it, nothing else */ \
	ROW(TAG, "tag", 1, false, false, false, DECISION_DELIVER) /* say so in the header */ \
	ROW(DEFANG, "defang", 2, false, true, true, DECISION_DELIVER) /* rename, no type */ \
	ROW(REMOVE, "remove", 3, false, true, true, DECISION_DELIVER) /* a notice instead */ \
	/* accept and drop */ \
	ROW(DISCARD, "discard", 4, true, false, true, DECISION_DISCARD) \
	/* deliver a notice with the original as an inert attachment */ \
	ROW(WRAP, "wrap", 5, true, false, true, DECISION_DELIVER) \
	/* 451 or EX_TEMPFAIL: try again later */ \
	ROW(TEMPFAIL, "tempfail", 6, true, false, false, DECISION_TEMPFAIL) \
	/* 550 or EX_UNAVAILABLE */ \
	ROW(REJECT, "reject", 7, true, false, true, DECISION_REJECT)

enum verdict_action {
#define VERDICT_ACTION(id, name, strength, whole, edits, keeps, decision) ACTION_##id,
	VERDICT_ACTIONS(VERDICT_ACTION)
#undef VERDICT_ACTION
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

/* Does the first name the verdict if both were found? */
bool verdict_class_outweighs(enum verdict_class, enum verdict_class);

/* Is the first done, if both are called for at one place? Not if they are the same. */
bool verdict_action_wins(enum verdict_action, enum verdict_action);

/* Is it done to the message as a whole, not to a part? */
bool verdict_action_is_whole(enum verdict_action);

/* May bytes of the message be changed by it, other than for our own marks? */
bool verdict_action_edits(enum verdict_action);

/* Will somebody want the original back? */
bool verdict_action_keeps(enum verdict_action);

enum decision verdict_action_decision(enum verdict_action);

#endif

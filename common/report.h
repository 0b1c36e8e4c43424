/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - the inspector's answer, in memory and on the wire.
 *
 * Wire form: a 32-bit length, then that many bytes: all integers little-endian
 * and unsigned, strings as 32-bit length and bytes. report_decode treats its
 * input as written by an attacker.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "verdict.h"

#define REPORT_MAX_BYTES (16u << 20) /* of a whole report on the wire */
#define REPORT_MAX_FINDINGS 10000u
#define REPORT_MAX_EDITS 50000u
#define REPORT_MAX_NOTES 100u
#define REPORT_MAX_STRING 1024u /* every string but an edit's text */
#define REPORT_MAX_EXPLANATION (8u << 20)

/*
 * Of what goes over the wire between front, engine and inspector, both ways: to
 * be counted up when anything of it changes.
 */
#define REPORT_PROTOCOL "6"

/*
 * Four bytes that go in front of the report as soon as the inspector has all it
 * needs and turns to the message. What fails before is not the message's doing.
 */
#define REPORT_BEGUN "SSB" REPORT_PROTOCOL

/*
 * The message was not looked at, and nothing in it is to blame: it must wait
 * until we are well again.
 */
enum report_fault {
	REPORT_FAULT_NONE,
	REPORT_FAULT_VERSION, /* the request is not in our words: another version sent it */
	REPORT_FAULT_SCANNER, /* it does not load, or not answer */
	REPORT_FAULT_SANDBOX, /* a wall that must stand can't be put up */
	REPORT_FAULT_DISK, /* scratch_dir is full */
	REPORT_FAULT_COUNT
};

struct report {
	uint64_t size; /* of the message that was inspected */
	enum verdict_action action; /* the strongest of all findings; ACTION_PASS if none */
	char *scanner; /* "ClamAV 1.4.6/27400"; "" if none ran */
	char *exempt; /* why names and types were passed over (conf_exempt); NULL = none was */
	char *verdicts; /* lines of the file of verdicts that decided, for the log; NULL = none */
	struct finding *findings;
	size_t n_findings;
	struct edit *edits; /* in ascending order */
	size_t n_edits;
	char **notes; /* for the log, e.g. "Landlock is not available" */
	size_t n_notes;
	char *explanation; /* lines of printable ASCII; NULL = not asked for */
	enum report_fault fault; /* then the only finding, of class error, says more */
};

/* An empty report; report_free frees all that it has come to hold. */
void report_init(struct report *);
void report_free(struct report *);

/*
 * Add copies. Strings are made printable and cut at REPORT_MAX_STRING. Aborts
 * the program when memory runs out (the inspector may die at any time).
 */
void report_add_finding(struct report *, enum verdict_class, enum verdict_action, const char *part,
    const char *reason, const char *file);
void report_add_note(struct report *, const char *note);
/* A rule was passed over because of that list. */
void report_set_exempt(struct report *, const char *list);
/* A line of the file of verdicts decided: said once, as long as there is room. */
void report_add_verdict(struct report *, const char *line);
/* Takes over text (malloc'd). */
void report_add_edit(struct report *, uint64_t offset, uint64_t length, char *text,
    size_t text_len);

/*
 * Sort the edits by offset. At one offset insertions come before what takes
 * bytes out; otherwise equal offsets keep their order.
 */
void report_sort_edits(struct report *);

/*
 * Encode with the length in front into a malloc'd buffer. Returns NULL if it
 * would exceed a limit above.
 */
char *report_encode(const struct report *, size_t *len);

/*
 * Decode a body (without the length in front) for a message of message_size
 * bytes. Returns NULL if it is a sound report, else what is wrong with it, as
 * a constant sentence; then *report is empty. crlf_only: see
 * message_check_edits.
 */
/* What report_decode says of a report in another protocol. */
extern const char report_other_protocol[];
const char *report_decode(struct report *, const char *buf, size_t len, uint64_t message_size,
    bool crlf_only);

/* Strongest class found, for the log: "clean" or a class's name. */
const char *report_verdict(const struct report *);

#endif

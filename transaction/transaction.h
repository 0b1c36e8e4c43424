/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transaction.h - one message from "received" to "said what became of it":
 * inspect, decide, keep the original, tell the log. Every front uses it.
 */
#ifndef TRANSACTION_H
#define TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "inspection.h"
#include "message.h"
#include "quarantine.h"
#include "ruling.h"

/* What became of it. */
enum outcome {
	OUTCOME_DELIVERED, /* the next hop took the responsibility */
	OUTCOME_DISCARDED,
	OUTCOME_DEFERRED, /* the client was told to try again, or is gone */
	OUTCOME_REJECTED, /* the client was told no */
	OUTCOME_UNKNOWN, /* the next hop may have taken it: the client was told to try again */
	OUTCOME_MIXED, /* not the same for all recipients */
	OUTCOME_COUNT
};

struct transaction {
	const struct conf *conf; /* in effect: the front's, and what rules make of it */
	struct message message; /* the original; the front fills and seals it */
	struct envelope envelope; /* filled by the front, which owns the strings */
	bool crlf_only; /* SMTP: every line ending is a CRLF */
	/* by transaction_split or transaction_decide, from the rules */
	const struct conf *base; /* the front's */
	struct conf *own; /* conf, if it is not the front's */
	char rules[RULING_NAMES_MAX]; /* that matched */
	bool ruled, open; /* are the rules applied; may what is found make others match */
	size_t treatments; /* that its recipients should have had, where it is not one */
	char **own_recipients; /* of a copy */

	int64_t receive_ms, inspect_ms, send_ms; /* the front sets the first and last */

	/* filled by transaction_decide */
	struct inspection inspection;
	struct quarantine quarantine;
	struct message wrapped; /* what to send instead, if error = wrap */
	size_t n_told; /* recipients that transaction_recipient told of, */
	size_t told[OUTCOME_COUNT]; /* and how many of each outcome */
	char reason[512]; /* why it isn't delivered, printable, for the log */
	const char *cause; /* the same in a few constant words, for the client */
	bool poisoned; /* it has failed so often that it is set aside */
};

/* Zero, with no message. */
void transaction_init(struct transaction *, const struct conf *);

/*
 * Where the rules want several treatments of a sealed message, several transactions, each
 * with some of the recipients and the same bytes: *copies (malloc'd), *n of them, for
 * each of which transaction_decide and transaction_finish are called; t itself is then
 * to be closed by transaction_drop. For one treatment *n is 1 and *copies NULL: go on with
 * t. False: nobody can say, and the message is to be deferred; t->cause says why. A
 * front that can't send more than one message does without: see transaction_decide.
 */
bool transaction_split(struct transaction *t, struct transaction **copies, size_t *n);
void transaction_drop(struct transaction *);

/*
 * For a server that begins: if every message would have to wait for the quarantine's
 * sake, the log is told now.
 */
void transaction_foresee(const struct conf *);

/*
 * Inspect the sealed message, and if the verdict or the configuration wants
 * it, put the original into quarantine, durably. Whatever fails on the way
 * makes it DECISION_TEMPFAIL. Where the rules want several treatments and it was not
 * split, each is tried, and the one that comes to the strongest action holds for all.
 */
enum decision transaction_decide(struct transaction *);

/* The bytes to deliver, after DECISION_DELIVER. */
bool transaction_output(const struct transaction *, message_sink *sink, void *ctx);
uint64_t transaction_output_size(const struct transaction *);

/*
 * Where the next hop has an answer for each recipient (LMTP): what became of the
 * next one, in the envelope's order. One log record, and a line of the metadata.
 */
void transaction_recipient(struct transaction *, enum outcome, const char *reply);

/*
 * Close the books: metadata, one log record, and the quarantined copy taken
 * out again if the client keeps the message and no recipient can have got it.
 * outcome: what the client was told; OUTCOME_MIXED if that was what
 * transaction_recipient was told, of all recipients. reply: the next hop's or our own
 * last reply line, printable or not. Frees everything, ready for the next
 * transaction_init.
 */
void transaction_finish(struct transaction *, enum outcome, const char *reply);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sendmail.c - the front for Postfix's pipe(8): what a simple content filter
 * of FILTER_README does with a shell script.
 *
 * The message is received, inspected and if need be kept, as for the other
 * fronts; what is to be delivered goes to sendmail(1) as a whole (mailer.c),
 * and whatever that says is the answer. pipe(8) bounces the message for any code
 * but EX_OK, EX_TEMPFAIL and EX_OSERR. So whatever goes wrong here is
 * EX_TEMPFAIL: only a policy that refuses, and sendmail itself, can make a
 * bounce.
 *
 * pipe(8) writes MAILER-DAEMON for the null sender unless null_sender= says
 * otherwise. Other senders come with a domain, so that word by itself can only
 * be meant so; taken for a sender it would make bounces of bounces.
 *
 * Limits: data_timeout for the message on rfd, inspect_timeout, final_timeout for
 * sendmail. Diagnostics: the log record, and a line on wfd.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "filter.h"
#include "mailer.h"
#include "sendmail.h"
#include "transaction.h"

/* "sendmail -G -i -f SENDER -V ENVID --" and the NULL behind the recipients */
#define N_WORDS 8

/* sendmail(1) of Postfix says of a longer one that it is ignored, and ignores it. */
#define ENVID_MAX 100

static int filter(struct transaction *, const struct sendmail_call *, int, int, enum outcome *);
static int deliver(struct transaction *, const struct sendmail_call *, int, enum outcome *);
static int judge(struct transaction *, const struct mailer_end *, int, enum outcome *);
static int refuse(int, const char *, const char *, enum outcome *);
static int defer(int, const char *);
static const char *plain_sender(const char *);
static bool has_envid(const struct sendmail_call *);
static int64_t deadline_after(uint64_t);

int
sendmail_run(const struct conf *conf, const struct sendmail_call *call, int rfd, int wfd)
{
	struct transaction t;
	struct client_text client;
	enum outcome outcome = OUTCOME_DEFERRED;
	int code;

	transaction_init(&t, conf);
	t.envelope.mode = "sendmail";
	t.envelope.next_hop = "sendmail";
	t.envelope.sender = plain_sender(call->sender);
	t.envelope.recipients = call->recipients;
	t.envelope.n_recipients = call->n_recipients;
	if (call->client != NULL && envelope_client(&client, call->client)) {
		t.envelope.client = call->client;
		t.envelope.client_name = client.name;
		t.envelope.client_address = client.address;
	}
	code = filter(&t, call, rfd, wfd, &outcome);
	transaction_finish(&t, outcome, "");
	return code;
}

static const char *
plain_sender(const char *sender)
{
	if (strcmp(sender, "<>") == 0 || strcmp(sender, "MAILER-DAEMON") == 0)
		return "";
	return sender;
}

static int64_t
deadline_after(uint64_t seconds)
{
	return clock_ms() + (int64_t)seconds * 1000;
}

static int
filter(struct transaction *t, const struct sendmail_call *call, int rfd, int wfd,
    enum outcome *outcome)
{
	switch (filter_receive(t, rfd, deadline_after(t->conf->data_timeout))) {
	case RECEIPT_WHOLE:
		break;
	case RECEIPT_TOO_BIG:
		return refuse(wfd, "5.3.4", t->reason, outcome);
	case RECEIPT_UNREADABLE:
	case RECEIPT_TIMEOUT:
	case RECEIPT_NO_ROOM:
		return defer(wfd, t->reason);
	}
	switch (transaction_decide(t)) {
	case DECISION_DELIVER:
		return deliver(t, call, wfd, outcome);
	case DECISION_DISCARD:
		*outcome = OUTCOME_DISCARDED;
		return EX_OK;
	case DECISION_REJECT:
		return refuse(wfd, "5.7.1", t->reason, outcome);
	case DECISION_TEMPFAIL:
		break;
	}
	return defer(wfd, t->reason);
}

static int
deliver(struct transaction *t, const struct sendmail_call *call, int wfd, enum outcome *outcome)
{
	char name[] = "sendmail", gateway[] = "-G", dots[] = "-i", from[] = "-f", last[] = "--",
	     notify[] = "-V", *sender = strdup(t->envelope.sender),
	     *envid = strdup(call->envid != NULL ? call->envid : "");
	char **argv = calloc(call->n_recipients + N_WORDS + 1, sizeof(*argv)), **word = argv;
	struct mailer_end end = { MAILER_NOT_STARTED, 0 };
	struct message out = { .fd = -1 };
	int64_t start = clock_ms();
	int code;

	if (argv == NULL || sender == NULL || envid == NULL || !mailer_spool(&out, t)) {
		snprintf(t->reason, sizeof(t->reason), "spooling the result: no memory");
		code = defer(wfd, t->reason);
	} else {
		*word++ = name;
		*word++ = gateway;
		*word++ = dots;
		*word++ = from;
		*word++ = sender;
		if (has_envid(call)) {
			*word++ = notify;
			*word++ = envid;
		}
		*word++ = last;
		memcpy(word, call->recipients, call->n_recipients * sizeof(*word));
		end = mailer_run(t->conf->sendmail_path, argv, out.fd, wfd, wfd,
		    deadline_after(t->conf->final_timeout));
		t->send_ms = clock_ms() - start;
		code = judge(t, &end, wfd, outcome);
	}
	message_close(&out);
	free(sender);
	free(envid);
	free(argv);
	return code;
}

/* has_envid - one that sendmail(1) takes; a message does not wait for a bad one */
static bool
has_envid(const struct sendmail_call *call)
{
	size_t len = call->envid == NULL ? 0 : strlen(call->envid);

	for (size_t i = 0; i < len; i++)
		if (call->envid[i] < ' ' || call->envid[i] > '~')
			return false;
	return len > 0 && len <= ENVID_MAX;
}

/* judge - what sendmail has said, or what becomes of a message if it said nothing */
static int
judge(struct transaction *t, const struct mailer_end *end, int wfd, enum outcome *outcome)
{
	if (end->how == MAILER_EXITED && end->code == EX_OK) {
		*outcome = OUTCOME_DELIVERED;
		return EX_OK;
	}
	mailer_describe(end, t->conf->sendmail_path, t->reason, sizeof(t->reason));
	if (end->how == MAILER_KILLED || end->how == MAILER_TOO_LONG)
		*outcome = OUTCOME_UNKNOWN;
	if (end->how != MAILER_EXITED || end->code < EX__BASE || end->code > EX__MAX)
		return defer(wfd, t->reason);
	/* The two that pipe(8) does not bounce. */
	if (end->code != EX_TEMPFAIL && end->code != EX_OSERR)
		*outcome = OUTCOME_REJECTED;
	return end->code;
}

static int
refuse(int wfd, const char *status, const char *reason, enum outcome *outcome)
{
	*outcome = OUTCOME_REJECTED;
	dprintf(wfd, "%s Message rejected by the content filter: %s\n", status, reason);
	return EX_UNAVAILABLE;
}

static int
defer(int wfd, const char *reason)
{
	dprintf(wfd, "4.3.0 Content filter: %s\n", reason);
	return EX_TEMPFAIL;
}

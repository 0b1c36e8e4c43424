/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transaction.c - one message from "received" to "said what became of it".
 *
 * The order is the safety: the name in the quarantine is chosen first, since
 * the notices tell it; then the message is inspected; then, if the verdict or
 * the configuration wants it, the original is put away durably; only then the
 * front hears that it may deliver, drop or refuse. Whatever fails on the way
 * makes it a temporary failure, so that the client keeps the message.
 *
 * A message that the client keeps is not kept here as well: transaction_finish
 * takes the copy out again, or each retry would leave another.
 *
 * Ownership: the front owns what the envelope points to, everything else
 * belongs to the transaction until transaction_finish.
 *
 * Diagnostics, each a key=value record: "inspection-failed" and
 * "quarantine-failed" (err), "quarantine-incomplete" (warning), "inspector"
 * (notice; what the inspector has to say about itself, each sentence once per
 * process), and one "message" for each message: info if it was delivered and
 * nothing was found, warning if it could not be inspected to its end, notice
 * otherwise; and one "recipient" (info, or notice if it did not get the
 * message) for each recipient whose next hop speaks LMTP. Text from strangers is cut, so that the
 * pairs behind it stay in the record.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "facts.h"
#include "log.h"
#include "metrics.h"
#include "notify.h"
#include "transaction.h"
#include "wrap.h"

#define LIST_SIZE 1024 /* recipients or findings in the log */
#define ADDRESS_MAX 320 /* RFC 5321 4.5.3.1: 64 + "@" + 255 */
#define REPLY_MAX 512 /* RFC 5321 4.5.3.1.5 */
#define SHORT_MAX 64 /* of words that have no business being longer */
#define NOTES_MAX 32

static enum decision inspect(struct transaction *);
static bool keep_wanted(const struct transaction *, enum verdict_action);
static bool keep(struct transaction *);
static bool make_wrapped(struct transaction *);
static bool crlf_wanted(const struct transaction *);
static void reason_from_findings(struct transaction *);
static void log_failure(const struct transaction *, const char *, const char *);
static void log_notes(const struct report *);
static void log_message(const struct transaction *, enum outcome, const char *);
static void put_cut(struct log_record *, const char *, const char *, size_t);
static void put_recipients(struct log_record *, const struct envelope *);
static void put_findings(struct log_record *, const struct report *);
static void log_attachments(const struct transaction *, struct log_record *);
static bool list_add(char *, const char *);
static size_t cut(char *, size_t, const char *, size_t);
static enum outcome common_outcome(const struct transaction *, enum outcome);
static void queue_id(const char *, char *, size_t);
static const char *verdict(const struct transaction *);

static const char *const outcome_names[] = { [OUTCOME_DELIVERED] = "delivered",
	[OUTCOME_DISCARDED] = "discarded",
	[OUTCOME_DEFERRED] = "deferred",
	[OUTCOME_REJECTED] = "rejected",
	[OUTCOME_MIXED] = "mixed" };

void
transaction_init(struct transaction *t, const struct conf *conf)
{
	memset(t, 0, sizeof(*t));
	t->conf = conf;
	t->message.fd = t->wrapped.fd = -1;
	t->envelope.sender = t->envelope.client = t->envelope.mode = "";
	t->envelope.client_name = t->envelope.client_address = "";
	t->envelope.protocol = t->envelope.source = t->envelope.ident = "";
	t->envelope.next_hop = "";
	report_init(&t->inspection.report);
}

enum decision
transaction_decide(struct transaction *t)
{
	enum decision decision = inspect(t);

	if (decision != DECISION_DELIVER)
		reason_from_findings(t);
	if (keep_wanted(t, t->inspection.report.action) && !keep(t))
		return DECISION_TEMPFAIL;
	if (t->inspection.report.action == ACTION_WRAP && !make_wrapped(t))
		return DECISION_TEMPFAIL;
	return decision;
}

bool
transaction_output(const struct transaction *t, message_sink *sink, void *ctx)
{
	const struct report *report = &t->inspection.report;

	if (t->wrapped.fd != -1)
		return message_splice(t->wrapped.bytes, t->wrapped.size, NULL, 0, sink, ctx);
	return message_splice(t->message.bytes, t->message.size, report->edits, report->n_edits,
	    sink, ctx);
}

uint64_t
transaction_output_size(const struct transaction *t)
{
	const struct report *report = &t->inspection.report;

	if (t->wrapped.fd != -1)
		return t->wrapped.size;
	return message_spliced_size(t->message.size, report->edits, report->n_edits);
}

void
transaction_recipient(struct transaction *t, enum outcome outcome, const char *reply)
{
	const char *recipient = t->envelope.recipients[t->n_told++];
	struct log_record record;
	char err[512], id[64] = "", line[ADDRESS_MAX + REPLY_MAX];

	t->told[outcome]++;
	if (outcome == OUTCOME_DELIVERED)
		queue_id(reply, id, sizeof(id));
	log_record_start(&record, "recipient");
	if (*id != '\0')
		log_record_str(&record, "queue_id", id);
	put_cut(&record, "to", recipient, ADDRESS_MAX);
	put_cut(&record, "from", t->envelope.sender, ADDRESS_MAX);
	log_record_str(&record, "outcome", outcome_names[outcome]);
	if (*reply != '\0')
		put_cut(&record, "reply", reply, REPLY_MAX);
	log_record_write(&record, outcome == OUTCOME_DELIVERED ? LOG_INFO : LOG_NOTICE);
	snprintf(line, sizeof(line), "<%.*s> %s", ADDRESS_MAX, recipient,
	    *reply != '\0' ? reply : outcome_names[outcome]);
	if (t->quarantine.stored && !quarantine_note_reply(&t->quarantine, line, err, sizeof(err)))
		log_failure(t, "quarantine-incomplete", err);
}

void
transaction_finish(struct transaction *t, enum outcome outcome, const char *reply)
{
	enum outcome common = common_outcome(t, outcome);
	char err[512];

	if (outcome == OUTCOME_MIXED) {
		outcome = common;
		/* No reply stands for all of them. */
		if (common == OUTCOME_MIXED)
			reply = "";
	}
	if (outcome == OUTCOME_DEFERRED && t->told[OUTCOME_DELIVERED] == 0)
		quarantine_drop(&t->quarantine);
	if (t->quarantine.stored && (t->n_told == 0 || *reply != '\0') &&
	    !quarantine_note_reply(&t->quarantine, *reply != '\0' ? reply : outcome_names[outcome],
		err, sizeof(err)))
		log_failure(t, "quarantine-incomplete", err);
	log_message(t, common, reply);
	notify_take(t, outcome_names[common], reply);
	metrics_count(t, verdict(t), common);
	inspection_free(&t->inspection);
	message_close(&t->message);
	message_close(&t->wrapped);
	transaction_init(t, t->conf);
}

/* common_outcome - of all recipients, if they were told of; else the one given */
static enum outcome
common_outcome(const struct transaction *t, enum outcome outcome)
{
	size_t i;

	if (t->n_told == 0)
		return outcome;
	for (i = 0; i < OUTCOME_COUNT; i++) {
		if (t->told[i] == t->n_told)
			return (enum outcome)i;
	}
	return OUTCOME_MIXED;
}

/* inspect - after this report.action says what is to be done, failed or not */
static enum decision
inspect(struct transaction *t)
{
	struct report *report = &t->inspection.report;
	int64_t start = clock_ms();

	if (t->conf->quarantine != KEEP_OFF)
		quarantine_reserve(&t->quarantine, t->conf->quarantine_dir, time(NULL));
	inspection_run(&t->inspection, t->conf, &t->message, t->quarantine.reference, &t->envelope,
	    t->crlf_only);
	t->inspect_ms = clock_ms() - start;
	log_notes(report);
	if (!t->inspection.ok) {
		report_free(report);
		report->action = t->conf->action[CLASS_ERROR];
		strlcpy(t->reason, t->inspection.failure, sizeof(t->reason));
		log_failure(t, "inspection-failed", t->reason);
	}
	return verdict_action_decision(report->action);
}

static bool
keep_wanted(const struct transaction *t, enum verdict_action action)
{
	enum decision decision = verdict_action_decision(action);

	/* Nobody else has it then. */
	if (decision == DECISION_DISCARD)
		return true;
	if (t->conf->quarantine == KEEP_OFF || decision == DECISION_TEMPFAIL)
		return false;
	return t->conf->quarantine == KEEP_ALL || verdict_action_keeps(action);
}

static bool
keep(struct transaction *t)
{
	char err[512];

	if (*t->quarantine.path == '\0')
		quarantine_reserve(&t->quarantine, t->conf->quarantine_dir, time(NULL));
	if (quarantine_store(&t->quarantine, &t->message, &t->envelope, &t->inspection.report,
		t->inspection.failure, t->conf->quarantine_min_free, err, sizeof(err)))
		return true;
	strlcpy(t->reason, err, sizeof(t->reason));
	log_failure(t, "quarantine-failed", err);
	return false;
}

static bool
make_wrapped(struct transaction *t)
{
	const struct report *report = &t->inspection.report;
	const char *reason = t->inspection.failure;
	size_t i;

	for (i = 0; i < report->n_findings; i++)
		if (report->findings[i].action == ACTION_WRAP) {
			reason = report->findings[i].reason;
			break;
		}
	if (wrap_message(&t->wrapped, &t->message,
		t->quarantine.stored ? t->quarantine.reference : "",
		t->conf->header ? reason : NULL, crlf_wanted(t), !t->crlf_only))
		return true;
	snprintf(t->reason, sizeof(t->reason), "wrapping: %s", strerror(errno));
	log_failure(t, "inspection-failed", t->reason);
	return false;
}

/* crlf_wanted - as SMTP demands, or as the first line of the original ends */
static bool
crlf_wanted(const struct transaction *t)
{
	const char *bytes = t->message.bytes, *lf;

	if (t->crlf_only)
		return true;
	lf = bytes == NULL ? NULL : memchr(bytes, '\n', t->message.size);
	return lf != NULL && lf > bytes && lf[-1] == '\r';
}

/* reason_from_findings - the first finding that calls for what is done */
static void
reason_from_findings(struct transaction *t)
{
	const struct report *report = &t->inspection.report;
	const struct finding *f;
	size_t i;

	for (i = 0; i < report->n_findings; i++) {
		f = &report->findings[i];
		if (f->action == report->action) {
			snprintf(t->reason, sizeof(t->reason), "%s: %s",
			    verdict_class_name(f->class), f->reason);
			return;
		}
	}
}

static void
log_failure(const struct transaction *t, const char *event, const char *reason)
{
	struct log_record record;

	log_record_start(&record, event);
	put_cut(&record, "reason", reason, 512);
	log_record_str(&record, "action", verdict_action_name(t->inspection.report.action));
	put_cut(&record, "from", t->envelope.sender, ADDRESS_MAX);
	put_recipients(&record, &t->envelope);
	log_record_num(&record, "size", t->message.size);
	log_record_write(&record, t->quarantine.stored ? LOG_WARNING : LOG_ERR);
}

/* log_notes - a session may have many messages, and each inspector says the same */
static void
log_notes(const struct report *report)
{
	static char *said[NOTES_MAX];
	static size_t n_said;
	struct log_record record;
	size_t i, j;

	for (i = 0; i < report->n_notes; i++) {
		for (j = 0; j < n_said && strcmp(said[j], report->notes[i]) != 0; j++)
			continue;
		if (j < n_said || n_said == NOTES_MAX)
			continue;
		if ((said[n_said] = strdup(report->notes[i])) != NULL)
			n_said++;
		log_record_start(&record, "inspector");
		put_cut(&record, "note", report->notes[i], 512);
		log_record_write(&record, LOG_NOTICE);
	}
}

static void
log_message(const struct transaction *t, enum outcome outcome, const char *reply)
{
	const struct report *report = &t->inspection.report;
	struct log_record record;
	char id[64] = "";
	bool ordinary;

	if (outcome == OUTCOME_DELIVERED)
		queue_id(reply, id, sizeof(id));
	log_record_start(&record, "message");
	if (*id != '\0')
		log_record_str(&record, "queue_id", id);
	put_cut(&record, "from", t->envelope.sender, ADDRESS_MAX);
	put_recipients(&record, &t->envelope);
	if (*t->envelope.client != '\0')
		put_cut(&record, "client", t->envelope.client, ADDRESS_MAX);
	if (*t->envelope.protocol != '\0')
		put_cut(&record, "protocol", t->envelope.protocol, SHORT_MAX);
	if (*t->envelope.source != '\0')
		put_cut(&record, "source", t->envelope.source, SHORT_MAX);
	if (*t->envelope.ident != '\0')
		put_cut(&record, "orig_queue_id", t->envelope.ident, SHORT_MAX);
	log_record_num(&record, "size", t->message.size);
	log_record_str(&record, "verdict", verdict(t));
	log_record_str(&record, "action", verdict_action_name(report->action));
	if (report->n_findings > 0)
		put_findings(&record, report);
	log_attachments(t, &record);
	if (report->exempt != NULL)
		log_record_str(&record, "exempt", report->exempt);
	if (t->quarantine.stored)
		log_record_str(&record, "quarantine", t->quarantine.reference);
	log_record_str(&record, "outcome", outcome_names[outcome]);
	if (*reply != '\0')
		put_cut(&record, "reply", reply, REPLY_MAX);
	log_record_num(&record, "receive_ms", (unsigned long long)t->receive_ms);
	log_record_num(&record, "inspect_ms", (unsigned long long)t->inspect_ms);
	log_record_num(&record, "send_ms", (unsigned long long)t->send_ms);
	if (*t->reason != '\0')
		put_cut(&record, "reason", t->reason, 512);
	ordinary = outcome == OUTCOME_DELIVERED && t->inspection.ok && report->n_findings == 0;
	log_record_write(&record,
	    ordinary							   ? LOG_INFO
		: strcmp(verdict(t), verdict_class_name(CLASS_ERROR)) == 0 ? LOG_WARNING
									   : LOG_NOTICE);
}

/* verdict - "unscanned" for a message that never came to be inspected */
static const char *
verdict(const struct transaction *t)
{
	if (t->inspection.ok)
		return report_verdict(&t->inspection.report);
	return *t->inspection.failure != '\0' ? verdict_class_name(CLASS_ERROR) : "unscanned";
}

/*
 * cut - as much of value as takes max bytes in a record, where a byte may take
 * four, and "..." if that is not all; returns how many bytes that takes
 */
static size_t
cut(char *buf, size_t size, const char *value, size_t max)
{
	size_t taken = 0, i, one;

	for (i = 0; value[i] != '\0' && i + sizeof("...") < size; i++) {
		one = value[i] < ' ' || value[i] > '~'	  ? 4
		    : value[i] == '"' || value[i] == '\\' ? 2
							  : 1;
		if (taken + one > max)
			break;
		taken += one;
		buf[i] = value[i];
	}
	strlcpy(buf + i, value[i] == '\0' ? "" : "...", size - i);
	return taken + strlen(buf + i);
}

static void
put_cut(struct log_record *record, const char *key, const char *value, size_t max)
{
	char text[1024];

	cut(text, sizeof(text), value, max);
	log_record_str(record, key, text);
}

/* log_attachments - in the record of the message as JSON, else in records of their own */
static void
log_attachments(const struct transaction *t, struct log_record *message)
{
	struct log_record record;
	json_t *list, *one, *value;
	const char *key;
	size_t i;

	if (!t->conf->log_attachments || t->inspection.report.explanation == NULL ||
	    (list = facts_attachments(t->inspection.report.explanation)) == NULL)
		return;
	if (log_is_json()) {
		log_record_json(message, "attachments", list);
		return;
	}
	json_array_foreach(list, i, one)
	{
		log_record_start(&record, "attachment");
		json_object_foreach(one, key, value)
		{
			if (json_is_string(value))
				put_cut(&record, key, json_string_value(value), LIST_SIZE / 2);
			else
				log_record_num(&record, key,
				    (unsigned long long)json_integer_value(value));
		}
		log_record_write(&record, LOG_INFO);
	}
	json_decref(list);
}

/* put_recipients - the list has room for several, however long one of them is */
static void
put_recipients(struct log_record *record, const struct envelope *envelope)
{
	char list[LIST_SIZE] = "", one[ADDRESS_MAX + sizeof("...")];
	size_t i, taken = 0;

	for (i = 0; i < envelope->n_recipients; i++) {
		taken += 1 + cut(one, sizeof(one), envelope->recipients[i], ADDRESS_MAX);
		if (!list_add(list, taken < LIST_SIZE ? one : NULL))
			break;
	}
	if (log_is_json())
		log_record_json(record, "to", facts_recipients(envelope));
	else
		log_record_str(record, "to", list);
	log_record_num(record, "count", envelope->n_recipients);
}

static void
put_findings(struct log_record *record, const struct report *report)
{
	const struct finding *f;
	char list[LIST_SIZE] = "", one[256];
	size_t i;

	for (i = 0; i < report->n_findings; i++) {
		f = &report->findings[i];
		snprintf(one, sizeof(one), "%.40s:%s:%.128s:%s", f->part,
		    verdict_class_name(f->class), f->reason, verdict_action_name(f->action));
		if (!list_add(list, one))
			break;
	}
	if (log_is_json())
		log_record_json(record, "findings", facts_findings(report));
	else
		log_record_str(record, "findings", list);
}

/* list_add - to a list of LIST_SIZE; false if it is full (or item NULL), which "..." says then */
static bool
list_add(char *list, const char *item)
{
	size_t len = strlen(list);

	if (item == NULL || len + strlen(item) + sizeof(",,...") > LIST_SIZE) {
		strlcat(list, len > 0 ? ",..." : "...", LIST_SIZE);
		return false;
	}
	if (len > 0)
		strlcat(list, ",", LIST_SIZE);
	strlcat(list, item, LIST_SIZE);
	return true;
}

/* queue_id - from "250 2.0.0 Ok: queued as 4XyZ1" (Postfix) or "250 OK id=1abc-..." (Exim) */
static void
queue_id(const char *reply, char *id, size_t size)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	static const char *const marks[] = { "queued as ", " id=" };
	const char *found;
	size_t i, len;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if ((found = strstr(reply, marks[i])) == NULL)
			continue;
		found += strlen(marks[i]);
		len = strspn(found, allowed);
		strlcpy(id, found, len + 1 < size ? len + 1 : size);
		return;
	}
}

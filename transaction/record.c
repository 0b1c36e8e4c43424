/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.c - what the log hears of a message.
 *
 * One key=value record for each message (transaction.c says which others there
 * are, and of what severity). Text from strangers is cut, so that the pairs behind
 * it stay in the record.
 */
#include "record.h"

#include <stdio.h>
#include <string.h>

#include "facts.h"

#define LIST_SIZE 1024 /* recipients or findings in the log */
#define SHORT_MAX 64 /* of words that have no business being longer */

static void put_findings(struct log_record *, const struct report *);
static void log_attachments(const struct transaction *, struct log_record *);
static bool list_add(char *, const char *);
static size_t cut(char *, size_t, const char *, size_t);

static const char *const outcome_names[] = { [OUTCOME_DELIVERED] = "delivered",
	[OUTCOME_DISCARDED] = "discarded",
	[OUTCOME_DEFERRED] = "deferred",
	[OUTCOME_REJECTED] = "rejected",
	[OUTCOME_UNKNOWN] = "unknown",
	[OUTCOME_MIXED] = "mixed" };

const char *
record_outcome(enum outcome outcome)
{
	return outcome_names[outcome];
}

void
record_failure(const struct transaction *t, const char *event, const char *reason)
{
	struct log_record record;

	log_record_start(&record, event);
	record_put_cut(&record, "reason", reason, 512);
	log_record_str(&record, "action", verdict_action_name(t->inspection.report.action));
	record_put_cut(&record, "from", t->envelope.sender, RECORD_ADDRESS_MAX);
	record_put_recipients(&record, &t->envelope);
	log_record_num(&record, "size", t->message.size);
	log_record_write(&record, t->quarantine.stored ? LOG_WARNING : LOG_ERR);
}

/* record_message - the one record */
void
record_message(const struct transaction *t, enum outcome outcome, const char *reply)
{
	const struct report *report = &t->inspection.report;
	struct log_record record;
	char id[64] = "";
	bool ordinary;

	if (outcome == OUTCOME_DELIVERED)
		record_queue_id(reply, id, sizeof(id));
	log_record_start(&record, "message");
	if (*id != '\0')
		log_record_str(&record, "queue_id", id);
	record_put_cut(&record, "from", t->envelope.sender, RECORD_ADDRESS_MAX);
	record_put_recipients(&record, &t->envelope);
	if (*t->envelope.client != '\0')
		record_put_cut(&record, "client", t->envelope.client, RECORD_ADDRESS_MAX);
	if (*t->envelope.protocol != '\0')
		record_put_cut(&record, "protocol", t->envelope.protocol, SHORT_MAX);
	if (*t->envelope.source != '\0')
		record_put_cut(&record, "source", t->envelope.source, SHORT_MAX);
	if (*t->envelope.ident != '\0')
		record_put_cut(&record, "orig_queue_id", t->envelope.ident, SHORT_MAX);
	log_record_num(&record, "size", t->message.size);
	log_record_str(&record, "verdict", record_verdict(t));
	log_record_str(&record, "action", verdict_action_name(report->action));
	if (report->n_findings > 0)
		put_findings(&record, report);
	log_attachments(t, &record);
	if (report->exempt != NULL)
		log_record_str(&record, "exempt", report->exempt);
	if (report->verdicts != NULL)
		record_put_cut(&record, "verdicts", report->verdicts, 512);
	if (*t->rules != '\0')
		log_record_str(&record, "rules", t->rules);
	if (t->treatments > 1)
		log_record_num(&record, "strictest_of", t->treatments);
	if (t->quarantine.stored)
		log_record_str(&record, "quarantine", t->quarantine.reference);
	log_record_str(&record, "outcome", record_outcome(outcome));
	if (*reply != '\0')
		record_put_cut(&record, "reply", reply, RECORD_REPLY_MAX);
	log_record_num(&record, "receive_ms", (unsigned long long)t->receive_ms);
	log_record_num(&record, "inspect_ms", (unsigned long long)t->inspect_ms);
	log_record_num(&record, "send_ms", (unsigned long long)t->send_ms);
	if (*t->reason != '\0')
		record_put_cut(&record, "reason", t->reason, 512);
	ordinary = outcome == OUTCOME_DELIVERED && t->inspection.ok && report->n_findings == 0;
	log_record_write(&record,
	    ordinary								  ? LOG_INFO
		: strcmp(record_verdict(t), verdict_class_name(CLASS_ERROR)) == 0 ? LOG_WARNING
										  : LOG_NOTICE);
}

/* record_verdict - "unscanned" for a message that never came to be inspected */
const char *
record_verdict(const struct transaction *t)
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

void
record_put_cut(struct log_record *record, const char *key, const char *value, size_t max)
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
				record_put_cut(&record, key, json_string_value(value),
				    LIST_SIZE / 2);
			else
				log_record_num(&record, key,
				    (unsigned long long)json_integer_value(value));
		}
		log_record_write(&record, LOG_INFO);
	}
	json_decref(list);
}

/* put_recipients - the list has room for several, however long one of them is */
void
record_put_recipients(struct log_record *record, const struct envelope *envelope)
{
	char list[LIST_SIZE] = "", one[RECORD_ADDRESS_MAX + sizeof("...")];
	size_t i, taken = 0;

	for (i = 0; i < envelope->n_recipients; i++) {
		taken += 1 + cut(one, sizeof(one), envelope->recipients[i], RECORD_ADDRESS_MAX);
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
void
record_queue_id(const char *reply, char *id, size_t size)
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

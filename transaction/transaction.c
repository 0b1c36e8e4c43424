/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transaction.c - one message from "received" to "said what became of it".
 *
 * Safety lies in the order. First the name in the quarantine is chosen, since the
 * notices tell it, and the rights there are checked. Then the message is inspected.
 * Then, if the verdict or the configuration wants it, the original is stored durably.
 * Only then is the front told that it may deliver, drop or refuse. Whatever fails on the
 * way makes it a temporary failure, so that the client keeps the message.
 *
 * A message that the client keeps is not kept here as well: transaction_finish
 * takes the copy out again, or each retry would leave another.
 *
 * Which settings hold is for the rules to say (ruling.c), once the envelope and the size are
 * known, and again if a rule is about what is found.
 *
 * Ownership: the front owns what the envelope points to, everything else
 * belongs to the transaction until transaction_finish.
 *
 * Diagnostics, each a key=value record: "inspection-failed",
 * "rules-failed" and "quarantine-failed" (err), "quarantine-incomplete" (warning), "inspector"
 * (notice; what the inspector has to say about itself, each sentence once per
 * process), and one "message" for each message: info if it was delivered and
 * nothing was found, warning if it could not be inspected to its end, notice
 * otherwise; and one "recipient" (info, or notice if it did not get the
 * message) for each recipient whose next hop speaks LMTP. Text from strangers is
 * cut, so that the pairs behind it stay in the record.
 *
 * Over 500 lines because what the rules make of a message and what becomes of it then are one
 * order of steps.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "conf_table.h"
#include "conf_value.h"
#include "language.h"
#include "log.h"
#include "memory.h"
#include "poison.h"
#include "record.h"
#include "metrics.h"
#include "notify.h"
#include "transaction.h"
#include "wrap.h"

#define NOTES_MAX 32

static bool judge(struct transaction *, enum decision *);
static bool judge_each(struct transaction *, struct ruling *, enum decision *);
static bool judge_one(struct transaction *, enum decision *);
static bool rules_fail(struct transaction *, const char *);
static bool rules_needed(const struct conf *);
static void take_treatment(struct transaction *, struct treatment *);
static void take_conf(struct transaction *, struct conf *);
static bool inspects_alike(const struct conf *, const struct conf *);
static bool make_copy(struct transaction *, const struct transaction *, struct treatment *);
static unsigned int classes_of(const struct report *);
static bool look(struct transaction *, enum decision *);
static bool quarantine_is_ready(struct transaction *);
static bool quarantine_failed(struct transaction *, const char *);
static enum decision inspect(struct transaction *);
static bool failed_by_content(struct transaction *);
static void set_aside(struct transaction *);
static bool inspector_is_well(const struct transaction *);
static const char *deferral_cause(const struct transaction *);
static bool is_full(int);
static bool keep_wanted(const struct transaction *, enum verdict_action);
static bool keep(struct transaction *);
static bool send_original(struct transaction *, char *, size_t);
static bool make_wrapped(struct transaction *);
static bool crlf_wanted(const struct transaction *);
static void reason_from_findings(struct transaction *);
static void log_notes(const struct report *);
static enum outcome common_outcome(const struct transaction *, enum outcome);

void
transaction_init(struct transaction *t, const struct conf *conf)
{
	memset(t, 0, sizeof(*t));
	t->conf = t->base = conf;
	t->cause = "";
	t->message.fd = t->wrapped.fd = -1;
	t->envelope.sender = t->envelope.client = t->envelope.mode = "";
	t->envelope.client_name = t->envelope.client_address = "";
	t->envelope.protocol = t->envelope.source = t->envelope.ident = "";
	t->envelope.authenticated = "";
	t->envelope.next_hop = "";
	report_init(&t->inspection.report);
}

enum decision
transaction_decide(struct transaction *t)
{
	enum decision decision;

	if (!judge(t, &decision))
		return DECISION_TEMPFAIL;
	if (decision != DECISION_DELIVER)
		reason_from_findings(t);
	if (decision == DECISION_TEMPFAIL)
		t->cause = deferral_cause(t);
	if (keep_wanted(t, t->inspection.report.action) && !keep(t)) {
		t->cause = is_full(t->quarantine.error) ? "disk full"
		    : t->quarantine.error == 0		? "quarantine_to not reachable"
							: "quarantine not writable";
		return DECISION_TEMPFAIL;
	}
	if (t->inspection.report.action == ACTION_WRAP && !make_wrapped(t)) {
		t->cause = "out of memory";
		return DECISION_TEMPFAIL;
	}
	return decision;
}

/* judge - by the rules that hold; false: it can't be said which do, or nothing was inspected */
static bool
judge(struct transaction *t, enum decision *decision)
{
	struct ruling r;
	char err[512];
	bool ok;

	if (t->ruled || !rules_needed(t->conf))
		return judge_one(t, decision);
	if (!ruling_make(&r, t->conf, &t->envelope, t->message.size, err, sizeof(err)))
		return rules_fail(t, err);
	if (r.n == 1) {
		take_treatment(t, &r.treatments[0]);
		ok = judge_one(t, decision);
	} else
		ok = judge_each(t, &r, decision);
	ruling_free(&r);
	return ok;
}

/* judge_each - the treatment that comes to the strongest action holds for all */
static bool
judge_each(struct transaction *t, struct ruling *r, enum decision *decision)
{
	struct transaction best = *t, one;
	bool ok = true;

	for (size_t i = 0; i < r->n && ok; i++) {
		enum decision d = DECISION_TEMPFAIL;

		one = *t;
		take_treatment(&one, &r->treatments[i]);
		ok = judge_one(&one, &d);
		if (i > 0 && ok &&
		    !verdict_action_wins(one.inspection.report.action,
			best.inspection.report.action)) {
			inspection_free(&one.inspection);
			ruling_conf_free(one.own);
			continue;
		}
		if (i > 0) {
			inspection_free(&best.inspection);
			ruling_conf_free(best.own);
		}
		best = one;
		*decision = d;
		if (!best.inspection.ok)
			break;
	}
	*t = best;
	t->treatments = r->n;
	return ok;
}

/* judge_one - and once more, if a rule is about what was found */
static bool
judge_one(struct transaction *t, enum decision *decision)
{
	char err[512], rules[RULING_NAMES_MAX];
	struct conf *conf;
	const struct conf *before = t->conf;

	if (!look(t, decision))
		return false;
	if (!t->open || !t->inspection.ok || t->inspection.report.n_findings == 0)
		return true;
	if (!ruling_found(&conf, rules, t->base, &t->envelope, t->message.size,
		classes_of(&t->inspection.report), err, sizeof(err)))
		return rules_fail(t, err);
	strlcpy(t->rules, rules, sizeof(t->rules));
	if (!inspects_alike(before, conf != NULL ? conf : t->base)) {
		inspection_free(&t->inspection);
		report_init(&t->inspection.report);
		take_conf(t, conf);
		return look(t, decision);
	}
	take_conf(t, conf);
	return true;
}

/* look - false: the original could not be kept, whatever comes out */
static bool
look(struct transaction *t, enum decision *decision)
{
	if (!quarantine_is_ready(t)) {
		t->cause = "quarantine not writable";
		return false;
	}
	*decision = inspect(t);
	return true;
}

static unsigned int
classes_of(const struct report *report)
{
	unsigned int classes = 0;

	for (size_t i = 0; i < report->n_findings; i++)
		classes |= 1u << report->findings[i].class;
	return classes;
}

static bool
rules_fail(struct transaction *t, const char *why)
{
	strlcpy(t->reason, why, sizeof(t->reason));
	record_failure(t, "rules-failed", why);
	t->cause = "lookup table of a rule not readable";
	return false;
}

static bool
rules_needed(const struct conf *conf)
{
	return conf->rules != NULL || *conf->exempt_clients != '\0' ||
	    *conf->exempt_senders != '\0' || *conf->exempt_recipients != '\0';
}

static void
take_treatment(struct transaction *t, struct treatment *treatment)
{
	t->ruled = true;
	t->open = treatment->open;
	strlcpy(t->rules, treatment->rules, sizeof(t->rules));
	take_conf(t, treatment->conf);
	treatment->conf = NULL;
}

/* take_conf - over; NULL: the front's */
static void
take_conf(struct transaction *t, struct conf *conf)
{
	ruling_conf_free(t->own);
	t->own = conf;
	t->conf = conf != NULL ? conf : t->base;
}

/* inspects_alike - is what the inspector makes of a message the same under both? */
static bool
inspects_alike(const struct conf *a, const struct conf *b)
{
	bool same = true;

	for (size_t i = 0; i < conf_table_size && same; i++) {
		const struct conf_key *key = &conf_table[i];
		char *x, *y;

		/* These are looked at when it is done, but for where the original is. */
		if (!key->by_rule || strcmp(key->section, "notify") == 0 ||
		    strcmp(key->name, "quarantine_to") == 0)
			continue;
		x = conf_value_print(a, key);
		y = conf_value_print(b, key);
		same = strcmp(x, y) == 0;
		free(x);
		free(y);
	}
	return same;
}

bool
transaction_split(struct transaction *t, struct transaction **copies, size_t *n)
{
	struct ruling r;
	char err[512];
	bool ok = true;

	*copies = NULL;
	*n = 1;
	if (!rules_needed(t->conf))
		return true;
	if (!ruling_make(&r, t->conf, &t->envelope, t->message.size, err, sizeof(err)))
		return rules_fail(t, err);
	if (r.n == 1)
		take_treatment(t, &r.treatments[0]);
	else {
		*copies = memory_checked(calloc(r.n, sizeof(**copies)));
		for (*n = 0; *n < r.n && ok; (*n)++)
			ok = make_copy(&(*copies)[*n], t, &r.treatments[*n]);
	}
	ruling_free(&r);
	if (ok)
		return true;
	snprintf(t->reason, sizeof(t->reason), "copying the message: %s", strerror(errno));
	t->cause = "out of memory";
	while (*n > 0)
		transaction_drop(&(*copies)[--*n]);
	free(*copies);
	*copies = NULL;
	return false;
}

static bool
make_copy(struct transaction *copy, const struct transaction *t, struct treatment *treatment)
{
	int fd;

	transaction_init(copy, t->base);
	copy->envelope = t->envelope;
	copy->crlf_only = t->crlf_only;
	copy->receive_ms = t->receive_ms;
	copy->own_recipients = memory_checked(calloc(treatment->n_recipients,
	    sizeof(*copy->own_recipients)));
	for (size_t i = 0; i < treatment->n_recipients; i++)
		copy->own_recipients[i] = t->envelope.recipients[treatment->recipients[i]];
	copy->envelope.recipients = copy->own_recipients;
	copy->envelope.n_recipients = treatment->n_recipients;
	take_treatment(copy, treatment);
	if ((fd = dup(t->message.fd)) == -1)
		return false;
	if (message_adopt(&copy->message, fd) == MESSAGE_OK)
		return true;
	close(fd);
	copy->message.fd = -1;
	return false;
}

void
transaction_drop(struct transaction *t)
{
	inspection_free(&t->inspection);
	message_close(&t->message);
	message_close(&t->wrapped);
	ruling_conf_free(t->own);
	free(t->own_recipients);
	transaction_init(t, t->base);
}

/* deferral_cause - where the administrator should look; mailq shows it */
static const char *
deferral_cause(const struct transaction *t)
{
	static const char *const causes[] = { [CAUSE_ENGINE] = "no engine",
		[CAUSE_INSPECTOR] = "inspector does not start",
		[CAUSE_BUSY] = "busy",
		[CAUSE_SCRATCH] = "scratch_dir not writable",
		[CAUSE_DISK] = "disk full",
		[CAUSE_VERSION] = "engine of another version",
		[CAUSE_SCANNER] = "no signatures loaded",
		[CAUSE_SANDBOX] = "sandbox not available",
		[CAUSE_VERDICTS] = "file of verdicts not readable",
		[CAUSE_MEMORY] = "out of memory",
		[CAUSE_CONTENT] = "message could not be inspected" };
	enum inspection_cause cause = t->inspection.cause;

	if (cause == CAUSE_SCANNER && conf_uses_clamd(t->conf))
		return "clamd not available";
	if (cause != CAUSE_NONE)
		return causes[cause];
	return strcmp(record_verdict(t), verdict_class_name(CLASS_ERROR)) == 0 ? "scanner failed"
									       : "policy";
}

static bool
is_full(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
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
	char err[512], id[64] = "", line[RECORD_ADDRESS_MAX + RECORD_REPLY_MAX];

	t->told[outcome]++;
	if (outcome == OUTCOME_DELIVERED)
		record_queue_id(reply, id, sizeof(id));
	log_record_start(&record, "recipient");
	if (*id != '\0')
		log_record_str(&record, "queue_id", id);
	record_put_cut(&record, "to", recipient, RECORD_ADDRESS_MAX);
	record_put_cut(&record, "from", t->envelope.sender, RECORD_ADDRESS_MAX);
	log_record_str(&record, "outcome", record_outcome(outcome));
	if (*reply != '\0')
		record_put_cut(&record, "reply", reply, RECORD_REPLY_MAX);
	log_record_write(&record, outcome == OUTCOME_DELIVERED ? LOG_INFO : LOG_NOTICE);
	snprintf(line, sizeof(line), "<%.*s> %s", RECORD_ADDRESS_MAX, recipient,
	    *reply != '\0' ? reply : record_outcome(outcome));
	if (t->quarantine.stored && !quarantine_note_reply(&t->quarantine, line, err, sizeof(err)))
		record_failure(t, "quarantine-incomplete", err);
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
	    !quarantine_note_reply(&t->quarantine, *reply != '\0' ? reply : record_outcome(outcome),
		err, sizeof(err)))
		record_failure(t, "quarantine-incomplete", err);
	record_message(t, common, reply);
	notify_take(t, record_outcome(common), reply);
	metrics_count(t, record_verdict(t), common);
	if (t->quarantine.sent)
		quarantine_drop(&t->quarantine);
	transaction_drop(t);
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

/*
 * quarantine_is_ready - whose rights are wrong is a fault that is to be seen at the
 * first message, not at the first virus
 */
static bool
quarantine_is_ready(struct transaction *t)
{
	char err[512];

	if (t->conf->quarantine == KEEP_OFF)
		return true;
	quarantine_reserve(&t->quarantine, t->conf->quarantine_dir, time(NULL));
	return quarantine_check(&t->quarantine, err, sizeof(err)) || quarantine_failed(t, err);
}

void
transaction_foresee(const struct conf *conf)
{
	struct quarantine q;
	char err[512];

	if (conf->quarantine == KEEP_OFF)
		return;
	quarantine_reserve(&q, conf->quarantine_dir, time(NULL));
	if (!quarantine_check(&q, err, sizeof(err)))
		log_write(LOG_ERR, "%s; all messages are deferred until that is mended", err);
}

/* quarantine_failed - returns false */
static bool
quarantine_failed(struct transaction *t, const char *err)
{
	strlcpy(t->reason, err, sizeof(t->reason));
	record_failure(t, "quarantine-failed", err);
	return false;
}

/* inspect - after this report.action says what is to be done, failed or not */
static enum decision
inspect(struct transaction *t)
{
	struct report *report = &t->inspection.report;
	int64_t start = clock_ms();

	inspection_run(&t->inspection, t->conf, &t->message, t->quarantine.reference, &t->envelope,
	    t->crlf_only);
	t->inspect_ms = clock_ms() - start;
	log_notes(report);
	if (!t->inspection.ok) {
		report_free(report);
		report->action = t->conf->action[CLASS_ERROR];
		strlcpy(t->reason, t->inspection.failure, sizeof(t->reason));
		record_failure(t, "inspection-failed", t->reason);
	}
	if (verdict_action_decision(report->action) == DECISION_TEMPFAIL && failed_by_content(t))
		set_aside(t);
	return verdict_action_decision(report->action);
}

/*
 * failed_by_content - the inspector did, or the scanner and nothing else makes it wait. That
 * other messages are inspected well is for set_aside to prove.
 */
static bool
failed_by_content(struct transaction *t)
{
	const struct report *report = &t->inspection.report;
	const char *reason = NULL;

	if (!t->inspection.ok || t->inspection.cause != CAUSE_NONE)
		return t->inspection.cause == CAUSE_CONTENT;
	for (size_t i = 0; i < report->n_findings; i++) {
		if (report->findings[i].action != report->action)
			continue;
		if (report->findings[i].class != CLASS_ERROR)
			return false;
		reason = report->findings[i].reason;
	}
	if (reason != NULL)
		strlcpy(t->inspection.failure, reason, sizeof(t->inspection.failure));
	return reason != NULL;
}

/* set_aside - what fails again and again while others do not, must not wait for ever */
static void
set_aside(struct transaction *t)
{
	const struct conf *conf = t->conf;
	enum verdict_action action;
	struct poison poison;
	struct log_record record;
	time_t now = time(NULL);
	char err[512];

	if (conf->poison_tries == 0 || conf->poison == ACTION_TEMPFAIL)
		return;
	if (!poison_count(&poison, conf->quarantine_dir, &t->message, now, err, sizeof(err))) {
		log_write(LOG_ERR, "failures are not counted: %s", err);
		return;
	}
	if (poison.tries < conf->poison_tries &&
	    (conf->poison_time == 0 || now - poison.first < (time_t)conf->poison_time))
		return;
	if (!inspector_is_well(t))
		return;
	action = classes_of(&t->inspection.report) & 1u << CLASS_INFECTED &&
		conf->poison == ACTION_WRAP
	    ? ACTION_DISCARD
	    : conf->poison;
	t->poisoned = true;
	t->inspection.ok = false;
	report_free(&t->inspection.report);
	t->inspection.report.action = action;
	log_record_start(&record, "poison");
	log_record_num(&record, "tries", poison.tries);
	log_record_num(&record, "seconds", (unsigned long long)(now - poison.first));
	log_record_str(&record, "sha256", poison.digest);
	log_record_str(&record, "action", verdict_action_name(action));
	record_put_cut(&record, "reason", t->inspection.failure, 512);
	record_put_cut(&record, "from", t->envelope.sender, RECORD_ADDRESS_MAX);
	record_put_recipients(&record, &t->envelope);
	log_record_write(&record, LOG_ERR);
}

/* inspector_is_well - if any message fails, this one is not to blame */
static bool
inspector_is_well(const struct transaction *t)
{
	static const char probe[] = "Subject: probe\r\n\r\nIs anybody there?\r\n";
	static const struct envelope nobody = { .sender = "" };
	struct inspection i;
	struct message m;
	bool well = false;

	if (message_create(&m, 0) != MESSAGE_OK)
		return false;
	if (message_append(&m, probe, sizeof(probe) - 1) == MESSAGE_OK &&
	    message_seal(&m) == MESSAGE_OK) {
		inspection_run(&i, t->conf, &m, "", &nobody, true);
		well = i.ok && i.cause == CAUSE_NONE &&
		    (classes_of(&i.report) & 1u << CLASS_ERROR) == 0;
		if (!well)
			log_write(LOG_ERR, "no message can be inspected: %s",
			    i.ok ? "the inspector is not well" : i.failure);
		inspection_free(&i);
	}
	message_close(&m);
	return well;
}

static bool
keep_wanted(const struct transaction *t, enum verdict_action action)
{
	enum decision decision = verdict_action_decision(action);

	/* Nobody else has it then, or nobody can say what it is. */
	if (decision == DECISION_DISCARD || t->poisoned)
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
		t->inspection.failure, t->conf->quarantine_min_free, err, sizeof(err)) &&
	    send_original(t, err, sizeof(err)))
		return true;
	return quarantine_failed(t, err);
}

/* send_original - to quarantine_to, if it is to be kept nowhere else */
static bool
send_original(struct transaction *t, char *err, size_t errsize)
{
	if (!t->conf->quarantine_to_only || *t->conf->quarantine_to == '\0')
		return true;
	t->quarantine.sent = notify_send_original(t, err, errsize);
	if (!t->quarantine.sent)
		quarantine_drop(&t->quarantine);
	return t->quarantine.sent;
}

static bool
make_wrapped(struct transaction *t)
{
	struct sentences sentences = { 0 };
	char *language = language_for(t->conf, &t->message);
	const struct report *report = &t->inspection.report;
	const char *reason = t->inspection.failure;
	size_t i;
	bool made;

	for (i = 0; i < report->n_findings; i++)
		if (report->findings[i].action == ACTION_WRAP) {
			reason = report->findings[i].reason;
			break;
		}
	if (language != NULL &&
	    !sentences_parse(&sentences, language, t->reason, sizeof(t->reason)))
		log_write(LOG_WARNING, "notice_language: %s", t->reason);
	made = wrap_message(&t->wrapped, &t->message,
	    t->quarantine.stored ? t->quarantine.reference : "", t->conf->header ? reason : NULL,
	    &sentences, crlf_wanted(t), !t->crlf_only);
	sentences_free(&sentences);
	free(language);
	if (made)
		return true;
	snprintf(t->reason, sizeof(t->reason), "wrapping: %s", strerror(errno));
	record_failure(t, "inspection-failed", t->reason);
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
		record_put_cut(&record, "note", report->notes[i], 512);
		log_record_write(&record, LOG_NOTICE);
	}
}

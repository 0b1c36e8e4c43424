/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmail_queue.c - the front for qmail: $QMAILQUEUE names it, and it hands on to
 * the qmail-queue(8) that would have been called.
 *
 * The interface, as netqmail's qmail-queue(8) describes it: the message on
 * descriptor 0 up to its end, then the envelope on descriptor 1: F, sender,
 * NUL, for each recipient T, recipient, NUL, and one NUL more. An envelope
 * without that last NUL is one whose writer has given up. The original gets the
 * same bytes of the envelope, and the result for the message, both as sealed
 * files (mailer.c): nothing before it is all there, and nothing that could be
 * cut off.
 *
 * Limits: recipient_limit, line_limit for an address, data_timeout for message
 * and envelope together, final_timeout for the original. Diagnostics: the exit
 * code and the log record; qmail-queue prints nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "filter.h"
#include "mailer.h"
#include "qmail_queue.h"
#include "transaction.h"

#define READ_SIZE 4096

/* Where in the envelope the next byte is. */
enum place { PLACE_F, PLACE_ADDRESS, PLACE_T, PLACE_END };

/* The envelope as it comes in. */
struct intake {
	struct message bytes; /* all of it, sealed at the end */
	enum place place;
	size_t address_len;
	size_t n_recipients;
};

struct qmail {
	struct transaction t;
	struct intake intake;
	char **recipients; /* into intake.bytes */
	struct client_text client;
	char client_whole[sizeof(struct client_text) + sizeof("[]")];
};

static enum qmail_code receive(struct qmail *, int, int);
static enum qmail_code read_envelope(struct qmail *, int, int64_t);
static enum qmail_code take(struct intake *, const struct conf *, const char *, size_t *);
static enum qmail_code take_byte(struct intake *, const struct conf *, char);
static enum qmail_code know_envelope(struct qmail *);
static void know_client(struct qmail *);
static enum qmail_code decide(struct qmail *, const char *, enum outcome *);
static enum qmail_code deliver(struct qmail *, const char *, enum outcome *);
static enum qmail_code judge(struct qmail *, const struct mailer_end *, const char *);
static bool for_good(int);
static bool disk_full(int);

int
qmail_queue_run(const struct conf *conf, const char *original, int message_fd, int envelope_fd)
{
	static struct qmail q;
	enum outcome outcome = OUTCOME_DEFERRED;
	enum qmail_code code;

	transaction_init(&q.t, conf);
	q.t.envelope.mode = "qmail-queue";
	q.intake.bytes.fd = -1;
	know_client(&q);
	code = receive(&q, message_fd, envelope_fd);
	if (code == QMAIL_OK)
		code = decide(&q, original, &outcome);
	if (for_good(code))
		outcome = OUTCOME_REJECTED;
	transaction_finish(&q.t, outcome, "");
	message_close(&q.intake.bytes);
	free(q.recipients);
	return code;
}

static bool
for_good(int code)
{
	return code >= 11 && code <= 40;
}

static enum qmail_code
receive(struct qmail *q, int message_fd, int envelope_fd)
{
	int64_t deadline = clock_ms() + (int64_t)q->t.conf->data_timeout * 1000;

	switch (filter_receive(&q->t, message_fd, deadline)) {
	case RECEIPT_WHOLE:
		break;
	case RECEIPT_TOO_BIG:
		return QMAIL_REFUSED;
	case RECEIPT_UNREADABLE:
		return QMAIL_UNREADABLE;
	case RECEIPT_TIMEOUT:
		return QMAIL_TIMEOUT;
	case RECEIPT_NO_ROOM:
		return QMAIL_NO_MEMORY;
	}
	return read_envelope(q, envelope_fd, deadline);
}

static enum qmail_code
read_envelope(struct qmail *q, int fd, int64_t deadline)
{
	static const char *const said[] = {
		[QMAIL_ADDRESS_TOO_LONG] = "an address is longer than line_limit",
		[QMAIL_REFUSED] = "more recipients than recipient_limit",
		[QMAIL_BAD_ENVELOPE] = "not an envelope"
	};
	char *reason = q->t.reason;
	size_t size = sizeof(q->t.reason), len;
	enum qmail_code code = QMAIL_OK;
	char buf[READ_SIZE];
	ssize_t n;

	if (message_create(&q->intake.bytes, 0) != MESSAGE_OK) {
		snprintf(reason, size, "spooling the envelope: %s", strerror(errno));
		return QMAIL_NO_MEMORY;
	}
	while (q->intake.place != PLACE_END) {
		if (!filter_wait(fd, deadline)) {
			snprintf(reason, size, "reading the envelope: timeout");
			return QMAIL_TIMEOUT;
		}
		n = read(fd, buf, sizeof(buf));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			snprintf(reason, size, "reading the envelope: %s",
			    n == 0 ? "cut off" : strerror(errno));
			return QMAIL_UNREADABLE;
		}
		len = (size_t)n;
		code = take(&q->intake, q->t.conf, buf, &len);
		if (code != QMAIL_OK) {
			snprintf(reason, size, "the envelope: %s", said[code]);
			return code;
		}
		if (message_append(&q->intake.bytes, buf, len) != MESSAGE_OK) {
			snprintf(reason, size, "spooling the envelope: %s", strerror(errno));
			return QMAIL_NO_MEMORY;
		}
	}
	if (message_seal(&q->intake.bytes) != MESSAGE_OK || know_envelope(q) != QMAIL_OK) {
		snprintf(reason, size, "spooling the envelope: %s", strerror(errno));
		return QMAIL_NO_MEMORY;
	}
	return QMAIL_OK;
}

/* take - *len bytes; afterwards it is how many of them belong to the envelope */
static enum qmail_code
take(struct intake *in, const struct conf *conf, const char *buf, size_t *len)
{
	size_t i;
	enum qmail_code code = QMAIL_OK;

	for (i = 0; i < *len && in->place != PLACE_END && code == QMAIL_OK; i++)
		code = take_byte(in, conf, buf[i]);
	*len = i;
	return code;
}

static enum qmail_code
take_byte(struct intake *in, const struct conf *conf, char byte)
{
	switch (in->place) {
	case PLACE_F:
		if (byte != 'F')
			return QMAIL_BAD_ENVELOPE;
		break;
	case PLACE_ADDRESS:
		if (byte == '\0')
			in->place = PLACE_T;
		else if (++in->address_len > conf->line_limit)
			return QMAIL_ADDRESS_TOO_LONG;
		return QMAIL_OK;
	case PLACE_T:
		if (byte == '\0') {
			in->place = PLACE_END;
			return QMAIL_OK;
		}
		if (byte != 'T')
			return QMAIL_BAD_ENVELOPE;
		if (in->n_recipients++ == conf->recipient_limit)
			return QMAIL_REFUSED;
		break;
	case PLACE_END:
		return QMAIL_OK;
	}
	in->place = PLACE_ADDRESS;
	in->address_len = 0;
	return QMAIL_OK;
}

/* know_envelope - sender and recipients, within the bytes that came */
static enum qmail_code
know_envelope(struct qmail *q)
{
	union {
		const char *in;
		char *out;
	} at = { .in = q->intake.bytes.bytes };
	size_t i;

	q->recipients = calloc(q->intake.n_recipients + 1, sizeof(*q->recipients));
	if (q->recipients == NULL)
		return QMAIL_NO_MEMORY;
	q->t.envelope.sender = at.in + 1;
	for (i = 0; i < q->intake.n_recipients; i++) {
		at.in += strlen(at.in) + 1;
		q->recipients[i] = at.out + 1;
	}
	q->t.envelope.recipients = q->recipients;
	q->t.envelope.n_recipients = i;
	return QMAIL_OK;
}

/* know_client - as tcpserver tells it to qmail-smtpd, tcp-environ(5) */
static void
know_client(struct qmail *q)
{
	const char *name = getenv("TCPREMOTEHOST"), *address = getenv("TCPREMOTEIP");

	if (name == NULL && address == NULL)
		return;
	snprintf(q->client_whole, sizeof(q->client_whole), "%s[%s]",
	    name != NULL ? name : "unknown", address != NULL ? address : "unknown");
	q->t.envelope.client = q->client_whole;
	if (name != NULL &&
	    strlcpy(q->client.name, name, sizeof(q->client.name)) < sizeof(q->client.name))
		q->t.envelope.client_name = q->client.name;
	if (address != NULL &&
	    strlcpy(q->client.address, address, sizeof(q->client.address)) <
		sizeof(q->client.address))
		q->t.envelope.client_address = q->client.address;
}

static enum qmail_code
decide(struct qmail *q, const char *original, enum outcome *outcome)
{
	switch (transaction_decide(&q->t)) {
	case DECISION_DELIVER:
		return deliver(q, original, outcome);
	case DECISION_DISCARD:
		*outcome = OUTCOME_DISCARDED;
		return QMAIL_OK;
	case DECISION_REJECT:
		return QMAIL_REFUSED;
	case DECISION_TEMPFAIL:
		break;
	}
	return disk_full(q->t.quarantine.error) ? QMAIL_DISK_FULL : QMAIL_DEFERRED;
}

static bool
disk_full(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

static enum qmail_code
deliver(struct qmail *q, const char *original, enum outcome *outcome)
{
	struct message out = { .fd = -1 };
	struct mailer_end end;
	int64_t start = clock_ms();
	union {
		const char *in;
		char *out;
	} name = { .in = original };
	char *argv[] = { name.out, NULL };
	enum qmail_code code;

	if (!mailer_spool(&out, &q->t) || lseek(q->intake.bytes.fd, 0, SEEK_SET) != 0) {
		snprintf(q->t.reason, sizeof(q->t.reason), "spooling the result: %s",
		    strerror(errno));
		message_close(&out);
		return QMAIL_NO_MEMORY;
	}
	end = mailer_run(original, argv, out.fd, q->intake.bytes.fd, STDERR_FILENO,
	    start + (int64_t)q->t.conf->final_timeout * 1000);
	q->t.send_ms = clock_ms() - start;
	message_close(&out);
	code = judge(q, &end, original);
	if (code == QMAIL_OK)
		*outcome = OUTCOME_DELIVERED;
	else if (end.how == MAILER_KILLED || end.how == MAILER_TOO_LONG)
		*outcome = OUTCOME_UNKNOWN;
	return code;
}

/* judge - the original's code; no code of its own is no success */
static enum qmail_code
judge(struct qmail *q, const struct mailer_end *end, const char *original)
{
	if (end->how == MAILER_EXITED && end->code == QMAIL_OK)
		return QMAIL_OK;
	mailer_describe(end, original, q->t.reason, sizeof(q->t.reason));
	switch (end->how) {
	case MAILER_EXITED:
		return (enum qmail_code)end->code;
	case MAILER_NOT_STARTED:
		return QMAIL_NOT_STARTED;
	case MAILER_TOO_LONG:
		return QMAIL_TIMEOUT;
	case MAILER_KILLED:
		break;
	}
	return QMAIL_BUG;
}

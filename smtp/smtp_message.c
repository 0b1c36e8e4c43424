/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_message - DATA: a message in, judged, out, and its replies
 *
 * The message is spooled and inspected before the downstream hears of it, then
 * sent. What the downstream says to its final dot is what the client hears; no
 * success is ever told that the downstream did not tell, but for a discarded
 * message.
 *
 * LMTP has one such reply for each accepted recipient (RFC 2033 4.2):
 *
 *	client	downstream
 *	SMTP	SMTP		one reply, handed on
 *	LMTP	SMTP		one reply, said once for each recipient
 *	LMTP	LMTP		each reply handed on as it comes
 *	SMTP	LMTP		one of them: the first 4yz, else the first 5yz, else the
 *				last. So nobody's copy is lost: the client tries again, or
 *				tells its sender. Recipients that were served may get the
 *				message twice, or be named in a bounce; the log has a record
 *				of each
 *
 * When the downstream is lost between two of them, recipients that have a
 * reply keep it, and the others are told to try again.
 *
 * A transaction lives within smtp_message, and the envelope strings live
 * longer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/param.h>
#include <syslog.h>

#include "clock.h"
#include "log.h"
#include "message.h"
#include "dot.h"
#include "smtp_session.h"

/* Where received bytes go. Once something went wrong they go nowhere. */
struct spool {
	struct message *message;
	enum message_result result;
	int error; /* errno of MESSAGE_IO */
};

/* The message on its way downstream. */
struct sending {
	struct io *io;
	struct dot_encoder encoder;
	int64_t deadline;
	enum io_result result;
	uint64_t bytes;
};

static void data_begin(struct session *);
static enum answer data_receive(struct session *);
static enum answer data_spool(struct session *, int64_t);
static bool data_store(void *, const char *, size_t);
static enum answer data_judge(struct session *, const struct dot_decoder *, const struct spool *);
static enum answer data_dispose(struct session *);
static enum answer data_deliver(struct session *);
static enum answer data_send(struct session *);
static bool data_send_piece(void *, const char *, size_t);
static bool data_send_wire(void *, const char *, size_t);
static enum answer data_replies(struct session *);
static bool reply_is_worse(const struct reply *, const struct reply *);
static enum answer reply_hand_on(struct session *);
static void reply_unheard(struct session *);
static enum outcome reply_outcome(const struct reply *);
static enum outcome answer_outcome(const struct session *, enum answer, char *, size_t);
static void data_finish(struct session *, enum answer);

enum answer
smtp_message(struct session *s)
{
	enum answer answer;

	data_begin(s);
	if ((answer = data_receive(s)) == ANSWER_NONE)
		answer = data_dispose(s);
	data_finish(s, answer);
	return answer;
}

static void
data_begin(struct session *s)
{
	struct transaction *t = &s->transaction;

	transaction_init(t, s->conf);
	t->crlf_only = true;
	t->envelope.sender = s->sender;
	t->envelope.recipients = s->recipients;
	t->envelope.n_recipients = s->n_recipients;
	t->envelope.client = s->xforward.whole;
	t->envelope.client_name = s->xforward.name;
	t->envelope.client_address = s->xforward.addr;
	if (s->peer != NULL && !s->xforward.told) {
		t->envelope.client = s->peer->whole;
		t->envelope.client_address = s->peer->address;
	}
	t->envelope.protocol = s->xforward.proto;
	t->envelope.source = s->xforward.source;
	t->envelope.ident = s->xforward.ident;
	t->envelope.next_hop = address_text(s->address, s->next_hop, sizeof(s->next_hop));
	t->envelope.mode = s->speaks == SPEAKS_LMTP ? "lmtp" : "smtp";
	s->fault[0] = '\0';
}

/* data_receive - 354, and the message into the spool; ANSWER_NONE: it is there */
static enum answer
data_receive(struct session *s)
{
	static const char go_ahead[] = "354 End data with <CR><LF>.<CR><LF>\r\n";
	int64_t begin = clock_ms();
	int64_t deadline = MIN(session_deadline(s->conf->data_timeout), s->end);
	struct message *message = &s->transaction.message;
	enum io_result result;
	enum answer answer;

	if (message_create(message, s->conf->message_size_limit) != MESSAGE_OK) {
		session_fault(s, "spool: %s", strerror(errno));
		return ANSWER_SPOOL;
	}
	session_enter(s, STATE_DATA);
	s->data_refused = false;
	if ((result = io_write(&s->client, go_ahead, sizeof(go_ahead) - 1, deadline)) != IO_OK ||
	    (result = io_flush(&s->client, deadline)) != IO_OK)
		return client_deaf(s, ANSWER_NONE, result);
	answer = data_spool(s, deadline);
	s->transaction.receive_ms = clock_ms() - begin;
	if (answer == ANSWER_NONE && message_seal(message) != MESSAGE_OK) {
		session_fault(s, "spool: %s", strerror(errno));
		return ANSWER_SPOOL;
	}
	return answer;
}

/* data_store - a sink that always takes: the client sends to its final dot anyway */
static bool
data_store(void *ctx, const char *buf, size_t len)
{
	struct spool *spool = ctx;

	if (spool->result != MESSAGE_OK)
		return true;
	spool->result = message_append(spool->message, buf, len);
	spool->error = errno;
	return true;
}

static enum answer
data_spool(struct session *s, int64_t deadline)
{
	struct spool spool = { .message = &s->transaction.message, .result = MESSAGE_OK };
	struct dot_decoder decoder;
	enum io_result result;
	const char *buf;
	size_t len, used;
	bool done = false;

	dot_decode_init(&decoder);
	while (!done) {
		if ((result = io_read_some(&s->client, deadline, &buf, &len)) != IO_OK)
			return client_fault(s, result);
		(void)dot_decode(&decoder, buf, len, &used, &done, data_store, &spool);
		io_take(&s->client, used);
	}
	/* RFC 2033 4.2: from here on there is an answer for each. */
	if (s->speaks == SPEAKS_LMTP)
		s->owed = s->n_recipients;
	return data_judge(s, &decoder, &spool);
}

/* data_judge - a message that has come in whole; what is wrong with it for good goes first */
static enum answer
data_judge(struct session *s, const struct dot_decoder *decoder, const struct spool *spool)
{
	if (spool->result == MESSAGE_TOO_BIG)
		return ANSWER_TOO_BIG;
	if (decoder->bare_cr > 0)
		return ANSWER_BARE_CR;
	if (decoder->bare_lf > 0 && s->conf->bare_newline == NEWLINE_REJECT)
		return ANSWER_BARE_LF;
	if (spool->result == MESSAGE_OK)
		return ANSWER_NONE;
	session_fault(s, "spool: %s", strerror(spool->error));
	return ANSWER_SPOOL;
}

static enum answer
data_dispose(struct session *s)
{
	session_enter(s, STATE_INSPECT);
	switch (transaction_decide(&s->transaction)) {
	case DECISION_DELIVER:
		/* RFC 5321 4.5.3.2.6: it got tired of waiting, and will come again. */
		if (io_hung_up(&s->client))
			return client_fault(s, IO_EOF);
		return data_deliver(s);
	case DECISION_DISCARD:
		return ANSWER_DISCARD;
	case DECISION_REJECT:
		return ANSWER_REJECT;
	case DECISION_TEMPFAIL:
		break;
	}
	snprintf(s->deferral, sizeof(s->deferral), "%s: %s", session_answers[ANSWER_TEMPFAIL].text,
	    s->transaction.cause);
	return ANSWER_TEMPFAIL;
}

static enum answer
data_deliver(struct session *s)
{
	int64_t begin = clock_ms();
	enum answer answer;

	session_enter(s, STATE_SEND);
	answer = down_command(s, (struct span){ "DATA", 4 }, "DATA",
	    CLASS(3) | CLASS(4) | CLASS(5));
	if (answer == ANSWER_REPLY && s->reply.code == 354)
		answer = data_send(s);
	s->transaction.send_ms = clock_ms() - begin;
	return answer;
}

static bool
data_send_wire(void *ctx, const char *buf, size_t len)
{
	struct sending *sending = ctx;

	sending->result = io_write(sending->io, buf, len, sending->deadline);
	return sending->result == IO_OK;
}

static bool
data_send_piece(void *ctx, const char *buf, size_t len)
{
	struct sending *sending = ctx;

	sending->bytes += len;
	return dot_encode(&sending->encoder, buf, len, data_send_wire, sending);
}

/*
 * data_send - the message, its final dot, and the reply to it
 *
 * Until the final dot is flushed the downstream can't have the whole message,
 * so a reply that comes before is none to this message.
 */
static enum answer
data_send(struct session *s)
{
	struct transaction *t = &s->transaction;
	struct sending sending = {
		.io = &s->down, .result = IO_OK, .deadline = session_deadline(s->conf->send_timeout)
	};

	s->doing = "message";
	dot_encode_init(&sending.encoder);
	if (!transaction_output(t, data_send_piece, &sending) && sending.result != IO_OK)
		return down_fault(s, sending.result);
	if (sending.bytes != transaction_output_size(t)) {
		session_fault(s, "message could not be read again");
		return ANSWER_INTERNAL;
	}
	if (dot_encode_end(&sending.encoder, data_send_wire, &sending))
		sending.result = io_flush(&s->down, sending.deadline);
	if (sending.result != IO_OK)
		return down_fault(s, sending.result);

	session_enter(s, STATE_FINAL);
	s->doing = "final dot";
	return data_replies(s);
}

/*
 * data_replies - to the final dot: the last of them is the answer, or the one that counts
 *
 * Each that can't wait is on record before the client hears it, see data_finish.
 */
static enum answer
data_replies(struct session *s)
{
	struct transaction *t = &s->transaction;
	enum answer answer = ANSWER_INTERNAL, deaf = ANSWER_NONE;
	char line[REPLY_LINE_LIMIT];
	size_t i;

	if (!s->address->lmtp)
		return down_reply(s, CLASS_USUAL, session_deadline(s->conf->final_timeout));
	for (i = 0; i < s->n_recipients; i++) {
		answer = down_reply(s, CLASS_USUAL, session_deadline(s->conf->final_timeout));
		if (answer != ANSWER_REPLY)
			break;
		reply_last_line(&s->reply, line, sizeof(line));
		transaction_recipient(t, reply_outcome(&s->reply), line);
		if (s->speaks == SPEAKS_LMTP) {
			if (deaf != ANSWER_NONE)
				reply_unheard(s);
			else if (i + 1 < s->n_recipients)
				deaf = reply_hand_on(s);
		} else if (i == 0 || reply_is_worse(&s->reply, &s->worst))
			s->worst = s->reply;
	}
	if (s->speaks != SPEAKS_LMTP && answer == ANSWER_REPLY)
		s->reply = s->worst;
	return deaf != ANSWER_NONE ? deaf : answer;
}

/* reply_is_worse - of 2yz the last one counts, of the others the first */
static bool
reply_is_worse(const struct reply *reply, const struct reply *worst)
{
	static const int rank[] = { [2] = 0, [5] = 1, [4] = 2 };
	int a = rank[reply->code / 100], b = rank[worst->code / 100];

	return a > b || (a == 0 && b == 0);
}

/* reply_hand_on - at once, since the next may take its time; ANSWER_NONE: it was taken */
static enum answer
reply_hand_on(struct session *s)
{
	size_t owed = s->owed - 1;
	enum answer answer;

	s->owed = 1;
	s->delivered = s->delivered || s->reply.code / 100 == 2;
	if ((answer = client_say(s, ANSWER_REPLY)) == ANSWER_REPLY)
		answer = client_flush(s, answer);
	s->owed = owed;
	return answer == ANSWER_REPLY ? ANSWER_NONE : answer;
}

/* reply_unheard - of a recipient that was served after the client had left */
static void
reply_unheard(struct session *s)
{
	if (s->reply.code / 100 != 2 || s->delivered)
		return;
	s->delivered = true;
	client_unaware();
}

static enum outcome
reply_outcome(const struct reply *reply)
{
	return reply->code / 100 == 2 ? OUTCOME_DELIVERED
	    : reply->code / 100 == 5  ? OUTCOME_REJECTED
				      : OUTCOME_DEFERRED;
}

/* answer_outcome - what an answer makes of a message, and its last line */
static enum outcome
answer_outcome(const struct session *s, enum answer answer, char *line, size_t size)
{
	enum outcome outcome = session_answers[answer].outcome;

	*line = '\0';
	if (session_answers[answer].relay) {
		reply_last_line(&s->reply, line, size);
		return reply_outcome(&s->reply);
	}
	if (session_text(s, answer) != NULL)
		strlcpy(line, session_text(s, answer), size);
	/* An answer that has no place here. */
	return outcome == OUTCOME_DELIVERED ? OUTCOME_DEFERRED : outcome;
}

/*
 * data_finish - close the books, before the client hears of it
 *
 * Killed between the two, the client gets no answer and sends the message
 * again: at worst it arrives twice, with a record of each. The other way round
 * a message could be through, or gone, without a trace. What it costs the
 * client is a small file at most.
 */
static void
data_finish(struct session *s, enum answer answer)
{
	struct transaction *t = &s->transaction;
	char line[REPLY_LINE_LIMIT];
	enum outcome outcome = answer_outcome(s, answer, line, sizeof(line));
	bool each = t->n_told > 0, all = t->n_told == s->n_recipients;

	if (t->reason[0] == '\0')
		strlcpy(t->reason, s->fault, sizeof(t->reason));
	if (s->state == STATE_FINAL && !session_answers[answer].relay && !all) {
		log_write(LOG_WARNING, "next hop may have accepted the message nonetheless");
		if (outcome == OUTCOME_DEFERRED)
			outcome = OUTCOME_UNKNOWN;
	}
	while (each && t->n_told < s->n_recipients)
		transaction_recipient(t, outcome, line);
	s->delivered = s->delivered || outcome == OUTCOME_DELIVERED;
	if (each && s->speaks == SPEAKS_LMTP)
		outcome = OUTCOME_MIXED;
	if (s->delivered || outcome == OUTCOME_DISCARDED)
		s->errors = 0;
	transaction_finish(t, outcome, line);
	session_end_transaction(s);
	s->reset_due = s->state != STATE_FINAL;
	session_enter(s, STATE_READY);
}

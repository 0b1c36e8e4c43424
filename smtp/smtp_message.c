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
 * Where the rules want recipients to be treated differently (transaction_split), there are
 * copies of the message. All are judged before one is sent. Then each goes downstream in
 * a transaction of its own, for which XFORWARD, MAIL and RCPT are said again, as they came.
 * An LMTP client hears of each recipient what became of its copy. An SMTP client hears one
 * reply: if a copy is to be refused or deferred, none is sent; and the first that
 * the downstream does not take is the last, and its reply is the answer. So nothing is
 * lost, and recipients of copies that were taken before may get the message twice.
 *
 * Over 500 lines because one message and its copies take the same way.
 *
 * A transaction lives within smtp_message, and the envelope strings live
 * longer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
static enum answer data_deferral(struct session *, const struct transaction *);
static enum answer data_verdict(struct session *, struct transaction *);
static enum answer data_deliver(struct session *, struct transaction *);
static enum answer data_send(struct session *, struct transaction *);
static bool data_send_piece(void *, const char *, size_t);
static bool data_send_wire(void *, const char *, size_t);
static enum answer data_replies(struct session *, struct transaction *);
static bool reply_is_worse(const struct reply *, const struct reply *);
static enum answer reply_hand_on(struct session *);
static void reply_unheard(struct session *);
static enum outcome reply_outcome(const struct reply *);
static enum outcome answer_outcome(const struct session *, enum answer, char *, size_t);
static enum outcome books_close(struct session *, struct transaction *, enum answer, bool);
static void data_finish(struct session *, enum answer);
static enum answer copies_dispose(struct session *, struct transaction *, size_t);
static enum answer copies_verdict(struct session *, const enum answer *, size_t);
static enum answer copies_send(struct session *, struct transaction *, const enum answer *, size_t,
    enum answer);
static enum answer copy_send(struct session *, struct transaction *);
static enum answer copy_envelope(struct session *, const struct transaction *);
static enum answer copy_command(struct session *, const char *, const char *);
static void copy_said(struct session *, const struct transaction *, size_t, const char *);
static enum answer copies_tell(struct session *, enum answer);
static size_t recipient_index(const struct session *, const char *);

enum answer
smtp_message(struct session *s)
{
	struct transaction *copies = NULL;
	size_t n = 1;
	enum answer answer;

	data_begin(s);
	if ((answer = data_receive(s)) == ANSWER_NONE) {
		if (!transaction_split(&s->transaction, &copies, &n))
			answer = data_deferral(s, &s->transaction);
		else
			answer = copies == NULL ? data_dispose(s) : copies_dispose(s, copies, n);
	}
	if (copies == NULL)
		data_finish(s, answer);
	free(copies);
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
	if (decoder->bare_cr > 0 && s->conf->bare_newline == NEWLINE_REJECT)
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
	enum answer answer;

	session_enter(s, STATE_INSPECT);
	if ((answer = data_verdict(s, &s->transaction)) != ANSWER_NONE)
		return answer;
	/* RFC 5321 4.5.3.2.6: it got tired of waiting, and will come again. */
	if (io_hung_up(&s->client))
		return client_fault(s, IO_EOF);
	return data_deliver(s, &s->transaction);
}

/* data_verdict - ANSWER_NONE: it is to be delivered */
static enum answer
data_verdict(struct session *s, struct transaction *t)
{
	switch (transaction_decide(t)) {
	case DECISION_DELIVER:
		return ANSWER_NONE;
	case DECISION_DISCARD:
		return ANSWER_DISCARD;
	case DECISION_REJECT:
		return ANSWER_REJECT;
	case DECISION_TEMPFAIL:
		break;
	}
	return data_deferral(s, t);
}

static enum answer
data_deferral(struct session *s, const struct transaction *t)
{
	snprintf(s->deferral, sizeof(s->deferral), "%s: %s", session_answers[ANSWER_TEMPFAIL].text,
	    t->cause);
	return ANSWER_TEMPFAIL;
}

static enum answer
data_deliver(struct session *s, struct transaction *t)
{
	int64_t begin = clock_ms();
	enum answer answer;

	session_enter(s, STATE_SEND);
	answer = down_command(s, (struct span){ "DATA", 4 }, "DATA",
	    CLASS(3) | CLASS(4) | CLASS(5));
	if (answer == ANSWER_REPLY && s->reply.code == 354)
		answer = data_send(s, t);
	t->send_ms = clock_ms() - begin;
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
data_send(struct session *s, struct transaction *t)
{
	struct sending sending = {
		.io = &s->down, .result = IO_OK, .deadline = session_until(s, s->conf->send_timeout)
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
	return data_replies(s, t);
}

/*
 * data_replies - to the final dot: the last of them is the answer, or the one that counts
 *
 * Each that can't wait is on record before the client hears it, see data_finish.
 */
static enum answer
data_replies(struct session *s, struct transaction *t)
{
	enum answer answer = ANSWER_INTERNAL, deaf = ANSWER_NONE;
	char line[REPLY_LINE_LIMIT];
	size_t i;

	if (!s->address->lmtp)
		return down_reply(s, CLASS_USUAL, session_deadline(s->conf->final_timeout));
	for (i = 0; i < t->envelope.n_recipients; i++) {
		answer = down_reply(s, CLASS_USUAL, session_deadline(s->conf->final_timeout));
		if (answer != ANSWER_REPLY)
			break;
		reply_last_line(&s->reply, line, sizeof(line));
		transaction_recipient(t, reply_outcome(&s->reply), line);
		if (s->said != NULL)
			copy_said(s, t, i, line);
		if (s->speaks == SPEAKS_LMTP && s->said == NULL) {
			if (deaf != ANSWER_NONE)
				reply_unheard(s);
			else if (i + 1 < s->n_recipients)
				deaf = reply_hand_on(s);
		} else if (i == 0 || reply_is_worse(&s->reply, &s->worst))
			s->worst = s->reply;
	}
	if ((s->speaks != SPEAKS_LMTP || s->said != NULL) && answer == ANSWER_REPLY)
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
	enum outcome outcome = books_close(s, &s->transaction, answer, s->state == STATE_FINAL);

	if (s->delivered || outcome == OUTCOME_DISCARDED)
		s->errors = 0;
	session_end_transaction(s);
	s->reset_due = s->state != STATE_FINAL;
	session_enter(s, STATE_READY);
}

/* books_close - dotted: all of it was sent downstream */
static enum outcome
books_close(struct session *s, struct transaction *t, enum answer answer, bool dotted)
{
	char line[REPLY_LINE_LIMIT];
	enum outcome outcome = answer_outcome(s, answer, line, sizeof(line));
	size_t n = t->envelope.n_recipients;
	bool each = t->n_told > 0, all = t->n_told == n;

	if (t->reason[0] == '\0')
		strlcpy(t->reason, s->fault, sizeof(t->reason));
	if (dotted && !session_answers[answer].relay && !all) {
		log_write(LOG_WARNING, "next hop may have accepted the message nonetheless");
		if (outcome == OUTCOME_DEFERRED)
			outcome = OUTCOME_UNKNOWN;
	}
	while (each && t->n_told < n)
		transaction_recipient(t, outcome, line);
	s->delivered = s->delivered || outcome == OUTCOME_DELIVERED;
	if (each && s->speaks == SPEAKS_LMTP)
		outcome = OUTCOME_MIXED;
	transaction_finish(t, outcome, line);
	return outcome;
}

/*
 * Copies.
 */

/* copies_dispose - all of them, to the end of their books; what the client is to hear */
static enum answer
copies_dispose(struct session *s, struct transaction *copies, size_t n)
{
	enum answer *verdicts = calloc(n, sizeof(*verdicts)), stop = ANSWER_NONE, answer;

	session_enter(s, STATE_INSPECT);
	s->said = calloc(s->n_recipients, sizeof(*s->said));
	if (verdicts == NULL || s->said == NULL)
		stop = ANSWER_NO_MEMORY;
	for (size_t i = 0; i < n && stop == ANSWER_NONE; i++)
		verdicts[i] = data_verdict(s, &copies[i]);
	if (stop == ANSWER_NONE && io_hung_up(&s->client))
		stop = client_fault(s, IO_EOF);
	if (stop == ANSWER_NONE && s->speaks != SPEAKS_LMTP)
		stop = copies_verdict(s, verdicts, n);
	answer = copies_send(s, copies, verdicts, n, stop);
	if (s->speaks == SPEAKS_LMTP && s->said != NULL)
		answer = copies_tell(s, answer);
	for (size_t i = 0; s->said != NULL && i < s->n_recipients; i++)
		free(s->said[i]);
	free(s->said);
	s->said = NULL;
	free(verdicts);
	transaction_drop(&s->transaction);
	if (s->delivered)
		s->errors = 0;
	session_end_transaction(s);
	s->reset_due = s->state != STATE_FINAL;
	session_enter(s, STATE_READY);
	return answer;
}

/* copies_verdict - the strictest, where there is one reply; ANSWER_NONE: each its own */
static enum answer
copies_verdict(struct session *s, const enum answer *verdicts, size_t n)
{
	enum answer strictest = ANSWER_NONE;

	(void)s;
	for (size_t i = 0; i < n; i++)
		if (verdicts[i] == ANSWER_TEMPFAIL ||
		    (verdicts[i] == ANSWER_REJECT && strictest == ANSWER_NONE))
			strictest = verdicts[i];
	if (strictest != ANSWER_NONE)
		log_write(LOG_NOTICE,
		    "rules: not all recipients' copies are to be %s, but there is one reply for "
		    "all: the strictest holds",
		    strictest == ANSWER_REJECT ? "rejected" : "deferred");
	return strictest;
}

/* copies_send - stop: none of them is sent, and that is the answer for all */
static enum answer
copies_send(struct session *s, struct transaction *copies, const enum answer *verdicts, size_t n,
    enum answer stop)
{
	enum answer final = ANSWER_DISCARD, answer;
	char line[REPLY_LINE_LIMIT];

	for (size_t i = 0; i < n; i++) {
		struct transaction *t = &copies[i];
		bool sent = stop == ANSWER_NONE && verdicts[i] == ANSWER_NONE;
		enum outcome outcome;

		s->fault[0] = '\0';
		answer = sent ? copy_send(s, t) : stop != ANSWER_NONE ? stop : verdicts[i];
		outcome = answer_outcome(s, answer, line, sizeof(line));
		for (size_t r = 0; s->said != NULL && r < t->envelope.n_recipients; r++)
			copy_said(s, t, r, line);
		books_close(s, t, answer, sent && s->state == STATE_FINAL);
		if (session_answers[answer].closes ||
		    (s->speaks != SPEAKS_LMTP && outcome != OUTCOME_DELIVERED &&
			outcome != OUTCOME_DISCARDED))
			stop = answer;
		if (answer != ANSWER_DISCARD)
			final = answer;
	}
	return stop != ANSWER_NONE ? stop : final;
}

static enum answer
copy_send(struct session *s, struct transaction *t)
{
	enum answer answer;

	session_enter(s, STATE_SEND);
	answer = copy_envelope(s, t);
	return answer == ANSWER_NONE ? data_deliver(s, t) : answer;
}

/* copy_envelope - said again, for the recipients of this copy; ANSWER_NONE: accepted */
static enum answer
copy_envelope(struct session *s, const struct transaction *t)
{
	enum answer answer = copy_command(s, "RSET", "RSET");

	for (size_t i = 0; i < s->n_xforwards && answer == ANSWER_NONE; i++)
		answer = copy_command(s, s->xforwards[i], "XFORWARD");
	if (answer == ANSWER_NONE)
		answer = copy_command(s, s->mail, "MAIL");
	for (size_t i = 0; i < t->envelope.n_recipients && answer == ANSWER_NONE; i++)
		answer = copy_command(s, s->rcpts[recipient_index(s, t->envelope.recipients[i])],
		    "RCPT");
	return answer;
}

static enum answer
copy_command(struct session *s, const char *line, const char *doing)
{
	enum answer answer = down_command(s, (struct span){ line, strlen(line) }, doing,
	    CLASS_USUAL);

	return answer == ANSWER_REPLY && s->reply.code / 100 == 2 ? ANSWER_NONE : answer;
}

/* recipient_index - copies share the strings of the envelope */
static size_t
recipient_index(const struct session *s, const char *recipient)
{
	size_t i = 0;

	while (s->recipients[i] != recipient)
		i++;
	return i;
}

/* copy_said - the first word on it holds */
static void
copy_said(struct session *s, const struct transaction *t, size_t nth, const char *line)
{
	char **said = &s->said[recipient_index(s, t->envelope.recipients[nth])];

	if (*said == NULL)
		*said = strdup(line);
}

/* copies_tell - an LMTP client, of each recipient in its turn; what is left to be said */
static enum answer
copies_tell(struct session *s, enum answer answer)
{
	enum answer told = ANSWER_REPLY;

	for (size_t i = 0; i < s->n_recipients && told == ANSWER_REPLY; i++) {
		const char *line = s->said[i];

		if (line == NULL || *line == '\0')
			line = session_answers[ANSWER_TEMPFAIL].text;
		s->reply.code = atoi(line);
		s->reply.lines = 1;
		s->reply.last = 0;
		s->reply.len = (size_t)snprintf(s->reply.text, sizeof(s->reply.text), "%s\r\n",
		    line);
		s->owed = 1;
		if (i + 1 < s->n_recipients || session_answers[answer].closes)
			told = client_say(s, ANSWER_REPLY);
	}
	if (told != ANSWER_REPLY)
		return told;
	/* The last one is said by whoever called, if the session goes on. */
	s->owed = session_answers[answer].closes ? 0 : 1;
	return session_answers[answer].closes ? answer : ANSWER_REPLY;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_down - the downstream server: connection, commands, replies
 *
 * Of several servers the first one that welcomes us is used. Until a greeting
 * (HELO, EHLO, LHLO) was answered nothing depends on which one it is, so a
 * server that is lost before is passed over, too. After that there is no going
 * back: what was announced, and a transaction, belong to one server.
 *
 * The downstream must speak when it is asked and only then. Once it was lost
 * or talked nonsense, nobody knows what its next line would answer: whoever
 * gets ANSWER_DOWN_* or ANSWER_REPLY_LAST must not ask it again.
 *
 * Diagnostics: LOG_ERR no downstream welcomes us; LOG_WARNING one doesn't, and
 * there is another one; LOG_NOTICE another one than the first is used;
 * LOG_WARNING one lost or against the protocol.
 */
#include <string.h>
#include <sys/param.h>
#include <syslog.h>

#include "log.h"
#include "smtp_session.h"

#define WHERE_MAX 512

static enum answer down_try(struct session *);
static enum answer down_connect(struct session *);
static void down_complain(const struct session *, const char *);
static enum answer down_garbled(struct session *, const char *, struct span);

/*
 * down_open - connect, and hear the welcome
 *
 * ANSWER_REPLY, with the welcome. Else, if there was but one server, what it
 * said; if there were several, we have no single answer of theirs to hand on.
 */
enum answer
down_open(struct session *s)
{
	enum answer answer;
	char where[WHERE_MAX];

	while ((answer = down_try(s)) != ANSWER_REPLY) {
		io_close(&s->down);
		if (s->address->next == NULL)
			return s->addresses->next == NULL ? answer : ANSWER_UNREACHABLE;
		s->address = s->address->next;
	}
	if (s->address != s->addresses)
		log_write(LOG_NOTICE, "using next hop %s instead",
		    address_text(s->address, where, sizeof(where)));
	return answer;
}

/*
 * down_pass_over - after answer, go over to another server
 *
 * True if there was another one, and it has welcomed us.
 */
bool
down_pass_over(struct session *s, enum answer answer)
{
	char line[REPLY_LINE_LIMIT];

	if (s->state != STATE_HELO || !session_answers[answer].closes || s->address->next == NULL)
		return false;
	reply_last_line(&s->reply, line, sizeof(line));
	down_complain(s, session_answers[answer].relay ? line : s->fault);
	io_close(&s->down);
	s->address = s->address->next;
	return down_open(s) == ANSWER_REPLY;
}

/* down_complain - about the server that we are going to pass over */
static void
down_complain(const struct session *s, const char *why)
{
	char where[WHERE_MAX];

	log_write(s->address->next == NULL ? LOG_ERR : LOG_WARNING,
	    "next hop %s gave no usable greeting: %s",
	    address_text(s->address, where, sizeof(where)), why);
}

/* down_try - one server; ANSWER_REPLY, or what to tell the client if it is the only one */
static enum answer
down_try(struct session *s)
{
	/* Several must all get their turn while the client is still waiting. */
	uint64_t patience = s->address->next == NULL
	    ? s->conf->reply_timeout
	    : MIN(s->conf->connect_timeout, s->conf->reply_timeout);
	char banner[REPLY_LINE_LIMIT];
	enum answer answer;

	if ((answer = down_connect(s)) != ANSWER_NONE)
		return answer;
	s->doing = "greeting";
	answer = down_reply(s, CLASS_USUAL, session_until(s, patience));
	if (answer == ANSWER_REPLY && s->reply.code == 220)
		return answer;
	if (!session_answers[answer].relay) {
		down_complain(s, s->fault);
		return ANSWER_UNREACHABLE;
	}
	reply_last_line(&s->reply, banner, sizeof(banner));
	down_complain(s, banner);
	return s->reply.code >= 400 ? ANSWER_REPLY_REFUSED : ANSWER_UNREACHABLE;
}

static enum answer
down_connect(struct session *s)
{
	int64_t deadline = session_until(s, s->conf->connect_timeout);
	char where[WHERE_MAX];
	const char *why = NULL;
	int fd = address_connect(s->address, deadline, &why);

	address_text(s->address, where, sizeof(where));
	if (fd == -1) {
		log_write(s->address->next == NULL ? LOG_ERR : LOG_WARNING,
		    "cannot connect to next hop %s: %s", where, why);
		return ANSWER_UNREACHABLE;
	}
	log_write(LOG_DEBUG, "connected to next hop %s", where);
	io_init(&s->down, fd, fd);
	s->down.heed_input = true;
	return ANSWER_NONE;
}

/*
 * down_hello - the client's greeting, in the word that the server knows
 *
 * RFC 2033 4.1: LHLO has the meaning of EHLO. A server that refuses a word
 * which the client did not say is not what we were told it is, and the client
 * can't help that.
 */
enum answer
down_hello(struct session *s, const struct command_line *line)
{
	const char *word = s->address->lmtp ? "LHLO" : span_is(line->verb, "LHLO") ? "EHLO" : NULL;
	struct span rest = line->whole;
	enum answer answer;

	if (word == NULL || span_is(line->verb, word))
		return down_command(s, rest, "HELO", CLASS_USUAL);
	rest.text = line->verb.text + line->verb.len;
	rest.len -= (size_t)(rest.text - line->whole.text);
	/* Into the buffer, which is empty. */
	(void)io_write(&s->down, word, strlen(word), session_until(s, s->conf->reply_timeout));
	answer = down_command(s, rest, "HELO", CLASS_USUAL);
	if (answer != ANSWER_REPLY || s->reply.code / 100 == 2)
		return answer;
	session_fault(s, "next hop rejects %s", word);
	return ANSWER_UNREACHABLE;
}

/* down_extensions - of the reply to EHLO leave what the client may see */
enum answer
down_extensions(struct session *s)
{
	if (s->reply.code / 100 != 2)
		return ANSWER_REPLY;
	if (s->reply.code != 250 ||
	    !reply_filter_ehlo(&s->reply, s->conf->message_size_limit, session_trusts(s)))
		return down_garbled(s, "unexpected reply", (struct span){ "", 0 });
	return ANSWER_REPLY;
}

/* down_garbled - it broke the protocol; line is shown to the log only */
static enum answer
down_garbled(struct session *s, const char *what, struct span line)
{
	session_fault(s, "next hop, %s: %s", s->doing, what);
	log_write(LOG_WARNING, "next hop said: %.*s", (int)MIN(line.len, 200), line.text);
	return ANSWER_DOWN_GARBLED;
}

/*
 * down_fault - it can't be written to or read from
 *
 * If it spoke out of turn, a refusal is still worth handing on: a server may
 * give up in the middle of a message (421), or has seen enough of it.
 */
enum answer
down_fault(struct session *s, enum io_result result)
{
	enum answer answer;

	if (result == IO_TOO_LONG)
		return down_garbled(s, io_result_text(result), (struct span){ "", 0 });
	if (result != IO_INPUT) {
		session_fault(s, "next hop, %s: %s", s->doing, io_result_text(result));
		return ANSWER_DOWN_LOST;
	}
	answer = down_reply(s, CLASS(4) | CLASS(5), session_until(s, s->conf->reply_timeout));
	if (!session_answers[answer].relay)
		return answer;
	session_fault(s, "next hop, %s: %s", s->doing, io_result_text(result));
	return ANSWER_REPLY_LAST;
}

/*
 * down_reply - read one whole reply into s->reply
 *
 * ANSWER_REPLY if its class is one of those expected; ANSWER_REPLY_LAST if it
 * is 421, which may come at any time and says that the downstream closes (RFC
 * 5321 3.8). Of class 3 there is but 354.
 */
enum answer
down_reply(struct session *s, unsigned int expected, int64_t deadline)
{
	struct reply *reply = &s->reply;
	enum io_result result;
	struct span line = { "", 0 };
	const char *what;
	char *text;
	bool crlf, last = false;

	reply->len = reply->lines = reply->last = 0;
	deadline = MIN(deadline, s->last);
	while (!last) {
		result = io_read_line(&s->down, REPLY_LINE_LIMIT, deadline, &text, &line.len,
		    &crlf);
		if (result != IO_OK)
			return down_fault(s, result);
		line.text = text;
		if ((what = reply_add(reply, line, &last)) != NULL)
			return down_garbled(s, what, line);
	}
	log_write(LOG_DEBUG, "next hop: %.*s", (int)line.len, line.text);
	if (reply->code == 421) {
		session_fault(s, "next hop, %s: closes the connection", s->doing);
		log_write(LOG_WARNING, "next hop said: %.*s", (int)MIN(line.len, 200), line.text);
		return ANSWER_REPLY_LAST;
	}
	if ((expected & CLASS(reply->code / 100)) == 0 ||
	    (reply->code / 100 == 3 && reply->code != 354))
		return down_garbled(s, "unexpected reply", line);
	return ANSWER_REPLY;
}

enum answer
down_command(struct session *s, struct span line, const char *doing, unsigned int expected)
{
	int64_t deadline = session_until(s, s->conf->reply_timeout);
	enum io_result result;

	s->doing = doing;
	if ((result = io_write(&s->down, line.text, line.len, deadline)) != IO_OK ||
	    (result = io_write(&s->down, "\r\n", 2, deadline)) != IO_OK ||
	    (result = io_flush(&s->down, deadline)) != IO_OK)
		return down_fault(s, result);
	return down_reply(s, expected, deadline);
}

/*
 * down_reset - abandon the transaction of a message that was answered already
 *
 * If that fails, the client learns it as the reply to what it says next.
 */
enum answer
down_reset(struct session *s)
{
	enum answer answer;

	s->reset_due = false;
	answer = down_command(s, (struct span){ "RSET", 4 }, "RSET", CLASS(2));
	return answer == ANSWER_REPLY ? ANSWER_NONE : client_say(s, answer);
}

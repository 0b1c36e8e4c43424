/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_relay - the SMTP or LMTP session between a client and the downstream server
 *
 * One command at a time: read a line, look it up in the table `commands', act,
 * queue the answer. Envelope commands go downstream live and byte-identical
 * and the reply comes back unchanged. DATA is answered here, see
 * smtp_message.c. So the state of our session is the state of the downstream's,
 * and what the table doesn't refuse the downstream judges: addresses,
 * parameters, extensions.
 *
 * The client's descriptors belong to the caller, the downstream connection and
 * the envelope strings to the session.
 *
 * Both connections end when the downstream was lost or talked nonsense, and
 * input that is still waiting is thrown away. The same happens when a client
 * sends mail content that nobody asked for, lest it be taken for commands.
 *
 * Limits: line_limit, recipient_limit, error_limit, message_size_limit and the
 * timeouts of the configuration; REPLY_* in smtp_reply.h for the downstream.
 *
 * Diagnostics: LOG_ERR downstream not reachable; LOG_WARNING a peer lost or
 * against the protocol, with the session's state; LOG_DEBUG every command and
 * every change of state.
 *
 * Over 500 lines because the table of commands stands beside the handlers of its rows, so that
 * a command is read in one place.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/param.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "notify.h"
#include "smtp_relay.h"
#include "smtp_session.h"

#define LAST_RESORT 60 /* seconds, after which an alarm ends what has not ended by itself */
#define REFUSE_TIMEOUT 10 /* seconds, for the one line of smtp_relay_refuse */
#define XFORWARDS_MAX 100 /* commands in a transaction */

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

#define SPEAKS_BOTH (SPEAKS_SMTP | SPEAKS_LMTP)

#define IN(state) (1u << (state))
#define IN_ANY (~0u)
#define IN_TRANSACTION (IN(STATE_MAIL) | IN(STATE_RCPT))
#define STATE_SAME STATE_CONNECT /* nothing leads back there */

enum argument {
	ARG_ANY,
	ARG_NONE, /* RFC 5321 4.1.1: refused with 501 if there is one, */
	ARG_SOME /* or if there is none */
};

struct command {
	const char *name;
	enum answer (*handler)(struct session *,
	    const struct command_line *); /* NULL: not offered */
	unsigned int speakers; /* of which protocol it is a word */
	enum argument argument;
	unsigned int states; /* where it is in order */
	enum answer elsewhere; /* the reply to it, but for that of a missing HELO */
	enum state next; /* after a 2yz */
	bool brings_data; /* the client goes on with content if we say yes */
};

static enum answer session_next(struct session *);
static enum answer session_no_command(const struct session *, enum answer);
static enum answer session_command(struct session *, const struct command_line *);
static enum answer session_answer(struct session *, enum answer);
static void session_bound(struct session *);
static void session_close(struct session *);

static enum answer dot(struct session *, const struct command_line *);
static enum answer smtp_ehlo(struct session *, const struct command_line *);
static enum answer smtp_helo(struct session *, const struct command_line *);
static enum answer smtp_help(struct session *, const struct command_line *);
static enum answer smtp_lhlo(struct session *, const struct command_line *);
static enum answer smtp_mail(struct session *, const struct command_line *);
static enum answer smtp_noop(struct session *, const struct command_line *);
static enum answer smtp_quit(struct session *, const struct command_line *);
static enum answer smtp_rcpt(struct session *, const struct command_line *);
static enum answer smtp_rset(struct session *, const struct command_line *);
static enum answer smtp_xforward(struct session *, const struct command_line *);
static enum answer session_hello(struct session *, const struct command_line *, unsigned int);
static enum answer mail_check(const struct session *, struct span);
static bool path_take(struct span *, const char *, struct span *);
static struct span path_text(struct span *);

/*
 * The session, in alphabetical order. What has no handler is known and not
 * offered, and our EHLO does not name it (smtp_reply.c).
 *
 * Before a greeting only what IN_ANY has is in order, all else is 503 (RFC 5321
 * 4.1.4). A word of the other protocol is none (RFC 2033 4.1). DATA and a RSET
 * before the greeting find the next state by themselves: a transaction is over
 * after DATA, whatever the reply, unless there never was a 354.
 */
static const struct command commands[] = {
	/* RFC 4954 4 */
	{ "AUTH", NULL, SPEAKS_BOTH, ARG_ANY, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* RFC 3030 2 */
	{ "BDAT", NULL, SPEAKS_BOTH, ARG_ANY, IN_ANY, ANSWER_NONE, STATE_SAME, true },
	/* RFC 5321 4.1.1.4, 3.3; 2033 4.2; 2920 3.1 */
	{ "DATA", dot, SPEAKS_BOTH, ARG_NONE, IN_TRANSACTION, ANSWER_MAIL_FIRST, STATE_SAME, true },
	/* RFC 5321 4.1.1.1, 4.1.4: again at any time, a transaction ends with it */
	{ "EHLO", smtp_ehlo, SPEAKS_SMTP, ARG_SOME, IN_ANY, ANSWER_NONE, STATE_READY, false },
	/* RFC 1985 5 */
	{ "ETRN", NULL, SPEAKS_BOTH, ARG_ANY, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* RFC 5321 4.1.1.7, 7.3 */
	{ "EXPN", NULL, SPEAKS_BOTH, ARG_ANY, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* RFC 5321 4.1.1.1 */
	{ "HELO", smtp_helo, SPEAKS_SMTP, ARG_SOME, IN_ANY, ANSWER_NONE, STATE_READY, false },
	/* RFC 5321 4.1.1.8 */
	{ "HELP", smtp_help, SPEAKS_BOTH, ARG_ANY, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* RFC 2033 4.1 */
	{ "LHLO", smtp_lhlo, SPEAKS_LMTP, ARG_SOME, IN_ANY, ANSWER_NONE, STATE_READY, false },
	/* RFC 5321 4.1.1.2, 3.3; 1870 6; 3461 4.3, 4.4; 6152 2; 6531 3.4 */
	{ "MAIL", smtp_mail, SPEAKS_BOTH, ARG_SOME, IN(STATE_READY), ANSWER_NESTED_MAIL, STATE_MAIL,
	    false },
	/* RFC 5321 4.1.1.9 */
	{ "NOOP", smtp_noop, SPEAKS_BOTH, ARG_ANY, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* RFC 5321 4.1.1.10 */
	{ "QUIT", smtp_quit, SPEAKS_BOTH, ARG_NONE, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* RFC 5321 4.1.1.3, 3.3; 3461 4.1, 4.2 */
	{ "RCPT", smtp_rcpt, SPEAKS_BOTH, ARG_SOME, IN_TRANSACTION, ANSWER_MAIL_FIRST, STATE_RCPT,
	    false },
	/* RFC 5321 4.1.1.5 */
	{ "RSET", smtp_rset, SPEAKS_BOTH, ARG_NONE, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* RFC 3207 4 */
	{ "STARTTLS", NULL, SPEAKS_BOTH, ARG_ANY, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* RFC 5321 F.1 */
	{ "TURN", NULL, SPEAKS_BOTH, ARG_ANY, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* RFC 5321 4.1.1.6, 7.3 */
	{ "VRFY", NULL, SPEAKS_BOTH, ARG_ANY, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* XCLIENT_README */
	{ "XCLIENT", NULL, SPEAKS_BOTH, ARG_ANY, IN_ANY, ANSWER_NONE, STATE_SAME, false },
	/* XFORWARD_README: anywhere but between MAIL and the end of the transaction */
	{ "XFORWARD", smtp_xforward, SPEAKS_BOTH, ARG_SOME, IN(STATE_READY), ANSWER_IN_MAIL,
	    STATE_SAME, false }
};

static int
command_compare(const void *key, const void *element)
{
	const struct span *verb = key;
	const struct command *command = element;
	int order;

	order = strncasecmp(verb->text, command->name, verb->len);
	return order != 0 || command->name[verb->len] == '\0' ? order : -1;
}

static const struct command *
command_find(struct span verb)
{
	return bsearch(&verb, commands, N_ELEMENTS(commands), sizeof(commands[0]), command_compare);
}

/*
 * The session.
 */

int
smtp_relay(const struct conf *conf, const struct address *addresses, const struct smtp_peer *peer,
    int rfd, int wfd)
{
	struct session *s;
	enum answer answer;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		log_write(LOG_ERR, "out of memory");
		smtp_relay_refuse(wfd, "Out of memory");
		return EX_IOERR;
	}
	s->conf = conf;
	s->addresses = s->address = addresses;
	s->peer = peer;
	s->state = STATE_CONNECT;
	s->speaks = SPEAKS_BOTH;
	s->owed = 1;
	session_bound(s);
	s->down.rfd = s->down.wfd = -1;
	io_init(&s->client, rfd, wfd);

	if ((answer = down_open(s)) == ANSWER_REPLY)
		session_enter(s, STATE_HELO);
	answer = session_answer(s, answer);
	while (!session_answers[answer].closes) {
		answer = session_answer(s, session_next(s));
		if (s->client.out_len == 0) {
			metrics_write();
			notify_send();
		}
	}
	session_close(s);
	return session_answers[answer].exit;
}

/*
 * session_bound - the end of this session, whatever state it is in
 *
 * A message that came in whole at the last moment is still inspected and delivered.
 * Nothing else kills us: spawn(8) tries to, with command_time_limit, but before Postfix
 * 3.10 it is not allowed to. An alarm is for what has no deadline of its own, as a file
 * system that does not answer.
 */
static void
session_bound(struct session *s)
{
	const struct conf *conf = s->conf;
	uint64_t delivery = conf->inspect_timeout + conf->send_timeout + conf->final_timeout;
	uint64_t alarm_after = conf->session_timeout + delivery + LAST_RESORT;

	s->end = session_deadline(conf->session_timeout);
	s->last = session_deadline(conf->session_timeout + delivery);
	(void)alarm(alarm_after < INT_MAX ? (unsigned int)alarm_after : INT_MAX);
}

static void
session_close(struct session *s)
{
	session_enter(s, STATE_CLOSED);
	io_discard_input(&s->client);
	io_close(&s->down);
	session_end_transaction(s);
	free(s);
}

/* session_answer - tell the client, and tidy up behind; returns the last word */
static enum answer
session_answer(struct session *s, enum answer answer)
{
	if (session_answers[answer].error && ++s->errors > s->conf->error_limit) {
		log_write(LOG_WARNING, "client: too many errors");
		answer = ANSWER_TOO_MANY_ERRORS;
	}
	if (answer == ANSWER_NO_MEMORY)
		log_write(LOG_ERR, "out of memory");
	answer = client_say(s, answer);
	if (s->reset_due && !session_answers[answer].closes)
		answer = client_flush(s, answer);
	if (s->reset_due && !session_answers[answer].closes)
		answer = down_reset(s);
	/* Content that is already here can't have waited for our 354 (RFC 2920 3.1). */
	if (s->data_refused && s->client.in_begin < s->client.in_end &&
	    !session_answers[answer].closes)
		answer = client_say(s, ANSWER_UNASKED);
	if (session_answers[answer].closes || !io_line_waiting(&s->client))
		answer = client_flush(s, answer);
	return answer;
}

/* session_next - read one command and do it */
static enum answer
session_next(struct session *s)
{
	int64_t deadline = MIN(session_deadline(s->conf->command_timeout), s->end);
	struct command_line line;
	enum io_result result;
	struct span rest;
	char *text;
	size_t len;
	bool crlf;

	/* What waits in the buffer is handed out whatever the clock says. */
	if (clock_ms() >= s->end)
		return client_fault(s, IO_TIMEOUT);
	result = io_read_line(&s->client, s->conf->line_limit, deadline, &text, &len, &crlf);
	if (result == IO_TOO_LONG)
		return session_no_command(s, ANSWER_LINE_TOO_LONG);
	if (result != IO_OK)
		return client_fault(s, result);
	if (memchr(text, '\r', len) != NULL || memchr(text, '\0', len) != NULL ||
	    (!crlf && s->conf->bare_newline == NEWLINE_REJECT))
		return session_no_command(s, ANSWER_STRAY_BYTE);
	rest = line.whole = (struct span){ text, len };
	line.verb = span_word(&rest);
	span_skip_blanks(&rest);
	line.arg = rest;
	return session_command(s, &line);
}

/* session_no_command - where content would have followed a 354, it is content */
static enum answer
session_no_command(const struct session *s, enum answer answer)
{
	return s->data_refused ? ANSWER_UNASKED : answer;
}

static enum answer
session_command(struct session *s, const struct command_line *line)
{
	const struct command *command = command_find(line->verb);
	enum answer answer;

	if (command == NULL)
		return session_no_command(s, ANSWER_UNKNOWN);
	s->delivered = false;
	log_write(LOG_DEBUG, "client: %.*s", (int)line->whole.len, line->whole.text);
	/* Only a handler that sent a 354 takes this back. */
	s->data_refused = command->brings_data;
	if (command->handler == NULL)
		return ANSWER_NOT_OFFERED;
	if ((command->speakers & s->speaks) == 0)
		return ANSWER_UNKNOWN;
	if ((command->states & IN(s->state)) == 0)
		return s->state == STATE_HELO ? ANSWER_HELO_FIRST : command->elsewhere;
	if (command->argument == ARG_NONE && line->arg.len > 0)
		return ANSWER_NO_ARGUMENT;
	if (command->argument == ARG_SOME && line->arg.len == 0)
		return ANSWER_ARGUMENT;
	if (command->handler == smtp_xforward && !session_trusts(s))
		return ANSWER_NOT_TRUSTED;
	answer = command->handler(s, line);
	if (answer == ANSWER_REPLY && s->reply.code / 100 == 2 && command->next != STATE_SAME)
		session_enter(s, command->next);
	return answer;
}

void
smtp_relay_refuse(int wfd, const char *text)
{
	int64_t deadline = session_deadline(REFUSE_TIMEOUT);
	struct io *io;
	char line[512], *p;
	int n;

	if ((io = calloc(1, sizeof(*io))) == NULL)
		return;
	n = snprintf(line, sizeof(line), "421 4.3.0 %.400s", text);
	for (p = line; *p != '\0'; p++) {
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	}
	io_init(io, -1, wfd);
	if (io_write(io, line, (size_t)n, deadline) == IO_OK &&
	    io_write(io, "\r\n", 2, deadline) == IO_OK)
		(void)io_flush(io, deadline);
	free(io);
}

/*
 * Commands.
 */

/* session_hello - what HELO, EHLO and LHLO have in common */
static enum answer
session_hello(struct session *s, const struct command_line *line, unsigned int speaks)
{
	enum answer answer;

	do
		answer = down_hello(s, line);
	while (down_pass_over(s, answer));
	if (answer == ANSWER_REPLY && s->reply.code / 100 == 2) {
		s->speaks = speaks;
		/* RFC 5321 4.1.4: a new HELO is a RSET too. */
		session_end_transaction(s);
	}
	/* As when none of them welcomes us. */
	return session_answers[answer].closes && s->addresses->next != NULL ? ANSWER_UNREACHABLE
									    : answer;
}

static enum answer
smtp_helo(struct session *s, const struct command_line *line)
{
	enum answer answer;

	answer = session_hello(s, line, SPEAKS_SMTP);
	/* There may be a list, of a LHLO. */
	if (answer == ANSWER_REPLY && s->address->lmtp)
		reply_keep_first(&s->reply);
	return answer;
}

static enum answer
smtp_ehlo(struct session *s, const struct command_line *line)
{
	enum answer answer;

	answer = session_hello(s, line, SPEAKS_SMTP);
	return answer == ANSWER_REPLY ? down_extensions(s) : answer;
}

static enum answer
smtp_lhlo(struct session *s, const struct command_line *line)
{
	enum answer answer;

	answer = session_hello(s, line, SPEAKS_LMTP);
	return answer == ANSWER_REPLY ? down_extensions(s) : answer;
}

static enum answer
smtp_help(struct session *s, const struct command_line *line)
{
	(void)s;
	(void)line;
	return ANSWER_HELP;
}

/* smtp_noop - relayed, so that a client that keeps us alive keeps the downstream alive */
static enum answer
smtp_noop(struct session *s, const struct command_line *line)
{
	return down_command(s, line->whole, "NOOP", CLASS_USUAL);
}

static enum answer
smtp_rset(struct session *s, const struct command_line *line)
{
	enum answer answer;

	/* RFC 5321 4.1.1.5 has no reply but 250, and after any other we'd not know where we are. */
	answer = down_command(s, line->whole, "RSET", CLASS(2));
	if (answer == ANSWER_REPLY) {
		session_end_transaction(s);
		if (s->state != STATE_HELO)
			session_enter(s, STATE_READY);
	}
	return answer;
}

static enum answer
smtp_quit(struct session *s, const struct command_line *line)
{
	enum answer answer;

	answer = down_command(s, line->whole, "QUIT", CLASS_USUAL);
	return answer == ANSWER_REPLY ? ANSWER_REPLY_QUIT : answer;
}

/*
 * path_take - the keyword with its colon, then a path, off the front of rest
 *
 * False if there is none, and so nothing that could be told of it. "<>" is one;
 * blanks behind the colon are against RFC 5321 3.3 but for the downstream to
 * judge.
 */
static bool
path_take(struct span *rest, const char *keyword, struct span *path)
{
	if (!span_take(rest, keyword))
		return false;
	span_skip_blanks(rest);
	if (rest->len == 0)
		return false;
	*path = path_text(rest);
	return true;
}

/*
 * path_text - what is between < and > (or the bare word); *rest is left behind it
 *
 * For the log and for finding the parameters; whether it is a path is for the
 * downstream to judge. A quoted string may hold blanks and brackets (RFC 5321
 * 4.1.2).
 */
static struct span
path_text(struct span *rest)
{
	const char *begin, *p, *end;
	bool quoted = false;

	span_skip_blanks(rest);
	if (rest->len == 0 || *rest->text != '<')
		return span_word(rest);
	begin = rest->text + 1;
	end = rest->text + rest->len;
	for (p = begin; p < end && (quoted || *p != '>'); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\' && end - p > 1)
			p++;
	}
	*rest = (struct span){ p, (size_t)(end - p) };
	(void)span_take(rest, ">");
	return (struct span){ begin, (size_t)(p - begin) };
}

/* mail_check - parameters of MAIL that we must refuse ourselves; ANSWER_NONE: none */
static enum answer
mail_check(const struct session *s, struct span rest)
{
	uint64_t limit = s->conf->message_size_limit, size;
	struct span word;
	char digits[24];

	while ((word = span_word(&rest)).len > 0) {
		/* RFC 3030: announced by nobody, and we could not carry it. */
		if (span_is(word, "BODY=BINARYMIME"))
			return ANSWER_BINARY;
		if (!span_take(&word, "SIZE="))
			continue;
		/* RFC 1870 3: 1 to 20 digits. */
		snprintf(digits, sizeof(digits), "%.*s", (int)MIN(word.len, 21), word.text);
		if (word.len == 0 || word.len > 20 || digits[strspn(digits, "0123456789")] != '\0')
			return ANSWER_ARGUMENT;
		size = strtoull(digits, NULL, 10);
		if (limit != 0 && size > limit)
			return ANSWER_SIZE;
	}
	return ANSWER_NONE;
}

static enum answer
smtp_mail(struct session *s, const struct command_line *line)
{
	struct span rest = line->arg, path;
	enum answer answer;

	if (!path_take(&rest, "FROM:", &path))
		return ANSWER_ARGUMENT;
	if ((answer = mail_check(s, rest)) != ANSWER_NONE)
		return answer;
	session_reset_envelope(s);
	if ((s->sender = strndup(path.text, path.len)) == NULL ||
	    (s->mail = strndup(line->whole.text, line->whole.len)) == NULL)
		return ANSWER_NO_MEMORY;
	return down_command(s, line->whole, "MAIL", CLASS_USUAL);
}

static enum answer
smtp_rcpt(struct session *s, const struct command_line *line)
{
	struct span rest = line->arg, path;
	enum answer answer;
	char **grown, *recipient, *rcpt;

	if (!path_take(&rest, "TO:", &path))
		return ANSWER_ARGUMENT;
	/* RFC 5321 4.5.3.1.10: those that were accepted stay so. */
	if (s->n_recipients >= s->conf->recipient_limit)
		return ANSWER_RECIPIENTS;
	/* Room first: once the downstream said yes, the recipient is ours. */
	grown = reallocarray(s->recipients, s->n_recipients + 1, sizeof(*grown));
	if (grown == NULL)
		return ANSWER_NO_MEMORY;
	s->recipients = grown;
	if ((grown = reallocarray(s->rcpts, s->n_recipients + 1, sizeof(*grown))) == NULL)
		return ANSWER_NO_MEMORY;
	s->rcpts = grown;
	recipient = strndup(path.text, path.len);
	rcpt = strndup(line->whole.text, line->whole.len);
	if (recipient == NULL || rcpt == NULL) {
		free(recipient);
		free(rcpt);
		return ANSWER_NO_MEMORY;
	}

	answer = down_command(s, line->whole, "RCPT", CLASS_USUAL);
	if (answer == ANSWER_REPLY && s->reply.code / 100 == 2) {
		s->rcpts[s->n_recipients] = rcpt;
		s->recipients[s->n_recipients++] = recipient;
		return answer;
	}
	free(recipient);
	free(rcpt);
	s->n_refused++;
	return answer;
}

static enum answer
smtp_xforward(struct session *s, const struct command_line *line)
{
	enum answer answer;
	char **grown;

	/* Each is said again for each copy; a client that forwards needs two or three. */
	if (s->n_xforwards >= XFORWARDS_MAX)
		return ANSWER_ARGUMENT;
	grown = reallocarray(s->xforwards, s->n_xforwards + 1, sizeof(*grown));
	if (grown == NULL)
		return ANSWER_NO_MEMORY;
	s->xforwards = grown;
	if ((grown[s->n_xforwards] = strndup(line->whole.text, line->whole.len)) == NULL)
		return ANSWER_NO_MEMORY;
	answer = down_command(s, line->whole, "XFORWARD", CLASS_USUAL);
	if (answer == ANSWER_REPLY && s->reply.code / 100 == 2) {
		s->n_xforwards++;
		xforward_note(&s->xforward, line->arg);
	} else
		free(grown[s->n_xforwards]);
	return answer;
}

static enum answer
dot(struct session *s, const struct command_line *line)
{
	(void)line;
	if (s->n_recipients > 0)
		return smtp_message(s);
	/* RFC 5321 3.3 leaves the choice for SMTP, RFC 2033 4.2 demands 503 for LMTP. */
	return s->n_refused > 0 && s->speaks != SPEAKS_LMTP ? ANSWER_ALL_REFUSED
							    : ANSWER_RCPT_FIRST;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_relay - the SMTP session between a client and the downstream server
 *
 * One command at a time: read a line, act, queue the answer. Envelope commands
 * go downstream live and byte-identical and the reply comes back unchanged.
 * DATA is answered here: the message is spooled and inspected before the
 * downstream hears of it, then sent, and the downstream's reply is the
 * client's. No success is ever told that the downstream did not tell, but for
 * a discarded message.
 *
 * Every handler returns an enum answer; the table `answers' says for each what
 * the client hears, what becomes of the message, whether the session ends and
 * with which exit code. Nothing from a mail gets into an answer.
 *
 * The client's descriptors belong to the caller, the downstream connection and
 * the envelope strings to the session. A transaction lives within smtp_data,
 * and the envelope strings live longer.
 *
 * The downstream must speak when it is asked and only then. Once it was lost
 * or talked nonsense, nobody knows what its next line would answer: so both
 * connections end there, and input that is still waiting is thrown away. The
 * same happens when a client sends mail content that nobody asked for, lest it
 * be taken for commands.
 *
 * Limits: line_limit, recipient_limit, error_limit, message_size_limit and the
 * timeouts of the configuration; REPLY_* below for the downstream.
 *
 * Diagnostics: LOG_ERR downstream not reachable; LOG_WARNING a peer lost or
 * against the protocol, with the session's state; LOG_DEBUG every command and
 * every change of state.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/param.h>
#include <sysexits.h>
#include <unistd.h>

#include "line_io.h"
#include "log.h"
#include "message.h"
#include "smtp_data.h"
#include "smtp_relay.h"
#include "smtp_reply.h"
#include "span.h"
#include "transaction.h"

#define XFORWARD_MAX		256	/* as in Postfix */
#define ONE_YEAR		(UINT64_C(365) * 86400)
#define REFUSE_TIMEOUT		10	/* seconds, for the one line of smtp_refuse_service */

/* Reply classes, as an argument: which first digits are in order here. */
#define CLASS(n)		(1u << (n))
#define CLASS_USUAL		(CLASS(2) | CLASS(4) | CLASS(5))

enum state {
	STATE_CONNECT,	/* no downstream yet */
	STATE_HELO,	/* banner given, waiting for HELO or EHLO */
	STATE_READY,	/* no transaction */
	STATE_MAIL,	/* sender accepted, no recipient yet */
	STATE_RCPT,	/* at least one recipient accepted */
	STATE_DATA,	/* receiving a message */
	STATE_INSPECT,
	STATE_SEND,	/* DATA and the message on their way downstream */
	STATE_FINAL,	/* final dot sent: whose the message is, nobody knows */
	STATE_CLOSED
};

static const char *const state_names[] = {
	[STATE_CONNECT] = "CONNECT",
	[STATE_HELO] = "HELO",
	[STATE_READY] = "READY",
	[STATE_MAIL] = "MAIL",
	[STATE_RCPT] = "RCPT",
	[STATE_DATA] = "DATA",
	[STATE_INSPECT] = "INSPECT",
	[STATE_SEND] = "SEND",
	[STATE_FINAL] = "FINAL",
	[STATE_CLOSED] = "CLOSED"
};

#define N_ELEMENTS(array)	(sizeof(array) / sizeof((array)[0]))

#define IN(state)	(1u << (state))
#define IN_ANY		(~0u)

/* What a step came to. */
enum answer {
	ANSWER_NONE,		/* nothing to say yet, go on */
	ANSWER_REPLY,		/* what the downstream said ... */
	ANSWER_REPLY_QUIT,	/* ... to QUIT */
	ANSWER_REPLY_REFUSED,	/* ... instead of a welcome */
	ANSWER_REPLY_LAST,	/* ... and it will say no more, or no more that makes sense */

	ANSWER_HELP,
	ANSWER_UNKNOWN,
	ANSWER_NOT_OFFERED,
	ANSWER_LINE_TOO_LONG,
	ANSWER_STRAY_BYTE,
	ANSWER_NO_ARGUMENT,
	ANSWER_HELO_FIRST,
	ANSWER_NESTED_MAIL,
	ANSWER_MAIL_FIRST,
	ANSWER_RCPT_FIRST,
	ANSWER_ALL_REFUSED,
	ANSWER_BINARY,
	ANSWER_SIZE,
	ANSWER_RECIPIENTS,
	ANSWER_NO_MEMORY,

	ANSWER_TOO_BIG,
	ANSWER_BARE_CR,
	ANSWER_BARE_LF,
	ANSWER_SPOOL,
	ANSWER_DISCARD,
	ANSWER_TEMPFAIL,
	ANSWER_REJECT,

	ANSWER_CLIENT_LEFT,	/* between transactions */
	ANSWER_CLIENT_LOST,
	ANSWER_CLIENT_TIMEOUT,
	ANSWER_TOO_MANY_ERRORS,
	ANSWER_UNASKED,
	ANSWER_UNREACHABLE,
	ANSWER_DOWN_LOST,
	ANSWER_DOWN_GARBLED,
	ANSWER_INTERNAL
};

static const struct {
	const char *text;	/* NULL: nothing of our own */
	bool relay;		/* session.reply is the answer */
	bool error;		/* counts towards error_limit */
	bool closes;		/* the session ends */
	enum outcome outcome;	/* of a message, unless a relayed reply says it */
	int exit;		/* if the session ends */
} answers[] = {
	[ANSWER_NONE] = { .outcome = OUTCOME_DEFERRED },
	[ANSWER_REPLY] = { .relay = true },
	[ANSWER_REPLY_QUIT] = { .relay = true, .closes = true, .exit = EX_OK },
	[ANSWER_REPLY_REFUSED] = { .relay = true, .closes = true, .exit = EX_UNAVAILABLE },
	[ANSWER_REPLY_LAST] = { .relay = true, .closes = true, .exit = EX_IOERR },

	[ANSWER_HELP] = { .text = "214 2.0.0 This is a content filter, see RFC 5321" },
	[ANSWER_UNKNOWN] = { .text = "500 5.5.1 Command unknown", .error = true },
	[ANSWER_NOT_OFFERED] = { .text = "502 5.5.1 Command not implemented", .error = true },
	[ANSWER_LINE_TOO_LONG] = { .text = "500 5.5.2 Line too long", .error = true },
	[ANSWER_STRAY_BYTE] = { .text = "500 5.5.2 CR or NUL within a command", .error = true },
	[ANSWER_NO_ARGUMENT] = { .text = "501 5.5.4 This command has no argument",
	    .error = true },
	[ANSWER_HELO_FIRST] = { .text = "503 5.5.1 Say HELO or EHLO first", .error = true },
	[ANSWER_NESTED_MAIL] = { .text = "503 5.5.1 Sender was given already", .error = true },
	[ANSWER_MAIL_FIRST] = { .text = "503 5.5.1 Say MAIL first", .error = true },
	[ANSWER_RCPT_FIRST] = { .text = "503 5.5.1 Say RCPT first", .error = true },
	[ANSWER_ALL_REFUSED] = { .text = "554 5.5.1 No valid recipients", .error = true },
	[ANSWER_BINARY] = { .text = "555 5.5.4 BODY=BINARYMIME is not supported", .error = true },
	[ANSWER_SIZE] = { .text = "552 5.3.4 Message too big" },
	[ANSWER_RECIPIENTS] = { .text = "452 4.5.3 Too many recipients" },
	[ANSWER_NO_MEMORY] = { .text = "452 4.3.0 Out of memory" },

	[ANSWER_TOO_BIG] = { .text = "552 5.3.4 Message too big", .outcome = OUTCOME_REFUSED },
	[ANSWER_BARE_CR] = { .text = "550 5.5.2 Message has a CR without LF",
	    .outcome = OUTCOME_REFUSED },
	[ANSWER_BARE_LF] = { .text = "550 5.5.2 Message has a LF without CR",
	    .outcome = OUTCOME_REFUSED },
	[ANSWER_SPOOL] = { .text = "452 4.3.1 No room for the message",
	    .outcome = OUTCOME_DEFERRED },
	[ANSWER_DISCARD] = { .text = "250 2.0.0 Ok: discarded", .outcome = OUTCOME_DISCARDED },
	[ANSWER_TEMPFAIL] = { .text = "451 4.3.0 Message could not be processed, try again later",
	    .outcome = OUTCOME_DEFERRED },
	[ANSWER_REJECT] = { .text = "550 5.7.1 Message refused by the content filter",
	    .outcome = OUTCOME_REFUSED },

	[ANSWER_CLIENT_LEFT] = { .closes = true, .exit = EX_OK },
	[ANSWER_CLIENT_LOST] = { .closes = true, .outcome = OUTCOME_DEFERRED, .exit = EX_IOERR },
	[ANSWER_CLIENT_TIMEOUT] = { .text = "421 4.4.2 Timed out, closing connection",
	    .closes = true, .outcome = OUTCOME_DEFERRED, .exit = EX_IOERR },
	[ANSWER_TOO_MANY_ERRORS] = { .text = "421 4.7.0 Too many errors, closing connection",
	    .closes = true, .exit = EX_OK },
	[ANSWER_UNASKED] = {
	    .text = "421 4.7.0 Message sent without being asked for, closing connection",
	    .closes = true, .exit = EX_OK },
	[ANSWER_UNREACHABLE] = {
	    .text = "421 4.4.2 Next mail server not available, closing connection",
	    .closes = true, .exit = EX_UNAVAILABLE },
	[ANSWER_DOWN_LOST] = { .text = "421 4.4.2 Next mail server lost, closing connection",
	    .closes = true, .outcome = OUTCOME_DEFERRED, .exit = EX_IOERR },
	[ANSWER_DOWN_GARBLED] = {
	    .text = "451 4.3.0 Next mail server is confused, closing connection",
	    .closes = true, .outcome = OUTCOME_DEFERRED, .exit = EX_IOERR },
	[ANSWER_INTERNAL] = { .text = "451 4.3.0 Internal error, closing connection",
	    .closes = true, .outcome = OUTCOME_DEFERRED, .exit = EX_IOERR }
};

/* What the client told of the original client, decoded; "" = not told. */
struct xforward {
	char name[XFORWARD_MAX];
	char addr[XFORWARD_MAX];
	char helo[XFORWARD_MAX];
	char whole[3 * XFORWARD_MAX + 8];	/* "name[addr] helo" */
};

struct session {
	const struct conf *conf;
	const struct address *address;
	enum state state;
	struct io client, down;
	struct reply reply;		/* the downstream's latest */
	const char *doing;		/* what it was asked, for the log */
	char fault[128];		/* the latest fault, a printable sentence */
	size_t errors;
	bool reset_due;			/* a transaction is open downstream that is over here */
	bool data_refused;		/* the last command asked for DATA and didn't get it */
	bool delivered;			/* the answer under way says that a message was taken */
	struct xforward xforward;
	char *sender;
	char **recipients;		/* accepted ones */
	size_t n_recipients, n_refused;
	struct transaction transaction;
};

struct command_line {
	struct span whole, verb, arg;
};

struct command {
	const char *name;
	enum answer (*handler)(struct session *, const struct command_line *);	/* NULL: not offered */
	unsigned int states;		/* where it is in order */
	enum answer out_of_order;	/* elsewhere */
	bool brings_data;		/* the client goes on with content if we say yes */
};

/* Where received bytes go. Once something went wrong they go nowhere. */
struct spool {
	struct message *message;
	enum message_result result;
};

/* The message on its way downstream. */
struct sending {
	struct io *io;
	struct dot_encoder encoder;
	int64_t deadline;
	enum io_result result;
	uint64_t bytes;
};

static int64_t		 deadline_after(uint64_t);

static void		 session_enter(struct session *, enum state);
static void		 session_fault(struct session *, const char *, ...)
			    __attribute__((format(printf, 2, 3)));
static enum answer	 session_open(struct session *);
static enum answer	 session_next(struct session *);
static enum answer	 session_no_command(const struct session *, enum answer);
static enum answer	 session_command(struct session *, const struct command_line *);
static enum answer	 session_answer(struct session *, enum answer);
static void		 session_close(struct session *);
static void		 envelope_reset(struct session *);

static enum answer	 client_fault(struct session *, enum io_result);
static enum answer	 client_say(struct session *, enum answer);
static enum answer	 client_flush(struct session *, enum answer);
static enum answer	 client_deaf(struct session *, enum answer, enum io_result);

static enum answer	 down_connect(struct session *);
static enum answer	 down_reply(struct session *, unsigned int, int64_t);
static enum answer	 down_garbled(struct session *, const char *, struct span);
static enum answer	 down_fault(struct session *, enum io_result);
static enum answer	 down_command(struct session *, struct span, const char *, unsigned int);
static enum answer	 down_reset(struct session *);

static enum answer	 smtp_data(struct session *, const struct command_line *);
static enum answer	 smtp_ehlo(struct session *, const struct command_line *);
static enum answer	 smtp_helo(struct session *, const struct command_line *);
static enum answer	 smtp_help(struct session *, const struct command_line *);
static enum answer	 smtp_mail(struct session *, const struct command_line *);
static enum answer	 smtp_noop(struct session *, const struct command_line *);
static enum answer	 smtp_quit(struct session *, const struct command_line *);
static enum answer	 smtp_rcpt(struct session *, const struct command_line *);
static enum answer	 smtp_rset(struct session *, const struct command_line *);
static enum answer	 smtp_xforward(struct session *, const struct command_line *);
static enum answer	 mail_check(struct session *, struct span);
static struct span	 path_text(struct span *);
static void		 xforward_note(struct xforward *, struct span);
static void		 xtext_decode(struct span, char *, size_t);

static void		 data_begin(struct session *);
static enum answer	 data_receive(struct session *);
static enum answer	 data_spool(struct session *, int64_t);
static bool		 data_store(void *, const char *, size_t);
static enum answer	 data_judge(struct session *, const struct dot_decoder *, enum message_result);
static enum answer	 data_dispose(struct session *);
static enum answer	 data_deliver(struct session *);
static enum answer	 data_send(struct session *);
static bool		 data_send_piece(void *, const char *, size_t);
static bool		 data_send_wire(void *, const char *, size_t);
static void		 data_finish(struct session *, enum answer);

/* In alphabetical order. What has no handler is known and not offered. */
static const struct command commands[] = {
	{ "AUTH", NULL, IN_ANY, ANSWER_NONE, false },
	{ "BDAT", NULL, IN_ANY, ANSWER_NONE, true },
	{ "DATA", smtp_data, IN(STATE_MAIL) | IN(STATE_RCPT), ANSWER_MAIL_FIRST, true },
	{ "EHLO", smtp_ehlo, IN_ANY, ANSWER_NONE, false },
	{ "ETRN", NULL, IN_ANY, ANSWER_NONE, false },
	{ "EXPN", NULL, IN_ANY, ANSWER_NONE, false },
	{ "HELO", smtp_helo, IN_ANY, ANSWER_NONE, false },
	{ "HELP", smtp_help, IN_ANY, ANSWER_NONE, false },
	{ "LHLO", NULL, IN_ANY, ANSWER_NONE, false },
	{ "MAIL", smtp_mail, IN(STATE_READY), ANSWER_NESTED_MAIL, false },
	{ "NOOP", smtp_noop, IN_ANY, ANSWER_NONE, false },
	{ "QUIT", smtp_quit, IN_ANY, ANSWER_NONE, false },
	{ "RCPT", smtp_rcpt, IN(STATE_MAIL) | IN(STATE_RCPT), ANSWER_MAIL_FIRST, false },
	{ "RSET", smtp_rset, IN_ANY, ANSWER_NONE, false },
	{ "STARTTLS", NULL, IN_ANY, ANSWER_NONE, false },
	{ "TURN", NULL, IN_ANY, ANSWER_NONE, false },
	{ "VRFY", NULL, IN_ANY, ANSWER_NONE, false },
	{ "XCLIENT", NULL, IN_ANY, ANSWER_NONE, false },
	{ "XFORWARD", smtp_xforward, IN_ANY, ANSWER_NONE, false }
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
 * Small tools.
 */

static int64_t
deadline_after(uint64_t seconds)
{
	return io_now() + (int64_t)MIN(seconds, ONE_YEAR) * 1000;
}

/*
 * The session.
 */

/* session_enter - the one place where the state changes */
static void
session_enter(struct session *s, enum state state)
{
	if (state == s->state)
		return;
	log_write(LOG_DEBUG, "session: %s -> %s", state_names[s->state], state_names[state]);
	s->state = state;
}

static void
session_fault(struct session *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->fault, sizeof(s->fault), fmt, ap);
	va_end(ap);
	log_write(LOG_WARNING, "%s (session in state %s)", s->fault, state_names[s->state]);
}

static void
envelope_reset(struct session *s)
{
	while (s->n_recipients > 0)
		free(s->recipients[--s->n_recipients]);
	free(s->recipients);
	free(s->sender);
	s->recipients = NULL;
	s->sender = NULL;
	s->n_refused = 0;
}

/*
 * client_fault - the client is gone or silent
 *
 * Between transactions a client may leave as it likes, and some do (a
 * connection cache, a port check).
 */
static enum answer
client_fault(struct session *s, enum io_result result)
{
	if (result == IO_EOF && s->state <= STATE_READY) {
		log_write(LOG_INFO, "client left without QUIT");
		return ANSWER_CLIENT_LEFT;
	}
	session_fault(s, "client: %s", io_result_text(result));
	return result == IO_TIMEOUT ? ANSWER_CLIENT_TIMEOUT : ANSWER_CLIENT_LOST;
}

/* client_say - queue the answer; returns what became of it */
static enum answer
client_say(struct session *s, enum answer answer)
{
	int64_t deadline = deadline_after(s->conf->command_timeout);
	enum io_result result = IO_OK;
	const char *text = answers[answer].text;

	if (answers[answer].relay)
		result = io_write(&s->client, s->reply.text, s->reply.len, deadline);
	else if (text != NULL &&
	    (result = io_write(&s->client, text, strlen(text), deadline)) == IO_OK)
		result = io_write(&s->client, "\r\n", 2, deadline);
	return result == IO_OK ? answer : client_deaf(s, answer, result);
}

/* client_flush - send what is queued; returns answer, or what became instead */
static enum answer
client_flush(struct session *s, enum answer answer)
{
	enum io_result result;

	result = io_flush(&s->client, deadline_after(s->conf->command_timeout));
	return result == IO_OK ? answer : client_deaf(s, answer, result);
}

/*
 * client_deaf - it did not take its answer; returns what that makes of it
 *
 * A client that doesn't wait for the last words of a session is not lost.
 */
static enum answer
client_deaf(struct session *s, enum answer answer, enum io_result result)
{
	if (answers[answer].closes)
		return answer;
	session_fault(s, "client: %s while it was answered", io_result_text(result));
	if (s->delivered)
		log_write(LOG_WARNING, "client doesn't know that its message was delivered "
		    "and may send it again");
	return ANSWER_CLIENT_LOST;
}

/* session_answer - tell the client, and tidy up behind; returns the last word */
static enum answer
session_answer(struct session *s, enum answer answer)
{
	if (answers[answer].error && ++s->errors > s->conf->error_limit) {
		log_write(LOG_WARNING, "client made too many errors");
		answer = ANSWER_TOO_MANY_ERRORS;
	}
	answer = client_say(s, answer);
	if (s->reset_due && !answers[answer].closes)
		answer = client_flush(s, answer);
	if (s->reset_due && !answers[answer].closes)
		answer = down_reset(s);
	/* Content that is already here can't have waited for our 354 (RFC 2920 3.1). */
	if (s->data_refused && s->client.in_begin < s->client.in_end &&
	    !answers[answer].closes)
		answer = client_say(s, ANSWER_UNASKED);
	if (answers[answer].closes || !io_line_waiting(&s->client))
		answer = client_flush(s, answer);
	return answer;
}

/* session_next - read one command and do it */
static enum answer
session_next(struct session *s)
{
	int64_t deadline = deadline_after(s->conf->command_timeout);
	struct command_line line;
	enum io_result result;
	struct span rest;
	char *text;
	size_t len;
	bool crlf;

	result = io_read_line(&s->client, s->conf->line_limit, deadline, &text, &len, &crlf);
	if (result == IO_TOO_LONG)
		return session_no_command(s, ANSWER_LINE_TOO_LONG);
	if (result != IO_OK)
		return client_fault(s, result);
	if (memchr(text, '\r', len) != NULL || memchr(text, '\0', len) != NULL)
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

	if (command == NULL)
		return session_no_command(s, ANSWER_UNKNOWN);
	s->delivered = false;
	log_write(LOG_DEBUG, "client: %.*s", (int)line->whole.len, line->whole.text);
	/* Only a handler that sent a 354 takes this back. */
	s->data_refused = command->brings_data;
	if (command->handler == NULL)
		return ANSWER_NOT_OFFERED;
	if ((command->states & IN(s->state)) != 0)
		return command->handler(s, line);
	return s->state == STATE_HELO ? ANSWER_HELO_FIRST : command->out_of_order;
}

static enum answer
session_open(struct session *s)
{
	char banner[REPLY_LINE_LIMIT];
	enum answer answer;

	if ((answer = down_connect(s)) != ANSWER_NONE)
		return answer;
	s->doing = "greeting";
	answer = down_reply(s, CLASS_USUAL, deadline_after(s->conf->reply_timeout));
	if (answer == ANSWER_REPLY && s->reply.code == 220) {
		session_enter(s, STATE_HELO);
		return answer;
	}
	if (!answers[answer].relay) {
		log_write(LOG_ERR, "downstream did not welcome us: %s", s->fault);
		return ANSWER_UNREACHABLE;
	}
	reply_last_line(&s->reply, banner, sizeof(banner));
	log_write(LOG_ERR, "downstream did not welcome us: %s", banner);
	return s->reply.code >= 400 ? ANSWER_REPLY_REFUSED : ANSWER_UNREACHABLE;
}

static void
session_close(struct session *s)
{
	session_enter(s, STATE_CLOSED);
	io_discard_input(&s->client);
	io_close(&s->down);
	envelope_reset(s);
	free(s);
}

int
smtp_relay(const struct conf *conf, const struct address *address, int rfd, int wfd)
{
	struct session *s;
	enum answer answer;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		log_write(LOG_ERR, "out of memory");
		smtp_refuse_service(wfd, "Out of memory");
		return EX_IOERR;
	}
	s->conf = conf;
	s->address = address;
	s->state = STATE_CONNECT;
	s->down.rfd = s->down.wfd = -1;
	io_init(&s->client, rfd, wfd);

	answer = session_answer(s, session_open(s));
	while (!answers[answer].closes)
		answer = session_answer(s, session_next(s));
	session_close(s);
	return answers[answer].exit;
}

void
smtp_refuse_service(int wfd, const char *text)
{
	int64_t deadline = deadline_after(REFUSE_TIMEOUT);
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
 * The downstream.
 */

static enum answer
down_connect(struct session *s)
{
	int64_t deadline = deadline_after(s->conf->connect_timeout);
	char where[512];
	const char *why = NULL;
	int fd = address_connect(s->address, deadline, &why);

	address_text(s->address, where, sizeof(where));
	if (fd == -1) {
		log_write(LOG_ERR, "downstream %s can't be reached: %s", where, why);
		return ANSWER_UNREACHABLE;
	}
	log_write(LOG_DEBUG, "downstream %s reached", where);
	io_init(&s->down, fd, fd);
	s->down.heed_input = true;
	return ANSWER_NONE;
}

/* down_garbled - it broke the protocol; line is shown to the log only */
static enum answer
down_garbled(struct session *s, const char *what, struct span line)
{
	session_fault(s, "downstream, %s: %s", s->doing, what);
	log_write(LOG_WARNING, "downstream said: %.*s", (int)MIN(line.len, 200), line.text);
	return ANSWER_DOWN_GARBLED;
}

/*
 * down_fault - it can't be written to or read from
 *
 * If it spoke out of turn, a refusal is still worth handing on: a server may
 * give up in the middle of a message (421), or has seen enough of it.
 */
static enum answer
down_fault(struct session *s, enum io_result result)
{
	enum answer answer;

	if (result == IO_TOO_LONG)
		return down_garbled(s, io_result_text(result), (struct span){ "", 0 });
	if (result != IO_INPUT) {
		session_fault(s, "downstream, %s: %s", s->doing, io_result_text(result));
		return ANSWER_DOWN_LOST;
	}
	answer = down_reply(s, CLASS(4) | CLASS(5), deadline_after(s->conf->reply_timeout));
	if (!answers[answer].relay)
		return answer;
	session_fault(s, "downstream, %s: %s", s->doing, io_result_text(result));
	return ANSWER_REPLY_LAST;
}

/*
 * down_reply - read one whole reply into s->reply
 *
 * ANSWER_REPLY if its class is one of those expected; ANSWER_REPLY_LAST if it
 * is 421, which may come at any time and says that the downstream closes (RFC
 * 5321 3.8). Of class 3 there is but 354.
 */
static enum answer
down_reply(struct session *s, unsigned int expected, int64_t deadline)
{
	struct reply *reply = &s->reply;
	enum io_result result;
	struct span line = { "", 0 };
	const char *what;
	char *text;
	bool crlf, last = false;

	reply->len = reply->lines = reply->last = 0;
	while (!last) {
		result = io_read_line(&s->down, REPLY_LINE_LIMIT, deadline, &text, &line.len,
		    &crlf);
		if (result != IO_OK)
			return down_fault(s, result);
		line.text = text;
		if ((what = reply_add(reply, line, &last)) != NULL)
			return down_garbled(s, what, line);
	}
	log_write(LOG_DEBUG, "downstream: %.*s", (int)line.len, line.text);
	if (reply->code == 421)
		return ANSWER_REPLY_LAST;
	if ((expected & CLASS(reply->code / 100)) == 0 ||
	    (reply->code / 100 == 3 && reply->code != 354))
		return down_garbled(s, "unexpected reply", line);
	return ANSWER_REPLY;
}

static enum answer
down_command(struct session *s, struct span line, const char *doing, unsigned int expected)
{
	int64_t deadline = deadline_after(s->conf->reply_timeout);
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
static enum answer
down_reset(struct session *s)
{
	enum answer answer;

	s->reset_due = false;
	answer = down_command(s, (struct span){ "RSET", 4 }, "RSET", CLASS(2));
	return answer == ANSWER_REPLY ? ANSWER_NONE : client_say(s, answer);
}

/*
 * Commands.
 */

static enum answer
smtp_helo(struct session *s, const struct command_line *line)
{
	enum answer answer;

	answer = down_command(s, line->whole, "HELO", CLASS_USUAL);
	if (answer == ANSWER_REPLY && s->reply.code / 100 == 2) {
		/* RFC 5321 4.1.4: a new HELO is a RSET too. */
		envelope_reset(s);
		session_enter(s, STATE_READY);
	}
	return answer;
}

static enum answer
smtp_ehlo(struct session *s, const struct command_line *line)
{
	enum answer answer;

	answer = smtp_helo(s, line);
	if (answer != ANSWER_REPLY || s->reply.code / 100 != 2)
		return answer;
	if (s->reply.code != 250 || !reply_filter_ehlo(&s->reply, s->conf->message_size_limit))
		return down_garbled(s, "unexpected reply", (struct span){ "", 0 });
	return answer;
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

	if (line->arg.len > 0)
		return ANSWER_NO_ARGUMENT;
	/* RFC 5321 4.1.1.5 has no reply but 250, and after any other we'd not know where we are. */
	answer = down_command(s, line->whole, "RSET", CLASS(2));
	if (answer == ANSWER_REPLY) {
		envelope_reset(s);
		if (s->state != STATE_HELO)
			session_enter(s, STATE_READY);
	}
	return answer;
}

static enum answer
smtp_quit(struct session *s, const struct command_line *line)
{
	enum answer answer;

	if (line->arg.len > 0)
		return ANSWER_NO_ARGUMENT;
	answer = down_command(s, line->whole, "QUIT", CLASS_USUAL);
	return answer == ANSWER_REPLY ? ANSWER_REPLY_QUIT : answer;
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
mail_check(struct session *s, struct span rest)
{
	uint64_t limit = s->conf->message_size_limit, size;
	struct span word;
	char digits[24];

	while ((word = span_word(&rest)).len > 0) {
		/* RFC 3030: announced by nobody, and we could not carry it. */
		if (span_is(word, "BODY=BINARYMIME"))
			return ANSWER_BINARY;
		/* RFC 1870 3: at most 20 digits. */
		if (!span_take(&word, "SIZE=") || word.len >= sizeof(digits))
			continue;
		snprintf(digits, sizeof(digits), "%.*s", (int)word.len, word.text);
		if (digits[strspn(digits, "0123456789")] != '\0')
			continue;
		size = strtoull(digits, NULL, 10);
		if (limit != 0 && size > limit)
			return ANSWER_SIZE;
	}
	return ANSWER_NONE;
}

static enum answer
smtp_mail(struct session *s, const struct command_line *line)
{
	struct span rest = line->arg, path = { "", 0 };
	enum answer answer;

	if (span_take(&rest, "FROM:"))
		path = path_text(&rest);
	if ((answer = mail_check(s, rest)) != ANSWER_NONE)
		return answer;
	envelope_reset(s);
	if ((s->sender = strndup(path.text, path.len)) == NULL)
		return ANSWER_NO_MEMORY;
	answer = down_command(s, line->whole, "MAIL", CLASS_USUAL);
	if (answer == ANSWER_REPLY && s->reply.code / 100 == 2)
		session_enter(s, STATE_MAIL);
	return answer;
}

static enum answer
smtp_rcpt(struct session *s, const struct command_line *line)
{
	struct span rest = line->arg, path = { "", 0 };
	enum answer answer;
	char **grown, *recipient;

	if (s->n_recipients >= s->conf->recipient_limit)
		return ANSWER_RECIPIENTS;
	if (span_take(&rest, "TO:"))
		path = path_text(&rest);
	/* Room first: once the downstream said yes, the recipient is ours. */
	grown = reallocarray(s->recipients, s->n_recipients + 1, sizeof(*grown));
	if (grown == NULL)
		return ANSWER_NO_MEMORY;
	s->recipients = grown;
	if ((recipient = strndup(path.text, path.len)) == NULL)
		return ANSWER_NO_MEMORY;

	answer = down_command(s, line->whole, "RCPT", CLASS_USUAL);
	if (answer == ANSWER_REPLY && s->reply.code / 100 == 2) {
		s->recipients[s->n_recipients++] = recipient;
		session_enter(s, STATE_RCPT);
		return answer;
	}
	free(recipient);
	s->n_refused++;
	return answer;
}

/* xtext_decode - RFC 3461 4, printable; what is unavailable is "" */
static void
xtext_decode(struct span in, char *out, size_t size)
{
	unsigned int byte;
	size_t i, n = 0;
	char hex[3];

	if (span_is(in, "[UNAVAILABLE]") || span_is(in, "[TEMPUNAVAIL]"))
		in.len = 0;
	for (i = 0; i < in.len && n + 1 < size; i++) {
		out[n] = in.text[i];
		if (in.text[i] == '+' && in.len - i > 2) {
			snprintf(hex, sizeof(hex), "%.2s", in.text + i + 1);
			if (sscanf(hex, "%2x", &byte) == 1 && byte != 0) {
				out[n] = (char)byte;
				i += 2;
			}
		}
		n++;
	}
	out[n] = '\0';
}

/* xforward_note - remember NAME, ADDR and HELO until they are given anew */
static void
xforward_note(struct xforward *x, struct span rest)
{
	struct span word;

	while ((word = span_word(&rest)).len > 0) {
		if (span_take(&word, "NAME="))
			xtext_decode(word, x->name, sizeof(x->name));
		else if (span_take(&word, "ADDR="))
			xtext_decode(word, x->addr, sizeof(x->addr));
		else if (span_take(&word, "HELO="))
			xtext_decode(word, x->helo, sizeof(x->helo));
	}
	if (x->name[0] == '\0' && x->addr[0] == '\0' && x->helo[0] == '\0')
		x->whole[0] = '\0';
	else
		snprintf(x->whole, sizeof(x->whole), "%s[%s]%s%s",
		    x->name[0] != '\0' ? x->name : "unknown",
		    x->addr[0] != '\0' ? x->addr : "unknown",
		    x->helo[0] != '\0' ? " " : "", x->helo);
}

static enum answer
smtp_xforward(struct session *s, const struct command_line *line)
{
	enum answer answer;

	answer = down_command(s, line->whole, "XFORWARD", CLASS_USUAL);
	if (answer == ANSWER_REPLY && s->reply.code / 100 == 2)
		xforward_note(&s->xforward, line->arg);
	return answer;
}

/*
 * The data phase.
 */

static enum answer
smtp_data(struct session *s, const struct command_line *line)
{
	enum answer answer;

	if (line->arg.len > 0)
		return ANSWER_NO_ARGUMENT;
	if (s->n_recipients == 0)
		return s->n_refused > 0 ? ANSWER_ALL_REFUSED : ANSWER_RCPT_FIRST;
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
	t->envelope.mode = "smtp";
	s->fault[0] = '\0';
}

/* data_receive - 354, and the message into the spool; ANSWER_NONE: it is there */
static enum answer
data_receive(struct session *s)
{
	static const char go_ahead[] = "354 End data with <CR><LF>.<CR><LF>\r\n";
	int64_t begin = io_now(), deadline = deadline_after(s->conf->data_timeout);
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
	s->transaction.receive_ms = io_now() - begin;
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

	if (spool->result == MESSAGE_OK)
		spool->result = message_append(spool->message, buf, len);
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
	return data_judge(s, &decoder, spool.result);
}

/* data_judge - a message that has come in whole; what is wrong with it for good goes first */
static enum answer
data_judge(struct session *s, const struct dot_decoder *decoder, enum message_result result)
{
	if (result == MESSAGE_TOO_BIG)
		return ANSWER_TOO_BIG;
	if (decoder->bare_cr > 0)
		return ANSWER_BARE_CR;
	if (decoder->bare_lf > 0 && s->conf->bare_newline == NEWLINE_REJECT)
		return ANSWER_BARE_LF;
	if (result == MESSAGE_OK)
		return ANSWER_NONE;
	session_fault(s, "spool: no room");
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
	return ANSWER_TEMPFAIL;
}

static enum answer
data_deliver(struct session *s)
{
	int64_t begin = io_now();
	enum answer answer;

	session_enter(s, STATE_SEND);
	answer = down_command(s, (struct span){ "DATA", 4 }, "DATA", CLASS(3) | CLASS(4) | CLASS(5));
	if (answer == ANSWER_REPLY && s->reply.code == 354)
		answer = data_send(s);
	s->transaction.send_ms = io_now() - begin;
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
	struct sending sending = { .io = &s->down, .result = IO_OK,
	    .deadline = deadline_after(s->conf->send_timeout) };

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
	return down_reply(s, CLASS_USUAL, deadline_after(s->conf->final_timeout));
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
	enum outcome outcome = answers[answer].outcome;
	char line[REPLY_LINE_LIMIT] = "";

	if (answers[answer].relay) {
		outcome = s->reply.code / 100 == 2 ? OUTCOME_DELIVERED :
		    s->reply.code / 100 == 5 ? OUTCOME_REFUSED : OUTCOME_DEFERRED;
		reply_last_line(&s->reply, line, sizeof(line));
	} else {
		if (answers[answer].text != NULL)
			strlcpy(line, answers[answer].text, sizeof(line));
		if (outcome == OUTCOME_DELIVERED)	/* an answer that has no place here */
			outcome = OUTCOME_DEFERRED;
	}
	if (t->reason[0] == '\0')
		strlcpy(t->reason, s->fault, sizeof(t->reason));
	if (s->state == STATE_FINAL && !answers[answer].relay)
		log_write(LOG_WARNING, "downstream may have taken the message nonetheless");
	transaction_finish(t, outcome, line);
	envelope_reset(s);
	s->delivered = outcome == OUTCOME_DELIVERED;
	s->reset_due = s->state != STATE_FINAL;
	session_enter(s, STATE_READY);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_session.h - what the files of the SMTP session share. smtp_relay.h is
 * what others see of it.
 *
 *	smtp_relay.c	the table of commands, and what each does
 *	smtp_message.c	DATA: a message in, judged, out, and its replies
 *	smtp_down.c	the downstream server: connection, commands, replies
 *	smtp_session.c	states and answers
 *	smtp_client.c	the client: what it hears, and how it can be lost
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "conf.h"
#include "io.h"
#include "smtp_peer.h"
#include "smtp_reply.h"
#include "span.h"
#include "transaction.h"
#include "xforward.h"

/* Reply classes, as an argument: which first digits are in order here. */
#define CLASS(n) (1u << (n))
#define CLASS_USUAL (CLASS(2) | CLASS(4) | CLASS(5))

enum state {
	STATE_CONNECT, /* no downstream yet */
	STATE_HELO, /* banner given, waiting for HELO, EHLO or LHLO */
	STATE_READY, /* no transaction */
	STATE_MAIL, /* sender accepted, no recipient yet */
	STATE_RCPT, /* at least one recipient accepted */
	STATE_DATA, /* receiving a message */
	STATE_INSPECT,
	STATE_SEND, /* DATA and the message on their way downstream */
	STATE_FINAL, /* final dot sent: whose the message is, nobody knows */
	STATE_CLOSED
};

/* What the client may be speaking; its first greeting settles it. */
#define SPEAKS_SMTP 1u
#define SPEAKS_LMTP 2u

/* What a step came to. The table session_answers says what follows from it. */
enum answer {
	ANSWER_NONE, /* nothing to say yet, go on */
	ANSWER_REPLY, /* what the downstream said ... */
	ANSWER_REPLY_QUIT, /* ... to QUIT */
	ANSWER_REPLY_REFUSED, /* ... instead of a welcome */
	ANSWER_REPLY_LAST, /* ... and it will say no more, or no more that makes sense */

	ANSWER_HELP,
	ANSWER_UNKNOWN,
	ANSWER_NOT_OFFERED,
	ANSWER_NOT_TRUSTED,
	ANSWER_LINE_TOO_LONG,
	ANSWER_STRAY_BYTE,
	ANSWER_NO_ARGUMENT,
	ANSWER_ARGUMENT,
	ANSWER_HELO_FIRST,
	ANSWER_NESTED_MAIL,
	ANSWER_MAIL_FIRST,
	ANSWER_RCPT_FIRST,
	ANSWER_IN_MAIL,
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

	ANSWER_CLIENT_LEFT, /* between transactions */
	ANSWER_CLIENT_LOST,
	ANSWER_CLIENT_TIMEOUT,
	ANSWER_SESSION_TIMEOUT,
	ANSWER_TOO_MANY_ERRORS,
	ANSWER_UNASKED,
	ANSWER_UNREACHABLE,
	ANSWER_DOWN_LOST,
	ANSWER_DOWN_GARBLED,
	ANSWER_INTERNAL
};

struct answer_rule {
	const char *text; /* NULL: nothing of our own */
	bool relay; /* session.reply is the answer */
	bool error; /* counts towards error_limit */
	bool closes; /* the session ends */
	enum outcome outcome; /* of a message, unless a relayed reply says it */
	int exit; /* if the session ends */
};

extern const struct answer_rule session_answers[];

struct session {
	const struct conf *conf;
	const struct address *addresses; /* all of them, in the order of trying */
	const struct address *address; /* the one in use */
	char next_hop[512]; /* the same as text, for the metadata */
	enum state state;
	unsigned int speaks; /* the client: SPEAKS_*, both until it has greeted */
	struct io client, down;
	struct reply reply; /* the downstream's latest */
	struct reply worst; /* of those to one message, see smtp_message.c */
	const char *doing; /* what it was asked, for the log */
	char fault[128]; /* the latest fault, a printable sentence */
	char deferral[160]; /* what ANSWER_TEMPFAIL says, with the cause */
	int64_t end; /* no further command is read after this */
	int64_t last; /* nothing at all is waited for after this */
	size_t errors; /* since the start, or the last message that was taken */
	size_t owed; /* how often the client gets the next answer */
	bool reset_due; /* a transaction is open downstream that is over here */
	bool data_refused; /* the last command asked for DATA and didn't get it */
	bool delivered; /* the answer under way says that a message was taken */
	const struct smtp_peer *peer; /* who has connected; NULL = not known here */
	struct xforward xforward;
	char *sender;
	char **recipients; /* accepted ones */
	/* The commands as they came, to be said again for a further copy of the message. */
	char *mail, **rcpts; /* of each recipient */
	char **xforwards;
	size_t n_xforwards;
	char **said; /* while there are copies: the reply of each recipient, NULL = none yet */
	size_t n_recipients, n_refused;
	struct transaction transaction;
};

struct command_line {
	struct span whole, verb, arg;
};

/* smtp_session.c. Deadlines are in clock_ms's time, session_deadline's are seconds from now. */
int64_t session_deadline(uint64_t seconds);
/* The same, but never later than the last moment of this session. */
int64_t session_until(const struct session *, uint64_t seconds);
/* What the client hears of our own, without a line ending; NULL: nothing. */
const char *session_text(const struct session *, enum answer);
/* May this client say who the client before it was? */
bool session_trusts(const struct session *);
/* The one place where the state changes. */
void session_enter(struct session *, enum state);
/* A sentence for the log, and for the record of the message under way. */
void session_fault(struct session *, const char *, ...) __attribute__((format(printf, 2, 3)));
/* Sender and recipients are forgotten; then what came with XFORWARD as well. */
void session_reset_envelope(struct session *);
void session_end_transaction(struct session *);

/* smtp_client.c. The client is gone or silent: what that is. */
enum answer client_fault(struct session *, enum io_result);
/* Queue the answer as often as it is owed, send what is queued; what became of it. */
enum answer client_say(struct session *, enum answer);
enum answer client_flush(struct session *, enum answer);
/* It did not take that answer: what that makes of it. */
enum answer client_deaf(struct session *, enum answer, enum io_result);
/* It was told nothing of a message that was delivered: on record for whoever gets it twice. */
void client_unaware(void);

/* smtp_down.c. A reply is ANSWER_REPLY or ANSWER_REPLY_LAST, and then in session.reply. */
/* A downstream that welcomes us: from session.address on, the first that does. */
enum answer down_open(struct session *);
/* Is there another one to be tried, and is it worth it? Goes over to it then. */
bool down_pass_over(struct session *, enum answer);
enum answer down_hello(struct session *, const struct command_line *);
/* Of the reply to EHLO leave what the client may see. */
enum answer down_extensions(struct session *);
enum answer down_command(struct session *, struct span, const char *doing, unsigned int expected);
enum answer down_reply(struct session *, unsigned int expected, int64_t deadline);
enum answer down_fault(struct session *, enum io_result);
enum answer down_reset(struct session *);

/* smtp_message.c: the command DATA, whose recipients are there. */
enum answer smtp_message(struct session *);

#endif

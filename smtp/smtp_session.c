/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_session - states and answers
 *
 * Every handler of the session returns an enum answer; the table session_answers says
 * for each what the client hears, what becomes of the message, whether the
 * session ends and with which exit code. Nothing from a message gets into an
 * answer.
 *
 * Diagnostics: LOG_WARNING a peer lost or against the protocol, with the
 * session's state; LOG_DEBUG every change of state.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sysexits.h>

#include "clock.h"
#include "log.h"
#include "smtp_session.h"

#define ONE_YEAR (UINT64_C(365) * 86400)

static const char *const state_names[] = { [STATE_CONNECT] = "CONNECT",
	[STATE_HELO] = "HELO",
	[STATE_READY] = "READY",
	[STATE_MAIL] = "MAIL",
	[STATE_RCPT] = "RCPT",
	[STATE_DATA] = "DATA",
	[STATE_INSPECT] = "INSPECT",
	[STATE_SEND] = "SEND",
	[STATE_FINAL] = "FINAL",
	[STATE_CLOSED] = "CLOSED" };

const struct answer_rule session_answers[] = { [ANSWER_NONE] = { .outcome = OUTCOME_DEFERRED },
	[ANSWER_REPLY] = { .relay = true },
	[ANSWER_REPLY_QUIT] = { .relay = true, .closes = true, .exit = EX_OK },
	[ANSWER_REPLY_REFUSED] = { .relay = true, .closes = true, .exit = EX_UNAVAILABLE },
	[ANSWER_REPLY_LAST] = { .relay = true, .closes = true, .exit = EX_IOERR },

	[ANSWER_HELP] = { .text = "214 2.0.0 This is a content filter, see RFC 5321" },
	[ANSWER_UNKNOWN] = { .text = "500 5.5.2 Error: command not recognized", .error = true },
	[ANSWER_NOT_OFFERED] = { .text = "502 5.5.1 Error: command not implemented",
	    .error = true },
	[ANSWER_NOT_TRUSTED] = { .text = "550 5.7.0 Error: insufficient authorization",
	    .error = true },
	[ANSWER_LINE_TOO_LONG] = { .text = "500 5.5.2 Error: line too long", .error = true },
	[ANSWER_STRAY_BYTE] = { .text = "500 5.5.2 Error: bare <CR>, bare <LF> or NUL in command",
	    .error = true },
	[ANSWER_NO_ARGUMENT] = { .text = "501 5.5.4 Syntax: this command takes no argument",
	    .error = true },
	[ANSWER_ARGUMENT] = { .text = "501 5.5.4 Syntax: argument is missing or malformed",
	    .error = true },
	[ANSWER_HELO_FIRST] = { .text = "503 5.5.1 Error: send HELO/EHLO first", .error = true },
	[ANSWER_NESTED_MAIL] = { .text = "503 5.5.1 Error: nested MAIL command", .error = true },
	[ANSWER_MAIL_FIRST] = { .text = "503 5.5.1 Error: need MAIL command", .error = true },
	[ANSWER_RCPT_FIRST] = { .text = "503 5.5.1 Error: need RCPT command", .error = true },
	[ANSWER_IN_MAIL] = { .text = "503 5.5.1 Error: MAIL transaction in progress",
	    .error = true },
	[ANSWER_ALL_REFUSED] = { .text = "554 5.5.1 Error: no valid recipients", .error = true },
	[ANSWER_BINARY] = { .text = "555 5.5.4 Unsupported option: BODY=BINARYMIME",
	    .error = true },
	[ANSWER_SIZE] = { .text = "552 5.3.4 Message size exceeds fixed limit" },
	[ANSWER_RECIPIENTS] = { .text = "452 4.5.3 Error: too many recipients" },
	[ANSWER_NO_MEMORY] = { .text = "452 4.3.0 Error: out of memory" },

	[ANSWER_TOO_BIG] = { .text = "552 5.3.4 Message size exceeds fixed limit",
	    .outcome = OUTCOME_REJECTED },
	[ANSWER_BARE_CR] = { .text = "550 5.5.2 Error: bare <CR> in message",
	    .outcome = OUTCOME_REJECTED },
	[ANSWER_BARE_LF] = { .text = "550 5.5.2 Error: bare <LF> in message",
	    .outcome = OUTCOME_REJECTED },
	[ANSWER_SPOOL] = { .text = "452 4.3.1 Insufficient system storage",
	    .outcome = OUTCOME_DEFERRED },
	[ANSWER_DISCARD] = { .text = "250 2.0.0 Ok: discarded", .outcome = OUTCOME_DISCARDED },
	[ANSWER_TEMPFAIL] = { .text = "451 4.3.0 Message deferred by the content filter",
	    .outcome = OUTCOME_DEFERRED },
	[ANSWER_REJECT] = { .text = "550 5.7.1 Message rejected by the content filter",
	    .outcome = OUTCOME_REJECTED },

	[ANSWER_CLIENT_LEFT] = { .closes = true, .exit = EX_OK },
	[ANSWER_CLIENT_LOST] = { .closes = true, .outcome = OUTCOME_DEFERRED, .exit = EX_IOERR },
	[ANSWER_CLIENT_TIMEOUT] = { .text = "421 4.4.2 Error: timeout exceeded",
	    .closes = true,
	    .outcome = OUTCOME_DEFERRED,
	    .exit = EX_IOERR },
	[ANSWER_SESSION_TIMEOUT] = { .text = "421 4.4.2 Error: session time limit exceeded",
	    .closes = true,
	    .outcome = OUTCOME_DEFERRED,
	    .exit = EX_IOERR },
	[ANSWER_TOO_MANY_ERRORS] = { .text = "421 4.7.0 Error: too many errors",
	    .closes = true,
	    .exit = EX_OK },
	[ANSWER_UNASKED] = { .text = "421 4.7.0 Error: message content before the reply to DATA",
	    .closes = true,
	    .exit = EX_OK },
	[ANSWER_UNREACHABLE] = { .text = "421 4.4.2 Next hop unavailable",
	    .closes = true,
	    .exit = EX_UNAVAILABLE },
	[ANSWER_DOWN_LOST] = { .text = "421 4.4.2 Lost connection with next hop",
	    .closes = true,
	    .outcome = OUTCOME_DEFERRED,
	    .exit = EX_IOERR },
	[ANSWER_DOWN_GARBLED] = { .text = "451 4.3.0 Unexpected response from next hop",
	    .closes = true,
	    .outcome = OUTCOME_DEFERRED,
	    .exit = EX_IOERR },
	[ANSWER_INTERNAL] = { .text = "451 4.3.0 Internal error",
	    .closes = true,
	    .outcome = OUTCOME_DEFERRED,
	    .exit = EX_IOERR } };

int64_t
session_deadline(uint64_t seconds)
{
	return clock_ms() + (int64_t)MIN(seconds, ONE_YEAR) * 1000;
}

int64_t
session_until(const struct session *s, uint64_t seconds)
{
	return MIN(session_deadline(seconds), s->last);
}

bool
session_trusts(const struct session *s)
{
	return s->peer == NULL || s->peer->xforward;
}

const char *
session_text(const struct session *s, enum answer answer)
{
	if (answer == ANSWER_TEMPFAIL && s->deferral[0] != '\0')
		return s->deferral;
	return session_answers[answer].text;
}

/* session_enter - the one place where the state changes */
void
session_enter(struct session *s, enum state state)
{
	if (state == s->state)
		return;
	log_write(LOG_DEBUG, "session: %s -> %s", state_names[s->state], state_names[state]);
	s->state = state;
}

void
session_fault(struct session *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->fault, sizeof(s->fault), fmt, ap);
	va_end(ap);
	log_write(LOG_WARNING, "%s (session in state %s)", s->fault, state_names[s->state]);
}

void
session_reset_envelope(struct session *s)
{
	while (s->n_recipients > 0) {
		free(s->recipients[--s->n_recipients]);
		free(s->rcpts[s->n_recipients]);
	}
	free(s->recipients);
	free(s->rcpts);
	free(s->sender);
	free(s->mail);
	s->rcpts = NULL;
	s->mail = NULL;
	s->recipients = NULL;
	s->sender = NULL;
	s->n_refused = 0;
}

void
session_end_transaction(struct session *s)
{
	session_reset_envelope(s);
	while (s->n_xforwards > 0)
		free(s->xforwards[--s->n_xforwards]);
	free(s->xforwards);
	s->xforwards = NULL;
	xforward_reset(&s->xforward);
}

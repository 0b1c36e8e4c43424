/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_client - the client of a session: what it hears, and how it can be lost
 *
 * Diagnostics: LOG_INFO it left between transactions; LOG_WARNING it was lost or
 * silent, or will not know of a delivery.
 */
#include <string.h>
#include <sys/param.h>
#include <syslog.h>

#include "clock.h"
#include "log.h"
#include "smtp_session.h"

#define LAST_WORDS 3000 /* milliseconds to take an answer when the session is over */

/*
 * client_fault - the client is gone or silent
 *
 * Between transactions a client may leave as it likes, and some do (a
 * connection cache, a port check).
 */
enum answer
client_fault(struct session *s, enum io_result result)
{
	if (result == IO_EOF && s->state <= STATE_READY) {
		log_write(LOG_INFO, "client disconnected without QUIT");
		return ANSWER_CLIENT_LEFT;
	}
	if (result == IO_TIMEOUT && clock_ms() >= s->end) {
		session_fault(s, "client: session time limit exceeded");
		return ANSWER_SESSION_TIMEOUT;
	}
	session_fault(s, "client: %s", io_result_text(result));
	return result == IO_TIMEOUT ? ANSWER_CLIENT_TIMEOUT : ANSWER_CLIENT_LOST;
}

/* client_deadline - for it to take an answer; a moment at the end of the session, too */
static int64_t
client_deadline(const struct session *s)
{
	int64_t latest = MIN(MAX(s->end, clock_ms()), s->last) + LAST_WORDS;

	return MIN(session_deadline(s->conf->command_timeout), latest);
}

/* client_say - queue the answer, as often as it is owed; returns what became of it */
enum answer
client_say(struct session *s, enum answer answer)
{
	int64_t deadline = client_deadline(s);
	enum io_result result = IO_OK;
	const char *text = session_text(s, answer);

	for (; s->owed > 0 && result == IO_OK; s->owed--) {
		if (session_answers[answer].relay)
			result = io_write(&s->client, s->reply.text, s->reply.len, deadline);
		else if (text != NULL &&
		    (result = io_write(&s->client, text, strlen(text), deadline)) == IO_OK)
			result = io_write(&s->client, "\r\n", 2, deadline);
	}
	s->owed = 1;
	return result == IO_OK ? answer : client_deaf(s, answer, result);
}

/* client_flush - send what is queued; returns answer, or what became instead */
enum answer
client_flush(struct session *s, enum answer answer)
{
	enum io_result result;

	result = io_flush(&s->client, client_deadline(s));
	return result == IO_OK ? answer : client_deaf(s, answer, result);
}

/*
 * client_deaf - it did not take its answer; returns what that makes of it
 *
 * A client that doesn't wait for the last words of a session is not lost.
 */
enum answer
client_deaf(struct session *s, enum answer answer, enum io_result result)
{
	if (session_answers[answer].closes)
		return answer;
	session_fault(s, "client: %s while sending the reply", io_result_text(result));
	if (s->delivered)
		client_unaware();
	return ANSWER_CLIENT_LOST;
}

void
client_unaware(void)
{
	log_write(LOG_WARNING,
	    "client did not receive the reply to a delivered message "
	    "and may send it again");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.c - the one-shot front: mail in on one descriptor, mail out on
 * another, for procmail, pipe(8) and scripts.
 *
 * All of the mail is read before it is inspected, and all of the result is
 * known before its first byte is written; so whatever fails before leaves the
 * output empty, and the caller keeps the original. Only writing itself can
 * fail half-way (a closed pipe, a full disk). What was written can't be taken
 * back then; the exit code says that it is to be thrown away.
 *
 * The line ends of the mail are never looked at here: what comes out is the
 * bytes that came in, with the inspector's edits.
 *
 * The descriptors stay the caller's, who also ignores SIGPIPE. There is no
 * deadline on reading and writing, only on the inspection: whoever started us
 * knows how long he wants to wait.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter.h"
#include "line_io.h"
#include "transaction.h"

#define READ_SIZE	(64u << 10)

static bool	receive(struct transaction *, int, enum outcome *);
static bool	send_output(struct transaction *, int);
static bool	write_all(void *, const char *, size_t);
static bool	flush_file(int);
static int	finish(struct transaction *, enum outcome);

int
filter_run(const struct conf *conf, int rfd, int wfd)
{
	struct transaction	t;
	enum outcome		outcome = OUTCOME_DEFERRED;

	transaction_init(&t, conf);
	t.envelope.mode = "filter";
	if (!receive(&t, rfd, &outcome))
		return finish(&t, outcome);
	switch (transaction_decide(&t)) {
	case DECISION_DELIVER:
		if (send_output(&t, wfd))
			outcome = OUTCOME_DELIVERED;
		break;
	case DECISION_DISCARD:
		outcome = OUTCOME_DISCARDED;
		break;
	case DECISION_REJECT:
		outcome = OUTCOME_REFUSED;
		break;
	case DECISION_TEMPFAIL:
		break;
	}
	return finish(&t, outcome);
}

/* receive - false with an outcome if there is no whole mail; t->reason says why */
static bool
receive(struct transaction *t, int rfd, enum outcome *outcome)
{
	char			buf[READ_SIZE];
	ssize_t			n;
	int64_t			start = io_now();
	enum message_result	rc;

	rc = message_create(&t->message, t->conf->message_size_limit);
	while (rc == MESSAGE_OK) {
		n = read(rfd, buf, sizeof(buf));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			snprintf(t->reason, sizeof(t->reason), "reading the mail: %s",
			    strerror(errno));
			return false;
		}
		if (n == 0)
			break;
		rc = message_append(&t->message, buf, (size_t)n);
	}
	if (rc == MESSAGE_OK)
		rc = message_seal(&t->message);
	t->receive_ms = io_now() - start;
	if (rc == MESSAGE_TOO_BIG) {
		*outcome = OUTCOME_REFUSED;
		snprintf(t->reason, sizeof(t->reason), "more than message_size_limit");
	} else if (rc != MESSAGE_OK)
		snprintf(t->reason, sizeof(t->reason), "keeping the mail: %s", strerror(errno));
	return rc == MESSAGE_OK;
}

static bool
send_output(struct transaction *t, int wfd)
{
	int64_t	start = io_now();
	bool	ok = transaction_output(t, write_all, &wfd) && flush_file(wfd);

	if (!ok)
		snprintf(t->reason, sizeof(t->reason), "writing the mail: %s", strerror(errno));
	t->send_ms = io_now() - start;
	return ok;
}

static bool
write_all(void *ctx, const char *buf, size_t len)
{
	const int	*fd = ctx;
	ssize_t		 n;

	while (len > 0) {
		n = write(*fd, buf, len);
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		} else if (n == 0 || errno != EINTR)
			return false;
	}
	return true;
}

/* flush_file - some file systems tell of a full disk at close only */
static bool
flush_file(int wfd)
{
	int fd = dup(wfd);

	return fd != -1 && close(fd) == 0;
}

/* finish - the one table from outcome to exit code */
static int
finish(struct transaction *t, enum outcome outcome)
{
	static const int codes[] = {
		[OUTCOME_DELIVERED] = EX_OK,
		[OUTCOME_DISCARDED] = EX_OK,
		[OUTCOME_DEFERRED] = EX_TEMPFAIL,
		[OUTCOME_REFUSED] = EX_UNAVAILABLE
	};

	transaction_finish(t, outcome, "");
	return codes[outcome];
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.c - the one-shot front: mail in on one descriptor, mail out on
 * another, for procmail, pipe(8) and scripts.
 *
 * All of the message is read before it is inspected, and all of the result is
 * known before its first byte is written; so whatever fails before leaves the
 * output empty, and the caller keeps the original. Only writing itself can
 * fail half-way (a closed pipe, a full disk). What was written can't be taken
 * back then; the exit code says that it is to be thrown away.
 *
 * The line endings of the message are never looked at here: what comes out is the
 * bytes that came in, with the inspector's edits.
 *
 * The descriptors stay the caller's, who also ignores SIGPIPE. There is no
 * deadline on reading and writing, only on the inspection: whoever started us
 * knows how long he wants to wait.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter.h"
#include "clock.h"
#include "descriptor.h"
#include "transaction.h"

#define READ_SIZE (64u << 10)

static bool send_output(struct transaction *, int);
static bool write_piece(void *, const char *, size_t);
static bool flush_file(int);
static int finish(struct transaction *, enum outcome);

int
filter_run(const struct conf *conf, int rfd, int wfd)
{
	struct transaction t;
	enum outcome outcome = OUTCOME_DEFERRED;
	enum filter_receipt receipt;

	transaction_init(&t, conf);
	t.envelope.mode = "filter";
	receipt = filter_receive(&t, rfd, FILTER_NO_DEADLINE);
	if (receipt != RECEIPT_WHOLE)
		return finish(&t, receipt == RECEIPT_TOO_BIG ? OUTCOME_REJECTED : outcome);
	switch (transaction_decide(&t)) {
	case DECISION_DELIVER:
		if (send_output(&t, wfd))
			outcome = OUTCOME_DELIVERED;
		break;
	case DECISION_DISCARD:
		outcome = OUTCOME_DISCARDED;
		break;
	case DECISION_REJECT:
		outcome = OUTCOME_REJECTED;
		break;
	case DECISION_TEMPFAIL:
		break;
	}
	return finish(&t, outcome);
}

enum filter_receipt
filter_receive(struct transaction *t, int rfd, int64_t deadline)
{
	char buf[READ_SIZE];
	ssize_t n = 1;
	int64_t start = clock_ms();
	enum message_result rc;

	rc = message_create(&t->message, t->conf->message_size_limit);
	while (rc == MESSAGE_OK && n > 0) {
		if (!filter_wait(rfd, deadline)) {
			snprintf(t->reason, sizeof(t->reason), "reading the message: timeout");
			return RECEIPT_TIMEOUT;
		}
		n = read(rfd, buf, sizeof(buf));
		if (n == -1 && errno == EINTR)
			n = 1;
		else if (n == -1) {
			snprintf(t->reason, sizeof(t->reason), "reading the message: %s",
			    strerror(errno));
			return RECEIPT_UNREADABLE;
		} else
			rc = message_append(&t->message, buf, (size_t)n);
	}
	if (rc == MESSAGE_OK)
		rc = message_seal(&t->message);
	t->receive_ms = clock_ms() - start;
	if (rc == MESSAGE_OK)
		return RECEIPT_WHOLE;
	if (rc == MESSAGE_TOO_BIG) {
		snprintf(t->reason, sizeof(t->reason), "larger than message_size_limit");
		return RECEIPT_TOO_BIG;
	}
	snprintf(t->reason, sizeof(t->reason), "spooling the message: %s", strerror(errno));
	return RECEIPT_NO_ROOM;
}

bool
filter_wait(int rfd, int64_t deadline)
{
	struct pollfd p = { .fd = rfd, .events = POLLIN };
	int64_t left;
	int n;

	if (deadline == FILTER_NO_DEADLINE)
		return true;
	do {
		if ((left = deadline - clock_ms()) <= 0)
			return false;
		n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
	} while (n == 0 || (n == -1 && errno == EINTR));
	return true;
}

static bool
send_output(struct transaction *t, int wfd)
{
	int64_t start = clock_ms();
	bool ok = transaction_output(t, write_piece, &wfd) && flush_file(wfd);

	if (!ok)
		snprintf(t->reason, sizeof(t->reason), "writing the message: %s", strerror(errno));
	t->send_ms = clock_ms() - start;
	return ok;
}

static bool
write_piece(void *ctx, const char *buf, size_t len)
{
	const int *fd = ctx;

	return descriptor_write(*fd, buf, len);
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
	static const int codes[] = { [OUTCOME_DELIVERED] = EX_OK,
		[OUTCOME_DISCARDED] = EX_OK,
		[OUTCOME_DEFERRED] = EX_TEMPFAIL,
		[OUTCOME_REJECTED] = EX_UNAVAILABLE };

	transaction_finish(t, outcome, "");
	return codes[outcome];
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmail_queue.h - the front for qmail: stands where qmail-queue(8) stood, and
 * hands the result on to that.
 */
#ifndef QMAIL_QUEUE_H
#define QMAIL_QUEUE_H

#include "conf.h"

/* Exit codes of qmail-queue(8). 11 to 40 are for good, all others for now. */
enum qmail_code {
	QMAIL_OK = 0,
	QMAIL_ADDRESS_TOO_LONG = 11,
	QMAIL_REFUSED = 31,
	QMAIL_NO_MEMORY = 51,
	QMAIL_TIMEOUT = 52,
	QMAIL_DISK_FULL = 53,
	QMAIL_UNREADABLE = 54, /* message or envelope */
	QMAIL_CONFIG = 55,
	QMAIL_DEFERRED = 71,
	QMAIL_BUG = 81, /* or a crash */
	QMAIL_BAD_ENVELOPE = 91,
	QMAIL_NOT_STARTED = 120
};

/*
 * Filter the message on message_fd for the envelope on envelope_fd, which is read
 * to its final NUL, and hand both to the program original. Returns the
 * original's exit code, or one of our own; 0 as well for a message that is
 * discarded. The client is in $TCPREMOTEHOST and $TCPREMOTEIP, if anywhere.
 */
int qmail_queue_run(const struct conf *, const char *original, int message_fd, int envelope_fd);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mailer.h - hands the result on to a program that takes mail on its
 * descriptors, and waits for what it says.
 */
#ifndef MAILER_H
#define MAILER_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"
#include "transaction.h"

enum mailer_how {
	MAILER_EXITED, /* code is the exit code */
	MAILER_KILLED, /* code is the signal */
	MAILER_NOT_STARTED, /* code is errno */
	MAILER_TOO_LONG /* it was killed at the deadline */
};

struct mailer_end {
	enum mailer_how how;
	int code;
};

/*
 * The message to deliver, after DECISION_DELIVER, as a sealed file that is
 * read from its beginning. False with errno; message_close in any case.
 */
bool mailer_spool(struct message *, const struct transaction *);

/*
 * Run a program to its end, with in, out and err as its descriptors 0, 1, 2
 * and no others. Standard descriptors of our own must not be used for them,
 * but for err. deadline as in io.h. It is gone when this returns.
 */
struct mailer_end mailer_run(const char *path, char *const argv[], int in, int out, int err,
    int64_t deadline);

/* One sentence about an end that is no success, for the log: "PATH ...". */
void mailer_describe(const struct mailer_end *, const char *path, char *buf, size_t size);

#endif

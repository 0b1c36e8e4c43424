/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.h - the one-shot front: mail in on one descriptor, mail out on
 * another; and the receiving, which other fronts share.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdint.h>

#include "conf.h"
#include "transaction.h"

/*
 * Read a message from rfd to its end, write the result to wfd. Nothing is written
 * before all of it is known. Returns a code of <sysexits.h>: EX_OK,
 * EX_TEMPFAIL (try again), EX_UNAVAILABLE (refused by policy). A discarded
 * mail is EX_OK with no output.
 */
int filter_run(const struct conf *, int rfd, int wfd);

enum filter_receipt {
	RECEIPT_WHOLE = 0,
	RECEIPT_TOO_BIG = -1, /* more than message_size_limit */
	RECEIPT_UNREADABLE = -2,
	RECEIPT_TIMEOUT = -3,
	RECEIPT_NO_ROOM = -4 /* it could not be kept; errno tells */
};

/*
 * Read a message from rfd to its end and seal it, by deadline (as in io.h,
 * FILTER_NO_DEADLINE = whenever it comes). If it is not whole t->reason says
 * why.
 */
#define FILTER_NO_DEADLINE INT64_MAX
enum filter_receipt filter_receive(struct transaction *, int rfd, int64_t deadline);

/* Wait for something to read; false at the deadline. What is wrong with rfd, read will tell. */
bool filter_wait(int rfd, int64_t deadline);

#endif

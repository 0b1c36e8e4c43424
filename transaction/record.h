/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.h - what the log hears of a message.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stddef.h>

#include "log.h"
#include "transaction.h"

#define RECORD_ADDRESS_MAX 320 /* RFC 5321 4.5.3.1: 64 + "@" + 255 */
#define RECORD_REPLY_MAX 512 /* RFC 5321 4.5.3.1.5 */

/* The record of a message that is through: what its client was told, and by what reply. */
void record_message(const struct transaction *, enum outcome, const char *reply);

/* Something that failed on the way. */
void record_failure(const struct transaction *, const char *event, const char *reason);

/* "unscanned" for a message that never came to be inspected. */
const char *record_verdict(const struct transaction *);
const char *record_outcome(enum outcome);

/* The name that the next hop has given it, out of its reply; "" is left if it says none. */
void record_queue_id(const char *reply, char *id, size_t size);

/* As much of a value as takes max bytes there. */
void record_put_cut(struct log_record *, const char *key, const char *value, size_t max);
/* Recipients, as many as there is room for, and their number. */
void record_put_recipients(struct log_record *, const struct envelope *);

#endif

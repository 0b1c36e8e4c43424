/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.h - tells the postmaster of a message, after its client has its reply.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include "transaction.h"

/*
 * Remember what is to be told of a message that is through, if the settings want
 * it; reply as for transaction_finish. Costs nothing else.
 */
void notify_take(const struct transaction *, const char *outcome, const char *reply);

/*
 * Send the stored original to quarantine_to now, and wait until the next hop has taken
 * it, reply_timeout at most. On failure false and a sentence.
 */
bool notify_send_original(const struct transaction *, char *err, size_t errsize);

/*
 * Have it told by processes of their own, which nobody waits for. To be called when
 * the client has its reply. Does nothing if there is nothing to tell.
 */
void notify_send(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter_worker.h - a process for each message of a milter.
 */
#ifndef MILTER_WORKER_H
#define MILTER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "envelope.h"
#include "message.h"
#include "transaction.h"

/*
 * Start the process that forks the workers, before there is a thread. It exits
 * when this one does. Returns the socket to it, -1 with errno.
 */
int milter_worker_start(const struct conf *);

/* What is to be done with a message. */
struct milter_verdict {
	enum decision decision;
	bool changed; /* output holds what the message becomes */
	char text[256]; /* for the client, if it is refused or deferred; printable */
	struct message output;
	int worker; /* it waits to hear what became of the message */
};

/*
 * Have the sealed message judged; the envelope's next_hop is not looked at. Takes
 * as long as the worker does; idle is called each idle_seconds. False, and
 * DECISION_TEMPFAIL, if there is no worker to be had or it died. From any thread.
 * To be ended by milter_worker_end in any case: told says that the server was
 * given the verdict.
 */
bool milter_worker_judge(int spawner, const struct message *, const struct envelope *,
    int64_t receive_ms, void (*idle)(void *ctx), void *ctx, unsigned int idle_seconds,
    struct milter_verdict *);
void milter_worker_end(struct milter_verdict *, bool told);

#endif

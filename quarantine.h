/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quarantine.h - keeps the originals.
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#ifdef TOWER_INSPECTOR
#error "quarantine.h is the front's"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "envelope.h"
#include "message.h"
#include "report.h"

/*
 * A place in the quarantine: DIR/MMDD/UNIXTIME.PID.N, with the metadata
 * beside it in the same name + ".meta".
 */
struct quarantine {
	char path[4096]; /* of the original; "" = nothing reserved */
	char reference[64]; /* "MMDD/UNIXTIME.PID.N" */
	bool stored;
	bool sent; /* to quarantine_to, and so it need not stay */
	int error; /* errno of the last quarantine_store, 0 if it went well */
};

/*
 * Choose a name that is not taken (nothing is written to the disk yet):
 * UNIXTIME is now, N is chance.
 */
void quarantine_reserve(struct quarantine *, const char *dir, time_t now);

/*
 * Could quarantine_store write to the place that was reserved? Rights and owners are
 * looked at, not room. A directory that is missing is made, as it would be then; the
 * folder of the day is not. False and a sentence in err if not.
 */
bool quarantine_check(const struct quarantine *, char *err, size_t errsize);

/*
 * Store message and metadata durably: missing folders are made (0700), files
 * (0600) written under a temporary name, fsynced, linked to the final name
 * without overwriting one, the folder fsynced. On failure false, a sentence in
 * err, and nothing is left. So it does if less than min_free bytes would be free
 * behind it (0 = no matter).
 */
bool quarantine_store(struct quarantine *, const struct message *, const struct envelope *,
    const struct report *, const char *failure, uint64_t min_free, char *err, size_t errsize);

/*
 * Add the downstream's reply (or what else became of the message) to the
 * metadata. Failure is logged by the caller, the message is through.
 */
bool quarantine_note_reply(const struct quarantine *, const char *reply, char *err, size_t errsize);

/* Take a stored message out again: the client was told to come back with it. */
void quarantine_drop(struct quarantine *);

#endif

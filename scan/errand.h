/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * errand.h - an object that an inspector of an engine has scanned elsewhere: the
 * words that pass between the two, and the inspector's side.
 *
 * The inspector sends an ask with the object in a sealed memfd. The engine hashes
 * it. What it has seen clean before it answers; anything else a fresh inspector
 * scans alone. So whatever a message makes of its inspector, what that says about
 * an object is believed of this very object only.
 *
 * Objects that will be asked for may go ahead, each with a number: the engine has them
 * scanned while others are, as far as there are idle processors. The ask that follows
 * has that number, and the object once more, for the engine keeps none that it cannot
 * deal with.
 */
#ifndef ERRAND_H
#define ERRAND_H

#include <stdint.h>

#include "scan.h"

#define ERRAND_MAX_OBJECT ((size_t)32 << 20) /* larger ones are not worth the memory */
#define ERRAND_MAX_ANSWER ((size_t)48 << 10)
#define ERRAND_AHEAD_MAX 8 /* objects of one message that go ahead, */
#define ERRAND_AHEAD_BYTES ((size_t)32 << 20) /* and all of them together */

/* All that an outcome depends on, beside the bytes and the signatures. No padding. */
struct errand_settings {
	uint64_t size_limit, file_limit, depth_limit, files_limit;
	uint64_t block_macros;
	uint64_t broken_executables, broken_media;
	uint64_t ssl_mismatch, cloak, partition_intersection;
};

/* A packet from an inspector, with a descriptor. */
struct errand_ask {
	char word; /* ERRAND_ASK, ERRAND_AHEAD */
	uint8_t number; /* of what goes ahead, or went, from 1; 0 = it did not */
	char unused[6]; /* zero: no padding here either, it goes over a socket */
	uint32_t seconds;
	uint32_t cpu_ms; /* CPU time that it may take; 0 = no limit */
	struct errand_settings settings;
};
#define ERRAND_ASK 'O'
#define ERRAND_AHEAD 'A' /* there is no answer before it is asked for */

/*
 * The first byte of an answer; then ERRAND_COST - 1 bytes that tell what CPU time it
 * cost, which whoever remembers it wipes out. What follows is for errand_scan.
 */
#define ERRAND_COST 5
#define ERRAND_CLEAN 'C'
#define ERRAND_FOUND 'F'
#define ERRAND_SELF 'S' /* scan it yourself */

/* How many objects can be scanned at a time: engine_inspectors, or as many as there are processors. */
size_t errand_limit(const struct conf *);

/*
 * From now on objects of min bytes and more go over that channel; -1 = none do.
 * They are scanned by these settings. ahead: some may be sent before it is their turn.
 */
void errand_begin(int channel, uint64_t min, bool ahead, const struct conf *);

/* The settings of an ask over those of the engine. */
void errand_adopt(const struct errand_settings *, struct conf *);

/* Objects of so many bytes and more may go ahead; 0 = none may. */
size_t errand_ahead_min(void);

/* One that errand_scan will be called for, of n; within the bounds above, and waits for nothing. */
void errand_ahead(const char *buf, size_t len, unsigned int seconds, size_t n);

/* Is this one to go? */
bool errand_wanted(enum scan_kind, size_t len);

/*
 * Have it scanned; calls member as scan_on_member says. False if it has to be
 * scanned here: nobody could, or the answer is none.
 */
bool errand_scan(struct scan_result *, const char *buf, size_t len, unsigned int seconds,
    scan_member *member, void *ctx);

/* The other side: members as they are told of, for scan_on_member. */
struct errand_members {
	char text[ERRAND_MAX_ANSWER];
	size_t len;
	bool too_many;
};
scan_member errand_add_member; /* ctx: a struct errand_members, zeroed at first */

/* What was found, into answer (ERRAND_MAX_ANSWER bytes). Returns its length. */
size_t errand_write(char *answer, const struct scan_result *, const struct errand_members *,
    uint64_t cpu_ms);

#endif

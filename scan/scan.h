/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan.h - the scanner interface. Two engines are behind it: scan_libclamav.c
 * and scan_clamd.c.
 *
 * The rule of this file: clean is only what was scanned to its end without an
 * error. Everything else is a hit, if it is a matter of the content, or a failure,
 * if it is our own.
 */
#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "verdict.h"

/* What an object is, so that the engine knows how to look at it. */
enum scan_kind {
	SCAN_MAIL, /* a raw message: find the attachments in it as well */
	SCAN_SKELETON, /* a raw message whose attachments are scanned as parts */
	SCAN_TEXT, /* content as nothing but bytes: not as a message, not as HTML */
	SCAN_PART, /* decoded content of one part */
	SCAN_FIRST /* the same, and if it is infected nothing else about it counts */
};

#define SCAN_MAX_HITS 64

struct override;

struct scan_hit {
	enum verdict_class class; /* infected, encrypted, limit, unopened; blocked for macros */
	char name[256]; /* signature, printable */
	const struct override *by; /* the line that decides (overrule.h); NULL = its class does */
};

struct scan_result {
	struct scan_hit hits
	    [SCAN_MAX_HITS]; /* each name once; a further one drops an ENCRYPTED or LIMIT if it is INFECTED */
	size_t n_hits;
	bool failed; /* could not be scanned, for reasons of our own */
	char error[256]; /* if failed: why, printable */
};

/*
 * What needs the network or other files than the sandbox lets through: with
 * "scanner = clamd:..." connect to the first that answers. False and a sentence
 * that names them all if none does.
 */
bool scan_connect(const struct conf *, char *err, size_t errsize);

/*
 * Load signatures from conf->database, prove the engine on a marker signature
 * of its own, and keep temporary files in scratch. There is one scanner per
 * process. False and one clear sentence (which names the database) on failure:
 * no such database, no signature in it, broken, marker not found, scratch not
 * usable.
 */
bool scan_open(const struct conf *, const char *scratch, char *err, size_t errsize);
void scan_close(void);
bool scan_is_open(void);

/*
 * In a child of the process that opened it: other limits, and a private
 * directory of its own. False and a sentence on failure.
 */
bool scan_adapt(const struct conf *, const char *scratch, char *err, size_t errsize);

/*
 * Have the signatures changed on disk since scan_open, or since this last said
 * so? Looks at names, times and sizes only.
 */
bool scan_changed(void);

/* From now on scan_changed looks at this database, as compared with what it is now. */
void scan_watch(const char *database);

/*
 * Scan len bytes. seconds is the most that it may take; past it the result is
 * a CLASS_LIMIT hit (from clamd: failed).
 */
void scan_bytes(struct scan_result *, enum scan_kind, const char *buf, size_t len,
    unsigned int seconds);

/*
 * A content that scan_bytes will get as SCAN_PART, one of n: whoever is idle may begin with
 * it. Those of fewer bytes than scan_ahead_min are not worth it; 0 = none is.
 */
size_t scan_ahead_min(void);
void scan_ahead(const char *buf, size_t len, unsigned int seconds, size_t n);

/* How many objects scan_bytes was handed so far: each has a price of its own. */
unsigned long scan_count(void);

/*
 * Who wants to know what is in containers: called during scan_bytes for each
 * member with its name, for each unpacked executable (name and bytes NULL), and for
 * each content that came out of another and is scanned as well (bytes, name NULL).
 * NULL = nobody.
 */
typedef void scan_member(void *ctx, const char *name, const char *bytes, size_t len);
void scan_on_member(scan_member *, void *ctx);

/*
 * "ClamAV 1.4.6/27400" (version of the daily signatures) or, where there are
 * none, "ClamAV 1.4.6/2-signatures". Good after scan_open.
 */
const char *scan_banner(void);

/*
 * Does it find a virus? For clamd, which opening it does not tell; that leaves
 * traces in its log, so not for each message. False and a sentence.
 */
bool scan_prove(char *err, size_t errsize);

/* Number of signatures loaded, without the marker; 0 = clamd knows. */
unsigned int scan_signatures(void);

#endif

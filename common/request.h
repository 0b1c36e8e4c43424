/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request.h - what the front asks of an inspector: one message, the settings, and
 * a few facts for the notices. Whom it is for is none of its business.
 *
 * On the wire: one 32-bit little-endian length, sent together with the sealed
 * message descriptor (SCM_RIGHTS), then that many bytes of NUL-terminated
 * strings: the protocol (report.h), the facts, then every setting as "key=value".
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "message.h"
#include "override.h"
#include "sentences.h"

#define REQUEST_MAX_BYTES (1u << 20)

/* Is the report to tell how it came about, and in what form? */
enum explain_form { EXPLAIN_NONE, EXPLAIN_TEXT, EXPLAIN_JSON };

struct request {
	const char *host; /* who neutralises: host name of the filter */
	const char *reference; /* the quarantined original, or "" */
	const char *time; /* RFC 5322 date */
	const char *scratch; /* private directory of this inspection */
	bool crlf; /* SMTP: every line ending is, and in edits must be, a CRLF */
	enum explain_form explain;
	const char *language; /* a file of sentences, whole (sentences.h); NULL or "" = English */
	/* "<address>", for the notices; the null sender is "<>"; NULL or "" = not known */
	const char *sender;

	const char *verdicts; /* the file of them, whole (override.h); NULL or "" = none */

	struct sentences sentences; /* of a received one: what language says */
	struct overrides overrides; /* and what verdicts says */
	char *text; /* what the strings point to */
};

/*
 * Send over a stream socket. False with errno on failure; deadline in
 * milliseconds of CLOCK_MONOTONIC.
 */
bool request_send(int sock, const struct request *, const struct conf *, const struct message *,
    int64_t deadline);

/*
 * Receive: fills *request (request_free), *conf (conf_init'd by the caller)
 * and *message. On failure false and a sentence.
 */
bool request_receive(int sock, struct request *, struct conf *, struct message *, char *err,
    size_t errsize);
void request_free(struct request *);

#endif

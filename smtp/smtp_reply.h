/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_reply.h - a reply of the downstream server.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

/*
 * RFC 5321 4.5.3.1.5 has 512 bytes for a reply line; servers that quote long
 * addresses exceed it. Our own are all shorter than 100.
 */
#define REPLY_LINE_LIMIT 2048
#define REPLY_MAX_LINES 100
#define REPLY_MAX_BYTES (64u << 10)

/* A whole reply of the downstream. Every line in text ends in CRLF. */
struct reply {
	int code;
	size_t lines;
	size_t len;
	size_t last; /* where the last line begins */
	char text[REPLY_MAX_BYTES];
};

/*
 * Add one line as it came, without its end, to a reply that began as zero (len
 * and lines). NULL, or what is wrong with it; *last if it was the last one.
 */
const char *reply_add(struct reply *, struct span line, bool *last);

/*
 * Of a reply to EHLO leave what we can keep, and the smaller of both limits on
 * size (limit 0 = none of ours); XFORWARD only if this client may use it. False if the result would not fit.
 */
bool reply_filter_ehlo(struct reply *, uint64_t limit, bool xforward);

/* Leave the first line only. */
void reply_keep_first(struct reply *);

/* The last line as a string without its end, for the log and the metadata. */
void reply_last_line(const struct reply *, char *buf, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * address.h - where the downstream server, or several, listen.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address {
	char *host; /* name or number; NULL for a Unix socket */
	char *port;
	char *path; /* Unix socket, or NULL */
	bool lmtp; /* it speaks LMTP, not SMTP */
	struct address *next; /* to be tried when this one fails; NULL = none */
};

/*
 * "HOST:PORT", "[IPv6]:PORT", "inet:HOST:PORT", "unix:/PATH", each with "lmtp:"
 * in front if LMTP is spoken there; or several of them with commas between (so
 * that a path has none). False and a sentence if it is none of that. The first
 * is the caller's, address_free frees what hangs on it.
 */
bool address_parse(struct address *, const char *text, char *err, size_t errsize);
void address_free(struct address *);

/* One of them as address_parse takes it, into buf. */
const char *address_text(const struct address *, char *buf, size_t size);

/*
 * A connected socket to this one, by the first of the host's addresses that takes us; else
 * -1 and *why, a constant or static text. The deadline is in clock_ms's time.
 */
int address_connect(const struct address *, int64_t deadline, const char **why);

#endif

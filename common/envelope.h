/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * envelope.h - who sends what to whom: what a front knows of a message beside
 * its bytes.
 */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Strings may hold any bytes; whoever writes them anywhere escapes them. None
 * is NULL. Without a recipient there is no envelope at all, and "" says
 * nothing; with one, a sender of "" is the null sender.
 */
struct envelope {
	const char *sender; /* as in MAIL FROM, without <> */
	char *const *recipients; /* accepted ones */
	size_t n_recipients;
	const char *client; /* "name[address] helo", or "" */
	const char *client_name; /* verified by whoever told it; "" = unknown */
	const char *client_address; /* as text; "" = unknown */
	const char *protocol; /* what that client spoke: "ESMTP"; or "" */
	const char *source; /* "LOCAL", "REMOTE" or "" */
	const char *authenticated; /* did that client log in: "yes", "no" or "" = unknown */
	const char *ident; /* the message's name there: its queue id; or "" */
	const char *next_hop; /* what takes it, as --via of spawnscan-quarantine has it; or "" */
	const char *mode; /* which front it came by: "smtp", "lmtp", "filter" ... */
};

/* The two halves of a client; "" = not in the text. */
struct client_text {
	char name[256];
	char address[64];
};

/* Take "name[address]" apart; what follows is passed over. False if it is none, or empty. */
bool envelope_client(struct client_text *, const char *text);

#endif

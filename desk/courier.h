/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * courier.h - hands one message to a next hop, once.
 */
#ifndef COURIER_H
#define COURIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"

enum courier_result {
	COURIER_TAKEN, /* the next hop has it, for at least one recipient */
	COURIER_REFUSED, /* it has not; said why, or could not be reached */
	COURIER_UNKNOWN /* lost between the end of the message and the answer */
};

struct letter {
	const char *via; /* "sendmail", or as for address_parse */
	const char *sender; /* "" = null sender */
	const char *const *recipients;
	size_t n_recipients;
	const char *bytes;
	uint64_t size;
	char reply[1024]; /* what was said to it last, or what went wrong; any bytes */
	bool for_good; /* COURIER_REFUSED: with a 5yz reply */
	size_t n_refused; /* recipients that an LMTP server refused, of those given */
};

/* Is this a next hop? If not, a sentence in err. */
bool courier_knows(const char *via, char *err, size_t errsize);

/* Deliver. All recipients or none, but for LMTP, whose answers come one by one. */
enum courier_result courier_deliver(struct letter *, const struct conf *);

#endif

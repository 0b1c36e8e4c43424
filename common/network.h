/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network.h - IP addresses and networks as text.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <stddef.h>

/* IPv4 lies in ::ffff:0:0/96, so that there is one family. */
struct network {
	unsigned char bytes[16];
	unsigned int prefix; /* leading bits that count, 0 to 128 */
};

/*
 * "192.0.2.1", "192.0.2.0/24", "2001:db8::/32", also with "IPv6:" in front;
 * word need not end with a NUL. False if it is none of these, or if bits are
 * set behind the prefix.
 */
bool network_parse(struct network *, const char *word, size_t len);

/* Does the address (text; "" or a name is in none) belong to the network? */
bool network_holds(const struct network *, const char *address);

#endif

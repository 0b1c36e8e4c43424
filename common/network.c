/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network.c - IP addresses and networks as text.
 *
 * Nothing is looked up. An address that can't be read is in no network, and a
 * network with bits behind its prefix is refused: who writes 10.1.2.3/8 may
 * mean one thing or the other.
 */
#include "network.h"

#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAPPED_BITS 96 /* in front of an IPv4 address, RFC 4291 2.5.5.2 */

static bool parse_address(const char *text, unsigned char bytes[16], unsigned int *bits);
static bool parse_prefix(const char *text, unsigned int max, unsigned int *prefix);
static bool same_bits(const unsigned char *, const unsigned char *, unsigned int n);

bool
network_parse(struct network *n, const char *word, size_t len)
{
	static const unsigned char zero[16];
	struct network rest;
	unsigned int bits, prefix;
	char text[64], *slash;

	if (len >= sizeof(text))
		return false;
	memcpy(text, word, len);
	text[len] = '\0';
	slash = strchr(text, '/');
	if (slash != NULL)
		*slash++ = '\0';
	if (!parse_address(text, n->bytes, &bits))
		return false;
	prefix = bits;
	if (slash != NULL && !parse_prefix(slash, bits, &prefix))
		return false;
	n->prefix = 128 - bits + prefix;
	rest = *n;
	for (unsigned int i = 0; i < n->prefix; i++)
		rest.bytes[i / 8] &= (unsigned char)~(0x80 >> i % 8);
	return memcmp(rest.bytes, zero, sizeof(zero)) == 0;
}

/* bits: how many the address has in its own family */
static bool
parse_address(const char *text, unsigned char bytes[16], unsigned int *bits)
{
	memset(bytes, 0, 10);
	bytes[10] = bytes[11] = 0xff;
	*bits = 128 - MAPPED_BITS;
	if (inet_pton(AF_INET, text, bytes + 12) == 1)
		return true;
	*bits = 128;
	if (strncasecmp(text, "IPv6:", 5) == 0) /* RFC 5321 4.1.3 */
		text += 5;
	return inet_pton(AF_INET6, text, bytes) == 1;
}

static bool
parse_prefix(const char *text, unsigned int max, unsigned int *prefix)
{
	const char *wrong;

	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
		return false;
	*prefix = (unsigned int)strtonum(text, 0, max, &wrong);
	return wrong == NULL;
}

static bool
same_bits(const unsigned char *a, const unsigned char *b, unsigned int n)
{
	unsigned int rest = n % 8;

	return memcmp(a, b, n / 8) == 0 && (rest == 0 || (a[n / 8] ^ b[n / 8]) >> (8 - rest) == 0);
}

bool
network_holds(const struct network *n, const char *address)
{
	unsigned char bytes[16];
	unsigned int bits;

	return parse_address(address, bytes, &bits) && same_bits(n->bytes, bytes, n->prefix);
}

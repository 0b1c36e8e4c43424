/*
 * address.h - where the downstream server listens.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address {
	char *host;		/* name or number; NULL for a Unix socket */
	char *port;
	char *path;		/* Unix socket, or NULL */
};

/*
 * "HOST:PORT", "[IPv6]:PORT", "inet:HOST:PORT", "unix:/PATH". False and a
 * sentence if it is none of them. Free with address_free.
 */
bool address_parse(struct address *, const char *text, char *err, size_t errsize);
void address_free(struct address *);

/* As address_parse takes it, into buf. */
const char *address_text(const struct address *, char *buf, size_t size);

/*
 * A connected socket, to the first of the host's addresses that takes us; else
 * -1 and *why, a constant or static text. The deadline is in io_now's time.
 */
int address_connect(const struct address *, int64_t deadline, const char **why);

#endif

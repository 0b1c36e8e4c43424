/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * address - where the downstream server listens, and the way there
 *
 * Limits: the deadline bounds connecting; looking a name up is bounded by the
 * resolver's own timeouts only (resolv.conf(5)).
 */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"

/* Of host and service names; a host may have a few more. */
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

static bool address_parse_one(struct address *, const char *, char *, size_t);
static bool address_split(struct address *, const char *, char *, size_t);
static bool address_unix(struct address *, const char *, char *, size_t);
static bool port_is_sane(const char *);
static int connect_one(int, const struct sockaddr *, socklen_t, int64_t);
static int connect_unix(const struct address *, int64_t, const char **);
static int connect_inet(const struct address *, int64_t, const char **);

static bool
port_is_sane(const char *port)
{
	const char *error;

	if (isalpha((unsigned char)*port)) /* of /etc/services, for getaddrinfo to judge */
		return port[strspn(port, NAME_CHARACTERS)] == '\0';
	if (*port == '\0' || port[strspn(port, "0123456789")] != '\0')
		return false;
	(void)strtonum(port, 1, 65535, &error);
	return error == NULL;
}

static bool
address_unix(struct address *address, const char *path, char *err, size_t errsize)
{
	const struct sockaddr_un sun;

	if (*path != '/' || strlen(path) >= sizeof(sun.sun_path)) {
		snprintf(err, errsize, "\"unix:%s\" needs an absolute path of less than %zu bytes",
		    path, sizeof(sun.sun_path));
		return false;
	}
	if ((address->path = strdup(path)) == NULL)
		snprintf(err, errsize, "out of memory");
	return address->path != NULL;
}

/* address_split - HOST:PORT or [HOST]:PORT */
static bool
address_split(struct address *address, const char *text, char *err, size_t errsize)
{
	const char *begin = text, *end = strrchr(text, ':'), *port;

	if (*text == '[' && end != NULL && end > text + 1 && end[-1] == ']') {
		begin = text + 1;
		port = end-- + 1;
	} else if (end != NULL && strchr(text, ':') == end && strpbrk(text, "[]") == NULL) {
		port = end + 1;
	} else {
		snprintf(err, errsize, "\"%s\" is not HOST:PORT, [IPv6]:PORT or unix:/PATH", text);
		return false;
	}
	if (begin == end || !port_is_sane(port) ||
	    strspn(begin, NAME_CHARACTERS ".:%_") < (size_t)(end - begin)) {
		snprintf(err, errsize, "\"%s\" lacks a host or a port between 1 and 65535", text);
		return false;
	}
	address->host = strndup(begin, (size_t)(end - begin));
	address->port = strdup(port);
	if (address->host != NULL && address->port != NULL)
		return true;
	snprintf(err, errsize, "out of memory");
	return false;
}

static bool
address_parse_one(struct address *address, const char *text, char *err, size_t errsize)
{
	*address = (struct address){ NULL, NULL, NULL, false, NULL };
	if (strncmp(text, "lmtp:", 5) == 0) {
		address->lmtp = true;
		text += 5;
	}
	if (strncmp(text, "unix:", 5) == 0)
		return address_unix(address, text + 5, err, errsize);
	return address_split(address, strncmp(text, "inet:", 5) == 0 ? text + 5 : text, err,
	    errsize);
}

bool
address_parse(struct address *address, const char *text, char *err, size_t errsize)
{
	struct address *one = address;
	char *list = strdup(text), *rest = list, *piece;
	bool ok = list != NULL;

	*address = (struct address){ NULL, NULL, NULL, false, NULL };
	if (!ok)
		snprintf(err, errsize, "out of memory");
	while (ok && (piece = strsep(&rest, ",")) != NULL) {
		ok = address_parse_one(one, piece, err, errsize);
		if (!ok || rest == NULL)
			break;
		if ((one->next = calloc(1, sizeof(*one))) == NULL) {
			snprintf(err, errsize, "out of memory");
			ok = false;
		}
		one = one->next;
	}
	free(list);
	if (!ok)
		address_free(address);
	return ok;
}

void
address_free(struct address *address)
{
	struct address *next = address->next, *after;

	for (; next != NULL; next = after) {
		after = next->next;
		next->next = NULL;
		address_free(next);
		free(next);
	}
	free(address->host);
	free(address->port);
	free(address->path);
	*address = (struct address){ NULL, NULL, NULL, false, NULL };
}

const char *
address_text(const struct address *address, char *buf, size_t size)
{
	const char *lmtp = address->lmtp ? "lmtp:" : "";

	if (address->path != NULL)
		snprintf(buf, size, "%sunix:%s", lmtp, address->path);
	else if (strchr(address->host, ':') != NULL)
		snprintf(buf, size, "%s[%s]:%s", lmtp, address->host, address->port);
	else
		snprintf(buf, size, "%s%s:%s", lmtp, address->host, address->port);
	return buf;
}

/*
 * connect_one - a connected descriptor, or -1 with errno
 *
 * SO_SNDTIMEO bounds connect(2) on Linux, for Unix sockets with a full backlog
 * too, where a non-blocking connect can't be waited for. Later writes don't
 * feel it, they never block.
 */
static int
connect_one(int family, const struct sockaddr *sa, socklen_t len, int64_t deadline)
{
	int64_t left = deadline - clock_ms();
	struct timeval timeout;
	int fd, saved;

	if (left <= 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	timeout = (struct timeval){ .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	if ((fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == 0 &&
	    connect(fd, sa, len) == 0)
		return fd;
	saved = errno == EINPROGRESS || errno == EAGAIN ? ETIMEDOUT : errno;
	close(fd);
	errno = saved;
	return -1;
}

int
address_connect(const struct address *address, int64_t deadline, const char **why)
{
	return address->path != NULL ? connect_unix(address, deadline, why)
				     : connect_inet(address, deadline, why);
}

static int
connect_unix(const struct address *address, int64_t deadline, const char **why)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	strlcpy(sun.sun_path, address->path, sizeof(sun.sun_path));
	fd = connect_one(AF_UNIX, (const struct sockaddr *)&sun, sizeof(sun), deadline);
	if (fd == -1)
		*why = strerror(errno);
	return fd;
}

/* connect_inet - the first address that takes us; else -1 and why */
static int
connect_inet(const struct address *address, int64_t deadline, const char **why)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *ai;
	int code, fd = -1;

	if ((code = getaddrinfo(address->host, address->port, &hints, &list)) != 0) {
		*why = code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code);
		return -1;
	}
	for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next) {
		fd = connect_one(ai->ai_family, ai->ai_addr, ai->ai_addrlen, deadline);
		if (fd == -1)
			*why = strerror(errno);
	}
	freeaddrinfo(list);
	return fd;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay.c - the least that a content filter under spawn(8) can be: it connects
 * to 127.0.0.1:PORT and copies bytes both ways until one side is done.
 *
 *	relay PORT
 *
 * The floor that spawnscan is measured against: process start, one connection,
 * one more copy of the message. Blocking writes of up to 64 KB, TCP_NODELAY on
 * both connections. Each wait is limited to a minute.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 60000

static int connect_to(uint16_t port);
static void no_delay(int fd);
static bool copy(int from, int to);

static void
no_delay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int
connect_to(uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "port %u", port);
	return fd;
}

/* What is there to read. False at the end of either side. */
static bool
copy(int from, int to)
{
	static char buf[65536];
	ssize_t n = read(from, buf, sizeof(buf));

	for (ssize_t done = 0; done < n;) {
		ssize_t w = write(to, buf + done, (size_t)(n - done));

		if (w <= 0)
			return false;
		done += w;
	}
	return n > 0;
}

int
main(int argc, char **argv)
{
	struct pollfd p[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	int down;

	if (argc != 2)
		errx(1, "usage: relay PORT");
	down = connect_to((uint16_t)atoi(argv[1]));
	p[1].fd = down;
	no_delay(down);
	no_delay(STDIN_FILENO);
	for (;;) {
		if (poll(p, 2, WAIT_MS) <= 0)
			return 1;
		if (p[0].revents != 0 && !copy(STDIN_FILENO, down))
			return 0;
		if (p[1].revents != 0 && !copy(down, STDOUT_FILENO))
			return 0;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sink.c - an SMTP server that takes every message and forgets it.
 *
 *	sink [-o FILE [-p TEXT]] PORT
 *
 * One process, epoll, on 127.0.0.1. Offers PIPELINING; answers of one read go
 * out in one write. STAT, a command of its own, answers
 * "250 messages=N bytes=N", counted since the last STAT: that is how the
 * benchmark sees that every message arrived, and how long it was.
 *
 * With -o a line is written to FILE before a message is answered: its last
 * recipient, the first word of X-Spawnscan-Result ("-" if there is none), whether
 * X-Antivirus is there, and whether TEXT is in the message (0 or 1).
 *
 * Commands are not looked at but for their first letter. Ends on SIGTERM and
 * after some hours. Limits: MAX_CONNECTIONS; a command line of LINE_MAX_BYTES; of
 * a message's beginning LOOK_BYTES are looked at.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 256
#define LINE_MAX_BYTES 4096
#define READ_BYTES (256u << 10)
#define LOOK_BYTES (64u << 10)

struct connection {
	int fd; /* -1 = free */
	bool in_data;
	size_t matched; /* of END, in the message; */
	size_t line_len;
	char line[LINE_MAX_BYTES];
	char out[8192];
	size_t out_len;
	char recipient[256];
	char begin[LOOK_BYTES]; /* of the message, with -o */
	size_t begin_len;
};

static const char END[] = "\r\n.\r\n";

static struct connection connections[MAX_CONNECTIONS];
static uint64_t messages, bytes;
static FILE *record; /* -o */
static const char *payload; /* -p */
static char buffer[READ_BYTES];

static void take_connection(int listener, int epoll);
static bool take_input(struct connection *);
static bool take_bytes(struct connection *, const char *, size_t);
static size_t take_data(struct connection *, const char *, size_t);
static size_t take_line(struct connection *, const char *, size_t);
static bool command(struct connection *);
static void say(struct connection *, const char *);
static bool flush(struct connection *);
static void note_recipient(struct connection *);
static void write_record(const struct connection *);

static void
say(struct connection *c, const char *text)
{
	size_t len = strlen(text);

	if (c->out_len + len <= sizeof(c->out)) {
		memcpy(c->out + c->out_len, text, len);
		c->out_len += len;
	}
}

static bool
flush(struct connection *c)
{
	size_t len = c->out_len;

	c->out_len = 0;
	return len == 0 || send(c->fd, c->out, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* What is between < and > on the command line. */
static void
note_recipient(struct connection *c)
{
	const char *begin = memchr(c->line, '<', c->line_len), *end;

	c->recipient[0] = '\0';
	if (begin != NULL &&
	    (end = memchr(begin, '>', (size_t)(c->line + c->line_len - begin))) != NULL)
		snprintf(c->recipient, sizeof(c->recipient), "%.*s", (int)(end - begin - 1),
		    begin + 1);
}

static void
write_record(const struct connection *c)
{
	static const char result[] = "\nX-Spawnscan-Result: ", antivirus[] = "\nX-Antivirus: ";
	const char *found = memmem(c->begin, c->begin_len, result, sizeof(result) - 1);
	char word[32] = "-";

	if (found != NULL)
		sscanf(found + sizeof(result) - 1, "%31[a-z]", word);
	fprintf(record, "%s\t%s\t%d\t%d\n", c->recipient, word,
	    memmem(c->begin, c->begin_len, antivirus, sizeof(antivirus) - 1) != NULL,
	    payload != NULL && memmem(c->begin, c->begin_len, payload, strlen(payload)) != NULL);
	if (fflush(record) == EOF)
		err(1, "record");
}

/* False: close the connection. */
static bool
command(struct connection *c)
{
	char text[128];

	switch (c->line[0] & 0xdf) {
	case 'E':
		say(c, "250-sink\r\n250-PIPELINING\r\n250-SIZE 0\r\n250 8BITMIME\r\n");
		break;
	case 'R':
		note_recipient(c);
		say(c, "250 ok\r\n");
		break;
	case 'D':
		c->in_data = true;
		c->begin_len = 0;
		c->matched = 2; /* the line ending before the message */
		say(c, "354 go on\r\n");
		break;
	case 'Q':
		say(c, "221 bye\r\n");
		flush(c);
		return false;
	case 'S':
		snprintf(text, sizeof(text), "250 messages=%" PRIu64 " bytes=%" PRIu64 "\r\n",
		    messages, bytes);
		messages = bytes = 0;
		say(c, text);
		break;
	default:
		say(c, "250 ok\r\n");
	}
	return true;
}

static size_t
take_line(struct connection *c, const char *buf, size_t len)
{
	const char *lf = memchr(buf, '\n', len);
	size_t n = lf == NULL ? len : (size_t)(lf - buf) + 1;

	if (n > LINE_MAX_BYTES - c->line_len)
		n = LINE_MAX_BYTES - c->line_len;
	memcpy(c->line + c->line_len, buf, n);
	c->line_len += n;
	return n;
}

/*
 * How many of these bytes belong to the message. Only line endings are looked
 * for; between them the state is 0.
 */
static size_t
take_data(struct connection *c, const char *buf, size_t len)
{
	size_t i = 0;

	while (i < len) {
		if (c->matched == 0) {
			const char *cr = memchr(buf + i, '\r', len - i);

			if (cr == NULL)
				break;
			i = (size_t)(cr - buf);
		}
		if (buf[i] == END[c->matched])
			c->matched++;
		else
			c->matched = buf[i] == '\r' ? 1 : 0;
		i++;
		if (c->matched == sizeof(END) - 1) {
			c->in_data = false;
			messages++;
			say(c, "250 2.0.0 Ok: queued as SINK\r\n");
			bytes += i;
			return i;
		}
	}
	bytes += len;
	return len;
}

static bool
take_bytes(struct connection *c, const char *buf, size_t len)
{
	while (len > 0) {
		bool was_data = c->in_data;
		size_t n = was_data ? take_data(c, buf, len) : take_line(c, buf, len);

		if (was_data && record != NULL) {
			size_t look = n < LOOK_BYTES - c->begin_len ? n : LOOK_BYTES - c->begin_len;

			memcpy(c->begin + c->begin_len, buf, look);
			c->begin_len += look;
			if (!c->in_data)
				write_record(c);
		}
		buf += n;
		len -= n;
		if (!c->in_data && c->line_len > 0 && c->line[c->line_len - 1] == '\n') {
			if (!command(c))
				return false;
			c->line_len = 0;
		} else if (n == 0) {
			return false; /* line too long */
		}
	}
	return true;
}

static bool
take_input(struct connection *c)
{
	ssize_t n = recv(c->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return true;
	return n > 0 && take_bytes(c, buffer, (size_t)n) && flush(c);
}

static void
take_connection(int listener, int epoll)
{
	struct connection *c = connections;
	struct epoll_event event = { .events = EPOLLIN };
	int on = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd == -1)
		return;
	while (c < connections + MAX_CONNECTIONS && c->fd != -1)
		c++;
	if (c == connections + MAX_CONNECTIONS) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->fd = fd;
	c->in_data = false;
	c->line_len = c->out_len = 0;
	event.data.ptr = c;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	say(c, "220 sink ESMTP\r\n");
	flush(c);
}

static int
listen_on(uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 128) == -1)
		err(1, "port %u", port);
	return fd;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[64], event = { .events = EPOLLIN };
	int listener, epoll = epoll_create1(EPOLL_CLOEXEC), c;

	while ((c = getopt(argc, argv, "o:p:")) != -1) {
		if (c == 'o' && (record = fopen(optarg, "ae")) == NULL)
			err(1, "%s", optarg);
		else if (c == 'p')
			payload = optarg;
		else if (c == '?')
			errx(1, "usage: sink [-o FILE [-p TEXT]] PORT");
	}
	if (argc != optind + 1)
		errx(1, "usage: sink [-o FILE [-p TEXT]] PORT");
	alarm(4 * 3600);
	listener = listen_on((uint16_t)atoi(argv[optind]));
	for (size_t i = 0; i < MAX_CONNECTIONS; i++)
		connections[i].fd = -1;
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event); /* data.ptr is NULL */
	for (;;) {
		int n = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < n; i++) {
			struct connection *peer = events[i].data.ptr;

			if (peer == NULL) {
				take_connection(listener, epoll);
			} else if (!take_input(peer)) {
				close(peer->fd);
				peer->fd = -1;
			}
		}
	}
}

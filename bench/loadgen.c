/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loadgen.c - sends distinct messages and measures how long each takes.
 *
 *	loadgen [-i] [-c CONNECTIONS] [-m PER_CONNECTION] [-n MESSAGES] [-s BYTES]
 *	    [-a FILE] [-p PARTS] [-x SEED] [-e TEXT] [-o FILE] [-S] TARGET
 *
 * TARGET is a port of 127.0.0.1 or the path of a Unix socket. -i speaks
 * clamd's INSTREAM instead of SMTP. A message has BYTES bytes: at most
 * TEXT_BYTES of text, and beyond it one attachment, random base64 or, with -a,
 * the file (then BYTES is the text), or PARTS of them that share the BYTES. -e: what each answer must hold (OK or
 * FOUND with -i, 250 else). -S: no load, ask our sink for its counts and print
 * the answer. -o: write the first message to FILE and do nothing else.
 *
 * No two messages are alike, of one run or of two with different seeds: a
 * number and a mark of random characters are in the header, in the text and in
 * the random attachment. Otherwise a scanner's cache would answer.
 *
 * One thread per connection, blocking I/O, TCP_NODELAY. As Postfix does:
 * MAIL, RCPT and DATA in one piece where PIPELINING is offered, then the
 * message; nothing is sent ahead of the answer to a message. The latency of a
 * message is from the first of its own commands to the final answer; that of
 * the first on a connection includes connecting, greeting and EHLO. All
 * messages are made before the clock starts.
 *
 * Output, one line: messages, seconds, rate (1/s), p50, p95 and max (ms), and
 * bytes of one message. Diagnostics: any answer but the expected one ends the
 * program by errx(3). Each wait is limited to WAIT_SECONDS.
 */
#include <arpa/inet.h>
#include <err.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SECONDS 120
#define TEXT_BYTES 10000u
#define MARK_BYTES 40u
#define PARTS_MAX 8
#define MARKS_MAX (2 + PARTS_MAX)
#define BASE64_LINE 76u
#define CHUNK_BYTES (128u << 10) /* of INSTREAM; clamdscan's */
#define CONNECTIONS_MAX 64

struct options {
	const char *target, *expect, *attachment;
	bool instream;
	unsigned int connections, per_connection, messages, parts;
	size_t bytes;
	uint64_t seed;
};

/* Bytes of the message, and where its marks are: overwritten for each. */
struct mail {
	char *bytes;
	size_t len, size;
	size_t marks[MARKS_MAX];
	size_t n_marks;
};

struct peer {
	int fd;
	size_t len; /* of what was read and not used yet */
	char buf[8192];
};

struct worker {
	pthread_t thread;
	struct mail mail;
	uint64_t random;
	unsigned int first, n; /* which messages are ours */
};

static struct options options = { .connections = 1,
	.per_connection = 1,
	.messages = 100,
	.parts = 1,
	.bytes = 10240,
	.seed = 1 };
static double *latencies; /* ms, by message */

static double now(void);
static uint64_t next_random(uint64_t *);
static void mail_make(struct mail *, uint64_t seed);
static void mail_add(struct mail *, const char *, size_t);
static void mail_print(struct mail *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void mail_add_text(struct mail *, size_t, uint64_t *);
static void mail_add_random_base64(struct mail *, size_t, uint64_t *);
static void mail_add_file(struct mail *, const char *);
static void mail_mark_here(struct mail *);
static void mail_mark(struct mail *, uint64_t *);
static void *work(void *);
static void peer_open(struct peer *);
static void peer_send(struct peer *, const char *, size_t);
static void peer_line(struct peer *, char *, size_t, char end);
static void smtp_reply(struct peer *, const char *, bool *pipelining);
static void smtp_greet(struct peer *, bool *pipelining);
static void smtp_message(struct peer *, const struct mail *, bool pipelining);
static void stream_message(struct peer *, const struct mail *);

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* -- messages -------------------------------------------------------------- */

static void
mail_add(struct mail *m, const char *bytes, size_t len)
{
	if (len > m->size - m->len) {
		m->size = m->size * 2 + len;
		m->bytes = realloc(m->bytes, m->size);
		if (m->bytes == NULL)
			err(1, NULL);
	}
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void
mail_print(struct mail *m, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mail_add(m, text, strlen(text));
}

/* A mark goes here: base64 characters, harmless in a text as well. */
static void
mail_mark_here(struct mail *m)
{
	char room[MARK_BYTES];

	memset(room, 'A', sizeof(room));
	m->marks[m->n_marks++] = m->len;
	mail_add(m, room, sizeof(room));
}

static void
mail_mark(struct mail *m, uint64_t *random)
{
	for (size_t i = 0; i < m->n_marks; i++) {
		for (size_t k = 0; k < MARK_BYTES; k++)
			m->bytes[m->marks[i] + k] =
			    "abcdefghijklmnopqrstuvwxyzABCDEF"[next_random(random) >> 59];
	}
}

/* Words of two to nine letters, lines of about 70. */
static void
mail_add_text(struct mail *m, size_t bytes, uint64_t *random)
{
	size_t end = m->len + bytes, line = 0;

	mail_mark_here(m);
	mail_print(m, "\r\n");
	while (m->len + 12 < end) {
		uint64_t r = next_random(random);
		size_t letters = 2 + (r & 7);
		char word[16];

		for (size_t i = 0; i < letters; i++)
			word[i] = "eeetttaaoonniisrhldcumfpgwybvkxq"[r >> (8 + 5 * i) & 31];
		line += letters + 1;
		word[letters] = ' ';
		mail_add(m, word, letters + 1);
		if (line > 66) {
			mail_add(m, "\r\n", 2);
			line = 0;
		}
	}
	mail_print(m, "\r\n");
}

static void
mail_add_random_base64(struct mail *m, size_t bytes, uint64_t *random)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char line[BASE64_LINE + 2] = { [BASE64_LINE] = '\r', [BASE64_LINE + 1] = '\n' };

	mail_mark_here(m);
	mail_print(m, "\r\n");
	for (size_t done = 0; done + sizeof(line) <= bytes; done += sizeof(line)) {
		for (size_t i = 0; i < BASE64_LINE; i++)
			line[i] = digits[next_random(random) >> 58];
		mail_add(m, line, sizeof(line));
	}
}

/* Through base64(1): a few hundred bytes, made before the clock starts. */
static void
mail_add_file(struct mail *m, const char *path)
{
	char command[4096], line[128];
	FILE *f;

	snprintf(command, sizeof(command), "exec base64 -- '%s'", path);
	f = popen(command, "r");
	if (f == NULL)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL)
		mail_print(m, "%.*s\r\n", (int)strcspn(line, "\n"), line);
	if (pclose(f) != 0)
		errx(1, "%s: no base64 of it", path);
}

static void
mail_make(struct mail *m, uint64_t seed)
{
	bool with_part = options.attachment != NULL || options.bytes > 2 * TEXT_BYTES;
	uint64_t random = seed;

	mail_print(m,
	    "From: Alice <alice@example.org>\r\nTo: Bob <bob@example.net>\r\n"
	    "Subject: a measured message\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
	    "MIME-Version: 1.0\r\nMessage-ID: <");
	mail_mark_here(m);
	mail_print(m, "@example.org>\r\n");
	if (with_part)
		mail_print(m,
		    "Content-Type: multipart/mixed; boundary=\"frontier-42\"\r\n\r\n"
		    "--frontier-42\r\n");
	mail_print(m, "Content-Type: text/plain; charset=us-ascii\r\n\r\n");
	mail_add_text(m, options.bytes > 2 * TEXT_BYTES ? 1000 : options.bytes - m->len, &random);
	for (unsigned int i = 0; with_part && i < options.parts; i++) {
		const char *name = options.attachment != NULL ? "clam.exe" : "data.bin";

		mail_print(m,
		    "--frontier-42\r\nContent-Type: application/octet-stream; "
		    "name=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n"
		    "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n",
		    name, name);
		if (options.attachment != NULL)
			mail_add_file(m, options.attachment);
		else
			mail_add_random_base64(m, (options.bytes - m->len) / (options.parts - i),
			    &random);
	}
	if (with_part)
		mail_print(m, "--frontier-42--\r\n");
	if (!options.instream)
		mail_add(m, ".\r\n", 3);
}

/* -- the other side -------------------------------------------------------- */

static void
peer_open(struct peer *p)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(options.target)),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = WAIT_SECONDS };
	bool local = options.target[0] == '/';
	int on = 1;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", options.target);
	p->len = 0;
	p->fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
	if (p->fd == -1 ||
	    connect(p->fd, local ? (struct sockaddr *)&sun : (struct sockaddr *)&sin,
		local ? sizeof(sun) : sizeof(sin)) == -1)
		err(1, "connect to %s", options.target);
	setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (!local)
		setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void
peer_send(struct peer *p, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(p->fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			err(1, "send to %s", options.target);
		bytes += n;
		len -= (size_t)n;
	}
}

/* One line without its end. */
static void
peer_line(struct peer *p, char *line, size_t size, char end)
{
	for (;;) {
		char *at = memchr(p->buf, end, p->len);
		ssize_t n;

		if (at != NULL) {
			snprintf(line, size, "%.*s", (int)(at - p->buf), p->buf);
			p->len -= (size_t)(at + 1 - p->buf);
			memmove(p->buf, at + 1, p->len);
			return;
		}
		n = recv(p->fd, p->buf + p->len, sizeof(p->buf) - p->len, 0);
		if (n <= 0)
			err(1, "no answer from %s", options.target);
		p->len += (size_t)n;
	}
}

static void
smtp_reply(struct peer *p, const char *expect, bool *pipelining)
{
	char line[512];

	do {
		peer_line(p, line, sizeof(line), '\n');
		if (strncmp(line, expect, strlen(expect)) != 0)
			errx(1, "%s answers \"%s\" instead of %s", options.target, line, expect);
		if (pipelining != NULL && strncmp(line + 4, "PIPELINING", 10) == 0)
			*pipelining = true;
	} while (line[3] == '-');
}

static void
smtp_greet(struct peer *p, bool *pipelining)
{
	static const char ehlo[] = "EHLO load.example.org\r\n";

	*pipelining = false;
	smtp_reply(p, "220", NULL);
	peer_send(p, ehlo, sizeof(ehlo) - 1);
	smtp_reply(p, "250", pipelining);
}

static void
smtp_message(struct peer *p, const struct mail *m, bool pipelining)
{
	static const char *const commands[] = { "MAIL FROM:<alice@example.org>\r\n",
		"RCPT TO:<bob@example.net>\r\n", "DATA\r\n" };
	char all[256] = "";

	for (size_t i = 0; pipelining && i < 3; i++)
		strcat(all, commands[i]);
	peer_send(p, all, strlen(all));
	for (size_t i = 0; i < 3; i++) {
		if (!pipelining)
			peer_send(p, commands[i], strlen(commands[i]));
		smtp_reply(p, i == 2 ? "354" : "250", NULL);
	}
	peer_send(p, m->bytes, m->len);
	smtp_reply(p, options.expect, NULL);
}

static void
stream_message(struct peer *p, const struct mail *m)
{
	static const char command[] = "zINSTREAM"; /* with its NUL */
	uint32_t length;
	char answer[512];

	peer_send(p, command, sizeof(command));
	for (size_t done = 0; done < m->len;) {
		size_t n = m->len - done < CHUNK_BYTES ? m->len - done : CHUNK_BYTES;

		length = htonl((uint32_t)n);
		peer_send(p, (const char *)&length, sizeof(length));
		peer_send(p, m->bytes + done, n);
		done += n;
	}
	length = 0;
	peer_send(p, (const char *)&length, sizeof(length));
	peer_line(p, answer, sizeof(answer), '\0');
	if (strstr(answer, options.expect) == NULL)
		errx(1, "%s answers \"%s\" instead of %s", options.target, answer, options.expect);
}

/* -- load ------------------------------------------------------------------ */

static void
open_session(struct peer *p, bool *pipelining)
{
	static const char session[] = "zIDSESSION";

	peer_open(p);
	if (!options.instream)
		smtp_greet(p, pipelining);
	else if (options.per_connection > 1)
		peer_send(p, session, sizeof(session));
}

static void
close_session(struct peer *p)
{
	if (!options.instream) {
		peer_send(p, "QUIT\r\n", 6);
		smtp_reply(p, "221", NULL);
	}
	close(p->fd);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct peer p;
	bool pipelining = false;

	for (unsigned int i = 0; i < w->n; i++) {
		double begun;

		mail_mark(&w->mail, &w->random);
		begun = now();
		if (i % options.per_connection == 0)
			open_session(&p, &pipelining);
		if (options.instream)
			stream_message(&p, &w->mail);
		else
			smtp_message(&p, &w->mail, pipelining);
		latencies[w->first + i] = now() - begun;
		if ((i + 1) % options.per_connection == 0 || i + 1 == w->n)
			close_session(&p);
	}
	return NULL;
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
run_load(void)
{
	static struct worker workers[CONNECTIONS_MAX];
	unsigned int n = options.messages;
	double begun, seconds;

	latencies = calloc(n, sizeof(*latencies));
	if (latencies == NULL)
		err(1, NULL);
	for (unsigned int i = 0; i < options.connections; i++) {
		struct worker *w = &workers[i];

		w->first = n * i / options.connections;
		w->n = n * (i + 1) / options.connections - w->first;
		w->random = options.seed << 8 | i;
		mail_make(&w->mail, w->random);
	}
	begun = now();
	for (unsigned int i = 0; i < options.connections; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			errx(1, "pthread_create");
	for (unsigned int i = 0; i < options.connections; i++)
		pthread_join(workers[i].thread, NULL);
	seconds = (now() - begun) / 1e3;
	qsort(latencies, n, sizeof(*latencies), by_value);
	printf("messages=%u seconds=%.4f rate=%.2f p50=%.3f p95=%.3f max=%.3f bytes=%zu\n", n,
	    seconds, n / seconds, latencies[n / 2], latencies[n * 95 / 100], latencies[n - 1],
	    workers[0].mail.len);
}

static void
ask_sink(void)
{
	struct peer p;
	char line[512];

	peer_open(&p);
	smtp_reply(&p, "220", NULL);
	peer_send(&p, "STAT\r\n", 6);
	peer_line(&p, line, sizeof(line), '\r');
	puts(line + 4);
}

static void
write_mail(const char *path)
{
	struct mail mail = { .bytes = NULL };
	uint64_t random = options.seed << 8;
	FILE *f = fopen(path, "we");

	options.instream = true; /* no dot */
	mail_make(&mail, random);
	mail_mark(&mail, &random);
	if (f == NULL || fwrite(mail.bytes, 1, mail.len, f) != mail.len || fclose(f) == EOF)
		err(1, "%s", path);
}

int
main(int argc, char **argv)
{
	const char *out = NULL;
	bool ask = false;
	int c;

	while ((c = getopt(argc, argv, "a:c:e:im:n:o:p:s:Sx:")) != -1) {
		switch (c) {
		case 'a':
			options.attachment = optarg;
			break;
		case 'c':
			options.connections = (unsigned int)atoi(optarg);
			break;
		case 'e':
			options.expect = optarg;
			break;
		case 'i':
			options.instream = true;
			break;
		case 'm':
			options.per_connection = (unsigned int)atoi(optarg);
			break;
		case 'n':
			options.messages = (unsigned int)atoi(optarg);
			break;
		case 'o':
			out = optarg;
			break;
		case 'p':
			options.parts = (unsigned int)atoi(optarg);
			break;
		case 's':
			options.bytes = strtoul(optarg, NULL, 10);
			break;
		case 'S':
			ask = true;
			break;
		case 'x':
			options.seed = strtoull(optarg, NULL, 10);
			break;
		default:
			return 64;
		}
	}
	if (optind + (out == NULL) != argc || options.connections < 1 || options.messages < 1 ||
	    options.connections > CONNECTIONS_MAX || options.per_connection < 1 ||
	    options.bytes < 1000 || options.parts < 1 || options.parts > PARTS_MAX)
		errx(64, "usage: see loadgen.c");
	if (options.expect == NULL)
		options.expect = options.instream ? "OK" : "250";
	options.target = argv[optind];
	if (out != NULL)
		write_mail(out);
	else if (ask)
		ask_sink();
	else
		run_load();
	return 0;
}

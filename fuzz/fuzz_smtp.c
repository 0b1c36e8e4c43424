/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_smtp - smtp_relay between a scripted client and a scripted downstream
 *
 * One thread and no waiting: poll(2), connect(2) and the clock are wrapped
 * (ld --wrap). Whenever the relay would wait, both peers get their turn in
 * poll; if then nothing is ready, the clock jumps to the end of the wait.
 *
 * Input: byte 0 settings and byte 1 what the inspector says and more settings
 * (below); then records, each begun by a byte that no reply and no command holds:
 *	0xFE	the client sends this once the relay waits for it
 *	0xFF	the downstream's answer to the next command (first: its greeting), or to
 *		the message: of LMTP one for each recipient
 *	0xFD	the downstream says this without being asked
 *	0xFC	the downstream closes when it is asked next
 * A second downstream, if there is one, goes on with the script where the first
 * stopped. When the script is over the client leaves (or falls silent) and the
 * downstream says yes to everything (or falls silent).
 *
 * Invariants: no descriptor stays open; the relay says whole, printable reply
 * lines only; a 2yz to a message follows a downstream's 2yz that came after
 * the complete message (of LMTP: the one for this recipient, or for all of them
 * if the client is told but once), or a discard; what the downstream got is, undotted, to
 * the byte what the inspection gave; it never sees a stray CR or LF, nor a
 * command with one in it.
 */
#include <sys/socket.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "fuzz.h"
#include "inspection.h"
#include "log.h"
#include "quarantine.h"
#include "report.h"
#include "smtp_relay.h"

/* Bits of byte 0. */
#define PIPES 0x01 /* the client is on two pipes, not a socket */
#define CLIENT_SILENT 0x02 /* at the end of its script, instead of leaving */
#define DOWN_SILENT 0x04
#define REJECT_LF 0x08
#define SMALL_LIMITS 0x10
#define STORE_FAILS 0x20 /* the quarantine can't be written */
#define KEEP 0x40 /* quarantine = all */
#define UNREACHABLE 0x80

/* Bits of byte 1, above the inspector's. */
#define LMTP 0x10 /* the downstream speaks it */
#define SECOND 0x20 /* there is another one, and UNREACHABLE means the first only */
#define SECOND_LMTP 0x40

#define STEPS_MAX 200
#define FDS 64
#define RECIPIENTS_MAX 1000 /* as in recipient_limit */

struct step {
	unsigned char kind;
	const char *text;
	size_t len;
};

/* A growing buffer of what came from the relay. */
struct heap {
	char *bytes;
	size_t len;
};

static struct {
	unsigned int flags, verdict;
	struct step client[STEPS_MAX], down[STEPS_MAX];
	size_t n_client, n_down, at_client, at_down;
	int64_t now; /* ms */

	int client_in, client_out; /* our ends: we write, we read */
	int relay_rfd; /* the relay's end of the former */
	bool client_closed;
	struct heap replies; /* of the relay, as far as not yet judged */
	bool awaiting_final; /* the client was told 354 */
	size_t finals; /* how many replies to the message it has heard */
	size_t recipients; /* of the message that was inspected last */
	bool client_lmtp;
	bool may_succeed; /* the message is the downstream's, or discarded */
	bool taken[RECIPIENTS_MAX]; /* LMTP: by recipient */

	int down_fd; /* our end; -1 = none */
	size_t connections;
	bool down_lmtp;
	struct heap commands;
	bool data; /* in the downstream's DATA */
	bool complete; /* it has the message to the final dot */
	bool data_asked; /* the last command was DATA */
	struct heap said; /* since the last command or message */

	struct heap expected; /* what the downstream must get; NULL = not known */
	bool expecting;
} sim;

int __real_poll(struct pollfd *, nfds_t, int);
int __wrap_poll(struct pollfd *, nfds_t, int);
int __wrap_connect(int, const struct sockaddr *, socklen_t);
int __real_clock_gettime(clockid_t, struct timespec *);
int __wrap_clock_gettime(clockid_t, struct timespec *);

static void
heap_add(struct heap *h, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	h->bytes = realloc(h->bytes, h->len + len);
	fuzz_assert(h->bytes != NULL, "memory");
	memcpy(h->bytes + h->len, bytes, len);
	h->len += len;
}

static void
heap_take(struct heap *h, size_t len)
{
	memmove(h->bytes, h->bytes + len, h->len - len);
	h->len -= len;
}

static void
heap_free(struct heap *h)
{
	free(h->bytes);
	*h = (struct heap){ NULL, 0 };
}

/* All that waits on a descriptor. */
static void
drain(int fd, struct heap *h)
{
	char buf[8192];
	ssize_t n;

	while (fd != -1 && (n = read(fd, buf, sizeof(buf))) > 0)
		heap_add(h, buf, (size_t)n);
}

static void
put_all(int fd, const char *bytes, size_t len)
{
	/* Scripts are shorter than any socket or pipe buffer. */
	if (fd != -1 && len > 0)
		(void)!write(fd, bytes, len);
}

/*
 * The client.
 */

/* Is a success true for the n-th recipient, or for all if there is but one reply? */
static bool
may_be_told(size_t n)
{
	if (sim.may_succeed || !sim.down_lmtp)
		return sim.may_succeed;
	if (sim.client_lmtp)
		return sim.taken[n];
	for (n = 0; n < sim.recipients; n++) {
		if (!sim.taken[n])
			return false;
	}
	return n > 0;
}

static void
judge_reply_line(const char *line, size_t len)
{
	int code;

	fuzz_assert(len >= 3 && len <= 2048, "a reply line has a code and a limit");
	for (size_t i = 0; i < len; i++)
		fuzz_assert((unsigned char)line[i] >= 0x20 || line[i] == '\t',
		    "a reply is printable");
	fuzz_assert(isdigit((unsigned char)line[0]) && isdigit((unsigned char)line[1]) &&
		isdigit((unsigned char)line[2]),
	    "a reply begins with a code");
	if (len > 3 && line[3] == '-')
		return;
	fuzz_assert(len == 3 || line[3] == ' ', "a blank follows the code");
	code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
	if (sim.awaiting_final) {
		fuzz_assert(code / 100 != 2 || may_be_told(sim.finals),
		    "a success that the downstream did not tell");
		fuzz_assert(code / 100 != 3, "a go-ahead instead of a reply to a message");
		/* A message that was not inspected has but refusals. */
		sim.awaiting_final = sim.client_lmtp && ++sim.finals < sim.recipients;
	} else if (code == 354) {
		sim.awaiting_final = true;
		sim.finals = sim.recipients = 0;
	}
	if (!sim.awaiting_final) {
		sim.may_succeed = false;
		memset(sim.taken, 0, sizeof(sim.taken));
	}
}

static void
client_listen(void)
{
	const char *lf;

	drain(sim.client_out, &sim.replies);
	while (sim.replies.len > 0 &&
	    (lf = memchr(sim.replies.bytes, '\n', sim.replies.len)) != NULL) {
		size_t len = (size_t)(lf - sim.replies.bytes);

		fuzz_assert(len > 0 && lf[-1] == '\r', "a reply line ends in CRLF");
		judge_reply_line(sim.replies.bytes, len - 1);
		heap_take(&sim.replies, len + 1);
	}
}

/* The relay waits for the client: false if there is nothing to come. */
static bool
client_speak(void)
{
	if (sim.client_closed)
		return false;
	if (sim.at_client < sim.n_client) {
		const struct step *s = &sim.client[sim.at_client++];

		put_all(sim.client_in, s->text, s->len);
		return true;
	}
	if ((sim.flags & CLIENT_SILENT) != 0)
		return false;
	sim.client_closed = true;
	if ((sim.flags & PIPES) != 0) {
		close(sim.client_in);
		sim.client_in = -1;
	} else {
		shutdown(sim.client_in, SHUT_WR);
	}
	return true;
}

/*
 * The downstream.
 */

/* Of what was said to the message, the n-th reply is that to the n-th recipient. */
static void
note_taken(void)
{
	const char *line = sim.said.bytes, *end = line + sim.said.len, *lf;
	size_t n = 0;

	for (; line < end && n < RECIPIENTS_MAX; line = lf + 1) {
		sim.taken[n] = sim.taken[n] || *line == '2';
		if ((lf = memchr(line, '\n', (size_t)(end - line))) == NULL)
			break;
		if (lf - line < 4 || line[3] != '-')
			n++;
	}
}

/* What is said since the last command, whether it was asked for or not, is the answer to it. */
static void
down_say(const char *text, size_t len)
{
	put_all(sim.down_fd, text, len);
	heap_add(&sim.said, text, len);
	if (sim.complete && sim.down_lmtp)
		note_taken();
	else if (sim.complete)
		sim.may_succeed = sim.may_succeed || (len > 0 && sim.said.bytes[0] == '2');
	else if (sim.data_asked)
		sim.data = sim.said.len >= 3 && memcmp(sim.said.bytes, "354", 3) == 0;
}

static void
down_answer(void)
{
	const struct step *s;

	if (sim.at_down < sim.n_down) {
		s = &sim.down[sim.at_down++];
		if (s->kind == 0xFC) {
			close(sim.down_fd);
			sim.down_fd = -1;
			return;
		}
		down_say(s->text, s->len);
	} else if ((sim.flags & DOWN_SILENT) == 0) {
		if (sim.data_asked)
			down_say("354 go\r\n", 8);
		else
			down_say("250 ok\r\n", 8);
	}
}

static void
down_welcome(void)
{
	if (sim.at_down < sim.n_down || (sim.flags & DOWN_SILENT) != 0)
		down_answer();
	else
		down_say("220 hi\r\n", 8);
}

static void
judge_message(const char *wire, size_t len)
{
	struct heap plain = { NULL, 0 };

	for (size_t i = 0; i < len;) {
		const char *lf = memchr(wire + i, '\n', len - i);
		size_t end = (size_t)(lf - wire) + 1;

		fuzz_assert(end - i >= 2 && wire[end - 2] == '\r' &&
			memchr(wire + i, '\r', end - 2 - i) == NULL,
		    "lines of a message end in CRLF");
		if (wire[i] == '.')
			i++;
		heap_add(&plain, wire + i, end - i);
		i = end;
	}
	if (sim.expecting) {
		if (sim.expected.len > 0 &&
		    (sim.expected.len < 2 ||
			memcmp(sim.expected.bytes + sim.expected.len - 2, "\r\n", 2) != 0))
			heap_add(&sim.expected, "\r\n", 2);
		fuzz_assert(plain.len == sim.expected.len &&
			(plain.len == 0 || memcmp(plain.bytes, sim.expected.bytes, plain.len) == 0),
		    "the downstream gets what the inspection gave");
	}
	sim.expecting = false;
	heap_free(&plain);
}

/* One more command, or the message; false if neither is there yet. */
static bool
down_take(void)
{
	struct heap *c = &sim.commands;
	const char *end;
	size_t len;

	if (c->len == 0)
		return false;
	if (sim.data) {
		if (c->len >= 3 && memcmp(c->bytes, ".\r\n", 3) == 0)
			len = 0;
		else if ((end = memmem(c->bytes, c->len, "\r\n.\r\n", 5)) != NULL)
			len = (size_t)(end - c->bytes) + 2;
		else
			return false;
		judge_message(c->bytes, len);
		heap_take(c, len + 3);
		sim.data = sim.data_asked = false;
		sim.complete = true;
		sim.said.len = 0;
		return true;
	}
	end = memchr(c->bytes, '\n', c->len);
	if (end == NULL)
		return false;
	len = (size_t)(end - c->bytes);
	fuzz_assert(len > 0 && end[-1] == '\r' && memchr(c->bytes, '\r', len - 1) == NULL &&
		memchr(c->bytes, '\0', len) == NULL,
	    "a command is one line");
	sim.data_asked = len == 5 && memcmp(c->bytes, "DATA\r", 5) == 0;
	sim.complete = false;
	sim.said.len = 0;
	heap_take(c, len + 1);
	return true;
}

static void
down_turn(void)
{
	if (sim.down_fd == -1)
		return;
	drain(sim.down_fd, &sim.commands);
	while (down_take()) {
		size_t n = sim.complete && sim.down_lmtp ? sim.recipients : 1;

		for (; n > 0 && sim.down_fd != -1; n--)
			down_answer();
		if (sim.down_fd == -1)
			return;
	}
	while (sim.at_down < sim.n_down && sim.down[sim.at_down].kind == 0xFD) {
		const struct step *s = &sim.down[sim.at_down++];

		down_say(s->text, s->len);
	}
}

/*
 * The world around the relay.
 */

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	for (;;) {
		bool wants_client = false;
		int ready;

		client_listen();
		down_turn();
		ready = __real_poll(fds, n, 0);
		if (ready != 0)
			return ready;
		for (nfds_t i = 0; i < n; i++)
			wants_client = wants_client ||
			    (fds[i].fd == sim.relay_rfd && (fds[i].events & POLLIN) != 0);
		if (wants_client && client_speak())
			continue;
		sim.now += timeout < 0 ? 0 : timeout;
		fuzz_assert(timeout >= 0, "every wait has an end");
		return 0;
	}
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	(void)clock;
	ts->tv_sec = sim.now / 1000;
	ts->tv_nsec = sim.now % 1000 * 1000000;
	return 0;
}

static void
nonblocking(int fd)
{
	fuzz_assert(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
}

int
__wrap_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	int pair[2];

	(void)sa;
	(void)len;
	sim.connections++;
	if ((sim.flags & UNREACHABLE) != 0 &&
	    (sim.connections == 1 || (sim.verdict & SECOND) == 0)) {
		errno = ECONNREFUSED;
		return -1;
	}
	fuzz_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	fuzz_assert(dup2(pair[0], fd) == fd, "dup2");
	close(pair[0]);
	if (sim.down_fd != -1)
		close(sim.down_fd);
	sim.down_fd = pair[1];
	sim.down_lmtp = (sim.verdict & (sim.connections == 1 ? LMTP : SECOND_LMTP)) != 0;
	sim.commands.len = sim.said.len = 0;
	sim.data = sim.data_asked = sim.complete = false;
	nonblocking(sim.down_fd);
	down_welcome();
	return 0;
}

/* What the inspector says is in the input; its edits try the dot machine. */
void
inspection_run(struct inspection *in, const struct conf *c, const struct message *m,
    const char *ref, const struct envelope *envelope, bool crlf_only)
{
	struct report *r = &in->report;
	unsigned int action = (sim.verdict & 0x0f) % (ACTION_COUNT + 2);
	const char *lf = m->size == 0 ? NULL : memchr(m->bytes, '\n', m->size);
	size_t line = lf == NULL ? 0 : (size_t)(lf - m->bytes) + 1, len;
	char *out;

	(void)c;
	(void)ref;
	report_init(r);
	in->ok = action <= ACTION_COUNT;
	fuzz_assert(crlf_only, "SMTP has CRLF only");
	client_listen(); /* the 354, if it was not awaited */
	sim.recipients = envelope->n_recipients;
	sim.client_lmtp = strcmp(envelope->mode, "lmtp") == 0;
	fuzz_assert(sim.recipients > 0 && sim.recipients <= RECIPIENTS_MAX, "recipients");
	heap_free(&sim.expected);
	if (!in->ok) {
		strlcpy(in->failure, "fuzzed away", sizeof(in->failure));
		sim.expecting = false;
		return;
	}
	r->scanner = strdup("stub");
	if (action < ACTION_COUNT)
		report_add_finding(r, CLASS_BLOCKED, (enum verdict_action)action, "1", "fuzz", "f");
	if (action == ACTION_DEFANG || action == ACTION_REMOVE) {
		report_add_edit(r, 0, 0, strdup("X-Fuzz: 1\r\n.\r\n..\r\n."), 19);
		report_add_edit(r, line, m->size - line, strdup(".\r\n."), 4);
	}
	out = fuzz_splice(m->bytes, m->size, r->edits, r->n_edits, &len);
	heap_add(&sim.expected, out, len);
	free(out);
	sim.expecting = action != ACTION_WRAP;
	/* Taken without the downstream: the one success of our own. */
	sim.may_succeed = action == ACTION_DISCARD && (sim.flags & STORE_FAILS) == 0;
}

void
inspection_free(struct inspection *in)
{
	report_free(&in->report);
}

void
quarantine_reserve(struct quarantine *q, const char *dir, time_t now)
{
	(void)dir;
	(void)now;
	strlcpy(q->path, "/nonexistent", sizeof(q->path));
	strlcpy(q->reference, "0101/1.1", sizeof(q->reference));
}

bool
quarantine_check(const struct quarantine *q, char *err, size_t errsize)
{
	(void)q;
	(void)err;
	(void)errsize;
	return true;
}

bool
quarantine_store(struct quarantine *q, const struct message *m, const struct envelope *e,
    const struct report *r, const char *failure, uint64_t min_free, char *err, size_t errsize)
{
	(void)m;
	(void)e;
	(void)r;
	(void)failure;
	(void)min_free;
	strlcpy(err, "fuzzed away", errsize);
	q->stored = (sim.flags & STORE_FAILS) == 0;
	return q->stored;
}

bool
quarantine_note_reply(const struct quarantine *q, const char *reply, char *err, size_t errsize)
{
	(void)q;
	strlcpy(err, "fuzzed away", errsize);
	return reply[0] != '\0' && reply[strlen(reply) - 1] != '!';
}

void
quarantine_drop(struct quarantine *q)
{
	q->stored = false;
}

static uint64_t
open_descriptors(void)
{
	uint64_t set = 0;

	for (int fd = 0; fd < FDS; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			set |= (uint64_t)1 << fd;
	}
	return set;
}

static void
parse_script(const char *text, size_t len)
{
	while (len > 0) {
		unsigned char kind = (unsigned char)*text;
		size_t n = 1;
		struct step step = { .kind = kind, .text = text + 1 };

		while (n < len && (unsigned char)text[n] < 0xFC)
			n++;
		step.len = n - 1;
		if (kind == 0xFE && sim.n_client < STEPS_MAX)
			sim.client[sim.n_client++] = step;
		else if (kind >= 0xFC && kind != 0xFE && sim.n_down < STEPS_MAX)
			sim.down[sim.n_down++] = step;
		text += n;
		len -= n;
	}
}

static void
open_client(int *rfd, int *wfd)
{
	int a[2], b[2];

	if ((sim.flags & PIPES) != 0) {
		fuzz_assert(pipe(a) == 0 && pipe(b) == 0, "pipe");
		*rfd = a[0];
		sim.client_in = a[1];
		sim.client_out = b[0];
		*wfd = b[1];
	} else {
		fuzz_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, a) == 0, "socketpair");
		*rfd = *wfd = a[0];
		sim.client_in = sim.client_out = a[1];
	}
	sim.relay_rfd = *rfd;
	nonblocking(sim.client_in);
	nonblocking(sim.client_out);
}

static void
close_client(int rfd, int wfd)
{
	close(rfd);
	if (wfd != rfd)
		close(wfd);
	if (sim.client_in != -1)
		close(sim.client_in);
	if (sim.client_out != sim.client_in)
		close(sim.client_out);
	if (sim.down_fd != -1)
		close(sim.down_fd);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char err[256];

	(void)argc;
	(void)argv;
	fuzz_assert(log_open("file:/dev/null", "fuzz", LOG_MAIL, LOG_DEBUG, false, err,
			sizeof(err)),
	    "log");
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[] = "/nonexistent/socket";
	struct address second = { .path = path }, address = { .path = path };
	struct conf conf;
	uint64_t before = open_descriptors();
	char *script;
	int rfd, wfd;

	if (size < 2 || size > 30000)
		return 0;
	memset(&sim, 0, sizeof(sim));
	sim.down_fd = -1;
	sim.now = 1000;
	sim.flags = data[0];
	sim.verdict = data[1];
	script = fuzz_copy(data + 2, size - 2);
	parse_script(script, size - 2);
	conf_init(&conf);
	fuzz_set(&conf,
	    (sim.flags & REJECT_LF) != 0 ? "bare_newline=reject" : "bare_newline=normalise");
	fuzz_set(&conf, (sim.flags & KEEP) != 0 ? "quarantine=all" : "quarantine=changed");
	if ((sim.flags & SMALL_LIMITS) != 0) {
		fuzz_set(&conf, "message_size_limit=1K");
		fuzz_set(&conf, "line_limit=512");
		fuzz_set(&conf, "recipient_limit=2");
		fuzz_set(&conf, "error_limit=2");
	}
	address.lmtp = (sim.verdict & LMTP) != 0;
	second.lmtp = (sim.verdict & SECOND_LMTP) != 0;
	address.next = (sim.verdict & SECOND) != 0 ? &second : NULL;
	open_client(&rfd, &wfd);
	(void)smtp_relay(&conf, &address, NULL, rfd, wfd);
	client_listen();
	fuzz_assert(sim.replies.len == 0, "the relay's last line is whole");
	close_client(rfd, wfd);
	fuzz_assert(open_descriptors() == before, "a descriptor stays open");
	heap_free(&sim.replies);
	heap_free(&sim.commands);
	heap_free(&sim.said);
	heap_free(&sim.expected);
	conf_free(&conf);
	free(script);
	return 0;
}

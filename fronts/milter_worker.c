/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter_worker - a process for each message of a milter
 *
 * libmilter has a thread for each connection, and a transaction is not for
 * threads: it starts inspectors, waits for processes and keeps what it has said.
 * So before the first thread starts, one process is forked, the spawner. A thread
 * hands it a message, an envelope and a socket; the spawner forks a worker, which
 * judges the message and answers on that socket. Nobody forks while there are
 * threads.
 *
 * The worker keeps its books open until it hears that the server was told, or
 * until the socket closes: then the message is deferred, and nothing stays in the
 * quarantine.
 *
 * Envelope on its way: a memfd of NUL-terminated strings, in the order of
 * envelope_strings, recipients last.
 *
 * Limits: proxy_processes; when that many workers run, a message is deferred. A worker that is killed: its thread sees the end of the socket, and
 * the message is deferred.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "descriptor.h"
#include "log.h"
#include "metrics.h"
#include "milter_worker.h"
#include "notify.h"

#define TOLD 't'
#define STRINGS 8

/* What a worker answers; the output's descriptor comes with it if changed. */
struct answer_wire {
	uint32_t decision, changed;
	char text[256];
};

enum { FD_ANSWER, FD_MESSAGE, FD_ENVELOPE, FD_COUNT };

/* What comes with a message beside its descriptors. */
struct job {
	int64_t receive_ms;
};

static void spawner(const struct conf *, int) __attribute__((noreturn));
static void reap(uint64_t *);
static void work(const struct conf *, const struct job *, int *) __attribute__((noreturn));
static void judge(struct transaction *, int);
static bool answer(const struct transaction *, enum decision, int);
static bool output_copy(const struct transaction *, struct message *);
static bool copy_piece(void *, const char *, size_t);
static int envelope_pack(const struct envelope *);
static char *envelope_unpack(int, struct envelope *);
static bool wait_for_answer(int, void (*)(void *), void *, unsigned int);

int
milter_worker_start(const struct conf *conf)
{
	int pair[2];
	pid_t parent = getpid(), pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	if ((pid = fork()) == -1)
		return -1;
	if (pid == 0) {
		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(EX_OK);
		spawner(conf, pair[1]);
	}
	close(pair[1]);
	return pair[0];
}

/* spawner - until the milter has closed its end */
static void
spawner(const struct conf *conf, int fd)
{
	uint64_t running = 0;
	int fds[FD_COUNT];
	struct job job;
	pid_t pid;

	signal(SIGINT, SIG_IGN); /* of a terminal: the milter acts on it */
	signal(SIGHUP, SIG_IGN);
	while (descriptor_receive(fd, fds, FD_COUNT, &job, sizeof(job), 0) == sizeof(job)) {
		reap(&running);
		pid = running < conf->proxy_processes ? fork() : -1;
		if (pid == 0) {
			close(fd);
			work(conf, &job, fds);
		}
		if (pid == -1)
			log_write(LOG_WARNING, "milter: no process for a message: %s",
			    running < conf->proxy_processes ? strerror(errno)
							    : "proxy_processes are running");
		else
			running++;
		for (size_t i = 0; i < FD_COUNT; i++)
			close(fds[i]);
	}
	exit(EX_OK);
}

static void
reap(uint64_t *running)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		*running -= *running > 0;
		if (WIFSIGNALED(status))
			log_write(LOG_WARNING, "milter: worker %ld was killed by signal %d",
			    (long)pid, WTERMSIG(status));
	}
}

static void
work(const struct conf *conf, const struct job *job, int *fds)
{
	struct transaction t;
	char *strings;

	setpgid(0, 0);
	transaction_init(&t, conf);
	t.crlf_only = true;
	t.receive_ms = job->receive_ms;
	if (message_adopt(&t.message, fds[FD_MESSAGE]) != MESSAGE_OK ||
	    (strings = envelope_unpack(fds[FD_ENVELOPE], &t.envelope)) == NULL)
		exit(EX_OSERR);
	t.envelope.mode = "milter";
	judge(&t, fds[FD_ANSWER]);
	free(strings);
	metrics_write();
	notify_send();
	exit(EX_OK);
}

static void
judge(struct transaction *t, int fd)
{
	static const enum outcome outcomes[] = { [DECISION_DELIVER] = OUTCOME_DELIVERED,
		[DECISION_DISCARD] = OUTCOME_DISCARDED,
		[DECISION_TEMPFAIL] = OUTCOME_DEFERRED,
		[DECISION_REJECT] = OUTCOME_REJECTED };
	enum decision decision = transaction_decide(t);
	enum outcome outcome = OUTCOME_DEFERRED;
	char told = 0;

	if (!answer(t, decision, fd))
		strlcpy(t->reason, "milter: the answer could not be given", sizeof(t->reason));
	else if (recv(fd, &told, 1, 0) == 1 && told == TOLD)
		outcome = outcomes[decision];
	else
		strlcpy(t->reason, "milter: the server has given up the message",
		    sizeof(t->reason));
	transaction_finish(t, outcome, "");
}

static bool
answer(const struct transaction *t, enum decision decision, int fd)
{
	struct answer_wire wire = { .decision = (uint32_t)decision };
	struct message out = { .fd = -1 };
	bool ok = true;

	if (decision == DECISION_DELIVER &&
	    (t->wrapped.fd != -1 || t->inspection.report.n_edits > 0)) {
		wire.changed = 1;
		ok = output_copy(t, &out);
	}
	if (decision == DECISION_REJECT)
		strlcpy(wire.text, "Message rejected by the content filter", sizeof(wire.text));
	else
		snprintf(wire.text, sizeof(wire.text), "Message deferred by the content filter: %s",
		    t->cause);
	ok = ok &&
	    descriptor_send(fd, &out.fd, wire.changed, &wire, sizeof(wire), 0) == sizeof(wire);
	message_close(&out);
	return ok;
}

static bool
output_copy(const struct transaction *t, struct message *out)
{
	return message_create(out, 0) == MESSAGE_OK && transaction_output(t, copy_piece, out) &&
	    message_seal(out) == MESSAGE_OK;
}

static bool
copy_piece(void *ctx, const char *buf, size_t len)
{
	return message_append(ctx, buf, len) == MESSAGE_OK;
}

/*
 * The milter's side.
 */

bool
milter_worker_judge(int spawner_fd, const struct message *message, const struct envelope *envelope,
    int64_t receive_ms, void (*idle)(void *ctx), void *ctx, unsigned int idle_seconds,
    struct milter_verdict *v)
{
	struct job job = { .receive_ms = receive_ms };
	struct answer_wire wire;
	int pair[2] = { -1, -1 }, fds[FD_COUNT], fd = -1;
	bool sent = false;

	*v = (struct milter_verdict){
		.decision = DECISION_TEMPFAIL, .output.fd = -1, .worker = -1
	};
	strlcpy(v->text, "Content filter is not available, try again later", sizeof(v->text));
	fds[FD_ENVELOPE] = envelope_pack(envelope);
	fds[FD_MESSAGE] = message->fd;
	if (fds[FD_ENVELOPE] != -1 &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
		fds[FD_ANSWER] = pair[1];
		sent = descriptor_send(spawner_fd, fds, FD_COUNT, &job, sizeof(job), 0) ==
		    sizeof(job);
		close(pair[1]);
	}
	if (fds[FD_ENVELOPE] != -1)
		close(fds[FD_ENVELOPE]);
	v->worker = pair[0];
	if (!sent || !wait_for_answer(v->worker, idle, ctx, idle_seconds) ||
	    descriptor_receive(v->worker, &fd, 1, &wire, sizeof(wire), 0) != sizeof(wire))
		return false;
	if (wire.changed && (fd == -1 || message_adopt(&v->output, fd) != MESSAGE_OK)) {
		if (fd != -1)
			close(fd);
		return false;
	}
	v->decision = (enum decision)wire.decision;
	v->changed = wire.changed != 0;
	strlcpy(v->text, wire.text, sizeof(v->text));
	return true;
}

void
milter_worker_end(struct milter_verdict *v, bool told)
{
	static const char word = TOLD;

	if (v->worker != -1) {
		if (told)
			(void)!send(v->worker, &word, 1, MSG_NOSIGNAL);
		close(v->worker);
	}
	v->worker = -1;
	message_close(&v->output);
}

static bool
wait_for_answer(int fd, void (*idle)(void *), void *ctx, unsigned int seconds)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int n;

	while ((n = poll(&pfd, 1, (int)seconds * 1000)) == 0 || (n == -1 && errno == EINTR)) {
		if (n == 0)
			idle(ctx);
	}
	return n == 1;
}

/*
 * The envelope as a memfd, and descriptors over a socket.
 */

static void
envelope_strings(const struct envelope *e, const char *strings[STRINGS])
{
	const char *const all[STRINGS] = { e->sender, e->client, e->client_name, e->client_address,
		e->protocol, e->source, e->authenticated, e->ident };

	memcpy(strings, all, sizeof(all));
}

/* envelope_pack - returns the memfd, -1 with errno */
static int
envelope_pack(const struct envelope *e)
{
	const char *strings[STRINGS];
	int fd = memfd_create("envelope", MFD_CLOEXEC);
	FILE *f = fd == -1 ? NULL : fdopen(dup(fd), "w");

	if (f == NULL) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	envelope_strings(e, strings);
	for (size_t i = 0; i < STRINGS; i++)
		fwrite(strings[i], strlen(strings[i]) + 1, 1, f);
	for (size_t i = 0; i < e->n_recipients; i++)
		fwrite(e->recipients[i], strlen(e->recipients[i]) + 1, 1, f);
	if (fclose(f) != EOF)
		return fd;
	close(fd);
	return -1;
}

/* envelope_unpack - returns what the strings lie in, NULL if it is none */
static char *
envelope_unpack(int fd, struct envelope *e)
{
	const char **fields[STRINGS] = { &e->sender, &e->client, &e->client_name,
		&e->client_address, &e->protocol, &e->source, &e->authenticated, &e->ident };
	off_t size = lseek(fd, 0, SEEK_END);
	char *bytes, **recipients, *s;
	size_t n = 0;

	if (size <= 0 || (bytes = malloc((size_t)size)) == NULL ||
	    pread(fd, bytes, (size_t)size, 0) != size || bytes[size - 1] != '\0' ||
	    (recipients = calloc((size_t)size, sizeof(*recipients))) == NULL)
		return NULL;
	for (s = bytes; s < bytes + size; s += strlen(s) + 1, n++) {
		if (n < STRINGS)
			*fields[n] = s;
		else
			recipients[n - STRINGS] = s;
	}
	e->recipients = recipients;
	e->n_recipients = n > STRINGS ? n - STRINGS : 0;
	return n >= STRINGS ? bytes : NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inspection.c - gets a report on a message, whatever becomes of the
 * inspector.
 *
 * An engine that listens forks an inspector for us (engine.c). Where there is
 * none this starts spawnscan-inspect with one end of a socket pair as its
 * standard input, hands the sealed message over, reads the report under one deadline,
 * and then ends the process, whether it still lives or not: a message's
 * inspector never outlives the message. Its private directory is made before
 * and removed after. If this process is killed, the kernel ends the inspector
 * too, and the next scratch_make removes the directory.
 *
 * Diagnostics: every failure is a sentence in struct inspection; which is told
 * apart: it could not be started, it was killed, it ended early, it took too
 * long, it answered nonsense.
 */
#include "inspection.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "request.h"
#include "scratch.h"

/* Our child's exit code if it could not become an inspector. */
#define EXIT_NOT_STARTED 127

/* How often what it has written is counted. */
#define TICK_MS 1000

/* How long an inspector that has hung up may take to be gone. */
#define REAP_MS 2000

struct inspector {
	pid_t pid; /* -1 = the engine's child, not ours */
	int sock;
	bool gone; /* reaped; status is its end */
	int status;
	const char *scratch; /* "" = the engine's to look after */
	uint64_t quota; /* bytes there */
};

static bool inspector_path(const struct conf *, char *path, size_t size);
static void inspect(struct inspection *, const struct conf *, const struct message *,
    const char *reference, const struct envelope *, bool crlf, enum explain_form);
static bool find_engine(struct inspector *, const struct conf *, int64_t deadline);
static bool start(struct inspector *, const struct conf *);
static void become_inspector(const char *path, int sock) __attribute__((noreturn));
static bool ask(struct inspection *, struct inspector *, const struct conf *,
    const struct message *, const struct request *, int64_t deadline);
static bool read_exactly(struct inspection *, struct inspector *, char *buf, size_t len,
    int64_t deadline);
static char *read_report(struct inspection *, struct inspector *, size_t *len, int64_t deadline);
static void finish(struct inspector *);
static void wait_gone(struct inspector *, int64_t deadline);
static void describe_end(struct inspection *, const struct inspector *, const char *when);
static void fail(struct inspection *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
fail(struct inspection *i, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(i->failure, sizeof(i->failure), fmt, ap);
	va_end(ap);
}

void
inspection_run(struct inspection *i, const struct conf *conf, const struct message *m,
    const char *reference, const struct envelope *envelope, bool crlf)
{
	inspect(i, conf, m, reference, envelope, crlf, EXPLAIN_NONE);
}

void
inspection_explain(struct inspection *i, const struct conf *conf, const struct message *m,
    const char *reference, enum explain_form form)
{
	static const struct envelope none = { .client_name = "", .client_address = "" };

	inspect(i, conf, m, reference, &none, false, form);
}

static void
inspect(struct inspection *i, const struct conf *conf, const struct message *m,
    const char *reference, const struct envelope *envelope, bool crlf, enum explain_form form)
{
	char scratch[PATH_MAX], host[256] = "localhost", date[64], *sender = NULL;
	struct request request = { .host = host,
		.reference = reference,
		.time = date,
		.scratch = scratch,
		.crlf = crlf,
		.explain = form,
		.client_name = envelope->client_name,
		.client_address = envelope->client_address,
		.recipients = envelope->recipients,
		.n_recipients = envelope->n_recipients };
	struct inspector child = {
		.pid = -1, .sock = -1, .scratch = scratch, .quota = scratch_quota(conf)
	};
	int64_t deadline = clock_ms() + (int64_t)conf->inspect_timeout * 1000;
	/* clamd has loaded the signatures: there is nothing that an engine would spare. */
	bool want_engine = conf->engine != ENGINE_OFF && !conf_uses_clamd(conf);
	time_t now = time(NULL);
	struct tm tm;

	memset(i, 0, sizeof(*i));
	report_init(&i->report);
	gethostname(host, sizeof(host) - 1);
	strftime(date, sizeof(date), "%a, %d %b %Y %T %z", localtime_r(&now, &tm));
	/* No recipients is no envelope, and no sender is not the null sender. */
	if (envelope->n_recipients > 0 && asprintf(&sender, "<%s>", envelope->sender) != -1)
		request.sender = sender;

	if (want_engine && find_engine(&child, conf, deadline)) {
		scratch[0] = '\0'; /* the engine gives it one */
		i->ok = ask(i, &child, conf, m, &request, deadline);
	} else if (want_engine && conf->engine == ENGINE_REQUIRE) {
		fail(i, "no engine at %s: %s", conf->engine_socket, strerror(errno));
	} else if (!scratch_make(conf->scratch_dir, scratch, sizeof(scratch))) {
		fail(i, "cannot create a private directory in %s: %s", conf->scratch_dir,
		    strerror(errno));
	} else {
		if (start(&child, conf))
			i->ok = ask(i, &child, conf, m, &request, deadline);
		else
			fail(i, "the inspector could not be started: %s", strerror(errno));
		finish(&child);
		scratch_remove(scratch);
		free(sender);
		return;
	}
	finish(&child);
	free(sender);
}

/* An inspector that the engine forks for us, if there is an engine. */
static bool
find_engine(struct inspector *child, const struct conf *conf, int64_t deadline)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	/* A full backlog makes connect wait. (Zero would be without end.) */
	int64_t left = deadline - clock_ms();
	struct timeval patience = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 + 1 };

	if (strlcpy(sun.sun_path, conf->engine_socket, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	child->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (child->sock == -1)
		return false;
	setsockopt(child->sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(child->sock, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return true;
	close(child->sock);
	child->sock = -1;
	return false;
}

void
inspection_free(struct inspection *i)
{
	report_free(&i->report);
}

/* The configured one, else the one beside this program. */
static bool
inspector_path(const struct conf *conf, char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n;

	if (conf->inspector[0] != '\0')
		return strlcpy(path, conf->inspector, size) < size;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n == -1)
		return false;
	self[n] = '\0';
	return (size_t)snprintf(path, size, "%s/spawnscan-inspect", dirname(self)) < size;
}

static bool
start(struct inspector *child, const struct conf *conf)
{
	char path[PATH_MAX];
	int pair[2];

	if (!inspector_path(conf, path, sizeof(path)) || access(path, X_OK) == -1)
		return false;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return false;
	child->pid = fork();
	if (child->pid == 0)
		become_inspector(path, pair[1]);
	close(pair[1]);
	child->sock = pair[0];
	return child->pid != -1;
}

static void
become_inspector(const char *path, int sock)
{
	char name[] = "spawnscan-inspect", *argv[] = { name, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (null == -1 || dup2(sock, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1)
		_exit(EXIT_NOT_STARTED);
	closefrom(STDERR_FILENO + 1);
	execv(path, argv);
	_exit(EXIT_NOT_STARTED);
}

/* Request out, report in. */
static bool
ask(struct inspection *i, struct inspector *child, const struct conf *conf, const struct message *m,
    const struct request *request, int64_t deadline)
{
	const char *wrong;
	char *wire;
	size_t len;

	if (!request_send(child->sock, request, conf, m, deadline)) {
		int error = errno;

		wait_gone(child, clock_ms() + REAP_MS);
		if (child->gone || child->pid <= 0)
			describe_end(i, child, "before it took the message");
		else
			fail(i, "cannot send the message to the inspector: %s", strerror(error));
		return false;
	}
	wire = read_report(i, child, &len, deadline);
	if (wire == NULL)
		return false;
	wrong = report_decode(&i->report, wire, len, m->size, request->crlf);
	if (wrong == NULL &&
	    !message_edits_keep_lines(m->bytes, m->size, i->report.edits, i->report.n_edits)) {
		wrong = "an edit splits a line ending";
		report_free(&i->report);
	}
	free(wire);
	if (wrong != NULL)
		fail(i, "the inspector's report is not sound: %s", wrong);
	return wrong == NULL;
}

static char *
read_report(struct inspection *i, struct inspector *child, size_t *len, int64_t deadline)
{
	uint32_t length;
	char *wire;

	if (!read_exactly(i, child, (char *)&length, sizeof(length), deadline))
		return NULL;
	length = le32toh(length);
	if (length > REPORT_MAX_BYTES) {
		fail(i, "the inspector's report is too long: %u bytes", length);
		return NULL;
	}
	wire = malloc(length + 1);
	if (wire == NULL) {
		fail(i, "no memory for the inspector's report");
		return NULL;
	}
	if (!read_exactly(i, child, wire, length, deadline)) {
		free(wire);
		return NULL;
	}
	*len = length;
	return wire;
}

static bool
read_exactly(struct inspection *i, struct inspector *child, char *buf, size_t len, int64_t deadline)
{
	while (len > 0) {
		struct pollfd p = { .fd = child->sock, .events = POLLIN };
		int64_t left = deadline - clock_ms();
		ssize_t n;

		if (left <= 0) {
			fail(i, "the inspector took too long");
			return false;
		}
		if (poll(&p, 1, left > TICK_MS ? TICK_MS : (int)left) == 0) {
			if (scratch_used(child->scratch) <= child->quota)
				continue;
			fail(i, "the inspector has filled its scratch directory");
			return false;
		}
		n = recv(child->sock, buf, len, MSG_DONTWAIT);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0) {
			wait_gone(child, clock_ms() + REAP_MS);
			describe_end(i, child, "before it had reported");
			return false;
		}
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

/* Give a process that hung up the time to die of what it is dying of. */
static void
wait_gone(struct inspector *child, int64_t deadline)
{
	const struct timespec tick = { .tv_nsec = 2000000 };

	if (child->pid <= 0)
		return; /* the engine's to reap */
	while (!child->gone && clock_ms() < deadline) {
		pid_t pid = waitpid(child->pid, &child->status, WNOHANG);

		if (pid == child->pid || (pid == -1 && errno != EINTR))
			child->gone = true;
		else
			nanosleep(&tick, NULL);
	}
}

static void
describe_end(struct inspection *i, const struct inspector *child, const char *when)
{
	if (child->pid <= 0)
		fail(i, "the engine's inspector ended %s; the engine's log tells why", when);
	else if (!child->gone)
		fail(i, "the inspector hung up %s", when);
	else if (WIFSIGNALED(child->status))
		fail(i, "the inspector was killed by signal %d (%s) %s", WTERMSIG(child->status),
		    strsignal(WTERMSIG(child->status)), when);
	else if (WEXITSTATUS(child->status) == EXIT_NOT_STARTED)
		fail(i, "the inspector could not be started");
	else
		fail(i, "the inspector ended with code %d %s", WEXITSTATUS(child->status), when);
}

/* It has done its work or is not to do it any more. */
static void
finish(struct inspector *child)
{
	if (child->sock != -1)
		close(child->sock);
	if (child->pid <= 0 || child->gone)
		return;
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &child->status, 0) == -1 && errno == EINTR)
		;
}

int
inspection_print_version(const struct conf *conf)
{
	char path[PATH_MAX], name[] = "spawnscan-inspect", version[] = "-V", dir[] = "-d";
	char *argv[] = { name, version, dir, conf->database, NULL };
	int status;
	pid_t pid;

	if (!inspector_path(conf, path, sizeof(path)) || access(path, X_OK) == -1) {
		fprintf(stderr, "spawnscan: %s: %s\n", path, strerror(errno));
		return EX_UNAVAILABLE;
	}
	pid = fork();
	if (pid == 0) {
		execv(path, argv);
		_exit(EXIT_NOT_STARTED);
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		return EX_OSERR;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

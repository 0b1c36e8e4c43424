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
#include <sys/stat.h>
#include <sys/wait.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
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

#include "beside.h"
#include "clock.h"
#include "engine_client.h"
#include "language.h"
#include "log.h"
#include "request.h"
#include "scratch.h"
#include "soundness.h"
#include "verdict_file.h"

/* Our child's exit code if it could not become an inspector. */
#define EXIT_NOT_STARTED 127

/* How often what it has written is counted. */
#define TICK_MS 1000
/* Between two looks whether the engine is of our version by now. */
#define UPGRADE_MS 250

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

static const enum inspection_cause fault_causes[REPORT_FAULT_COUNT] = {
	[REPORT_FAULT_NONE] = CAUSE_NONE,
	[REPORT_FAULT_VERSION] = CAUSE_VERSION,
	[REPORT_FAULT_SCANNER] = CAUSE_SCANNER,
	[REPORT_FAULT_SANDBOX] = CAUSE_SANDBOX,
	[REPORT_FAULT_DISK] = CAUSE_DISK
};

static void inspect(struct inspection *, const struct conf *, const struct message *,
    const char *reference, const struct envelope *, bool crlf, enum explain_form);
static int ask_engine_once(struct inspection *, const struct conf *, const struct message *,
    const struct request *, int64_t);
static bool ask_engine(struct inspection *, const struct conf *, const struct message *,
    const struct request *, int64_t deadline);
static void warn_once(const char *);
static void ask_own(struct inspection *, const struct conf *, const struct message *,
    const struct request *, int64_t deadline);
static bool start(struct inspector *, const struct conf *);
static void become_inspector(const char *path, int sock) __attribute__((noreturn));
static void ask(struct inspection *, struct inspector *, const struct conf *,
    const struct message *, const struct request *, int64_t deadline);
static enum inspection_cause blame(const struct inspection *);
static bool read_exactly(struct inspection *, struct inspector *, char *buf, size_t len,
    int64_t deadline);
static char *read_report(struct inspection *, struct inspector *, size_t *len, int64_t deadline);
static void finish(struct inspector *);
static void wait_gone(struct inspector *, int64_t deadline);
static void describe_end(struct inspection *, const struct inspector *, const char *when);
static bool fail(struct inspection *, enum inspection_cause, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool
fail(struct inspection *i, enum inspection_cause cause, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(i->failure, sizeof(i->failure), fmt, ap);
	va_end(ap);
	i->ok = false;
	i->cause = cause;
	return false;
}

void
inspection_run(struct inspection *i, const struct conf *conf, const struct message *m,
    const char *reference, const struct envelope *envelope, bool crlf)
{
	inspect(i, conf, m, reference, envelope, crlf,
	    conf->log_attachments ? EXPLAIN_JSON : EXPLAIN_NONE);
}

void
inspection_explain(struct inspection *i, const struct conf *conf, const struct message *m,
    const char *reference, enum explain_form form)
{
	static const struct envelope none = { .sender = "" };

	inspect(i, conf, m, reference, &none, false, form);
}

static void
inspect(struct inspection *i, const struct conf *conf, const struct message *m,
    const char *reference, const struct envelope *envelope, bool crlf, enum explain_form form)
{
	char host[256] = "localhost", date[64], *sender = NULL, *language, *verdicts;
	struct overrides overrides;
	char why[512];
	struct request request = { .host = host,
		.reference = reference,
		.time = date,
		.scratch = "",
		.crlf = crlf,
		.explain = form };
	int64_t deadline = clock_ms() + (int64_t)conf->inspect_timeout * 1000;
	/* clamd has loaded the signatures: there is nothing that an engine would spare. */
	bool want_engine = conf->engine != ENGINE_OFF && !conf_uses_clamd(conf);
	time_t now = time(NULL);
	struct tm tm;

	memset(i, 0, sizeof(*i));
	report_init(&i->report);
	if (!verdict_file_read(conf, &verdicts, &overrides, why, sizeof(why))) {
		fail(i, CAUSE_VERDICTS, "%s", why);
		return;
	}
	request.verdicts = verdicts;
	request.overrides = overrides;
	request.language = language = language_for(conf, m);
	gethostname(host, sizeof(host) - 1);
	strftime(date, sizeof(date), "%a, %d %b %Y %T %z", localtime_r(&now, &tm));
	/* No recipients is no envelope, and no sender is not the null sender. */
	if (envelope->n_recipients > 0 && asprintf(&sender, "<%s>", envelope->sender) != -1)
		request.sender = sender;
	if (!want_engine || !ask_engine(i, conf, m, &request, deadline))
		ask_own(i, conf, m, &request, deadline);
	free(sender);
	free(language);
	free(verdicts);
	override_free(&overrides);
}

/* ask_engine - false if the message is to be inspected without one */
static bool
ask_engine(struct inspection *i, const struct conf *conf, const struct message *m,
    const struct request *request, int64_t deadline)
{
	int64_t patience = clock_ms() + (deadline - clock_ms()) / 2;
	int error = ask_engine_once(i, conf, m, request, deadline);

	/* Between an upgrade's new programs and the engine's restart. */
	while (conf->engine == ENGINE_REQUIRE && i->cause == CAUSE_VERSION &&
	    clock_ms() < patience) {
		poll(NULL, 0, UPGRADE_MS);
		error = ask_engine_once(i, conf, m, request, deadline);
	}
	if (conf->engine == ENGINE_REQUIRE ||
	    (i->cause != CAUSE_ENGINE && i->cause != CAUSE_VERSION))
		return true;
	/* That there is none at all may well be meant so. */
	if (error != ENOENT && error != ECONNREFUSED)
		warn_once(i->failure);
	i->failure[0] = '\0';
	return false;
}

/* ask_engine_once - if none can be reached, errno; else 0, and i tells how it went */
static int
ask_engine_once(struct inspection *i, const struct conf *conf, const struct message *m,
    const struct request *request, int64_t deadline)
{
	struct inspector child = { .pid = -1, .sock = -1, .scratch = "" };
	char why[256];
	int error;

	if ((child.sock = engine_client_connect(conf, deadline, why, sizeof(why))) == -1) {
		error = errno;
		fail(i, CAUSE_ENGINE, "no engine at %s: %s", conf->engine_socket, why);
		return error;
	}
	ask(i, &child, conf, m, request, deadline);
	close(child.sock);
	if (i->cause == CAUSE_VERSION) {
		report_free(&i->report);
		i->ok = false;
		fail(i, CAUSE_VERSION,
		    "the engine at %s speaks another version of the protocol: restart it",
		    conf->engine_socket);
	}
	return 0;
}

/* warn_once - a session may have many messages, and each would say the same */
static void
warn_once(const char *sentence)
{
	static char said[512];

	if (strcmp(said, sentence) == 0)
		return;
	strlcpy(said, sentence, sizeof(said));
	log_write(LOG_WARNING, "%s; messages are inspected without it", sentence);
}

/* ask_own - an inspector that we start */
static void
ask_own(struct inspection *i, const struct conf *conf, const struct message *m,
    const struct request *request, int64_t deadline)
{
	struct request own = *request;
	char scratch[PATH_MAX];
	struct inspector child = {
		.pid = -1, .sock = -1, .scratch = scratch, .quota = scratch_quota(conf)
	};

	if (!scratch_make(scratch_base(conf), scratch, sizeof(scratch))) {
		fail(i, errno == ENOSPC || errno == EDQUOT ? CAUSE_DISK : CAUSE_SCRATCH,
		    "cannot create a private directory in %s: %s", scratch_base(conf),
		    strerror(errno));
		return;
	}
	own.scratch = scratch;
	if (start(&child, conf))
		ask(i, &child, conf, m, &own, deadline);
	else
		fail(i, CAUSE_INSPECTOR, "the inspector could not be started: %s", strerror(errno));
	finish(&child);
	scratch_remove(scratch);
}

void
inspection_free(struct inspection *i)
{
	report_free(&i->report);
}

/* The configured one, else the one beside this program. */
bool
inspection_program(const struct conf *conf, char *path, size_t size)
{
	if (conf->inspector[0] != '\0')
		return strlcpy(path, conf->inspector, size) < size;
	return beside_path("spawnscan-inspect", path, size);
}

static bool
start(struct inspector *child, const struct conf *conf)
{
	char path[PATH_MAX];
	int pair[2];

	if (!inspection_program(conf, path, sizeof(path)) || access(path, X_OK) == -1)
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
static void
ask(struct inspection *i, struct inspector *child, const struct conf *conf, const struct message *m,
    const struct request *request, int64_t deadline)
{
	const char *wrong;
	char *wire;
	size_t len;

	i->begun = false;
	if (!request_send(child->sock, request, conf, m, deadline)) {
		int error = errno;

		wait_gone(child, clock_ms() + REAP_MS);
		if (child->gone || child->pid <= 0)
			describe_end(i, child, "before it took the message");
		else
			fail(i, error == ETIMEDOUT ? CAUSE_BUSY : CAUSE_INSPECTOR,
			    "cannot send the message to the inspector: %s", strerror(error));
		return;
	}
	if ((wire = read_report(i, child, &len, deadline)) == NULL)
		return;
	wrong = report_decode(&i->report, wire, len, m->size, request->crlf);
	free(wire);
	if (wrong == NULL &&
	    (wrong = soundness_check(&i->report, conf, &request->overrides, m)) != NULL)
		report_free(&i->report);
	if (wrong == report_other_protocol)
		fail(i, CAUSE_VERSION, "the inspector speaks another version of the protocol");
	else if (wrong != NULL)
		fail(i, blame(i), "the inspector's report is not sound: %s", wrong);
	else {
		i->ok = true;
		i->cause = fault_causes[i->report.fault];
	}
}

/* blame - what has not begun is not the message's fault */
static enum inspection_cause
blame(const struct inspection *i)
{
	return i->begun ? CAUSE_CONTENT : CAUSE_INSPECTOR;
}

/* read_report - the word that it has begun, unless it had no need to, and the report */
static char *
read_report(struct inspection *i, struct inspector *child, size_t *len, int64_t deadline)
{
	char head[4];
	uint32_t length;
	char *wire;

	if (!read_exactly(i, child, head, sizeof(head), deadline))
		return NULL;
	if (memcmp(head, REPORT_BEGUN, sizeof(head)) == 0) {
		i->begun = true;
		if (!read_exactly(i, child, head, sizeof(head), deadline))
			return NULL;
	}
	memcpy(&length, head, sizeof(length));
	length = le32toh(length);
	if (length > REPORT_MAX_BYTES) {
		fail(i, blame(i), "the inspector's report is too long: %u bytes", length);
		return NULL;
	}
	wire = malloc(length + 1);
	if (wire == NULL) {
		fail(i, CAUSE_MEMORY, "no memory for the inspector's report");
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

		i->late = left <= 0;
		if (left <= 0)
			return fail(i, i->begun ? CAUSE_CONTENT : CAUSE_BUSY,
			    "the inspector took too long%s", i->begun ? "" : " to begin");
		if (poll(&p, 1, left > TICK_MS ? TICK_MS : (int)left) == 0) {
			if (scratch_used(child->scratch) <= child->quota)
				continue;
			return fail(i, CAUSE_CONTENT,
			    "the inspector has filled its scratch directory");
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
		fail(i, blame(i), "the engine's inspector ended %s; the engine's log tells why",
		    when);
	else if (!child->gone)
		fail(i, blame(i), "the inspector hung up %s", when);
	else if (WIFSIGNALED(child->status))
		fail(i, blame(i), "the inspector was killed by signal %d (%s) %s",
		    WTERMSIG(child->status), strsignal(WTERMSIG(child->status)), when);
	else if (WEXITSTATUS(child->status) == EXIT_NOT_STARTED)
		fail(i, CAUSE_INSPECTOR, "the inspector could not be started");
	else
		fail(i, blame(i), "the inspector ended with code %d %s", WEXITSTATUS(child->status),
		    when);
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

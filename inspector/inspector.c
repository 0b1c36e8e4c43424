/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inspector.c - the process that serves one message: a request in, a report
 * out, and walls around what happens in between.
 *
 * Over a stream socket come the message (a sealed descriptor), the settings
 * and a few facts, and back goes the report. This process owns nothing that
 * outlives it: the private directory is removed by whoever started it, and
 * whatever ends this process, the front has the whole message.
 *
 * Order of the steps: receive, shut the file system, load and prove the
 * scanner (or take the engine's), shut the system calls, examine, report.
 *
 * Diagnostics: a failure is a report with one finding of class error; anything
 * else that ends this process is told by the front.
 */
#include "inspector.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "actual_type.h"
#include "clock.h"
#include "conf.h"
#include "descriptor.h"
#include "effort.h"
#include "errand.h"
#include "examine.h"
#include "fault.h"
#include "lastword.h"
#include "message.h"
#include "mime_walk.h"
#include "report.h"
#include "request.h"
#include "room.h"
#include "sandbox.h"
#include "scan.h"
#include "scan_result.h"

#define SLOW_LOAD_MS 1000
#define MARGIN_MAX 10 /* seconds */
#define LATE_MS 1000 /* of a helper, before its last word */

struct inspector {
	struct conf conf;
	struct request request;
	struct message message;
	struct report report;
	int64_t started; /* clock_ms */
	int channel; /* to the engine, or -1 */
	uint64_t cache_min; /* objects of so many bytes go over it; 0 = none */
	bool ahead; /* several at a time */
	const char *scratch; /* the engine's; NULL = the request names one */
	bool shut; /* files are, by an engine's settings */
	char fault[512]; /* why they could not be, or "" */
	bool quiet; /* an engine has said what its inspectors do without */
};

static void late_answer(uint64_t cpu_ms);
static void serve(struct inspector *, int sock) __attribute__((noreturn));
static void blame_disk(struct inspector *);
static void inspect_message(struct inspector *, int sock, const char *scratch);
static bool prepare_scanner(struct inspector *, const char *scratch, char *err, size_t errsize);
static void fail(struct inspector *, enum report_fault, const char *sentence);
static void note(void *ctx, const char *sentence);
static bool set_bounds(const struct inspector *, int sock, char *err, size_t errsize);
static unsigned int seconds_left(const struct inspector *);
static uint64_t margin_ms(const struct conf *);
static uint64_t grace(uint64_t cpu_ms);
static uint64_t cpu_ms(const struct conf *, size_t size);
static examine_hasty be_ready;
static bool send_bytes(int sock, const char *, size_t len);
static bool send_report(int sock, const struct report *);

bool
inspector_prepare(const struct conf *conf, const char *scratch, int channel, char *err,
    size_t errsize)
{
	mime_walk_start();
	return actual_type_start(err, errsize) && scan_open(conf, scratch, err, errsize) &&
	    sandbox_compile(conf, channel, err, errsize);
}

void
inspector_serve(int sock)
{
	static struct inspector in;

	in.channel = -1;
	serve(&in, sock);
}

void
inspector_wait(int channel, const struct conf *conf, const char *scratch, int walls)
{
	static struct inspector in;
	char sentence[512], connection;
	int sock;

	prctl(PR_SET_NAME, "inspector-ready");
	in.channel = channel;
	in.scratch = scratch;
	in.quiet = true;
	report_init(&in.report);
	in.shut = conf->sandbox != SANDBOX_OFF;
	if (in.shut && !sandbox_files(conf, scratch, walls, note, &in, sentence, sizeof(sentence)))
		strlcpy(in.fault, sentence, sizeof(in.fault));
	if (walls != -1)
		close(walls);
	if (descriptor_receive(channel, &sock, 1, &connection, 1, 0) != 1 || sock == -1)
		_exit(EX_OK);
	prctl(PR_SET_NAME, "inspector");
	if (conf->engine_cache > 0)
		in.cache_min = conf->engine_cache_min;
	in.ahead = errand_limit(conf) > 1;
	serve(&in, sock);
}

/* A fault of our own is none of the object's: whoever asks looks for himself. */
void
inspector_wait_object(int channel, const struct conf *engine_conf, const char *scratch, int walls)
{
	static struct errand_members members;
	static struct scan_result result;
	static char answer[ERRAND_MAX_ANSWER];
	struct conf conf = *engine_conf;
	struct inspector in = { .quiet = true };
	struct message m;
	struct errand_ask ask;
	char sentence[512];
	uint64_t begun;
	int fd;
	bool ok;

	prctl(PR_SET_NAME, "helper-ready");
	ok = conf.sandbox == SANDBOX_OFF ||
	    sandbox_files(&conf, scratch, walls, note, &in, sentence, sizeof(sentence));
	if (walls != -1)
		close(walls);
	if (descriptor_receive(channel, &fd, 1, &ask, sizeof(ask), 0) != sizeof(ask) || fd == -1)
		_exit(EX_OK);
	prctl(PR_SET_NAME, "helper");
	begun = effort_cpu_used();
	errand_adopt(&ask.settings, &conf);
	if (!ok || message_adopt(&m, fd) != MESSAGE_OK ||
	    !sandbox_limits(&conf, sentence, sizeof(sentence)) ||
	    !scan_adapt(&conf, scratch, sentence, sizeof(sentence)))
		_exit(EX_OSERR);
	effort_begin(ask.seconds, ask.cpu_ms);
	late_answer(ask.cpu_ms);
	if (!lastword_arm(channel, (int64_t)ask.seconds * 1000 + LATE_MS, (int64_t)ask.cpu_ms))
		_exit(EX_OSERR);
	if (!sandbox_syscalls(&conf, note, &in, sentence, sizeof(sentence)))
		_exit(EX_OSERR);
	scan_on_member(errand_add_member, &members);
	scan_bytes(&result, SCAN_PART, m.bytes, (size_t)m.size, ask.seconds);
	lastword_disarm();
	send(channel, answer, errand_write(answer, &result, &members, effort_cpu_used() - begun),
	    MSG_NOSIGNAL);
	_exit(EX_OK);
}

/* What is said of an object whose scan does not come to its end. */
static void
late_answer(uint64_t cpu_ms)
{
	static struct errand_members none;
	static struct scan_result result;
	char *answer = malloc(ERRAND_MAX_ANSWER);

	if (answer == NULL)
		_exit(EX_OSERR);
	scan_result_add_hit(&result, SCAN_RESULT_NO_TIME);
	lastword_set(answer, errand_write(answer, &result, &none, cpu_ms));
}

static void
serve(struct inspector *in, int sock)
{
	const char word = INSPECTOR_ASKED;
	char sentence[512];

	in->started = clock_ms();
	conf_init(&in->conf);
	report_init(&in->report);
	if (!request_receive(sock, &in->request, &in->conf, &in->message, sentence,
		sizeof(sentence)))
		fail(in, REPORT_FAULT_VERSION, sentence);
	else if (in->channel != -1 && send(in->channel, &word, 1, MSG_NOSIGNAL) != 1)
		_exit(EX_OSERR);
	else if (in->fault[0] != '\0')
		fail(in, REPORT_FAULT_SANDBOX, in->fault);
	else
		inspect_message(in, sock, in->scratch != NULL ? in->scratch : in->request.scratch);
	in->report.size = in->message.size;
	/* No tidying up: the process ends, and nobody waits for its memory. */
	_exit(send_report(sock, &in->report) ? EX_OK : EX_IOERR);
}

/* Whatever was found so far does not count any more. */
static void
fail(struct inspector *in, enum report_fault fault, const char *sentence)
{
	report_free(&in->report);
	in->report.fault = fault;
	report_add_finding(&in->report, CLASS_ERROR, in->conf.action[CLASS_ERROR], "0", sentence,
	    "");
}

static void
note(void *ctx, const char *sentence)
{
	struct inspector *in = ctx;

	if (!in->quiet)
		report_add_note(&in->report, sentence);
}

static void
inspect_message(struct inspector *in, int sock, const char *scratch)
{
	char sentence[512];
	enum report_fault fault = REPORT_FAULT_NONE;

	if (!scan_connect(&in->conf, sentence, sizeof(sentence)) ||
	    (actual_type_wanted(&in->conf) && !actual_type_start(sentence, sizeof(sentence))))
		fault = REPORT_FAULT_SCANNER;
	else if ((!in->shut &&
		     !sandbox_files(&in->conf, scratch, -1, note, in, sentence,
			 sizeof(sentence))) ||
	    !sandbox_limits(&in->conf, sentence, sizeof(sentence)))
		fault = REPORT_FAULT_SANDBOX;
	else if (!prepare_scanner(in, scratch, sentence, sizeof(sentence)))
		fault = REPORT_FAULT_SCANNER;
	else if (!set_bounds(in, sock, sentence, sizeof(sentence)) ||
	    !sandbox_syscalls(&in->conf, note, in, sentence, sizeof(sentence)))
		fault = REPORT_FAULT_SANDBOX;
	if (fault != REPORT_FAULT_NONE) {
		fail(in, room_ran_out() ? REPORT_FAULT_DISK : fault, sentence);
		return;
	}
	if (in->cache_min > 0)
		errand_begin(in->channel, in->cache_min, in->ahead, &in->conf);
	in->report.scanner = strdup(scan_banner());
	if (in->report.scanner == NULL)
		err(EX_OSERR, "inspector");
	if (!send_bytes(sock, REPORT_BEGUN, strlen(REPORT_BEGUN)))
		_exit(EX_IOERR);
	examine_message(&in->conf, &in->request, in->message.bytes, in->message.size,
	    seconds_left(in), &in->report, be_ready, in);
	lastword_disarm();
	if (room_ran_out())
		blame_disk(in);
}

/* blame_disk - what could not be scanned for want of space is our fault, not the message's */
static void
blame_disk(struct inspector *in)
{
	const struct report *r = &in->report;
	char sentence[512];
	size_t i;

	for (i = 0; i < r->n_findings && r->findings[i].class != CLASS_ERROR; i++)
		;
	if (i == r->n_findings)
		return;
	strlcpy(sentence, r->findings[i].reason, sizeof(sentence));
	fail(in, REPORT_FAULT_DISK, sentence);
}

/* The time begins here, when the signatures are there: they are none of the message's cost. */
static bool
set_bounds(const struct inspector *in, int sock, char *err, size_t errsize)
{
	int64_t left = in->started + (int64_t)in->conf.inspect_timeout * 1000 - clock_ms();
	uint64_t cpu = cpu_ms(&in->conf, (size_t)in->message.size);

	effort_begin(seconds_left(in), cpu);
	left -= (int64_t)margin_ms(&in->conf) / 2;
	return lastword_arm(sock, left > 1 ? left : 1, (int64_t)grace(cpu)) ||
	    fault_tell(err, errsize, "timers: %s", strerror(errno));
}

/* What a large message costs is not its fault, up to a point. */
static uint64_t
cpu_ms(const struct conf *conf, size_t size)
{
	return conf->inspect_cpu == 0 ? 0 : conf->inspect_cpu * 1000 + (uint64_t)(size >> 20) * 500;
}

/* Who looks at the budget is to come to an end before the signal does. */
static uint64_t
grace(uint64_t cpu_ms)
{
	return cpu_ms == 0 ? 0 : cpu_ms + cpu_ms / 8 + 500;
}

/* Lies ready from now on. */
static void
be_ready(void *ctx, const struct report *report)
{
	const struct inspector *in = ctx;
	struct report copy = *report;
	char *wire;
	size_t len;

	copy.size = in->message.size;
	if ((wire = report_encode(&copy, &len)) != NULL)
		lastword_set(wire, len);
}

/* An engine's child has the scanner already, another loads it. */
static bool
prepare_scanner(struct inspector *in, const char *scratch, char *err, size_t errsize)
{
	int64_t took;
	bool ok;

	if (scan_is_open())
		return scan_adapt(&in->conf, scratch, err, errsize);
	took = clock_ms();
	ok = scan_open(&in->conf, scratch, err, errsize);
	took = clock_ms() - took;
	if (took > SLOW_LOAD_MS) {
		char sentence[128];

		snprintf(sentence, sizeof(sentence),
		    "loading the signatures took %lld ms; "
		    "an engine would spare each message that",
		    (long long)took);
		report_add_note(&in->report, sentence);
	}
	return ok;
}

/*
 * Until we have to be done: some seconds before the front gives up, so that time
 * that runs out is a finding about this message, and not its return for ever.
 * libclamav takes 0 for no limit, so at least a second.
 */
static unsigned int
seconds_left(const struct inspector *in)
{
	uint64_t used = (uint64_t)(clock_ms() - in->started) / 1000;
	uint64_t timeout = in->conf.inspect_timeout;
	uint64_t margin = margin_ms(&in->conf) / 1000;

	return used + margin + 1 >= timeout ? 1 : (unsigned int)(timeout - margin - used);
}

/* In the first half of it what is under way may still come to its end. */
static uint64_t
margin_ms(const struct conf *conf)
{
	uint64_t timeout = conf->inspect_timeout;

	return 1000 * (timeout / 4 < MARGIN_MAX ? timeout / 4 + (timeout > 1) : MARGIN_MAX);
}

static bool
send_report(int sock, const struct report *report)
{
	size_t len;
	char *wire = report_encode(report, &len);

	return wire != NULL && send_bytes(sock, wire, len);
}

static bool
send_bytes(int sock, const char *bytes, size_t len)
{
	size_t sent = 0;

	while (sent < len) {
		ssize_t n = send(sock, bytes + sent, len - sent, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

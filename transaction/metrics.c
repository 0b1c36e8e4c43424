/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics.c - what the filters of this host have done, in numbers for Prometheus.
 *
 * A filter lives for one connection, so the numbers live in a file, metrics_file with
 * ".state" behind it: the counters as this program has them in memory. A process counts for
 * itself, and once its client has the reply it locks that file, adds its own to it,
 * and writes metrics_file in the text format (version 0.0.4).
 *
 * The counters begin at 0 when the file is new, or was written by a program with other
 * counters. Monitoring systems know that of counters.
 *
 * Nobody waits: the lock is tried for a moment only, and then what was counted is kept for
 * the next message of this process; if none follows it is lost, which does little harm.
 *
 * Diagnostics: LOG_WARNING once in a process if it can't be written.
 */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "fresh_file.h"
#include "log.h"
#include "metrics.h"
#include "record.h"

#define N_VERDICTS (CLASS_COUNT + 2) /* the classes, clean, and not inspected */
#define VERDICT_CLEAN CLASS_COUNT
#define VERDICT_NONE (CLASS_COUNT + 1)
#define N_BUCKETS 14
#define MAGIC UINT64_C(0x73706177736e3032) /* a new one if the struct changes its meaning */
#define TRIES 20
#define TRY_NS 1000000

enum why { WHY_CRASH, WHY_TIMEOUT, WHY_UNAVAILABLE, WHY_COUNT };
enum phase { PHASE_RECEIVE, PHASE_INSPECT, PHASE_SEND, PHASE_COUNT };

struct histogram {
	uint64_t buckets[N_BUCKETS + 1]; /* not yet summed up; the last one is +Inf */
	uint64_t sum_ms;
};

struct counters {
	uint64_t messages[N_VERDICTS][ACTION_COUNT];
	uint64_t outcomes[OUTCOME_COUNT];
	uint64_t findings[CLASS_COUNT];
	uint64_t bytes;
	uint64_t quarantined;
	uint64_t uninspected[WHY_COUNT];
	struct histogram phases[PHASE_COUNT];
};

struct state {
	uint64_t magic, size;
	struct counters all;
};

static const unsigned int limits_ms[N_BUCKETS] = { 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500,
	5000, 10000, 30000, 60000 };
static const char *const phase_names[] = {
	[PHASE_RECEIVE] = "receive", [PHASE_INSPECT] = "inspect", [PHASE_SEND] = "send"
};
static const char *const why_names[] = {
	[WHY_CRASH] = "crash", [WHY_TIMEOUT] = "timeout", [WHY_UNAVAILABLE] = "unavailable"
};

static enum why why_not(const struct inspection *);
static void observe(struct histogram *, int64_t);
static size_t verdict_number(const char *);
static const char *verdict_text(size_t);
static bool lock(int);
static bool add_up(int, struct counters *);
static void put_all(FILE *, const void *);
static void put_counters(FILE *, const struct counters *);
static void put_phases(FILE *, const struct counters *);
static void complain(const char *);

static struct counters mine;
static char path[PATH_MAX - 16];
static bool pending;

void
metrics_count(const struct transaction *t, const char *verdict, enum outcome outcome)
{
	const struct report *report = &t->inspection.report;

	if (*t->conf->metrics_file == '\0')
		return;
	strlcpy(path, t->conf->metrics_file, sizeof(path));
	pending = true;
	mine.messages[verdict_number(verdict)][report->action]++;
	mine.outcomes[outcome]++;
	mine.bytes += t->message.size;
	mine.quarantined += t->quarantine.stored;
	if (!t->inspection.ok && *t->inspection.failure != '\0')
		mine.uninspected[why_not(&t->inspection)]++;
	for (size_t i = 0; i < report->n_findings; i++)
		mine.findings[report->findings[i].class]++;
	observe(&mine.phases[PHASE_RECEIVE], t->receive_ms);
	observe(&mine.phases[PHASE_INSPECT], t->inspect_ms);
	observe(&mine.phases[PHASE_SEND], t->send_ms);
}

static enum why
why_not(const struct inspection *i)
{
	if (i->cause != CAUSE_CONTENT)
		return WHY_UNAVAILABLE;
	return i->late ? WHY_TIMEOUT : WHY_CRASH;
}

static void
observe(struct histogram *h, int64_t ms)
{
	uint64_t value = ms > 0 ? (uint64_t)ms : 0;
	size_t i = 0;

	while (i < N_BUCKETS && value > limits_ms[i])
		i++;
	h->buckets[i]++;
	h->sum_ms += value;
}

static size_t
verdict_number(const char *verdict)
{
	size_t i = 0;

	while (i < VERDICT_NONE && strcmp(verdict, verdict_text(i)) != 0)
		i++;
	return i;
}

static const char *
verdict_text(size_t i)
{
	if (i < CLASS_COUNT)
		return verdict_class_name((enum verdict_class)i);
	return i == VERDICT_CLEAN ? "clean" : "unscanned";
}

void
metrics_write(void)
{
	char name[PATH_MAX];
	int fd;

	if (!pending)
		return;
	snprintf(name, sizeof(name), "%s.state", path);
	fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd == -1)
		complain(name);
	else if (lock(fd)) {
		struct counters all;

		if (!add_up(fd, &all))
			complain(name);
		else if (!fresh_file_write(path, put_all, &all))
			complain(path);
		memset(&mine, 0, sizeof(mine));
		pending = false;
	}
	if (fd != -1)
		close(fd);
}

static bool
lock(int fd)
{
	const struct timespec moment = { .tv_sec = 0, .tv_nsec = TRY_NS };

	for (int i = 0; i < TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		(void)nanosleep(&moment, NULL);
	}
	return false;
}

static bool
add_up(int fd, struct counters *all)
{
	struct state s;
	/* All of it is uint64_t. */
	uint64_t *to = (uint64_t *)&s.all;
	const uint64_t *from = (const uint64_t *)&mine;

	if (pread(fd, &s, sizeof(s), 0) != (ssize_t)sizeof(s) || s.magic != MAGIC ||
	    s.size != sizeof(s))
		memset(&s, 0, sizeof(s));
	s.magic = MAGIC;
	s.size = sizeof(s);
	for (size_t i = 0; i < sizeof(mine) / sizeof(*from); i++)
		to[i] += from[i];
	*all = s.all;
	return pwrite(fd, &s, sizeof(s), 0) == (ssize_t)sizeof(s) && ftruncate(fd, sizeof(s)) == 0;
}

static void
put_all(FILE *fp, const void *ctx)
{
	put_counters(fp, ctx);
	put_phases(fp, ctx);
}

static void
put_counters(FILE *fp, const struct counters *c)
{
	size_t i, j;

	fputs("# HELP spawnscan_messages_total Messages by verdict and action.\n"
	      "# TYPE spawnscan_messages_total counter\n",
	    fp);
	for (i = 0; i < N_VERDICTS; i++)
		for (j = 0; j < ACTION_COUNT; j++)
			if (c->messages[i][j] > 0 || (i == VERDICT_CLEAN && j == ACTION_PASS))
				fprintf(fp,
				    "spawnscan_messages_total{verdict=\"%s\",action=\"%s\"} "
				    "%" PRIu64 "\n",
				    verdict_text(i), verdict_action_name((enum verdict_action)j),
				    c->messages[i][j]);
	fputs("# HELP spawnscan_outcomes_total Messages by what became of them.\n"
	      "# TYPE spawnscan_outcomes_total counter\n",
	    fp);
	for (i = 0; i < OUTCOME_COUNT; i++)
		fprintf(fp, "spawnscan_outcomes_total{outcome=\"%s\"} %" PRIu64 "\n",
		    record_outcome((enum outcome)i), c->outcomes[i]);
	fputs("# HELP spawnscan_findings_total Findings by class.\n"
	      "# TYPE spawnscan_findings_total counter\n",
	    fp);
	for (i = 0; i < CLASS_COUNT; i++)
		fprintf(fp, "spawnscan_findings_total{class=\"%s\"} %" PRIu64 "\n",
		    verdict_class_name((enum verdict_class)i), c->findings[i]);
	fprintf(fp,
	    "# HELP spawnscan_message_bytes_total Bytes of all messages.\n"
	    "# TYPE spawnscan_message_bytes_total counter\n"
	    "spawnscan_message_bytes_total %" PRIu64 "\n"
	    "# HELP spawnscan_quarantined_total Originals that were kept.\n"
	    "# TYPE spawnscan_quarantined_total counter\n"
	    "spawnscan_quarantined_total %" PRIu64 "\n"
	    "# HELP spawnscan_inspector_failures_total Messages that could not be inspected, by "
	    "what became of the inspector.\n"
	    "# TYPE spawnscan_inspector_failures_total counter\n",
	    c->bytes, c->quarantined);
	for (i = 0; i < WHY_COUNT; i++)
		fprintf(fp, "spawnscan_inspector_failures_total{cause=\"%s\"} %" PRIu64 "\n",
		    why_names[i], c->uninspected[i]);
}

static void
put_phases(FILE *fp, const struct counters *c)
{
	const struct histogram *h;
	uint64_t sum;

	fputs("# HELP spawnscan_phase_seconds Time for a message: to receive, inspect and send "
	      "it.\n"
	      "# TYPE spawnscan_phase_seconds histogram\n",
	    fp);
	for (size_t p = 0; p < PHASE_COUNT; p++) {
		h = &c->phases[p];
		sum = 0;
		for (size_t i = 0; i < N_BUCKETS; i++) {
			sum += h->buckets[i];
			fprintf(fp,
			    "spawnscan_phase_seconds_bucket{phase=\"%s\",le=\"%g\"} %" PRIu64 "\n",
			    phase_names[p], limits_ms[i] / 1000.0, sum);
		}
		sum += h->buckets[N_BUCKETS];
		fprintf(fp,
		    "spawnscan_phase_seconds_bucket{phase=\"%s\",le=\"+Inf\"} %" PRIu64 "\n"
		    "spawnscan_phase_seconds_sum{phase=\"%s\"} %" PRIu64 ".%03u\n"
		    "spawnscan_phase_seconds_count{phase=\"%s\"} %" PRIu64 "\n",
		    phase_names[p], sum, phase_names[p], h->sum_ms / 1000,
		    (unsigned int)(h->sum_ms % 1000), phase_names[p], sum);
	}
}

static void
complain(const char *file)
{
	static bool said;

	if (!said)
		log_write(LOG_WARNING, "metrics: %s: %s", file, strerror(errno));
	said = true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * errand.c - an object that an inspector of an engine has scanned elsewhere.
 *
 * An answer is a byte, then strings that end in NUL: an error or "", then each hit
 * as a digit for its class and its name, then "", then each member that a container
 * has as "n" and its name or "x" for an executable, then "". The reader takes nothing
 * for granted: it was written by a process that has looked at a hostile object.
 *
 * What goes ahead has a share of the CPU time that is left, such that all together do not
 * exceed what one alone would have. One that ends for want of that, or of time, is asked
 * for anew in its turn: that nobody waited for it must not become a finding.
 *
 * Limits: ERRAND_MAX_OBJECT; ahead: ERRAND_AHEAD_MAX, ERRAND_AHEAD_BYTES, which this process
 * keeps until they are asked for.
 * Diagnostics: none. What does not work is scanned in this process.
 */
#include "errand.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "descriptor.h"
#include "effort.h"
#include "le.h"
#include "message.h"
#include "scan_result.h"

#ifndef F_ADD_SEALS /* of <linux/fcntl.h>, where <fcntl.h> lacks them */
#define F_ADD_SEALS 1033
#define F_SEAL_SEAL 1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW 4
#define F_SEAL_WRITE 8
#endif
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct strings {
	char *at, *end;
	bool full;
};

static void fill_ask(struct errand_ask *, char word, size_t number, unsigned int seconds);
static struct message *find_ahead(const char *buf, size_t len);
static bool ask_for(struct scan_result *, int fd, size_t number, unsigned int seconds,
    scan_member *, void *ctx);
static bool is_late(const struct scan_result *);
static int64_t cpu_left(void);
static uint32_t cpu_limit(int64_t ms);
static int sealed_copy(const char *buf, size_t len);
static bool read_answer(struct scan_result *, char *answer, size_t len, scan_member *, void *ctx);
static bool read_hits(struct scan_result *, struct strings *);
static char *next_string(struct strings *);
static void put_string(struct strings *, const char *prefix, const char *text);

static struct {
	int channel;
	size_t min;
	struct errand_settings settings;
	bool ahead;
	struct message sent[ERRAND_AHEAD_MAX]; /* ahead, and not asked for yet; numbered from 1 */
	size_t n_sent, sent_bytes;
	int64_t promised; /* CPU milliseconds to those */
} errand = { .channel = -1 };

size_t
errand_limit(const struct conf *conf)
{
	cpu_set_t set;
	size_t n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;

	return conf->engine_inspectors < n ? (size_t)conf->engine_inspectors : n;
}

void
errand_begin(int channel, uint64_t min, bool ahead, const struct conf *conf)
{
	errand.channel = channel;
	errand.ahead = ahead;
	errand.min = min < SIZE_MAX ? (size_t)min : SIZE_MAX;
	errand.settings = (struct errand_settings){ conf->scan_size_limit, conf->scan_file_limit,
		conf->scan_depth_limit, conf->scan_files_limit, conf->block_macros != MACROS_PASS,
		conf->alert_broken_executables, conf->alert_broken_media,
		conf->alert_phishing_ssl_mismatch, conf->alert_phishing_cloak,
		conf->alert_partition_intersection };
}

void
errand_adopt(const struct errand_settings *s, struct conf *conf)
{
	conf->scan_size_limit = s->size_limit;
	conf->scan_file_limit = s->file_limit;
	conf->scan_depth_limit = s->depth_limit;
	conf->scan_files_limit = s->files_limit;
	conf->block_macros = s->block_macros != 0 ? MACROS_ANY : MACROS_PASS;
	conf->alert_broken_executables = s->broken_executables != 0;
	conf->alert_broken_media = s->broken_media != 0;
	conf->alert_phishing_ssl_mismatch = s->ssl_mismatch != 0;
	conf->alert_phishing_cloak = s->cloak != 0;
	conf->alert_partition_intersection = s->partition_intersection != 0;
}

bool
errand_wanted(enum scan_kind kind, size_t len)
{
	return errand.channel != -1 && (kind == SCAN_PART || kind == SCAN_FIRST) &&
	    len >= errand.min && len <= ERRAND_MAX_OBJECT;
}

size_t
errand_ahead_min(void)
{
	return errand.channel != -1 && errand.ahead ? errand.min : 0;
}

void
errand_ahead(const char *buf, size_t len, unsigned int seconds, size_t n)
{
	struct message *m = &errand.sent[errand.n_sent];
	struct errand_ask ask;
	int64_t left = cpu_left(), share;
	int fd;

	if (!errand.ahead || !errand_wanted(SCAN_PART, len) || errand.n_sent == ERRAND_AHEAD_MAX ||
	    len > ERRAND_AHEAD_BYTES - errand.sent_bytes)
		return;
	share = left == INT64_MAX ? INT64_MAX : (left - errand.promised) / (int64_t)n;
	if (share < 1)
		return;
	fill_ask(&ask, ERRAND_AHEAD, errand.n_sent + 1, seconds);
	ask.cpu_ms = cpu_limit(share);
	if ((fd = sealed_copy(buf, len)) == -1)
		return;
	if (message_adopt(m, fd) != MESSAGE_OK) {
		close(fd);
		return;
	}
	if (descriptor_send(errand.channel, &fd, 1, &ask, sizeof(ask), MSG_DONTWAIT) !=
	    sizeof(ask)) {
		message_close(m);
		return;
	}
	errand.n_sent++;
	errand.sent_bytes += len;
	if (share != INT64_MAX)
		errand.promised += share;
}

static void
fill_ask(struct errand_ask *ask, char word, size_t number, unsigned int seconds)
{
	memset(ask, 0, sizeof(*ask));
	ask->word = word;
	ask->number = (uint8_t)number;
	ask->seconds = seconds;
	ask->settings = errand.settings;
}

bool
errand_scan(struct scan_result *result, const char *buf, size_t len, unsigned int seconds,
    scan_member *member, void *ctx)
{
	struct message *m = find_ahead(buf, len);
	int fd = m != NULL ? m->fd : sealed_copy(buf, len);
	bool ok = fd != -1;

	if (m != NULL)
		ok = ask_for(result, fd, (size_t)(m - errand.sent) + 1, seconds, member, ctx);
	if (ok && (m == NULL || is_late(result)))
		ok = ask_for(result, fd, 0, seconds, member, ctx);
	if (m != NULL)
		message_close(m);
	else if (fd != -1)
		close(fd);
	return ok;
}

/* The same bytes, whatever part they are of. */
static struct message *
find_ahead(const char *buf, size_t len)
{
	for (size_t i = 0; i < errand.n_sent; i++) {
		struct message *m = &errand.sent[i];

		if (m->fd != -1 && m->size == len && memcmp(m->bytes, buf, len) == 0)
			return m;
	}
	return NULL;
}

static bool
ask_for(struct scan_result *result, int fd, size_t number, unsigned int seconds,
    scan_member *member, void *ctx)
{
	static char answer[ERRAND_MAX_ANSWER];
	struct errand_ask ask;
	ssize_t n = -1;
	bool ok;

	fill_ask(&ask, ERRAND_ASK, number, seconds);
	ask.cpu_ms = cpu_limit(cpu_left());
	if (descriptor_send(errand.channel, &fd, 1, &ask, sizeof(ask), MSG_DONTWAIT) ==
	    sizeof(ask)) {
		do
			n = read(errand.channel, answer, sizeof(answer));
		while (n == -1 && errno == EINTR);
	}
	if (n <= 0) {
		errand.channel = -1;
		return false;
	}
	ok = read_answer(result, answer, (size_t)n, member, ctx);
	if (n >= ERRAND_COST && !(ok && number > 0 && is_late(result)))
		effort_charge(le_get(answer + 1, ERRAND_COST - 1));
	return ok;
}

static bool
is_late(const struct scan_result *result)
{
	for (size_t i = 0; i < result->n_hits; i++)
		if (scan_result_is_late(&result->hits[i]))
			return true;
	return false;
}

/* For one object, in milliseconds; INT64_MAX: as much as it takes. */
static int64_t
cpu_left(void)
{
	int64_t left = effort_cpu_left();

	/* What there is beside the object shall have its share. */
	return left == INT64_MAX ? left : left - left / 4;
}

static uint32_t
cpu_limit(int64_t ms)
{
	if (ms == INT64_MAX)
		return 0;
	return ms < 1 ? 1 : ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static int
sealed_copy(const char *buf, size_t len)
{
	int fd = memfd_create("object", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd != -1 &&
	    (!descriptor_write(fd, buf, len) || fcntl(fd, F_ADD_SEALS, ALL_SEALS) == -1)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Members are told of only if all of the answer is sound. */
static bool
read_answer(struct scan_result *result, char *answer, size_t len, scan_member *member, void *ctx)
{
	struct strings s = { .at = answer + ERRAND_COST, .end = answer + len }, again;
	char *text;

	memset(result, 0, sizeof(*result));
	if (len < ERRAND_COST || (answer[0] != ERRAND_CLEAN && answer[0] != ERRAND_FOUND))
		return false;
	if ((text = next_string(&s)) == NULL)
		return false;
	if (text[0] != '\0')
		scan_result_fail(result, "%s", text);
	if (!read_hits(result, &s))
		return false;
	again = s;
	do
		text = next_string(&s);
	while (text != NULL && text[0] != '\0');
	if (text == NULL || s.at != s.end ||
	    (answer[0] == ERRAND_CLEAN && (result->failed || result->n_hits > 0)))
		return false;
	while ((text = next_string(&again)) != NULL && text[0] != '\0')
		if (member != NULL)
			member(ctx, text[0] == 'n' ? text + 1 : NULL, NULL, 0);
	return true;
}

static bool
read_hits(struct scan_result *result, struct strings *s)
{
	char *text;

	while ((text = next_string(s)) != NULL && text[0] != '\0') {
		struct scan_hit *hit = &result->hits[result->n_hits];

		if (result->n_hits == SCAN_MAX_HITS || text[0] < '0' ||
		    text[0] - '0' >= CLASS_COUNT || text[1] == '\0')
			return false;
		hit->class = (enum verdict_class)(text[0] - '0');
		strlcpy(hit->name, text + 1, sizeof(hit->name));
		scan_result_make_printable(hit->name);
		result->n_hits++;
	}
	return text != NULL;
}

static char *
next_string(struct strings *s)
{
	char *text = s->at;
	char *nul = s->at < s->end ? memchr(s->at, '\0', (size_t)(s->end - s->at)) : NULL;

	if (nul == NULL)
		return NULL;
	s->at = nul + 1;
	return text;
}

/*
 * Contents that came out of this one are not told of: who asks does not learn that they
 * were scanned, and scans them once more where a message reads in several ways.
 */
void
errand_add_member(void *ctx, const char *name, const char *bytes, size_t len)
{
	struct errand_members *m = ctx;
	struct strings s = { .at = m->text + m->len, .end = m->text + sizeof(m->text) };

	(void)len;
	if (bytes != NULL)
		return;
	put_string(&s, name != NULL ? "n" : "x", name != NULL ? name : "");
	m->too_many = m->too_many || s.full;
	m->len = (size_t)(s.at - m->text);
}

/* More than fits can't be told: that has to be scanned by who asks. */
size_t
errand_write(char *answer, const struct scan_result *result, const struct errand_members *members,
    uint64_t cpu_ms)
{
	struct strings s = { .at = answer + ERRAND_COST, .end = answer + ERRAND_MAX_ANSWER };

	answer[0] = result->failed || result->n_hits > 0 ? ERRAND_FOUND : ERRAND_CLEAN;
	for (unsigned int i = 1; i < ERRAND_COST; i++, cpu_ms >>= 8)
		answer[i] = (char)(cpu_ms & 0xff);
	put_string(&s, "", result->failed ? result->error : "");
	for (size_t i = 0; i < result->n_hits; i++) {
		const char class[] = { (char)('0' + (int)result->hits[i].class), '\0' };

		put_string(&s, class, result->hits[i].name);
	}
	put_string(&s, "", "");
	if (s.full || members->too_many || members->len >= (size_t)(s.end - s.at)) {
		answer[0] = ERRAND_SELF;
		return 1;
	}
	memcpy(s.at, members->text, members->len);
	s.at += members->len;
	put_string(&s, "", "");
	return (size_t)(s.at - answer);
}

static void
put_string(struct strings *s, const char *prefix, const char *text)
{
	size_t n = strlen(prefix), len = strlen(text);

	s->full = s->full || n + len + 1 > (size_t)(s->end - s->at);
	if (s->full)
		return;
	memcpy(s->at, prefix, n);
	memcpy(s->at + n, text, len + 1);
	s->at += n + len + 1;
}

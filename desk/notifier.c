/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notifier.c - the verb notify: a notice to the postmaster, and a copy of the original to
 * quarantine_to.
 *
 * Started by the filter after the client has its reply, never by hand. It has the
 * filter's user and its settings, and nobody waits for it.
 *
 * At most one notice for each class in notify_interval: what comes in between is counted in a
 * file of the quarantine, ".notify-CLASS", and told in the next notice. Many of these processes
 * may run at the same time; the file is locked while it is read and written anew.
 *
 * A notice comes from the null sender and is marked Auto-Submitted, so nobody answers it. It
 * goes to the server behind the filter, as the message did, or to notify_via, so it is not
 * filtered; and if it is, nobody is told of it (notify.c). All that strangers wrote is
 * printable ASCII in it, cut to lines, and none of it is in its header.
 *
 * Limits: N_HELD messages are told of by name, the rest by number.
 *
 * Diagnostics: a record "notice" in the log.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "courier.h"
#include "log.h"
#include "meta.h"
#include "notifier.h"
#include "release.h"
#include "safe.h"
#include "wrap.h"

#define N_HELD 20
#define LINE_MAX_COLUMNS 300
#define N_LINES 96

/* What .notify-CLASS holds. */
struct held {
	int64_t last; /* when the last notice was sent; 0 = never */
	uint64_t count; /* since then, not told of */
	char *lines[N_HELD];
	size_t n_lines;
};

struct page {
	char *lines[N_LINES];
	size_t n;
};

static bool configure(struct conf *, const struct meta *);
static int tell(const struct conf *, const struct meta *);
static void give_back(int, struct held *, const struct meta *, int64_t);
static int open_state(const struct conf *, const char *);
static void read_state(int, struct held *);
static bool write_state(int, const struct held *);
static void free_state(struct held *);
static void hold(struct held *, const struct meta *);
static int send_notice(const struct conf *, const struct meta *, const struct held *);
static void compose(struct page *, const struct conf *, const struct meta *, const struct held *);
static void compose_held(struct page *, const struct conf *, const struct held *);
static void put(struct page *, const char *, ...) __attribute__((format(printf, 2, 3)));
static char *safe_line(const char *);
static int copy_original(const struct conf *, const struct meta *);
static void log_notice(const struct conf *, const struct meta *, const char *, const char *);

int
notifier_run(void)
{
	struct conf conf;
	struct meta meta;
	char err[512];
	int code = EX_DATAERR;

	conf_init(&conf);
	if (meta_read(&meta, STDIN_FILENO, err, sizeof(err)) && configure(&conf, &meta)) {
		(void)log_open(conf.log, conf.syslog_name, conf.syslog_facility, conf.log_level,
		    false, err, sizeof(err));
		log_json(conf.log_format == LOG_FORMAT_JSON);
		code = *meta.notice != '\0' ? tell(&conf, &meta) : EX_OK;
		/* With quarantine_to_only a notice comes after the original was sent. */
		if (*conf.quarantine_to != '\0' && strcmp(meta.reference, "-") != 0 &&
		    (!conf.quarantine_to_only || *meta.notice == '\0'))
			code = copy_original(&conf, &meta);
	}
	meta_free(&meta);
	conf_free(&conf);
	return code;
}

static bool
configure(struct conf *conf, const struct meta *meta)
{
	char err[512];

	for (size_t i = 0; i < meta->n_settings; i++)
		if (!conf_set(conf, meta->settings[i], err, sizeof(err))) {
			log_write(LOG_WARNING, "notice not sent: %s", err);
			return false;
		}
	return true;
}

/*
 * tell - now, or with the next one
 *
 * The time is taken before the notice is sent and given back if that fails, so that
 * nobody waits for the lock while a server is slow.
 */
static int
tell(const struct conf *conf, const struct meta *meta)
{
	struct held held = { .last = 0 };
	int64_t now = time(NULL), before;
	int fd = open_state(conf, meta->notice), code = EX_OK;
	bool now_due;

	if (fd == -1 || flock(fd, LOCK_EX) == -1) {
		log_notice(conf, meta, "failed", strerror(errno));
		return EX_TEMPFAIL;
	}
	read_state(fd, &held);
	/* A clock that was set back must not silence it for long. */
	now_due = held.last > now || now - held.last >= (int64_t)conf->notify_interval;
	if (!now_due) {
		hold(&held, meta);
		(void)write_state(fd, &held);
	} else {
		const struct held taken = { .last = now };

		before = held.last;
		(void)write_state(fd, &taken);
		(void)flock(fd, LOCK_UN);
		if ((code = send_notice(conf, meta, &held)) != EX_OK)
			give_back(fd, &held, meta, before);
	}
	free_state(&held);
	close(fd);
	return code;
}

/* give_back - what could not be sent, and what came meanwhile */
static void
give_back(int fd, struct held *held, const struct meta *meta, int64_t before)
{
	struct held since = { .last = 0 };

	if (flock(fd, LOCK_EX) == -1)
		return;
	read_state(fd, &since);
	hold(held, meta);
	held->last = before;
	held->count += since.count;
	for (size_t i = 0; i < since.n_lines && held->n_lines < N_HELD; i++) {
		held->lines[held->n_lines++] = since.lines[i];
		since.lines[i] = NULL;
	}
	(void)write_state(fd, held);
	free_state(&since);
}

static int
open_state(const struct conf *conf, const char *class)
{
	char name[64];
	int dir, fd;

	for (const char *c = class; *c != '\0'; c++)
		if (*c < 'a' || *c > 'z') {
			errno = EINVAL;
			return -1;
		}
	snprintf(name, sizeof(name), ".notify-%.40s", class);
	(void)mkdir(conf->quarantine_dir, 0700);
	if ((dir = open(conf->quarantine_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	close(dir);
	return fd;
}

static void
read_state(int fd, struct held *held)
{
	char line[LINE_MAX_COLUMNS * 4];
	FILE *fp = lseek(fd, 0, SEEK_SET) == -1 ? NULL : fdopen(dup(fd), "r");

	if (fp == NULL)
		return;
	if (fgets(line, sizeof(line), fp) == NULL ||
	    sscanf(line, "%" SCNd64 " %" SCNu64, &held->last, &held->count) != 2)
		held->last = 0;
	while (held->n_lines < N_HELD && fgets(line, sizeof(line), fp) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if ((held->lines[held->n_lines] = safe_line(line)) != NULL)
			held->n_lines++;
	}
	fclose(fp);
}

static bool
write_state(int fd, const struct held *held)
{
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);
	bool ok;

	if (fp == NULL)
		return false;
	fprintf(fp, "%" PRId64 " %" PRIu64 "\n", held->last, held->count);
	for (size_t i = 0; i < held->n_lines; i++)
		fprintf(fp, "%s\n", held->lines[i]);
	ok = fclose(fp) == 0 && ftruncate(fd, 0) == 0 && pwrite(fd, text, len, 0) == (ssize_t)len;
	free(text);
	return ok;
}

static void
free_state(struct held *held)
{
	for (size_t i = 0; i < held->n_lines; i++)
		free(held->lines[i]);
	memset(held, 0, sizeof(*held));
}

static void
hold(struct held *held, const struct meta *m)
{
	char line[1024];

	held->count++;
	if (held->n_lines == N_HELD)
		return;
	snprintf(line, sizeof(line), "%.80s  from <%.100s> to <%.100s>: %.100s %.100s",
	    m->reference, m->sender, m->n_recipients > 0 ? m->recipients[0] : "",
	    m->n_findings > 0 ? m->findings[0].reason : m->failure,
	    m->n_findings > 0 ? m->findings[0].file : "");
	if ((held->lines[held->n_lines] = safe_line(line)) != NULL)
		held->n_lines++;
}

static int
send_notice(const struct conf *conf, const struct meta *meta, const struct held *held)
{
	struct page page = { .n = 0 };
	struct message out = { .fd = -1 };
	const char *to[] = { conf->notify_to };
	struct letter letter = { .sender = "", .recipients = to, .n_recipients = 1 };
	char subject[128];
	struct wrap_words words = { "X-Spawnscan-Notice: yes", subject, NULL, 0, NULL };
	enum courier_result result = COURIER_REFUSED;

	/* A class of ours, not a word of a stranger. */
	snprintf(subject, sizeof(subject), "Content filter: %s%s", meta->notice,
	    held->count > 0 ? ", and earlier messages" : "");
	compose(&page, conf, meta, held);
	words.lines = (const char *const *)page.lines;
	words.n_lines = page.n;
	if (wrap_words(&out, &words, NULL, 0)) {
		letter.via = *conf->notify_via != '\0' ? conf->notify_via : meta->next_hop;
		if (*letter.via == '\0')
			letter.via = "sendmail";
		letter.bytes = out.bytes;
		letter.size = out.size;
		result = courier_deliver(&letter, conf);
		message_close(&out);
	} else
		strlcpy(letter.reply, strerror(errno), sizeof(letter.reply));
	/* Silence at the very end is taken for success: better none than one every time. */
	log_notice(conf, meta, result == COURIER_REFUSED ? "failed" : "sent", letter.reply);
	for (size_t i = 0; i < page.n; i++)
		free(page.lines[i]);
	return result == COURIER_REFUSED ? EX_TEMPFAIL : EX_OK;
}

static void
compose(struct page *p, const struct conf *conf, const struct meta *m, const struct held *held)
{
	bool kept = strcmp(m->reference, "-") != 0;
	size_t i;

	put(p, "The content filter found something in a message that you want to be told of:");
	put(p, "%s", "");
	for (i = 0; i < m->n_findings && i < N_HELD; i++)
		put(p, "  part %.40s: %.40s, %.200s -> %.40s%s%.200s", m->findings[i].part,
		    m->findings[i].class, m->findings[i].reason, m->findings[i].action,
		    *m->findings[i].file != '\0' ? ", name " : "", m->findings[i].file);
	if (m->n_findings > i)
		put(p, "  and %zu more", m->n_findings - i);
	if (*m->failure != '\0')
		put(p, "  not inspected: %.280s", m->failure);
	put(p, "%s", "");
	put(p, "Sender:     <%.280s>", m->sender);
	for (i = 0; i < m->n_recipients && i < N_HELD; i++)
		put(p, "Recipient:  <%.280s>", m->recipients[i]);
	if (m->n_recipients > i)
		put(p, "            and %zu more", m->n_recipients - i);
	if (*m->client != '\0')
		put(p, "Client:     %.280s", m->client);
	if (*m->ident != '\0')
		put(p, "Queue id:   %.80s", m->ident);
	put(p, "Size:       %llu bytes", (unsigned long long)m->size);
	put(p, "Action:     %.40s, %.40s", m->action, m->outcome);
	if (m->n_replies > 0 && *m->replies[0] != '\0')
		put(p, "Reply:      %.280s", m->replies[0]);
	put(p, "Reference:  %.80s", kept ? m->reference : "none, the original was not kept");
	if (kept && conf->quarantine_to_only && *conf->quarantine_to != '\0') {
		put(p, "The original was sent to %.280s and is kept there only.",
		    conf->quarantine_to);
	} else if (kept) {
		put(p, "%s", "");
		put(p, "To look at it:   spawnscan-quarantine show %.80s", m->reference);
		put(p, "To release it:   spawnscan-quarantine release %s%s%.80s",
		    m->n_recipients > 0 ? "" : "--to ADDRESS ",
		    *m->next_hop != '\0' ? "" : "--via HOST:PORT ", m->reference);
	}
	compose_held(p, conf, held);
}

static void
compose_held(struct page *p, const struct conf *conf, const struct held *held)
{
	char when[64] = "";
	time_t last = (time_t)held->last;
	struct tm tm;

	put(p, "%s", "");
	if (held->count > 0) {
		if (localtime_r(&last, &tm) != NULL)
			strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
		put(p,
		    "Since the last notice (%s) there were %" PRIu64 " more of this class:", when,
		    held->count);
		put(p, "%s", "");
		for (size_t i = 0; i < held->n_lines; i++)
			put(p, "  %s", held->lines[i]);
		if (held->count > held->n_lines)
			put(p, "  and %" PRIu64 " more", held->count - held->n_lines);
		put(p, "%s", "");
	}
	if (conf->notify_interval > 0)
		put(p,
		    "The next notice of this class comes in %" PRIu64 " minutes at the earliest.",
		    (conf->notify_interval + 59) / 60);
}

static void
put(struct page *p, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (p->n < N_LINES && (p->lines[p->n] = safe_line(text)) != NULL)
		p->n++;
}

static char *
safe_line(const char *text)
{
	char *line = NULL;
	size_t len;
	FILE *fp = open_memstream(&line, &len);

	if (fp == NULL)
		return NULL;
	safe_put(fp, text, strlen(text), LINE_MAX_COLUMNS);
	if (fclose(fp) == 0)
		return line;
	free(line);
	return NULL;
}

static int
copy_original(const struct conf *conf, const struct meta *meta)
{
	char *to = conf->quarantine_to, *reference = strdup(meta->reference), via[600], err[512];
	struct desk desk = { .conf = conf,
		.who = "quarantine_to",
		.tells_envelope = true,
		.recipients = &to,
		.n_recipients = 1,
		.references = &reference,
		.n_references = 1 };
	int code = EX_TEMPFAIL;

	if (reference == NULL)
		return code;
	strlcpy(via, *conf->notify_via != '\0' ? conf->notify_via : meta->next_hop, sizeof(via));
	desk.via = *via != '\0' ? via : "sendmail";
	if (shelf_is_reference(reference) &&
	    shelf_open(&desk.shelf, conf->quarantine_dir, err, sizeof(err))) {
		code = release_forward(&desk);
		shelf_close(&desk.shelf);
	}
	free(reference);
	return code;
}

static void
log_notice(const struct conf *conf, const struct meta *meta, const char *outcome, const char *reply)
{
	struct log_record record;

	log_record_start(&record, "notice");
	log_record_str(&record, "to", conf->notify_to);
	log_record_str(&record, "class", meta->notice);
	log_record_str(&record, "quarantine", meta->reference);
	log_record_str(&record, "outcome", outcome);
	log_record_str(&record, "reply", reply);
	log_record_write(&record, strcmp(outcome, "sent") == 0 ? LOG_INFO : LOG_WARNING);
}

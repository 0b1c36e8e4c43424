/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.c - tells the postmaster of a message, after its client has its reply.
 *
 * Here is only the beginning: what there is to tell is written down while the message
 * is still there, in the form of metadata (store/meta.c) and with the settings; and once
 * the client has its reply, a process of its own, with none of our descriptors and in a
 * session of its own, becomes "spawnscan-quarantine notify" and reads it. That one writes the
 * notice, keeps to notify_interval and sends it (desk/notifier.c). So whatever becomes of a
 * notice, mail is neither delayed nor lost by it, and the filter carries no more code.
 *
 * With quarantine_to_only the original is sent by the same program before the client has
 * its reply, and waited for: that is the only place where it is kept then.
 *
 * There is no notice of a notice, which is mail from the null sender to notify_to or
 * quarantine_to alone.
 *
 * Limits: N_PENDING messages between two calls of notify_send, which is one in practice.
 * A message beyond that, or without memory or a process for it, gets no notice; the log has it.
 *
 * Diagnostics: LOG_WARNING if the process can't be started.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

#include "beside.h"
#include "clock.h"
#include "fault.h"
#include "log.h"
#include "meta.h"
#include "notify.h"
#include "words.h"

#define N_PENDING 8

static const char *class_to_tell(const struct transaction *);
static bool is_ours(const struct transaction *);
static void write_down(FILE *, const struct transaction *, const char *, const char *,
    const char *);
static void put_setting(void *, const char *, const char *, const char *);
static void start(const char *, const char *, size_t);
static bool run(const char *, const char *, size_t, int64_t, char *, size_t);
static void become(const char *, int, int) __attribute__((noreturn));

static struct {
	char *text;
	size_t len;
} pending[N_PENDING];
static size_t n_pending;

void
notify_take(const struct transaction *t, const char *outcome, const char *reply)
{
	const char *class = class_to_tell(t);
	bool copy = *t->conf->quarantine_to != '\0' && t->quarantine.stored && !t->quarantine.sent;
	FILE *fp;

	if ((class == NULL && !copy) || is_ours(t) || n_pending == N_PENDING)
		return;
	fp = open_memstream(&pending[n_pending].text, &pending[n_pending].len);
	if (fp == NULL)
		return;
	write_down(fp, t, class, outcome, reply);
	if (fclose(fp) == 0)
		n_pending++;
}

/* class_to_tell - the first one of notify_classes that was found */
static const char *
class_to_tell(const struct transaction *t)
{
	const struct report *report = &t->inspection.report;
	const char *name;
	char word[32];

	if (*t->conf->notify_to == '\0')
		return NULL;
	name = verdict_class_name(CLASS_ERROR);
	if (!t->inspection.ok && *t->inspection.failure != '\0' &&
	    words_find(t->conf->notify_classes, name, word, sizeof(word)))
		return name;
	for (size_t i = 0; i < report->n_findings; i++) {
		name = verdict_class_name(report->findings[i].class);
		if (words_find(t->conf->notify_classes, name, word, sizeof(word)))
			return name;
	}
	return NULL;
}

static bool
is_ours(const struct transaction *t)
{
	const struct envelope *e = &t->envelope;

	return e->n_recipients == 1 && *e->sender == '\0' &&
	    (strcasecmp(e->recipients[0], t->conf->notify_to) == 0 ||
		strcasecmp(e->recipients[0], t->conf->quarantine_to) == 0);
}

static void
write_down(FILE *fp, const struct transaction *t, const char *class, const char *outcome,
    const char *reply)
{
	const struct report *report = &t->inspection.report;

	meta_put_line(fp, "Reference", t->quarantine.stored ? t->quarantine.reference : "-");
	if (class != NULL)
		meta_put_line(fp, "Notice", class);
	meta_put_line(fp, "Outcome", outcome);
	meta_put_line(fp, "Client", t->envelope.client);
	meta_put_line(fp, "Ident", t->envelope.ident);
	meta_put_line(fp, "Next-Hop", t->envelope.next_hop);
	meta_put_line(fp, "Sender", t->envelope.sender);
	for (size_t i = 0; i < t->envelope.n_recipients; i++)
		meta_put_line(fp, "Recipient", t->envelope.recipients[i]);
	fprintf(fp, "Size: %llu\n", (unsigned long long)t->message.size);
	meta_put_line(fp, "Action", verdict_action_name(report->action));
	for (size_t i = 0; i < report->n_findings; i++)
		meta_put_finding(fp, &report->findings[i]);
	meta_put_line(fp, "Failure", t->inspection.failure);
	meta_put_line(fp, "Reply", reply);
	conf_each(t->conf, put_setting, fp);
}

static void
put_setting(void *ctx, const char *section, const char *key, const char *value)
{
	char *line;

	(void)section;
	/* Names and limits are for the inspector, and long. */
	if (strcmp(section, "names") == 0 || strcmp(section, "marks") == 0 ||
	    asprintf(&line, "%s=%s", key, value) == -1)
		return;
	meta_put_line(ctx, "Setting", line);
	free(line);
}

void
notify_send(void)
{
	char path[PATH_MAX];
	size_t i;

	if (n_pending == 0)
		return;
	if (!beside_path("spawnscan-quarantine", path, sizeof(path)) || access(path, X_OK) == -1)
		log_write(LOG_WARNING, "notice not sent: %s: %s", path, strerror(errno));
	else
		for (i = 0; i < n_pending; i++)
			start(path, pending[i].text, pending[i].len);
	for (i = 0; i < n_pending; i++) {
		free(pending[i].text);
		pending[i].text = NULL;
	}
	n_pending = 0;
}

bool
notify_send_original(const struct transaction *t, char *err, size_t errsize)
{
	char path[PATH_MAX], *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);
	bool ok = fp != NULL;

	if (ok) {
		write_down(fp, t, NULL, "", "");
		ok = fclose(fp) == 0;
	}
	if (!ok)
		snprintf(err, errsize, "quarantine_to: %s", strerror(errno));
	else if (!beside_path("spawnscan-quarantine", path, sizeof(path)))
		ok = fault_tell(err, errsize, "quarantine_to: no path of spawnscan-quarantine");
	else
		ok = run(path, text, len, clock_ms() + (int64_t)t->conf->reply_timeout * 1000, err,
		    errsize);
	free(text);
	return ok;
}

/* run - to its end; what it says goes into a pipe, whose end is that of the process */
static bool
run(const char *path, const char *text, size_t len, int64_t deadline, char *err, size_t errsize)
{
	int fd = memfd_create("original", MFD_CLOEXEC), said[2] = { -1, -1 }, status = -1;
	char words[512] = "";
	size_t used = 0;
	bool over = false;
	pid_t pid = -1;
	ssize_t n;

	if (fd != -1 && write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0 &&
	    pipe2(said, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0) {
		setsid();
		become(path, fd, said[1]);
	}
	if (pid == -1)
		snprintf(err, errsize, "quarantine_to: %s", strerror(errno));
	if (fd != -1)
		close(fd);
	if (said[1] != -1)
		close(said[1]);
	while (pid != -1 && !over) {
		struct pollfd poller = { .fd = said[0], .events = POLLIN };
		char rest[256];
		bool room = used < sizeof(words) - 1;
		int64_t left = deadline - clock_ms();
		int ready = left > 0 ? poll(&poller, 1, (int)left) : 0;

		if (ready == -1 && errno == EINTR)
			continue;
		n = ready > 0 ? read(said[0], room ? words + used : rest,
				    room ? sizeof(words) - 1 - used : sizeof(rest))
			      : -1;
		over = n <= 0;
		used += room && n > 0 ? (size_t)n : 0;
		/* It is in a session of its own, with sendmail if that is what it runs. */
		if (ready <= 0)
			(void)kill(-pid, SIGKILL);
	}
	if (said[0] != -1)
		close(said[0]);
	while (pid != -1 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	words[used] = '\0';
	words[strcspn(words, "\n")] = '\0';
	if (pid != -1 && status != 0)
		snprintf(err, errsize, "quarantine_to: the original was not taken: %.300s",
		    *words != '\0' ? words : "spawnscan-quarantine failed or took too long");
	return pid != -1 && status == 0;
}

/* start - the child's child does it, so that there is nobody to wait for */
static void
start(const char *path, const char *text, size_t len)
{
	int fd = memfd_create("notice", MFD_CLOEXEC), status;
	pid_t pid = -1;

	if (fd != -1 && write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		pid = fork();
	if (pid == 0) {
		setsid();
		pid = fork();
		if (pid == 0)
			become(path, fd, -1);
		_exit(pid == -1);
	}
	if (pid == -1)
		log_write(LOG_WARNING, "notice not sent: %s", strerror(errno));
	else
		(void)waitpid(pid, &status, 0);
	if (fd != -1)
		close(fd);
}

/* become - said: where its words go; -1 = nowhere */
static void
become(const char *path, int fd, int said)
{
	char name[] = "spawnscan-quarantine", verb[] = "notify";
	char *const argv[] = { name, verb, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A descriptor that is one of these three would be lost on the way. */
	if (said != -1 && said <= STDERR_FILENO)
		said = fcntl(said, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (null != -1 && dup2(fd, STDIN_FILENO) != -1 &&
	    dup2(said != -1 ? said : null, STDOUT_FILENO) != -1 &&
	    dup2(said != -1 ? said : null, STDERR_FILENO) != -1) {
		closefrom(STDERR_FILENO + 1);
		execv(path, argv);
	}
	_exit(1);
}

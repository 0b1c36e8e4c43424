/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explainer.c - the front that only tells: what would be done with a message, and
 * why.
 *
 * The message goes to the same inspector as any other, with the wish for an
 * explanation, and that is written out; the report itself is not acted on.
 * There is no quarantine and so no reference: where a notice would tell one,
 * the explanation has REFERENCE. As one-shot, line endings are the message's own.
 *
 * Diagnostics: one sentence on standard error. The log hears of nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "explainer.h"
#include "descriptor.h"
#include "inspection.h"
#include "log.h"
#include "message.h"
#include "ruling.h"

#define READ_SIZE (64u << 10)
#define REFERENCE "MMDD/UNIXTIME.PID.N"

static int read_mail(struct message *, int fd, uint64_t limit, const char *file);
static int explain(const struct conf *, const struct message *, enum explain_form, int wfd);
static int find_failure(const struct inspection *);
static int complain(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int
explainer_run(const struct conf *conf, const char *file, bool json, int wfd)
{
	bool standard = strcmp(file, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC), code;
	struct message m;

	if (fd == -1)
		return complain(EX_NOINPUT, "%s: %s", file, strerror(errno));
	code = read_mail(&m, fd, conf->message_size_limit, file);
	if (!standard)
		close(fd);
	if (code == EX_OK)
		code = explain(conf, &m, json ? EXPLAIN_JSON : EXPLAIN_TEXT, wfd);
	message_close(&m);
	return code;
}

int
explainer_rules(const struct conf *conf, char *const words[3])
{
	struct client_text client = { "", "" };
	struct envelope envelope = {
		.sender = words[0], .recipients = words + 1, .n_recipients = 1
	};
	char err[512];

	if (!envelope_client(&client, words[2]) &&
	    strlcpy(client.address, words[2], sizeof(client.address)) >= sizeof(client.address))
		return complain(EX_USAGE, "%s is no client: NAME[ADDRESS] or ADDRESS", words[2]);
	if (strcmp(words[0], "<>") == 0)
		envelope.sender = "";
	envelope.client_name = client.name;
	envelope.client_address = client.address;
	if (!ruling_explain(conf, &envelope, stdout, err, sizeof(err)))
		return complain(EX_TEMPFAIL, "%s", err);
	return fflush(stdout) == EOF ? complain(EX_IOERR, "writing: %s", strerror(errno)) : EX_OK;
}

static int
complain(int code, const char *fmt, ...)
{
	va_list ap;

	if (!log_stderr_usable())
		return code;
	va_start(ap, fmt);
	fputs("spawnscan: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	return code;
}

static int
read_mail(struct message *m, int fd, uint64_t limit, const char *file)
{
	char buf[READ_SIZE];
	enum message_result result = message_create(m, limit);

	while (result == MESSAGE_OK) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return complain(EX_NOINPUT, "%s: %s", file, strerror(errno));
		if (n == 0)
			break;
		result = message_append(m, buf, (size_t)n);
	}
	if (result == MESSAGE_OK)
		result = message_seal(m);
	if (result == MESSAGE_TOO_BIG)
		return complain(EX_UNAVAILABLE, "%s: larger than message_size_limit", file);
	if (result != MESSAGE_OK)
		return complain(EX_TEMPFAIL, "spooling the message: %s", strerror(errno));
	return EX_OK;
}

static int
explain(const struct conf *conf, const struct message *m, enum explain_form form, int wfd)
{
	struct inspection i;
	int code = EX_OK;

	inspection_explain(&i, conf, m, conf->quarantine == KEEP_OFF ? "" : REFERENCE, form);
	if (!i.ok)
		code = complain(EX_TEMPFAIL, "%s", i.failure);
	else if (i.report.explanation == NULL)
		code = find_failure(&i);
	else if (!descriptor_write(wfd, i.report.explanation, strlen(i.report.explanation)))
		code = complain(EX_IOERR, "writing: %s", strerror(errno));
	inspection_free(&i);
	return code;
}

/* The inspector could not do its work; its one finding tells why. */
static int
find_failure(const struct inspection *i)
{
	if (i->report.n_findings == 0)
		return complain(EX_TEMPFAIL, "the inspector gave no explanation");
	return complain(EX_TEMPFAIL, "%s", i->report.findings[0].reason);
}

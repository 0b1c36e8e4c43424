/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request.c - what the front asks of an inspector, both ends of the wire.
 *
 * The whole configuration goes along as text, in the words of the
 * configuration file and read by the same conf_set: the inspector opens no
 * file for it, and the two halves can't hold different opinions.
 *
 * Limits: REQUEST_MAX_BYTES. The sender is bounded by its deadline; the
 * receiver has none of its own, the front ends it.
 */
#include "request.h"

#include <sys/socket.h>

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "descriptor.h"
#include "report.h"

#define N_FACTS 10

static const char *const explain_words[] = {
	[EXPLAIN_NONE] = "", [EXPLAIN_TEXT] = "text", [EXPLAIN_JSON] = "json"
};

static char *request_text(const struct request *, const struct conf *, size_t *len);
static void put_setting(void *ctx, const char *section, const char *key, const char *value);
static bool wait_writable(int sock, int64_t deadline);
static bool receive_length(int sock, uint32_t *len, int *fd);
static bool receive_all(int sock, char *buf, size_t len);
static bool parse_request(struct request *, size_t len, struct conf *, char *err, size_t errsize);

bool
request_send(int sock, const struct request *r, const struct conf *conf, const struct message *m,
    int64_t deadline)
{
	size_t len, sent = 0;
	char *text = request_text(r, conf, &len);

	if (text == NULL)
		return false;
	while (sent < len) {
		ssize_t n;

		if (!wait_writable(sock, deadline))
			break;
		/* The message rides on the first piece. */
		n = descriptor_send(sock, &m->fd, sent == 0 ? 1 : 0, text + sent, len - sent,
		    MSG_DONTWAIT);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			break;
		if (n > 0)
			sent += (size_t)n;
	}
	free(text);
	return sent == len;
}

/* Length, facts and settings as they go over the wire; malloc'd. */
static char *
request_text(const struct request *r, const struct conf *conf, size_t *len)
{
	char *text = NULL;
	uint32_t length = 0;
	FILE *f = open_memstream(&text, len);

	if (f == NULL)
		return NULL;
	fwrite(&length, sizeof(length), 1, f);
	fprintf(f, "SSQ" REPORT_PROTOCOL "%c%s%c%s%c%s%c%s%c%s%c%s%c%s%c%s%c%s%c", 0, r->host, 0,
	    r->reference, 0, r->time, 0, r->scratch, 0, r->crlf ? "crlf" : "", 0,
	    explain_words[r->explain], 0, r->language != NULL ? r->language : "", 0,
	    r->sender != NULL ? r->sender : "", 0, r->verdicts != NULL ? r->verdicts : "", 0);
	conf_each(conf, put_setting, f);
	if (fclose(f) == EOF || *len - sizeof(length) > REQUEST_MAX_BYTES) {
		free(text);
		errno = EMSGSIZE;
		return NULL;
	}
	length = htole32((uint32_t)(*len - sizeof(length)));
	memcpy(text, &length, sizeof(length));
	return text;
}

static void
put_setting(void *ctx, const char *section, const char *key, const char *value)
{
	(void)section;
	fprintf(ctx, "%s=%s%c", key, value, 0);
}

static bool
wait_writable(int sock, int64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = sock, .events = POLLOUT };
		int64_t left = deadline - clock_ms();
		int n;

		if (left <= 0) {
			errno = ETIMEDOUT;
			return false;
		}
		n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
		if (n > 0)
			return true;
		if (n == -1 && errno != EINTR)
			return false;
	}
}

bool
request_receive(int sock, struct request *r, struct conf *conf, struct message *m, char *err,
    size_t errsize)
{
	uint32_t len;
	int fd = -1;
	bool ok = false;

	memset(r, 0, sizeof(*r));
	m->fd = -1;
	m->bytes = NULL;
	if (!receive_length(sock, &len, &fd) || fd == -1)
		snprintf(err, errsize, "the request is cut off");
	else if (len > REQUEST_MAX_BYTES || (r->text = malloc(len)) == NULL)
		snprintf(err, errsize, "the request is too long");
	else if (!receive_all(sock, r->text, len))
		snprintf(err, errsize, "the request is cut off");
	else if (message_adopt(m, fd) != MESSAGE_OK)
		snprintf(err, errsize, "the message is not a sealed one: %s", strerror(errno));
	else {
		fd = -1;
		ok = parse_request(r, len, conf, err, errsize);
	}
	if (fd != -1)
		close(fd);
	if (!ok) {
		message_close(m);
		request_free(r);
	}
	return ok;
}

static bool
receive_length(int sock, uint32_t *len, int *fd)
{
	char first[sizeof(*len)];
	ssize_t n = descriptor_receive(sock, fd, 1, first, sizeof(first), 0);

	if (n <= 0)
		return false;
	if (!receive_all(sock, first + n, sizeof(first) - (size_t)n))
		return false;
	memcpy(len, first, sizeof(*len));
	*len = le32toh(*len);
	return true;
}

static bool
receive_all(int sock, char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(sock, buf, len, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
parse_request(struct request *r, size_t len, struct conf *conf, char *err, size_t errsize)
{
	const char *protocol = "", *line_ends = "", *explain = "", *at = r->text,
		   *end = r->text + len;
	char today[11];
	const char **const facts[N_FACTS] = { &protocol, &r->host, &r->reference, &r->time,
		&r->scratch, &line_ends, &explain, &r->language, &r->sender, &r->verdicts };

	if (len == 0 || end[-1] != '\0') {
		snprintf(err, errsize, "the request is cut off");
		return false;
	}
	for (size_t n = 0; n < N_FACTS; n++, at += strlen(at) + 1) {
		if (at == end) {
			snprintf(err, errsize, "the request lacks facts");
			return false;
		}
		*facts[n] = at;
	}
	if (strcmp(protocol, "SSQ" REPORT_PROTOCOL) != 0) {
		snprintf(err, errsize, "the request is in another version of the protocol");
		return false;
	}
	r->crlf = strcmp(line_ends, "crlf") == 0;
	for (int i = EXPLAIN_NONE; i <= EXPLAIN_JSON; i++) {
		if (strcmp(explain, explain_words[i]) == 0)
			r->explain = (enum explain_form)i;
	}
	if (r->language[0] != '\0' && !sentences_parse(&r->sentences, r->language, err, errsize))
		return false;
	for (; at < end; at += strlen(at) + 1) {
		if (!conf_set(conf, at, err, errsize))
			return false;
	}
	override_today(today);
	return override_parse(&r->overrides, r->verdicts, conf->verdicts, today, err, errsize);
}

void
request_free(struct request *r)
{
	free(r->text);
	sentences_free(&r->sentences);
	override_free(&r->overrides);
	memset(r, 0, sizeof(*r));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * courier.c - hands one message to a next hop, once: by SMTP, LMTP or sendmail(1).
 *
 * The bytes are not touched, but for what the way itself demands: line endings become
 * CRLF for SMTP, and the "From " line of a mailbox stays behind. A message with a CR that
 * ends no line can't go by SMTP as it is, and is refused.
 *
 * Addresses come from strangers, by way of the metadata. One that could end a command
 * or an argument is refused before anything is said (RFC 5321 4.1.2: no control
 * characters; ">" and SP in quotes only). There is no shell.
 *
 * If one recipient is refused, by SMTP nobody gets the message: a second try would be a
 * second copy for the others.
 *
 * Limits: the timeouts of [smtp]. Diagnostics: struct letter.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "courier.h"
#include "dot.h"
#include "io.h"
#include "mailer.h"
#include "message.h"
#include "smtp_reply.h"

#define QUIT_PATIENCE 5 /* seconds */
#define QMAIL_USAGE 100 /* exit code of qmail's sendmail for what it does not know */

/* A server that is being talked to. */
struct talk {
	struct letter *letter;
	const struct conf *conf;
	const struct address *address;
	struct io io;
	struct reply reply;
	bool eightbit, utf8; /* what it announces */
};

/* The message on its way. */
struct wire {
	struct io *io;
	struct dot_encoder dots;
	int64_t deadline;
	char last;
};

static bool is_sane(const char *);
static bool has_high(const char *, size_t);
static const char *skip_from_line(const struct letter *, uint64_t *);
static bool has_bare_cr(const char *, uint64_t);
static enum courier_result by_smtp(struct letter *, const struct conf *);
static enum courier_result converse(struct talk *);
static bool greet(struct talk *);
static bool say_envelope(struct talk *);
static bool say(struct talk *, uint64_t, int, const char *, ...)
    __attribute__((format(printf, 4, 5)));
static bool hear(struct talk *, int64_t, int);
static bool send_message(struct talk *);
static bool put_wire(void *, const char *, size_t);
static enum courier_result hear_final(struct talk *);
static enum courier_result by_sendmail(struct letter *, const struct conf *);
static struct mailer_end run_sendmail(const struct letter *, const struct conf *, bool, int, int);
static void first_line(int, char *, size_t);
static bool fail(struct letter *, const char *, ...) __attribute__((format(printf, 2, 3)));

bool
courier_knows(const char *via, char *err, size_t errsize)
{
	struct address address;
	bool ok = strcmp(via, "sendmail") == 0;

	if (ok)
		return true;
	ok = address_parse(&address, via, err, errsize);
	address_free(&address);
	return ok;
}

enum courier_result
courier_deliver(struct letter *l, const struct conf *conf)
{
	l->reply[0] = '\0';
	l->n_refused = 0;
	l->for_good = false;
	if (!is_sane(l->sender)) {
		fail(l, "the sender's address can't be said: %s", l->sender);
		return COURIER_REFUSED;
	}
	for (size_t i = 0; i < l->n_recipients; i++)
		if (*l->recipients[i] == '\0' || !is_sane(l->recipients[i])) {
			fail(l, "this recipient's address can't be said: %s", l->recipients[i]);
			return COURIER_REFUSED;
		}
	return strcmp(l->via, "sendmail") == 0 ? by_sendmail(l, conf) : by_smtp(l, conf);
}

static bool
is_sane(const char *address)
{
	bool quoted = false;

	for (const char *c = address; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
		if (*c == '"')
			quoted = !quoted;
		else if (quoted && *c == '\\' && c[1] != '\0')
			c++;
		else if (!quoted && strchr(" <>\\", *c) != NULL)
			return false;
	}
	return !quoted;
}

static bool
has_high(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((bytes[i] & 0x80) != 0)
			return true;
	return false;
}

/* skip_from_line - the separator of a mailbox is no part of a message */
static const char *
skip_from_line(const struct letter *l, uint64_t *size)
{
	const char *lf;

	*size = l->size;
	if (l->size < 5 || memcmp(l->bytes, "From ", 5) != 0 ||
	    (lf = memchr(l->bytes, '\n', l->size)) == NULL)
		return l->bytes;
	*size -= (uint64_t)(lf + 1 - l->bytes);
	return lf + 1;
}

static bool
has_bare_cr(const char *bytes, uint64_t size)
{
	const char *end = bytes + size, *cr = bytes;

	while (cr < end && (cr = memchr(cr, '\r', (size_t)(end - cr))) != NULL) {
		if (cr + 1 == end || cr[1] != '\n')
			return true;
		cr++;
	}
	return false;
}

static enum courier_result
by_smtp(struct letter *l, const struct conf *conf)
{
	static struct talk t;
	struct address all;
	const struct address *a;
	enum courier_result result = COURIER_REFUSED;
	const char *why = "no address", *bytes;
	uint64_t size;
	int fd = -1;

	bytes = skip_from_line(l, &size);
	if (size > 0 && has_bare_cr(bytes, size)) {
		fail(l, "it has a CR that ends no line; use --via sendmail");
		return COURIER_REFUSED;
	}
	if (!address_parse(&all, l->via, l->reply, sizeof(l->reply))) {
		address_free(&all);
		return COURIER_REFUSED;
	}
	for (a = &all; a != NULL && fd == -1; a = a->next) {
		fd = address_connect(a, clock_ms() + (int64_t)conf->connect_timeout * 1000, &why);
		t.address = a;
	}
	if (fd == -1)
		fail(l, "%s can't be reached: %s", l->via, why);
	else {
		t.letter = l;
		t.conf = conf;
		t.eightbit = t.utf8 = false;
		io_init(&t.io, fd, fd);
		result = converse(&t);
		io_close(&t.io);
	}
	address_free(&all);
	return result;
}

static enum courier_result
converse(struct talk *t)
{
	enum courier_result result = COURIER_REFUSED;

	if (greet(t) && say_envelope(t) && say(t, t->conf->reply_timeout, 3, "DATA"))
		result = send_message(t) ? hear_final(t) : COURIER_UNKNOWN;
	if (result != COURIER_UNKNOWN) {
		char kept[sizeof(t->letter->reply)];

		bool for_good = t->letter->for_good;

		memcpy(kept, t->letter->reply, sizeof(kept));
		(void)say(t, QUIT_PATIENCE, 2, "QUIT");
		memcpy(t->letter->reply, kept, sizeof(kept));
		t->letter->for_good = for_good;
	}
	return result;
}

static bool
greet(struct talk *t)
{
	char host[256] = "localhost", *line, *save = NULL;

	if (gethostname(host, sizeof(host)) == -1 || *host == '\0')
		strlcpy(host, "localhost", sizeof(host));
	host[sizeof(host) - 1] = '\0';
	if (!hear(t, clock_ms() + (int64_t)t->conf->reply_timeout * 1000, 2) ||
	    !say(t, t->conf->reply_timeout, 2, "%s %s", t->address->lmtp ? "LHLO" : "EHLO", host))
		return false;
	t->reply.text[t->reply.len < sizeof(t->reply.text) ? t->reply.len
							   : sizeof(t->reply.text) - 1] = '\0';
	for (line = strtok_r(t->reply.text, "\r\n", &save); line != NULL;
	     line = strtok_r(NULL, "\r\n", &save)) {
		t->eightbit = t->eightbit ||
		    (strlen(line) > 4 && strcasecmp(line + 4, "8BITMIME") == 0);
		t->utf8 = t->utf8 || (strlen(line) > 4 && strcasecmp(line + 4, "SMTPUTF8") == 0);
	}
	return true;
}

static bool
say_envelope(struct talk *t)
{
	struct letter *l = t->letter;
	bool eightbit = has_high(l->bytes, l->size), utf8 = has_high(l->sender, strlen(l->sender));
	uint64_t patience = t->conf->reply_timeout;

	for (size_t i = 0; i < l->n_recipients; i++)
		utf8 = utf8 || has_high(l->recipients[i], strlen(l->recipients[i]));
	if (utf8 && !t->utf8)
		return fail(l, "the next hop does not know SMTPUTF8, which an address needs");
	if (!say(t, patience, 2, "MAIL FROM:<%s>%s%s", l->sender,
		(eightbit || utf8) && t->eightbit ? " BODY=8BITMIME" : "", utf8 ? " SMTPUTF8" : ""))
		return false;
	for (size_t i = 0; i < l->n_recipients; i++)
		if (!say(t, patience, 2, "RCPT TO:<%s>", l->recipients[i])) {
			char why[sizeof(l->reply)];

			strlcpy(why, l->reply, sizeof(why));
			return fail(l, "<%.320s>: %.600s", l->recipients[i], why);
		}
	return true;
}

/* say - a command; true if the reply is of that class */
static bool
say(struct talk *t, uint64_t patience, int class, const char *fmt, ...)
{
	int64_t deadline = clock_ms() + (int64_t)patience * 1000;
	enum io_result result;
	char *line = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (len == -1)
		return fail(t->letter, "out of memory");
	result = io_write(&t->io, line, (size_t)len, deadline);
	if (result == IO_OK)
		result = io_write(&t->io, "\r\n", 2, deadline);
	if (result == IO_OK)
		result = io_flush(&t->io, deadline);
	free(line);
	if (result != IO_OK)
		return fail(t->letter, "next hop: %s", io_result_text(result));
	return hear(t, deadline, class);
}

static bool
hear(struct talk *t, int64_t deadline, int class)
{
	struct reply *reply = &t->reply;
	enum io_result result;
	struct span line;
	const char *what;
	char *text;
	bool crlf, last = false;

	reply->len = reply->lines = reply->last = 0;
	while (!last) {
		result = io_read_line(&t->io, REPLY_LINE_LIMIT, deadline, &text, &line.len, &crlf);
		if (result != IO_OK)
			return fail(t->letter, "next hop: %s", io_result_text(result));
		line.text = text;
		if ((what = reply_add(reply, line, &last)) != NULL)
			return fail(t->letter, "next hop: %s", what);
	}
	reply_last_line(reply, t->letter->reply, sizeof(t->letter->reply));
	t->letter->for_good = reply->code / 100 == 5;
	return reply->code / 100 == class;
}

/* send_message - false: lost on the way, or nobody knows */
static bool
send_message(struct talk *t)
{
	struct wire w = { .io = &t->io,
		.deadline = clock_ms() + (int64_t)t->conf->send_timeout * 1000 };
	uint64_t size, i, begin = 0;
	const char *bytes = skip_from_line(t->letter, &size);
	bool ok = true;

	dot_encode_init(&w.dots);
	for (i = 0; ok && i < size; i++)
		if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) {
			ok = dot_encode(&w.dots, bytes + begin, i - begin, put_wire, &w) &&
			    dot_encode(&w.dots, "\r\n", 2, put_wire, &w);
			begin = i + 1;
		}
	ok = ok &&
	    (begin == size || dot_encode(&w.dots, bytes + begin, size - begin, put_wire, &w)) &&
	    dot_encode_end(&w.dots, put_wire, &w) && io_flush(&t->io, w.deadline) == IO_OK;
	if (!ok)
		fail(t->letter, "next hop: lost while the message was sent");
	return ok;
}

static bool
put_wire(void *ctx, const char *buf, size_t len)
{
	struct wire *w = ctx;

	return io_write(w->io, buf, len, w->deadline) == IO_OK;
}

/* hear_final - LMTP: one reply for each recipient, RFC 2033 4.2 */
static enum courier_result
hear_final(struct talk *t)
{
	int64_t deadline = clock_ms() + (int64_t)t->conf->final_timeout * 1000;
	size_t n = t->address->lmtp ? t->letter->n_recipients : 1, taken = 0;
	char refusal[sizeof(t->letter->reply)] = "";

	for (size_t i = 0; i < n; i++) {
		t->reply.code = 0;
		if (hear(t, deadline, 2))
			taken++;
		else if (t->reply.len == 0 || t->reply.code / 100 < 4)
			return taken > 0 ? COURIER_TAKEN : COURIER_UNKNOWN;
		else
			strlcpy(refusal, t->letter->reply, sizeof(refusal));
	}
	t->letter->n_refused = t->address->lmtp ? n - taken : 0;
	if (*refusal != '\0')
		strlcpy(t->letter->reply, refusal, sizeof(t->letter->reply));
	return taken > 0 ? COURIER_TAKEN : COURIER_REFUSED;
}

/*
 * by_sendmail - its exit code is all that it says for sure
 *
 * Postfix needs -G, or it completes header and addresses as those of its own users. A
 * sendmail that does not know it (qmail's) ends with "usage" before it reads anything, and
 * is asked without.
 */
static enum courier_result
by_sendmail(struct letter *l, const struct conf *conf)
{
	struct message in = { .fd = -1 }, out = { .fd = -1 };
	struct mailer_end end = { MAILER_NOT_STARTED, ENOMEM };
	uint64_t size;
	const char *bytes = skip_from_line(l, &size);

	/* A filter that qmail calls by this name is not to be called by its mailer again. */
	unsetenv("QMAILQUEUE");
	if (message_create(&in, 0) == MESSAGE_OK && message_create(&out, 0) == MESSAGE_OK &&
	    message_append(&in, bytes, size) == MESSAGE_OK && message_seal(&in) == MESSAGE_OK) {
		end = run_sendmail(l, conf, true, in.fd, out.fd);
		if (end.how == MAILER_EXITED && (end.code == EX_USAGE || end.code == QMAIL_USAGE))
			end = run_sendmail(l, conf, false, in.fd, out.fd);
	}
	if (end.how == MAILER_EXITED && end.code == EX_OK)
		strlcpy(l->reply, "sendmail: exit code 0", sizeof(l->reply));
	else
		mailer_describe(&end, conf->sendmail_path, l->reply, sizeof(l->reply));
	if (out.fd != -1)
		first_line(out.fd, l->reply, sizeof(l->reply));
	message_close(&in);
	message_close(&out);
	if (end.how == MAILER_EXITED && end.code == EX_OK)
		return COURIER_TAKEN;
	return end.how == MAILER_EXITED || end.how == MAILER_NOT_STARTED ? COURIER_REFUSED
									 : COURIER_UNKNOWN;
}

/* run_sendmail - what it says is all that out holds afterwards */
static struct mailer_end
run_sendmail(const struct letter *l, const struct conf *conf, bool gateway, int in, int out)
{
	char name[] = "sendmail", gate[] = "-G", dots[] = "-i", from[] = "-f", last[] = "--";
	char **argv = calloc(l->n_recipients + 7, sizeof(*argv)), *sender = strdup(l->sender);
	struct mailer_end end = { MAILER_NOT_STARTED, ENOMEM };
	size_t n = 0, first;

	if (argv != NULL && sender != NULL && ftruncate(out, 0) == 0 &&
	    lseek(out, 0, SEEK_SET) == 0 && lseek(in, 0, SEEK_SET) == 0) {
		argv[n++] = name;
		if (gateway)
			argv[n++] = gate;
		argv[n++] = dots;
		argv[n++] = from;
		argv[n++] = sender;
		argv[n++] = last;
		first = n;
		while (n - first < l->n_recipients &&
		    (argv[n] = strdup(l->recipients[n - first])) != NULL)
			n++;
		if (n - first == l->n_recipients)
			end = mailer_run(conf->sendmail_path, argv, in, out, out,
			    clock_ms() + (int64_t)conf->final_timeout * 1000);
		while (n > first)
			free(argv[--n]);
	}
	free(sender);
	free(argv);
	return end;
}

/* first_line - what the program said, behind what is there */
static void
first_line(int fd, char *buf, size_t size)
{
	char line[400];
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);

	if (n <= 0)
		return;
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	strlcat(buf, ": ", size);
	strlcat(buf, line, size);
}

static bool
fail(struct letter *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->reply, sizeof(l->reply), fmt, ap);
	va_end(ap);
	return false;
}

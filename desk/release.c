/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * release.c - the verbs release and forward: out of the quarantine, to people.
 *
 * release hands the original to the server behind the filter, which its metadata name:
 * the one that would have got it, and that does not filter. forward makes a new message
 * with the original, or one part of it, as an inert attachment, and sends it the same way.
 *
 * Not twice by accident: the metadata are locked, and say "Release-Begun" durably
 * before the first byte is sent, and afterwards what became of it. So after a crash in
 * between, or when the next hop fell silent at the very end, a second release is refused
 * too, until somebody says --again.
 *
 * Of what strangers wrote nothing gets into the header of the new message but the name
 * of a part, of which letters, digits, "._-" stay.
 *
 * Diagnostics: a sentence on standard error, a line of the metadata, and a record in
 * the log: "release" or "forward".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>

#include "courier.h"
#include "log.h"
#include "original.h"
#include "release.h"
#include "safe.h"
#include "wrap.h"

#define FILE_MAX 100
#define NOTE_MAX 4096

static int release_one(struct desk *, const char *);
static bool is_allowed(struct desk *, const struct original *, int *);
static bool address_letter(struct desk *, const struct original *, struct letter *, int *);
static int ask_for_rest(const struct original *, bool, bool);
static int forward_one(struct desk *, const char *);
static int forward_bytes(struct desk *, struct original *, struct letter *, const char *,
    const char *, size_t);
static void safe_name(const char *, char *, size_t);
static void tell_envelope(const struct meta *, char *, char *, size_t);
static int send_off(struct desk *, struct original *, struct letter *, const char *);
static const char *conclude(enum courier_result, const struct letter *, int *);
static bool note(struct desk *, const struct original *, const struct letter *, const char *,
    const char *);
static void log_it(struct desk *, const struct original *, const struct letter *, const char *,
    const char *);

int
release_run(struct desk *desk)
{
	int code = EX_OK, one;

	for (size_t i = 0; i < desk->n_references; i++) {
		one = desk->part != NULL ? forward_one(desk, desk->references[i])
					 : release_one(desk, desk->references[i]);
		if (one != EX_OK)
			code = one;
	}
	return code;
}

static int
release_one(struct desk *desk, const char *reference)
{
	struct original o;
	struct letter letter = { .via = NULL };
	int code = original_open(&o, desk, reference, true);

	if (code == EX_OK && is_allowed(desk, &o, &code) &&
	    address_letter(desk, &o, &letter, &code)) {
		letter.sender = o.meta.sender;
		letter.bytes = o.message.bytes != NULL ? o.message.bytes : "";
		letter.size = o.message.size;
		if (!note(desk, &o, &letter, META_BEGUN, NULL))
			code = safe_complain(EX_IOERR,
			    "%s: not released: its metadata can't be written: %s", reference,
			    strerror(errno));
		else
			code = send_off(desk, &o, &letter, "release");
	}
	original_close(&o);
	return code;
}

static bool
is_allowed(struct desk *desk, const struct original *o, int *code)
{
	if (desk->again || (!o->meta.released && !o->meta.unfinished))
		return true;
	*code = safe_complain(EX_UNAVAILABLE, "%s: %s; --again releases it once more", o->reference,
	    o->meta.unfinished ? "a release was begun, and nobody knows what became of it"
			       : "was released before");
	return false;
}

/* address_letter - to whom, and by which way */
static bool
address_letter(struct desk *desk, const struct original *o, struct letter *l, int *code)
{
	char err[600];

	l->via = desk->via != NULL ? desk->via : o->meta.next_hop;
	l->recipients = o->meta.recipients;
	l->n_recipients = o->meta.n_recipients;
	if (desk->n_recipients > 0) {
		/* of the command line; nobody writes there */
		l->recipients = (const char *const *)desk->recipients;
		l->n_recipients = desk->n_recipients;
	}
	if (l->n_recipients == 0 || *l->via == '\0')
		*code = ask_for_rest(o, l->n_recipients > 0, *l->via != '\0');
	else if (!courier_knows(l->via, err, sizeof(err)))
		*code = safe_complain(desk->via != NULL ? EX_USAGE : EX_DATAERR, "%s: next hop: %s",
		    o->reference, err);
	else
		return true;
	return false;
}

/* ask_for_rest - what the way by which it came does not tell */
static int
ask_for_rest(const struct original *o, bool to, bool via)
{
	return safe_complain(EX_USAGE, "%s: its metadata name no %s (it came by %.40s); say %s%s%s",
	    o->reference,
	    to	      ? "next hop"
		: via ? "recipient"
		      : "recipient and no next hop",
	    o->meta.mode, to ? "" : "--to ADDRESS", to || via ? "" : " and ",
	    via ? "" : "--via HOST:PORT (or lmtp:HOST:PORT, or sendmail)");
}

int
release_forward(struct desk *desk)
{
	int code = EX_OK, one;

	for (size_t i = 0; i < desk->n_references; i++)
		if ((one = forward_one(desk, desk->references[i])) != EX_OK)
			code = one;
	return code;
}

static int
forward_one(struct desk *desk, const char *reference)
{
	struct original o;
	struct letter letter = { .via = NULL };
	char name[256] = "", file[FILE_MAX + sizeof("part--.defanged") + 32], *part;
	size_t size;
	int code = original_open(&o, desk, reference, true);

	if (code == EX_OK && address_letter(desk, &o, &letter, &code)) {
		if (desk->part == NULL)
			code = forward_bytes(desk, &o, &letter, "message.eml.defanged",
			    o.message.bytes, o.message.size);
		else if ((part = original_part(&o, desk, desk->part, &size, name, sizeof(name),
			      &code)) != NULL) {
			safe_name(name, file, sizeof(file));
			code = forward_bytes(desk, &o, &letter, file, part, size);
			free(part);
		}
	}
	original_close(&o);
	return code;
}

static void
safe_name(const char *name, char *file, size_t size)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t n = 0;

	for (; *name != '\0' && n < FILE_MAX && n + 1 < size; name++)
		if (strchr(allowed, *name) != NULL && (n > 0 || (*name != '.' && *name != '-')))
			file[n++] = *name;
	file[n] = '\0';
	if (n == 0)
		strlcpy(file, "attachment", size);
}

static int
forward_bytes(struct desk *desk, struct original *o, struct letter *l, const char *file,
    const char *bytes, size_t size)
{
	char where[128], from[400] = "", to[400] = "";
	const char *lines[] = { desk->part != NULL
		    ? "An attachment of a message that the content filter has kept is attached"
		    : "A message that the content filter has kept is attached as it came, in a",
		desk->part != NULL ? "as it came. The postmaster has released it for you."
				   : "form that no mail program opens by itself.",
		"",
		desk->part != NULL ? ""
				   : "Don't open it unless you know how to handle dangerous mail.",
		where, from, to };
	const struct wrap_words words = { NULL,
		desk->part != NULL ? "An attachment from the quarantine"
				   : "A message from the quarantine",
		lines, sizeof(lines) / sizeof(lines[0]) - (desk->tells_envelope ? 0 : 2), file };
	struct message out = { .fd = -1 };
	int code;

	snprintf(where, sizeof(where), "Original:  %s", o->reference);
	if (desk->tells_envelope)
		tell_envelope(&o->meta, from, to, sizeof(from));
	if (!wrap_words(&out, &words, bytes, size))
		return safe_complain(EX_TEMPFAIL, "%s: %s", o->reference, strerror(errno));
	l->sender = "";
	l->bytes = out.bytes;
	l->size = out.size;
	code = send_off(desk, o, l, "forward");
	message_close(&out);
	return code;
}

/* In a mailbox that is the quarantine nothing else tells whose message it is. */
static void
tell_envelope(const struct meta *m, char *from, char *to, size_t size)
{
	snprintf(from, size, "Sender:    <%.300s>", m->sender);
	snprintf(to, size, "Recipient: <%.300s>", m->n_recipients > 0 ? m->recipients[0] : "");
	if (m->n_recipients > 1)
		snprintf(to + strlen(to), size - strlen(to), " and %zu more", m->n_recipients - 1);
	for (size_t i = 0; i < size; i++) {
		from[i] = from[i] == '\0' || (from[i] >= ' ' && from[i] <= '~') ? from[i] : '?';
		to[i] = to[i] == '\0' || (to[i] >= ' ' && to[i] <= '~') ? to[i] : '?';
	}
}

static int
send_off(struct desk *desk, struct original *o, struct letter *l, const char *event)
{
	enum courier_result result = courier_deliver(l, desk->conf);
	bool release = strcmp(event, "release") == 0;
	const char *outcome, *key;
	int code = EX_OK;

	outcome = conclude(result, l, &code);
	key = result != COURIER_TAKEN ? META_FAILED : release ? META_RELEASED : META_FORWARDED;
	/* Not known: "Release-Begun" stays the last word. A forward may be tried again. */
	if (result != COURIER_UNKNOWN && (release || result == COURIER_TAKEN) &&
	    !note(desk, o, l, key, l->reply))
		safe_complain(EX_IOERR, "%s: its metadata can't be written: %s", o->reference,
		    strerror(errno));
	log_it(desk, o, l, event, outcome);
	if (result == COURIER_TAKEN && l->n_refused == 0) {
		printf("%s: %s to %zu recipient%s: ", o->reference,
		    release ? "released" : "forwarded", l->n_recipients,
		    l->n_recipients > 1 ? "s" : "");
		safe_put(stdout, l->reply, strlen(l->reply), sizeof(l->reply) * 4);
		putchar('\n');
		return EX_OK;
	}
	if (result == COURIER_TAKEN)
		return safe_complain(EX_TEMPFAIL, "%s: refused for %zu of %zu recipients: %s",
		    o->reference, l->n_refused, l->n_recipients, l->reply);
	return safe_complain(code, "%s: %s: %s", o->reference,
	    result == COURIER_REFUSED ? "not sent" : "nobody knows whether it was sent", l->reply);
}

static const char *
conclude(enum courier_result result, const struct letter *l, int *code)
{
	switch (result) {
	case COURIER_TAKEN:
		return l->n_refused > 0 ? "mixed" : "delivered";
	case COURIER_REFUSED:
		*code = l->for_good ? EX_UNAVAILABLE : EX_TEMPFAIL;
		return *code == EX_UNAVAILABLE ? "refused" : "deferred";
	case COURIER_UNKNOWN:
		break;
	}
	*code = EX_TEMPFAIL;
	return "unknown";
}

static bool
note(struct desk *desk, const struct original *o, const struct letter *l, const char *key,
    const char *reply)
{
	char text[NOTE_MAX], when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	size_t used;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, sizeof(text), "%s by %.100s via %.300s to", when, desk->who, l->via);
	for (size_t i = 0; i < l->n_recipients; i++) {
		used = strlen(text);
		if (used > NOTE_MAX / 2) {
			snprintf(text + used, sizeof(text) - used, " and %zu more",
			    l->n_recipients - i);
			break;
		}
		snprintf(text + used, sizeof(text) - used, " <%.320s>", l->recipients[i]);
	}
	if (desk->part != NULL) {
		used = strlen(text);
		snprintf(text + used, sizeof(text) - used, " (part %.40s)", desk->part);
	}
	if (reply != NULL) {
		used = strlen(text);
		snprintf(text + used, sizeof(text) - used, ": %.900s", reply);
	}
	return original_note(o, key, text);
}

static void
log_it(struct desk *desk, const struct original *o, const struct letter *l, const char *event,
    const char *outcome)
{
	struct log_record record;
	char to[1024] = "";

	log_record_start(&record, event);
	log_record_str(&record, "quarantine", o->reference);
	log_record_str(&record, "by", desk->who);
	log_record_str(&record, "via", l->via);
	for (size_t i = 0; i < l->n_recipients && strlen(to) < sizeof(to) / 2; i++) {
		if (i > 0)
			strlcat(to, ",", sizeof(to));
		strlcat(to, l->recipients[i],
		    strlen(to) + 321 < sizeof(to) ? strlen(to) + 321 : sizeof(to));
	}
	log_record_str(&record, "to", to);
	log_record_num(&record, "count", l->n_recipients);
	log_record_str(&record, "outcome", outcome);
	log_record_str(&record, "reply", l->reply);
	log_record_write(&record, LOG_NOTICE);
}

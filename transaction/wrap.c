/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wrap.c - a new message with a notice and a whole original as one inert
 * attachment.
 *
 * It is for a message that could not be inspected, for whoever forwards an original, or
 * one part of it, with words of his own, and for a message of words alone.
 *
 * The original's body is copied nowhere but into the base64 of the attachment. Of its
 * header some fields are taken over that servers go by (carry.c). Two more are read, so
 * that the recipient can tell what the message is about: From and Subject, decoded, cut
 * and made printable (name.c), stand in the notice, and the subject stands behind
 * "[not inspected]" in the new subject. The sender is ours. In a mailbox, where a message
 * begins with a "From " line, the new one begins with the same line.
 *
 * The result is about 1.4 times the size of the original. It is made piece by
 * piece in a spool of its own; memory of this process does not grow with it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "carry.h"
#include "mark.h"
#include "wrap.h"

#include "base64.h"
#include "encoded.h"
#include "encoded.h"
#include "field.h"
#include "template.h"

#define LINE_BYTES 57 /* 76 characters of base64, RFC 2045 6.8 */
#define BATCH_LINES 512
#define LINE_ROOM 78 /* 76 and CRLF */
#define FROM_LINE_MAX 1000
#define BOUNDARY_SIZE 64
#define SUBJECT_SIZE (3 * (SENTENCES_LINE_MAX + TELL_SIZE) + 200)
#define TELL_SIZE 150 /* of a field of the original, as it is told */

struct writer {
	struct message *out;
	const char *eol;
	bool failed; /* errno tells */
};

/* What the notice says of the original. */
struct told {
	const char *host, *reference, *from, *subject;
};

static bool begin(struct writer *, char *, size_t, char *, uint32_t *);
static void put(struct writer *, const char *, ...) __attribute__((format(printf, 2, 3)));
static void put_bytes(struct writer *, const char *, size_t);
static void put_from_line(struct writer *, const struct message *);
static void put_result(struct writer *, const char *);
static char *hide_paths(const char *);
static bool put_carried(struct writer *, const struct message *);
static void put_header(struct writer *, const char *, const char *, const char *, const uint32_t *,
    bool);
static void put_subject(char *, size_t, const struct sentences *, const char *, const char *);
static void put_notice(struct writer *, const struct sentences *, struct told *);
static template_value value_of;
static void put_attachment(struct writer *, const char *, const char *, uint64_t);
static void put_base64(struct writer *, const char *, uint64_t);
static bool finish(struct writer *);
static void host_name(char *, size_t);

bool
wrap_message(struct message *out, const struct message *original, const char *reference,
    const char *reason, const struct sentences *sentences, bool crlf, bool mbox)
{
	struct writer w = { .out = out, .eol = crlf ? "\r\n" : "\n" };
	char host[256], boundary[BOUNDARY_SIZE], from[TELL_SIZE], about[TELL_SIZE],
	    subject[SUBJECT_SIZE];
	struct told told = { .host = host, .reference = reference, .from = from, .subject = about };
	uint32_t chance[5];
	bool automatic;

	if (!begin(&w, host, sizeof(host), boundary, chance))
		return false;
	field_first(original, "From", from, sizeof(from));
	field_first(original, "Subject", about, sizeof(about));
	put_subject(subject, sizeof(subject), sentences, about, w.eol);
	if (mbox)
		put_from_line(&w, original);
	if (reason != NULL)
		put_result(&w, reason);
	automatic = put_carried(&w, original);
	put_header(&w, host, subject, boundary, chance + 3, automatic);
	put(&w, "--%s", boundary);
	put_notice(&w, sentences, &told);
	put(&w, "--%s", boundary);
	put_attachment(&w, "message.eml.defanged", original->bytes, original->size);
	put(&w, "--%s--", boundary);
	return finish(&w);
}

bool
wrap_words(struct message *out, const struct wrap_words *words, const char *bytes, uint64_t size)
{
	struct writer w = { .out = out, .eol = "\r\n" };
	char host[256], boundary[BOUNDARY_SIZE];
	uint32_t chance[5];

	if (!begin(&w, host, sizeof(host), boundary, chance))
		return false;
	if (words->mark != NULL)
		put(&w, "%s", words->mark);
	put_header(&w, host, words->subject, words->file != NULL ? boundary : NULL, chance + 3,
	    false);
	if (words->file != NULL) {
		put(&w, "--%s", boundary);
		put(&w, "Content-Type: text/plain; charset=us-ascii");
		put(&w, "Content-Transfer-Encoding: 7bit");
		put(&w, "%s", "");
	}
	for (size_t i = 0; i < words->n_lines; i++)
		put(&w, "%s", words->lines[i]);
	if (words->file != NULL) {
		put(&w, "--%s", boundary);
		put_attachment(&w, words->file, bytes, size);
		put(&w, "--%s--", boundary);
	}
	return finish(&w);
}

/* begin - what is needed of chance, and an empty spool; false with errno */
static bool
begin(struct writer *w, char *host, size_t size, char *boundary, uint32_t *chance)
{
	/* arc4random would end the process for want of memory */
	if (getentropy(chance, 5 * sizeof(*chance)) == -1 ||
	    message_create(w->out, 0) != MESSAGE_OK)
		return false;
	host_name(host, size);
	/* "=_" is in no base64 and in no quoted-printable text, RFC 2045 6.7 */
	snprintf(boundary, BOUNDARY_SIZE, "=_spawnscan_%08x%08x%08x", chance[0], chance[1],
	    chance[2]);
	return true;
}

static bool
finish(struct writer *w)
{
	int saved;

	if (!w->failed && message_seal(w->out) == MESSAGE_OK)
		return true;
	saved = errno;
	message_close(w->out);
	errno = saved;
	return false;
}

/* put_result - as an inspected message has it; where things are on this host is nobody's business */
static void
put_result(struct writer *w, const char *reason)
{
	char part[] = "0", nothing[] = "", *safe = hide_paths(reason), *text = NULL;
	struct finding finding = { CLASS_ERROR, ACTION_WRAP, part, safe, nothing };
	struct report report = { .action = ACTION_WRAP, .findings = &finding, .n_findings = 1 };
	size_t len;

	if (safe != NULL && (text = mark_text(&report, w->eol, &len)) != NULL)
		put_bytes(w, text, len);
	else
		w->failed = true;
	free(safe);
	free(text);
}

/* hide_paths - a malloc'd copy; NULL if there is no memory */
static char *
hide_paths(const char *text)
{
	static const char instead[] = "(path)";
	char *safe = calloc(strlen(text) + 1, sizeof(instead)), *to = safe;

	while (safe != NULL && *text != '\0') {
		if (*text == '/' && (to == safe || strchr(" :='\"(", to[-1]) != NULL)) {
			text += strcspn(text, " :,'\")");
			to = stpcpy(to, instead);
		} else
			*to++ = *text++;
	}
	return safe;
}

/* put_carried - what other servers go by; true if Auto-Submitted is among it */
static bool
put_carried(struct writer *w, const struct message *original)
{
	bool automatic = false;
	char *text = carry_fields(original, w->eol, &automatic);

	if (text != NULL)
		put_bytes(w, text, strlen(text));
	else
		w->failed = true;
	free(text);
	return automatic;
}

/* put_header - automatic: there is an Auto-Submitted field */
static void
put_header(struct writer *w, const char *host, const char *subject, const char *boundary,
    const uint32_t *id, bool automatic)
{
	char date[64] = "Thu, 01 Jan 1970 00:00:00 +0000";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S %z", &tm);
	put(w, "From: Content filter <postmaster@%s>", host);
	put(w, "To: undisclosed-recipients:;");
	put(w, "Subject: %s", subject);
	put(w, "Date: %s", date);
	put(w, "Message-ID: <%lld.%08x%08x@%s>", (long long)now, id[0], id[1], host);
	if (!automatic)
		put(w, "Auto-Submitted: auto-generated");
	put(w, "MIME-Version: 1.0");
	if (boundary != NULL)
		put(w, "Content-Type: multipart/mixed; boundary=\"%s\"", boundary);
	else
		put(w, "Content-Type: text/plain; charset=us-ascii");
	put(w, "%s", "");
}

/* put_subject - a mark and the subject of the original; a space between encoded words is none */
static void
put_subject(char *subject, size_t size, const struct sentences *sentences, const char *about,
    const char *eol)
{
	const char *mark = sentences_get(sentences, SENTENCE_WRAP_MARK);
	char both[SENTENCES_LINE_MAX + TELL_SIZE + 2];
	size_t len = 0;

	if (about[0] == '\0')
		about = sentences_get(sentences, SENTENCE_WRAP_NO_SUBJECT);
	if (template_is_ascii(mark))
		len = (size_t)snprintf(subject, size, "%s ", mark);
	snprintf(both, sizeof(both), "%s %s", mark, about);
	encoded_encode(len > 0 ? about : both, eol, subject + len, size - len);
}

/* put_attachment - file is a name of ours */
static void
put_attachment(struct writer *w, const char *file, const char *bytes, uint64_t size)
{
	put(w, "Content-Type: application/octet-stream; name=\"%s\"", file);
	put(w, "Content-Disposition: attachment; filename=\"%s\"", file);
	put(w, "Content-Transfer-Encoding: base64");
	put(w, "%s", "");
	put_base64(w, bytes, size);
}

/* put_notice - in the language of the recipient */
static void
put_notice(struct writer *w, const struct sentences *sentences, struct told *told)
{
	char *text = template_fill(sentences_get(sentences, SENTENCE_WRAP),
	    sentences_get(sentences, SENTENCE_NO_VALUE), value_of, told);
	bool quoted = text != NULL && !template_is_ascii(text);
	char *body = NULL;
	size_t size;
	FILE *f = text == NULL ? NULL : open_memstream(&body, &size);

	if (f != NULL)
		template_put(f, text, quoted, w->eol);
	if (f == NULL || fclose(f) == EOF) {
		w->failed = true;
	} else {
		put(w, "Content-Type: text/plain; charset=%s", quoted ? "utf-8" : "us-ascii");
		put(w, "Content-Transfer-Encoding: %s", quoted ? "quoted-printable" : "7bit");
		put(w, "%s", "");
		put_bytes(w, body, size);
		put(w, "%s", "");
	}
	free(body);
	free(text);
}

static const char *
value_of(void *ctx, const char *key, size_t len)
{
	const struct told *told = ctx;
	const struct {
		const char *key, *value;
	} words[] = {
		{ "from", told->from },
		{ "subject", told->subject },
		{ "reference", told->reference },
		{ "host", told->host },
		{ "version", SPAWNSCAN_VERSION },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].key) == len && memcmp(words[i].key, key, len) == 0)
			return words[i].value;
	}
	return NULL;
}

/* put_from_line - the separator of a mailbox, as it stands */
static void
put_from_line(struct writer *w, const struct message *original)
{
	size_t len;
	const char *end;

	if (original->size < 5 || memcmp(original->bytes, "From ", 5) != 0)
		return;
	len = original->size < FROM_LINE_MAX ? original->size : FROM_LINE_MAX;
	if ((end = memchr(original->bytes, '\n', len)) != NULL)
		put_bytes(w, original->bytes, (size_t)(end + 1 - original->bytes));
}

static void
put_base64(struct writer *w, const char *bytes, uint64_t left)
{
	char batch[BATCH_LINES * LINE_ROOM];
	/* base64 knows no signs */
	const unsigned char *at = (const unsigned char *)bytes;
	size_t used = 0, n, eol_len = strlen(w->eol);

	while (left > 0) {
		n = left < LINE_BYTES ? left : LINE_BYTES;
		used += base64_line(batch + used, at, n);
		memcpy(batch + used, w->eol, eol_len);
		used += eol_len;
		at += n;
		left -= n;
		if (left == 0 || sizeof(batch) - used < LINE_ROOM) {
			put_bytes(w, batch, used);
			used = 0;
		}
	}
}

/* put - one line */
static void
put(struct writer *w, const char *fmt, ...)
{
	char line[998];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		put_bytes(w, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
	put_bytes(w, w->eol, strlen(w->eol));
}

static void
put_bytes(struct writer *w, const char *buf, size_t len)
{
	if (!w->failed && message_append(w->out, buf, len) != MESSAGE_OK)
		w->failed = true;
}

/* host_name - fit for an address, whatever the administrator called the host */
static void
host_name(char *host, size_t size)
{
	char *c;

	if (gethostname(host, size) == -1)
		*host = '\0';
	host[size - 1] = '\0';
	for (c = host; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-')
			*c = '-';
	if (*host == '\0')
		strlcpy(host, "localhost", size);
}

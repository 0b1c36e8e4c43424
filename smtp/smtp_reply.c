/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtp_reply - a reply of the downstream, line by line, and what of it a client may see
 *
 * Whatever is not a reply to the letter of RFC 5321 4.2 is none: its reader
 * must not guess. Limits: REPLY_*.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp_reply.h"

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static bool utf8_take(struct span *);
static bool text_is_printable(struct span);
static bool reply_append(struct reply *, const char *, struct span);
static bool reply_keep_extension(struct reply *, struct span, uint64_t);

/* utf8_take - take one well-formed character beyond ASCII off the front (RFC 3629 4) */
static bool
utf8_take(struct span *span)
{
	const unsigned char *p = (const unsigned char *)span->text;
	size_t more, i;

	more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || span->len <= more)
		return false;
	for (i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ||
	    (p[0] == 0xc2 && p[1] < 0xa0)) /* C1 controls */
		return false;
	span->text += more + 1;
	span->len -= more + 1;
	return true;
}

/* text_is_printable - TAB and ASCII (RFC 5321 4.2), or UTF-8 (RFC 6531 3.7.4) */
static bool
text_is_printable(struct span span)
{
	unsigned char c;

	while (span.len > 0) {
		c = (unsigned char)*span.text;
		if (c >= 0x80) {
			if (!utf8_take(&span))
				return false;
			continue;
		}
		if (c == 0x7f || (c < 0x20 && c != '\t'))
			return false;
		span.text++;
		span.len--;
	}
	return true;
}

/* reply_append - one more line, given in two pieces and without its end */
static bool
reply_append(struct reply *reply, const char *prefix, struct span text)
{
	size_t len = strlen(prefix), room = sizeof(reply->text) - reply->len;

	if (reply->lines == REPLY_MAX_LINES || len + text.len + 2 > room)
		return false;
	reply->last = reply->len;
	memcpy(reply->text + reply->len, prefix, len);
	memcpy(reply->text + reply->len + len, text.text, text.len);
	memcpy(reply->text + reply->len + len + text.len, "\r\n", 2);
	reply->len += len + text.len + 2;
	reply->lines++;
	return true;
}

/*
 * reply_add - take one line as it came; NULL, or what is wrong with it
 *
 * RFC 5321 4.2: three digits, of which the first is 2 to 5, then nothing or a
 * blank on the last line and a hyphen on all others; one code throughout.
 */
const char *
reply_add(struct reply *reply, struct span line, bool *last)
{
	int code;

	*last = false;
	if (line.len < 3 || line.text[0] < '2' || line.text[0] > '5' || line.text[1] < '0' ||
	    line.text[1] > '9' || line.text[2] < '0' || line.text[2] > '9')
		return "no reply code";
	if (line.len > 3 && line.text[3] != ' ' && line.text[3] != '-')
		return "malformed reply code";
	if (!text_is_printable(line))
		return "unprintable reply";
	code = (line.text[0] - '0') * 100 + (line.text[1] - '0') * 10 + line.text[2] - '0';
	if (reply->lines > 0 && code != reply->code)
		return "code changes within a reply";
	if (!reply_append(reply, "", line))
		return "reply too long";
	reply->code = code;
	*last = line.len == 3 || line.text[3] == ' ';
	return NULL;
}

/* reply_last_line - as a string without line ending, for the log and the metadata */
void
reply_last_line(const struct reply *reply, char *buf, size_t size)
{
	if (reply->len == 0)
		*buf = '\0';
	else
		snprintf(buf, size, "%.*s", (int)(reply->len - reply->last - 2),
		    reply->text + reply->last);
}

/* reply_keep_first - one line is left */
void
reply_keep_first(struct reply *reply)
{
	const char *lf = memchr(reply->text, '\n', reply->len);

	if (lf == NULL)
		return;
	reply->len = (size_t)(lf - reply->text) + 1;
	reply->lines = 1;
	reply->last = 0;
	if (reply->len > 5)
		reply->text[3] = ' ';
}

/*
 * reply_keep_extension - the allow-list of EHLO
 *
 * line is what stands behind the code. Whatever isn't named here would have
 * the client use a command that we refuse, or mean one that we don't know.
 */
static bool
reply_keep_extension(struct reply *kept, struct span line, uint64_t limit)
{
	static const char *const allowed[] = { "8BITMIME", "DSN", "ENHANCEDSTATUSCODES",
		"PIPELINING", "SMTPUTF8", "XFORWARD" };
	struct span rest = line, word = span_word(&rest), value;
	char size[32], *end;
	uint64_t theirs;
	size_t i;

	for (i = 0; i < N_ELEMENTS(allowed); i++) {
		if (span_is(word, allowed[i]))
			return reply_append(kept, "250-", line);
	}
	if (!span_is(word, "SIZE"))
		return true;
	/* RFC 1870 4: none or 0 says that there is no fixed limit. Every line ends in CR. */
	value = span_word(&rest);
	theirs = value.len > 0 && *value.text != '-' ? strtoull(value.text, &end, 10) : 0;
	if (theirs == 0 || (limit != 0 && limit < theirs))
		theirs = limit;
	snprintf(size, sizeof(size), "250-SIZE %llu", (unsigned long long)theirs);
	return reply_append(kept, size, (struct span){ "", 0 });
}

/* reply_filter_ehlo - leave the first line and what we let through; false: no room */
bool
reply_filter_ehlo(struct reply *reply, uint64_t limit, bool xforward)
{
	const char *line = reply->text, *end = reply->text + reply->len, *next;
	struct reply kept = { .code = reply->code };
	struct span text;
	bool ok = true;

	for (; line < end && ok; line = next) {
		next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
		/* A code alone may have no blank behind it (RFC 5321 4.2). */
		text = (struct span){ line, (size_t)(next - line) - 2 };
		(void)(span_take(&text, "250 ") || span_take(&text, "250-") ||
		    span_take(&text, "250"));
		if (kept.lines == 0)
			ok = reply_append(&kept, "250-", text);
		else if (xforward || !span_take(&text, "XFORWARD"))
			ok = reply_keep_extension(&kept, text, limit);
	}
	kept.text[kept.last + 3] = ' ';
	*reply = kept;
	return ok;
}

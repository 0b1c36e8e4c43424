/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_wrap.c - the wrapped message is 7-bit, well formed, and holds the original
 * to the byte.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "wrap.h"

static void
fill(struct message *m, const char *bytes, size_t len)
{
	assert_int_equal(message_create(m, 0), MESSAGE_OK);
	assert_int_equal(message_append(m, bytes, len), MESSAGE_OK);
	assert_int_equal(message_seal(m), MESSAGE_OK);
}

/* Every line has the right end, is 7-bit and fit for any mail server. */
static void
check_lines(const struct message *m, bool crlf, size_t from)
{
	size_t i, start = from;

	assert_true(m->size > 0);
	assert_int_equal(m->bytes[m->size - 1], '\n');
	for (i = from; i < m->size; i++) {
		if (m->bytes[i] == '\n') {
			assert_int_equal(crlf, i > start && m->bytes[i - 1] == '\r');
			assert_true(i - start <= 998); /* RFC 5322 2.1.1 */
			start = i + 1;
		} else if (m->bytes[i] == '\r')
			assert_true(crlf && m->bytes[i + 1] == '\n');
		else
			assert_true(m->bytes[i] >= ' ' && m->bytes[i] <= '~');
	}
}

static int
digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(digits, c);

	return c == '\0' || at == NULL ? -1 : (int)(at - digits);
}

/* The attachment, decoded; checks that the encoding is the canonical one. */
static size_t
unwrap(const struct message *m, const char *eol, char *out)
{
	static const char disposition[] =
	    "Content-Disposition: attachment; filename=\"message.eml.defanged\"";
	char boundary[100], mark[200], *copy = malloc(m->size + 1);
	size_t n = 0, chars = 0, pad = 0;
	unsigned int bits = 0;
	const char *at, *body, *end;
	int column = 0;

	assert_non_null(copy);
	memcpy(copy, m->bytes, m->size);
	copy[m->size] = '\0';
	assert_non_null(at = strstr(copy, "boundary=\""));
	assert_int_equal(sscanf(at, "boundary=\"%99[^\"]\"", boundary), 1);
	assert_non_null(at = strstr(copy, disposition));
	snprintf(mark, sizeof(mark), "%s%s", eol, eol);
	assert_non_null(body = strstr(at, mark));
	body += strlen(mark);
	snprintf(mark, sizeof(mark), "--%s--%s", boundary, eol);
	assert_non_null(end = strstr(body, mark));
	assert_int_equal(end + strlen(mark) - copy, m->size);
	for (at = body; at < end; at++) {
		if (*at == '\r')
			continue;
		if (*at == '\n') {
			assert_true(column == 76 || at + 1 == end);
			column = 0;
			continue;
		}
		column++;
		chars++;
		if (*at == '=') {
			pad++;
			bits <<= 6;
		} else {
			assert_int_equal(pad, 0);
			assert_true(digit(*at) >= 0);
			bits = bits << 6 | (unsigned int)digit(*at);
		}
		if (chars % 4 == 0) {
			out[n++] = (char)(bits >> 16);
			out[n++] = (char)(bits >> 8);
			out[n++] = (char)bits;
		}
	}
	assert_int_equal(chars % 4, 0);
	assert_true(pad <= 2);
	free(copy);
	return n - pad;
}

static void
check_wrap(const char *bytes, size_t len, bool crlf)
{
	struct message original, out;
	char *got = malloc(len + 3);

	assert_non_null(got);
	fill(&original, bytes, len);
	if (!wrap_message(&out, &original, "1121/1.2", "a reason", NULL, crlf, false))
		fail_msg("%s", strerror(errno));
	check_lines(&out, crlf, 0);
	assert_int_equal(unwrap(&out, crlf ? "\r\n" : "\n", got), len);
	assert_memory_equal(got, bytes, len);
	message_close(&out);
	message_close(&original);
	free(got);
}

static void
test_sizes(void **unused)
{
	/* around a line, a batch of lines, and far beyond both */
	static const size_t big[] = { 57 * 511, 57 * 512 - 1, 57 * 512, 57 * 512 + 1, 57 * 513,
		57 * 1024, 3000001 };
	char *bytes = malloc(3000001);
	size_t i;

	(void)unused;
	assert_non_null(bytes);
	arc4random_buf(bytes, 3000001);
	for (i = 0; i <= 180; i++)
		check_wrap(bytes, i, i % 2 == 0);
	for (i = 0; i < sizeof(big) / sizeof(big[0]); i++)
		check_wrap(bytes, big[i], i % 2 == 0);
	free(bytes);
}

static void
test_header(void **unused)
{
	static const char *const wanted[] = { "From: ", "\nTo: undisclosed-recipients:;\n",
		"\nSubject: [not inspected] secret\n", "\nDate: ", "\nMessage-ID: <",
		"\nAuto-Submitted: auto-generated\n", "\nMIME-Version: 1.0\n",
		"\nContent-Type: multipart/mixed; boundary=\"",
		"\nContent-Type: text/plain; charset=us-ascii\n", "\nSubject:   secret\n",
		"\nReference: 1121/5.6\n",
		"\nContent-Type: application/octet-stream; name=\"message.eml.defanged\"\n",
		"\nContent-Transfer-Encoding: base64\n" };
	struct message original, a, b;
	char *text;
	const char *at, *found;
	size_t i;

	(void)unused;
	fill(&original, "From x\nSubject: secret\n\nbody\n", 29);
	assert_true(wrap_message(&a, &original, "1121/5.6", "a \"reason\"\n", NULL, false, false));
	assert_non_null(text = strndup(a.bytes, a.size));
	at = text;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		found = strstr(at, wanted[i]);
		if (found == NULL) {
			fail_msg("%s is missing, or not in its place", wanted[i]);
			break;
		}
		at = found;
	}
	assert_int_equal(strncmp(text,
			     "X-Spawnscan-Result: error action=wrap part=0 "
			     "reason=\"a _reason__\"\nFrom: Content filter <postmaster@",
			     96),
	    0);
	/* no two of them have a boundary or a Message-ID in common */
	assert_true(wrap_message(&b, &original, "", "a reason", NULL, false, false));
	assert_true(a.size != b.size || memcmp(a.bytes, b.bytes, a.size) != 0);
	free(text);
	assert_non_null(text = strndup(b.bytes, b.size));
	assert_null(strstr(text, "Reference:"));
	free(text);
	message_close(&a);
	message_close(&b);
	message_close(&original);
}

/* What the new message says of a header; free it. */
static char *
told(const char *header, const char *reason)
{
	struct message original, out;
	char *text;

	fill(&original, header, strlen(header));
	assert_true(wrap_message(&out, &original, "", reason, NULL, false, false));
	assert_non_null(text = strndup(out.bytes, out.size));
	message_close(&out);
	message_close(&original);
	return text;
}

static void
has(const char *header, const char *wanted)
{
	char *text = told(header, "a reason");

	if (strstr(text, wanted) == NULL)
		fail_msg("%s\nis not in\n%s", wanted, text);
	free(text);
}

/* Sender and subject of the original: decoded, printable, cut, and no way out of their line. */
static void
test_told(void **unused)
{
	char header[4000] = "Subject: ", *text;

	(void)unused;
	has("From: Anna <anna@example.org>\nSubject: the report\n\nx\n",
	    "\nFrom:      Anna <anna@example.org>\nSubject:   the report\nFilter: ");
	has("subject:folded\r\n\tand on\r\nX: y\r\n\r\nSubject: in the body\r\n",
	    "\nSubject: [not inspected] folded and on\n");
	has("X: y\n\nSubject: in the body\n",
	    "\nSubject: [not inspected] a message without a subject\n");
	has("", "\nSubject: [not inspected] a message without a subject\n");
	has("Subject", "\nSubject: [not inspected] a message without a subject\n");
	has("Subject:", "\nSubject: [not inspected] a message without a subject\n");
	/* the languages of others */
	has("Subject: =?utf-8?B?0YHRh9C10YI=?=\n\n", "\nSubject: [not inspected] =?utf-8?B?");
	has("Subject: =?UTF-8?Q?caf=C3=A9?= =?iso-8859-1*fr?q?_cr=e8me?=\n\n",
	    "\nSubject:   caf=C3=A9 cr=C3=A8me\n");
	has("Subject: caf\xc3\xa9\n\n", "\nSubject:   caf=C3=A9\n");
	has("Subject: =?koi8-r?B?1MXT1A==?=\n\n", "\nSubject:   =?koi8-r?B?1MXT1A==?=\n");
	/* nothing that hides, and no field of its own */
	has("Subject: =?utf-8?B?YQ0KQmNjOiB4?=\n\n", "\nSubject: [not inspected] a Bcc: x\n");
	has("Subject: a\rBcc: x\n\n", "\nSubject: [not inspected] a Bcc: x\n");
	has("Subject: a\xe2\x80\xae"
	    "b\xff\n\n",
	    "\nSubject: [not inspected] a_b_\n");
	memset(header + 9, 'x', 3000);
	text = told(header,
	    "cannot create a private directory in /var/lib/x.y: No space '/a' (/b) 4/5");
	assert_null(strstr(text, "xxxxxxxxxx\nDate: xx"));
	assert_non_null(strstr(text,
	    "reason=\"cannot create a private directory in (path): No space '(path)' ((path)) "
	    "4/5\""));
	free(text);
}

/* The separator of a mailbox comes first, but only there and only whole. */
static void
test_mbox(void **unused)
{
	static const char mail[] = "From a@b  Thu Jan  1\xe9 00:00:00 1970\r\nSubject: x\r\n\r\n";
	static char endless[5000];
	struct message original, out;
	char got[200];

	(void)unused;
	fill(&original, mail, sizeof(mail) - 1);
	assert_true(wrap_message(&out, &original, "", NULL, NULL, true, true));
	assert_memory_equal(out.bytes, mail, strcspn(mail, "\n") + 1);
	assert_memory_equal(out.bytes + strcspn(mail, "\n") + 1, "From: ", 6);
	check_lines(&out, true, strcspn(mail, "\n") + 1);
	assert_int_equal(unwrap(&out, "\r\n", got), sizeof(mail) - 1);
	assert_memory_equal(got, mail, sizeof(mail) - 1);
	message_close(&out);
	message_close(&original);

	memset(endless, 'x', sizeof(endless));
	memcpy(endless, "From ", 5);
	endless[4000] = '\n';
	fill(&original, endless, sizeof(endless));
	assert_true(wrap_message(&out, &original, "", NULL, NULL, true, true));
	assert_memory_equal(out.bytes, "From: ", 6);
	message_close(&out);
	message_close(&original);

	fill(&original, "Fro", 3);
	assert_true(wrap_message(&out, &original, "", NULL, NULL, false, true));
	assert_memory_equal(out.bytes, "From: ", 6);
	message_close(&out);
	message_close(&original);
}

/* -- what servers go by is taken over -- */

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

static void
carries(const char *original, const char *fields)
{
	char *text = told(original, "a reason"), *from = strstr(text, "\nFrom: "), *at;

	assert_non_null(from);
	from[1] = '\0';
	assert_memory_equal(text, "X-Spawnscan-Result: ", 20);
	at = strchr(text, '\n') + 1;
	if (strcmp(at, fields) != 0)
		fail_msg("carried:\n%s\nwanted:\n%s", at, fields);
	free(text);
}

static void
test_carried(void **unused)
{
	static char many[400000], header[400000];
	char *text;
	size_t n;

	(void)unused;
	carries("Received: from a by b;\n\tThu, 1 Jan\nreceived: x\nSubject: s\nDelivered-To: "
		"a@b\nX-Loop: l\n"
		"List-Id: <l.example>\nList-Unsubscribe: <mailto:x>\nPrecedence: "
		"list\nTLS-Required: No\n"
		"Require-TLS-ESMTP: yes\nList-: x\nLists: y\nX-Received: z\n\nReceived: in the "
		"body\n",
	    "Received: from a by b; Thu, 1 Jan\nreceived: x\nDelivered-To: a@b\nX-Loop: l\n"
	    "List-Id: <l.example>\nList-Unsubscribe: <mailto:x>\nPrecedence: list\nTLS-Required: "
	    "No\n"
	    "Require-TLS-ESMTP: yes\n");
	carries("", "");
	carries("Received", "");
	carries("Received:", "Received:\n");
	carries("Received:\n \n\t\n\nX-Loop: y\n", "Received:\n");
	carries("From x\nReceived: a\n", "Received: a\n");
	/* bytes that have no place in a header, and line endings of every kind */
	carries("List-Id: a\xc3\xa4\x01\r\n b\rBcc: x\r\nX-Loop: y\r\n\r\n",
	    "List-Id: a??? b Bcc: x\nX-Loop: y\n");
	/* one of each kind that may come once, and our own Auto-Submitted if there is none */
	text = told("Auto-Submitted: auto-replied\nAuto-Submitted: no\nTLS-Required: "
		    "No\nTLS-Required: x\n\n",
	    "r");
	assert_int_equal(count(text, "Auto-Submitted:"), 1);
	assert_non_null(strstr(text, "\nAuto-Submitted: auto-replied\n"));
	assert_int_equal(count(text, "TLS-Required:"), 1);
	free(text);
	text = told("Auto-Submitted: no\n\n", "r");
	assert_int_equal(count(text, "Auto-Submitted:"), 1);
	assert_non_null(strstr(text, "\nAuto-Submitted: auto-generated\n"));
	free(text);
	/* bounded in number and in length; Received fields are cut, others left out */
	for (n = 0; strlen(many) < 60000; n++)
		strlcat(many, "Received: x\n", sizeof(many));
	text = told(many, "r");
	assert_int_equal(count(text, "Received: x\n"), 200);
	free(text);
	memset(header, 'x', 70000);
	memcpy(header, "Received: ", 10);
	text = told(header, "r");
	assert_int_equal(count(text, "Received: xxx"), 1);
	assert_true(strlen(text) < 110000);
	free(text);
	memset(header, 'x', 5000);
	memcpy(header, "List-Id: ", 9);
	strlcpy(header + 4990, "\nX-Loop: y\n\n", 100);
	carries(header, "X-Loop: y\n");
	n = 0;
	for (many[0] = '\0'; n < 40; n++) {
		memset(header, 'a', 1500);
		memcpy(header, "List-Id: ", 9);
		strlcpy(header + 1500, "\n", 10);
		strlcat(many, header, sizeof(many));
	}
	text = told(many, "r");
	n = count(text, "List-Id: ");
	assert_true(n > 10 && n < 40);
	free(text);
}

/* No descriptor, no message: an error, and nothing is left open. */
static void
test_no_descriptor(void **unused)
{
	struct rlimit old, none;
	struct message original, out;

	(void)unused;
	fill(&original, "x", 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_false(wrap_message(&out, &original, "", "a reason", NULL, false, false));
	assert_int_equal(errno, EMFILE);
	assert_int_equal(out.fd, -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	message_close(&original);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_mbox),
		cmocka_unit_test(test_carried),
		cmocka_unit_test(test_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

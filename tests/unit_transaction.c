/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_transaction.c - from a report to decision, quarantine, log record and
 * exit code, with an inspector that says whatever the case wants.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "filter.h"
#include "log.h"
#include "transaction.h"

#define MAIL "Subject: x\n\nbody\n"

/* What the inspector does. */
static struct {
	bool ok;
	enum verdict_class class;
	enum verdict_action action; /* ACTION_PASS: no finding */
	const char *note;
	char reference[64]; /* what it was told */
	size_t calls;
} inspector;

static char base[] = "/tmp/unit_transaction.XXXXXX";
static char log_path[300], dir[300];
static char text[1 << 16];
static struct conf conf;

void
inspection_run(struct inspection *i, const struct conf *c, const struct message *m,
    const char *reference, const struct envelope *envelope, bool crlf_only)
{
	char *mark = strdup(crlf_only ? "X-Mark: 1\r\n" : "X-Mark: 1\n");

	(void)c;
	(void)envelope;
	memset(i, 0, sizeof(*i));
	report_init(&i->report);
	inspector.calls++;
	strlcpy(inspector.reference, reference, sizeof(inspector.reference));
	if (inspector.ok) {
		i->report.size = m->size;
		i->report.scanner = strdup("Stub 1");
		report_add_edit(&i->report, 0, 0, mark, strlen(mark));
		if (inspector.note != NULL)
			report_add_note(&i->report, inspector.note);
		if (inspector.action != ACTION_PASS)
			report_add_finding(&i->report, inspector.class, inspector.action, "1.2",
			    "Bad thing", "a.exe");
	} else {
		free(mark);
		strlcpy(i->failure, "the inspector was killed by signal 9", sizeof(i->failure));
	}
	i->ok = inspector.ok;
}

void
inspection_free(struct inspection *i)
{
	report_free(&i->report);
}

static size_t
slurp(int fd)
{
	size_t len = 0;
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
	return len;
}

/* All that was logged since the last call; then an empty log. */
static const char *
logged(void)
{
	slurp(open(log_path, O_RDONLY));
	assert_int_equal(truncate(log_path, 0), 0);
	return text;
}

static void
assert_logged(const char *log, const char *pair)
{
	if (strstr(log, pair) == NULL)
		fail_msg("no %s in %s", pair, log);
}

/* Files in the quarantine, and the contents of the metadata in text if there is one. */
static size_t
kept(void)
{
	char command[700];
	FILE *fp;
	size_t n;

	snprintf(command, sizeof(command), "find '%s' -type f 2>/dev/null | wc -l", dir);
	assert_non_null(fp = popen(command, "r"));
	assert_int_equal(fscanf(fp, "%zu", &n), 1);
	pclose(fp);
	snprintf(command, sizeof(command), "cat '%s'/*/*.meta 2>/dev/null", dir);
	assert_non_null(fp = popen(command, "r"));
	text[fread(text, 1, sizeof(text) - 1, fp)] = '\0';
	pclose(fp);
	return n;
}

static void
forget(void)
{
	char command[400];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(truncate(log_path, 0), 0);
}

static void
begin(struct transaction *t)
{
	transaction_init(t, &conf);
	t->envelope.mode = "smtp";
	t->crlf_only = true;
	assert_int_equal(message_create(&t->message, 0), MESSAGE_OK);
	assert_int_equal(message_append(&t->message, "Subject: x\r\n\r\nbody\r\n", 20), MESSAGE_OK);
	assert_int_equal(message_seal(&t->message), MESSAGE_OK);
}

static bool
collect(void *ctx, const char *buf, size_t len)
{
	char **to = ctx;

	memcpy(*to, buf, len);
	*to += len;
	**to = '\0';
	return true;
}

static void
output(const struct transaction *t)
{
	char *to = text;

	text[0] = '\0';
	assert_true(transaction_output(t, collect, &to));
	assert_int_equal(to - text, transaction_output_size(t));
}

/* Every action under every setting: what is decided, and what is kept. */
static void
test_matrix(void **unused)
{
	static const struct {
		bool ok;
		enum verdict_action action;
		enum decision decision;
		size_t kept[3]; /* under off, changed, all */
	} cases[] = {
		{ true, ACTION_PASS, DECISION_DELIVER, { 0, 0, 2 } },
		{ true, ACTION_TAG, DECISION_DELIVER, { 0, 0, 2 } },
		{ true, ACTION_DEFANG, DECISION_DELIVER, { 0, 2, 2 } },
		{ true, ACTION_REMOVE, DECISION_DELIVER, { 0, 2, 2 } },
		{ true, ACTION_DISCARD, DECISION_DISCARD, { 2, 2, 2 } },
		{ true, ACTION_WRAP, DECISION_DELIVER, { 0, 2, 2 } },
		{ true, ACTION_TEMPFAIL, DECISION_TEMPFAIL, { 0, 0, 0 } },
		{ true, ACTION_REJECT, DECISION_REJECT, { 0, 2, 2 } },
		{ false, ACTION_TEMPFAIL, DECISION_TEMPFAIL, { 0, 0, 0 } },
		{ false, ACTION_REJECT, DECISION_REJECT, { 0, 2, 2 } },
		{ false, ACTION_WRAP, DECISION_DELIVER, { 0, 2, 2 } },
	};
	struct transaction t;
	size_t i;
	int keep;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (keep = KEEP_OFF; keep <= KEEP_ALL; keep++) {
			conf.quarantine = (enum conf_keep)keep;
			inspector.ok = cases[i].ok;
			inspector.class = CLASS_INFECTED;
			inspector.action = cases[i].action;
			conf.action[CLASS_ERROR] = cases[i].ok ? ACTION_TEMPFAIL : cases[i].action;
			begin(&t);
			assert_int_equal(transaction_decide(&t), cases[i].decision);
			if (kept() != cases[i].kept[keep])
				fail_msg("case %zu, setting %d: %zu files kept", i, keep, kept());
			assert_int_equal(t.quarantine.stored, cases[i].kept[keep] > 0);
			/* a notice may only name an original that is there */
			if (*inspector.reference != '\0' && t.quarantine.stored)
				assert_string_equal(inspector.reference, t.quarantine.reference);
			if (keep == KEEP_OFF)
				assert_string_equal(inspector.reference, "");
			if (cases[i].decision == DECISION_DELIVER) {
				output(&t);
				assert_int_equal(cases[i].action == ACTION_WRAP,
				    strstr(text, "X-Mark: 1\r\n") == NULL);
			}
			transaction_finish(&t, OUTCOME_REJECTED, "550 no");
			assert_int_equal(t.message.fd, -1);
			assert_int_equal(kept(), cases[i].kept[keep]);
			if (cases[i].kept[keep] > 0)
				assert_non_null(strstr(text, "\nReply: 550 no\n"));
			forget();
		}
	conf.action[CLASS_ERROR] = ACTION_TEMPFAIL;
}

/* The client comes back with it: each try must not leave another copy. */
static void
test_deferred_is_dropped(void **unused)
{
	struct transaction t;

	(void)unused;
	conf.quarantine = KEEP_ALL;
	inspector.ok = true;
	inspector.action = ACTION_REMOVE;
	begin(&t);
	assert_int_equal(transaction_decide(&t), DECISION_DELIVER);
	assert_int_equal(kept(), 2);
	transaction_finish(&t, OUTCOME_DEFERRED, "451 4.3.0 later");
	assert_int_equal(kept(), 0);
	assert_null(strstr(logged(), "quarantine="));
	forget();
}

static void
test_quarantine_fails(void **unused)
{
	struct transaction t;
	char *saved = conf.quarantine_dir, nowhere[] = "/dev/null/q";
	const char *log;

	(void)unused;
	conf.quarantine = KEEP_CHANGED;
	conf.quarantine_dir = nowhere;
	inspector.ok = true;
	inspector.action = ACTION_DISCARD;
	begin(&t);
	/* Before the inspector is asked, whatever it would say. */
	assert_int_equal(transaction_decide(&t), DECISION_TEMPFAIL);
	assert_string_equal(t.cause, "quarantine not writable");
	transaction_finish(&t, OUTCOME_DEFERRED, "451 4.3.0 later");
	conf.quarantine_dir = saved;
	log = logged();
	assert_logged(log,
	    "event=quarantine-failed reason=\"quarantine directory /dev/null/q: "
	    "Not a directory\" action=pass ");
	assert_logged(log,
	    " verdict=unscanned action=pass outcome=deferred reply=\"451 4.3.0 later\" ");
	assert_logged(log, " reason=\"quarantine directory /dev/null/q: Not a directory\"\n");
}

static void
test_log_record(void **unused)
{
	char rcpt1[] = "b@example.org", rcpt2[] = "c d@example.org";
	char *rcpts[] = { rcpt1, rcpt2 };
	struct transaction t;
	char expected[600];

	(void)unused;
	conf.quarantine = KEEP_CHANGED;
	inspector.ok = true;
	inspector.class = CLASS_INFECTED;
	inspector.action = ACTION_REMOVE;
	begin(&t);
	t.envelope.sender = "a\n@example.org";
	t.envelope.recipients = rcpts;
	t.envelope.n_recipients = 2;
	t.envelope.client = "h[192.0.2.1]";
	t.receive_ms = 12;
	transaction_decide(&t);
	t.inspect_ms = 34;
	t.send_ms = 56;
	snprintf(expected, sizeof(expected),
	    "]: event=message queue_id=4XyZ-1 "
	    "from=\"a\\012@example.org\" to=\"b@example.org,c d@example.org\" count=2 "
	    "client=h[192.0.2.1] size=20 verdict=infected action=remove "
	    "findings=\"1.2:infected:Bad thing:remove\" quarantine=%s outcome=delivered "
	    "reply=\"250 2.0.0 Ok: queued as 4XyZ-1\" receive_ms=12 inspect_ms=34 send_ms=56\n",
	    t.quarantine.reference);
	transaction_finish(&t, OUTCOME_DELIVERED, "250 2.0.0 Ok: queued as 4XyZ-1");
	assert_string_equal(strstr(logged(), "]: event"), expected);
	forget();
}

/* However long and hostile: the outcome is still there to read. */
static void
test_log_hostile(void **unused)
{
	static char junk[3000];
	char *rcpts[1000];
	struct transaction t;
	const char *log;
	size_t i;

	(void)unused;
	memset(junk, '\n', sizeof(junk) - 1);
	conf.quarantine = KEEP_OFF;
	inspector.ok = true;
	inspector.action = ACTION_REJECT;
	begin(&t);
	t.envelope.sender = junk;
	t.envelope.client = junk;
	for (i = 0; i < 1000; i++)
		rcpts[i] = junk;
	t.envelope.recipients = rcpts;
	t.envelope.n_recipients = 1000;
	transaction_decide(&t);
	for (i = 0; i < 1000; i++)
		report_add_finding(&t.inspection.report, CLASS_LIMIT, ACTION_TAG, junk, junk, junk);
	transaction_finish(&t, OUTCOME_REJECTED, "550 5.7.1 no");
	log = logged();
	assert_null(strchr(strchr(log, '\n') + 1, '\n'));
	assert_logged(log, ",...\" count=1000 ");
	assert_logged(log, ",...\" outcome=rejected reply=\"550 5.7.1 no\" ");
	assert_logged(log, " reason=\"infected: Bad thing\"\n");
	forget();
}

/* One that is too long for the record takes no room from the others. */
static void
test_log_long_recipient(void **unused)
{
	static char longest[3000];
	char *rcpts[] = { "first@x", longest, "third@x", "fourth@x" };
	struct transaction t;
	const char *log;

	(void)unused;
	memset(longest, 'l', sizeof(longest) - 1);
	conf.quarantine = KEEP_OFF;
	inspector.ok = true;
	inspector.action = ACTION_PASS;
	begin(&t);
	t.envelope.recipients = rcpts;
	t.envelope.n_recipients = 4;
	transaction_decide(&t);
	transaction_finish(&t, OUTCOME_DELIVERED, "250 2.0.0 Ok");
	log = logged();
	assert_logged(log, " to=first@x,lll");
	assert_logged(log, "lll...,third@x,fourth@x count=4 ");
	forget();
}

/* What the next hop says of each: the records, and whether the original stays. */
static void
test_recipients(void **unused)
{
	static const struct {
		enum outcome each[2], told;
		const char *outcome;
		bool kept;
	} cases[] = {
		{ { OUTCOME_DELIVERED, OUTCOME_DELIVERED }, OUTCOME_DELIVERED, "delivered", true },
		{ { OUTCOME_DELIVERED, OUTCOME_DELIVERED }, OUTCOME_MIXED, "delivered", true },
		{ { OUTCOME_DEFERRED, OUTCOME_DEFERRED }, OUTCOME_DEFERRED, "deferred", false },
		{ { OUTCOME_DEFERRED, OUTCOME_DEFERRED }, OUTCOME_MIXED, "deferred", false },
		{ { OUTCOME_DELIVERED, OUTCOME_DEFERRED }, OUTCOME_DEFERRED, "mixed", true },
		{ { OUTCOME_DELIVERED, OUTCOME_DEFERRED }, OUTCOME_MIXED, "mixed", true },
		{ { OUTCOME_DELIVERED, OUTCOME_REJECTED }, OUTCOME_REJECTED, "mixed", true },
		{ { OUTCOME_REJECTED, OUTCOME_DEFERRED }, OUTCOME_DEFERRED, "mixed", false },
		{ { OUTCOME_REJECTED, OUTCOME_DEFERRED }, OUTCOME_MIXED, "mixed", true },
	};
	static const char *const names[] = { "delivered", "discarded", "deferred", "rejected" };
	char *rcpts[] = { "one@x", "two@x" };
	char pair[100];
	struct transaction t;
	const char *log;
	size_t i, n;

	(void)unused;
	conf.quarantine = KEEP_CHANGED;
	inspector.ok = true;
	inspector.class = CLASS_INFECTED;
	inspector.action = ACTION_REMOVE;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(&t);
		t.envelope.recipients = rcpts;
		t.envelope.n_recipients = 2;
		assert_int_equal(transaction_decide(&t), DECISION_DELIVER);
		transaction_recipient(&t, cases[i].each[0], "299 first says");
		transaction_recipient(&t, cases[i].each[1], "");
		transaction_finish(&t, cases[i].told, "299 last");
		log = logged();
		snprintf(pair, sizeof(pair),
		    "event=recipient to=one@x from=\"\" outcome=%s "
		    "reply=\"299 first says\"\n",
		    names[cases[i].each[0]]);
		assert_logged(log, pair);
		snprintf(pair, sizeof(pair), "event=recipient to=two@x from=\"\" outcome=%s\n",
		    names[cases[i].each[1]]);
		assert_logged(log, pair);
		snprintf(pair, sizeof(pair), " outcome=%s %s", cases[i].outcome,
		    cases[i].told == OUTCOME_MIXED && strcmp(cases[i].outcome, "mixed") == 0
			? "receive_ms"
			: "reply=\"299 last\"");
		assert_logged(log, pair);
		n = kept();
		assert_int_equal(n, cases[i].kept ? 2 : 0);
		if (n > 0) {
			assert_logged(text, "Reply: <one@x> 299 first says\n");
			snprintf(pair, sizeof(pair), "Reply: <two@x> %s\n",
			    names[cases[i].each[1]]);
			assert_logged(text, pair);
		}
		forget();
	}
}

static void
test_queue_id(void **unused)
{
	static const char *const cases[][2] = {
		{ "250 2.0.0 Ok: queued as ABC123", " queue_id=ABC123 " },
		{ "250 OK: queued as 12345.\r", " queue_id=12345 " },
		{ "250 OK id=1qAbCd-0001-Xy", " queue_id=1qAbCd-0001-Xy " },
		{ "250 ok 123 qp 456", NULL },
		{ "250 queued as  x", NULL },
		{ "", NULL },
	};
	struct transaction t;
	size_t i;

	(void)unused;
	conf.quarantine = KEEP_OFF;
	inspector.ok = true;
	inspector.action = ACTION_PASS;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(&t);
		transaction_decide(&t);
		transaction_finish(&t, OUTCOME_DELIVERED, cases[i][0]);
		if (cases[i][1] != NULL)
			assert_logged(logged(), cases[i][1]);
		else
			assert_null(strstr(logged(), "queue_id"));
	}
}

static void
test_notes_once(void **unused)
{
	struct transaction t;
	const char *log;
	int i;

	(void)unused;
	inspector.ok = true;
	inspector.action = ACTION_PASS;
	inspector.note = "Landlock is not available";
	for (i = 0; i < 3; i++) {
		begin(&t);
		transaction_decide(&t);
		transaction_finish(&t, OUTCOME_DELIVERED, "250 ok");
	}
	inspector.note = NULL;
	log = strstr(logged(), "event=inspector note=\"Landlock is not available\"\n");
	assert_non_null(log);
	assert_null(strstr(log + 1, "event=inspector"));
}

static void
test_unscanned(void **unused)
{
	struct transaction t;

	(void)unused;
	begin(&t);
	transaction_finish(&t, OUTCOME_DEFERRED, "421 lost");
	assert_logged(logged(), " verdict=unscanned ");
	transaction_init(&t, &conf);
	transaction_finish(&t, OUTCOME_DEFERRED, "");
	assert_logged(logged(), " size=0 verdict=unscanned ");
}

/* Runs the filter on a message; the output is in text. */
static int
filter(const char *mail, size_t len)
{
	char in_path[320], out_path[320];
	int in, out, code;

	snprintf(in_path, sizeof(in_path), "%s/in", base);
	snprintf(out_path, sizeof(out_path), "%s/out", base);
	in = open(in_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	out = open(out_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(in, mail, len), len);
	assert_int_equal(lseek(in, 0, SEEK_SET), 0);
	code = filter_run(&conf, in, out);
	assert_true(fcntl(out, F_GETFD) != -1);
	close(in);
	close(out);
	slurp(open(out_path, O_RDONLY));
	unlink(in_path);
	unlink(out_path);
	return code;
}

static void
test_filter_codes(void **unused)
{
	(void)unused;
	conf.quarantine = KEEP_CHANGED;
	inspector.ok = true;
	inspector.action = ACTION_PASS;
	assert_int_equal(filter(MAIL, strlen(MAIL)), EX_OK);
	assert_string_equal(text, "X-Mark: 1\n" MAIL);
	assert_int_equal(filter("", 0), EX_OK);
	assert_string_equal(text, "X-Mark: 1\n");
	inspector.action = ACTION_REJECT;
	assert_int_equal(filter(MAIL, strlen(MAIL)), EX_UNAVAILABLE);
	assert_string_equal(text, "");
	inspector.action = ACTION_DISCARD;
	assert_int_equal(filter(MAIL, strlen(MAIL)), EX_OK);
	assert_string_equal(text, "");
	inspector.action = ACTION_TEMPFAIL;
	assert_int_equal(filter(MAIL, strlen(MAIL)), EX_TEMPFAIL);
	assert_string_equal(text, "");
	inspector.ok = false;
	assert_int_equal(filter(MAIL, strlen(MAIL)), EX_TEMPFAIL);
	assert_string_equal(text, "");
	assert_logged(logged(),
	    "event=inspection-failed reason=\"the inspector was killed by "
	    "signal 9\" action=tempfail ");
	forget();
}

static void
test_filter_wraps(void **unused)
{
	static const char from[] = "From a@b Thu Jan  1 00:00:00 1970\n";
	static const char crlf[] = "Subject: x\r\n\r\nbody\n";
	char mail[200];

	(void)unused;
	conf.quarantine = KEEP_OFF;
	conf.action[CLASS_ERROR] = ACTION_WRAP;
	inspector.ok = false;
	snprintf(mail, sizeof(mail), "%s" MAIL, from);
	assert_int_equal(filter(mail, strlen(mail)), EX_OK);
	assert_int_equal(strncmp(text, from, strlen(from)), 0);
	assert_int_equal(strncmp(text + strlen(from), "X-Spawnscan-Result: error action=wrap ", 38),
	    0);
	assert_non_null(strstr(text, "\nFrom: Content filter <postmaster@"));
	assert_null(strchr(text, '\r'));
	assert_int_equal(filter(crlf, strlen(crlf)), EX_OK);
	assert_non_null(strstr(text, "\r\nTo: undisclosed-recipients:;\r\n"));
	conf.action[CLASS_ERROR] = ACTION_TEMPFAIL;
	forget();
}

static void
test_filter_too_big(void **unused)
{
	static char big[200000];
	uint64_t saved = conf.message_size_limit;
	size_t calls = inspector.calls;

	(void)unused;
	conf.message_size_limit = sizeof(big) - 1;
	inspector.ok = true;
	inspector.action = ACTION_PASS;
	assert_int_equal(filter(big, sizeof(big)), EX_UNAVAILABLE);
	assert_string_equal(text, "");
	assert_int_equal(inspector.calls, calls);
	assert_logged(logged(), " outcome=rejected ");
	conf.message_size_limit = sizeof(big);
	assert_int_equal(filter(big, sizeof(big)), EX_OK);
	conf.message_size_limit = saved;
	forget();
}

static void
test_filter_io_errors(void **unused)
{
	int full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_RDONLY);
	int folder = open("/tmp", O_RDONLY), p[2];

	(void)unused;
	assert_int_equal(pipe(p), 0);
	close(p[0]);
	conf.quarantine = KEEP_ALL;
	inspector.ok = true;
	inspector.action = ACTION_REMOVE;
	assert_int_equal(filter_run(&conf, null, full), EX_TEMPFAIL);
	assert_logged(logged(), " reason=\"writing the message: No space left on device\"\n");
	assert_int_equal(kept(), 0);
	assert_int_equal(filter_run(&conf, null, p[1]), EX_TEMPFAIL);
	assert_logged(logged(), " reason=\"writing the message: Broken pipe\"\n");
	assert_int_equal(filter_run(&conf, folder, p[1]), EX_TEMPFAIL);
	assert_logged(logged(), " reason=\"reading the message: Is a directory\"\n");
	assert_int_equal(filter_run(&conf, -1, p[1]), EX_TEMPFAIL);
	assert_logged(logged(), " reason=\"reading the message: Bad file descriptor\"\n");
	close(p[1]);
	close(full);
	close(null);
	close(folder);
	forget();
}

static int
setup(void **unused)
{
	char target[320], err[256];

	(void)unused;
	if (mkdtemp(base) == NULL)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	snprintf(log_path, sizeof(log_path), "%s/log", base);
	snprintf(target, sizeof(target), "file:%s", log_path);
	snprintf(dir, sizeof(dir), "%s/quarantine", base);
	conf_init(&conf);
	free(conf.quarantine_dir);
	conf.quarantine_dir = strdup(dir);
	return log_open(target, "t", LOG_MAIL, LOG_DEBUG, false, err, sizeof(err)) ? 0 : -1;
}

static int
teardown(void **unused)
{
	char command[300];

	(void)unused;
	conf_free(&conf);
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_deferred_is_dropped),
		cmocka_unit_test(test_quarantine_fails),
		cmocka_unit_test(test_log_record),
		cmocka_unit_test(test_log_hostile),
		cmocka_unit_test(test_log_long_recipient),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_queue_id),
		cmocka_unit_test(test_notes_once),
		cmocka_unit_test(test_unscanned),
		cmocka_unit_test(test_filter_codes),
		cmocka_unit_test(test_filter_wraps),
		cmocka_unit_test(test_filter_too_big),
		cmocka_unit_test(test_filter_io_errors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_conf.c - every key, every way to get one wrong, and the example file,
 * which must say what the program does.
 */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf.h"
#include "conf_file.h"

#define MAX_KEYS 256

struct listing {
	char *text[MAX_KEYS]; /* "section.key=value" */
	size_t n;
};

static char file_path[] = "/tmp/unit_conf.XXXXXX";

static void
list_one(void *ctx, const char *section, const char *key, const char *value)
{
	struct listing *l = ctx;

	assert_true(l->n < MAX_KEYS);
	assert_true(asprintf(&l->text[l->n++], "%s.%s=%s", section, key, value) > 0);
}

static void
list(struct listing *l, const struct conf *conf)
{
	l->n = 0;
	conf_each(conf, list_one, l);
}

static void
list_free(struct listing *l)
{
	while (l->n > 0)
		free(l->text[--l->n]);
}

static void
assert_same(const struct conf *a, const struct conf *b)
{
	struct listing la, lb;
	size_t i;

	list(&la, a);
	list(&lb, b);
	assert_int_equal(la.n, lb.n);
	for (i = 0; i < la.n; i++)
		assert_string_equal(la.text[i], lb.text[i]);
	list_free(&la);
	list_free(&lb);
}

static void
write_file(const char *text, size_t len)
{
	FILE *fp = fopen(file_path, "w");

	assert_non_null(fp);
	assert_int_equal(fwrite(text, 1, len, fp), len);
	assert_int_equal(fclose(fp), 0);
}

/* Reads text as a file; expects the sentence (without the path), or success if NULL. */
static void
read_bytes(struct conf *conf, const char *text, size_t len, const char *expected)
{
	char err[1024] = "", whole[1200];

	write_file(text, len);
	if (expected == NULL) {
		if (!conf_file_read(conf, file_path, err, sizeof(err)))
			fail_msg("%s", err);
		return;
	}
	assert_false(conf_file_read(conf, file_path, err, sizeof(err)));
	snprintf(whole, sizeof(whole), "%s:%s", file_path, expected);
	assert_string_equal(err, whole);
}

static void
read_text(struct conf *conf, const char *text, const char *expected)
{
	read_bytes(conf, text, strlen(text), expected);
}

static void
refuse_text(const char *text, const char *expected)
{
	struct conf conf;

	conf_init(&conf);
	read_text(&conf, text, expected);
	conf_free(&conf);
}

static void
set(struct conf *conf, const char *assignment)
{
	char err[512] = "";

	if (!conf_set(conf, assignment, err, sizeof(err)))
		fail_msg("%s: %s", assignment, err);
}

/* A refused value must leave the configuration as it was. */
static void
refuse(const char *assignment, const char *expected)
{
	struct conf conf, untouched;
	char err[512] = "";

	conf_init(&conf);
	conf_init(&untouched);
	if (conf_set(&conf, assignment, err, sizeof(err)))
		fail_msg("%s was taken", assignment);
	assert_string_equal(err, expected);
	assert_same(&conf, &untouched);
	conf_free(&conf);
	conf_free(&untouched);
}

static void
test_defaults(void **unused)
{
	struct conf c;

	(void)unused;
	conf_init(&c);
	assert_string_equal(c.database, "/var/lib/clamav");
	assert_string_equal(c.inspector, "");
	assert_string_equal(c.scratch_dir, "auto");
	assert_int_equal(c.inspect_timeout, 90);
	assert_int_equal(c.memory_limit, 4ull << 30);
	assert_int_equal(c.scan_size_limit, 400ull << 20);
	assert_int_equal(c.scan_file_limit, 100ull << 20);
	assert_int_equal(c.scan_depth_limit, 64);
	assert_int_equal(c.scan_files_limit, 10000);
	assert_int_equal(c.action[CLASS_INFECTED], ACTION_REMOVE);
	assert_int_equal(c.action[CLASS_BLOCKED], ACTION_DEFANG);
	assert_int_equal(c.action[CLASS_ENCRYPTED], ACTION_TAG);
	assert_int_equal(c.action[CLASS_UNOPENED], ACTION_DEFANG);
	assert_int_equal(c.action[CLASS_LIMIT], ACTION_DEFANG);
	assert_int_equal(c.action[CLASS_AMBIGUOUS], ACTION_DEFANG);
	assert_int_equal(c.action[CLASS_ERROR], ACTION_TEMPFAIL);
	assert_true(c.block_executables);
	assert_string_equal(c.deny_names, "");
	assert_string_equal(c.allow_names, "");
	assert_int_equal(c.message_size_limit, 100ull << 20);
	assert_int_equal(c.mime_depth_limit, 64);
	assert_int_equal(c.mime_parts_limit, 5000);
	assert_int_equal(c.header_size_limit, 256u << 10);
	assert_true(c.header);
	assert_int_equal(c.quarantine, KEEP_CHANGED);
	assert_string_equal(c.quarantine_dir, "/var/spool/spawnscan");
	assert_string_equal(c.log, "syslog");
	assert_int_equal(c.syslog_facility, LOG_MAIL);
	assert_string_equal(c.syslog_name, "spawnscan");
	assert_int_equal(c.log_level, LOG_INFO);
	assert_int_equal(c.bare_newline, NEWLINE_NORMALISE);
	assert_int_equal(c.connect_timeout, 30);
	assert_int_equal(c.command_timeout, 300);
	assert_int_equal(c.data_timeout, 600);
	assert_int_equal(c.reply_timeout, 300);
	assert_int_equal(c.send_timeout, 600);
	assert_int_equal(c.final_timeout, 600);
	assert_int_equal(c.session_timeout, 3600);
	assert_int_equal(c.line_limit, 2048);
	assert_int_equal(c.recipient_limit, 1000);
	assert_int_equal(c.error_limit, 20);
	conf_free(&c);
}

static void
test_default_extensions(void **unused)
{
	static const char *const bad[] = { "exe", "scr", "js", "vbs", "lnk", "hta", "bat", "ps1",
		"iso", "jar", "reg", "xll", "settingcontent-ms" };
	static const char *const good[] = { "zip", "pdf", "html", "htm", "docm", "xlsm", "docx",
		"txt", "eml", "cer", "crt", "p7s", "asc", "jpg", "csv", "ics" };
	struct conf c;
	char padded[16384], word[64];
	size_t i;

	(void)unused;
	conf_init(&c);
	snprintf(padded, sizeof(padded), " %s ", c.block_extensions);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(word, sizeof(word), " %s ", bad[i]);
		assert_non_null(strstr(padded, word));
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(word, sizeof(word), " %s ", good[i]);
		assert_null(strstr(padded, word));
	}
	conf_free(&c);
}

/* What conf_each prints, conf_set takes, with and without the section. */
static void
test_round_trip(void **unused)
{
	struct conf a, b;
	struct listing l;
	size_t i;

	(void)unused;
	conf_init(&a);
	set(&a, "notice=one \\\\n\\n\\n  two\\n");
	set(&a, "infected=reject");
	set(&a, "header=off");
	set(&a, "line_limit=1025");
	set(&a, "inspect_timeout=61");
	set(&a, "memory_limit=0");
	set(&a, "deny_names=*.one, a?[b-c]*");
	set(&a, "log=file:/var/log/x=y");
	assert_string_equal(a.notice, "one \\n\n\n  two\n");
	assert_string_equal(a.deny_names, "*.one a?[b-c]*");
	assert_string_equal(a.log, "file:/var/log/x=y");
	list(&l, &a);
	conf_init(&b);
	for (i = 0; i < l.n; i++)
		set(&b, l.text[i]);
	assert_same(&a, &b);
	conf_free(&b);
	conf_init(&b);
	for (i = 0; i < l.n; i++)
		set(&b, strchr(l.text[i], '.') + 1);
	assert_same(&a, &b);
	list_free(&l);
	conf_free(&a);
	conf_free(&b);
}

static void
test_values(void **unused)
{
	struct conf c;

	(void)unused;
	conf_init(&c);
	set(&c, "message_size_limit=3k");
	assert_int_equal(c.message_size_limit, 3 << 10);
	set(&c, "message_size_limit=2G");
	assert_int_equal(c.message_size_limit, 2ull << 30);
	set(&c, "connect_timeout=2m");
	assert_int_equal(c.connect_timeout, 120);
	set(&c, "connect_timeout=1H");
	assert_int_equal(c.connect_timeout, 3600);
	set(&c, "connect_timeout=1d");
	assert_int_equal(c.connect_timeout, 86400);
	set(&c, "connect_timeout=7s");
	assert_int_equal(c.connect_timeout, 7);
	set(&c, "smtp.line_limit=512");
	set(&c, "line_limit=65536");
	set(&c, "  quarantine =  ALL ");
	assert_int_equal(c.quarantine, KEEP_ALL);
	set(&c, "header=False");
	assert_false(c.header);
	set(&c, "header=on");
	assert_true(c.header);
	set(&c, "block_extensions= .EXE,,Com ,  .js\tps1 ");
	assert_string_equal(c.block_extensions, "exe com js ps1");
	set(&c, "block_extensions=");
	assert_string_equal(c.block_extensions, "");
	set(&c, "error=wrap");
	assert_int_equal(c.action[CLASS_ERROR], ACTION_WRAP);
	set(&c, "limit=discard");
	assert_int_equal(c.action[CLASS_LIMIT], ACTION_DISCARD);
	set(&c, "syslog_facility=local3");
	assert_int_equal(c.syslog_facility, LOG_LOCAL3);
	set(&c, "log_level=debug");
	assert_int_equal(c.log_level, LOG_DEBUG);
	set(&c, "database=/tmp/a=b");
	assert_string_equal(c.database, "/tmp/a=b");
	set(&c, "notice=a real\nline end");
	assert_string_equal(c.notice, "a real\nline end");
	set(&c, "notice=Ein Anhang wurde gel\xc3\xb6scht.\n\xe9\x99\x84\xe4\xbb\xb6");
	assert_string_equal(c.notice,
	    "Ein Anhang wurde gel\xc3\xb6scht.\n\xe9\x99\x84\xe4\xbb\xb6");
	set(&c, "contact=helpdesk@example.org");
	assert_string_equal(c.contact, "helpdesk@example.org");
	conf_free(&c);
}

#define ACTIONS "expected pass, tag, defang, remove, reject, discard or tempfail"
#define TIMES "expected a time like 90s, 5m, 1h or 1d, from 1s to 1d"
#define NOTICES \
	"expected printable UTF-8 text of at most 8192 bytes in lines of at most 900, " \
	"\\n for a line ending and \\\\ for a backslash"

static void
test_bad_values(void **unused)
{
	(void)unused;
	refuse("quarantine=often",
	    "bad value \"often\" for quarantine: expected off, changed or all");
	refuse("quarantine=", "bad value \"\" for quarantine: expected off, changed or all");
	refuse("infected=wrap", "bad value \"wrap\" for infected: " ACTIONS);
	refuse("limit=destroy", "bad value \"destroy\" for limit: " ACTIONS);
	refuse("error=pass", "bad value \"pass\" for error: expected tempfail, reject or wrap");
	refuse("header=maybe", "bad value \"maybe\" for header: expected yes or no");
	refuse("bare_newline=keep",
	    "bad value \"keep\" for bare_newline: expected normalise or reject");
	refuse("log_level=loud",
	    "bad value \"loud\" for log_level: expected err, warning, notice, info or debug");
	refuse("log=file:relative",
	    "bad value \"file:relative\" for log: expected syslog, stderr or file:/path");
	refuse("log=", "bad value \"\" for log: expected syslog, stderr or file:/path");
	refuse("syslog_name=a b",
	    "bad value \"a b\" for syslog_name: expected 1 to 64 letters, digits or any of - _ . "
	    "/");
	refuse("database=",
	    "bad value \"\" for database: expected 1 to 4000 bytes without control characters");
	refuse("database=/a\nb",
	    "bad value \"/a?b\" for database: expected 1 to 4000 bytes without control characters");
	refuse("deny_names=a\x01",
	    "bad value \"a?\" for deny_names: expected 0 to 16384 bytes without control "
	    "characters");
	refuse("block_extensions=exe *.com",
	    "bad value \"exe *.com\" for block_extensions: "
	    "expected extensions like exe or .exe, 16384 bytes at most");
	refuse("block_extensions=tar.gz",
	    "bad value \"tar.gz\" for block_extensions: "
	    "expected extensions like exe or .exe, 16384 bytes at most");
	refuse("block_extensions=exe .",
	    "bad value \"exe .\" for block_extensions: "
	    "expected extensions like exe or .exe, 16384 bytes at most");
	refuse("notice=caf\xe9", "bad value \"caf?\" for notice: " NOTICES);
	refuse("notice=a\\tb", "bad value \"a\\tb\" for notice: " NOTICES);
	refuse("notice=a\\", "bad value \"a\\\" for notice: " NOTICES);
	refuse("notice=a\rb", "bad value \"a?b\" for notice: " NOTICES);
}

static void
test_bad_numbers(void **unused)
{
	(void)unused;
	refuse("line_limit=511",
	    "bad value \"511\" for line_limit: "
	    "expected a size like 512K, 100M or 4G, from 512 to 64K");
	refuse("line_limit=65537",
	    "bad value \"65537\" for line_limit: "
	    "expected a size like 512K, 100M or 4G, from 512 to 64K");
	refuse("scan_depth_limit=0",
	    "bad value \"0\" for scan_depth_limit: expected a number from 1 to 100");
	refuse("scan_depth_limit=1K",
	    "bad value \"1K\" for scan_depth_limit: expected a number from 1 to 100");
	refuse("error_limit=",
	    "bad value \"\" for error_limit: expected a number from 1 to 100000");
	refuse("error_limit=-1",
	    "bad value \"-1\" for error_limit: expected a number from 1 to 100000");
	refuse("error_limit=+1",
	    "bad value \"+1\" for error_limit: expected a number from 1 to 100000");
	refuse("error_limit=0x10",
	    "bad value \"0x10\" for error_limit: expected a number from 1 to 100000");
	refuse("connect_timeout=0", "bad value \"0\" for connect_timeout: " TIMES);
	refuse("connect_timeout=s", "bad value \"s\" for connect_timeout: " TIMES);
	refuse("connect_timeout=5 m", "bad value \"5 m\" for connect_timeout: " TIMES);
	refuse("connect_timeout=5ms", "bad value \"5ms\" for connect_timeout: " TIMES);
	refuse("connect_timeout=2d", "bad value \"2d\" for connect_timeout: " TIMES);
	refuse("connect_timeout=1.5m", "bad value \"1.5m\" for connect_timeout: " TIMES);
	refuse("memory_limit=18446744073709551616",
	    "bad value \"18446744073709551616\" for "
	    "memory_limit: expected a size like 512K, 100M or 4G, from 0 to 1024G");
	/* 2^64: would come out as 0, which is allowed */
	refuse("memory_limit=17179869184G",
	    "bad value \"17179869184G\" for "
	    "memory_limit: expected a size like 512K, 100M or 4G, from 0 to 1024G");
	refuse("memory_limit=99999999999999999G",
	    "bad value \"99999999999999999G\" for "
	    "memory_limit: expected a size like 512K, 100M or 4G, from 0 to 1024G");
}

static void
test_too_long(void **unused)
{
	char *value, err[512];
	struct conf c;
	size_t i;

	(void)unused;
	assert_non_null(value = malloc(20000));
	conf_init(&c);
	strcpy(value, "notice=");
	for (i = 7; i < 7 + 901; i++)
		value[i] = 'x';
	value[i] = '\0';
	assert_false(conf_set(&c, value, err, sizeof(err)));
	assert_string_equal(err,
	    "bad value \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxx...\" for notice: " NOTICES);
	value[i - 1] = '\0';
	set(&c, value);
	strcpy(value, "quarantine_dir=");
	for (i = 15; i < 15 + 4001; i++)
		value[i] = '/';
	value[i] = '\0';
	assert_false(conf_set(&c, value, err, sizeof(err)));
	value[i - 1] = '\0';
	set(&c, value);
	conf_free(&c);
	free(value);
}

static void
test_bad_keys(void **unused)
{
	(void)unused;
	refuse("quarantin=all", "unknown key \"quarantin\"");
	refuse("quarantine", "\"quarantine\" is not a setting: expected key=value");
	refuse("", "\"\" is not a setting: expected key=value");
	refuse("=all", "unknown key \"\"");
	refuse("Quarantine=all", "unknown key \"Quarantine\"");
	refuse("scan.quarantine=all", "quarantine belongs to section [quarantine]");
	refuse("nonsense.quarantine=all", "quarantine belongs to section [quarantine]");
	refuse(".quarantine=all", "quarantine belongs to section [quarantine]");
	refuse("a\x1b[2J=all", "unknown key \"a?[2J\"");
}

static void
test_file(void **unused)
{
	struct conf c;

	(void)unused;
	conf_init(&c);
	read_text(&c, "", NULL);
	read_text(&c,
	    "\xef\xbb\xbf"
	    "log = stderr\r\n"
	    "\r\n"
	    "[quarantine] ; a remark\n"
	    "quarantine = all ; so that nothing is lost\n"
	    "# nothing\n"
	    "; nothing either\n"
	    "[names]\n"
	    "deny_names=a b\n"
	    "  c;d, ; and so on\n"
	    "\n"
	    "\te\n"
	    "   # a remark in between\n"
	    "\tf\n"
	    "block_extensions =\n"
	    "  exe\n"
	    "  .com\n"
	    "[marks]\n"
	    "notice = one\\n\n"
	    "   two\n"
	    "\tthree\n"
	    "[scan]\n"
	    "  database: /x\n"
	    "[names]\n"
	    "  allow_names = x",
	    NULL);
	assert_string_equal(c.log, "stderr");
	assert_int_equal(c.quarantine, KEEP_ALL);
	assert_string_equal(c.deny_names, "a b c;d e f");
	assert_string_equal(c.block_extensions, "exe com");
	assert_string_equal(c.notice, "one\n\ntwo\nthree");
	assert_string_equal(c.database, "/x");
	assert_string_equal(c.allow_names, "x");
	/* a second file replaces what the first one said */
	read_text(&c, "[names]\ndeny_names = z\n", NULL);
	assert_string_equal(c.deny_names, "z");
	conf_free(&c);
}

static void
test_bad_files(void **unused)
{
	(void)unused;
	refuse_text("\n\n[quarantine]\nquarantine = often\n",
	    "4: bad value \"often\" for quarantine: expected off, changed or all");
	refuse_text("[log]\nlogg = syslog\n", "2: unknown key \"logg\"");
	refuse_text("[logs]\nlog = syslog\n", "2: unknown section [logs]");
	refuse_text("[scan]\nlog = syslog\n", "2: log belongs to section [log], not to [scan]");
	refuse_text("log = syslog\nlog = stderr\n", "2: log given twice");
	refuse_text("deny_names = a\nallow_names = b\ndeny_names = c\n",
	    "3: deny_names given twice");
	refuse_text("[names]\ndeny_names = a\n[names]\n  deny_names = c\n",
	    "4: deny_names given twice");
	refuse_text("[log]\nlog = syslog\n  log_level = debug\n",
	    "3: a line that begins with whitespace continues the setting before it, and log "
	    "takes one line only");
	refuse_text("[names]\nblock_extensions = exe\n  [scan]\n",
	    "3: bad value \"[scan]\" for block_extensions: expected extensions like exe or .exe, "
	    "16384 bytes at most");
	refuse_text("[log]\nrubbish\n", "2: neither \"key = value\" nor \"[section]\"");
	refuse_text("[log\nlog = syslog\n", "1: neither \"key = value\" nor \"[section]\"");
	/* the first fault is the one to hear of, whoever notices it */
	refuse_text("rubbish\nlog = never\n", "1: neither \"key = value\" nor \"[section]\"");
	refuse_text("log = never\nrubbish\n",
	    "1: bad value \"never\" for log: expected syslog, stderr or file:/path");
	refuse_text("log = never\nlog_level = loud\n",
	    "1: bad value \"never\" for log: expected syslog, stderr or file:/path");
	refuse_text("= x\n", "1: unknown key \"\"");
}

static void
test_nul_and_long_lines(void **unused)
{
	static const char nul[] = "log = syslog\nlog_level\0 = debug\n";
	struct conf c;
	char line[512];

	(void)unused;
	conf_init(&c);
	read_bytes(&c, nul, sizeof(nul) - 1, "2: a NUL byte");
	read_bytes(&c, "\0", 1, "1: a NUL byte");
	memset(line, 'x', sizeof(line));
	memcpy(line, "# ", 2);
	line[198] = '\n';
	read_bytes(&c, line, 199, NULL);
	read_bytes(&c, line, 198, NULL);
	line[198] = 'x';
	line[199] = '\n';
	read_bytes(&c, line, 200,
	    "1: a line of more than 198 bytes (a value may continue in a further "
	    "line that begins with whitespace)");
	read_bytes(&c, line, 199,
	    "1: a line of more than 198 bytes (a value may continue in a further "
	    "line that begins with whitespace)");
	/* what comes behind must not be read as a line of its own */
	memset(line, ' ', sizeof(line));
	memcpy(line, "log = syslog", 12);
	memcpy(line + 400, "log_level = debug\n", 18);
	read_bytes(&c, line, 418,
	    "1: a line of more than 198 bytes (a value may continue in a further "
	    "line that begins with whitespace)");
	assert_int_equal(c.log_level, LOG_INFO);
	conf_free(&c);
}

static void
test_unusable_files(void **unused)
{
	struct conf c;
	char err[256];

	(void)unused;
	conf_init(&c);
	assert_false(conf_file_read(&c, "/nonexistent/x.conf", err, sizeof(err)));
	assert_string_equal(err, "/nonexistent/x.conf: No such file or directory");
	assert_false(conf_file_read(&c, "/tmp", err, sizeof(err)));
	assert_string_equal(err, "/tmp: Is a directory");
	write_file("log = stderr\n", 13);
	assert_int_equal(chmod(file_path, 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_false(conf_file_read(&c, file_path, err, sizeof(err)));
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_non_null(strstr(err, ": Permission denied"));
	assert_string_equal(c.log, "syslog");
	assert_int_equal(chmod(file_path, 0600), 0);
	conf_free(&c);
}

/* As "make install" does it, where DATADIR is another one than the usual. */
static char *
placed(char *text)
{
	static const char usual[] = "/usr/local/share/spawnscan";
	char *at = strstr(text, usual), *result;

	if (at == NULL)
		return text;
	assert_true(asprintf(&result, "%.*s%s%s", (int)(at - text), text, DATADIR,
			at + sizeof(usual) - 1) != -1);
	free(text);
	return result;
}

/* Takes the "#" away where the example file says that it may be taken away. */
static char *
uncomment(const char *path)
{
	FILE *fp = fopen(path, "r");
	char *text = NULL, line[512], *from;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (fp == NULL)
		fail_msg("%s can't be read: set SPAWNSCAN_SRC to the source directory", path);
	assert_non_null(out);
	while (fgets(line, sizeof(line), fp) != NULL) {
		from = line;
		if (line[0] == '#' && strchr(" #\n", line[1]) == NULL)
			from++;
		fputs(from, out);
	}
	fclose(fp);
	fclose(out);
	return placed(text);
}

static void
test_example(void **unused)
{
	const char *src = getenv("SPAWNSCAN_SRC");
	char path[4096], err[512] = "", *text, expected[256];
	struct conf defaults, c;
	struct listing l;
	size_t i;

	(void)unused;
	snprintf(path, sizeof(path), "%s/spawnscan.conf.example", src != NULL ? src : ".");
	conf_init(&defaults);

	/* as it is: nothing but sections and remarks */
	conf_init(&c);
	if (!conf_file_read(&c, path, err, sizeof(err)))
		fail_msg("%s", err);
	assert_same(&c, &defaults);
	conf_free(&c);

	/*
	 * Uncommented it must set each key to its default. Start from other
	 * values, so that a default which is merely missing would show.
	 */
	text = uncomment(path);
	conf_init(&c);
	set(&c, "block_extensions=zip");
	set(&c, "notice=other");
	set(&c, "deny_names=other");
	read_text(&c, text, NULL);
	assert_same(&c, &defaults);
	list(&l, &defaults);
	for (i = 0; i < l.n; i++) {
		*strchr(l.text[i], '=') = '\0';
		snprintf(expected, sizeof(expected), "\n%s =", strchr(l.text[i], '.') + 1);
		if (strstr(text, expected) == NULL)
			fail_msg("%s is missing in the example", l.text[i]);
	}
	assert_true(l.n >= 56);
	list_free(&l);
	free(text);
	conf_free(&c);
	conf_free(&defaults);
}

static int
make_file(void **unused)
{
	int fd = mkstemp(file_path);

	(void)unused;
	return fd == -1 ? -1 : close(fd);
}

static int
remove_file(void **unused)
{
	(void)unused;
	return unlink(file_path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_default_extensions),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_nul_and_long_lines),
		cmocka_unit_test(test_unusable_files),
		cmocka_unit_test(test_example),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}

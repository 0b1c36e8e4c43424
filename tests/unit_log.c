/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_log.c - where records go, and that nothing in them can pass for
 * another record. Each case runs in a child with descriptors of its own;
 * cmocka's own output stays out of it.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

static char dir[] = "/tmp/unit_log.XXXXXX";
static char log_path[128], log_target[160];
static char text[65536]; /* what was read last */

static size_t
slurp(int fd)
{
	ssize_t n;
	size_t len = 0;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
	return len;
}

static size_t
slurp_log(void)
{
	return slurp(open(log_path, O_RDONLY));
}

/* Runs fn in a child whose 0, 1, 2 are the given ones (-1: closed); true if fn was. */
static bool
in_child(bool (*fn)(void), int in, int out, int err)
{
	int status, moved[3], i;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		moved[0] = in == -1 ? -1 : fcntl(in, F_DUPFD, 100);
		moved[1] = out == -1 ? -1 : fcntl(out, F_DUPFD, 100);
		moved[2] = err == -1 ? -1 : fcntl(err, F_DUPFD, 100);
		for (i = 0; i < 3; i++) {
			close(i);
			if (moved[i] != -1)
				dup2(moved[i], i);
		}
		_exit(fn() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == 0;
}

static bool
stderr_usable(void)
{
	log_init("t");
	return log_stderr_usable();
}

static void
test_stderr(void **unused)
{
	int sv[2], null = open("/dev/null", O_RDWR), p[2];

	(void)unused;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(pipe(p), 0);
	assert_false(in_child(stderr_usable, sv[0], sv[0], sv[0])); /* spawn(8) */
	assert_false(in_child(stderr_usable, sv[0], null, sv[0]));
	assert_false(in_child(stderr_usable, null, sv[0], sv[0]));
	assert_false(in_child(stderr_usable, null, p[1], p[1])); /* 2>&1 */
	assert_false(in_child(stderr_usable, null, null, -1));
	assert_true(in_child(stderr_usable, sv[0], sv[0], p[1]));
	assert_true(in_child(stderr_usable, null, sv[0], p[1]));
	assert_true(in_child(stderr_usable, -1, -1, p[1]));
	close(sv[0]);
	close(sv[1]);
	close(null);
	close(p[0]);
	close(p[1]);
}

static bool
terminal_usable(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (master == -1 || grantpt(master) != 0 || unlockpt(master) != 0 ||
	    (slave = open(ptsname(master), O_RDWR | O_NOCTTY)) == -1)
		return false;
	dup2(slave, 0);
	dup2(slave, 1);
	dup2(slave, 2);
	return stderr_usable();
}

static void
test_terminal(void **unused)
{
	(void)unused;
	assert_true(in_child(terminal_usable, 0, 1, 2));
}

/* With the SMTP socket on 2 not a byte may go there, whatever is configured. */
static bool
write_everywhere(void)
{
	char err[256];

	log_init("t");
	log_write(LOG_ERR, "before");
	if (!log_open("stderr", "unit_log", LOG_LOCAL7, LOG_DEBUG, true, err, sizeof(err)))
		return false;
	log_write(LOG_ERR, "stderr asked for");
	if (!log_open(log_target, "unit_log", LOG_LOCAL7, LOG_DEBUG, true, err, sizeof(err)))
		return false;
	log_write(LOG_ERR, "to the file");
	return true;
}

static void
test_silent_socket(void **unused)
{
	int sv[2];

	(void)unused;
	unlink(log_path);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_true(in_child(write_everywhere, sv[0], sv[0], sv[0]));
	close(sv[0]);
	assert_int_equal(slurp(sv[1]), 0);
	slurp_log();
	assert_non_null(strstr(text, "unit_log["));
	assert_non_null(strstr(text, "]: to the file\n"));
	assert_null(strstr(text, "asked for"));
}

static void
test_stderr_and_file(void **unused)
{
	int p[2], null = open("/dev/null", O_RDWR);

	(void)unused;
	unlink(log_path);
	assert_int_equal(pipe(p), 0);
	assert_true(in_child(write_everywhere, null, null, p[1]));
	close(null);
	close(p[1]);
	slurp(p[0]);
	assert_string_equal(text, "t: before\nunit_log: stderr asked for\nunit_log: to the file\n");
}

/* 0 to 2 are free: the log file must not become one of them. */
static bool
keeps_off_low_descriptors(void)
{
	char err[256];
	int i;

	/* Whoever started the test may have left it 3. */
	closefrom(3);
	log_init("t");
	if (!log_open(log_target, "t", LOG_MAIL, LOG_INFO, false, err, sizeof(err)))
		return false;
	log_write(LOG_INFO, "here");
	for (i = 0; i < 3; i++)
		if (fcntl(i, F_GETFD) != -1)
			return false;
	return (fcntl(3, F_GETFD) & FD_CLOEXEC) != 0;
}

static void
test_low_descriptors(void **unused)
{
	(void)unused;
	unlink(log_path);
	assert_true(in_child(keeps_off_low_descriptors, -1, -1, -1));
	slurp_log();
	assert_non_null(strstr(text, ": here\n"));
}

static void
make_log_under_umask(mode_t mask)
{
	struct stat st;
	char err[256];
	mode_t old = umask(mask);

	unlink(log_path);
	assert_true(log_open(log_target, "unit_log", LOG_MAIL, LOG_NOTICE, false, err,
	    sizeof(err)));
	assert_int_equal(stat(log_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(umask(old), mask);
}

static void
test_file(void **unused)
{
	char prefix[128], month[8], host[300];
	int day, h, m, s, pid;

	(void)unused;
	make_log_under_umask(077);
	make_log_under_umask(0);
	errno = EBADMSG;
	log_write(LOG_NOTICE, "one %d", 1);
	assert_int_equal(errno, EBADMSG);
	log_write(LOG_INFO, "too small to matter");
	log_write(LOG_ERR, "two");
	slurp_log();
	assert_null(strstr(text, "matter"));
	assert_non_null(strstr(text, "]: one 1\n"));
	assert_non_null(strstr(text, "]: two\n"));
	assert_int_equal(sscanf(text, "%7s %d %d:%d:%d %299s unit_log[%d]: %127s", month, &day, &h,
			     &m, &s, host, &pid, prefix),
	    8);
	assert_int_equal(pid, getpid());
	assert_null(strchr(host, '.'));
	assert_string_equal(prefix, "one");
}

static void
test_file_fails(void **unused)
{
	char err[256];

	(void)unused;
	assert_false(log_open("file:/nonexistent/x", "t", LOG_MAIL, LOG_INFO, false, err,
	    sizeof(err)));
	assert_string_equal(err, "log file /nonexistent/x: No such file or directory");
	assert_false(log_open("file:/tmp", "t", LOG_MAIL, LOG_INFO, false, err, sizeof(err)));
	assert_string_equal(err, "log file /tmp: Is a directory");
	/* a log on a full device must not stop anything */
	assert_true(log_open("file:/dev/full", "t", LOG_LOCAL7, LOG_INFO, false, err, sizeof(err)));
	log_write(LOG_INFO, "lost");
}

/* The part of the only record in the file that comes after the prefix. */
static const char *
record(void)
{
	char *start;

	slurp_log();
	start = strstr(text, "]: ");
	assert_non_null(start);
	return start + 3;
}

static void
open_fresh(void)
{
	char err[256];

	unlink(log_path);
	assert_true(log_open(log_target, "t", LOG_MAIL, LOG_INFO, false, err, sizeof(err)));
}

static void
test_hostile(void **unused)
{
	static char evil[] = "a\nNov 21 host postfix[1]: forged\r\x1b[2J\x7f\xff\t";
	char all[256];
	size_t i;

	(void)unused;
	open_fresh();
	log_write(LOG_INFO, "%s", evil);
	assert_string_equal(record(),
	    "a\\012Nov 21 host postfix[1]: forged\\015\\033[2J\\177\\377\\011\n");
	open_fresh();
	for (i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	log_write(LOG_INFO, "%s", all);
	for (i = 0; text[i] != '\0'; i++)
		assert_true((text[i] >= ' ' && text[i] <= '~') || text[i] == '\n');
}

static void
test_long(void **unused)
{
	static char big[3 * LOG_LINE_MAX];
	const char *got;

	(void)unused;
	memset(big, 'x', sizeof(big) - 1);
	open_fresh();
	log_write(LOG_INFO, "%s", big);
	got = record();
	assert_int_equal(strlen(got), LOG_LINE_MAX + 1);
	assert_int_equal(got[LOG_LINE_MAX], '\n');
	/* an escape is not cut in two */
	memset(big, '\1', sizeof(big) - 1);
	big[0] = 'y';
	open_fresh();
	log_write(LOG_INFO, "%s", big);
	got = record();
	assert_int_equal(strlen(got) % 4, 2);
	assert_true(strlen(got) <= LOG_LINE_MAX + 1);
}

static void
test_record(void **unused)
{
	struct log_record r;

	(void)unused;
	log_record_start(&r, "message");
	log_record_str(&r, "from", "a@b.example");
	log_record_str(&r, "empty", "");
	log_record_str(&r, "blank", "a b");
	log_record_str(&r, "quote", "a\"b\\c");
	log_record_str(&r, "hostile", "x to=forged\n\xe9");
	log_record_num(&r, "size", 18446744073709551615ull);
	assert_string_equal(r.text,
	    "event=message from=a@b.example empty=\"\" blank=\"a b\" "
	    "quote=\"a\\\"b\\\\c\" hostile=\"x to=forged\\012\\351\" size=18446744073709551615");
	assert_int_equal(r.len, strlen(r.text));
	open_fresh();
	log_record_write(&r, LOG_INFO);
	assert_int_equal(strncmp(record(), r.text, r.len), 0);
}

/* Values of every length, plain and not: a pair is there or not, never half. */
static void
test_record_cut(void **unused)
{
	struct log_record r;
	char value[2 * LOG_LINE_MAX];
	size_t len, size;
	int kind;

	(void)unused;
	for (kind = 0; kind < 3; kind++)
		for (len = 1; len < sizeof(value) - 1; len++) {
			memset(value, "x\"\n"[kind], len);
			value[len] = '\0';
			log_record_start(&r, "e");
			log_record_str(&r, "k", value);
			size = strlen(r.text);
			assert_int_equal(r.len, size);
			assert_true(size < sizeof(r.text));
			if (size > strlen("event=e"))
				assert_int_equal(size,
				    strlen("event=e k=") +
					(kind == 0 ? len : 2 + len * (kind == 1 ? 2 : 4)));
			else
				assert_true(len > LOG_LINE_MAX / 4 - 10);
			log_record_str(&r, "last", "z");
			if (size < sizeof(r.text) - 8)
				assert_string_equal(r.text + size, " last=z");
		}
}

static int
setup(void **unused)
{
	(void)unused;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	snprintf(log_target, sizeof(log_target), "file:%s", log_path);
	return 0;
}

static int
teardown(void **unused)
{
	(void)unused;
	unlink(log_path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stderr),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_silent_socket),
		cmocka_unit_test(test_stderr_and_file),
		cmocka_unit_test(test_low_descriptors),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_fails),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_record_cut),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

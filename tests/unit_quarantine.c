/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_quarantine.c - originals are kept whole, durably and out of sight, or
 * not at all.
 */
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "quarantine.h"

static char base[] = "/tmp/unit_quarantine.XXXXXX";
static char dir[400]; /* the quarantine, not there at first */
static char text[1 << 16];
static const struct envelope nobody = { .sender = "", .client = "", .mode = "filter" };

static void
fill(struct message *m, const char *bytes, size_t len)
{
	assert_int_equal(message_create(m, 0), MESSAGE_OK);
	assert_int_equal(message_append(m, bytes, len), MESSAGE_OK);
	assert_int_equal(message_seal(m), MESSAGE_OK);
}

static size_t
slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd == -1)
		fail_msg("%s: %s", path, strerror(errno));
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return (size_t)n;
}

/* Files below the quarantine, hidden ones too. */
static size_t
count_files(const char *path)
{
	char sub[512];
	struct dirent *e;
	struct stat st;
	size_t n = 0;
	DIR *d = opendir(path);

	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		assert_int_equal(lstat(sub, &st), 0);
		n += S_ISDIR(st.st_mode) ? count_files(sub) : 1;
	}
	closedir(d);
	return n;
}

static void
assert_mode(const char *path, mode_t mode)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static const char *
day_path(void)
{
	static char path[512];
	time_t now = time(NULL);
	size_t len;

	snprintf(path, sizeof(path), "%s/", dir);
	len = strlen(path);
	strftime(path + len, sizeof(path) - len, "%m%d", localtime(&now));
	return path;
}

/* Storing is to fail with this sentence (its end), leaving nothing. */
static void
assert_fails(const char *end)
{
	struct quarantine q;
	struct message m;
	struct report r;
	char err[1024] = "";

	fill(&m, "x\n", 2);
	report_init(&r);
	quarantine_reserve(&q, dir, time(NULL));
	assert_false(quarantine_store(&q, &m, &nobody, &r, "", 0, err, sizeof(err)));
	assert_false(q.stored);
	if (strlen(err) < strlen(end) || strcmp(err + strlen(err) - strlen(end), end) != 0)
		fail_msg("\"%s\" does not end in \"%s\"", err, end);
	message_close(&m);
}

static void
test_reserve(void **unused)
{
	struct quarantine a, b, c;
	time_t now = 1700000000;
	char expected[512], day[8];

	(void)unused;
	strftime(day, sizeof(day), "%m%d", localtime(&now));
	quarantine_reserve(&a, dir, now);
	quarantine_reserve(&b, dir, now);
	snprintf(expected, sizeof(expected), "%s/1700000000.%ld.", day, (long)getpid());
	assert_memory_equal(a.reference, expected, strlen(expected));
	assert_memory_equal(b.reference, expected, strlen(expected));
	/* what follows is chance: containers have processes of the same numbers */
	assert_string_not_equal(a.reference, b.reference);
	snprintf(expected, sizeof(expected), "%s/%s", dir, a.reference);
	assert_string_equal(a.path, expected);
	assert_false(a.stored);
	quarantine_reserve(&c, dir, now + 1);
	snprintf(expected, sizeof(expected), "%s/1700000001.%ld.", day, (long)getpid());
	assert_memory_equal(c.reference, expected, strlen(expected));
	assert_int_equal(access(dir, F_OK), -1); /* nothing is written yet */
}

static void
test_store(void **unused)
{
	static const char body[] = "From: a\r\n\r\n\0binary\xff\r\n";
	char rcpt1[] = "b@example", rcpt2[] = "c\n d@\xc3\xa9", err[256] = "", meta[4200];
	char *rcpts[] = { rcpt1, rcpt2 };
	struct envelope e = { .sender = "a@example",
		.recipients = rcpts,
		.n_recipients = 2,
		.client = "host[192.0.2.1] helo",
		.mode = "smtp" };
	struct quarantine q;
	struct message m;
	struct report r;
	mode_t old = umask(0);
	const char *at;

	(void)unused;
	fill(&m, body, sizeof(body) - 1);
	report_init(&r);
	r.scanner = strdup("ClamAV 1.2/3");
	report_add_finding(&r, CLASS_INFECTED, ACTION_REMOVE, "1.2", "Eicar", "a \"b\".exe");
	report_add_finding(&r, CLASS_BLOCKED, ACTION_DEFANG, "1.2", "extension .exe", "");
	quarantine_reserve(&q, dir, time(NULL));
	if (!quarantine_store(&q, &m, &e, &r, "", 0, err, sizeof(err)))
		fail_msg("%s", err);
	umask(old);
	assert_true(q.stored);
	assert_int_equal(slurp(q.path), sizeof(body) - 1);
	assert_memory_equal(text, body, sizeof(body) - 1);
	snprintf(meta, sizeof(meta), "%s.meta", q.path);
	assert_mode(q.path, 0600);
	assert_mode(meta, 0600);
	assert_mode(dir, 0700);
	assert_mode(day_path(), 0700);
	assert_int_equal(count_files(dir), 2);

	assert_true(quarantine_note_reply(&q, "250 2.0.0 Ok: queued as 1\r\nX: y", err,
	    sizeof(err)));
	assert_mode(meta, 0600);
	slurp(meta);
	assert_int_equal(strncmp(text, "Reference: ", 11), 0);
	assert_non_null(strstr(text, q.reference));
	assert_non_null(at = strstr(text, "\nMode: "));
	/* printf 'From: a\r\n\r\n\0binary\377\r\n' | sha256sum */
	assert_string_equal(at,
	    "\nMode: smtp\n"
	    "Client: host[192.0.2.1] helo\n"
	    "Sender: a@example\n"
	    "Recipient: b@example\n"
	    "Recipient: c\\012 d@\\303\\251\n"
	    "Size: 21\n"
	    "SHA-256: 1b148a5d50f1994c9ce2b666e93aad35da5d7c4d7bd322dda9468211faba4477\n"
	    "Verdict: infected\n"
	    "Action: remove\n"
	    "Scanner: ClamAV 1.2/3\n"
	    "Finding: infected remove \"1.2\" \"Eicar\" \"a \\\"b\\\".exe\"\n"
	    "Finding: blocked defang \"1.2\" \"extension .exe\" \"\"\n"
	    "Reply: 250 2.0.0 Ok: queued as 1\\015\\012X: y\n");

	quarantine_drop(&q);
	assert_false(q.stored);
	assert_int_equal(count_files(dir), 0);
	quarantine_drop(&q);
	report_free(&r);
	message_close(&m);
}

static void
test_empty_and_failed(void **unused)
{
	struct quarantine q;
	struct message m;
	struct report r;
	char err[256] = "", meta[4200];

	(void)unused;
	fill(&m, "", 0);
	report_init(&r);
	r.action = ACTION_REJECT;
	quarantine_reserve(&q, dir, time(NULL));
	assert_true(quarantine_store(&q, &m, &nobody, &r, "the inspector\ndied", 0, err,
	    sizeof(err)));
	assert_int_equal(slurp(q.path), 0);
	snprintf(meta, sizeof(meta), "%s.meta", q.path);
	slurp(meta);
	assert_non_null(strstr(text,
	    "\nSender: \nSize: 0\nSHA-256: "
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
	    "Verdict: error\nAction: reject\nScanner: \nFailure: the inspector\\012died\n"));
	quarantine_drop(&q);
	message_close(&m);
}

/* The umask of a daemon started by hand must not make the files unusable either. */
static void
test_strict_umask(void **unused)
{
	struct quarantine q;
	struct message m;
	struct report r;
	char err[256] = "", other[300];
	mode_t old = umask(0777);

	(void)unused;
	snprintf(other, sizeof(other), "%s/strict", base);
	fill(&m, "x", 1);
	report_init(&r);
	quarantine_reserve(&q, other, time(NULL));
	if (!quarantine_store(&q, &m, &nobody, &r, "", 0, err, sizeof(err)))
		fail_msg("%s", err);
	umask(old);
	assert_mode(q.path, 0600);
	assert_mode(other, 0700);
	quarantine_drop(&q);
	message_close(&m);
}

/* A leftover has the name: reserve passes it over, and store never overwrites. */
static void
test_name_taken(void **unused)
{
	struct quarantine a, stolen;
	struct message m, other;
	struct report r;
	char err[1024] = "", meta[4200];
	time_t now = time(NULL);

	(void)unused;
	fill(&m, "first\n", 6);
	fill(&other, "second\n", 7);
	report_init(&r);
	quarantine_reserve(&a, dir, now);
	stolen = a;
	assert_true(quarantine_store(&a, &m, &nobody, &r, "", 0, err, sizeof(err)));
	assert_false(quarantine_store(&stolen, &other, &nobody, &r, "", 0, err, sizeof(err)));
	assert_non_null(strstr(err, "File exists"));
	assert_false(stolen.stored);
	assert_int_equal(slurp(a.path), 6);
	assert_string_equal(text, "first\n");
	assert_int_equal(count_files(dir), 2);
	/* only the metadata's name is taken */
	assert_int_equal(unlink(a.path), 0);
	assert_false(quarantine_store(&stolen, &other, &nobody, &r, "", 0, err, sizeof(err)));
	assert_int_equal(count_files(dir), 1);
	snprintf(meta, sizeof(meta), "%s.meta", a.path);
	assert_int_equal(unlink(meta), 0);
	message_close(&m);
	message_close(&other);
}

/* In another container a process of our number is at the same name: its file is none of ours. */
static void
test_same_process(void **unused)
{
	struct quarantine q;
	struct message m;
	struct report r;
	char err[1024] = "", tmp[4300];
	int fd;

	(void)unused;
	fill(&m, "ours\n", 5);
	report_init(&r);
	quarantine_reserve(&q, dir, time(NULL));
	for (int i = 0; i < 2; i++) {
		strlcpy(tmp, q.path, sizeof(tmp));
		mkdir(dir, 0700);
		*strrchr(tmp, '/') = '\0';
		mkdir(tmp, 0700);
		snprintf(strchr(tmp, '\0'), 100, "/.%s%s.tmp", strrchr(q.reference, '/') + 1,
		    i == 0 ? "" : ".meta");
		fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert_true(fd != -1 && write(fd, "theirs", 6) == 6 && close(fd) == 0);
		assert_false(quarantine_store(&q, &m, &nobody, &r, "", 0, err, sizeof(err)));
		assert_non_null(strstr(err, "File exists"));
		assert_int_equal(slurp(tmp), 6);
		assert_int_equal(count_files(dir), 1);
		assert_int_equal(unlink(tmp), 0);
	}
	message_close(&m);
}

/* Where others may write there may be anything in our place. */
static void
test_owner(void **unused)
{
	char day[512];

	(void)unused;
	strlcpy(day, day_path(), sizeof(day));
	assert_int_equal(chmod(day, 0720), 0);
	assert_fails("others may write to it (mode 0720)");
	assert_int_equal(chmod(day, 0702), 0);
	assert_fails("others may write to it (mode 0702)");
	assert_int_equal(chmod(day, 0750), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_fails("others may write to it (mode 0777)");
	assert_int_equal(chmod(dir, 0700), 0);
	if (geteuid() != 0) {
		fprintf(stderr, "SKIPPED: only root can give a directory away\n");
		return;
	}
	assert_int_equal(chown(day, 65534, 65534), 0);
	assert_fails("it belongs to user 65534, not to us (user 0)");
	assert_int_equal(chown(day, 0, 0), 0);
	assert_int_equal(chown(dir, 65534, 65534), 0);
	assert_fails("it belongs to user 65534, not to us (user 0)");
	assert_int_equal(chown(dir, 0, 0), 0);
}

static void
test_min_free(void **unused)
{
	struct quarantine q;
	struct message m;
	struct report r;
	char err[1024] = "";

	(void)unused;
	fill(&m, "ours\n", 5);
	report_init(&r);
	quarantine_reserve(&q, dir, time(NULL));
	assert_false(quarantine_store(&q, &m, &nobody, &r, "", UINT64_MAX, err, sizeof(err)));
	assert_non_null(strstr(err, "No space left on device"));
	assert_int_equal(q.error, ENOSPC);
	assert_int_equal(count_files(dir), 0);
	assert_true(quarantine_store(&q, &m, &nobody, &r, "", 1, err, sizeof(err)));
	quarantine_drop(&q);
	message_close(&m);
}

static void
test_trapped(void **unused)
{
	char elsewhere[300], day[512];

	(void)unused;
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", base);
	assert_int_equal(mkdir(elsewhere, 0777), 0);
	strlcpy(day, day_path(), sizeof(day));
	rmdir(day);
	assert_int_equal(symlink(elsewhere, day), 0);
	assert_fails(": Not a directory");
	assert_int_equal(count_files(elsewhere), 0);
	unlink(day);
	assert_int_equal(close(open(day, O_WRONLY | O_CREAT, 0600)), 0);
	assert_fails(": Not a directory");
	unlink(day);
	rmdir(elsewhere);
}

static void
test_unusable(void **unused)
{
	char saved[sizeof(dir)];
	pid_t pid;
	int status;

	(void)unused;
	strlcpy(saved, dir, sizeof(saved));
	snprintf(dir, sizeof(dir), "%s/missing/too/deep", base);
	assert_fails(": No such file or directory");
	snprintf(dir, sizeof(dir), "/dev/null");
	assert_fails(": Not a directory");
	snprintf(dir, sizeof(dir), "/proc/self");
	assert_fails(": No such file or directory");
	strlcpy(dir, saved, sizeof(dir));

	/* as somebody who may not write there */
	mkdir(day_path(), 0700);
	assert_true((pid = fork()) >= 0);
	if (pid == 0) {
		struct quarantine q;
		struct message m;
		struct report r;
		char err[1024] = "";

		if (getuid() == 0
			? chmod(base, 0755) == -1 || chmod(dir, 0755) == -1 || setuid(65534) == -1
			: chmod(dir, 0500) == -1 || chmod(day_path(), 0500) == -1)
			_exit(2);
		message_create(&m, 0);
		message_seal(&m);
		report_init(&r);
		quarantine_reserve(&q, dir, time(NULL));
		if (quarantine_store(&q, &m, &nobody, &r, "", 0, err, sizeof(err)))
			_exit(3);
		_exit(strstr(err, ": Permission denied") != NULL ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	chmod(dir, 0700);
	chmod(day_path(), 0700);
}

/* A full disk at any point: nothing stays, and the next small one fits again. */
static void
test_disk_full(void **unused)
{
	char mount_point[300], saved[sizeof(dir)], options[64], err[1024], *big;
	struct quarantine q;
	struct message m;
	struct report r;
	size_t size, fitted = 0, refused = 0;

	(void)unused;
	snprintf(mount_point, sizeof(mount_point), "%s/small", base);
	assert_int_equal(mkdir(mount_point, 0700), 0);
	snprintf(options, sizeof(options), "size=64k,mode=700");
	/* in a namespace of our own, so that a crash leaves no mount behind */
	if (unshare(CLONE_NEWNS) == -1 || mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", mount_point, "tmpfs", 0, options) == -1) {
		print_message("SKIPPED: a full disk can't be tried: mount: %s\n", strerror(errno));
		rmdir(mount_point);
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	strlcpy(saved, dir, sizeof(saved));
	snprintf(dir, sizeof(dir), "%s/q", mount_point);
	assert_non_null(big = calloc(1, 80 << 10));
	for (size = 40 << 10; size <= 80 << 10; size += 1 << 10) {
		fill(&m, big, size);
		report_init(&r);
		quarantine_reserve(&q, dir, time(NULL));
		if (quarantine_store(&q, &m, &nobody, &r, "", 0, err, sizeof(err))) {
			assert_int_equal(count_files(dir), 2);
			fitted++;
		} else {
			assert_non_null(strstr(err, ": No space left on device"));
			refused++;
		}
		quarantine_drop(&q);
		assert_int_equal(count_files(dir), 0);
		message_close(&m);
	}
	/* a reply that finds no room is an error, no more */
	fill(&m, "x", 1);
	report_init(&r);
	quarantine_reserve(&q, dir, time(NULL));
	assert_true(quarantine_store(&q, &m, &nobody, &r, "", 0, err, sizeof(err)));
	memset(big, 'x', (80 << 10) - 1);
	assert_false(quarantine_note_reply(&q, big, err, sizeof(err)));
	assert_non_null(strstr(err, ": No space left on device"));
	quarantine_drop(&q);
	message_close(&m);
	free(big);
	assert_int_equal(umount(mount_point), 0);
	rmdir(mount_point);
	strlcpy(dir, saved, sizeof(dir));
	assert_true(fitted > 0);
	assert_true(refused > 0);
}

static void
test_note_without_file(void **unused)
{
	struct quarantine q = { .path = "" };
	char err[1024];

	(void)unused;
	assert_false(quarantine_note_reply(&q, "250 ok", err, sizeof(err)));
	assert_string_equal(err, "quarantine: no place was reserved");
	quarantine_reserve(&q, dir, time(NULL));
	assert_false(quarantine_note_reply(&q, "250 ok", err, sizeof(err)));
	assert_non_null(strstr(err, "No such file or directory"));
}

static int
setup(void **unused)
{
	(void)unused;
	if (mkdtemp(base) == NULL)
		return -1;
	snprintf(dir, sizeof(dir), "%s/quarantine", base);
	return 0;
}

static int
teardown(void **unused)
{
	char command[300];

	(void)unused;
	snprintf(command, sizeof(command), "%s/small", base);
	umount2(command, MNT_DETACH);
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_store),
		cmocka_unit_test(test_empty_and_failed),
		cmocka_unit_test(test_strict_umask),
		cmocka_unit_test(test_name_taken),
		cmocka_unit_test(test_same_process),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_min_free),
		cmocka_unit_test(test_trapped),
		cmocka_unit_test(test_unusable),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_note_without_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

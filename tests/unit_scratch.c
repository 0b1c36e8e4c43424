/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_scratch.c - what an inspector may leave behind, and that all of it goes
 * and nothing else does. Run by root each case is tried as nobody as well,
 * whom file modes stop.
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"

#define NOBODY 65534

static char base[64];

static int
make_base(void **state)
{
	(void)state;
	strcpy(base, "/tmp/unit_scratch.XXXXXX");
	return mkdtemp(base) == NULL ? -1 : 0;
}

static int
make_base_as_nobody(void **state)
{
	return seteuid(NOBODY) == -1 ? -1 : make_base(state);
}

/* rmdir fails if a case left something: then the case is wrong. */
static int
remove_base(void **state)
{
	int code;

	(void)state;
	code = rmdir(base);
	if (code == -1)
		print_error("%s is not empty\n", base);
	return geteuid() != getuid() && seteuid(getuid()) == -1 ? -1 : code;
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A path under base. */
static const char *
under(const char *fmt, ...)
{
	static char path[4][PATH_MAX];
	static int turn;
	char *to = path[turn++ % 4];
	int n = snprintf(to, PATH_MAX, "%s/", base);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(to + n, PATH_MAX - (size_t)n, fmt, ap);
	va_end(ap);
	return to;
}

static void
put_file(const char *dir, const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0400);
	assert_true(fd != -1);
	close(fd);
}

/* The pid of a process that is no more. */
static pid_t
dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static int
count_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			n++;
	return n;
}

static void
put_bytes(const char *dir, const char *name, size_t n)
{
	char path[2 * PATH_MAX + 16];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	for (; n > 0; n--)
		fputc('x', file);
	assert_int_equal(fclose(file), 0);
}

static void
test_used(void **state)
{
	char dir[PATH_MAX], sub[2 * PATH_MAX];
	int before = count_descriptors();

	(void)state;
	assert_true(scratch_used("") == 0);
	assert_true(scratch_used("/nonexistent/directory") == 0);
	assert_true(scratch_make(base, dir, sizeof(dir)));
	assert_true(scratch_used(dir) == 0);
	put_bytes(dir, "one", 100000);
	assert_true(scratch_used(dir) >= 100000 && scratch_used(dir) <= 120000);
	snprintf(sub, sizeof(sub), "%s/sub", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	put_bytes(sub, "two", 200000);
	assert_true(scratch_used(dir) >= 300000 && scratch_used(dir) <= 340000);
	/* A link leads nowhere. */
	snprintf(sub, sizeof(sub), "%s/link", dir);
	assert_int_equal(symlink("/usr", sub), 0);
	assert_true(scratch_used(dir) >= 300000 && scratch_used(dir) <= 340000);
	/* Deeper than anything honest. */
	strlcpy(sub, dir, sizeof(sub));
	for (int i = 0; i < 70; i++) {
		strlcat(sub, "/d", sizeof(sub));
		assert_int_equal(mkdir(sub, 0700), 0);
	}
	assert_true(scratch_used(dir) == UINT64_MAX);
	scratch_remove(dir);
	assert_false(exists(dir));
	assert_int_equal(count_descriptors(), before);
}

static void
test_make(void **state)
{
	char one[PATH_MAX], two[PATH_MAX], start[PATH_MAX];
	struct stat st;
	mode_t old = umask(0);

	(void)state;
	assert_true(scratch_make(base, one, sizeof(one)));
	assert_true(scratch_make(base, two, sizeof(two)));
	umask(old);
	snprintf(start, sizeof(start), "%s/spawnscan-%d-", base, (int)getpid());
	assert_int_equal(strncmp(one, start, strlen(start)), 0);
	assert_int_equal(strlen(one), strlen(start) + 6);
	assert_string_not_equal(one, two);
	assert_int_equal(lstat(one, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	scratch_remove(one);
	assert_false(exists(one));
	assert_true(exists(two));
	scratch_remove(two);
	scratch_remove(two); /* harmless */
}

static void
test_make_fails(void **state)
{
	char path[PATH_MAX], small[16];

	(void)state;
	errno = 0;
	assert_false(scratch_make(under("missing"), path, sizeof(path)));
	assert_int_equal(errno, ENOENT);
	errno = 0;
	assert_false(scratch_make(base, small, sizeof(small)));
	assert_int_equal(errno, ENAMETOOLONG);
	if (geteuid() == 0)
		return;
	assert_int_equal(chmod(base, 0500), 0);
	errno = 0;
	assert_false(scratch_make(base, path, sizeof(path)));
	assert_int_equal(errno, EACCES);
	assert_int_equal(chmod(base, 0700), 0);
}

/* Deeper than there are descriptors, and than PATH_MAX allows in one path. */
static void
test_remove_deep(void **state)
{
	char path[PATH_MAX], name[NAME_MAX + 1];
	struct rlimit old, few = { 32, 0 };
	int fd, next, before;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few.rlim_max = old.rlim_max;
	memset(name, 'd', sizeof(name));
	name[200] = '\0';
	assert_true(scratch_make(base, path, sizeof(path)));
	fd = open(path, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(mkdirat(fd, name, 0700), 0);
		next = openat(fd, "file", O_WRONLY | O_CREAT, 0);
		assert_true(next != -1);
		close(next);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY);
		assert_true(next != -1);
		if (i > 0)
			assert_int_equal(fchmod(fd, 0), 0);
		close(fd);
		fd = next;
	}
	close(fd);
	before = count_descriptors();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	scratch_remove(path);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_false(exists(path));
	assert_int_equal(count_descriptors(), before);
}

static void
test_remove_wide(void **state)
{
	char path[PATH_MAX], sub[PATH_MAX], name[32];

	(void)state;
	assert_true(scratch_make(base, path, sizeof(path)));
	for (int d = 0; d < 40; d++) {
		snprintf(sub, sizeof(sub), "%.200s/%d", path, d);
		assert_int_equal(mkdir(sub, 0700), 0);
		for (int f = 0; f < 50; f++) {
			snprintf(name, sizeof(name), "%d", f);
			put_file(sub, name);
		}
		assert_int_equal(chmod(sub, d % 2 == 0 ? 0 : 0500), 0);
	}
	snprintf(sub, sizeof(sub), "%.200s/fifo", path);
	assert_int_equal(mkfifo(sub, 0600), 0);
	assert_int_equal(chmod(path, 0), 0);
	scratch_remove(path);
	assert_false(exists(path));
}

/* Links out of it, and itself become a link. */
static void
test_links(void **state)
{
	char path[PATH_MAX], link[PATH_MAX], sub[PATH_MAX], outside[PATH_MAX];
	struct stat st;

	(void)state;
	strlcpy(outside, under("outside"), sizeof(outside));
	assert_int_equal(mkdir(outside, 0500), 0);
	assert_int_equal(chmod(outside, 0700), 0);
	put_file(outside, "kept");
	assert_int_equal(chmod(outside, 0500), 0);
	assert_true(scratch_make(base, path, sizeof(path)));
	snprintf(sub, sizeof(sub), "%.200s/sub", path);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(link, sizeof(link), "%.200s/link", path);
	assert_int_equal(symlink(outside, link), 0);
	snprintf(link, sizeof(link), "%.200s/sub/link", path);
	assert_int_equal(symlink(outside, link), 0);
	snprintf(link, sizeof(link), "%.200s/sub/self", path);
	assert_int_equal(symlink("..", link), 0);
	scratch_remove(path);
	assert_false(exists(path));

	assert_int_equal(symlink(outside, path), 0);
	scratch_remove(path);
	assert_true(exists(path));
	assert_int_equal(unlink(path), 0);

	assert_int_equal(lstat(outside, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0500);
	snprintf(link, sizeof(link), "%.200s/kept", outside);
	assert_true(exists(link));
	assert_int_equal(chmod(outside, 0700), 0);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(outside), 0);
}

/* Names that scratch_make does not give are left alone by both ways. */
static void
test_foreign_names(void **state)
{
	static const char *const names[] = { "other", "spawnscan-", "spawnscan-abc-aaaaaa",
		"spawnscan-0-aaaaaa", "spawnscan--1-aaaaaa",
		"spawnscan-99999999999999999999-aaaaaa", "spawnscan-%dx-aaaaaa",
		"spawnscan-%d-aaaaa", "spawnscan-%d-aaaaaaa", "spawnscan-%d.aaaaaa",
		"Spawnscan-%d-aaaaaa" };
	char path[PATH_MAX], name[64];
	pid_t pid = dead_pid();

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *at = strstr(names[i], "%d");

		if (at != NULL)
			snprintf(name, sizeof(name), "%.*s%d%s", (int)(at - names[i]), names[i],
			    (int)pid, at + 2);
		else
			strlcpy(name, names[i], sizeof(name));
		assert_int_equal(mkdir(under("%s", name), 0700), 0);
		scratch_remove(under("%s", name));
		assert_true(exists(under("%s", name)));
		assert_true(scratch_make(base, path, sizeof(path)));
		scratch_remove(path);
		assert_true(exists(under("%s", name)));
		assert_int_equal(rmdir(under("%s", name)), 0);
	}
}

static void
test_sweep(void **state)
{
	char path[PATH_MAX], alive[PATH_MAX], sub[PATH_MAX];
	int go[2], ready[2];
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(ready), 0);
	if ((pid = fork()) == 0) {
		close(go[1]);
		if (!scratch_make(base, path, sizeof(path)))
			_exit(1);
		snprintf(sub, sizeof(sub), "%.200s/sub", path);
		if (mkdir(sub, 0) == -1 || write(ready[1], path, strlen(path) + 1) == -1)
			_exit(1);
		_exit((int)read(go[0], &c, 1)); /* until the parent closes */
	}
	close(go[0]);
	close(ready[1]);
	assert_true(read(ready[0], alive, sizeof(alive)) > 0);

	assert_true(scratch_make(base, path, sizeof(path))); /* its maker lives */
	scratch_remove(path);
	assert_true(exists(alive));

	close(go[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(scratch_make(base, path, sizeof(path))); /* its maker is dead */
	assert_false(exists(alive));
	assert_true(exists(path));
	scratch_remove(path);
	close(ready[0]);
}

/* Only directories, and only our own. */
static void
test_sweep_spares(void **state)
{
	char path[PATH_MAX], name[64];

	(void)state;
	snprintf(name, sizeof(name), "spawnscan-%d-aaaaaa", (int)dead_pid());
	put_file(base, name);
	assert_true(scratch_make(base, path, sizeof(path)));
	scratch_remove(path);
	assert_true(exists(under("%s", name)));
	assert_int_equal(unlink(under("%s", name)), 0);

	assert_int_equal(symlink("/tmp", under("%s", name)), 0);
	assert_true(scratch_make(base, path, sizeof(path)));
	scratch_remove(path);
	assert_true(exists(under("%s", name)));
	assert_int_equal(unlink(under("%s", name)), 0);

	if (geteuid() != 0)
		return;
	assert_int_equal(mkdir(under("%s", name), 0700), 0);
	assert_int_equal(chown(under("%s", name), NOBODY, NOBODY), 0);
	assert_true(scratch_make(base, path, sizeof(path)));
	scratch_remove(path);
	assert_true(exists(under("%s", name)));
	assert_int_equal(rmdir(under("%s", name)), 0);
}

static int
count_names(void)
{
	DIR *dir = opendir(base);
	int n = -2;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* A heap of leftovers holds up no message, and is gone after a few. */
static void
test_sweep_bounded(void **state)
{
	char path[PATH_MAX];
	pid_t pid = dead_pid();

	(void)state;
	for (int i = 0; i < 40; i++)
		assert_int_equal(mkdir(under("spawnscan-%d-aaaa%02d", (int)pid, i), 0700), 0);
	for (int left = 24; left > -16; left -= 16) {
		assert_true(scratch_make(base, path, sizeof(path)));
		scratch_remove(path);
		assert_int_equal(count_names(), left > 0 ? left : 0);
	}
}

#define BOTH(fn) \
	cmocka_unit_test_setup_teardown(fn, make_base, remove_base), \
	{ \
#fn "_as_nobody", fn, make_base_as_nobody, remove_base, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_make),
		BOTH(test_used),
		BOTH(test_make_fails),
		BOTH(test_remove_deep),
		BOTH(test_remove_wide),
		BOTH(test_links),
		BOTH(test_foreign_names),
		BOTH(test_sweep),
		BOTH(test_sweep_spares),
		BOTH(test_sweep_bounded),
	};
	const struct CMUnitTest unprivileged[] = {
		cmocka_unit_test_setup_teardown(test_make, make_base, remove_base),
		cmocka_unit_test_setup_teardown(test_used, make_base, remove_base),
		cmocka_unit_test_setup_teardown(test_make_fails, make_base, remove_base),
		cmocka_unit_test_setup_teardown(test_remove_deep, make_base, remove_base),
		cmocka_unit_test_setup_teardown(test_remove_wide, make_base, remove_base),
		cmocka_unit_test_setup_teardown(test_links, make_base, remove_base),
		cmocka_unit_test_setup_teardown(test_foreign_names, make_base, remove_base),
		cmocka_unit_test_setup_teardown(test_sweep, make_base, remove_base),
		cmocka_unit_test_setup_teardown(test_sweep_spares, make_base, remove_base),
		cmocka_unit_test_setup_teardown(test_sweep_bounded, make_base, remove_base),
	};

	if (getuid() == 0)
		return cmocka_run_group_tests(tests, NULL, NULL);
	return cmocka_run_group_tests(unprivileged, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_sandbox.c - behind the walls what is forbidden kills or fails, and
 * scanning works. Each case runs in a child of its own, which shuts itself in
 * and says by its exit status or its death what happened. Run by root, each is
 * tried as nobody as well.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <iconv.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox.h"
#include "scan.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#endif

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

#define NOBODY 65534
#define TESTFILES "/usr/share/clamav-testfiles"
#define TESTFILE_SIGNATURE "aa15bcf478d165efd2065190eb473bcb:544:ClamAV-Test-File\n"
#define TESTFILE_HIT "ClamAV-Test-File.UNOFFICIAL"
#define MAX_CONTENT 1000

/* What a child ends with; fn's own results are small numbers. */
enum { SKIPPED = 77, WALL_FAILED = 78 };

enum walls { FILES, BOTH };

static char root[] = "/tmp/unit_sandbox.XXXXXX";
static char database[64], database_file[80], scratch[64], secret[64], scanner[] = "libclamav",
								      none[] = "";
static struct conf conf;
static uid_t child_uid; /* 0 = stay who we are */
static bool no_landlock, no_seccomp, read_search;
static int hand_over_fd;

/* What the children scan, read before the walls are up. */
static struct content {
	char path[PATH_MAX];
	char *bytes;
	size_t len;
} contents[MAX_CONTENT];
static size_t n_contents;

static void
on_note(void *ctx, const char *sentence)
{
	(void)ctx;
	if (strstr(sentence, "Landlock") != NULL)
		no_landlock = true;
	else if (strstr(sentence, "seccomp") != NULL)
		no_seccomp = true;
	else
		fail_msg("unknown note: %s", sentence);
}

static bool
shut_in(enum walls walls)
{
	char err[512];

	if (!sandbox_files(&conf, scratch, -1, on_note, NULL, err, sizeof(err)) ||
	    !sandbox_limits(&conf, err, sizeof(err)) ||
	    (walls == BOTH && !sandbox_syscalls(&conf, on_note, NULL, err, sizeof(err)))) {
		print_error("sandbox: %s\n", err);
		return false;
	}
	return true;
}

/* Run fn behind walls in a child; its wait status. */
static int
in_child(enum walls walls, int (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		if (child_uid != 0 && setuid(child_uid) == -1)
			_exit(WALL_FAILED);
		_exit(shut_in(walls) ? fn() : WALL_FAILED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
expect_exit(int status, int code)
{
	if (!WIFEXITED(status))
		fail_msg("child died of signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == SKIPPED) {
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	assert_int_equal(WEXITSTATUS(status), code);
}

static void
expect_signal(int status, int signal)
{
	if (!WIFSIGNALED(status))
		fail_msg("child exited with %d", WEXITSTATUS(status));
	assert_int_equal(WTERMSIG(status), signal);
	assert_false(WCOREDUMP(status));
}

/* --- what kernel is this? --- */

static int
look(void)
{
	no_landlock = no_seccomp = false;
	if (!shut_in(BOTH))
		return WALL_FAILED;
	return (no_landlock ? 1 : 0) | (no_seccomp ? 2 : 0);
}

/* Not a case that can fail: finds out which of the others make sense. */
static void
test_kernel(void **state)
{
	int status = in_child(FILES, look);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) < 4);
	no_landlock = (WEXITSTATUS(status) & 1) != 0;
	no_seccomp = (WEXITSTATUS(status) & 2) != 0;
	if (no_landlock)
		print_message("SKIP: no Landlock here, its cases are passed over\n");
	if (no_seccomp)
		print_message("SKIP: no seccomp here, its cases are passed over\n");
}

/* --- privileges and limits --- */

static int
check_privileges(void)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 1;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	return 0;
}

static void
test_privileges(void **state)
{
	(void)state;
	expect_exit(in_child(FILES, check_privileges), 0);
}

static bool
limit_is(int resource, rlim_t value)
{
	struct rlimit l;

	return getrlimit(resource, &l) == 0 && l.rlim_cur == value && l.rlim_max == value;
}

static int
check_limits(void)
{
	if (!limit_is(RLIMIT_CORE, 0))
		return 1;
	if (!limit_is(RLIMIT_CPU, 65))
		return 2;
	if (!limit_is(RLIMIT_FSIZE, (100 << 20) + (1 << 20)))
		return 3;
#ifndef WITH_ASAN
	if (!limit_is(RLIMIT_AS, (rlim_t)4 << 30) || !limit_is(RLIMIT_NPROC, 0))
		return 4;
	if (mmap(NULL, (size_t)4 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED)
		return 5;
	if (getuid() != 0 && fork() != -1)
		return 6;
#endif
	return 0;
}

static void
test_limits(void **state)
{
	(void)state;
	expect_exit(in_child(FILES, check_limits), 0);
}

static int
check_strict_limits(void)
{
	return limit_is(RLIMIT_CPU, 7) && limit_is(RLIMIT_FSIZE, 9999) ? 0 : 1;
}

/* What was stricter before stays so. */
static void
test_strict_limits(void **state)
{
	struct rlimit cpu = { 7, 7 }, size = { 9999, 9999 };
	int status;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0) {
		setrlimit(RLIMIT_CPU, &cpu);
		setrlimit(RLIMIT_FSIZE, &size);
		_exit(shut_in(FILES) ? check_strict_limits() : WALL_FAILED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	expect_exit(status, 0);
}

static int
check_no_memory_limit(void)
{
	return limit_is(RLIMIT_AS, RLIM_INFINITY) ? 0 : 1;
}

static void
test_no_memory_limit(void **state)
{
	uint64_t old = conf.memory_limit;
	int status;

	(void)state;
	conf.memory_limit = 0;
	status = in_child(FILES, check_no_memory_limit);
	conf.memory_limit = old;
	expect_exit(status, 0);
}

/* Past the file size it dies, even if the signal was ignored by who started it. */
static int
grow_file(void)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/big", scratch);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	unlink(path);
	if (fd == -1 || pwrite(fd, "", 1, 101 << 20) != -1)
		return 1;
	return 2;
}

static void
test_file_size(void **state)
{
	int status;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	status = in_child(BOTH, grow_file);
	signal(SIGXFSZ, SIG_DFL);
	expect_signal(status, SIGXFSZ);
}

static int
check_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { { 0 } };

	if (syscall(SYS_capget, &head, caps) == -1)
		return 1;
	return (caps[0].effective | caps[0].permitted | caps[0].inheritable | caps[1].effective |
		   caps[1].permitted) == (read_search ? 1U << CAP_DAC_READ_SEARCH : 0)
	    ? 0
	    : 2;
}

/* Root's: before signatures are loaded one, afterwards (and there capget is forbidden) none. */
static int
check_no_capabilities(void)
{
	char sentence[512];

	conf.sandbox = SANDBOX_OFF;
	return sandbox_files(&conf, scratch, -1, on_note, NULL, sentence, sizeof(sentence)) &&
		sandbox_limits(&conf, sentence, sizeof(sentence)) &&
		sandbox_syscalls(&conf, on_note, NULL, sentence, sizeof(sentence))
	    ? check_capabilities()
	    : WALL_FAILED;
}

static void
test_capabilities(void **state)
{
	(void)state;
	read_search = getuid() == 0 && child_uid == 0;
	expect_exit(in_child(FILES, check_capabilities), 0);
	read_search = false;
	expect_exit(in_child(FILES, check_no_capabilities), 0);
}

/* --- files --- */

/* libclamav hears that it was done; nothing is. */
static int
change_modes(void)
{
	int fd = open(database_file, O_RDONLY);

	if (fd == -1 || chmod(secret, 0) == -1 || chmod(database_file, 0) == -1 ||
	    fchmod(fd, 0) == -1 || fchmodat(AT_FDCWD, secret, 0, 0) == -1)
		return 1;
	if (syscall(452, AT_FDCWD, secret, 0, 0) == -1) /* fchmodat2 */
		return 2;
	return 0;
}

static void
test_modes(void **state)
{
	struct stat st;
	int status;

	(void)state;
	if (no_seccomp) {
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	status = in_child(BOTH, change_modes);
	assert_int_equal(stat(secret, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	assert_int_equal(stat(database_file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	expect_exit(status, 0);
}

static bool
opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

/* Refused, and by Landlock. */
static bool
denied(const char *path, int flags)
{
	errno = 0;
	return !opens(path, flags) && errno == EACCES;
}

static int
use_scratch(void)
{
	char path[PATH_MAX], other[PATH_MAX], sub[PATH_MAX];

	snprintf(path, sizeof(path), "%s/file", scratch);
	snprintf(sub, sizeof(sub), "%s/sub", scratch);
	snprintf(other, sizeof(other), "%s/sub/file", scratch);
	if (!opens(path, O_RDWR | O_CREAT | O_EXCL) || !opens(path, O_RDWR | O_TRUNC))
		return 1;
	if (mkdir(sub, 0700) == -1 || rename(path, other) == -1 || chmod(other, 0400) == -1)
		return 2;
	if (!opens(sub, O_RDONLY | O_DIRECTORY) || !opens(other, O_RDONLY))
		return 3;
	if (unlink(other) == -1 || rmdir(sub) == -1)
		return 4;
	return 0;
}

static void
test_scratch(void **state)
{
	(void)state;
	expect_exit(in_child(BOTH, use_scratch), 0);
}

static int
use_libraries(void)
{
	char in[] = "\033$B$\"\033(B", out[16];
	char *from = in, *to = out;
	size_t from_len = sizeof(in) - 1, to_len = sizeof(out);
	time_t now = 1700000000;
	struct tm tm;
	iconv_t cd;

	setenv("TZ", "Asia/Tokyo", 1);
	if (localtime_r(&now, &tm) == NULL ||
	    (tm.tm_gmtoff != 9 * 3600 && access("/usr/share/zoneinfo/Asia/Tokyo", R_OK) == 0))
		return 1;
	if ((cd = iconv_open("UTF-8", "ISO-2022-JP")) == (iconv_t)-1)
		return 2;
	iconv(cd, &from, &from_len, &to, &to_len);
	iconv_close(cd);
	return to - out == 3 ? 0 : 3;
}

static void
test_libraries(void **state)
{
	(void)state;
	expect_exit(in_child(BOTH, use_libraries), 0);
}

static int
use_forbidden_files(void)
{
	static const char *const shut[] = { "/etc/passwd", "/etc/hostname", "/root", "/home", "/",
		"/tmp", "/var/log", "/etc/ssl/private", "/etc/ssl/certs",
#ifndef WITH_ASAN
		"/proc/self/maps", "/proc/self/mem",
#endif
		"/dev/tty", "/dev/shm", "/sys/kernel" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(shut) / sizeof(shut[0]); i++)
		if (!denied(shut[i], O_RDONLY) && errno != ENOENT) {
			print_error("%s could be opened\n", shut[i]);
			return 1;
		}
	if (!denied(secret, O_RDONLY) || !denied(secret, O_WRONLY) || !denied(root, O_RDONLY))
		return 2;
	if (!opens(database, O_RDONLY | O_DIRECTORY) || !opens(database_file, O_RDONLY))
		return 3;
	if (!denied(database_file, O_WRONLY) || unlink(database_file) != -1)
		return 4;
	snprintf(path, sizeof(path), "%s/new", database);
	if (!denied(path, O_WRONLY | O_CREAT))
		return 5;
	snprintf(path, sizeof(path), "%s/link", scratch); /* made before the walls */
	if (!denied(path, O_RDONLY))
		return 6;
	snprintf(path, sizeof(path), "%s/../secret", scratch);
	if (!denied(path, O_RDONLY))
		return 7;
	if (truncate(secret, 0) != -1 || rename(database_file, path) != -1)
		return 8;
	snprintf(path, sizeof(path), "%s/stolen", scratch);
	if (rename(secret, path) != -1 || link(secret, path) != -1)
		return 9;
	if (execl("/bin/true", "true", (char *)NULL) == -1 && errno != EACCES)
		return 10;
	return 0;
}

static void
test_forbidden_files(void **state)
{
	char path[PATH_MAX];
	int status;

	(void)state;
	if (no_landlock) {
		print_message("SKIP: no Landlock\n");
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	snprintf(path, sizeof(path), "%s/link", scratch);
	assert_int_equal(symlink(secret, path), 0);
	status = in_child(FILES, use_forbidden_files);
	assert_int_equal(unlink(path), 0);
	expect_exit(status, 0);
}

/* Not shut by the kernel before ABI 4 (TCP) and 6 (signals), but by seccomp then. */
static int
use_outside(void)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = { htonl(INADDR_LOOPBACK) }
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	if (abi >= 4 &&
	    (fd == -1 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) != -1 ||
		errno != EACCES))
		return 1;
	if (abi >= 6 && (kill(getppid(), 0) != -1 || errno != EPERM))
		return 2;
	if (abi < 6)
		print_message("SKIP: Landlock ABI %ld: not all of TCP and signals is shut\n", abi);
	return 0;
}

static void
test_outside(void **state)
{
	(void)state;
	if (no_landlock) {
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	expect_exit(in_child(FILES, use_outside), 0);
}

static void
test_scratch_missing(void **state)
{
	char err[512] = "";
	int status;
	pid_t pid;

	(void)state;
	if (no_landlock) {
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	if ((pid = fork()) == 0)
		_exit(!sandbox_files(&conf, "/nonexistent/scratch", -1, on_note, NULL, err,
			  sizeof(err)) &&
			    strstr(err, "/nonexistent/scratch") != NULL
			? 0
			: 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	expect_exit(status, 0);
}

/* Not the wall's business: scan_open will say it better. */
static int
nothing(void)
{
	return 0;
}

static void
test_database_missing(void **state)
{
	char *old = conf.database, missing[] = "/nonexistent/signatures";
	int status;

	(void)state;
	conf.database = missing;
	status = in_child(FILES, nothing);
	conf.database = old;
	expect_exit(status, 0);
}

/* A single file as database is readable, its neighbours are not. */
static int
use_database_file(void)
{
	if (!opens(database_file, O_RDONLY))
		return 1;
	return no_landlock || denied(database, O_RDONLY) ? 0 : 2;
}

static void
test_database_file(void **state)
{
	char *old = conf.database;
	int status;

	(void)state;
	conf.database = database_file;
	status = in_child(BOTH, use_database_file);
	conf.database = old;
	expect_exit(status, 0);
}

/* --- system calls --- */

struct call {
	const char *name;
	long number;
	long args[4];
};

#define MINUS_1 -1L

/* Harmless if they went through: the arguments are wrong on purpose. */
static const struct call forbidden[] = {
	{ "socket", SYS_socket, { AF_UNIX, SOCK_STREAM, 0, 0 } },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, 0 } },
	{ "connect", SYS_connect, { MINUS_1, 0, 0, 0 } },
	{ "bind", SYS_bind, { MINUS_1, 0, 0, 0 } },
	{ "accept4", SYS_accept4, { MINUS_1, 0, 0, 0 } },
	{ "sendmsg", SYS_sendmsg, { MINUS_1, 0, 0, 0 } },
	{ "recvmsg", SYS_recvmsg, { MINUS_1, 0, 0, 0 } },
	{ "execve", SYS_execve, { 0, 0, 0, 0 } },
	{ "execveat", SYS_execveat, { MINUS_1, 0, 0, 0 } },
#ifdef SYS_fork
	{ "fork", SYS_fork, { 0, 0, 0, 0 } },
	{ "symlink", SYS_symlink, { 0, 0, 0, 0 } },
	{ "link", SYS_link, { 0, 0, 0, 0 } },
	{ "chown", SYS_chown, { 0, 0, 0, 0 } },
#endif
#ifndef WITH_ASAN
	{ "ptrace", SYS_ptrace, { MINUS_1, 0, 0, 0 } },
	{ "prctl", SYS_prctl, { PR_SET_DUMPABLE, 1, 0, 0 } },
	{ "process_vm_readv", SYS_process_vm_readv, { 1, 0, 0, 0 } },
#endif
	{ "process_vm_writev", SYS_process_vm_writev, { 1, 0, 0, 0 } },
	{ "kill", SYS_kill, { 0, 0, 0, 0 } },
	{ "tkill", SYS_tkill, { 1, 0, 0, 0 } },
	{ "tgkill", SYS_tgkill, { 1, 1, 0, 0 } },
	{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { 1, 0, 0, 0 } },
	{ "pidfd_open", SYS_pidfd_open, { MINUS_1, 0, 0, 0 } },
	{ "pidfd_getfd", SYS_pidfd_getfd, { MINUS_1, 0, 0, 0 } },
	{ "mount", SYS_mount, { 0, 0, 0, 0 } },
	{ "umount2", SYS_umount2, { 0, 0, 0, 0 } },
	{ "chroot", SYS_chroot, { 0, 0, 0, 0 } },
	{ "pivot_root", SYS_pivot_root, { 0, 0, 0, 0 } },
	{ "unshare", SYS_unshare, { MINUS_1, 0, 0, 0 } },
	{ "setns", SYS_setns, { MINUS_1, 0, 0, 0 } },
	{ "bpf", SYS_bpf, { MINUS_1, 0, 0, 0 } },
	{ "perf_event_open", SYS_perf_event_open, { 0, 0, MINUS_1, MINUS_1 } },
	{ "userfaultfd", SYS_userfaultfd, { MINUS_1, 0, 0, 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 0, 0, 0, 0 } },
	{ "memfd_create", SYS_memfd_create, { 0, MINUS_1, 0, 0 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { MINUS_1, 0, 0, 0 } },
	{ "name_to_handle_at", SYS_name_to_handle_at, { MINUS_1, 0, 0, 0 } },
	{ "openat2", SYS_openat2, { MINUS_1, 0, 0, 0 } },
	{ "add_key", SYS_add_key, { 0, 0, 0, 0 } },
	{ "request_key", SYS_request_key, { 0, 0, 0, 0 } },
	{ "keyctl", SYS_keyctl, { MINUS_1, 0, 0, 0 } },
	{ "seccomp", SYS_seccomp, { MINUS_1, 0, 0, 0 } },
	{ "landlock_create_ruleset", SYS_landlock_create_ruleset, { 0, 0, 1, 0 } },
	{ "personality", SYS_personality, { MINUS_1, 0, 0, 0 } },
	{ "setuid", SYS_setuid, { MINUS_1, 0, 0, 0 } },
	{ "fcntl F_SETOWN", SYS_fcntl, { 0, F_SETOWN, 1, 0 } },
	{ "fcntl F_SETOWN_EX", SYS_fcntl, { 0, F_SETOWN_EX, 0, 0 } },
	{ "fcntl F_SETSIG", SYS_fcntl, { 0, F_SETSIG, 9, 0 } },
	{ "fcntl F_NOTIFY", SYS_fcntl, { 0, F_NOTIFY, 0, 0 } },
	{ "fcntl F_SETLEASE", SYS_fcntl, { 0, F_SETLEASE, F_UNLCK, 0 } },
	{ "fcntl F_SETPIPE_SZ", SYS_fcntl, { 0, F_SETPIPE_SZ, 0, 0 } },
	{ "fcntl F_SETLK", SYS_fcntl, { MINUS_1, F_SETLK, 0, 0 } },
	{ "a fcntl of the future", SYS_fcntl, { 0, 4000, 0, 0 } },
	{ "setrlimit", SYS_setrlimit, { MINUS_1, 0, 0, 0 } },
	{ "prlimit64 to set", SYS_prlimit64, { 0, MINUS_1, 1, 0 } },
	{ "ioctl TIOCSTI", SYS_ioctl, { MINUS_1, TIOCSTI, 0, 0 } },
	{ "init_module", SYS_init_module, { 0, 0, 0, 0 } },
	{ "kexec_load", SYS_kexec_load, { 0, MINUS_1, 0, 0 } },
	{ "reboot", SYS_reboot, { 0, 0, 0, 0 } },
	{ "mknodat", SYS_mknodat, { MINUS_1, 0, 0, 0 } },
	{ "fchownat", SYS_fchownat, { MINUS_1, 0, 0, 0 } },
	{ "setxattr", SYS_setxattr, { 0, 0, 0, 0 } },
	{ "truncate", SYS_truncate, { 0, 0, 0, 0 } },
	{ "pkey_mprotect", SYS_pkey_mprotect, { 0, 0, 0, 0 } },
	{ "shmget", SYS_shmget, { 0, 0, 0, 0 } },
	{ "inotify_init1", SYS_inotify_init1, { MINUS_1, 0, 0, 0 } },
	{ "a call of the future", 4000, { 0, 0, 0, 0 } },
#ifdef __x86_64__
	{ "getpid of x32", 0x40000000 + SYS_getpid, { 0, 0, 0, 0 } },
#endif
};

static const struct call *call;

static int
do_call(void)
{
	syscall(call->number, call->args[0], call->args[1], call->args[2], call->args[3]);
	return 0;
}

static void
test_forbidden_calls(void **state)
{
	int status, survived = 0;

	(void)state;
	if (no_seccomp) {
		print_message("SKIP: no seccomp\n");
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		call = &forbidden[i];
		status = in_child(BOTH, do_call);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
			print_error("%s went through\n", call->name);
			survived++;
		}
	}
	assert_int_equal(survived, 0);
}

static void *
thread_main(void *arg)
{
	return arg;
}

static int
be_more_than_one(void)
{
	pthread_t thread;
	pid_t pid;

	if (pthread_create(&thread, NULL, thread_main, NULL) != ENOSYS)
		return 1;
	errno = 0;
	pid = fork();
	if (pid == 0)
		_exit(0);
	return pid == -1 && errno == ENOSYS ? 0 : 2;
}

/* What libraries do without, if they are told that there is no such thing. */
static void
test_no_threads(void **state)
{
	(void)state;
	if (no_seccomp) {
		print_message("SKIP: no seccomp\n");
		fprintf(stderr, "# SKIPPED: %s\n", __func__);
		return;
	}
#ifdef WITH_ASAN /* which starts a thread at the end */
	(void)be_more_than_one;
#else
	expect_exit(in_child(BOTH, be_more_than_one), 0);
#endif
}

static int
do_abort(void)
{
	abort();
}

/* A failed assertion must look like one. */
static void
test_abort(void **state)
{
	(void)state;
	expect_signal(in_child(BOTH, do_abort), SIGABRT);
}

/*
 * As an engine does it: the filter is compiled before the fork, by a process that
 * each inspector must leave alone. (It exits with the signal that the
 * inspector died of, and is still there to tell.)
 */
static pid_t engine_pid;

static int
in_child_of_engine(int (*fn)(void))
{
	char err[512];
	int status;
	pid_t engine = fork(), inspector;

	assert_true(engine != -1);
	if (engine == 0) {
		engine_pid = getpid();
		if ((child_uid != 0 && setuid(child_uid) == -1) ||
		    !sandbox_compile(&conf, -1, err, sizeof(err)) || (inspector = fork()) == -1)
			_exit(WALL_FAILED);
		if (inspector == 0)
			_exit(shut_in(BOTH) ? fn() : WALL_FAILED);
		if (waitpid(inspector, &status, 0) == -1)
			_exit(WALL_FAILED);
		_exit(WIFSIGNALED(status) ? WTERMSIG(status) : 100 + WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(engine, &status, 0), engine);
	return status;
}

/* With a signal that would not hurt it, so that the answer is the filter's. */
static int
signal_engine(void)
{
	syscall(SYS_tgkill, engine_pid, engine_pid, 0);
	return 1;
}

static void
test_engine_signals(void **state)
{
	(void)state;
	if (no_seccomp) {
		print_message("SKIP: no seccomp\n");
		fprintf(stderr, "# SKIPPED: %s\n", __func__);
		return;
	}
	expect_exit(in_child_of_engine(signal_engine), SIGSYS);
	expect_exit(in_child_of_engine(do_abort), SIGABRT);
}

/* An engine's inspector hands objects over its channel, and over nothing else. */
static int
hand_over(void)
{
	struct msghdr none_at_all = { 0 };
	int fd = memfd_create("object", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1 || fcntl(fd, F_ADD_SEALS, 15) == -1)
		return 1;
	if (sendmsg(hand_over_fd, &none_at_all, 0) != -1 || errno != EBADF)
		return 2;
	return 0;
}

static void
test_channel(void **state)
{
	char err[512];
	int status;
	pid_t pid;

	(void)state;
	if (no_seccomp) {
		fprintf(stderr, "# SKIPPED: %s\n", __func__);
		return;
	}
	for (int fd = 99; fd <= 100; fd++) {
		hand_over_fd = fd;
		fflush(NULL);
		pid = fork();
		assert_true(pid != -1);
		if (pid == 0)
			_exit(sandbox_compile(&conf, 99, err, sizeof(err)) && shut_in(BOTH)
				? hand_over()
				: WALL_FAILED);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (fd == 99)
			expect_exit(status, 0);
		else
			expect_signal(status, SIGSYS);
	}
}

/* --- machines without --- */

/* From here on a system call is answered with an error, as containers do. */
static bool
deny(long number, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

static const struct lack {
	const char *name;
	long number;
	int error;
	bool is_failure; /* and not a lack */
} lacks[] = {
	{ "Landlock", SYS_landlock_create_ruleset, ENOSYS, false },
	{ "Landlock", SYS_landlock_create_ruleset, EOPNOTSUPP, false },
	{ "Landlock", SYS_landlock_create_ruleset, EPERM, false },
	{ "Landlock", SYS_landlock_restrict_self, EPERM, false },
	{ "Landlock", SYS_landlock_restrict_self, E2BIG, true },
	{ "Landlock", SYS_landlock_add_rule, EBADFD, true },
	{ "seccomp", SYS_seccomp, ENOSYS, false },
	{ "seccomp", SYS_seccomp, EINVAL, false },
};
static const struct lack *lack;
static char noted[512];

static void
keep_note(void *ctx, const char *sentence)
{
	(void)ctx;
	strlcpy(noted, sentence, sizeof(noted));
}

/* 0 = shut in with a note of it, 1 = without a word, 2 = refused, 3 = refused over sandbox = require */
static int
live_without(void)
{
	char err[512] = "";

	if (!deny(lack->number, lack->error))
		return WALL_FAILED;
	if (sandbox_files(&conf, scratch, -1, keep_note, NULL, err, sizeof(err)) &&
	    sandbox_limits(&conf, err, sizeof(err)) &&
	    sandbox_syscalls(&conf, keep_note, NULL, err, sizeof(err)))
		return strstr(noted, lack->name) != NULL ? 0 : 1;
	return strstr(err, "sandbox = require") != NULL && strstr(err, lack->name) != NULL ? 3 : 2;
}

static int
without_walls(void)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0)
		_exit(child_uid != 0 && setuid(child_uid) == -1 ? WALL_FAILED : live_without());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_lacks(void **state)
{
	(void)state;
	if (no_seccomp || no_landlock) {
		fprintf(stderr, "# SKIPPED: %s\n", __func__);
		return;
	}
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		lack = &lacks[i];
		print_message("%s: %s\n", lack->name, strerror(lack->error));
		conf.sandbox = SANDBOX_AUTO;
		assert_int_equal(without_walls(), lack->is_failure ? 2 : 0);
		conf.sandbox = SANDBOX_REQUIRE;
		assert_int_equal(without_walls(), lack->is_failure ? 2 : 3);
		conf.sandbox = SANDBOX_OFF;
		assert_int_equal(without_walls(), 1);
	}
	conf.sandbox = SANDBOX_AUTO;
}

/* --- scanning --- */

static int
read_content(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct content *c = &contents[n_contents];
	FILE *file;

	(void)ftw;
	if (type != FTW_F || n_contents == MAX_CONTENT)
		return 0;
	if ((file = fopen(path, "r")) == NULL)
		return 0;
	strlcpy(c->path, path, sizeof(c->path));
	c->bytes = malloc((size_t)st->st_size + 1);
	assert_non_null(c->bytes);
	c->len = fread(c->bytes, 1, (size_t)st->st_size, file);
	fclose(file);
	n_contents++;
	return 0;
}

static void
free_contents(void)
{
	while (n_contents > 0)
		free(contents[--n_contents].bytes);
}

static enum scan_kind content_kind;
static const char *expected_hit;

/*
 * The order of an inspector: files, engine, system calls, scans. (The outer
 * walls are up already; the second sandbox_syscalls is the real one.)
 */
static int
scan_contents(void)
{
	static struct scan_result result;
	char err[512];

	if (!scan_open(&conf, scratch, err, sizeof(err))) {
		print_error("%s\n", err);
		return 1;
	}
	if (!sandbox_syscalls(&conf, on_note, NULL, err, sizeof(err)))
		return WALL_FAILED;
	for (size_t i = 0; i < n_contents; i++) {
		scan_bytes(&result, content_kind, contents[i].bytes, contents[i].len, 300);
		if (result.failed) {
			print_error("%s: %s\n", contents[i].path, result.error);
			return 2;
		}
		if (expected_hit != NULL &&
		    (result.n_hits == 0 || strcmp(result.hits[0].name, expected_hit) != 0)) {
			print_error("%s: not found\n", contents[i].path);
			return 3;
		}
	}
	scan_close();
	return 0;
}

static void
test_scan_testfiles(void **state)
{
	int status;

	(void)state;
	nftw(TESTFILES, read_content, 16, FTW_PHYS);
	if (n_contents == 0) {
		print_message("SKIP: no " TESTFILES "\n");
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	content_kind = SCAN_MAIL;
	expected_hit = TESTFILE_HIT;
	status = in_child(FILES, scan_contents);
	free_contents();
	expect_exit(status, 0);
}

static void
test_scan_corpus(void **state)
{
	const char *corpus = getenv("SPAWNSCAN_CORPUS");
	int status;

	(void)state;
	if (corpus == NULL)
		corpus = "../shared/corpus";
	nftw(corpus, read_content, 16, FTW_PHYS);
	if (n_contents == 0) {
		print_message("SKIP: no mails in %s\n", corpus);
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	content_kind = SCAN_MAIL;
	expected_hit = NULL;
	/* All of them in one process, perhaps under valgrind. */
	conf.inspect_timeout *= 20;
	status = in_child(FILES, scan_contents);
	conf.inspect_timeout /= 20;
	free_contents();
	expect_exit(status, 0);
}

/* --- the ground --- */

static int
become_root(void **state)
{
	(void)state;
	child_uid = 0;
	return getuid() == 0 ? chown(scratch, 0, 0) : 0;
}

static int
become_nobody(void **state)
{
	(void)state;
	child_uid = NOBODY;
	return chown(scratch, NOBODY, NOBODY);
}

static int
check_empty(void **state)
{
	int code;

	(void)state;
	code = rmdir(scratch) == 0 && mkdir(scratch, 0700) == 0 ? 0 : -1;
	if (code == -1)
		print_error("%s is not empty\n", scratch);
	return code;
}

/* Writable for everybody, so that modes are not what stops a child. */
static bool
write_public(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return false;
	fputs(text, file);
	return fclose(file) == 0 && chmod(path, 0666) == 0;
}

static int
make_ground(void **state)
{
	(void)state;
	if (mkdtemp(root) == NULL || chmod(root, 0755) == -1)
		return -1;
	snprintf(database, sizeof(database), "%s/db", root);
	snprintf(database_file, sizeof(database_file), "%s/db/test.hdb", root);
	snprintf(scratch, sizeof(scratch), "%s/scratch", root);
	snprintf(secret, sizeof(secret), "%s/secret", root);
	if (mkdir(database, 0755) == -1 || chmod(database, 0777) == -1 ||
	    mkdir(scratch, 0700) == -1)
		return -1;
	if (!write_public(database_file, TESTFILE_SIGNATURE) || !write_public(secret, "secret\n"))
		return -1;
	conf.scanner = scanner;
	conf.cvd_certs_dir = none;
	conf.database = database;
	conf.inspect_timeout = 60;
	conf.memory_limit = (uint64_t)4 << 30;
	conf.scan_size_limit = conf.scan_file_limit = 100 << 20;
	conf.scan_depth_limit = 17;
	conf.scan_files_limit = 10000;
	return 0;
}

static int
remove_ground(void **state)
{
	(void)state;
	unlink(database_file);
	unlink(secret);
	rmdir(database);
	rmdir(scratch);
	return rmdir(root);
}

#define CASE(fn) \
	{ \
#fn, fn, become_root, check_empty, NULL \
	}
#define CASE_AS_NOBODY(fn) \
	{ \
#fn "_as_nobody", fn, become_nobody, check_empty, NULL \
	}
#define TESTS(C) \
	C(test_kernel), C(test_privileges), C(test_capabilities), C(test_modes), C(test_limits), \
	    C(test_strict_limits), C(test_no_memory_limit), C(test_file_size), C(test_scratch), \
	    C(test_libraries), C(test_forbidden_files), C(test_outside), C(test_scratch_missing), \
	    C(test_database_missing), C(test_database_file), C(test_forbidden_calls), \
	    C(test_no_threads), C(test_abort), C(test_engine_signals), C(test_lacks), \
	    C(test_channel), C(test_scan_testfiles), C(test_scan_corpus)

int
main(void)
{
	const struct CMUnitTest as_is[] = { TESTS(CASE) };
	const struct CMUnitTest as_both[] = { TESTS(CASE), TESTS(CASE_AS_NOBODY) };

	if (getuid() == 0)
		return cmocka_run_group_tests(as_both, make_ground, remove_ground);
	return cmocka_run_group_tests(as_is, make_ground, remove_ground);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.c - shuts the inspector in.
 *
 * Four walls, each for the case that another has a hole:
 *  - no new privileges, not dumpable (no core with mail in it, no ptrace by
 *    others of the same user);
 *  - rlimits against what eats a machine: memory, CPU time, file size,
 *    descriptors, processes;
 *  - Landlock: of the file system only the signatures, what libraries read
 *    while they run, and the private directory; no TCP, no abstract sockets, no
 *    signals to others where the kernel can do that;
 *  - seccomp: a list of allowed system calls; any other kills the process,
 *    which the front sees as SIGSYS.
 *
 * Nothing of this can be undone by the process. It must be single-threaded:
 * Landlock and seccomp take hold of the calling thread only.
 *
 * What is open stays open: the caller closes all descriptors but its own.
 * Landlock does not guard stat(2), chmod(2) and the like.
 *
 * Diagnostics: a kernel without Landlock or seccomp is noted, everything else
 * that does not work is an error.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

/* In the compiled filter, until it is known; no process has such a number. */
#define OWN_PID 0x7fedcba9u

enum {
	CPU_GRACE = 5, /* seconds past the timeout: the front kills first */
	DESCRIPTORS = 1024, /* libclamav: a few for each level of nesting */
	FILE_GRACE = 1 << 20 /* bytes: a marker, a bit of bookkeeping */
};

/*
 * Landlock's rights and attributes as of ABI 6. Spelled out, since Debian 12's
 * headers stop at ABI 2 and the kernel that we run on has a different one.
 */
struct ruleset {
	uint64_t fs; /* ABI 1 */
	uint64_t net; /* ABI 4 */
	uint64_t scoped; /* ABI 6 */
};

#define FS_ABI1 ((1ULL << 13) - 1)
#define FS_REFER (1ULL << 13) /* ABI 2 */
#define FS_TRUNCATE (1ULL << 14) /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define NET_BIND_CONNECT_TCP 3ULL
#define SCOPE_ABSTRACT_UNIX_SIGNAL 3ULL

#define READ_ONLY (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define READ_WRITE \
	(READ_ONLY | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | FS_REFER | FS_TRUNCATE)
/* The rights that a rule on a file may have. */
#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

static bool set_privileges(char *, size_t);
static bool set_limits(const struct conf *, char *, size_t);
static bool limit(int, uint64_t);
static bool shut_files(const struct conf *, const char *, sandbox_note *, void *, char *, size_t);
static int make_ruleset(int, struct ruleset *);
static bool add_rules(int, uint64_t, const struct conf *, const char *, char *, size_t);
static bool allow_path(int, uint64_t, const char *, uint64_t);
static int landlock_abi(void);
static int build_walls(int, const struct conf *, const char *, char *, size_t);
static bool close_walls(int, char *, size_t);
static bool have_seccomp(void);
static bool compile_filter(char *, size_t);
static bool read_program(int);
static int add_clamd_calls(scmp_filter_ctx);
static int add_calls(scmp_filter_ctx);
static int add_guarded_calls(scmp_filter_ctx);
static int refuse_threads(scmp_filter_ctx);
static bool refuse(char *, size_t, const char *, ...) __attribute__((format(printf, 3, 4)));

static bool uses_clamd; /* the inspector, as sandbox_files has learnt */
static struct sock_fprog program; /* compiled; filter NULL = not yet */

/* What libraries read while they run; what isn't there is passed over. */
static const char *const library_paths[] = {
	/* iconv modules (GMime, libclamav's UTF-16), locales, libclamunrar */
	"/usr/lib",
	"/usr/lib64",
	"/usr/local/lib",
	"/lib",
	"/lib64",
	"/etc/ld.so.cache",
	/* time zone: libclamav calls localtime */
	"/etc/localtime",
	"/usr/share/zoneinfo",
	/* libcrypto's configuration; not all of /etc/ssl, where private keys may lie */
	"/etc/ssl/openssl.cnf",
	"/etc/pki/tls/openssl.cnf",
	"/etc/crypto-policies",
	/* libclamav 1.5: certificates that signed databases are checked with */
	"/etc/clamav/certs",
	"/dev/null",
	"/dev/urandom",
#ifdef WITH_ASAN
	"/proc",
#endif
};

/*
 * The system calls, as found with strace on libclamav 1.4.6 (every file of
 * clamav-testfiles, 889 mails) and GMime 3.2.13; in each group the old calls of
 * x86_64 stand beside the *at ones that aarch64 has instead. What an
 * architecture lacks libseccomp passes over.
 */
static const int allowed_calls[] = {
	/* descriptors that are open: the message, the answer, temporary files */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(dup),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(ftruncate),
	SCMP_SYS(getdents64),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(sendto),
	SCMP_SYS(shutdown),

	/* paths; Landlock says which */
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),
	SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),
	SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),
	SCMP_SYS(rmdir),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(chmod),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),

	/* memory; mprotect also for loading an iconv module, or libclamav's JIT */
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),

	/* time, chance, and what the machine is like (qsort asks for its memory) */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(times),
	SCMP_SYS(getrandom),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(getrusage),

	/* who am I */
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),

	/* locks, and signals of our own: abort, stack overflow, a deadline */
	SCMP_SYS(futex),
	SCMP_SYS(sched_yield),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),

	SCMP_SYS(exit),
	SCMP_SYS(exit_group),

#ifdef WITH_ASAN
	/* the leak check at exit looks on from a thread of its own, by ptrace */
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(prctl),
	SCMP_SYS(ptrace),
	SCMP_SYS(wait4),
	SCMP_SYS(getppid),
	SCMP_SYS(pipe),
	SCMP_SYS(pipe2),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(getdents),
#endif
};

bool
sandbox_files(const struct conf *conf, const char *scratch, int walls, sandbox_note *note,
    void *ctx, char *err, size_t errsize)
{
	uses_clamd = conf_uses_clamd(conf);
	return set_privileges(err, errsize) && set_limits(conf, err, errsize) &&
	    (walls != -1 ? close_walls(walls, err, errsize)
			 : shut_files(conf, scratch, note, ctx, err, errsize));
}

int
sandbox_walls(const struct conf *conf, const char *scratch)
{
	char ignored[512];
	int abi = landlock_abi();

	return abi < 1 ? -1 : build_walls(abi, conf, scratch, ignored, sizeof(ignored));
}

bool
sandbox_compile(const struct conf *conf, char *err, size_t errsize)
{
	uses_clamd = conf_uses_clamd(conf);
	return !have_seccomp() || compile_filter(err, errsize);
}

bool
sandbox_syscalls(sandbox_note *note, void *ctx, char *err, size_t errsize)
{
	if (!have_seccomp()) {
		note(ctx, "seccomp is not available: system calls are not restricted");
		return true;
	}
	if (program.filter == NULL && !compile_filter(err, errsize))
		return false;
	for (size_t i = 0; i < program.len; i++) {
		if (program.filter[i].code == (BPF_JMP | BPF_JEQ | BPF_K) &&
		    program.filter[i].k == OWN_PID)
			program.filter[i].k = (uint32_t)getpid();
	}
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		return refuse(err, errsize, "seccomp: %s", strerror(errno));
	return true;
}

/*
 * libseccomp writes the program to a descriptor only. In it stands OWN_PID for
 * the process that will be shut in, which is not known yet.
 */
static bool
compile_filter(char *err, size_t errsize)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int fd = memfd_create("filter", MFD_CLOEXEC), code;

	if (filter == NULL || fd == -1) {
		if (filter != NULL)
			seccomp_release(filter);
		return refuse(err, errsize, "seccomp: no filter");
	}
	code = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (code == 0)
		code = add_calls(filter);
	if (code == 0)
		code = add_guarded_calls(filter);
	if (code == 0)
		code = refuse_threads(filter);
	if (code == 0 && uses_clamd)
		code = add_clamd_calls(filter);
	if (code == 0)
		code = seccomp_export_bpf(filter, fd);
	seccomp_release(filter);
	if (code == 0 && !read_program(fd))
		code = -errno;
	close(fd);
	return code == 0 || refuse(err, errsize, "seccomp: %s", strerror(-code));
}

static bool
read_program(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	errno = EINVAL;
	if (size <= 0 || (size_t)size > BPF_MAXINSNS * sizeof(*program.filter))
		return false;
	program.filter = malloc((size_t)size);
	if (program.filter == NULL || pread(fd, program.filter, (size_t)size, 0) != size) {
		free(program.filter);
		program.filter = NULL;
		return false;
	}
	program.len = (unsigned short)((size_t)size / sizeof(*program.filter));
	return true;
}

static bool
set_privileges(char *err, size_t errsize)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return refuse(err, errsize, "no_new_privs: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return refuse(err, errsize, "PR_SET_DUMPABLE: %s", strerror(errno));
	return true;
}

/*
 * RLIMIT_NPROC counts all processes of the user, but whose limit is 0 can't
 * fork whatever the count is, and nobody else is affected. (It does not hold
 * root; seccomp does.)
 */
static bool
set_limits(const struct conf *conf, char *err, size_t errsize)
{
	const struct {
		const char *name;
		int resource;
		uint64_t value;
		bool wanted;
	} limits[] = {
		{ "core", RLIMIT_CORE, 0, true },
		{ "CPU time", RLIMIT_CPU, conf->inspect_timeout + CPU_GRACE,
		    conf->inspect_timeout != 0 },
		{ "file size", RLIMIT_FSIZE, conf->scan_size_limit + FILE_GRACE,
		    conf->scan_size_limit != 0 },
		{ "descriptors", RLIMIT_NOFILE, DESCRIPTORS, true },
#ifndef WITH_ASAN /* which maps terabytes, and starts a thread at the end */
		{ "memory", RLIMIT_AS, conf->memory_limit, conf->memory_limit != 0 },
		{ "processes", RLIMIT_NPROC, 0, true },
#endif
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].wanted && !limit(limits[i].resource, limits[i].value))
			return refuse(err, errsize, "limit on %s: %s", limits[i].name,
			    strerror(errno));
	/* Who goes past a limit dies, even if our caller ignored the signal. */
	signal(SIGXCPU, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	return true;
}

/* Soft and hard; a stricter limit from outside stays. */
static bool
limit(int resource, uint64_t value)
{
	struct rlimit old, new;

	if (getrlimit(resource, &old) == -1)
		return false;
	new.rlim_max = value < old.rlim_max ? (rlim_t)value : old.rlim_max;
	new.rlim_cur = new.rlim_max < old.rlim_cur ? new.rlim_max : old.rlim_cur;
	if (setrlimit(resource, &new) == 0)
		return true;
	/* valgrind keeps the hard limit on descriptors; seccomp keeps the soft one */
	new.rlim_max = old.rlim_max;
	return setrlimit(resource, &new) == 0;
}

/* What the kernel's Landlock can do; -1 if there is none. */
static int
landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static bool
shut_files(const struct conf *conf, const char *scratch, sandbox_note *note, void *ctx, char *err,
    size_t errsize)
{
	int fd, abi = landlock_abi();
	bool ok;

	if (abi == -1 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
		note(ctx, "Landlock is not available: files are not shut off");
		return true;
	}
	if (abi < 1)
		return refuse(err, errsize, "Landlock: %s", strerror(errno));
	fd = build_walls(abi, conf, scratch, err, errsize);
	if (fd == -1)
		return false;
	ok = close_walls(fd, err, errsize);
	close(fd);
	return ok;
}

static int
build_walls(int abi, const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	struct ruleset rules;
	int fd = make_ruleset(abi, &rules);

	if (fd == -1) {
		refuse(err, errsize, "Landlock: %s", strerror(errno));
	} else if (!add_rules(fd, rules.fs, conf, scratch, err, errsize)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool
close_walls(int fd, char *err, size_t errsize)
{
	if (syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		return refuse(err, errsize, "Landlock: %s", strerror(errno));
	return true;
}

/* All that this kernel's Landlock can deny. A descriptor, or -1 with errno. */
static int
make_ruleset(int abi, struct ruleset *rules)
{
	size_t size = sizeof(*rules);

	memset(rules, 0, sizeof(*rules));
	rules->fs = FS_ABI1;
	if (abi >= 2)
		rules->fs |= FS_REFER;
	if (abi >= 3)
		rules->fs |= FS_TRUNCATE;
	if (abi >= 4)
		rules->net = NET_BIND_CONNECT_TCP;
	if (abi >= 5)
		rules->fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		rules->scoped = SCOPE_ABSTRACT_UNIX_SIGNAL;

	if (abi < 4)
		size = offsetof(struct ruleset, net);
	else if (abi < 6)
		size = offsetof(struct ruleset, scoped);
	return (int)syscall(SYS_landlock_create_ruleset, rules, size, 0);
}

static bool
add_rules(int fd, uint64_t handled, const struct conf *conf, const char *scratch, char *err,
    size_t errsize)
{
	if (!allow_path(fd, handled, scratch, READ_WRITE))
		return refuse(err, errsize, "Landlock: %s: %s", scratch, strerror(errno));
	/* No database: scan_open will say so. */
	if (!allow_path(fd, handled, conf->database, READ_ONLY) && errno != ENOENT)
		return refuse(err, errsize, "Landlock: %s: %s", conf->database, strerror(errno));
	for (size_t i = 0; i < sizeof(library_paths) / sizeof(library_paths[0]); i++)
		if (!allow_path(fd, handled, library_paths[i], READ_ONLY) && errno != ENOENT)
			return refuse(err, errsize, "Landlock: %s: %s", library_paths[i],
			    strerror(errno));
	return true;
}

static bool
allow_path(int fd, uint64_t handled, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr beneath;
	struct stat st;
	int saved;

	memset(&beneath, 0, sizeof(beneath));
	beneath.allowed_access = rights & handled;
	if ((beneath.parent_fd = open(path, O_PATH | O_CLOEXEC)) == -1)
		return false;
	saved = fstat(beneath.parent_fd, &st) == -1 ? errno : 0;
	if (saved == 0 && !S_ISDIR(st.st_mode))
		beneath.allowed_access &= FILE_RIGHTS;
	if (saved == 0 &&
	    syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == -1)
		saved = errno;
	close(beneath.parent_fd);
	errno = saved;
	return saved == 0;
}

/* A kernel that can't answer now has it: whoever wants it will see. */
static bool
have_seccomp(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ||
	    (errno != ENOSYS && errno != EINVAL && errno != EOPNOTSUPP);
}

static int
add_calls(scmp_filter_ctx filter)
{
	int code = 0;

	for (size_t i = 0; i < sizeof(allowed_calls) / sizeof(allowed_calls[0]) && code == 0; i++)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	return code;
}

/* The session is open already (scan_clamd.c); messages go over it as descriptors. */
static int
add_clamd_calls(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 0);
}

/* Calls that are harmless with certain arguments only. */
static int
add_guarded_calls(scmp_filter_ctx filter)
{
	int code;

	/* stdio asks if it talks to a terminal */
	code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
	    SCMP_A1(SCMP_CMP_EQ, TCGETS, 0));
	/* asking for a limit, not setting it */
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
		    SCMP_A2(SCMP_CMP_EQ, 0, 0));
	/* abort: so that a failed assertion looks like one */
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    SCMP_A0(SCMP_CMP_EQ, OWN_PID, 0));
	return code;
}

/* No threads: libclamav 1.4.3 wants some for JPEG, and if it is told so does without. */
static int
refuse_threads(scmp_filter_ctx filter)
{
#ifdef WITH_ASAN /* whose leak check is one */
	(void)filter;
	return 0;
#else
	int code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone), 0);
	return code;
#endif
}

static bool
refuse(char *err, size_t errsize, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, errsize, fmt, ap);
	va_end(ap);
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syscalls.c - the system calls that an inspector may make: a seccomp filter. Any
 * other kills the process, which the front sees as SIGSYS.
 *
 * A process that forks inspectors compiles it once; only the number of the
 * process that is shut in is filled in afterwards.
 */
#include "syscalls.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asan.h"
#include "fault.h"

/* In the compiled filter, until it is known; no process has such a number. */
#define OWN_PID 0x7fedcba9u

#ifndef F_ADD_SEALS /* of <linux/fcntl.h>, where <fcntl.h> lacks them */
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif
#define FCHMODAT2 452 /* Linux 6.6, on all architectures; older headers lack it */

static bool compile(bool, int, char *, size_t);
static bool read_program(int);
static int add_calls(scmp_filter_ctx);
static int add_guarded_calls(scmp_filter_ctx);
static int add_descriptor_calls(scmp_filter_ctx);
static int pretend_modes(scmp_filter_ctx);
static int refuse_threads(scmp_filter_ctx);
static int add_clamd_calls(scmp_filter_ctx);
static int add_channel_calls(scmp_filter_ctx, int);

static struct sock_fprog program; /* compiled; filter NULL = not yet */

/*
 * The system calls, as found with strace on libclamav 1.4.6 (every file of
 * clamav-testfiles, 889 messages) and GMime 3.2.13; in each group the old calls of
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
syscalls_compile(bool with_clamd, int channel, char *err, size_t errsize)
{
	return program.filter != NULL || compile(with_clamd, channel, err, errsize);
}

bool
syscalls_load(bool with_clamd, int channel, char *err, size_t errsize)
{
	if (!syscalls_compile(with_clamd, channel, err, errsize))
		return false;
	for (size_t i = 0; i < program.len; i++) {
		if (program.filter[i].code == (BPF_JMP | BPF_JEQ | BPF_K) &&
		    program.filter[i].k == OWN_PID)
			program.filter[i].k = (uint32_t)getpid();
	}
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		return fault_tell(err, errsize, "seccomp: %s", strerror(errno));
	return true;
}

/*
 * libseccomp writes the program to a descriptor only. In it stands OWN_PID for
 * the process that will be shut in, which is not known yet.
 */
static bool
compile(bool with_clamd, int channel, char *err, size_t errsize)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int fd = memfd_create("filter", MFD_CLOEXEC), code;

	if (filter == NULL || fd == -1) {
		if (filter != NULL)
			seccomp_release(filter);
		return fault_tell(err, errsize, "seccomp: no filter");
	}
	/*
	 * A tree instead of a list: for each process the kernel runs the program once for
	 * each call that there is, when it is installed: 190 us, and 77 with a tree.
	 */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	code = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (code == 0)
		code = add_calls(filter);
	if (code == 0)
		code = add_guarded_calls(filter);
	if (code == 0)
		code = add_descriptor_calls(filter);
	if (code == 0)
		code = pretend_modes(filter);
	if (code == 0)
		code = refuse_threads(filter);
	if (code == 0 && with_clamd)
		code = add_clamd_calls(filter);
	if (code == 0 && channel != -1)
		code = add_channel_calls(filter, channel);
	if (code == 0)
		code = seccomp_export_bpf(filter, fd);
	seccomp_release(filter);
	if (code == 0 && !read_program(fd))
		code = -errno;
	close(fd);
	return code == 0 || fault_tell(err, errsize, "seccomp: %s", strerror(-code));
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

/*
 * EPERM is a container's answer, and libseccomp needs that call too. A kernel that
 * can't answer now has it: whoever wants it will see.
 */
bool
syscalls_available(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ||
	    (errno != ENOSYS && errno != EINVAL && errno != EOPNOTSUPP && errno != EPERM);
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

/* An object in memory of its own, and handed over to the engine. */
static int
add_channel_calls(scmp_filter_ctx filter, int channel)
{
	int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(memfd_create), 1,
	    SCMP_A1(SCMP_CMP_EQ, MFD_CLOEXEC | MFD_ALLOW_SEALING, 0));

	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)channel, 0));
	return code;
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

/*
 * fcntl, without what sends signals to others (F_SETOWN, F_SETSIG, F_NOTIFY) or
 * stops them (F_SETLEASE).
 */
static int
add_descriptor_calls(scmp_filter_ctx filter)
{
	static const int commands[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL,
		F_SETFL, F_ADD_SEALS, F_GET_SEALS };
	int code = 0;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && code == 0; i++)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
		    SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i], 0));
	return code;
}

/*
 * libclamav sets modes of what it has made, which is accessible anyway; it hears
 * that it was done. Landlock does not guard these calls, and every file of the
 * user could be opened to all by them.
 */
static int
pretend_modes(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat),
		FCHMODAT2 };
	int code = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && code == 0; i++)
		code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), calls[i], 0);
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

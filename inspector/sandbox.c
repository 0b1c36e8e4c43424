/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.c - shuts the inspector in.
 *
 * Four walls, each for the case that another has a hole:
 *  - no new privileges, no capabilities, not dumpable (no core with mail in it, no
 *    ptrace by others of the same user);
 *  - rlimits against what eats a machine: memory, CPU time, file size,
 *    descriptors, processes;
 *  - Landlock: of the file system next to nothing (walls.c);
 *  - seccomp: of the system calls the harmless ones (syscalls.c).
 *
 * Nothing of this can be undone by the process. It must be single-threaded:
 * Landlock and seccomp take hold of the calling thread only.
 *
 * What is open stays open: the caller closes all descriptors but its own.
 *
 * Diagnostics: a kernel (or container) without Landlock or seccomp is noted, or
 * an error with sandbox = require; everything else that does not work is an error.
 */
#include "sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asan.h"
#include "fault.h"
#include "syscalls.h"
#include "walls.h"

#define NO_SECCOMP "seccomp is not available: system calls are not restricted"
#define NO_LANDLOCK "Landlock is not available: files are not shut off"

enum {
	CPU_GRACE = 5, /* seconds past the timeout: the front kills first */
	DESCRIPTORS = 1024, /* libclamav: a few for each level of nesting */
	FILE_GRACE = 1 << 20 /* bytes: a marker, a bit of bookkeeping */
};

static bool drop_privileges(char *, size_t);
static bool keep_capabilities(uint32_t, char *, size_t);
static bool limit(int, uint64_t);
static bool shut_files(const struct conf *, const char *, int, sandbox_note *, void *, char *,
    size_t);
static bool do_without(const struct conf *, const char *, sandbox_note *, void *, char *, size_t);

static void try_it(const struct conf *, const char *, int);
static void describe(const struct conf *, int, char *, size_t);
static void ignore_note(void *, const char *);

enum { TRY_COMPLETE, TRY_INCOMPLETE, TRY_BROKEN }; /* exit codes of a try */

static bool files_are_open; /* for want of Landlock */
static bool calls_are_open; /* for want of seccomp */

bool
sandbox_files(const struct conf *conf, const char *scratch, int walls, sandbox_note *note,
    void *ctx, char *err, size_t errsize)
{
	return drop_privileges(err, errsize) &&
	    (conf->sandbox == SANDBOX_OFF ||
		shut_files(conf, scratch, walls, note, ctx, err, errsize));
}

int
sandbox_walls(const struct conf *conf, const char *scratch)
{
	enum walls_state ignored;
	char sentence[512];

	if (conf->sandbox == SANDBOX_OFF)
		return -1;
	return walls_build(conf, scratch, &ignored, sentence, sizeof(sentence));
}

bool
sandbox_compile(const struct conf *conf, int channel, char *err, size_t errsize)
{
	return conf->sandbox == SANDBOX_OFF || !syscalls_available() ||
	    syscalls_compile(conf_uses_clamd(conf), channel, err, errsize);
}

bool
sandbox_syscalls(const struct conf *conf, sandbox_note *note, void *ctx, char *err, size_t errsize)
{
	/* Signatures are loaded: nothing needs them any more. */
	if (!keep_capabilities(0, err, errsize))
		return false;
	if (conf->sandbox == SANDBOX_OFF)
		return true;
	/* The files were an engine's matter, whose settings may be others. */
	if (files_are_open && conf->sandbox == SANDBOX_REQUIRE)
		return do_without(conf, NO_LANDLOCK, note, ctx, err, errsize);
	calls_are_open = !syscalls_available();
	if (calls_are_open)
		return do_without(conf, NO_SECCOMP, note, ctx, err, errsize);
	if (syscalls_load(conf_uses_clamd(conf), -1, err, errsize))
		return true;
	/* A container's answer, which its seccomp(2) did not give. */
	calls_are_open = errno == EPERM;
	return calls_are_open && do_without(conf, NO_SECCOMP, note, ctx, err, errsize);
}

bool
sandbox_prove(const struct conf *conf, const char *scratch, bool *complete, char *words,
    size_t size)
{
	int told[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(told) == -1)
		return fault_tell(words, size, "sandbox: %s", strerror(errno));
	if ((pid = fork()) == 0)
		try_it(conf, scratch, told[1]);
	close(told[1]);
	n = read(told[0], words, size - 1);
	words[n > 0 ? n : 0] = '\0';
	close(told[0]);
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return fault_tell(words, size, "sandbox: %s", strerror(errno));
	if (n <= 0 || !WIFEXITED(status))
		return fault_tell(words, size, "the sandbox does not work (wait status %d)",
		    status);
	*complete = WEXITSTATUS(status) == TRY_COMPLETE;
	return WEXITSTATUS(status) != TRY_BROKEN;
}

/* try_it - what it has to say it writes from behind the walls */
static void
try_it(const struct conf *conf, const char *scratch, int told)
{
	char words[512];
	int code = TRY_BROKEN, abi = walls_abi();

	if (sandbox_files(conf, scratch, -1, ignore_note, NULL, words, sizeof(words)) &&
	    sandbox_limits(conf, words, sizeof(words)) &&
	    sandbox_syscalls(conf, ignore_note, NULL, words, sizeof(words))) {
		describe(conf, abi, words, sizeof(words));
		code = files_are_open || calls_are_open ? TRY_INCOMPLETE : TRY_COMPLETE;
	}
	_exit(write(told, words, strlen(words)) == -1 ? TRY_BROKEN : code);
}

/* describe - which walls stand around this process; abi is Landlock's */
static void
describe(const struct conf *conf, int abi, char *buf, size_t size)
{
	char files[64] = "no Landlock: files are not shut off";

	if (conf->sandbox == SANDBOX_OFF) {
		strlcpy(buf, "resource limits only (sandbox = off)", size);
		return;
	}
	if (!files_are_open)
		snprintf(files, sizeof(files), "Landlock ABI %d", abi);
	snprintf(buf, size, "resource limits, %s, %s", files,
	    calls_are_open ? "no seccomp: system calls are not restricted" : "seccomp");
}

/* what notes say is told otherwise */
static void
ignore_note(void *ctx, const char *sentence)
{
	(void)ctx;
	(void)sentence;
}

static bool
drop_privileges(char *err, size_t errsize)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return fault_tell(err, errsize, "no_new_privs: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return fault_tell(err, errsize, "PR_SET_DUMPABLE: %s", strerror(errno));
	/* Run by root, it may have to read signatures of a user who shares them with nobody. */
	return keep_capabilities(1U << CAP_DAC_READ_SEARCH, err, errsize);
}

static bool
has_only(const struct __user_cap_data_struct *caps, uint32_t wanted)
{
	uint32_t others = 0;

	for (size_t i = 1; i < _LINUX_CAPABILITY_U32S_3; i++)
		others |= caps[i].permitted | caps[i].inheritable;
	return others == 0 && caps[0].inheritable == 0 && caps[0].permitted == wanted;
}

/* Of those that it has. */
static bool
keep_capabilities(uint32_t wanted, char *err, size_t errsize)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	memset(caps, 0, sizeof(caps));
	if (syscall(SYS_capget, &head, caps) == -1)
		return fault_tell(err, errsize, "capabilities: %s", strerror(errno));
	wanted &= caps[0].effective;
	/* Nothing to drop: a unit's filter may not let us, and need not. */
	if (has_only(caps, wanted))
		return true;
	memset(caps, 0, sizeof(caps));
	caps[0].effective = caps[0].permitted = wanted;
	if (syscall(SYS_capset, &head, caps) == -1)
		return fault_tell(err, errsize, "capabilities: %s", strerror(errno));
	return true;
}

/*
 * RLIMIT_NPROC counts all processes of the user, but whose limit is 0 can't
 * fork whatever the count is, and nobody else is affected. (It does not hold
 * root; seccomp does.)
 */
bool
sandbox_limits(const struct conf *conf, char *err, size_t errsize)
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
			return fault_tell(err, errsize, "limit on %s: %s", limits[i].name,
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

static bool
shut_files(const struct conf *conf, const char *scratch, int walls, sandbox_note *note, void *ctx,
    char *err, size_t errsize)
{
	enum walls_state state = WALLS_UP;
	int own = -1;

	if (walls == -1)
		walls = own = walls_build(conf, scratch, &state, err, errsize);
	if (walls != -1)
		state = walls_close(walls, err, errsize);
	if (own != -1)
		close(own);
	files_are_open = state == WALLS_MISSING;
	if (files_are_open)
		return do_without(conf, NO_LANDLOCK, note, ctx, err, errsize);
	return state == WALLS_UP;
}

static bool
do_without(const struct conf *conf, const char *sentence, sandbox_note *note, void *ctx, char *err,
    size_t errsize)
{
	if (conf->sandbox == SANDBOX_REQUIRE)
		return fault_tell(err, errsize, "%s (sandbox = require)", sentence);
	note(ctx, sentence);
	return true;
}

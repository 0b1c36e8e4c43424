/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * torture.c - makes one call of a program fail: a library for LD_PRELOAD.
 *
 *	TORTURE_FILE	what to do and what was done, shared with the driver and with
 *			every process of the program; made by tests/95-torture.t
 *	TORTURE_PROGRAM	the program that is meant; in others nothing happens
 *	TORTURE_SYSLOG	where syslog(3) writes to instead
 *
 * Calls are counted in streams: those that the program's own code makes and
 * those of its libraries, each for the process itself, for its children, and
 * so on (exec begins anew). So the number of a call is the same in each run,
 * whatever processes do side by side. What a function that is counted calls in
 * turn is not.
 *
 * A call that fails has not been made, but for close, fclose and fflush: these
 * have. Calls within glibc that don't go through its symbol table can't be seen.
 *
 * Once the program runs this makes no system call of its own (but for syslog),
 * so the walls around an inspector don't matter.
 */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define MAGIC 0x746f7274u
#define DEPTHS 4
#define STREAMS (2 * DEPTHS) /* 2 * depth, + 1 for libraries */
#define CALLS_MAX (1u << 17)

#define SHORT 10001 /* instead of an errno */
#undef EOF
#define EOF 10002
#define STDIO_EOF (-1)

enum call {
	CALL_NONE,
#define CALL(name, ...) CALL_##name,
#include "torture_calls.h"
#undef CALL
};

static const int failures[][5] = {
	{ 0 },
#define CALL(name, ...) { __VA_ARGS__ },
#include "torture_calls.h"
#undef CALL
};

/* All numbers are the host's. */
struct torture {
	uint32_t magic;
	uint32_t record; /* write all calls down */
	uint32_t stream, number, how; /* the one to fail, from 1; 0 = none */
	uint32_t fired; /* it has */
	uint32_t fired_pid, unused;
	uint32_t count[STREAMS];
	struct {
		uint32_t call;
		uint32_t caller; /* offset in the program */
	} calls[STREAMS][CALLS_MAX];
};

static struct torture *torture;
static uintptr_t program_begin, program_end;
static unsigned int depth;
static int syslog_fd = -1;
static __thread int inside;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static void *real_function(const char *);
static int strike(enum call, const void *);

#define REAL(name) \
	static __typeof__(&name) real; \
	if (real == NULL) { \
		union { \
			void *object; \
			__typeof__(&name) function; \
		} found = { .object = real_function(#name) }; \
		real = found.function; \
	}

#define CALLER __builtin_return_address(0)

static void *
real_function(const char *name)
{
	void *found;

	inside++;
	found = dlsym(RTLD_NEXT, name);
	inside--;
	if (found == NULL)
		abort();
	return found;
}

/* The program itself comes first. */
static int
find_program(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	(void)ctx;
	program_begin = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
		    info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && end > program_end)
			program_end = end;
	}
	return 1;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *program = getenv("TORTURE_PROGRAM"), *file = getenv("TORTURE_FILE");
	const char *log = getenv("TORTURE_SYSLOG");
	void *map;
	int fd;

	inside++;
	if (log != NULL) {
		fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
		/* closefrom(3) spares no descriptor, but nobody who does that logs */
		syslog_fd = fcntl(fd, F_DUPFD_CLOEXEC, 900);
		close(fd);
	}
	if (program == NULL || file == NULL ||
	    strcmp(program, program_invocation_short_name) != 0) {
		inside--;
		return;
	}
	dl_iterate_phdr(find_program, NULL);
	fd = open(file, O_RDWR | O_CLOEXEC);
	map = fd == -1
	    ? MAP_FAILED
	    : mmap(NULL, sizeof(struct torture), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || ((struct torture *)map)->magic != MAGIC)
		abort();
	close(fd);
	inside--;
	torture = map;
}

/* 0, or what is to go wrong with this call: an errno, which is set; SHORT; EOF. */
static int
strike(enum call call, const void *caller)
{
	uintptr_t at = (uintptr_t)caller;
	bool own = at >= program_begin && at < program_end;
	unsigned int stream = 2 * depth + !own;
	uint32_t number;
	int how;

	if (torture == NULL || inside > 0)
		return 0;
	number = __atomic_add_fetch(&torture->count[stream], 1, __ATOMIC_RELAXED);
	if (torture->record && number <= CALLS_MAX) {
		torture->calls[stream][number - 1].call = call;
		torture->calls[stream][number - 1].caller = own ? (uint32_t)(at - program_begin)
								: 0;
	}
	if (torture->stream != stream || torture->number != number)
		return 0;
	how = torture->how < 5 ? failures[call][torture->how] : 0;
	if (how == 0)
		return 0;
	torture->calls[stream][number - 1].call = call;
	torture->calls[stream][number - 1].caller = own ? (uint32_t)(at - program_begin) : 0;
	torture->fired = 1;
	if (how < SHORT)
		errno = how;
	return how;
}

/* Most are alike: the result in case of failure, and the call itself. */
#define WRAP(type, name, parameters, arguments, failure) \
	type name parameters \
	{ \
		type result; \
		REAL(name) \
		if (strike(CALL_##name, CALLER) != 0) \
			return failure; \
		inside++; \
		result = real arguments; \
		inside--; \
		return result; \
	}

/* memory */

void *
malloc(size_t size)
{
	return strike(CALL_malloc, CALLER) != 0 ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return strike(CALL_calloc, CALLER) != 0 ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return strike(CALL_realloc, CALLER) != 0 ? NULL : __libc_realloc(old, size);
}

WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size), NULL)
WRAP(char *, strdup, (const char *s), (s), NULL)
WRAP(char *, strndup, (const char *s, size_t n), (s, n), NULL)
WRAP(FILE *, open_memstream, (char **p, size_t *size), (p, size), NULL)
WRAP(void *, mmap, (void *p, size_t n, int prot, int flags, int fd, off_t at),
    (p, n, prot, flags, fd, at), MAP_FAILED)
WRAP(int, memfd_create, (const char *name, unsigned int flags), (name, flags), -1)
WRAP(int, getentropy, (void *buf, size_t n), (buf, n), -1)
WRAP(int, setenv, (const char *name, const char *value, int over), (name, value, over), -1)

int __vasprintf_chk(char **, int, const char *, va_list);
int __asprintf_chk(char **, int, const char *, ...);

int
__vasprintf_chk(char **out, int flag, const char *fmt, va_list ap)
{
	int n;
	REAL(__vasprintf_chk)

	if (strike(CALL_vasprintf, CALLER) != 0) {
		*out = NULL;
		return -1;
	}
	inside++;
	n = real(out, flag, fmt, ap);
	inside--;
	return n;
}

int
__asprintf_chk(char **out, int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (strike(CALL_asprintf, CALLER) != 0) {
		*out = NULL;
		return -1;
	}
	inside++;
	va_start(ap, fmt);
	n = __vasprintf_chk(out, flag, fmt, ap);
	va_end(ap);
	inside--;
	return n;
}

/* bytes */

#define WRAP_BYTES(name, parameters, arguments, size) \
	ssize_t name parameters \
	{ \
		int what = strike(CALL_##name, CALLER); \
		ssize_t result; \
		REAL(name) \
		if (what == EOF) \
			return 0; \
		if (what == SHORT && size > 1) \
			size = 1; \
		else if (what != 0 && what != SHORT) \
			return -1; \
		inside++; \
		result = real arguments; \
		inside--; \
		return result; \
	}

WRAP_BYTES(read, (int fd, void *buf, size_t n), (fd, buf, n), n)
WRAP_BYTES(write, (int fd, const void *buf, size_t n), (fd, buf, n), n)
WRAP_BYTES(send, (int fd, const void *buf, size_t n, int flags), (fd, buf, n, flags), n)
WRAP_BYTES(recv, (int fd, void *buf, size_t n, int flags), (fd, buf, n, flags), n)
WRAP(ssize_t, pread, (int fd, void *buf, size_t n, off_t at), (fd, buf, n, at), -1)
WRAP(ssize_t, pwrite, (int fd, const void *buf, size_t n, off_t at), (fd, buf, n, at), -1)
WRAP(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), -1)
WRAP(ssize_t, sendto,
    (int fd, const void *buf, size_t n, int flags, const struct sockaddr *sa, socklen_t len),
    (fd, buf, n, flags, sa, len), -1)
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags), -1)

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	int what = strike(CALL_recvmsg, CALLER);
	ssize_t n;
	REAL(recvmsg)

	if (what == EOF)
		m->msg_controllen = 0;
	if (what != 0)
		return what == EOF ? 0 : -1;
	inside++;
	n = real(fd, m, flags);
	inside--;
	return n;
}

/* What _FORTIFY_SOURCE makes of them. */
ssize_t __read_chk(int, void *, size_t, size_t);
ssize_t __recv_chk(int, void *, size_t, size_t, int);
int __poll_chk(struct pollfd *, nfds_t, int, size_t);
int __open_2(const char *, int);
int __openat_2(int, const char *, int);
ssize_t __readlink_chk(const char *, char *, size_t, size_t);
char *__fgets_chk(char *, size_t, int, FILE *);

/* small: how less is asked for; nothing where there is no less. */
#define WRAP_CHECKED(type, checked, name, parameters, arguments, failure, small) \
	type checked parameters \
	{ \
		type result; \
		int what = strike(CALL_##name, CALLER); \
		REAL(checked) \
		if (what == EOF) \
			return 0; \
		if (what == SHORT) { \
			small; \
		} else if (what != 0) \
			return failure; \
		inside++; \
		result = real arguments; \
		inside--; \
		return result; \
	}

WRAP_CHECKED(ssize_t, __read_chk, read, (int fd, void *buf, size_t n, size_t size),
    (fd, buf, n, size), -1, n = n > 0)
WRAP_CHECKED(ssize_t, __recv_chk, recv, (int fd, void *buf, size_t n, size_t size, int flags),
    (fd, buf, n, size, flags), -1, n = n > 0)
WRAP_CHECKED(int, __poll_chk, poll, (struct pollfd * p, nfds_t n, int ms, size_t size),
    (p, n, ms, size), -1, )
WRAP_CHECKED(int, __open_2, open, (const char *path, int flags), (path, flags), -1, )
WRAP_CHECKED(int, __openat_2, openat, (int at, const char *path, int flags), (at, path, flags),
    -1, )
WRAP_CHECKED(ssize_t, __readlink_chk, readlink,
    (const char *path, char *buf, size_t n, size_t size), (path, buf, n, size), -1, )

/* stdio: the stream must know as well */

#define STREAM_FAILED 0x20 /* glibc's _IO_ERR_SEEN */

char *
fgets(char *buf, int n, FILE *f)
{
	char *result;
	REAL(fgets)

	if (strike(CALL_fgets, CALLER) != 0) {
		f->_flags |= STREAM_FAILED;
		return NULL;
	}
	inside++;
	result = real(buf, n, f);
	inside--;
	return result;
}

char *
__fgets_chk(char *buf, size_t size, int n, FILE *f)
{
	char *result;
	REAL(__fgets_chk)

	if (strike(CALL_fgets, CALLER) != 0) {
		f->_flags |= STREAM_FAILED;
		return NULL;
	}
	inside++;
	result = real(buf, size, n, f);
	inside--;
	return result;
}

#undef getc
int
getc(FILE *f)
{
	int c;
	REAL(getc)

	if (strike(CALL_getc, CALLER) != 0) {
		f->_flags |= STREAM_FAILED;
		return STDIO_EOF;
	}
	inside++;
	c = real(f);
	inside--;
	return c;
}

/* Done and yet failed, as when a disk is full. */
#define WRAP_AFTER(name, parameters, arguments, failure) \
	int name parameters \
	{ \
		int what = strike(CALL_##name, CALLER), result, saved = errno; \
		REAL(name) \
		inside++; \
		result = real arguments; \
		inside--; \
		if (what == 0) \
			return result; \
		errno = saved; \
		return failure; \
	}

WRAP_AFTER(fflush, (FILE * f), (f), STDIO_EOF)
WRAP_AFTER(fclose, (FILE * f), (f), STDIO_EOF)
WRAP_AFTER(close, (int fd), (fd), -1)

WRAP(int, ftruncate, (int fd, off_t n), (fd, n), -1)
WRAP(int, fsync, (int fd), (fd), -1)
WRAP(off_t, lseek, (int fd, off_t at, int from), (fd, at, from), -1)

/* files */

#define NEEDS_MODE(flags) (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE)

#define WRAP_OPEN(name, call, first, path, flags, ...) \
	int name(first const char *path, int flags, ...) \
	{ \
		mode_t mode = 0; \
		va_list ap; \
		int fd; \
		REAL(name) \
		va_start(ap, flags); \
		if (NEEDS_MODE(flags)) \
			mode = va_arg(ap, mode_t); \
		va_end(ap); \
		if (strike(CALL_##call, CALLER) != 0) \
			return -1; \
		inside++; \
		fd = real(__VA_ARGS__, mode); \
		inside--; \
		return fd; \
	}

#define NOTHING
#define AT int at,
WRAP_OPEN(open, open, NOTHING, path, flags, path, flags)
WRAP_OPEN(open64, open, NOTHING, path, flags, path, flags)
WRAP_OPEN(openat, openat, AT, path, flags, at, path, flags)
WRAP_OPEN(openat64, openat, AT, path, flags, at, path, flags)

#define WRAP_ALIAS(type, name, call, parameters, arguments, failure) \
	type name parameters \
	{ \
		type result; \
		REAL(name) \
		if (strike(CALL_##call, CALLER) != 0) \
			return failure; \
		inside++; \
		result = real arguments; \
		inside--; \
		return result; \
	}

WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL)
WRAP_ALIAS(FILE *, fopen64, fopen, (const char *path, const char *mode), (path, mode), NULL)
WRAP(FILE *, fdopen, (int fd, const char *mode), (fd, mode), NULL)
WRAP(DIR *, opendir, (const char *path), (path), NULL)
WRAP(DIR *, fdopendir, (int fd), (fd), NULL)
WRAP(struct dirent *, readdir, (DIR * d), (d), NULL)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), -1)
WRAP(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), -1)
WRAP(char *, mkdtemp, (char *path), (path), NULL)
WRAP(int, unlink, (const char *path), (path), -1)
WRAP(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), -1)
WRAP(int, rename, (const char *from, const char *to), (from, to), -1)
WRAP(int, renameat, (int at, const char *from, int at2, const char *to), (at, from, at2, to), -1)
WRAP(int, link, (const char *from, const char *to), (from, to), -1)
WRAP(int, linkat, (int at, const char *from, int at2, const char *to, int flags),
    (at, from, at2, to, flags), -1)
WRAP(int, chown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid), -1)
WRAP(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), -1)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), -1)
WRAP(int, fchmodat, (int at, const char *path, mode_t mode, int flags), (at, path, mode, flags), -1)
WRAP(int, stat, (const char *path, struct stat *st), (path, st), -1)
WRAP(int, lstat, (const char *path, struct stat *st), (path, st), -1)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), -1)
WRAP(int, fstatat, (int at, const char *path, struct stat *st, int flags), (at, path, st, flags),
    -1)
WRAP(int, statvfs, (const char *path, struct statvfs *st), (path, st), -1)
WRAP(int, access, (const char *path, int mode), (path, mode), -1)
WRAP(int, faccessat, (int at, const char *path, int mode, int flags), (at, path, mode, flags), -1)
WRAP(ssize_t, readlink, (const char *path, char *buf, size_t n), (path, buf, n), -1)
WRAP(int, flock, (int fd, int operation), (fd, operation), -1)

/* descriptors and sockets */

WRAP(int, dup, (int fd), (fd), -1)
WRAP(int, dup2, (int fd, int to), (fd, to), -1)
WRAP(int, dup3, (int fd, int to, int flags), (fd, to, flags), -1)
WRAP(int, pipe, (int fds[2]), (fds), -1)
WRAP(int, pipe2, (int fds[2], int flags), (fds, flags), -1)
WRAP(int, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags), -1)
WRAP(int, socket, (int family, int type, int protocol), (family, type, protocol), -1)
WRAP(int, socketpair, (int family, int type, int protocol, int fds[2]),
    (family, type, protocol, fds), -1)
WRAP(int, bind, (int fd, const struct sockaddr *sa, socklen_t len), (fd, sa, len), -1)
WRAP(int, listen, (int fd, int backlog), (fd, backlog), -1)
WRAP(int, accept, (int fd, struct sockaddr *restrict sa, socklen_t *restrict len), (fd, sa, len),
    -1)
WRAP(int, accept4, (int fd, struct sockaddr *restrict sa, socklen_t *restrict len, int flags),
    (fd, sa, len, flags), -1)
WRAP(int, connect, (int fd, const struct sockaddr *sa, socklen_t len), (fd, sa, len), -1)
WRAP(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len),
    (fd, level, name, value, len), -1)
WRAP(int, getsockopt, (int fd, int level, int name, void *restrict value, socklen_t *restrict len),
    (fd, level, name, value, len), -1)
WRAP(int, poll, (struct pollfd * p, nfds_t n, int ms), (p, n, ms), -1)
WRAP(int, getaddrinfo,
    (const char *restrict host, const char *restrict port, const struct addrinfo *restrict hints,
	struct addrinfo **restrict list),
    (host, port, hints, list), EAI_MEMORY)

int
fcntl(int fd, int command, ...)
{
	va_list ap;
	void *argument;
	int result;
	REAL(fcntl)

	va_start(ap, command);
	argument = va_arg(ap, void *);
	va_end(ap);
	if (strike(CALL_fcntl, CALLER) != 0)
		return -1;
	inside++;
	result = real(fd, command, argument);
	inside--;
	return result;
}

/* processes and walls */

pid_t
fork(void)
{
	pid_t pid;
	REAL(fork)

	if (strike(CALL_fork, CALLER) != 0)
		return -1;
	inside++;
	pid = real();
	inside--;
	if (pid == 0 && depth + 1 < DEPTHS)
		depth++;
	return pid;
}

WRAP(int, execv, (const char *path, char *const argv[]), (path, argv), -1)
WRAP(struct passwd *, getpwnam, (const char *name), (name), NULL)
WRAP(int, setrlimit, (__rlimit_resource_t resource, const struct rlimit *limit), (resource, limit),
    -1)
WRAP(int, getrlimit, (__rlimit_resource_t resource, struct rlimit *limit), (resource, limit), -1)

int
prctl(int option, ...)
{
	unsigned long a[4];
	va_list ap;
	int result;
	REAL(prctl)

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (strike(CALL_prctl, CALLER) != 0)
		return -1;
	inside++;
	result = real(option, a[0], a[1], a[2], a[3]);
	inside--;
	return result;
}

long
syscall(long number, ...)
{
	long a[6], result;
	va_list ap;
	REAL(syscall)

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (strike(CALL_syscall, CALLER) != 0)
		return -1;
	inside++;
	result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	inside--;
	return result;
}

/* syslog(3), so that what is said before there is a log is seen as well */

void __syslog_chk(int, int, const char *, ...);
void __vsyslog_chk(int, int, const char *, va_list);

void
__vsyslog_chk(int severity, int flag, const char *fmt, va_list ap)
{
	char line[8192];
	int n;

	(void)flag;
	if (syslog_fd == -1)
		return;
	inside++;
	n = snprintf(line, sizeof(line), "syslog <%d>: ", LOG_PRI(severity));
	n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(syslog_fd, line, (size_t)n) == -1)
		abort();
	inside--;
}

void
__syslog_chk(int severity, int flag, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	__vsyslog_chk(severity, flag, fmt, ap);
	va_end(ap);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mailer.c - hands the result on to a program that takes mail on its
 * descriptors: sendmail(1), qmail-queue(8).
 *
 * The program gets the message as a sealed file in memory, never as a pipe. These
 * programs take the end of their input for the end of the message: with a pipe, a
 * filter that is killed while it writes would have sent off half a message. So
 * there is no half a message, no writing that could block or break, and the only
 * thing left to wait for is the exit code.
 *
 * No shell. The program gets our environment and user, and as little else as
 * can be: no other descriptor, no signal ignored or blocked. It stays in our
 * process group, so that a pipe(8) that ends us ends it too.
 *
 * Diagnostics: struct mailer_end.
 */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "mailer.h"

#define EXIT_NOT_STARTED 127
#define TOLD_FD 3 /* where our child tells why it can't start */

static bool append(void *, const char *, size_t);
static void become(const char *, char *const[], const int[3], int, const sigset_t *)
    __attribute__((noreturn));
static bool started(int, int *);
static struct mailer_end wait_for_end(pid_t, int64_t);
static bool wait_for_child(int64_t);

bool
mailer_spool(struct message *m, const struct transaction *t)
{
	if (message_create(m, 0) != MESSAGE_OK)
		return false;
	return transaction_output(t, append, m) && message_seal(m) == MESSAGE_OK &&
	    lseek(m->fd, 0, SEEK_SET) == 0;
}

static bool
append(void *ctx, const char *buf, size_t len)
{
	return message_append(ctx, buf, len) == MESSAGE_OK;
}

struct mailer_end
mailer_run(const char *path, char *const argv[], int in, int out, int err, int64_t deadline)
{
	const int fds[3] = { in, out, err };
	struct mailer_end end = { MAILER_NOT_STARTED, 0 };
	sigset_t child, before;
	int told[2];
	pid_t pid;

	if (pipe2(told, O_CLOEXEC) == -1) {
		end.code = errno;
		return end;
	}
	/* Blocked, so that the end of the child is waited for and not missed. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid == 0)
		become(path, argv, fds, told[1], &before);
	end.code = errno;
	close(told[1]);
	if (pid != -1) {
		bool is_started = started(told[0], &end.code);
		struct mailer_end real = wait_for_end(pid, deadline);

		if (is_started)
			end = real;
	}
	close(told[0]);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return end;
}

/* become - in the child */
static void
become(const char *path, char *const argv[], const int fds[3], int told, const sigset_t *mask)
{
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	umask(022);
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) == -1)
			goto failed;
	if (told != TOLD_FD) {
		if (dup3(told, TOLD_FD, O_CLOEXEC) == -1)
			goto failed;
		told = TOLD_FD;
	}
	closefrom(TOLD_FD + 1);
	execv(path, argv);
failed:
	code = errno;
	if (write(told, &code, sizeof(code)) == -1)
		_exit(EXIT_NOT_STARTED);
	_exit(EXIT_NOT_STARTED);
}

/*
 * started - false with an errno if the child could not become the program
 *
 * If that can't be read, the exit code is believed: the message may be on its way.
 */
static bool
started(int told, int *error)
{
	int code;
	ssize_t n;

	do
		n = read(told, &code, sizeof(code));
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof(code))
		return true;
	*error = code;
	return false;
}

/* wait_for_end - the child is reaped; SIGCHLD is blocked */
static struct mailer_end
wait_for_end(pid_t pid, int64_t deadline)
{
	struct mailer_end end = { MAILER_EXITED, 0 };
	bool killed = false;
	int status;
	pid_t got;

	while ((got = waitpid(pid, &status, killed ? 0 : WNOHANG)) != pid) {
		if (got == -1 && errno != EINTR) {
			/* Nobody knows how it ended. */
			end.how = MAILER_NOT_STARTED;
			end.code = errno;
			return end;
		}
		if (got == 0 && !wait_for_child(deadline)) {
			kill(pid, SIGKILL);
			killed = true;
		}
	}
	if (WIFEXITED(status))
		end.code = WEXITSTATUS(status);
	else {
		end.how = killed ? MAILER_TOO_LONG : MAILER_KILLED;
		end.code = WTERMSIG(status);
	}
	return end;
}

/* wait_for_child - false at the deadline; else a child may have ended */
static bool
wait_for_child(int64_t deadline)
{
	int64_t left = deadline - clock_ms();
	struct timespec patience = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };
	sigset_t child;

	if (left <= 0)
		return false;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return sigtimedwait(&child, NULL, &patience) != -1 || errno == EINTR;
}

void
mailer_describe(const struct mailer_end *end, const char *path, char *buf, size_t size)
{
	switch (end->how) {
	case MAILER_EXITED:
		snprintf(buf, size, "%s: exit code %d", path, end->code);
		break;
	case MAILER_KILLED:
		snprintf(buf, size, "%s: killed by signal %d (%s)", path, end->code,
		    strsignal(end->code));
		break;
	case MAILER_NOT_STARTED:
		snprintf(buf, size, "%s: could not be started: %s", path, strerror(end->code));
		break;
	case MAILER_TOO_LONG:
		snprintf(buf, size, "%s: took too long", path);
		break;
	}
}

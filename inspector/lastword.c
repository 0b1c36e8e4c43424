/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lastword.c - what a process says when its time runs out in the middle of something.
 *
 * Whoever looks at a message looks at his budget, too. But there are stretches in
 * which nobody does: one scan of a large layer, a parser that meets what it is slow
 * with. There a signal comes (SIGALRM, or SIGPROF for CPU time), and what is
 * to be said then lies ready. The handler only sends and ends: the memory may be in
 * any state.
 */
#include "lastword.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct word {
	char *bytes;
	size_t len;
};

static struct word words[2]; /* one is set while the other may be said */
static struct word *volatile word;
static int to = -1;

static void say(int) __attribute__((noreturn));
static bool start(int which, int64_t ms);

bool
lastword_arm(int sock, int64_t ms, int64_t cpu_ms)
{
	struct sigaction action = { .sa_handler = say };

	to = sock;
	sigfillset(&action.sa_mask);
	return sigaction(SIGALRM, &action, NULL) == 0 && sigaction(SIGPROF, &action, NULL) == 0 &&
	    start(ITIMER_REAL, ms) && start(ITIMER_PROF, cpu_ms);
}

static bool
start(int which, int64_t ms)
{
	struct itimerval timer = { .it_value = {
				       .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 } };

	return ms <= 0 || setitimer(which, &timer, NULL) == 0;
}

void
lastword_set(char *bytes, size_t len)
{
	struct word *w = word == &words[0] ? &words[1] : &words[0];

	free(w->bytes);
	*w = (struct word){ .bytes = bytes, .len = len };
	word = w;
}

void
lastword_disarm(void)
{
	signal(SIGALRM, SIG_IGN);
	signal(SIGPROF, SIG_IGN);
}

static void
say(int sig)
{
	const struct word *w = word;
	size_t sent = 0;

	(void)sig;
	while (w != NULL && sent < w->len) {
		ssize_t n = send(to, w->bytes + sent, w->len - sent, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(EX_IOERR);
		sent += (size_t)n;
	}
	_exit(w != NULL ? EX_OK : EX_TEMPFAIL);
}

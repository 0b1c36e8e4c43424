/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * successor.c - a new engine that loads new signatures beside the old one.
 *
 * It is this program started anew, with the same arguments and the same listening
 * socket. Once it has said on a pipe that it serves, the old engine stops
 * accepting, waits for its inspectors and ends. If it ends without that word
 * nothing changes. Where there is no memory for two sets of signatures the old
 * engine becomes its successor itself.
 */
#include "successor.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "engine.h"
#include "headroom.h"
#include "log.h"
#include "manager.h"
#include "place.h"

#define LISTEN_FD 3 /* as sd_listen_fds(3) hands it over */
#define READY_FD 4
#define MEMORY_RESERVE_MB 256
#define LOAD_TIMEOUT 600 /* seconds to be ready */

static void be_successor(char **argv, int listener, bool own_socket, const sigset_t *unblock,
    int ready) __attribute__((noreturn));

void
successor_init(struct successor *s)
{
	*s = (struct successor){ .ready = -1 };
}

bool
successor_start(struct successor *s, char **argv, int listener, bool own_socket,
    const sigset_t *unblock)
{
	int ready[2];

	if (pipe2(ready, O_CLOEXEC) == -1) {
		log_write(LOG_ERR, "engine: pipe: %s", strerror(errno));
		return false;
	}
	s->pid = fork();
	if (s->pid == 0)
		be_successor(argv, listener, own_socket, unblock, ready[1]);
	close(ready[1]);
	if (s->pid == -1) {
		log_write(LOG_ERR, "engine: fork: %s", strerror(errno));
		s->pid = 0;
		close(ready[0]);
		return false;
	}
	s->ready = ready[0];
	s->deadline = place_now() + LOAD_TIMEOUT;
	return true;
}

static void
be_successor(char **argv, int listener, bool own_socket, const sigset_t *unblock, int ready)
{
	char fd[16];
	/* Out of the way of the two places first. */
	int from = fcntl(listener, F_DUPFD, READY_FD + 1);
	int pipe_end = fcntl(ready, F_DUPFD, READY_FD + 1);

	if (from == -1 || pipe_end == -1 || dup2(pipe_end, READY_FD) == -1 ||
	    dup2(from, LISTEN_FD) == -1)
		_exit(EX_OSERR);
	closefrom(READY_FD + 1);
	snprintf(fd, sizeof(fd), "%d", READY_FD);
	setenv(ENGINE_READY_ENV, fd, 1);
	successor_become(argv, LISTEN_FD, own_socket, unblock);
	_exit(EX_OSERR);
}

void
successor_become(char **argv, int listener, bool own_socket, const sigset_t *unblock)
{
	sigset_t now = *unblock;
	char pid[32];

	/* dup2 to itself would leave it closed by exec */
	if (listener == LISTEN_FD ? fcntl(listener, F_SETFD, 0) == -1
				  : dup2(listener, LISTEN_FD) == -1)
		return;
	/* A SIGHUP must not meet the program before it asks for them: it would end. */
	sigdelset(&now, SIGHUP);
	sigprocmask(SIG_UNBLOCK, &now, NULL);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", own_socket ? SUCCESSOR_OWN_SOCKET : "systemd", 1);
	execv(argv[0], argv);
	sigprocmask(SIG_BLOCK, unblock, NULL);
}

bool
successor_wants_pause(const struct conf *conf)
{
	uint64_t have = headroom_memory() >> 20, need = headroom_own() >> 20;

	if (conf->engine_reload != RELOAD_AUTO)
		return conf->engine_reload == RELOAD_PAUSE;
	need += need / 4 + MEMORY_RESERVE_MB;
	log_write(LOG_NOTICE,
	    "engine: %s: %llu MB of memory are free, a second set of signatures may need %llu",
	    have < need ? "mail waits during the reload" : "reloading beside the old signatures",
	    (unsigned long long)have, (unsigned long long)need);
	return have < need;
}

/* The byte: it serves. The end of the pipe without one: its end will tell. */
enum successor_news
successor_listen(struct successor *s)
{
	char ready = 0;
	ssize_t n = read(s->ready, &ready, 1);

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return SUCCESSOR_NOTHING;
	close(s->ready);
	s->ready = -1;
	if (n != 1 || ready != MANAGER_READY)
		return SUCCESSOR_NOTHING;
	log_write(LOG_NOTICE, "engine: process %d has taken over with the new signatures", s->pid);
	if (s->again)
		kill(s->pid, SIGHUP);
	successor_init(s);
	return SUCCESSOR_SERVES;
}

enum successor_news
successor_ended(struct successor *s, int status)
{
	if (s->ready != -1 && successor_listen(s) == SUCCESSOR_SERVES)
		return SUCCESSOR_SERVES;
	if (WIFSIGNALED(status))
		log_write(LOG_ERR,
		    "engine: the reload was killed by signal %d, the old signatures stay in use",
		    WTERMSIG(status));
	else
		log_write(LOG_ERR,
		    "engine: the reload failed (exit code %d), the old signatures stay in use",
		    WEXITSTATUS(status));
	s->pid = 0;
	return SUCCESSOR_FAILED;
}

void
successor_check(struct successor *s)
{
	if (s->pid == 0 || s->deadline > place_now())
		return;
	log_write(LOG_ERR, "engine: the reload takes too long, ending it");
	kill(s->pid, SIGKILL);
	s->deadline = place_now() + LOAD_TIMEOUT; /* dying of it */
}

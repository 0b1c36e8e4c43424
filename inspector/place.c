/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.c - a place of the engine: one inspector at a time, and what is kept for
 * it from one to the next.
 *
 * An inspector is forked before there is a message for it, shuts the file system
 * and waits; what forking and shutting in cost is in no message's way. It serves
 * one message and ends. A connection is handed to it over a channel, a pair of
 * sockets, on which it says when the request has come: a client that connects
 * and keeps silent has it for REQUEST_SECONDS only.
 *
 * The private directory stays from one to the next, and each finds it empty. What
 * one inspector keeps there is bounded: RLIMIT_FSIZE is for one file only. (Not
 * counted are files that are open and have no name any more.)
 */
#include "place.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "descriptor.h"
#include "inspector.h"
#include "log.h"
#include "sandbox.h"
#include "scratch.h"

#define REQUEST_SECONDS 5 /* from connecting to the whole request */
#define KILL_GRACE 5 /* seconds past inspect_timeout */
#define WALLS_FD 4

static bool furnish(struct place *, const struct conf *);
static void unfurnish(struct place *);
static void be_inspector(const struct place *, enum place_kind, const struct conf *,
    const sigset_t *, int channel, pid_t engine) __attribute__((noreturn));
static void end(struct place *, const char *why);

time_t
place_now(void)
{
	return (time_t)(clock_ms() / 1000);
}

void
place_init(struct place *p)
{
	memset(p, 0, sizeof(*p));
	p->channel = p->walls = -1;
}

static bool
furnish(struct place *p, const struct conf *conf)
{
	if (p->scratch[0] != '\0')
		return true;
	if (!scratch_make(scratch_base(conf), p->scratch, sizeof(p->scratch))) {
		log_write(LOG_ERR, "engine: cannot create a scratch directory in %s: %s",
		    scratch_base(conf), strerror(errno));
		p->scratch[0] = '\0';
		return false;
	}
	p->walls = sandbox_walls(conf, p->scratch);
	if (p->walls != -1)
		fcntl(p->walls, F_SETFD, FD_CLOEXEC);
	return true;
}

static void
unfurnish(struct place *p)
{
	if (p->scratch[0] == '\0')
		return;
	scratch_remove(p->scratch);
	p->scratch[0] = '\0';
	if (p->walls != -1)
		close(p->walls);
	p->walls = -1;
}

bool
place_fill(struct place *p, enum place_kind kind, const struct conf *conf, const sigset_t *unblock)
{
	pid_t self = getpid();
	int pair[2];

	if (!furnish(p, conf))
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) {
		log_write(LOG_ERR, "engine: socket: %s", strerror(errno));
		return false;
	}
	p->pid = fork();
	if (p->pid == 0)
		be_inspector(p, kind, conf, unblock, pair[1], self);
	close(pair[1]);
	if (p->pid == -1) {
		log_write(LOG_ERR, "engine: fork: %s", strerror(errno));
		close(pair[0]);
		return false;
	}
	p->channel = pair[0];
	p->state = PLACE_READY;
	p->ended_by_us = p->abandoned = false;
	return true;
}

/*
 * All it keeps of ours is memory: a message that takes it over must reach neither
 * the log nor the listening socket. Dies with the engine.
 */
static void
be_inspector(const struct place *p, enum place_kind kind, const struct conf *conf,
    const sigset_t *unblock, int channel, pid_t engine)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* Out of the way of the two places first. */
	int from = fcntl(channel, F_DUPFD, WALLS_FD + 1);
	int walls = p->walls != -1 ? fcntl(p->walls, F_DUPFD, WALLS_FD + 1) : -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != engine || null == -1 || from == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 || dup2(null, STDERR_FILENO) == -1 ||
	    dup2(from, PLACE_CHANNEL) == -1 || (walls != -1 && dup2(walls, WALLS_FD) == -1))
		_exit(EX_OSERR);
	closefrom(walls != -1 ? WALLS_FD + 1 : PLACE_CHANNEL + 1);
	sigprocmask(SIG_UNBLOCK, unblock, NULL);
	if (kind == PLACE_HELPER)
		inspector_wait_object(PLACE_CHANNEL, conf, p->scratch, walls != -1 ? WALLS_FD : -1);
	inspector_wait(PLACE_CHANNEL, conf, p->scratch, walls != -1 ? WALLS_FD : -1);
}

bool
place_give(struct place *p, int sock, uid_t uid)
{
	const char connection = INSPECTOR_CONNECTION;

	if (!place_send(p, sock, &connection, 1))
		return false;
	close(sock);
	p->uid = uid;
	p->state = PLACE_ASKED;
	p->deadline = place_now() + REQUEST_SECONDS;
	return true;
}

bool
place_send(struct place *p, int fd, const void *packet, size_t len)
{
	if (descriptor_send(p->channel, &fd, 1, packet, len, MSG_DONTWAIT) == (ssize_t)len)
		return true;
	log_write(LOG_WARNING, "engine: inspector %d cannot be reached: %s", p->pid,
	    strerror(errno));
	return false;
}

bool
place_at_work(struct place *p, const struct conf *conf)
{
	p->state = PLACE_AT_WORK;
	p->deadline = place_now() + (time_t)conf->inspect_timeout + KILL_GRACE;
	return true;
}

bool
place_listen(struct place *p, const struct conf *conf, struct errand_ask *ask, int *fd)
{
	ssize_t n = descriptor_receive(p->channel, fd, 1, ask, sizeof(*ask), MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n == 1 && ask->word == INSPECTOR_ASKED && *fd == -1 && p->state == PLACE_ASKED) {
		place_at_work(p, conf);
		return false;
	}
	if (n == sizeof(*ask) && (ask->word == ERRAND_ASK || ask->word == ERRAND_AHEAD) &&
	    *fd != -1 && p->state == PLACE_AT_WORK)
		return true;
	/* It ends, or says what it has no business to say. */
	if (*fd != -1)
		close(*fd);
	close(p->channel);
	p->channel = -1;
	return false;
}

void
place_abandon(struct place *p)
{
	kill(p->pid, SIGKILL);
	p->abandoned = true;
	if (p->channel != -1)
		close(p->channel);
	p->channel = -1;
}

void
place_ended(struct place *p, int status)
{
	if (WIFSIGNALED(status) && !p->abandoned)
		log_write(LOG_WARNING, "engine: inspector %d was killed by signal %d (%s)", p->pid,
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != EX_OK)
		log_write(LOG_INFO, "engine: inspector %d ended with exit code %d", p->pid,
		    WEXITSTATUS(status));
	if (!scratch_empty(p->scratch))
		unfurnish(p);
	if (p->channel != -1)
		close(p->channel);
	p->channel = -1;
	p->state = PLACE_EMPTY;
}

void
place_check(struct place *p, const struct conf *conf)
{
	if (p->state != PLACE_ASKED && p->state != PLACE_AT_WORK)
		return;
	if (p->deadline <= place_now())
		end(p, p->state == PLACE_ASKED ? "got no request in time" : "is late");
	else if (scratch_used(p->scratch) > scratch_quota(conf))
		end(p, "has filled its scratch directory");
}

static void
end(struct place *p, const char *why)
{
	log_write(LOG_WARNING, "engine: inspector %d %s, ending it (front of uid %u)", p->pid, why,
	    p->uid);
	kill(p->pid, SIGKILL);
	p->ended_by_us = true;
	p->deadline = place_now() + KILL_GRACE; /* dying of it */
}

void
place_clear(struct place *p)
{
	int status;

	if (p->state != PLACE_EMPTY) {
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, &status, 0) == -1 && errno == EINTR)
			;
		close(p->channel);
	}
	unfurnish(p);
	place_init(p);
}

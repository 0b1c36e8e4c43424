/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listener.c - where connections come in: a Unix socket, a TCP one, or one that
 * systemd has made.
 *
 * A Unix socket outlives the process that made it. Whether somebody still
 * listens there is found out by connecting; that, removing it and making it anew
 * happen under a lock on its directory.
 *
 * Diagnostics: a sentence.
 */
#include "listener.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "fault.h"

#define SYSTEMD_FD 3 /* sd_listen_fds(3) */

static int lock_directory(const char *);
static int make_unix(struct listener *, const struct sockaddr_un *, int, char *, size_t);
static int bind_with_mode(int, const struct sockaddr_un *, int);
static int listen_one(const struct addrinfo *, int);
static int take_over(struct listener *, char *, size_t);

void
listener_init(struct listener *l)
{
	l->fd = -1;
	l->path[0] = '\0';
}

int
listener_unix(struct listener *l, const char *path, int mode, const struct passwd *owner,
    int backlog, char *err, size_t errsize)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int lock, code;

	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >= sizeof(sun.sun_path)) {
		fault_tell(err, errsize, "socket path is %zu bytes or longer: %s",
		    sizeof(sun.sun_path), path);
		return EX_USAGE;
	}
	lock = lock_directory(path);
	code = make_unix(l, &sun, mode, err, errsize);
	if (code == EX_OK &&
	    (listen(l->fd, backlog) == -1 ||
		(owner != NULL && lchown(path, owner->pw_uid, owner->pw_gid) == -1))) {
		fault_tell(err, errsize, "cannot listen on unix:%s: %s", path, strerror(errno));
		code = EX_UNAVAILABLE;
	}
	if (lock != -1)
		close(lock);
	return code;
}

/* lock_directory - of a path; without a lock (a file system that has none, no right): -1 */
static int
lock_directory(const char *path)
{
	char dir[PATH_MAX], *slash;
	int fd;

	strlcpy(dir, path, sizeof(dir));
	if ((slash = strrchr(dir, '/')) == NULL)
		strlcpy(dir, ".", sizeof(dir));
	else
		slash[1] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1)
		(void)flock(fd, LOCK_EX);
	return fd;
}

static int
make_unix(struct listener *l, const struct sockaddr_un *sun, int mode, char *err, size_t errsize)
{
	const char *path = sun->sun_path;
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		fault_tell(err, errsize, "cannot listen on unix:%s: it exists and is not a socket",
		    path);
		return EX_UNAVAILABLE;
	}
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd == -1) {
		fault_tell(err, errsize, "cannot listen on unix:%s: %s", path, strerror(errno));
		return EX_OSERR;
	}
	/* EAGAIN: its queue is full */
	if (connect(l->fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 || errno == EAGAIN) {
		fault_tell(err, errsize, "cannot listen on unix:%s: Address already in use", path);
		return EX_UNAVAILABLE;
	}
	if (errno == ECONNREFUSED)
		unlink(path);
	if (bind_with_mode(l->fd, sun, mode) == -1) {
		fault_tell(err, errsize, "cannot listen on unix:%s: %s", path, strerror(errno));
		return EX_UNAVAILABLE;
	}
	strlcpy(l->path, path, sizeof(l->path));
	return EX_OK;
}

static int
bind_with_mode(int fd, const struct sockaddr_un *sun, int mode)
{
	mode_t before = umask((mode_t)~mode & 0777);
	int bound = bind(fd, (const struct sockaddr *)sun, sizeof(*sun)), saved = errno;

	umask(before);
	errno = saved;
	return bound;
}

int
listener_inet(struct listener *l, const struct address *at, int backlog, char *err, size_t errsize)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *list;
	int code;

	if ((code = getaddrinfo(at->host, at->port, &hints, &list)) != 0) {
		fault_tell(err, errsize, "cannot listen on %s:%s: %s", at->host, at->port,
		    gai_strerror(code));
		return EX_UNAVAILABLE;
	}
	l->fd = listen_one(list, backlog);
	code = errno;
	freeaddrinfo(list);
	if (l->fd != -1)
		return EX_OK;
	fault_tell(err, errsize, "cannot listen on %s:%s: %s", at->host, at->port, strerror(code));
	return EX_UNAVAILABLE;
}

static int
listen_one(const struct addrinfo *ai, int backlog)
{
	int on = 1, saved;
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, backlog) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

bool
listener_handed_over(void)
{
	const char *pid = getenv("LISTEN_PID");

	return pid != NULL && strtonum(pid, 1, INT_MAX, NULL) == getpid();
}

int
listener_systemd(struct listener *l, char *err, size_t errsize)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	int code;

	if (pid == NULL || n == NULL)
		fault_tell(err, errsize,
		    "no socket was handed over (LISTEN_PID and LISTEN_FDS are not set)");
	else if (!listener_handed_over())
		fault_tell(err, errsize,
		    "the sockets are for process %s (LISTEN_PID), not for this one, %ld", pid,
		    (long)getpid());
	else if (strcmp(n, "1") != 0)
		fault_tell(err, errsize, "expected one socket, got %s (LISTEN_FDS)", n);
	else {
		if ((code = take_over(l, err, errsize)) != EX_OK)
			return code;
		unsetenv("LISTEN_PID");
		unsetenv("LISTEN_FDS");
		unsetenv("LISTEN_FDNAMES");
		return EX_OK;
	}
	return EX_USAGE;
}

static int
take_over(struct listener *l, char *err, size_t errsize)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	if (getsockopt(SYSTEMD_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == -1 ||
	    !listening) {
		fault_tell(err, errsize, "descriptor %d does not listen", SYSTEMD_FD);
		return EX_USAGE;
	}
	l->fd = SYSTEMD_FD;
	if (fcntl(l->fd, F_SETFD, FD_CLOEXEC) != -1 && fcntl(l->fd, F_SETFL, O_NONBLOCK) != -1)
		return EX_OK;
	fault_tell(err, errsize, "descriptor %d: %s", SYSTEMD_FD, strerror(errno));
	return EX_OSERR;
}

void
listener_close(struct listener *l)
{
	if (l->path[0] != '\0')
		unlink(l->path);
	listener_leave(l);
}

void
listener_leave(struct listener *l)
{
	if (l->fd != -1)
		close(l->fd);
	listener_init(l);
}

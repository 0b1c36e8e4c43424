/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_client.c - finds the engine, and looks who it is.
 */
#include "engine_client.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"

static bool is_trusted(int sock, const struct conf *, char *, size_t);

int
engine_client_connect(const struct conf *conf, int64_t deadline, char *why, size_t size)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	/* A full backlog makes connect wait. (Zero would be without end.) */
	int64_t left = deadline - clock_ms();
	struct timeval patience = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 + 1 };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), saved;

	strlcpy(sun.sun_path, conf->engine_socket, sizeof(sun.sun_path));
	if (sock != -1)
		setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (sock == -1 || connect(sock, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		fault_tell(why, size, "%s", strerror(errno));
	else if (is_trusted(sock, conf, why, size))
		return sock;
	saved = errno;
	if (sock != -1)
		close(sock);
	errno = saved;
	return -1;
}

/*
 * Whoever listens there gets to read the message and to say what is in it: root,
 * we ourselves, the engine's own user, or whom the socket's directory belongs to
 * and nobody else may write to.
 */
static bool
is_trusted(int sock, const struct conf *conf, char *why, size_t size)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	const struct passwd *pw;
	char dir[PATH_MAX];
	struct stat st;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return fault_tell(why, size, "%s", strerror(errno));
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	strlcpy(dir, conf->engine_socket, sizeof(dir));
	if (stat(dirname(dir), &st) == 0 && st.st_uid == peer.uid && (st.st_mode & 022) == 0)
		return true;
	pw = conf->engine_user[0] == '\0' ? NULL : getpwnam(conf->engine_user);
	if (pw != NULL && pw->pw_uid == peer.uid)
		return true;
	errno = EPERM;
	return fault_tell(why, size,
	    "it runs as user %ld, who is neither engine_user nor the owner of its directory",
	    (long)peer.uid);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manager.c - what whoever started the engine hears of it: systemd, a shell that
 * waits for the background process, a predecessor; and a file with its number.
 */
#include "manager.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static void notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * To whoever started us: systemd, a predecessor, the parent that waits. systemd
 * first: a predecessor ends at that word, and must not be the main process then.
 */
void
manager_ready(int ready_fd)
{
	const char ready = MANAGER_READY;

	notify("MAINPID=%d\nREADY=1", getpid());
	if (ready_fd == -1)
		return;
	if (write(ready_fd, &ready, 1) != 1)
		log_write(LOG_WARNING, "engine: cannot tell that it is ready: %s", strerror(errno));
	close(ready_fd);
}

void
manager_stopping(void)
{
	notify("STOPPING=1");
}

/* The datagram of sd_notify(3). */
static void
notify(const char *fmt, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char text[128];
	va_list ap;
	size_t len;
	int sock;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    (len = strlcpy(sun.sun_path, path, sizeof(sun.sun_path))) >= sizeof(sun.sun_path))
		return;
	if (sun.sun_path[0] == '@')
		sun.sun_path[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock == -1 ||
	    sendto(sock, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&sun,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1)
		log_write(LOG_WARNING, "engine: %s: %s", path, strerror(errno));
	if (sock != -1)
		close(sock);
}

void
manager_write_pid(const char *path)
{
	FILE *f;

	if (path[0] == '\0')
		return;
	f = fopen(path, "we");
	if (f == NULL || fprintf(f, "%d\n", getpid()) < 0 || fclose(f) == EOF)
		log_write(LOG_WARNING, "engine: pid file %s: %s", path, strerror(errno));
}

/* Unless another has written its own there. */
void
manager_remove_pid(const char *path)
{
	FILE *f;
	int pid = 0;

	if (path[0] == '\0' || (f = fopen(path, "re")) == NULL)
		return;
	if (fscanf(f, "%d", &pid) == 1 && pid == getpid())
		unlink(path);
	fclose(f);
}

/* Whoever waits for the end of our standard error has seen all there is. */
void
manager_leave_terminal(const struct conf *conf)
{
	char sentence[1024];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, STDERR_FILENO) == -1)
		log_write(LOG_WARNING, "engine: /dev/null: %s", strerror(errno));
	if (null != -1)
		close(null);
	log_init(conf->syslog_name);
	if (!log_open(conf->log, conf->syslog_name, conf->syslog_facility, conf->log_level, false,
		sentence, sizeof(sentence)))
		log_write(LOG_ERR, "%s", sentence);
}

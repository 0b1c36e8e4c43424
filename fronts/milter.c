/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter - the front for the milter protocol of Sendmail and Postfix
 *
 * libmilter listens, has a thread for each connection and calls us with each event
 * of a transaction (milter_session.c). Each message is judged by a worker process
 * (milter_worker.c). Whatever fails is a temporary failure: SMFIS_TEMPFAIL, or an
 * end of the connection, for which Postfix has milter_default_action = tempfail.
 *
 * Limits: message_size_limit (552), recipient_limit (452), proxy_processes
 * workers; libmilter waits data_timeout for the rest of a command; a server
 * that is silent between commands it waits for as long as that stays. SIGTERM
 * and SIGHUP let the connections end, then we do; there is no reload.
 *
 * Diagnostics: LOG_ERR can't listen; LOG_NOTICE begin and end.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "address.h"
#include "log.h"
#include "milter.h"
#include "milter_session.h"
#include "milter_worker.h"
#include "privileges.h"
#include "transaction.h"

/* The listening socket is one of the first files. */
#define FILES_MAX 256

static bool place(const char *, char *, size_t);
static void answer_at_once(void);
static int become_user(const struct conf *, const char *, const struct passwd *);

int
milter_run(const struct conf *conf, const char *listen_at)
{
	const struct passwd *user = NULL;
	char at[512];
	mode_t before;
	int code, opened, spawner;

	if ((code = privileges_find(&user, conf->proxy_user, at, sizeof(at))) != EX_OK) {
		log_write(LOG_ERR, "proxy_user: %s", at);
		return code;
	}
	if (!place(listen_at, at, sizeof(at))) {
		log_write(LOG_ERR,
		    "--milter listens at HOST:PORT, [IPV6]:PORT or unix:/PATH, not at %s",
		    listen_at);
		return EX_USAGE;
	}
	smfi_settimeout((int)conf->data_timeout);
	before = umask((mode_t)~conf->proxy_socket_mode & 0777);
	opened = milter_session_register(conf) && smfi_setconn(at) == MI_SUCCESS &&
	    smfi_opensocket(true) == MI_SUCCESS;
	umask(before);
	if (!opened) {
		log_write(LOG_ERR, "milter: cannot listen at %s", listen_at);
		return EX_UNAVAILABLE;
	}
	answer_at_once();
	if ((code = become_user(conf, at, user)) != EX_OK)
		return code;
	if ((spawner = milter_worker_start(conf)) == -1) {
		log_write(LOG_ERR, "milter: no process for the workers: %s", strerror(errno));
		return EX_OSERR;
	}
	milter_session_start(spawner);
	transaction_foresee(conf);
	log_write(LOG_NOTICE, "milter: listening at %s", listen_at);
	code = smfi_main() == MI_SUCCESS ? EX_OK : EX_OSERR;
	log_write(LOG_NOTICE, "milter: shut down");
	return code;
}

/* place - in libmilter's words: inet:PORT@HOST, inet6:PORT@ADDRESS, unix:PATH */
static bool
place(const char *listen_at, char *at, size_t size)
{
	struct address address;
	char sentence[512];
	int n;

	if (!address_parse(&address, listen_at, sentence, sizeof(sentence)))
		return false;
	if (address.path != NULL)
		n = snprintf(at, size, "unix:%s", address.path);
	else
		n = snprintf(at, size, "inet%s:%s@%s", strchr(address.host, ':') != NULL ? "6" : "",
		    address.port, address.host);
	if (address.lmtp || address.next != NULL)
		n = -1;
	address_free(&address);
	return n > 0 && (size_t)n < size;
}

/*
 * answer_at_once - each change of a message is a write of its own in libmilter. Without
 * TCP_NODELAY all but the first wait for the server's delayed acknowledgement, 40 ms each.
 * libmilter keeps its socket to itself; what it accepts inherits the option.
 */
static void
answer_at_once(void)
{
	const int on = 1;

	for (int fd = STDERR_FILENO + 1; fd < FILES_MAX; fd++) {
		int listens = 0;
		socklen_t len = sizeof(listens);

		/* Not of a Unix socket, which has no such delay. */
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens != 0)
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
}

/* become_user - the socket and the log go along */
static int
become_user(const struct conf *conf, const char *at, const struct passwd *user)
{
	char sentence[512];
	int code = EX_OK;

	if (user == NULL && geteuid() == 0)
		log_write(LOG_WARNING, "milter: no proxy_user is set, so it stays root");
	if (user == NULL)
		return EX_OK;
	log_give(conf->log, user->pw_uid);
	if (strncmp(at, "unix:", 5) == 0 && lchown(at + 5, user->pw_uid, user->pw_gid) == -1) {
		snprintf(sentence, sizeof(sentence), "%s: %s", at + 5, strerror(errno));
		code = EX_OSERR;
	}
	if (code == EX_OK)
		code = privileges_drop(user, sentence, sizeof(sentence));
	if (code != EX_OK)
		log_write(LOG_ERR, "proxy_user %s: %s", user->pw_name, sentence);
	return code;
}

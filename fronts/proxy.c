/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy.c - the stand-alone front: listens, and forks a session (smtp_relay.c)
 * for each connection.
 *
 * The parent touches no message: it accepts, looks whether the client is among
 * proxy_clients, forks, and counts. At proxy_processes it stops accepting, and
 * further clients wait in the kernel's queue. A session that dies takes nothing
 * with it but its own connection; its client has no 250 and sends again.
 *
 * Started by root it becomes proxy_user once it listens. At SIGHUP it reads the
 * configuration anew and opens the log anew, for sessions to come. At SIGTERM or
 * SIGINT it stops listening and gives the sessions proxy_drain to end; what is
 * left then is ended, and its clients send again. If it is killed, they go on.
 *
 * Signals are blocked but while the parent waits in ppoll, so that none is
 * missed between a look and the wait; a session has them as they came.
 *
 * Ownership: the listening socket is the parent's and never a session's.
 *
 * Diagnostics: LOG_ERR can't listen; LOG_WARNING a client that is not allowed
 * (554 5.7.1), a session that was killed, no process or descriptor (waits
 * BACKOFF_MS and tries again); LOG_NOTICE begin and end, new settings;
 * LOG_DEBUG connections.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "listener.h"
#include "log.h"
#include "network.h"
#include "privileges.h"
#include "proxy.h"
#include "proxy_numbers.h"
#include "smtp_relay.h"
#include "transaction.h"

#define BACKLOG 128
#define BACKOFF_MS 1000 /* after a failure that time may mend */
#define KILL_AFTER_MS 5000 /* from SIGTERM to SIGKILL for a session */

struct proxy {
	struct conf *conf;
	proxy_reread *reread;
	void *reread_ctx;
	const struct address *address;
	const struct passwd *user; /* to become, or NULL */
	struct listener listener;
	sigset_t usual; /* the signal mask of a session */
	sigset_t waiting; /* while there is nothing to do */
	pid_t *sessions; /* 0 = free */
	uint64_t n_slots; /* of sessions; at least proxy_processes */
	struct proxy_numbers numbers; /* with that of sessions */
	int64_t quiet_until; /* no accept before this, in clock_ms */
};

static volatile sig_atomic_t ending, settings_due;

static int refuse(int, const char *, ...) __attribute__((format(printf, 2, 3)));
static int open_listener(struct proxy *, const char *);
static int find_user(struct proxy *);
static int become_user(const struct proxy *);
static bool make_slots(struct proxy *);
static void read_settings(struct proxy *);
static void catch_signals(struct proxy *);
static void note_signal(int);
static void serve(struct proxy *);
static void wait_for_events(struct proxy *, bool, int64_t);
static void accept_one(struct proxy *);
static bool is_transient(int);
static bool peer_text(struct smtp_peer *, const struct sockaddr_storage *);
static bool is_among(const char *, const struct smtp_peer *);
static void begin_session(struct proxy *, int, const struct smtp_peer *);
static void run_session(struct proxy *, int, const struct smtp_peer *) __attribute__((noreturn));
static void reap(struct proxy *);
static void count(struct proxy *, uint64_t *);
static void drain(struct proxy *);
static void signal_sessions(const struct proxy *, int);

int
proxy_run(struct conf *conf, const char *listen_at, const struct address *address,
    proxy_reread *reread, void *ctx)
{
	struct proxy p = { .conf = conf, .reread = reread, .reread_ctx = ctx, .address = address };
	int code;

	listener_init(&p.listener);
	if (!make_slots(&p))
		return refuse(EX_OSERR, "no memory");
	catch_signals(&p);
	if ((code = find_user(&p)) == EX_OK && (code = open_listener(&p, listen_at)) == EX_OK &&
	    (code = become_user(&p)) == EX_OK) {
		transaction_foresee(conf);
		log_write(LOG_NOTICE, "proxy: listening on %s", listen_at);
		p.numbers.started = time(NULL);
		p.numbers.due = true;
		serve(&p);
		drain(&p);
		p.numbers.written = 0; /* for the last time, whenever the one before was */
		(void)proxy_numbers_write(&p.numbers, conf);
		log_write(LOG_NOTICE, "proxy: shut down");
	}
	listener_close(&p.listener);
	free(p.sessions);
	return code;
}

static bool
make_slots(struct proxy *p)
{
	uint64_t n = p->conf->proxy_processes;
	pid_t *grown;

	if (n <= p->n_slots)
		return true;
	if ((grown = reallocarray(p->sessions, n, sizeof(*grown))) == NULL)
		return false;
	memset(grown + p->n_slots, 0, (n - p->n_slots) * sizeof(*grown));
	p->sessions = grown;
	p->n_slots = n;
	return true;
}

static int
refuse(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(LOG_ERR, fmt, ap);
	va_end(ap);
	return code;
}

/*
 * Where it listens.
 */

static int
open_listener(struct proxy *p, const char *at)
{
	struct address address;
	char sentence[512];
	int code;

	if (strcmp(at, "systemd") == 0) {
		code = listener_systemd(&p->listener, sentence, sizeof(sentence));
		return code == EX_OK ? code : refuse(code, "--proxy systemd: %s", sentence);
	}
	if (!address_parse(&address, at, sentence, sizeof(sentence)))
		return refuse(EX_USAGE, "--proxy: %s", sentence);
	if (address.lmtp || address.next != NULL) {
		code = EX_USAGE;
		snprintf(sentence, sizeof(sentence),
		    "--proxy listens on one address, without lmtp:, not on %s", at);
	} else if (address.path != NULL)
		code = listener_unix(&p->listener, address.path, p->conf->proxy_socket_mode,
		    p->user, BACKLOG, sentence, sizeof(sentence));
	else
		code = listener_inet(&p->listener, &address, BACKLOG, sentence, sizeof(sentence));
	address_free(&address);
	return code == EX_OK ? code : refuse(code, "%s", sentence);
}

/* find_user - before anything is made that only root could take away again */
static int
find_user(struct proxy *p)
{
	char sentence[256];
	int code = privileges_find(&p->user, p->conf->proxy_user, sentence, sizeof(sentence));

	if (code == EX_OK && geteuid() == 0 && p->user == NULL)
		log_write(LOG_WARNING, "proxy: proxy_user is not set, running as root");
	return code == EX_OK ? code : refuse(code, "proxy_user: %s", sentence);
}

/* become_user - from root to proxy_user, for good; nothing to do for anyone else */
static int
become_user(const struct proxy *p)
{
	char sentence[256];
	int code;

	if (p->user != NULL)
		log_give(p->conf->log, p->user->pw_uid);
	code = privileges_drop(p->user, sentence, sizeof(sentence));
	return code == EX_OK ? code : refuse(code, "proxy_user: %s", sentence);
}

/*
 * Serving.
 */

static void
note_signal(int signo)
{
	if (signo == SIGHUP)
		settings_due = 1;
	else if (signo != SIGCHLD)
		ending = 1;
}

static void
catch_signals(struct proxy *p)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	struct sigaction action = { .sa_handler = note_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaddset(&blocked, signals[i]);
		sigaction(signals[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, &p->usual);
	/* Whoever started us may have blocked some. */
	p->waiting = p->usual;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigdelset(&p->waiting, signals[i]);
}

static void
serve(struct proxy *p)
{
	while (!ending) {
		bool room = p->numbers.sessions < p->conf->proxy_processes;
		int64_t now = clock_ms(), write_in = proxy_numbers_write(&p->numbers, p->conf);
		int64_t wait = p->quiet_until > now ? p->quiet_until - now : -1;

		wait_for_events(p, room && wait < 0,
		    wait < 0 || (write_in >= 0 && write_in < wait) ? write_in : wait);
		reap(p);
		if (settings_due && !ending)
			read_settings(p);
		if (!ending && p->numbers.sessions < p->conf->proxy_processes &&
		    clock_ms() >= p->quiet_until)
			accept_one(p);
	}
}

/* wait_for_events - a connection if wanted, a signal, or ms milliseconds (-1 = no end) */
static void
wait_for_events(struct proxy *p, bool connections, int64_t ms)
{
	struct pollfd pfd = { .fd = p->listener.fd, .events = POLLIN };
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	if (ppoll(&pfd, connections ? 1 : 0, ms < 0 ? NULL : &ts, &p->waiting) == -1 &&
	    errno != EINTR) {
		log_write(LOG_WARNING, "proxy: poll: %s", strerror(errno));
		p->quiet_until = clock_ms() + BACKOFF_MS;
	}
}

/* read_settings - anew; where it listens, and as whom, stays */
static void
read_settings(struct proxy *p)
{
	struct conf fresh;
	char sentence[512];

	settings_due = 0;
	conf_init(&fresh);
	if (!p->reread(p->reread_ctx, &fresh, sentence, sizeof(sentence))) {
		log_write(LOG_ERR,
		    "proxy: configuration not reloaded, the old one stays in effect: %s", sentence);
		count(p, &p->numbers.failed_reloads);
		conf_free(&fresh);
		return;
	}
	conf_free(p->conf);
	*p->conf = fresh;
	if (!make_slots(p)) {
		log_write(LOG_WARNING, "proxy: no memory for proxy_processes");
		p->conf->proxy_processes = p->n_slots;
	}
	count(p, &p->numbers.reloads);
	log_write(LOG_NOTICE, "proxy: configuration reloaded");
}

/* is_transient - accept(2): nothing there any more, or the client has gone */
static bool
is_transient(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ECONNABORTED ||
	    error == EPROTO;
}

static void
accept_one(struct proxy *p)
{
	struct sockaddr_storage from;
	struct smtp_peer peer;
	socklen_t len = sizeof(from);
	int fd;

	memset(&from, 0, sizeof(from));
	fd = accept4(p->listener.fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
	if (fd == -1) {
		if (!is_transient(errno)) {
			log_write(LOG_WARNING, "proxy: accept: %s", strerror(errno));
			p->quiet_until = clock_ms() + BACKOFF_MS;
		}
		return;
	}
	if (from.ss_family == AF_UNIX)
		begin_session(p, fd, NULL);
	else if (peer_text(&peer, &from) && is_among(p->conf->proxy_clients, &peer)) {
		peer.xforward = is_among(p->conf->proxy_xforward_clients, &peer);
		begin_session(p, fd, &peer);
	} else {
		static const char denied[] = "554 5.7.1 Access denied\r\n";

		count(p, &p->numbers.denied);
		log_write(LOG_WARNING, "proxy: client %s is not among proxy_clients", peer.address);
		(void)!send(fd, denied, sizeof(denied) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	close(fd);
}

/* peer_text - an IPv4 client of a socket for both families is an IPv4 client */
static bool
peer_text(struct smtp_peer *peer, const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr *sa = (const struct sockaddr *)from;
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(*from);
	char port[8];

	if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		memcpy(&in.sin_addr, in6->sin6_addr.s6_addr + 12, sizeof(in.sin_addr));
		in.sin_port = in6->sin6_port;
		sa = (const struct sockaddr *)&in;
		len = sizeof(in);
	}
	strlcpy(peer->address, "unknown", sizeof(peer->address));
	if (getnameinfo(sa, len, peer->address, sizeof(peer->address), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	peer->address[strcspn(peer->address, "%")] = '\0'; /* the scope of a link-local one */
	snprintf(peer->whole, sizeof(peer->whole), "unknown[%s]:%s", peer->address, port);
	return true;
}

/* is_among - by address; who may use a Unix socket is said by its mode */
static bool
is_among(const char *networks, const struct smtp_peer *peer)
{
	const char *word = networks;
	struct network network;
	size_t len;

	for (; *word != '\0'; word += len + (word[len] == ' ')) {
		len = strcspn(word, " ");
		if (network_parse(&network, word, len) && network_holds(&network, peer->address))
			return true;
	}
	return false;
}

static void
begin_session(struct proxy *p, int fd, const struct smtp_peer *peer)
{
	const char *name = peer != NULL ? peer->whole : "a Unix socket";
	uint64_t i;
	pid_t pid;

	if ((pid = fork()) == 0)
		run_session(p, fd, peer);
	if (pid == -1) {
		log_write(LOG_WARNING, "proxy: cannot start a process for %s: %s", name,
		    strerror(errno));
		smtp_relay_refuse(fd, "Too busy, try again later");
		count(p, &p->numbers.failed);
		p->quiet_until = clock_ms() + BACKOFF_MS;
		return;
	}
	log_write(LOG_DEBUG, "proxy: %s, process %ld", name, (long)pid);
	for (i = 0; p->sessions[i] != 0; i++)
		;
	p->sessions[i] = pid;
	p->numbers.sessions++;
	count(p, &p->numbers.begun);
}

/* run_session - the child; what is the parent's does not stay with it */
static void
run_session(struct proxy *p, int fd, const struct smtp_peer *peer)
{
	int wfd, code;

	listener_leave(&p->listener);
	/* What a terminal sends to all of us is for the parent to act on. */
	setpgid(0, 0);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, &p->usual, NULL);
	if ((wfd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1) {
		code = refuse(EX_OSERR, "proxy: no descriptors: %s", strerror(errno));
		smtp_relay_refuse(fd, "Too busy, try again later");
	} else
		code = smtp_relay(p->conf, p->address, peer, fd, wfd);
	exit(code);
}

static void
reap(struct proxy *p)
{
	uint64_t i;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < p->n_slots && p->sessions[i] != pid; i++)
			;
		if (i == p->n_slots)
			continue;
		p->sessions[i] = 0;
		p->numbers.sessions--;
		p->numbers.due = true;
		if (WIFSIGNALED(status) && !ending) {
			count(p, &p->numbers.killed);
			log_write(LOG_WARNING, "proxy: session %ld was killed by signal %d",
			    (long)pid, WTERMSIG(status));
		}
	}
}

static void
count(struct proxy *p, uint64_t *number)
{
	(*number)++;
	p->numbers.due = true;
}

static void
signal_sessions(const struct proxy *p, int signo)
{
	for (uint64_t i = 0; i < p->n_slots; i++) {
		if (p->sessions[i] != 0)
			kill(p->sessions[i], signo);
	}
}

/* drain - nobody new; those who are there get proxy_drain, then little more */
static void
drain(struct proxy *p)
{
	static const struct {
		int signo;
		int64_t ms;
	} steps[] = { { SIGTERM, KILL_AFTER_MS }, { SIGKILL, KILL_AFTER_MS } };
	int64_t deadline = clock_ms() + (int64_t)p->conf->proxy_drain * 1000, now;
	size_t step = 0;

	listener_close(&p->listener);
	for (reap(p); p->numbers.sessions > 0; reap(p)) {
		if ((now = clock_ms()) < deadline) {
			wait_for_events(p, false, deadline - now);
			continue;
		}
		if (step == sizeof(steps) / sizeof(steps[0]))
			break;
		log_write(LOG_WARNING, "proxy: %llu sessions still open, sending signal %d",
		    (unsigned long long)p->numbers.sessions, steps[step].signo);
		signal_sessions(p, steps[step].signo);
		deadline = now + steps[step++].ms;
	}
}

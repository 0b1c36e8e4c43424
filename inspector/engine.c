/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.c - the resident process: loads the signatures once and forks one
 * inspector per message.
 *
 * Single-threaded. It polls the listening socket, a signalfd and the pipe of a
 * successor; everything else happens in children. It reads not one byte that a
 * front sends: a connection goes straight to a child, which has the loaded
 * signatures already and shuts itself in before it looks at the message. When all
 * places are taken it stops accepting, and the kernel keeps the others in the
 * order in which they came.
 *
 * New signatures: a successor, this program started anew with the same
 * listening socket, loads and proves them while this one goes on serving. Once
 * it has said that it is ready this one stops accepting, waits for its
 * children and ends. If it ends without that word nothing changes, and the next
 * check tries again.
 *
 * At SIGTERM it takes its socket's name away, inspects what had come before,
 * and ends. A socket that is systemd's stays, with what waits there.
 *
 * Forking a process of 1.7 GB costs 35 to 80 ms, nearly all of it for copying
 * page tables; with its memory collapsed into huge pages, 1 to 2 ms. That is
 * done once, after loading.
 *
 * Limits: engine_inspectors children, each ended after inspect_timeout and a
 * little. Diagnostics: everything by log.h; exit code of <sysexits.h> if it
 * can't begin.
 */
#include "engine.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"
#include "inspector.h"
#include "log.h"
#include "sandbox.h"
#include "scan.h"
#include "scratch.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1; Debian 12's headers lack it */
#endif

#define HUGE_PAGE (2UL << 20)
#define BACKLOG 1024
#define KILL_GRACE 5 /* seconds past inspect_timeout */
#define WALLS_FD 3 /* in a child */
#define LISTEN_FD 3 /* as sd_listen_fds(3) hands it over */
#define READY_FD 4 /* a successor says on it that it serves */
#define READY_BYTE 'R'
#define OWN_SOCKET "spawnscan-own" /* LISTEN_FDNAMES where the socket is not systemd's */
#define LOAD_TIMEOUT 600 /* seconds for a successor to be ready */

struct child {
	pid_t pid; /* 0 = place is free */
	time_t deadline;
	char scratch[PATH_MAX]; /* the place's, used again; "" = not made yet */
	int walls; /* file rules for it, or -1 */
};

struct engine {
	const struct conf *conf;
	char **argv; /* to start a successor with; [0] is a path */
	int listener;
	bool own_socket; /* made by us or by a predecessor: ours to remove */
	bool inherited;
	int signals; /* signalfd */
	sigset_t blocked;
	struct child *children;
	size_t n_places, n_children;
	pid_t successor; /* 0 = none */
	int successor_ready; /* its pipe, or -1 */
	time_t successor_deadline;
	time_t next_check; /* of the signatures */
	bool again; /* SIGHUP came while a successor was loading */
	bool reload_failed; /* the last successor ended without serving */
	bool draining;
	bool handed_over; /* to a successor */
};

static time_t seconds(void);
static bool listen_somewhere(struct engine *, char *err, size_t errsize);
static bool inherit_socket(struct engine *, char *err, size_t errsize);
static bool make_socket(struct engine *, char *err, size_t errsize);
static int lock_directory(const struct engine *);
static bool bind_socket(struct engine *, char *err, size_t errsize);
static void remove_stale(const char *path);
static bool become_user(const struct conf *, char *err, size_t errsize);
static bool load(struct engine *, char *err, size_t errsize);
static void collapse_memory(void);
static bool can_collapse(void);
static void collapse_mapping(unsigned long begin, unsigned long end);
static void tell_ready(int ready_fd);
static void notify_manager(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void write_pid_file(const char *path);
static void remove_pid_file(const char *path);
static void leave_terminal(const struct conf *);
static void hold_hangups(void);
static bool catch_signals(struct engine *, char *err, size_t errsize);
static void serve(struct engine *);
static bool room(const struct engine *);
static void take_connection(struct engine *);
static bool peer_allowed(const struct engine *, int sock);
static bool furnish(const struct engine *, struct child *);
static void unfurnish(struct child *);
static void start_child(struct engine *, int sock);
static void be_child(struct engine *, const struct child *, int sock, pid_t engine)
    __attribute__((noreturn));
static void take_signals(struct engine *);
static void reap(struct engine *);
static void child_ended(struct engine *, struct child *, int status);
static void end_overdue(struct engine *);
static void check_signatures(struct engine *);
static void start_successor(struct engine *);
static void be_successor(const struct engine *, int ready) __attribute__((noreturn));
static void take_successor(struct engine *);
static void successor_ended(struct engine *, int status);
static void drain(struct engine *);
static void close_listener(struct engine *);
static void finish(struct engine *);

int
engine_run(const struct conf *conf, char **argv, int ready_fd, bool background)
{
	struct engine e = { .conf = conf,
		.argv = argv,
		.listener = -1,
		.successor_ready = -1,
		.n_places = conf->engine_inspectors };
	char sentence[1024] = "out of memory";
	int64_t begun = clock_ms();

	if (conf_uses_clamd(conf)) {
		log_write(LOG_ERR,
		    "engine: nothing to load with scanner = %s: clamd keeps the "
		    "signatures, and spawnscan asks it without an engine",
		    conf->scanner);
		return EX_CONFIG;
	}

	hold_hangups();
	e.children = calloc(e.n_places, sizeof(*e.children));
	if (e.children == NULL || !listen_somewhere(&e, sentence, sizeof(sentence)) ||
	    !become_user(conf, sentence, sizeof(sentence)) ||
	    !load(&e, sentence, sizeof(sentence)) ||
	    !catch_signals(&e, sentence, sizeof(sentence))) {
		log_write(LOG_ERR, "engine: %s", sentence);
		if (e.own_socket && !e.inherited)
			unlink(conf->engine_socket);
		free(e.children);
		return EX_UNAVAILABLE;
	}
	/* Other processes of its user are none of its friends: they may be inspectors. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		log_write(LOG_WARNING, "engine: PR_SET_DUMPABLE: %s", strerror(errno));
	collapse_memory();
	sandbox_describe(conf, sentence, sizeof(sentence));
	log_write(LOG_NOTICE, "engine: sandbox of inspectors: %s", sentence);
	log_write(LOG_NOTICE, "engine: ready with %u signatures, %s, after %lld ms",
	    scan_signatures(), scan_banner(), (long long)(clock_ms() - begun));
	write_pid_file(conf->engine_pid_file);
	e.next_check = seconds() + (time_t)conf->reload_check;
	tell_ready(ready_fd);
	if (background)
		leave_terminal(conf);
	serve(&e);
	finish(&e);
	return EX_OK;
}

/* Deadlines must not follow the wall clock when it is set. */
static time_t
seconds(void)
{
	return (time_t)(clock_ms() / 1000);
}

/*
 * A predecessor or systemd hands the socket over as descriptor 3, and names
 * this very process in LISTEN_PID.
 */
static bool
listen_somewhere(struct engine *e, char *err, size_t errsize)
{
	const char *pid = getenv("LISTEN_PID");
	bool ok;

	if (pid != NULL && strtonum(pid, 1, INT_MAX, NULL) == getpid())
		ok = inherit_socket(e, err, errsize);
	else
		ok = make_socket(e, err, errsize);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return ok;
}

static bool
inherit_socket(struct engine *e, char *err, size_t errsize)
{
	const char *n = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	int listening = 0, domain = 0;
	socklen_t len = sizeof(int), domain_len = sizeof(int);

	if (n == NULL || strcmp(n, "1") != 0)
		return fault_tell(err, errsize, "expected one socket to listen on, got %s",
		    n != NULL ? n : "none");
	if (getsockopt(LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == -1 ||
	    getsockopt(LISTEN_FD, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) == -1)
		return fault_tell(err, errsize, "inherited socket: %s", strerror(errno));
	if (!listening || domain != AF_UNIX)
		return fault_tell(err, errsize, "inherited socket: not a listening Unix socket");
	e->listener = LISTEN_FD;
	e->inherited = true;
	e->own_socket = names != NULL && strcmp(names, OWN_SOCKET) == 0;
	/* Two engines may be woken by one connection while one takes over. */
	if (fcntl(LISTEN_FD, F_SETFD, FD_CLOEXEC) == -1 ||
	    fcntl(LISTEN_FD, F_SETFL, O_NONBLOCK) == -1)
		return fault_tell(err, errsize, "inherited socket: %s", strerror(errno));
	return true;
}

/* The lock: two that begin at the same time must not both find a stale socket. */
static bool
make_socket(struct engine *e, char *err, size_t errsize)
{
	int lock = lock_directory(e);
	bool ok = bind_socket(e, err, errsize);

	if (lock != -1)
		close(lock);
	return ok;
}

/* The socket's directory, made if it is not there. Without a lock: -1. */
static int
lock_directory(const struct engine *e)
{
	struct passwd *pw = getpwnam(e->conf->engine_user);
	char dir[PATH_MAX];
	int fd;

	strlcpy(dir, e->conf->engine_socket, sizeof(dir));
	if (strrchr(dir, '/') == NULL)
		strlcpy(dir, ".", sizeof(dir));
	else
		*(strrchr(dir, '/') + 1) = '\0';
	if (mkdir(dir, 0755) == 0 && geteuid() == 0 && pw != NULL &&
	    chown(dir, pw->pw_uid, pw->pw_gid) == -1)
		log_write(LOG_WARNING, "engine: %s: %s", dir, strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && flock(fd, LOCK_EX) == -1)
		log_write(LOG_WARNING, "engine: lock on %s: %s", dir, strerror(errno));
	return fd;
}

static bool
bind_socket(struct engine *e, char *err, size_t errsize)
{
	const char *path = e->conf->engine_socket;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct passwd *pw = getpwnam(e->conf->engine_user);
	mode_t mask;
	int code;

	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >= sizeof(sun.sun_path))
		return fault_tell(err, errsize, "socket path too long: %s", path);
	e->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (e->listener == -1)
		return fault_tell(err, errsize, "socket: %s", strerror(errno));
	/* EAGAIN: its queue is full */
	if (connect(e->listener, (struct sockaddr *)&sun, sizeof(sun)) == 0 || errno == EAGAIN)
		return fault_tell(err, errsize, "another engine serves %s", path);
	if (errno == ECONNREFUSED)
		remove_stale(path);
	mask = umask(0777 & ~(mode_t)e->conf->engine_socket_mode);
	code = bind(e->listener, (struct sockaddr *)&sun, sizeof(sun));
	umask(mask);
	if (code == -1)
		return fault_tell(err, errsize, "socket %s: %s", path, strerror(errno));
	e->own_socket = true;
	if (listen(e->listener, BACKLOG) == -1 ||
	    (geteuid() == 0 && pw != NULL && lchown(path, pw->pw_uid, pw->pw_gid) == -1))
		return fault_tell(err, errsize, "socket %s: %s", path, strerror(errno));
	return true;
}

/* Left by one that is gone. (A plain file refuses connections too.) */
static void
remove_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

/* From root to the configured user; nothing to do for anyone else. */
static bool
become_user(const struct conf *conf, char *err, size_t errsize)
{
	const char *name = conf->engine_user;
	struct passwd *pw;

	if (geteuid() != 0)
		return true;
	if (name[0] == '\0') {
		log_write(LOG_WARNING, "engine: no engine_user is set, so it stays root");
		return true;
	}
	pw = getpwnam(name);
	if (pw == NULL)
		return fault_tell(err, errsize, "no such user: %s", name);
	if (initgroups(name, pw->pw_gid) == -1 || setgid(pw->pw_gid) == -1 ||
	    setuid(pw->pw_uid) == -1)
		return fault_tell(err, errsize, "user %s: %s", name, strerror(errno));
	/* Root has opened it; a successor would fail over it, much later. */
	if (strncmp(conf->log, "file:", 5) == 0 && access(conf->log + 5, W_OK) == -1)
		return fault_tell(err, errsize, "user %s cannot write to %s: %s", name,
		    conf->log + 5, strerror(errno));
	return true;
}

/* The private directory is wanted while loading only. */
static bool
load(struct engine *e, char *err, size_t errsize)
{
	char scratch[PATH_MAX];
	bool ok;

	if (!scratch_make(e->conf->scratch_dir, scratch, sizeof(scratch)))
		return fault_tell(err, errsize, "cannot create a scratch directory in %s: %s",
		    e->conf->scratch_dir, strerror(errno));
	ok = inspector_prepare(e->conf, scratch, err, errsize);
	scratch_remove(scratch);
	return ok;
}

/*
 * Every writable anonymous mapping, as far as the kernel can and will. (One of
 * a terabyte is a sanitizer's, with next to nothing in it.)
 */
static void
collapse_memory(void)
{
	FILE *maps;
	char line[PATH_MAX + 128], perms[8];
	unsigned long begin, end, inode;

	if (!can_collapse()) {
		log_write(LOG_NOTICE,
		    "engine: this kernel has no MADV_COLLAPSE (Linux 6.1 has): "
		    "every inspector starts later, nothing else");
		return;
	}
	maps = fopen("/proc/self/maps", "re");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s %*x %*s %lu", &begin, &end, perms, &inode) == 4 &&
		    perms[1] == 'w' && perms[3] == 'p' && inode == 0 && end - begin < 1UL << 40)
			collapse_mapping(begin, end);
	}
	if (maps != NULL)
		fclose(maps);
}

/* Tried on two fresh huge pages' worth, one of which is aligned. */
static bool
can_collapse(void)
{
	char *p = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
	unsigned long at = ((unsigned long)p + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	bool can;

	if (p == MAP_FAILED)
		return false;
	p[at - (unsigned long)p] = 1;
	can = madvise(p + (at - (unsigned long)p), HUGE_PAGE, MADV_COLLAPSE) == 0 ||
	    errno != EINVAL;
	munmap(p, 2 * HUGE_PAGE);
	return can;
}

/* A step that fails (a hole, a stack) must not keep the others from it. */
static void
collapse_mapping(unsigned long begin, unsigned long end)
{
	unsigned long at = (begin + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);

	for (; at + HUGE_PAGE <= end; at += HUGE_PAGE) {
		union {
			unsigned long number;
			void *address;
		} step = { .number = at };

		madvise(step.address, HUGE_PAGE, MADV_COLLAPSE);
	}
}

/*
 * To whoever started us: systemd, a predecessor, the parent that waits. systemd
 * first: a predecessor ends at that word, and must not be the main process then.
 */
static void
tell_ready(int ready_fd)
{
	const char ready = READY_BYTE;

	notify_manager("MAINPID=%d\nREADY=1", getpid());
	if (ready_fd == -1)
		return;
	if (write(ready_fd, &ready, 1) != 1)
		log_write(LOG_WARNING, "engine: cannot tell that it is ready: %s", strerror(errno));
	close(ready_fd);
}

/* The datagram of sd_notify(3). */
static void
notify_manager(const char *fmt, ...)
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

static void
write_pid_file(const char *path)
{
	FILE *f;

	if (path[0] == '\0')
		return;
	f = fopen(path, "we");
	if (f == NULL || fprintf(f, "%d\n", getpid()) < 0 || fclose(f) == EOF)
		log_write(LOG_WARNING, "engine: pid file %s: %s", path, strerror(errno));
}

/* Unless another has written its own there. */
static void
remove_pid_file(const char *path)
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
static void
leave_terminal(const struct conf *conf)
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

/* One that comes while we load must not end us, nor be forgotten. */
static void
hold_hangups(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* From here on signals are read, not suffered. */
static bool
catch_signals(struct engine *e, char *err, size_t errsize)
{
	sigemptyset(&e->blocked);
	sigaddset(&e->blocked, SIGCHLD);
	sigaddset(&e->blocked, SIGHUP);
	sigaddset(&e->blocked, SIGINT);
	sigaddset(&e->blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &e->blocked, NULL);
	e->signals = signalfd(-1, &e->blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	return e->signals != -1 || fault_tell(err, errsize, "signalfd: %s", strerror(errno));
}

static void
serve(struct engine *e)
{
	while (!e->draining || e->n_children > 0 || e->listener != -1 || e->successor != 0) {
		struct pollfd p[] = {
			{ .fd = e->signals, .events = POLLIN },
			{ .fd = room(e) ? e->listener : -1, .events = POLLIN },
			{ .fd = e->successor_ready, .events = POLLIN },
		};

		/* What waits is taken immediately: a listener that drains is closed after it. */
		if (poll(p, 3, e->draining && room(e) && e->listener != -1 ? 0 : 1000) == -1 &&
		    errno != EINTR) {
			/* For want of memory, which may pass; to end would not help a front. */
			log_write(LOG_ERR, "engine: poll: %s", strerror(errno));
			sleep(1);
			continue;
		}
		if (p[0].revents != 0)
			take_signals(e);
		if (p[2].revents != 0)
			take_successor(e);
		if (room(e) && e->listener != -1 && (p[1].revents != 0 || e->draining))
			take_connection(e);
		end_overdue(e);
		check_signatures(e);
	}
}

static bool
room(const struct engine *e)
{
	return e->n_children < e->n_places;
}

static void
take_connection(struct engine *e)
{
	int sock = accept4(e->listener, NULL, NULL, SOCK_CLOEXEC);

	if (sock == -1) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			log_write(LOG_WARNING, "engine: accept: %s", strerror(errno));
		if (e->draining && errno != EINTR && errno != ECONNABORTED)
			close_listener(e);
		return;
	}
	if (peer_allowed(e, sock))
		start_child(e, sock);
	close(sock);
}

/* Root, ourselves, and the users of the configuration. */
static bool
peer_allowed(const struct engine *e, int sock)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	char name[64];

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	for (const char *list = e->conf->engine_users; *list != '\0';) {
		size_t n = strcspn(list, " ");
		struct passwd *pw;

		snprintf(name, sizeof(name), "%.*s", (int)n, list);
		pw = getpwnam(name);
		if (pw != NULL && pw->pw_uid == peer.uid)
			return true;
		list += n;
		list += strspn(list, " ");
	}
	log_write(LOG_WARNING, "engine: uid %u refused: not one of engine_users", peer.uid);
	return false;
}

/* A place keeps its private directory from child to child; each finds it empty. */
static bool
furnish(const struct engine *e, struct child *c)
{
	if (!scratch_make(e->conf->scratch_dir, c->scratch, sizeof(c->scratch))) {
		log_write(LOG_ERR, "engine: cannot create a scratch directory in %s: %s",
		    e->conf->scratch_dir, strerror(errno));
		c->scratch[0] = '\0';
		return false;
	}
	c->walls = sandbox_walls(e->conf, c->scratch);
	if (c->walls != -1)
		fcntl(c->walls, F_SETFD, FD_CLOEXEC);
	return true;
}

static void
unfurnish(struct child *c)
{
	if (c->scratch[0] == '\0')
		return;
	scratch_remove(c->scratch);
	c->scratch[0] = '\0';
	if (c->walls != -1)
		close(c->walls);
}

static void
start_child(struct engine *e, int sock)
{
	struct child *c = e->children;
	pid_t self = getpid();

	while (c->pid != 0)
		c++;
	if (c->scratch[0] == '\0' && !furnish(e, c))
		return;
	c->deadline = seconds() + (time_t)e->conf->inspect_timeout + KILL_GRACE;
	c->pid = fork();
	if (c->pid == 0)
		be_child(e, c, sock, self);
	if (c->pid == -1) {
		log_write(LOG_ERR, "engine: fork: %s", strerror(errno));
		c->pid = 0;
		return;
	}
	e->n_children++;
}

/*
 * All it keeps of ours is memory: a mail that takes it over must reach neither
 * the log nor the listening socket. Dies with the engine.
 */
static void
be_child(struct engine *e, const struct child *c, int sock, pid_t engine)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != engine || null == -1 || dup2(sock, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 || dup2(null, STDERR_FILENO) == -1)
		_exit(EX_OSERR);
	if (c->walls != -1 && dup2(c->walls, WALLS_FD) == -1)
		_exit(EX_OSERR);
	closefrom(c->walls != -1 ? WALLS_FD + 1 : STDERR_FILENO + 1);
	sigprocmask(SIG_UNBLOCK, &e->blocked, NULL);
	inspector_serve(STDIN_FILENO, c->scratch, c->walls != -1 ? WALLS_FD : -1);
}

static void
take_signals(struct engine *e)
{
	struct signalfd_siginfo info;

	while (read(e->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			reap(e);
			break;
		case SIGHUP:
			log_write(LOG_NOTICE, "engine: SIGHUP received, reloading the signatures");
			e->again = e->successor != 0;
			start_successor(e);
			break;
		default:
			log_write(LOG_NOTICE, "engine: %s received, shutting down",
			    info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
			if (!e->draining)
				drain(e);
		}
	}
}

static void
reap(struct engine *e)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == e->successor) {
			successor_ended(e, status);
			continue;
		}
		for (size_t i = 0; i < e->n_places; i++) {
			if (e->children[i].pid == pid)
				child_ended(e, &e->children[i], status);
		}
	}
}

static void
child_ended(struct engine *e, struct child *c, int status)
{
	if (WIFSIGNALED(status))
		log_write(LOG_WARNING, "engine: inspector %d was killed by signal %d (%s)", c->pid,
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != EX_OK)
		log_write(LOG_INFO, "engine: inspector %d ended with exit code %d", c->pid,
		    WEXITSTATUS(status));
	if (!scratch_empty(c->scratch))
		unfurnish(c);
	c->pid = 0;
	e->n_children--;
}

/* One that hangs, whatever its front thinks of it. */
static void
end_overdue(struct engine *e)
{
	time_t now = seconds();

	for (size_t i = 0; i < e->n_places; i++) {
		if (e->children[i].pid != 0 && e->children[i].deadline <= now)
			kill(e->children[i].pid, SIGKILL);
	}
	if (e->successor != 0 && e->successor_deadline <= now) {
		log_write(LOG_ERR, "engine: the reload takes too long, ending it");
		kill(e->successor, SIGKILL);
		e->successor_deadline = now + LOAD_TIMEOUT; /* dying of it */
	}
}

static void
check_signatures(struct engine *e)
{
	time_t now = seconds();

	if (e->conf->reload_check == 0 || now < e->next_check || e->successor != 0 || e->draining)
		return;
	e->next_check = now + (time_t)e->conf->reload_check;
	if (scan_changed())
		log_write(LOG_NOTICE, "engine: the signatures have changed, reloading");
	else if (e->reload_failed) /* of something that may have passed */
		log_write(LOG_NOTICE, "engine: trying the reload once more");
	else
		return;
	start_successor(e);
}

/* The same program with the same arguments, our socket, and a pipe to say when. */
static void
start_successor(struct engine *e)
{
	int ready[2];

	if (e->successor != 0 || e->draining || pipe2(ready, O_CLOEXEC) == -1)
		return;
	e->successor = fork();
	if (e->successor == 0)
		be_successor(e, ready[1]);
	close(ready[1]);
	if (e->successor == -1) {
		log_write(LOG_ERR, "engine: fork: %s", strerror(errno));
		e->successor = 0;
		close(ready[0]);
		return;
	}
	e->reload_failed = false;
	e->successor_ready = ready[0];
	e->successor_deadline = seconds() + LOAD_TIMEOUT;
}

static void
be_successor(const struct engine *e, int ready)
{
	char pid[32], fd[16];
	/* Out of the way of the two places first. */
	int listener = fcntl(e->listener, F_DUPFD, READY_FD + 1);
	int pipe_end = fcntl(ready, F_DUPFD, READY_FD + 1);

	sigprocmask(SIG_UNBLOCK, &e->blocked, NULL);
	if (listener == -1 || pipe_end == -1 || dup2(listener, LISTEN_FD) == -1 ||
	    dup2(pipe_end, READY_FD) == -1)
		_exit(EX_OSERR);
	closefrom(READY_FD + 1);
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(fd, sizeof(fd), "%d", READY_FD);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", e->own_socket ? OWN_SOCKET : "systemd", 1);
	setenv(ENGINE_READY_ENV, fd, 1);
	execv(e->argv[0], e->argv);
	_exit(EX_OSERR);
}

/* The byte: it serves. The end of the pipe without one: reap will tell. */
static void
take_successor(struct engine *e)
{
	char ready = 0;
	ssize_t n = read(e->successor_ready, &ready, 1);

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	close(e->successor_ready);
	e->successor_ready = -1;
	if (n != 1 || ready != READY_BYTE)
		return;
	log_write(LOG_NOTICE, "engine: process %d has taken over with the new signatures",
	    e->successor);
	if (e->again)
		kill(e->successor, SIGHUP);
	e->successor = 0;
	e->handed_over = true;
	drain(e);
}

static void
successor_ended(struct engine *e, int status)
{
	if (e->successor_ready != -1)
		take_successor(e);
	if (e->handed_over)
		return;
	e->successor = 0;
	e->reload_failed = true;
	if (e->draining)
		return; /* we have ended it */
	if (WIFSIGNALED(status))
		log_write(LOG_ERR,
		    "engine: the reload was killed by signal %d, "
		    "the old signatures stay in use",
		    WTERMSIG(status));
	else
		log_write(LOG_ERR,
		    "engine: the reload failed (exit code %d), "
		    "the old signatures stay in use",
		    WEXITSTATUS(status));
	if (e->again) {
		e->again = false;
		start_successor(e);
	}
}

/* Let the children finish, and who has waited for one get it; then end. */
static void
drain(struct engine *e)
{
	e->draining = true;
	if (!e->handed_over)
		notify_manager("STOPPING=1");
	if (e->successor != 0)
		kill(e->successor, SIGTERM);
	/* With its name gone nobody joins the queue, so that it has an end. */
	if (e->handed_over || !e->own_socket || unlink(e->conf->engine_socket) == -1)
		close_listener(e);
}

static void
close_listener(struct engine *e)
{
	if (e->listener != -1)
		close(e->listener);
	e->listener = -1;
}

static void
finish(struct engine *e)
{
	for (size_t i = 0; i < e->n_places; i++)
		unfurnish(&e->children[i]);
	if (!e->handed_over)
		remove_pid_file(e->conf->engine_pid_file);
	log_write(LOG_NOTICE, "engine: stopped");
	free(e->children);
}

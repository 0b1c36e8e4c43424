/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.c - the resident process: loads the signatures once and keeps an
 * inspector ready for each message.
 *
 * Single-threaded. It polls the listening socket, a signalfd, the channels of its
 * inspectors (place.c) and the pipe of a successor (successor.c); everything else
 * happens in children. It reads not one byte that a front sends: a connection
 * goes straight to an inspector, which has the loaded signatures already and has
 * shut itself in. When all places are taken it stops accepting, and the kernel
 * keeps the others in the order in which they came.
 *
 * A user who is neither root nor the engine's own has half of the places at most;
 * its further connections wait here, and beyond WAITING_MAX are refused.
 *
 * New signatures: a successor loads and proves them while this one goes on
 * serving, and takes over. If it fails nothing changes, and the next check tries
 * again. Where memory is short (engine_reload) this process finishes what it has,
 * gives its memory back and begins anew; connections wait meanwhile.
 *
 * At SIGTERM it takes its socket's name away, inspects what had come before,
 * and ends. A socket that is systemd's stays, with what waits there.
 *
 * Over 500 lines because it is one loop over one state, of short functions; what
 * has a state of its own has left it (place.c, objects.c, successor.c, lastgood.c).
 *
 * Limits: engine_inspectors places; each inspector ends after inspect_timeout and
 * a little. Diagnostics: everything by log.h; exit code of <sysexits.h> if it
 * can't begin.
 */
#include "engine.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "collapse.h"
#include "fault.h"
#include "inspector.h"
#include "lastgood.h"
#include "listener.h"
#include "log.h"
#include "manager.h"
#include "numbers.h"
#include "objects.h"
#include "place.h"
#include "privileges.h"
#include "sandbox.h"
#include "scan.h"
#include "scratch.h"
#include "successor.h"

#define BACKLOG 1024
#define WAITING_MAX 64

struct waiting {
	int sock;
	uid_t uid;
};

struct engine {
	const struct conf *conf;
	char **argv; /* to start a successor with; [0] is a path */
	struct listener listener;
	bool own_socket; /* made by us or by a predecessor: ours to remove */
	int signals; /* signalfd */
	sigset_t blocked;
	struct place *places;
	struct pollfd *polled; /* three, one for each place, one for each helper */
	struct objects objects; /* that inspectors have scanned elsewhere */
	size_t n_places;
	struct waiting waiting[WAITING_MAX]; /* whose user has its share */
	size_t n_waiting;
	struct successor successor;
	struct lastgood lastgood; /* of signatures; kept where a reload may pause */
	struct numbers numbers; /* for engine_metrics_file */
	bool pausing; /* for a reload: who is at work finishes, nobody else is let in */
	time_t next_check; /* of the signatures */
	time_t last_tick;
	bool reload_failed; /* the last successor ended without serving */
	bool draining;
	bool handed_over; /* to a successor */
};

enum { POLL_SIGNALS, POLL_LISTENER, POLL_SUCCESSOR, POLL_PLACES };

static bool begin(struct engine *, char *err, size_t errsize);
static int listen_somewhere(struct engine *, const struct passwd *, char *err, size_t errsize);
static void make_directory(const char *socket, const struct passwd *);
static bool become_user(const struct conf *, const struct passwd *, char *err, size_t errsize);
static bool prove_sandbox(const struct engine *, const char *, char *, size_t);
static bool load(struct engine *, char *err, size_t errsize);
static bool load_new_or_last(struct engine *, const char *scratch, char *err, size_t errsize);
static void hold_hangups(void);
static bool catch_signals(struct engine *, char *err, size_t errsize);
static void announce(struct engine *, int64_t begun);
static void serve(struct engine *);
static void hear_helper(struct engine *, size_t);
static void hear_place(struct engine *, size_t);
static bool goes_on(const struct engine *);
static bool at_work(const struct engine *);
static void start_again(struct engine *);
static bool wait_for_news(struct engine *);
static void tick(struct engine *);
static bool room(const struct engine *);
static bool share_left(const struct engine *, uid_t);
static void take_connection(struct engine *);
static bool peer_allowed(const struct engine *, int sock, uid_t *);
static void place_connection(struct engine *, int sock, uid_t);
static void keep_waiting(struct engine *, int sock, uid_t);
static void call_waiting(struct engine *);
static void fill_places(struct engine *);
static void take_signals(struct engine *);
static void reap(struct engine *);
static void count_end(struct engine *, const struct place *, int status);
static void write_numbers(struct engine *, bool last);
static void check_signatures(struct engine *);
static void start_successor(struct engine *);
static void follow(struct engine *, enum successor_news);
static void drain(struct engine *);
static void close_listener(struct engine *);
static void finish(struct engine *);

int
engine_run(const struct conf *conf, char **argv, int ready_fd, bool background)
{
	struct engine e = { .conf = conf, .argv = argv, .n_places = conf->engine_inspectors };
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
	listener_init(&e.listener);
	successor_init(&e.successor);
	if (!begin(&e, sentence, sizeof(sentence))) {
		log_write(LOG_ERR, "engine: %s", sentence);
		listener_close(&e.listener);
		objects_free(&e.objects);
		lastgood_drop(&e.lastgood);
		free(e.places);
		free(e.polled);
		return EX_UNAVAILABLE;
	}
	announce(&e, begun);
	manager_write_pid(conf->engine_pid_file);
	manager_ready(ready_fd);
	if (background)
		manager_leave_terminal(conf);
	serve(&e);
	finish(&e);
	return EX_OK;
}

/* Before anyone hears that it is ready. */
static bool
begin(struct engine *e, char *err, size_t errsize)
{
	const struct passwd *user;

	e->places = calloc(e->n_places, sizeof(*e->places));
	if (e->places == NULL || !objects_init(&e->objects, e->conf, e->places, &e->blocked))
		return fault_tell(err, errsize, "out of memory");
	for (size_t i = 0; i < e->n_places; i++)
		place_init(&e->places[i]);
	e->polled = calloc(POLL_PLACES + e->n_places + e->objects.n_helpers, sizeof(*e->polled));
	if (e->polled == NULL)
		return fault_tell(err, errsize, "out of memory");
	if (privileges_find(&user, e->conf->engine_user, err, errsize) != EX_OK ||
	    listen_somewhere(e, user, err, errsize) != EX_OK ||
	    !become_user(e->conf, user, err, errsize) || !load(e, err, errsize) ||
	    !catch_signals(e, err, errsize))
		return false;
	/* Other processes of its user are none of its friends: they may be inspectors. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return fault_tell(err, errsize, "PR_SET_DUMPABLE: %s", strerror(errno));
	collapse_memory();
	fill_places(e);
	return true;
}

/* A predecessor or systemd hands the socket over. */
static int
listen_somewhere(struct engine *e, const struct passwd *user, char *err, size_t errsize)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int code;

	if (listener_handed_over()) {
		e->own_socket = names != NULL && strcmp(names, SUCCESSOR_OWN_SOCKET) == 0;
		return listener_systemd(&e->listener, err, errsize);
	}
	make_directory(e->conf->engine_socket, user);
	code = listener_unix(&e->listener, e->conf->engine_socket, e->conf->engine_socket_mode,
	    user, BACKLOG, err, errsize);
	e->own_socket = code == EX_OK;
	return code;
}

/* The socket's, where it is not there; listening will say what is wrong with it. */
static void
make_directory(const char *socket, const struct passwd *user)
{
	char dir[PATH_MAX], *slash;

	strlcpy(dir, socket, sizeof(dir));
	if ((slash = strrchr(dir, '/')) == NULL || slash == dir)
		return;
	*slash = '\0';
	if (mkdir(dir, 0755) == 0 && user != NULL && chown(dir, user->pw_uid, user->pw_gid) == -1)
		log_write(LOG_WARNING, "engine: %s: %s", dir, strerror(errno));
}

static bool
become_user(const struct conf *conf, const struct passwd *user, char *err, size_t errsize)
{
	if (user == NULL) {
		if (geteuid() == 0)
			log_write(LOG_WARNING, "engine: no engine_user is set, so it stays root");
		return true;
	}
	if (privileges_drop(user, err, errsize) != EX_OK)
		return false;
	/* Root has opened it; a successor would fail over it, much later. */
	if (strncmp(conf->log, "file:", 5) == 0 && access(conf->log + 5, W_OK) == -1)
		return fault_tell(err, errsize, "user %s cannot write to %s: %s", user->pw_name,
		    conf->log + 5, strerror(errno));
	return true;
}

/* The private directory is wanted while loading only. */
static bool
load(struct engine *e, char *err, size_t errsize)
{
	char scratch[PATH_MAX];
	bool ok;

	if (!scratch_make(scratch_base(e->conf), scratch, sizeof(scratch)))
		return fault_tell(err, errsize, "cannot create a scratch directory in %s: %s",
		    scratch_base(e->conf), strerror(errno));
	ok = prove_sandbox(e, scratch, err, errsize) && load_new_or_last(e, scratch, err, errsize);
	scratch_remove(scratch);
	return ok;
}

/*
 * Where there was a pause the old signatures are gone: if the new ones are broken
 * the old files are loaded once more. (They are still open.)
 */
static bool
load_new_or_last(struct engine *e, const char *scratch, char *err, size_t errsize)
{
	struct lastgood old;
	struct conf last = *e->conf;
	bool have_old = lastgood_inherit(&old), ok;

	if (e->conf->engine_reload != RELOAD_OVERLAP)
		lastgood_keep(&e->lastgood, e->conf->database, scratch_base(e->conf));
	ok = inspector_prepare(e->conf, scratch, PLACE_CHANNEL, err, errsize);
	if (ok || !have_old) {
		lastgood_drop(&old);
		return ok;
	}
	log_write(LOG_ERR, "engine: the reload failed, loading the last good signatures again: %s",
	    err);
	last.database = old.database;
	lastgood_drop(&e->lastgood);
	e->lastgood = old;
	ok = inspector_prepare(&last, scratch, PLACE_CHANNEL, err, errsize);
	scan_watch(e->conf->database);
	return ok;
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

/* prove_sandbox - before the signatures, which take long, and of the engine's own rights */
static bool
prove_sandbox(const struct engine *e, const char *scratch, char *err, size_t errsize)
{
	char words[512];
	bool complete;

	if (!sandbox_prove(e->conf, scratch, &complete, words, sizeof(words)))
		return fault_tell(err, errsize, "%s", words);
	log_write(complete ? LOG_NOTICE : LOG_WARNING, "engine: sandbox of inspectors: %s", words);
	return true;
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
announce(struct engine *e, int64_t begun)
{
	char words[256];

	scratch_describe(e->conf, words, sizeof(words));
	log_write(LOG_NOTICE, "engine: scratch directories: %s", words);
	log_write(LOG_NOTICE, "engine: ready with %u signatures, %s, after %lld ms",
	    scan_signatures(), scan_banner(), (long long)(clock_ms() - begun));
	e->next_check = place_now() + (time_t)e->conf->reload_check;
	numbers_begin(&e->numbers, e->conf);
}

static void
serve(struct engine *e)
{
	while (goes_on(e)) {
		if (e->pausing && !at_work(e))
			start_again(e);
		if (!wait_for_news(e))
			continue;
		if (e->polled[POLL_SIGNALS].revents != 0)
			take_signals(e);
		if (e->polled[POLL_SUCCESSOR].revents != 0)
			follow(e, successor_listen(&e->successor));
		for (size_t i = 0; i < e->objects.n_helpers; i++)
			hear_helper(e, i);
		for (size_t i = 0; i < e->n_places; i++)
			hear_place(e, i);
		if (room(e) && e->listener.fd != -1 && !e->pausing &&
		    (e->polled[POLL_LISTENER].revents != 0 || e->draining))
			take_connection(e);
		objects_balance(&e->objects);
		if (e->last_tick != place_now())
			tick(e);
	}
}

static void
hear_helper(struct engine *e, size_t i)
{
	if (e->polled[POLL_PLACES + e->n_places + i].revents != 0 &&
	    e->objects.helpers[i].place.channel != -1)
		objects_listen(&e->objects, i);
}

static void
hear_place(struct engine *e, size_t i)
{
	struct place *p = &e->places[i];
	struct errand_ask ask;
	int fd;

	if (e->polled[POLL_PLACES + i].revents != 0 && p->channel != -1 &&
	    place_listen(p, e->conf, &ask, &fd))
		objects_ask(&e->objects, i, &ask, fd);
}

static bool
goes_on(const struct engine *e)
{
	return !e->draining || e->listener.fd != -1 || e->successor.pid != 0 || at_work(e);
}

/* Does anybody wait for an inspector, or for what it says? */
static bool
at_work(const struct engine *e)
{
	for (size_t i = 0; i < e->n_places; i++)
		if (e->places[i].state > PLACE_READY)
			return true;
	return e->n_waiting > 0;
}

/*
 * With nobody at work and all memory given back this program begins anew, as the
 * same process, with the listening socket: connections wait in its queue.
 */
static void
start_again(struct engine *e)
{
	for (size_t i = 0; i < e->n_places; i++)
		place_clear(&e->places[i]);
	objects_log(&e->objects);
	objects_free(&e->objects);
	lastgood_hand_on(&e->lastgood);
	e->numbers.reloads++;
	write_numbers(e, true);
	setenv(ENGINE_READY_ENV, ENGINE_SAME, 1);
	successor_become(e->argv, e->listener.fd, e->own_socket, &e->blocked);
	log_write(LOG_ERR, "engine: cannot start again: %s", strerror(errno));
	e->numbers.reloads--;
	e->numbers.failed_reloads++;
	e->pausing = false;
	if (!objects_init(&e->objects, e->conf, e->places, &e->blocked))
		log_write(LOG_ERR, "engine: out of memory");
	fill_places(e);
}

/* False if there is none, for want of memory say: that may pass, and to end would help nobody. */
static bool
wait_for_news(struct engine *e)
{
	bool may_take = room(e) && e->listener.fd != -1 && !e->pausing;

	e->polled[POLL_SIGNALS] = (struct pollfd){ .fd = e->signals, .events = POLLIN };
	e->polled[POLL_LISTENER] = (struct pollfd){ .fd = may_take ? e->listener.fd : -1,
		.events = POLLIN };
	e->polled[POLL_SUCCESSOR] = (struct pollfd){ .fd = e->successor.ready, .events = POLLIN };
	for (size_t i = 0; i < e->n_places; i++)
		e->polled[POLL_PLACES + i] = (struct pollfd){ .fd = e->places[i].channel,
			.events = POLLIN };
	for (size_t i = 0; i < e->objects.n_helpers; i++)
		e->polled[POLL_PLACES + e->n_places + i] = (struct pollfd){
			.fd = e->objects.helpers[i].place.channel, .events = POLLIN
		};
	/* What waits is taken immediately: a listener that drains is closed after it. */
	if (poll(e->polled, POLL_PLACES + e->n_places + e->objects.n_helpers,
		e->draining && may_take ? 0 : 1000) != -1 ||
	    errno == EINTR)
		return true;
	log_write(LOG_ERR, "engine: poll: %s", strerror(errno));
	sleep(1);
	return false;
}

/* About once a second. */
static void
tick(struct engine *e)
{
	e->last_tick = place_now();
	for (size_t i = 0; i < e->n_places; i++)
		place_check(&e->places[i], e->conf);
	objects_check(&e->objects);
	successor_check(&e->successor);
	check_signatures(e);
	write_numbers(e, false);
}

/* Once another one serves the numbers are its own. */
static void
write_numbers(struct engine *e, bool last)
{
	struct numbers *n = &e->numbers;

	if (e->handed_over && !last)
		return;
	n->ready = n->working = 0;
	n->waiting = e->n_waiting;
	for (size_t i = 0; i < e->n_places; i++) {
		n->ready += e->places[i].state == PLACE_READY;
		n->working += e->places[i].state > PLACE_READY;
	}
	numbers_write(n, e->conf, last);
}

/* Is there an inspector that waits, or a place for one? */
static bool
room(const struct engine *e)
{
	for (size_t i = 0; i < e->n_places; i++)
		if (e->places[i].state <= PLACE_READY)
			return true;
	return false;
}

/* A stranger must not take all places. */
static bool
share_left(const struct engine *e, uid_t uid)
{
	size_t has = 0;

	if (uid == 0 || uid == geteuid())
		return true;
	for (size_t i = 0; i < e->n_places; i++)
		if (e->places[i].state > PLACE_READY && e->places[i].uid == uid)
			has++;
	return has < (e->n_places + 1) / 2;
}

static void
take_connection(struct engine *e)
{
	int sock = accept4(e->listener.fd, NULL, NULL, SOCK_CLOEXEC);
	uid_t uid;

	if (sock == -1) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			log_write(LOG_WARNING, "engine: accept: %s", strerror(errno));
		if (e->draining && errno != EINTR && errno != ECONNABORTED)
			close_listener(e);
		return;
	}
	if (!peer_allowed(e, sock, &uid)) {
		e->numbers.refused++;
		close(sock);
	} else if (share_left(e, uid)) {
		place_connection(e, sock, uid);
	} else {
		keep_waiting(e, sock, uid);
	}
}

/* Root, ourselves, and the users of the configuration. */
static bool
peer_allowed(const struct engine *e, int sock, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	char name[64];

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return false;
	*uid = peer.uid;
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

/* To an inspector that waits, or, where none does, one that is made now. Closes sock if that fails. */
static void
place_connection(struct engine *e, int sock, uid_t uid)
{
	for (int made = 0; made < 2; made++) {
		for (size_t i = 0; i < e->n_places; i++)
			if (e->places[i].state == PLACE_READY &&
			    place_give(&e->places[i], sock, uid))
				return;
		fill_places(e);
	}
	close(sock);
}

static void
keep_waiting(struct engine *e, int sock, uid_t uid)
{
	if (e->n_waiting == WAITING_MAX) {
		log_write(LOG_WARNING, "engine: uid %u refused: it has its share, and more wait",
		    uid);
		e->numbers.refused++;
		close(sock);
		return;
	}
	e->waiting[e->n_waiting++] = (struct waiting){ .sock = sock, .uid = uid };
}

/* Those whose user has places again, in the order in which they came. */
static void
call_waiting(struct engine *e)
{
	struct waiting old[WAITING_MAX];
	size_t n = e->n_waiting;

	memcpy(old, e->waiting, sizeof(old));
	e->n_waiting = 0;
	for (size_t i = 0; i < n; i++) {
		if (room(e) && share_left(e, old[i].uid))
			place_connection(e, old[i].sock, old[i].uid);
		else
			e->waiting[e->n_waiting++] = old[i];
	}
}

static void
fill_places(struct engine *e)
{
	for (size_t i = 0; i < e->n_places; i++)
		if (e->places[i].state == PLACE_EMPTY &&
		    !place_fill(&e->places[i], PLACE_INSPECTOR, e->conf, &e->blocked))
			return;
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
			e->successor.again = e->successor.pid != 0;
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

/* One that has served is replaced now; of one that died while it waited there may be no end. */
static void
reap(struct engine *e)
{
	bool served = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == e->successor.pid)
			follow(e, successor_ended(&e->successor, status));
		if (objects_reap(&e->objects, pid, status))
			continue;
		for (size_t i = 0; i < e->n_places; i++) {
			if (e->places[i].state == PLACE_EMPTY || e->places[i].pid != pid)
				continue;
			served = served || e->places[i].state > PLACE_READY;
			count_end(e, &e->places[i], status);
			place_ended(&e->places[i], status);
			objects_forget(&e->objects, i);
		}
	}
	if (served && !e->draining && !e->pausing)
		fill_places(e);
	call_waiting(e);
}

/* Of one that had a message, or died while it waited for one. */
static void
count_end(struct engine *e, const struct place *p, int status)
{
	enum numbers_end end = NUMBERS_WELL;

	if (p->ended_by_us)
		end = NUMBERS_TIMEOUT;
	else if (WIFSIGNALED(status))
		end = NUMBERS_CRASH;
	else if (WEXITSTATUS(status) != EX_OK)
		end = NUMBERS_FAILURE;
	if (end != NUMBERS_WELL || p->state > PLACE_READY)
		e->numbers.ends[end]++;
}

static void
check_signatures(struct engine *e)
{
	time_t now = place_now();

	if (e->conf->reload_check == 0 || now < e->next_check || e->successor.pid != 0 ||
	    e->draining)
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

static void
start_successor(struct engine *e)
{
	if (e->successor.pid != 0 || e->draining || e->pausing)
		return;
	if (e->lastgood.dir[0] != '\0' && successor_wants_pause(e->conf)) {
		e->pausing = true;
		return;
	}
	if (successor_start(&e->successor, e->argv, e->listener.fd, e->own_socket, &e->blocked))
		e->reload_failed = false;
}

static void
follow(struct engine *e, enum successor_news news)
{
	if (news == SUCCESSOR_SERVES) {
		e->numbers.reloads++;
		write_numbers(e, true);
		e->handed_over = true;
		drain(e);
	} else if (news == SUCCESSOR_FAILED) {
		e->reload_failed = true;
		e->numbers.failed_reloads++;
		if (e->successor.again && !e->draining) {
			e->successor.again = false;
			start_successor(e);
		}
	}
}

/* Let the inspectors finish, and who has waited for one get it; then end. */
static void
drain(struct engine *e)
{
	e->draining = true;
	e->pausing = false;
	e->objects.refill = false;
	if (!e->handed_over)
		manager_stopping();
	if (e->successor.pid != 0)
		kill(e->successor.pid, SIGTERM);
	/* With its name gone nobody joins the queue, so that it has an end. */
	if (e->handed_over || !e->own_socket || unlink(e->conf->engine_socket) == -1)
		close_listener(e);
	else
		e->listener.path[0] = '\0';
}

static void
close_listener(struct engine *e)
{
	listener_leave(&e->listener);
}

static void
finish(struct engine *e)
{
	if (!e->handed_over)
		write_numbers(e, true);
	for (size_t i = 0; i < e->n_places; i++)
		place_clear(&e->places[i]);
	objects_log(&e->objects);
	objects_free(&e->objects);
	lastgood_drop(&e->lastgood);
	if (!e->handed_over)
		manager_remove_pid(e->conf->engine_pid_file);
	log_write(LOG_NOTICE, "engine: stopped");
	free(e->places);
	free(e->polled);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * objects.c - objects that inspectors have scanned elsewhere, and that need not be
 * scanned twice (errand.h).
 *
 * The object comes as a sealed memfd, is mapped and hashed here, and nothing else
 * is done with its bytes in this process. If it was scanned clean before, with the
 * same settings, the answer is at hand; else a helper scans it, a fresh inspector
 * that has nothing but this object, and its answer is passed on unread but for the
 * first byte. Only what a helper has called clean is remembered, under the hash
 * that was computed here: an inspector, or a helper, that lies does so about the
 * object that has taken it over, and about no other.
 *
 * Limits: ERRAND_MAX_OBJECT bytes; one object at a time for each inspector.
 */
#include "objects.h"

#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptor.h"
#include "log.h"
#include "message.h"

static bool read_object(struct known_key *, const struct errand_ask *, int fd);
static bool send_helper(struct objects *, struct errand_state *, const struct errand_ask *, int fd);
static void answer(int channel, const char *text, size_t len);

bool
objects_init(struct objects *o, const struct conf *conf, const sigset_t *unblock)
{
	memset(o, 0, sizeof(*o));
	o->conf = conf;
	o->unblock = unblock;
	if (conf->engine_cache == 0)
		return true;
	o->errands = calloc(conf->engine_inspectors, sizeof(*o->errands));
	o->known = o->errands == NULL ? NULL : known_new(conf->engine_cache);
	/* Without memory nothing is known, and each inspector scans for itself. */
	if (o->known == NULL) {
		free(o->errands);
		o->errands = NULL;
		return false;
	}
	o->n = conf->engine_inspectors;
	for (size_t i = 0; i < o->n; i++)
		place_init(&o->errands[i].helper);
	return true;
}

void
objects_ask(struct objects *o, size_t number, int channel, const struct errand_ask *ask, int fd)
{
	static const char self[] = { ERRAND_SELF };
	struct errand_state *e = o->known != NULL ? &o->errands[number] : NULL;
	const char *text;
	size_t len;

	if (e == NULL || e->asked || !read_object(&e->key, ask, fd)) {
		answer(channel, self, sizeof(self));
	} else if ((text = known_find(o->known, &e->key, &len)) != NULL) {
		o->n_asked++;
		o->n_known++;
		answer(channel, text, len);
	} else {
		o->n_asked++;
		e->asked = o->refill = send_helper(o, e, ask, fd);
		if (!e->asked)
			answer(channel, self, sizeof(self));
	}
	close(fd);
}

/* Sealed, so that nothing about it can change any more. */
static bool
read_object(struct known_key *key, const struct errand_ask *ask, int fd)
{
	struct message m;
	int copy = dup(fd);
	bool ok = false;

	if (copy == -1 || message_adopt(&m, copy) != MESSAGE_OK) {
		if (copy != -1)
			close(copy);
		return false;
	}
	if (m.size > 0 && m.size <= ERRAND_MAX_OBJECT) {
		known_hash(key, m.bytes, (size_t)m.size, &ask->settings);
		ok = true;
	}
	message_close(&m);
	return ok;
}

static bool
send_helper(struct objects *o, struct errand_state *e, const struct errand_ask *ask, int fd)
{
	struct place *p = &e->helper;
	struct errand_ask bounded = *ask;

	if (bounded.seconds > o->conf->inspect_timeout)
		bounded.seconds = (uint32_t)o->conf->inspect_timeout;
	if (p->state == PLACE_EMPTY && !place_fill(p, PLACE_HELPER, o->conf, o->unblock))
		return false;
	return p->state == PLACE_READY && place_send(p, fd, &bounded, sizeof(bounded)) &&
	    place_at_work(p, o->conf);
}

/* One packet; an inspector that does not take it has more than one under way, or is dead. */
static void
answer(int channel, const char *text, size_t len)
{
	if (channel != -1 && send(channel, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		log_write(LOG_DEBUG, "engine: answer to an inspector: %s", strerror(errno));
}

void
objects_listen(struct objects *o, size_t number, int channel)
{
	static const char self[] = { ERRAND_SELF };
	static char text[ERRAND_MAX_ANSWER];
	struct errand_state *e = &o->errands[number];
	ssize_t n = recv(e->helper.channel, text, sizeof(text), MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && e->asked) {
		answer(channel, text, (size_t)n);
		if (text[0] == ERRAND_CLEAN && n > ERRAND_COST) {
			memset(text + 1, 0, ERRAND_COST - 1);
			known_add(o->known, &e->key, text, (size_t)n);
		}
	} else if (e->asked) {
		answer(channel, self, sizeof(self));
	}
	/* It has said all it may. */
	e->asked = false;
	close(e->helper.channel);
	e->helper.channel = -1;
}

void
objects_forget(struct objects *o, size_t number)
{
	struct errand_state *e = o->known != NULL ? &o->errands[number] : NULL;

	if (e == NULL || !e->asked)
		return;
	e->asked = false;
	kill(e->helper.pid, SIGKILL);
}

bool
objects_reap(struct objects *o, pid_t pid, int status, const struct place *inspectors)
{
	for (size_t i = 0; i < o->n; i++) {
		struct errand_state *e = &o->errands[i];

		if (e->helper.state == PLACE_EMPTY || e->helper.pid != pid)
			continue;
		if (e->helper.channel != -1 && e->asked)
			objects_listen(o, i, inspectors[i].channel);
		place_ended(&e->helper, status);
		if (o->refill)
			place_fill(&e->helper, PLACE_HELPER, o->conf, o->unblock);
		return true;
	}
	return false;
}

void
objects_check(struct objects *o)
{
	for (size_t i = 0; i < o->n; i++)
		place_check(&o->errands[i].helper, o->conf);
}

void
objects_log(const struct objects *o)
{
	if (o->n_asked > 0)
		log_write(LOG_NOTICE, "engine: objects asked for: %llu, known to be clean: %llu",
		    (unsigned long long)o->n_asked, (unsigned long long)o->n_known);
}

void
objects_free(struct objects *o)
{
	for (size_t i = 0; i < o->n; i++)
		place_clear(&o->errands[i].helper);
	free(o->errands);
	known_free(o->known);
	memset(o, 0, sizeof(*o));
}

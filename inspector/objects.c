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
 * What an inspector sends ahead waits until fewer are at work than there are places and
 * processors. (An inspector that waits for a helper is not at work.) First objects of all
 * messages come before second ones. The answer is kept until it is asked for, and one that
 * is asked for before its turn is begun at once; no answer is ever sent unasked. A message
 * always gets its place: where there are more at work than places then, what was begun
 * ahead is put off. When an inspector is gone, so is all of its own. Whatever is not kept,
 * for want of memory, say, is asked for like what did not come ahead.
 *
 * Limits: ERRAND_MAX_OBJECT bytes; one object at a time that an inspector waits for, and
 * ERRAND_AHEAD_MAX that it does not, of ERRAND_AHEAD_BYTES; HELD_MAX of all inspectors.
 */
#include "objects.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptor.h"
#include "log.h"
#include "message.h"

#define HELD_MAX 64 /* descriptors */

static struct object *object_of(const struct objects *, size_t inspector, size_t number);
static bool waits(const struct objects *, size_t inspector);
static void take_ahead(struct objects *, size_t inspector, const struct errand_ask *, int fd);
static bool may_hold(const struct objects *, size_t inspector, int fd);
static void answer_now(struct objects *, size_t inspector, const struct errand_ask *, int fd);
static bool read_object(struct known_key *, const struct errand_ask *, int fd);
static bool is_known(struct objects *, struct object *);
static bool send_helper(struct objects *, size_t inspector, struct object *, int fd);
static struct helper *find_helper(struct objects *);
static void take_answer(struct objects *, struct helper *, char *text, size_t len);
static void answer(const struct objects *, size_t inspector, const char *text, size_t len);
static void answer_done(struct objects *, size_t inspector, struct object *);
static void keep(struct object *, const char *text, size_t len);
static void drop(struct object *);
static size_t at_work(const struct objects *);
static struct object *next_queued(struct objects *, size_t *inspector);
static bool is_under_way(const struct objects *, const struct known_key *);
static bool put_off(struct objects *);

static const char self[] = { ERRAND_SELF };

bool
objects_init(struct objects *o, const struct conf *conf, const struct place *inspectors,
    const sigset_t *unblock)
{
	memset(o, 0, sizeof(*o));
	o->conf = conf;
	o->inspectors = inspectors;
	o->unblock = unblock;
	if (conf->engine_cache == 0)
		return true;
	o->limit = errand_limit(conf);
	/* One for each inspector, whatever was begun ahead. */
	o->n_helpers = conf->engine_inspectors + o->limit;
	o->helpers = calloc(o->n_helpers, sizeof(*o->helpers));
	o->objects = calloc(conf->engine_inspectors, OBJECTS_EACH * sizeof(*o->objects));
	o->known = o->helpers == NULL || o->objects == NULL ? NULL : known_new(conf->engine_cache);
	/* Without memory nothing is known, and each inspector scans for itself. */
	if (o->known == NULL) {
		free(o->helpers);
		free(o->objects);
		o->n_helpers = 0;
		return false;
	}
	for (size_t i = 0; i < o->n_helpers; i++)
		place_init(&o->helpers[i].place);
	for (size_t i = 0; i < conf->engine_inspectors * OBJECTS_EACH; i++)
		o->objects[i].fd = -1;
	return true;
}

static struct object *
object_of(const struct objects *o, size_t inspector, size_t number)
{
	return &o->objects[inspector * OBJECTS_EACH + number];
}

void
objects_ask(struct objects *o, size_t inspector, const struct errand_ask *ask, int fd)
{
	if (ask->word == ERRAND_AHEAD)
		take_ahead(o, inspector, ask, fd);
	else if (o->known == NULL || ask->number > ERRAND_AHEAD_MAX || waits(o, inspector))
		answer(o, inspector, self, sizeof(self));
	else
		answer_now(o, inspector, ask, fd);
	close(fd);
}

/* Is there one whose answer that inspector waits for? */
static bool
waits(const struct objects *o, size_t inspector)
{
	for (size_t k = 0; k < OBJECTS_EACH; k++)
		if (object_of(o, inspector, k)->wanted)
			return true;
	return false;
}

/* Nobody waits for an answer, so there is none if it can't be taken. */
static void
take_ahead(struct objects *o, size_t inspector, const struct errand_ask *ask, int fd)
{
	struct object *x;

	if (o->known == NULL || o->limit < 2 || ask->number == 0 ||
	    ask->number > ERRAND_AHEAD_MAX || !may_hold(o, inspector, fd))
		return;
	x = object_of(o, inspector, ask->number);
	if (x->state != OBJECT_NONE || !read_object(&x->key, ask, fd) || is_known(o, x) ||
	    (x->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return;
	x->ask = *ask;
	x->until = place_now() + (time_t)ask->seconds;
	x->state = OBJECT_QUEUED;
}

static bool
may_hold(const struct objects *o, size_t inspector, int fd)
{
	struct stat st;
	uint64_t bytes = 0;
	size_t held = 0;

	if (fstat(fd, &st) == -1)
		return false;
	for (size_t i = 0; i < o->conf->engine_inspectors * OBJECTS_EACH; i++) {
		const struct object *x = &o->objects[i];

		if (x->fd == -1)
			continue;
		held++;
		bytes += i / OBJECTS_EACH == inspector ? x->key.len : 0;
	}
	return held < HELD_MAX && bytes + (uint64_t)st.st_size <= ERRAND_AHEAD_BYTES;
}

static void
answer_now(struct objects *o, size_t inspector, const struct errand_ask *ask, int fd)
{
	struct object *x = object_of(o, inspector, ask->number);

	if (x->state == OBJECT_NONE && !read_object(&x->key, ask, fd)) {
		answer(o, inspector, self, sizeof(self));
		return;
	}
	o->n_asked++;
	if (x->state == OBJECT_SCANNED) {
		x->wanted = true;
		close(x->fd);
		x->fd = -1;
		return;
	}
	if (x->state != OBJECT_DONE && !is_known(o, x)) {
		/* What it may take is what this ask says: its inspector waits. */
		x->ask = *ask;
		x->wanted = send_helper(o, inspector, x, x->fd != -1 ? x->fd : fd);
		if (x->wanted) {
			if (x->fd != -1)
				close(x->fd);
			x->fd = -1;
			return;
		}
		keep(x, self, sizeof(self));
	}
	answer_done(o, inspector, x);
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

/* If so it is done. */
static bool
is_known(struct objects *o, struct object *x)
{
	size_t len;
	const char *text = known_find(o->known, &x->key, &len);

	if (text == NULL)
		return false;
	keep(x, text, len);
	x->known = true;
	return true;
}

static bool
send_helper(struct objects *o, size_t inspector, struct object *x, int fd)
{
	struct helper *h = find_helper(o);
	struct errand_ask bounded = x->ask;

	if (bounded.seconds > o->conf->inspect_timeout)
		bounded.seconds = (uint32_t)o->conf->inspect_timeout;
	if (h == NULL || !place_send(&h->place, fd, &bounded, sizeof(bounded)))
		return false;
	place_at_work(&h->place, o->conf);
	h->object = x;
	h->inspector = inspector;
	x->state = OBJECT_SCANNED;
	o->refill = true;
	return true;
}

/* One that is ready, or else is made so. */
static struct helper *
find_helper(struct objects *o)
{
	struct helper *empty = NULL;

	for (size_t i = 0; i < o->n_helpers; i++) {
		if (o->helpers[i].place.state == PLACE_READY)
			return &o->helpers[i];
		if (o->helpers[i].place.state == PLACE_EMPTY)
			empty = &o->helpers[i];
	}
	return empty != NULL && place_fill(&empty->place, PLACE_HELPER, o->conf, o->unblock) ? empty
											     : NULL;
}

/* One packet; an inspector that does not take it has more than one under way, or is dead. */
static void
answer(const struct objects *o, size_t inspector, const char *text, size_t len)
{
	int channel = o->inspectors[inspector].channel;

	if (channel != -1 && send(channel, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		log_write(LOG_DEBUG, "engine: answer to an inspector: %s", strerror(errno));
}

static void
answer_done(struct objects *o, size_t inspector, struct object *x)
{
	o->n_known += x->known;
	if (x->state == OBJECT_DONE)
		answer(o, inspector, x->answer, x->len);
	else
		answer(o, inspector, self, sizeof(self));
	drop(x);
}

/* It is done. Without memory for the answer it is as if it had never come. */
static void
keep(struct object *x, const char *text, size_t len)
{
	char *copy = malloc(len);

	drop(x);
	if (copy == NULL)
		return;
	memcpy(copy, text, len);
	x->answer = copy;
	x->len = len;
	x->state = OBJECT_DONE;
}

static void
drop(struct object *x)
{
	if (x->fd != -1)
		close(x->fd);
	free(x->answer);
	x->state = OBJECT_NONE;
	x->fd = -1;
	x->wanted = x->known = false;
	x->answer = NULL;
}

void
objects_listen(struct objects *o, size_t helper)
{
	static char text[ERRAND_MAX_ANSWER];
	struct helper *h = &o->helpers[helper];
	ssize_t n = recv(h->place.channel, text, sizeof(text), MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (h->object != NULL)
		take_answer(o, h, text, n > 0 ? (size_t)n : 0);
	/* It has said all it may. */
	h->object = NULL;
	close(h->place.channel);
	h->place.channel = -1;
}

/* Of no bytes, if it has died. */
static void
take_answer(struct objects *o, struct helper *h, char *text, size_t len)
{
	struct object *x = h->object;
	bool wanted = x->wanted;

	if (len > 0)
		keep(x, text, len);
	else
		drop(x);
	if (wanted)
		answer_done(o, h->inspector, x);
	if (len > ERRAND_COST && text[0] == ERRAND_CLEAN) {
		memset(text + 1, 0, ERRAND_COST - 1);
		known_add(o->known, &x->key, text, len);
	}
}

void
objects_balance(struct objects *o)
{
	struct object *x;
	size_t inspector;

	if (o->known == NULL)
		return;
	while (at_work(o) < o->limit && (x = next_queued(o, &inspector)) != NULL) {
		const time_t now = place_now();

		x->ask.seconds = x->until > now ? (uint32_t)(x->until - now) : 1;
		if (!send_helper(o, inspector, x, x->fd)) {
			drop(x);
			continue;
		}
		o->n_ahead++;
		log_write(LOG_DEBUG, "engine: object %u of inspector %d is scanned ahead",
		    x->ask.number, o->inspectors[inspector].pid);
	}
	while (at_work(o) > o->conf->engine_inspectors && put_off(o))
		;
}

/* Inspectors, and helpers for whom none waits. */
static size_t
at_work(const struct objects *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->conf->engine_inspectors; i++)
		n += o->inspectors[i].state > PLACE_READY;
	for (size_t i = 0; i < o->n_helpers; i++)
		n += o->helpers[i].object != NULL && !o->helpers[i].object->wanted;
	return n;
}

/* The same bytes are not scanned twice at a time: then they are known. */
static struct object *
next_queued(struct objects *o, size_t *inspector)
{
	for (size_t k = 1; k < OBJECTS_EACH; k++) {
		for (size_t i = 0; i < o->conf->engine_inspectors; i++) {
			struct object *x = object_of(o, i, k);

			if (x->state != OBJECT_QUEUED || is_known(o, x) || is_under_way(o, &x->key))
				continue;
			*inspector = i;
			return x;
		}
	}
	return NULL;
}

static bool
is_under_way(const struct objects *o, const struct known_key *key)
{
	for (size_t i = 0; i < o->n_helpers; i++) {
		const struct object *x = o->helpers[i].object;

		if (x != NULL && memcmp(&x->key, key, sizeof(*key)) == 0)
			return true;
	}
	return false;
}

/* One that nobody waits for yet goes back to where it was. False: there is none. */
static bool
put_off(struct objects *o)
{
	for (size_t i = 0; i < o->n_helpers; i++) {
		struct helper *h = &o->helpers[i];

		if (h->object == NULL || h->object->wanted)
			continue;
		log_write(LOG_DEBUG, "engine: object %u of inspector %d is put off",
		    h->object->ask.number, o->inspectors[h->inspector].pid);
		h->object->state = OBJECT_QUEUED;
		h->object = NULL;
		place_abandon(&h->place);
		return true;
	}
	return false;
}

void
objects_forget(struct objects *o, size_t inspector)
{
	if (o->known == NULL)
		return;
	for (size_t i = 0; i < o->n_helpers; i++) {
		struct helper *h = &o->helpers[i];

		if (h->object == NULL || h->inspector != inspector)
			continue;
		h->object = NULL;
		place_abandon(&h->place);
	}
	for (size_t k = 0; k < OBJECTS_EACH; k++)
		drop(object_of(o, inspector, k));
}

bool
objects_reap(struct objects *o, pid_t pid, int status)
{
	for (size_t i = 0; i < o->n_helpers; i++) {
		struct place *p = &o->helpers[i].place;

		if (p->state == PLACE_EMPTY || p->pid != pid)
			continue;
		if (p->channel != -1)
			objects_listen(o, i);
		place_ended(p, status);
		if (o->refill)
			place_fill(p, PLACE_HELPER, o->conf, o->unblock);
		return true;
	}
	return false;
}

void
objects_check(struct objects *o)
{
	for (size_t i = 0; i < o->n_helpers; i++)
		place_check(&o->helpers[i].place, o->conf);
}

void
objects_log(const struct objects *o)
{
	if (o->n_asked > 0)
		log_write(LOG_NOTICE,
		    "engine: objects asked for: %llu, known to be clean: %llu, "
		    "scanned ahead: %llu",
		    (unsigned long long)o->n_asked, (unsigned long long)o->n_known,
		    (unsigned long long)o->n_ahead);
}

void
objects_free(struct objects *o)
{
	if (o->known == NULL)
		return;
	for (size_t i = 0; i < o->n_helpers; i++)
		place_clear(&o->helpers[i].place);
	for (size_t i = 0; i < o->conf->engine_inspectors * OBJECTS_EACH; i++)
		drop(&o->objects[i]);
	free(o->helpers);
	free(o->objects);
	known_free(o->known);
	memset(o, 0, sizeof(*o));
}

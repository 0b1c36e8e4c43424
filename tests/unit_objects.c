/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_objects.c - the engine's memory of clean objects, and what is scanned ahead, with
 * inspectors and helpers that lie: this program plays both. Whatever they say, what is infected is
 * found in the next message, by an honest one.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "descriptor.h"
#include "errand.h"
#include "inspector.h"
#include "objects.h"
#include "scratch.h"
#include "scan.h"
#include "scan_result.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#endif
#define ALL_SEALS 15
#define PATTERN "A-HARMLESS-PATTERN-OF-UNIT-OBJECTS-AND-NOTHING-ELSE"
#define OBJECT_SIZE 4096
#define PLACES 3

static char root[] = "/tmp/unit_objects.XXXXXX", database[64], database_file[80];
static struct conf conf;
static sigset_t none;
static struct objects objects;
static struct place inspectors[PLACES]; /* the engine's */
static int channel[2]; /* the engine's end, the first inspector's */
static char answer[ERRAND_MAX_ANSWER];
static char clean[OBJECT_SIZE], infected[OBJECT_SIZE];
static const struct errand_settings settings = {
	.size_limit = 100 << 20, .file_limit = 100 << 20, .depth_limit = 17, .files_limit = 1000
};

/* A memfd of these bytes. */
static int
object(const char *bytes, size_t len, int seals)
{
	int fd = memfd_create("object", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd != -1);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	if (seals != 0)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

/* The engine's next step; an answer's first byte, or 0 if there is none yet. */
static char
take_answer(void)
{
	ssize_t n = recv(channel[1], answer, sizeof(answer), MSG_DONTWAIT);

	return n > 0 ? answer[0] : 0;
}

/* How many scan an object, and how many of them ahead. */
static size_t
at_work(bool ahead)
{
	size_t n = 0;

	for (size_t i = 0; i < objects.n_helpers; i++)
		n += objects.helpers[i].object != NULL &&
		    (!ahead || !objects.helpers[i].object->wanted);
	return n;
}

/* Play the engine until every helper that has something to do has ended. */
static void
end_helpers(void)
{
	int status;

	objects.refill = false;
	for (size_t i = 0; i < objects.n_helpers; i++) {
		struct place *p = &objects.helpers[i].place;

		if (p->state != PLACE_AT_WORK)
			continue;
		assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
		assert_true(objects_reap(&objects, p->pid, status));
	}
}

static void
say(char word, size_t inspector, unsigned int number, int fd, const struct errand_settings *with)
{
	struct errand_ask ask = {
		.word = word, .number = (uint8_t)number, .seconds = 60, .settings = *with
	};

	objects_ask(&objects, inspector, &ask, fd);
}

/* Ask as an inspector does, and play the engine until there is an answer. */
static char
ask_for(int fd, const struct errand_settings *with)
{
	char first;

	say(ERRAND_ASK, 0, 0, fd, with);
	if ((first = take_answer()) != 0)
		return first;
	end_helpers();
	return take_answer();
}

static char
ask_for_bytes(const char *bytes)
{
	return ask_for(object(bytes, OBJECT_SIZE, ALL_SEALS), &settings);
}

static void
test_honest(void **state)
{
	struct errand_settings other = settings;

	(void)state;
	assert_int_equal(ask_for_bytes(clean), ERRAND_CLEAN);
	assert_int_equal(objects.n_known, 0);
	assert_int_equal(ask_for_bytes(clean), ERRAND_CLEAN);
	assert_int_equal(objects.n_known, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ask_for_bytes(infected), ERRAND_FOUND);
		assert_string_equal(answer + ERRAND_COST + 2, "Objects-Test.UNOFFICIAL");
	}
	assert_int_equal(objects.n_known, 1);
	/* What was looked at less closely is another matter. */
	other.depth_limit = 1;
	assert_int_equal(ask_for(object(clean, OBJECT_SIZE, ALL_SEALS), &other), ERRAND_CLEAN);
	assert_int_equal(objects.n_known, 1);
}

/* What may still change, and what is no memory, is not looked at. */
static void
test_not_sealed(void **state)
{
	int ends[2], fd = object(clean, OBJECT_SIZE, 0), kept = dup(fd);

	(void)state;
	assert_int_equal(ask_for(fd, &settings), ERRAND_SELF);
	assert_int_equal(pwrite(kept, infected, OBJECT_SIZE, 0), OBJECT_SIZE);
	close(kept);
	assert_int_equal(ask_for(object(clean, OBJECT_SIZE, 2 | 4), &settings), ERRAND_SELF);
	assert_int_equal(ask_for(object("", 0, ALL_SEALS), &settings), ERRAND_SELF);
	assert_int_equal(ask_for(open(database_file, O_RDONLY), &settings), ERRAND_SELF);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(ask_for(ends[0], &settings), ERRAND_SELF);
	close(ends[1]);
	assert_int_equal(objects.n_asked, 0);
	assert_int_equal(ask_for_bytes(infected), ERRAND_FOUND);
}

static void
test_too_large(void **state)
{
	int fd = memfd_create("object", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_int_equal(ftruncate(fd, (off_t)ERRAND_MAX_OBJECT + 1), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, ALL_SEALS), 0);
	assert_int_equal(ask_for(fd, &settings), ERRAND_SELF);
}

/* An inspector that says what only a helper may say is not heard any more. */
static void
test_lying_inspector(void **state)
{
	static const char words[] = { ERRAND_CLEAN, ERRAND_FOUND, ERRAND_SELF, INSPECTOR_ASKED, 0 };
	struct errand_ask ask;
	int fd, pair[2];

	(void)state;
	for (size_t i = 0; i < sizeof(words); i++) {
		struct place p;

		place_init(&p);
		p.state = PLACE_AT_WORK;
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
		p.channel = pair[0];
		memset(&ask, 0, sizeof(ask));
		ask.word = words[i];
		/* With an object and the length of an ask, and without. */
		if (i % 2 == 0) {
			fd = object(infected, OBJECT_SIZE, ALL_SEALS);
			assert_int_equal(descriptor_send(pair[1], &fd, 1, &ask, sizeof(ask), 0),
			    sizeof(ask));
			close(fd);
		} else {
			assert_int_equal(send(pair[1], &ask, sizeof(ask), 0), sizeof(ask));
		}
		assert_false(place_listen(&p, &conf, &ask, &fd));
		assert_int_equal(p.channel, -1);
		close(pair[1]);
	}
	assert_int_equal(ask_for_bytes(infected), ERRAND_FOUND);
}

/* One that sends more descriptors than were asked for: none of them stays open. */
static void
test_greedy_inspector(void **state)
{
	const int fds[DESCRIPTOR_MAX] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	struct errand_ask ask;
	int fd, pair[2], before, after;

	(void)state;
	for (size_t n = 2; n <= DESCRIPTOR_MAX; n++) {
		struct place p;

		place_init(&p);
		p.state = PLACE_ASKED;
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
		p.channel = pair[0];
		memset(&ask, 0, sizeof(ask));
		ask.word = INSPECTOR_ASKED;
		before = dup(1);
		close(before);
		assert_int_equal(descriptor_send(pair[1], fds, n, &ask, 1, 0), 1);
		assert_false(place_listen(&p, &conf, &ask, &fd));
		assert_int_equal(fd, -1);
		after = dup(1);
		close(after);
		assert_int_equal(after, before);
		close(pair[0]);
		close(pair[1]);
	}
}

/* A helper that an object has taken over: it may lie about that, and about nothing else. */
static void
test_lying_helper(void **state)
{
	static const char lie[] = { ERRAND_CLEAN, 0, 0, 0, 0, 0, 0, 0 };
	struct helper *h = &objects.helpers[0];
	struct object *x = &objects.objects[0];
	char evil[OBJECT_SIZE];
	int pair[2];

	(void)state;
	memcpy(evil, infected, sizeof(evil));
	evil[0] = 'E';
	known_hash(&x->key, evil, sizeof(evil), &settings);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	h->place.channel = pair[0];
	h->object = x;
	x->state = OBJECT_SCANNED;
	x->wanted = true;
	for (int i = 0; i < 3; i++) /* the further ones for whoever comes next */
		assert_int_equal(send(pair[1], lie, sizeof(lie), 0), sizeof(lie));
	objects_listen(&objects, 0);
	assert_int_equal(h->place.channel, -1);
	close(pair[1]);
	assert_int_equal(take_answer(), ERRAND_CLEAN);
	assert_int_equal(take_answer(), 0);
	assert_int_equal(ask_for_bytes(infected), ERRAND_FOUND);
	assert_int_equal(ask_for_bytes(infected), ERRAND_FOUND);
	/* That object itself: believed, which is the price. */
	assert_int_equal(ask_for_bytes(evil), ERRAND_CLEAN);
}

/* One that dies without a word. */
static void
test_dying_helper(void **state)
{
	struct helper *h = &objects.helpers[0];

	(void)state;
	assert_true(place_fill(&h->place, PLACE_HELPER, &conf, &none));
	kill(h->place.pid, SIGSTOP);
	say(ERRAND_ASK, 0, 0, object(clean, OBJECT_SIZE, ALL_SEALS), &settings);
	assert_int_equal(take_answer(), 0);
	/* One object at a time. */
	say(ERRAND_ASK, 0, 0, object(infected, OBJECT_SIZE, ALL_SEALS), &settings);
	assert_int_equal(take_answer(), ERRAND_SELF);
	kill(h->place.pid, SIGKILL);
	end_helpers();
	assert_int_equal(take_answer(), ERRAND_SELF);
	assert_int_equal(ask_for_bytes(clean), ERRAND_CLEAN);
	assert_int_equal(objects.n_known, 0);
}

/* -- ahead -- */

/* Of the kth object of an inspector, each with bytes of its own. */
static int
numbered(unsigned int k)
{
	char bytes[OBJECT_SIZE];

	memset(bytes, 'n', sizeof(bytes));
	snprintf(bytes, sizeof(bytes), "%u", k);
	return object(bytes, sizeof(bytes), ALL_SEALS);
}

/* Ready, and standing still until they are told to go on. */
static void
have_helpers_stand_still(void)
{
	for (size_t i = 0; i < objects.n_helpers; i++) {
		assert_true(place_fill(&objects.helpers[i].place, PLACE_HELPER, &conf, &none));
		kill(objects.helpers[i].place.pid, SIGSTOP);
	}
}

static void
have_helpers_go_on(void)
{
	for (size_t i = 0; i < objects.n_helpers; i++)
		if (objects.helpers[i].place.state != PLACE_EMPTY)
			kill(objects.helpers[i].place.pid, SIGCONT);
}

static void
clear_helpers(void)
{
	for (size_t i = 0; i < objects.n_helpers; i++)
		place_clear(&objects.helpers[i].place);
}

static int
open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* As many at a time as there are processors; none is answered before it is asked for. */
static void
test_ahead(void **state)
{
	int before = open_descriptors();

	(void)state;
	inspectors[0].state = PLACE_AT_WORK;
	have_helpers_stand_still();
	for (unsigned int k = 1; k <= 4; k++)
		say(ERRAND_AHEAD, 0, k,
		    k == 3 ? object(infected, OBJECT_SIZE, ALL_SEALS) : numbered(k), &settings);
	objects_balance(&objects);
	assert_int_equal(at_work(true), objects.limit - 1);
	/* Who waits does not work. */
	say(ERRAND_ASK, 0, 1, numbered(1), &settings);
	objects_balance(&objects);
	assert_int_equal(at_work(false), objects.limit);
	assert_int_equal(at_work(true), objects.limit - 1);
	have_helpers_go_on();
	end_helpers();
	assert_int_equal(take_answer(), ERRAND_CLEAN);
	assert_int_equal(take_answer(), 0);
	for (unsigned int k = 2; k <= 4; k++) {
		say(ERRAND_ASK, 0, k,
		    k == 3 ? object(infected, OBJECT_SIZE, ALL_SEALS) : numbered(k), &settings);
		end_helpers();
		assert_int_equal(take_answer(), k == 3 ? ERRAND_FOUND : ERRAND_CLEAN);
	}
	assert_int_equal(objects.n_asked, 4);
	assert_int_equal(objects.n_known, 0);
	assert_true(objects.n_ahead >= 1 && objects.n_ahead <= 4);
	/* What was clean ahead is known, and what was found is not. */
	say(ERRAND_AHEAD, 0, 1, numbered(2), &settings);
	say(ERRAND_ASK, 0, 1, numbered(2), &settings);
	assert_int_equal(take_answer(), ERRAND_CLEAN);
	assert_int_equal(objects.n_known, 1);
	assert_int_equal(ask_for_bytes(infected), ERRAND_FOUND);
	objects_forget(&objects, 0);
	clear_helpers();
	assert_int_equal(open_descriptors(), before);
}

/* An inspector that sends more than it may, twice, or what is no object. */
static void
test_ahead_bounded(void **state)
{
	struct errand_settings other = settings;
	int before = open_descriptors(), large[4];

	(void)state;
	inspectors[0].state = inspectors[1].state = inspectors[2].state = PLACE_AT_WORK;
	say(ERRAND_AHEAD, 0, 0, numbered(0), &settings);
	say(ERRAND_AHEAD, 0, ERRAND_AHEAD_MAX + 1, numbered(0), &settings);
	say(ERRAND_AHEAD, 0, 255, numbered(0), &settings);
	say(ERRAND_AHEAD, 0, 1, object(clean, OBJECT_SIZE, 0), &settings);
	say(ERRAND_AHEAD, 0, 1, object("", 0, ALL_SEALS), &settings);
	assert_int_equal(open_descriptors(), before);
	/* Four of a quarter of the most and one byte: three fit. */
	for (unsigned int k = 0; k < 4; k++) {
		large[k] = memfd_create("object", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		assert_int_equal(ftruncate(large[k], (off_t)(ERRAND_AHEAD_BYTES / 4 + 1)), 0);
		assert_int_equal(fcntl(large[k], F_ADD_SEALS, ALL_SEALS), 0);
		other.depth_limit = k;
		say(ERRAND_AHEAD, 0, k + 1, large[k], &other);
	}
	assert_int_equal(open_descriptors(), before + 3);
	/* The same number is no place for another, and nobody is in the way of somebody else. */
	say(ERRAND_AHEAD, 0, 1, numbered(1), &settings);
	for (int round = 0; round < 3; round++)
		for (unsigned int k = 1; k <= ERRAND_AHEAD_MAX; k++)
			say(ERRAND_AHEAD, 1, k, numbered(k), &settings);
	assert_int_equal(open_descriptors(), before + 3 + ERRAND_AHEAD_MAX);
	objects_balance(&objects);
	assert_int_equal(at_work(true), 0); /* three messages are at work */
	assert_int_equal(take_answer(), 0);
	/* A number that is none, and one that is for nothing. */
	say(ERRAND_ASK, 0, 255, numbered(1), &settings);
	assert_int_equal(take_answer(), ERRAND_SELF);
	say(ERRAND_ASK, 0, 8, object(infected, OBJECT_SIZE, ALL_SEALS), &settings);
	end_helpers();
	assert_int_equal(take_answer(), ERRAND_FOUND);
	for (size_t i = 0; i < PLACES; i++)
		objects_forget(&objects, i);
	clear_helpers();
	assert_int_equal(open_descriptors(), before);
}

/* One that asks for something else than it sent ahead deceives itself, and nobody else. */
static void
test_ahead_lying(void **state)
{
	(void)state;
	inspectors[0].state = PLACE_AT_WORK;
	say(ERRAND_AHEAD, 0, 1, object(clean, OBJECT_SIZE, ALL_SEALS), &settings);
	objects_balance(&objects);
	end_helpers();
	say(ERRAND_ASK, 0, 1, object(infected, OBJECT_SIZE, ALL_SEALS), &settings);
	end_helpers();
	assert_int_equal(take_answer(), ERRAND_CLEAN);
	assert_int_equal(ask_for_bytes(infected), ERRAND_FOUND);
	assert_int_equal(ask_for_bytes(clean), ERRAND_CLEAN);
	assert_int_equal(objects.n_known, 1);
}

/* Messages that need their places, the end of an inspector, and the death of a helper. */
static void
test_ahead_in_the_way(void **state)
{
	int before = open_descriptors();
	size_t n = 0;

	(void)state;
	inspectors[0].state = PLACE_AT_WORK;
	have_helpers_stand_still();
	for (unsigned int k = 1; k <= 4; k++)
		say(ERRAND_AHEAD, 0, k, numbered(k), &settings);
	objects_balance(&objects);
	assert_int_equal(at_work(true), objects.limit - 1);
	inspectors[1].state = inspectors[2].state = PLACE_AT_WORK;
	objects_balance(&objects);
	assert_int_equal(at_work(true), 0);
	for (unsigned int k = 1; k <= 4; k++)
		assert_int_equal(objects.objects[k].state, OBJECT_QUEUED);
	inspectors[1].state = inspectors[2].state = PLACE_READY;
	objects_balance(&objects);
	assert_int_equal(at_work(true), objects.limit - 1);
	/* A death: it is asked for as if it had not come. */
	for (size_t i = 0; i < objects.n_helpers; i++) {
		if (objects.helpers[i].object == NULL)
			continue;
		kill(objects.helpers[i].place.pid, SIGKILL);
		n++;
	}
	have_helpers_go_on();
	end_helpers();
	assert_int_equal(n, objects.limit - 1);
	assert_int_equal(objects.objects[1].state, OBJECT_NONE);
	say(ERRAND_ASK, 0, 1, numbered(1), &settings);
	end_helpers();
	assert_int_equal(take_answer(), ERRAND_CLEAN);
	/* The inspector is gone in the middle of it. */
	objects_balance(&objects);
	objects_forget(&objects, 0);
	assert_int_equal(at_work(false), 0);
	end_helpers();
	clear_helpers();
	assert_int_equal(take_answer(), 0);
	assert_int_equal(open_descriptors(), before);
}

/* With one processor, or one place, nothing goes ahead. */
static void
test_ahead_alone(void **state)
{
	int before = open_descriptors();

	(void)state;
	inspectors[0].state = PLACE_AT_WORK;
	objects.limit = 1;
	say(ERRAND_AHEAD, 0, 1, numbered(1), &settings);
	assert_int_equal(open_descriptors(), before);
	say(ERRAND_ASK, 0, 1, numbered(1), &settings);
	end_helpers();
	assert_int_equal(take_answer(), ERRAND_CLEAN);
	conf.engine_inspectors = 1;
	assert_int_equal(errand_limit(&conf), 1);
	conf.engine_inspectors = PLACES;
}

static void
test_bounded(void **state)
{
	struct known *k = known_new(16);
	struct known_key key;
	size_t len, found = 0;
	char bytes[16] = "";

	(void)state;
	assert_non_null(k);
	for (int i = 0; i < 1000; i++) {
		snprintf(bytes, sizeof(bytes), "%d", i);
		known_hash(&key, bytes, sizeof(bytes), &settings);
		known_add(k, &key, "C", 1);
		assert_non_null(known_find(k, &key, &len)); /* the latest stays */
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(bytes, sizeof(bytes), "%d", i);
		known_hash(&key, bytes, sizeof(bytes), &settings);
		found += known_find(k, &key, &len) != NULL;
	}
	assert_true(found >= 1 && found <= 16);
	known_free(k);
}

/* What an engine, or who has taken a helper over, may send to an inspector. */
static void
test_unsound_answers(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool sound;
	} answers[] = {
		{ "C\0\0", 4, true }, { "C\0\0na.txt\0", 11, true },
		{ "F\0"
		  "1Virus\0\0",
		    11, true },
		{ "S", 1, false }, { "X\0\0", 4, false }, { "C", 1, false }, { "C\0", 2, false },
		{ "C\0\0", 3, false }, { "C\0\0na.txt", 9, false }, { "C\0\0\0tail", 9, false },
		{ "C\0"
		  "1Virus\0\0",
		    11, false }, /* clean with a hit */
		{ "Cerror\0\0", 9, false }, { "F\0~Virus\0\0", 11, false }, /* no such class */
		{ "F\0"
		  "1\0\0",
		    6, false }, /* no name */
	};
	static struct scan_result result;

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		errand_begin(channel[1], 1, true, &conf);
		assert_true(errand_wanted(SCAN_PART, 100));
		assert_false(errand_wanted(SCAN_MAIL, 100));
		/* The cost stands behind the first byte. */
		char packet[64] = "";
		size_t len = answers[i].len + ERRAND_COST - 1;

		packet[0] = answers[i].bytes[0];
		memcpy(packet + ERRAND_COST, answers[i].bytes + 1, answers[i].len - 1);
		assert_int_equal(send(channel[0], packet, len, 0), (ssize_t)len);
		if (errand_scan(&result, clean, sizeof(clean), 60, NULL, NULL) != answers[i].sound)
			fail_msg("answer %zu", i);
	}
	errand_begin(channel[1], 1, true, &conf);
	assert_int_equal(send(channel[0], "C\0\0\0", 4, 0), 4); /* no room for the cost */
	assert_false(errand_scan(&result, clean, sizeof(clean), 60, NULL, NULL));
	errand_begin(-1, 1, true, &conf);
	assert_false(errand_wanted(SCAN_PART, 100));
}

/* What the inspector sends, and the number on it. */
static char
sent(unsigned int *number)
{
	struct errand_ask ask;
	int fd;

	if (descriptor_receive(channel[0], &fd, 1, &ask, sizeof(ask), MSG_DONTWAIT) != sizeof(ask))
		return 0;
	assert_true(fd != -1);
	close(fd);
	*number = ask.number;
	return ask.word;
}

/* The inspector's side; the engine's answers lie ready. */
static void
test_inspector_ahead(void **state)
{
	static const char fine[] = "C\0\0\0\0\0\0",
			  late[] = "F\0\0\0\0\0"
				   "5" SCAN_RESULT_NO_TIME "\0\0";
	static struct scan_result result;
	char bytes[OBJECT_SIZE] = "";
	unsigned int number;

	(void)state;
	errand_begin(channel[1], OBJECT_SIZE, false, &conf);
	assert_int_equal(errand_ahead_min(), 0);
	errand_ahead(bytes, sizeof(bytes), 60, 2);
	assert_int_equal(sent(&number), 0);
	errand_begin(channel[1], OBJECT_SIZE, true, &conf);
	assert_int_equal(errand_ahead_min(), OBJECT_SIZE);
	errand_ahead(bytes, OBJECT_SIZE - 1, 60, 2);
	assert_int_equal(sent(&number), 0);
	/* No more than so many. */
	for (unsigned int k = 1; k <= ERRAND_AHEAD_MAX + 1; k++) {
		bytes[0] = (char)k;
		errand_ahead(bytes, sizeof(bytes), 60, ERRAND_AHEAD_MAX + 1);
		assert_int_equal(sent(&number), k <= ERRAND_AHEAD_MAX ? ERRAND_AHEAD : 0);
		assert_true(k > ERRAND_AHEAD_MAX || number == k);
	}
	/* By what it is, not by when it was sent; that it had too little time is no finding. */
	bytes[0] = 3;
	assert_int_equal(send(channel[0], late, sizeof(late), 0), sizeof(late));
	assert_int_equal(send(channel[0], fine, sizeof(fine), 0), sizeof(fine));
	assert_true(errand_scan(&result, bytes, sizeof(bytes), 60, NULL, NULL));
	assert_int_equal(result.n_hits, 0);
	assert_int_equal(sent(&number), ERRAND_ASK);
	assert_int_equal(number, 3);
	assert_int_equal(sent(&number), ERRAND_ASK);
	assert_int_equal(number, 0);
	/* In its turn it is one. */
	assert_int_equal(send(channel[0], late, sizeof(late), 0), sizeof(late));
	assert_true(errand_scan(&result, bytes, sizeof(bytes), 60, NULL, NULL));
	assert_int_equal(result.n_hits, 1);
	assert_int_equal(sent(&number), ERRAND_ASK);
	assert_int_equal(number, 0);
	assert_int_equal(sent(&number), 0);
	errand_begin(-1, 1, false, &conf);
}

static int
make_ground(void **state)
{
	char err[512] = "", scratch[PATH_MAX];
	FILE *file;

	(void)state;
	if (mkdtemp(root) == NULL)
		return -1;
	snprintf(database, sizeof(database), "%s/db", root);
	snprintf(database_file, sizeof(database_file), "%s/db/test.ndb", root);
	if (mkdir(database, 0755) == -1 || (file = fopen(database_file, "w")) == NULL)
		return -1;
	fputs("Objects-Test:0:*:", file);
	for (const char *c = PATTERN; *c != '\0'; c++)
		fprintf(file, "%02x", (unsigned char)*c);
	fputc('\n', file);
	fclose(file);
	memset(clean, 'c', sizeof(clean));
	memset(infected, 'i', sizeof(infected));
	memcpy(infected + 100, PATTERN, strlen(PATTERN));
	conf_init(&conf);
	free(conf.database);
	free(conf.scratch_dir);
	conf.database = strdup(database);
	conf.scratch_dir = strdup(root);
	conf.engine_inspectors = PLACES;
	conf.memory_limit = 0;
	sigemptyset(&none);
	if (!scratch_make(conf.scratch_dir, scratch, sizeof(scratch)) ||
	    !inspector_prepare(&conf, scratch, PLACE_CHANNEL, err, sizeof(err)))
		print_error("%s\n", err);
	scratch_remove(scratch);
	return err[0] == '\0' ? 0 : -1;
}

static int
remove_ground(void **state)
{
	(void)state;
	scan_close();
	unlink(database_file);
	rmdir(database);
	conf_free(&conf);
	return rmdir(root);
}

static int
set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < PLACES; i++)
		place_init(&inspectors[i]);
	if (!objects_init(&objects, &conf, inspectors, &none) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0)
		return -1;
	inspectors[0].channel = channel[0];
	objects.limit = 2; /* whatever this machine has */
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	objects_free(&objects);
	close(channel[0]);
	close(channel[1]);
	return 0;
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_honest),
		CASE(test_not_sealed),
		CASE(test_too_large),
		CASE(test_lying_inspector),
		CASE(test_greedy_inspector),
		CASE(test_lying_helper),
		CASE(test_dying_helper),
		CASE(test_ahead),
		CASE(test_ahead_bounded),
		CASE(test_ahead_lying),
		CASE(test_ahead_in_the_way),
		CASE(test_ahead_alone),
		CASE(test_inspector_ahead),
		CASE(test_bounded),
		CASE(test_unsound_answers),
	};

	return cmocka_run_group_tests(tests, make_ground, remove_ground);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz.c - what the fuzz targets have in common.
 *
 * An input must always take the same way, or a finding can't be shown again and
 * two runs differ: so the clock stands still (but for a target that has one of
 * its own), and there is no chance. See FUZZ_WRAP in the Makefile.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct buffer {
	char *bytes;
	size_t len, room;
};

int __wrap_clock_gettime(clockid_t, struct timespec *);
time_t __wrap_time(time_t *);
uint32_t __wrap_arc4random(void);
pid_t __wrap_getpid(void);

/* fuzz_smtp's own clock goes before this one. */
__attribute__((weak)) int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	(void)clock;
	*ts = (struct timespec){ .tv_sec = 1000 };
	return 0;
}

time_t
__wrap_time(time_t *t)
{
	if (t != NULL)
		*t = 1000;
	return 1000;
}

uint32_t
__wrap_arc4random(void)
{
	return 0x4711;
}

pid_t
__wrap_getpid(void)
{
	return 4711;
}

void
fuzz_broken(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
	abort();
}

void
fuzz_set(struct conf *conf, const char *assignment)
{
	char err[512];

	fuzz_assert(conf_set(conf, assignment, err, sizeof(err)), assignment);
}

char *
fuzz_copy(const void *bytes, size_t len)
{
	char *copy = malloc(len == 0 ? 1 : len);

	fuzz_assert(copy != NULL, "memory");
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

static bool
append(void *ctx, const char *buf, size_t len)
{
	struct buffer *b = ctx;

	fuzz_assert(len <= b->room - b->len, "a splice is no longer than message_spliced_size");
	memcpy(b->bytes + b->len, buf, len);
	b->len += len;
	return true;
}

char *
fuzz_splice(const char *bytes, size_t size, const struct edit *edits, size_t n, size_t *len)
{
	struct buffer b = { .room = message_spliced_size(size, edits, n) };

	b.bytes = malloc(b.room == 0 ? 1 : b.room);
	fuzz_assert(b.bytes != NULL, "memory");
	fuzz_assert(message_splice(bytes, size, edits, n, append, &b), "splice");
	fuzz_assert(b.len == b.room, "a splice is as long as message_spliced_size");
	*len = b.len;
	return b.bytes;
}

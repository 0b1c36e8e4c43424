/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * poison.c - how often a content has failed to be inspected.
 *
 * The store is DIR/.poison, a table of fixed size: the first bytes of the SHA-256
 * of a message choose a set of places, and in it the oldest entry makes room. Whoever
 * changes a set holds a lock on the file and writes one record in one call; a record that is
 * damaged nonetheless does not count. So the store stays as small as it is, whatever is
 * sent, and a message that is pushed out begins anew.
 *
 * Limits: SETS * PLACES messages. LOCK_MS for the lock; a process that is stopped
 * while it holds it costs the others their count, not their session.
 */
#include "poison.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"

#define SETS 512
#define PLACES 8
#define EPISODE 86400 /* seconds: more than any queue waits between two tries */
#define LOCK_MS 1000
#define RECORD_MAGIC UINT32_C(0x50534e31)

struct record {
	uint8_t digest[SHA256_DIGEST_LENGTH];
	int64_t first, last;
	uint32_t tries, check;
};

static int store_open(const char *, char *, size_t);
static bool store_lock(int);
static bool count_in(int, struct record *, time_t);
static uint32_t check_of(const struct record *);

bool
poison_count(struct poison *p, const char *dir, const struct message *m, time_t now, char *err,
    size_t errsize)
{
	static const uint8_t nothing[1];
	struct record record = { .first = now };
	SHA2_CTX ctx;
	int fd;
	bool ok;

	SHA256Init(&ctx);
	SHA256Update(&ctx, m->bytes != NULL ? (const uint8_t *)m->bytes : nothing, m->size);
	SHA256Final(record.digest, &ctx);
	for (size_t i = 0; i < sizeof(record.digest); i++)
		snprintf(p->digest + 2 * i, 3, "%02x", record.digest[i]);
	if ((fd = store_open(dir, err, errsize)) == -1)
		return false;
	ok = store_lock(fd) && count_in(fd, &record, now);
	if (!ok)
		fault_tell(err, errsize, "%s/.poison: %s", dir, strerror(errno));
	close(fd);
	p->tries = record.tries;
	p->first = (time_t)record.first;
	return ok;
}

static int
store_open(const char *dir, char *err, size_t errsize)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/.poison", dir);
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		fd = -1;
	else
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd == -1) {
		fault_tell(err, errsize, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    (st.st_uid == geteuid() || st.st_uid == 0))
		return fd;
	fault_tell(err, errsize, "%s: it is not a file of ours", path);
	close(fd);
	return -1;
}

static bool
store_lock(int fd)
{
	int64_t deadline = clock_ms() + LOCK_MS;
	const struct timespec tick = { .tv_nsec = 5000000 };

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (clock_ms() >= deadline) {
			errno = EWOULDBLOCK;
			return false;
		}
		nanosleep(&tick, NULL);
	}
	return true;
}

/* count_in - fills in the record with the digest, and writes it to its place */
static bool
count_in(int fd, struct record *record, time_t now)
{
	struct record set[PLACES] = { 0 };
	unsigned int index = (record->digest[0] | (unsigned int)record->digest[1] << 8) % SETS;
	off_t at = (off_t)(index * sizeof(set));
	size_t place = 0;
	bool known = false;

	/* Less than a set: the others were never written. */
	if (pread(fd, set, sizeof(set), at) == -1)
		return false;
	for (size_t i = 0; i < PLACES && !known; i++) {
		if (set[i].check != check_of(&set[i]) || now - set[i].last > EPISODE ||
		    set[i].last > now + EPISODE)
			memset(&set[i], 0, sizeof(set[i]));
		known = set[i].tries > 0 &&
		    memcmp(set[i].digest, record->digest, sizeof(record->digest)) == 0;
		if (known || set[i].last < set[place].last)
			place = i;
	}
	if (known)
		*record = set[place];
	record->last = now;
	if (record->tries < UINT32_MAX)
		record->tries++;
	record->check = check_of(record);
	return pwrite(fd, record, sizeof(*record), at + (off_t)(place * sizeof(*record))) ==
	    (ssize_t)sizeof(*record);
}

static uint32_t
check_of(const struct record *record)
{
	struct record copy = *record;
	const unsigned char *bytes = (const unsigned char *)&copy;
	uint32_t sum = RECORD_MAGIC;

	copy.check = 0;
	for (size_t i = 0; i < sizeof(copy); i++)
		sum = sum * 31 + bytes[i];
	return sum;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookup.c - tables that rules look an address or a client up in.
 *
 *	file:/path	text, a key in each line; LOOKUP_FILE_MAX bytes at most, all of
 *			which are read
 *	sorted:/path	the same of any size, in lower case and in the order of
 *			LC_ALL=C sort: searched by halves
 *	cdb:/path	what postmap(1) makes: /path.cdb, or the name as it stands
 *	lmdb:/path	the same: /path.lmdb
 *
 * In text the first word of a line is the key, and a line that begins with # is a remark.
 * Values are ignored in every table: what counts is that the key is there.
 *
 * A table is opened for each lookup and closed behind it. So nothing is paid for it at
 * the start, and one that was replaced is the new one at once. Text is read, not
 * mapped: a file that is cut while we look at it must not kill us. postmap replaces a cdb
 * file by renaming; while it writes an lmdb file it holds a lock on it, for which we wait
 * LOCK_MS.
 *
 * Diagnostics: one sentence. A line out of order in a sorted: table is a failure if the
 * search comes across it.
 */
#include "lookup.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"
#include "line.h"
#include "span.h"

#define LOCK_MS 5000
#define LINE_MAX_BYTES 2048 /* of a sorted file */

struct search {
	const char *path;
	const char *const *keys;
	size_t n;
	size_t *which;
	char *err;
	size_t errsize;
};

static enum lookup_result find_file(struct search *, int);
static enum lookup_result find_sorted(struct search *, int);
static enum lookup_result find_cdb(struct search *, int);
static enum lookup_result find_lmdb(struct search *, int);
static bool fits(struct search *, const struct stat *);
static enum lookup_result scan(struct search *, const char *, size_t);
static enum lookup_result find_halves(struct search *, int, off_t, const char *);
static bool line_at(int, off_t, off_t, char *, off_t *, off_t *);
static bool lock_shared(int);
static enum lookup_result lmdb_get(struct search *, MDB_env *);
static enum lookup_result fail(struct search *, const char *);
static enum lookup_result fail_errno(struct search *);

static const struct {
	const char *prefix, *suffix;
	enum lookup_result (*find)(struct search *, int fd);
} kinds[] = { { "file:", "", find_file }, { "sorted:", "", find_sorted },
	{ "cdb:", ".cdb", find_cdb }, { "lmdb:", ".lmdb", find_lmdb } };

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

bool
lookup_is_table(const char *word, size_t len)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		struct span rest = { word, len };

		if (span_take(&rest, kinds[i].prefix))
			return rest.len > 0 && rest.text[0] == '/';
	}
	return false;
}

enum lookup_result
lookup_find(const char *table, const char *const *keys, size_t n, size_t *which, char *err,
    size_t errsize)
{
	struct search s = { NULL, keys, n, which, err, errsize };
	struct span rest = { table, strlen(table) };
	char path[4096];
	enum lookup_result result;
	const char *suffix;
	size_t i = 0;
	int fd;

	while (i < N_KINDS && !span_take(&rest, kinds[i].prefix))
		i++;
	if (i == N_KINDS)
		return LOOKUP_ABSENT;
	suffix = kinds[i].suffix;
	if (rest.len >= strlen(suffix) &&
	    strcmp(rest.text + rest.len - strlen(suffix), suffix) == 0)
		suffix = "";
	snprintf(path, sizeof(path), "%s%s", rest.text, suffix);
	s.path = path;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return fail_errno(&s);
	result = kinds[i].find(&s, fd);
	close(fd);
	return result;
}

bool
lookup_check(const char *table, char *err, size_t errsize)
{
	static const char *const none[] = { "-" };
	struct span rest = { table, strlen(table) };
	struct search s = { NULL, none, 1, NULL, err, errsize };
	struct stat st;
	size_t which;
	int fd;

	if (!span_take(&rest, kinds[0].prefix))
		return lookup_find(table, none, 1, &which, err, errsize) != LOOKUP_FAILED;
	s.path = rest.text;
	if ((fd = open(s.path, O_RDONLY | O_CLOEXEC)) == -1 || fstat(fd, &st) == -1)
		fail_errno(&s);
	else if (!S_ISREG(st.st_mode))
		fail(&s, "not a regular file");
	else if (fits(&s, &st)) {
		close(fd);
		return true;
	}
	if (fd != -1)
		close(fd);
	return false;
}

static bool
fits(struct search *s, const struct stat *st)
{
	if (st->st_size <= LOOKUP_FILE_MAX)
		return true;
	fail(s,
	    "larger than 1 MiB: make it a cdb: or lmdb: table with postmap, or sort it "
	    "(LC_ALL=C sort) and name it with sorted:");
	return false;
}

static enum lookup_result
fail(struct search *s, const char *why)
{
	fault_tell(s->err, s->errsize, "%s: %s", s->path, why);
	return LOOKUP_FAILED;
}

static enum lookup_result
fail_errno(struct search *s)
{
	return fail(s, strerror(errno));
}

/*
 * Text.
 */

static enum lookup_result
find_file(struct search *s, int fd)
{
	enum lookup_result result;
	struct stat st;
	char *text;
	size_t len = 0;
	ssize_t n = 0;

	if (fstat(fd, &st) == -1)
		return fail_errno(s);
	if (!fits(s, &st))
		return LOOKUP_FAILED;
	if ((text = malloc(LOOKUP_FILE_MAX + 1)) == NULL)
		return fail_errno(s);
	while (len < LOOKUP_FILE_MAX &&
	    ((n = read(fd, text + len, LOOKUP_FILE_MAX - len)) > 0 || (n == -1 && errno == EINTR)))
		len += n > 0 ? (size_t)n : 0;
	text[len] = '\0';
	result = n == -1 ? fail_errno(s) : scan(s, text, len);
	free(text);
	return result;
}

static enum lookup_result
scan(struct search *s, const char *text, size_t len)
{
	for (size_t at = 0, line; at < len; at += line) {
		struct span rest, word;

		line = line_next(text + at, len - at);
		rest = (struct span){ text + at, line_text(text + at, line) };
		word = span_word(&rest);
		if (word.len == 0 || *word.text == '#')
			continue;
		for (size_t i = 0; i < s->n; i++)
			if (span_is(word, s->keys[i])) {
				*s->which = i;
				return LOOKUP_FOUND;
			}
	}
	return LOOKUP_ABSENT;
}

static enum lookup_result
find_sorted(struct search *s, int fd)
{
	enum lookup_result result = LOOKUP_ABSENT;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return fail_errno(s);
	for (size_t i = 0; i < s->n && result == LOOKUP_ABSENT; i++) {
		if (*s->keys[i] == '#')
			continue;
		*s->which = i;
		result = find_halves(s, fd, st.st_size, s->keys[i]);
	}
	return result;
}

/*
 * find_halves - between low and high, both of which are where a line begins
 *
 * Each line that is seen must lie between the two that narrowed the search, or the file
 * is in no order.
 */
static enum lookup_result
find_halves(struct search *s, int fd, off_t size, const char *key)
{
	char line[LINE_MAX_BYTES + 1], below[LINE_MAX_BYTES + 1] = "",
							      above[LINE_MAX_BYTES + 1] = "";
	off_t low = 0, high = size, begin, next;

	while (low < high) {
		int order;

		if (!line_at(fd, low, low + (high - low) / 2, line, &begin, &next))
			return errno == EMSGSIZE ? fail(s, "a line of more than 2048 bytes")
						 : fail_errno(s);
		order = strcmp(line, key);
		if (order == 0)
			return LOOKUP_FOUND;
		for (const char *c = line; *c != '\0'; c++)
			if (*c >= 'A' && *c <= 'Z')
				return fail(s, "not in lower case, which sorted: wants");
		if (strcmp(line, below) < 0 || (*above != '\0' && strcmp(line, above) > 0))
			return fail(s, "not sorted: use LC_ALL=C sort");
		if (order < 0) {
			low = next;
			strlcpy(below, line, sizeof(below));
		} else {
			high = begin;
			strlcpy(above, line, sizeof(above));
		}
	}
	return LOOKUP_ABSENT;
}

/*
 * line_at - the first word of the line that holds the byte at, which is at low or behind
 * it, where a line begins; *begin is where it begins, *next where the next one does
 */
static bool
line_at(int fd, off_t low, off_t at, char *word, off_t *begin, off_t *next)
{
	char buf[2 * LINE_MAX_BYTES];
	off_t from = at - low > LINE_MAX_BYTES ? at - LINE_MAX_BYTES : low;
	ssize_t n = pread(fd, buf, sizeof(buf), from), b, e;
	struct span rest, first;

	if (n == -1)
		return false;
	errno = EMSGSIZE;
	if (n <= at - from) { /* it has become shorter */
		errno = EIO;
		return false;
	}
	for (b = (ssize_t)(at - from); b > 0 && buf[b - 1] != '\n'; b--)
		;
	if (b == 0 && from > low)
		return false;
	for (e = (ssize_t)(at - from); e < n && buf[e] != '\n'; e++)
		;
	if ((e == n && n == (ssize_t)sizeof(buf)) || e - b > LINE_MAX_BYTES)
		return false;
	*begin = from + b;
	*next = from + e + 1;
	rest = (struct span){ buf + b, (size_t)(e - b) };
	if (rest.len > 0 && rest.text[rest.len - 1] == '\r')
		rest.len--;
	first = span_word(&rest);
	memcpy(word, first.text, first.len);
	word[first.len] = '\0';
	return true;
}

/*
 * What postmap makes. It may write keys with or without the NUL behind them.
 */

static enum lookup_result
find_cdb(struct search *s, int fd)
{
	enum lookup_result result = LOOKUP_ABSENT;
	struct cdb cdb;

	if (cdb_init(&cdb, fd) != 0)
		return fail(s, errno == EPROTO ? "not a cdb file" : strerror(errno));
	for (size_t i = 0; i < s->n && result == LOOKUP_ABSENT; i++) {
		unsigned int len = (unsigned int)strlen(s->keys[i]);
		int found = cdb_find(&cdb, s->keys[i], len);

		if (found == 0)
			found = cdb_find(&cdb, s->keys[i], len + 1);
		*s->which = i;
		if (found < 0)
			result = fail(s, "a damaged cdb file");
		else if (found > 0)
			result = LOOKUP_FOUND;
	}
	cdb_free(&cdb);
	return result;
}

static enum lookup_result
find_lmdb(struct search *s, int fd)
{
	enum lookup_result result;
	MDB_env *env;
	int code;

	if (!lock_shared(fd))
		return fail_errno(s);
	if ((code = mdb_env_create(&env)) != 0)
		return fail(s, mdb_strerror(code));
	code = mdb_env_open(env, s->path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0);
	result = code != 0 ? fail(s, mdb_strerror(code)) : lmdb_get(s, env);
	mdb_env_close(env);
	return result;
}

static enum lookup_result
lmdb_get(struct search *s, MDB_env *env)
{
	enum lookup_result result = LOOKUP_ABSENT;
	MDB_txn *txn;
	MDB_dbi dbi;
	int code;

	if ((code = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn)) != 0)
		return fail(s, mdb_strerror(code));
	if ((code = mdb_dbi_open(txn, NULL, 0, &dbi)) != 0)
		result = fail(s, mdb_strerror(code));
	for (size_t i = 0; i < 2 * s->n && result == LOOKUP_ABSENT; i++) {
		char text[LOOKUP_KEY_MAX + 1];
		MDB_val key = { .mv_size = strlen(s->keys[i / 2]) + i % 2, .mv_data = text }, value;

		strlcpy(text, s->keys[i / 2], sizeof(text));
		code = mdb_get(txn, dbi, &key, &value);
		*s->which = i / 2;
		if (code == 0)
			result = LOOKUP_FOUND;
		else if (code != MDB_NOTFOUND && code != MDB_BAD_VALSIZE)
			result = fail(s, mdb_strerror(code));
	}
	mdb_txn_abort(txn);
	return result;
}

/* lock_shared - goes with the descriptor */
static bool
lock_shared(int fd)
{
	const struct timespec tick = { .tv_nsec = 5000000 };
	int64_t deadline = clock_ms() + LOCK_MS;

	while (flock(fd, LOCK_SH | LOCK_NB) == -1) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || clock_ms() > deadline)
			return false;
		nanosleep(&tick, NULL);
	}
	return true;
}

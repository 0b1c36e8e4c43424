/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shelf.c - what lies in a quarantine: found, opened, removed.
 *
 * The layout is told in quarantine.c. Here names are read back, and whoever can
 * write in the quarantine may have made any. So a name is taken apart by its grammar,
 * nothing that does not fit it is opened or removed, no link is followed below the
 * quarantine's own directory, and only regular files are opened.
 *
 * An entry's age is in its name: when it was kept, which no copying or restoring from
 * a backup changes.
 *
 * Removing is safe beside filters: they make new names only, and the folder of the
 * day is never taken from under them. It is safe beside a release: that holds a lock
 * on the metadata (flock), and what is locked is not removed.
 *
 * Limits: none of its own; 72 bytes of memory for each entry.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "shelf.h"

#define ME "spawnscan"
#define META ".meta"
#define TMP ".tmp"
#define DAY_SECONDS 86400
#define DIGITS "0123456789"
#define NAME_CHARACTERS DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_"

/* A folder that is being listed. */
struct day {
	char name[8];
	char (*names)[SHELF_REFERENCE_SIZE]; /* of messages and metadata */
	size_t n;
};

struct listing {
	const struct shelf *shelf;
	struct shelf_entry *entries;
	size_t n;
	shelf_fault_fn *fn;
	void *ctx;
};

static bool is_day(const char *);
static int64_t name_time(const char *);
static size_t stem_length(const char *);
static void list_day(struct listing *, const char *);
static void take_name(struct listing *, struct day *, int, const struct dirent *);
static bool is_regular(int, const struct dirent *);
static void pair_names(struct listing *, struct day *);
static void add_entry(struct listing *, const char *, const char *);
static void tell(const struct listing *, enum shelf_fault, const char *, const char *, int64_t);
static int compare_names(const void *, const void *);
static int compare_entries(const void *, const void *);
static int day_of(struct shelf *, const char *);
static int open_day(const struct shelf *, const char *);

bool
shelf_open(struct shelf *s, const char *path, char *err, size_t errsize)
{
	struct stat st;

	s->path = path;
	s->day_dir = -1;
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir == -1 || fstat(s->dir, &st) == -1) {
		snprintf(err, errsize, "quarantine %s: %s", path, strerror(errno));
		shelf_close(s);
		return false;
	}
	s->owner = st.st_uid;
	return true;
}

void
shelf_close(struct shelf *s)
{
	if (s->dir != -1)
		close(s->dir);
	if (s->day_dir != -1)
		close(s->day_dir);
	s->dir = s->day_dir = -1;
}

/* day_of - the folder of a reference, kept open: the next one is likely in it too */
static int
day_of(struct shelf *s, const char *reference)
{
	if (s->day_dir != -1 && strncmp(s->day, reference, 4) == 0)
		return s->day_dir;
	if (s->day_dir != -1)
		close(s->day_dir);
	strlcpy(s->day, reference, sizeof(s->day));
	return s->day_dir = open_day(s, s->day);
}

static bool
is_day(const char *name)
{
	return strlen(name) == 4 && strspn(name, DIGITS) == 4;
}

/* name_time - of "UNIXTIME.REST"; -1 if it is none of ours */
static int64_t
name_time(const char *name)
{
	size_t digits = strspn(name, DIGITS), len = strlen(name);

	if (digits == 0 || digits > 12 || name[digits] != '.' || name[digits + 1] == '\0' ||
	    strspn(name, NAME_CHARACTERS) != len || len + sizeof("MMDD/") > SHELF_REFERENCE_SIZE)
		return -1;
	return (int64_t)strtoll(name, NULL, 10);
}

/* stem_length - without ".meta", if that is there */
static size_t
stem_length(const char *name)
{
	size_t len = strlen(name), meta = sizeof(META) - 1;

	return len > meta && strcmp(name + len - meta, META) == 0 ? len - meta : len;
}

bool
shelf_is_reference(const char *text)
{
	char day[5];
	const char *name = text + 5;

	if (strlen(text) < 8 || text[4] != '/')
		return false;
	strlcpy(day, text, sizeof(day));
	return is_day(day) && name_time(name) != -1 && stem_length(name) == strlen(name);
}

struct shelf_entry *
shelf_list(const struct shelf *s, size_t *n, shelf_fault_fn *fn, void *ctx)
{
	struct listing l = { s, NULL, 0, fn, ctx };
	const struct dirent *d;
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);

	*n = 0;
	if (dir == NULL) {
		tell(&l, SHELF_UNREADABLE, "", ".", 0);
		if (fd != -1)
			close(fd);
		return NULL;
	}
	while ((d = readdir(dir)) != NULL) {
		if (is_day(d->d_name))
			list_day(&l, d->d_name);
		else if (*d->d_name != '.') /* ".NAME" is state of ours, see notify.c */
			tell(&l, SHELF_STRAY, "", d->d_name, 0);
	}
	closedir(dir);
	if (l.n > 0)
		qsort(l.entries, l.n, sizeof(*l.entries), compare_entries);
	*n = l.n;
	return l.entries;
}

static void
list_day(struct listing *l, const char *name)
{
	struct day day = { .names = NULL };
	const struct dirent *d;
	int fd = open_day(l->shelf, name);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		tell(l, errno == ELOOP || errno == ENOTDIR ? SHELF_STRAY : SHELF_UNREADABLE, "",
		    name, 0);
		if (fd != -1)
			close(fd);
		return;
	}
	strlcpy(day.name, name, sizeof(day.name));
	while ((d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			take_name(l, &day, fd, d);
	pair_names(l, &day);
	free(day.names);
	closedir(dir);
}

static void
take_name(struct listing *l, struct day *day, int fd, const struct dirent *d)
{
	const char *name = d->d_name;
	size_t len = strlen(name), tmp = sizeof(TMP) - 1;
	int64_t when = name_time(name + (*name == '.'));

	if (when == -1 || !is_regular(fd, d))
		tell(l, SHELF_STRAY, day->name, name, 0);
	else if (*name == '.' && len > tmp && strcmp(name + len - tmp, TMP) == 0)
		tell(l, SHELF_LEFTOVER, day->name, name, when);
	else if (*name == '.')
		tell(l, SHELF_STRAY, day->name, name, 0);
	else {
		day->names = array_grow(day->names, day->n, sizeof(*day->names), ME);
		strlcpy(day->names[day->n++], name, sizeof(*day->names));
	}
}

static bool
is_regular(int fd, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_REG;
	return fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* pair_names - a message and its metadata are neighbours when sorted by stem */
static void
pair_names(struct listing *l, struct day *day)
{
	const char *a, *b;
	size_t i;
	bool meta;

	if (day->n > 0)
		qsort(day->names, day->n, sizeof(*day->names), compare_names);
	for (i = 0; i < day->n; i++) {
		a = day->names[i];
		b = i + 1 < day->n ? day->names[i + 1] : "";
		meta = stem_length(a) < strlen(a);
		if (!meta && stem_length(b) == strlen(a) && strlen(b) > strlen(a) &&
		    strncmp(a, b, strlen(a)) == 0) {
			add_entry(l, day->name, a);
			i++;
		} else
			tell(l, meta ? SHELF_NO_MESSAGE : SHELF_NO_META, day->name, a,
			    name_time(a));
	}
}

/* compare_names - by stem, the message before its metadata */
static int
compare_names(const void *a, const void *b)
{
	size_t la = stem_length(a), lb = stem_length(b);
	int order = memcmp(a, b, la < lb ? la : lb);

	if (order == 0)
		order = (la > lb) - (la < lb);
	return order != 0 ? order : (int)strlen(a) - (int)strlen(b);
}

static int
compare_entries(const void *a, const void *b)
{
	const struct shelf_entry *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? 1 : -1;
	return strcmp(y->reference, x->reference);
}

static void
add_entry(struct listing *l, const char *day, const char *name)
{
	struct shelf_entry *e;

	l->entries = array_grow(l->entries, l->n, sizeof(*l->entries), ME);
	e = &l->entries[l->n++];
	snprintf(e->reference, sizeof(e->reference), "%.4s/%s", day, name);
	e->when = name_time(name);
}

static void
tell(const struct listing *l, enum shelf_fault fault, const char *day, const char *name,
    int64_t when)
{
	char path[512];

	if (l->fn == NULL)
		return;
	snprintf(path, sizeof(path), "%s%s%s", day, *day != '\0' ? "/" : "", name);
	l->fn(l->ctx, fault, path, when);
}

static int
open_day(const struct shelf *s, const char *day)
{
	return openat(s->dir, day, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
shelf_file(struct shelf *s, const char *reference, enum shelf_file which, int flags)
{
	char name[SHELF_REFERENCE_SIZE + sizeof(META)];
	struct stat st;
	int dir, fd;

	if (!shelf_is_reference(reference)) {
		errno = EINVAL;
		return -1;
	}
	if ((dir = day_of(s, reference)) == -1)
		return -1;
	snprintf(name, sizeof(name), "%s%s", reference + 5, which == SHELF_META ? META : "");
	fd = openat(dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
		errno = EINVAL;
	}
	return fd;
}

bool
shelf_remove(struct shelf *s, const char *reference)
{
	char name[SHELF_REFERENCE_SIZE + sizeof(META)];
	int meta = shelf_file(s, reference, SHELF_META, O_RDONLY), saved;
	bool ok = false;

	if (meta == -1 && (errno != ENOENT || s->day_dir == -1))
		return false;
	if (meta == -1 || flock(meta, LOCK_EX | LOCK_NB) == 0) {
		ok = unlinkat(s->day_dir, reference + 5, 0) == 0;
		saved = errno;
		snprintf(name, sizeof(name), "%s" META, reference + 5);
		if (ok || saved == ENOENT)
			ok = unlinkat(s->day_dir, name, 0) == 0 || ok;
	} else
		saved = errno;
	if (meta != -1)
		close(meta);
	errno = saved;
	return ok;
}

bool
shelf_remove_leftover(const struct shelf *s, const char *name)
{
	char day[5];
	int dir, rc;

	if (strlen(name) < 8 || name[4] != '/' || name[5] != '.' || strchr(name + 5, '/') != NULL)
		return false;
	strlcpy(day, name, sizeof(day));
	if (!is_day(day) || (dir = open_day(s, day)) == -1)
		return false;
	rc = unlinkat(dir, name + 5, 0);
	close(dir);
	return rc == 0;
}

void
shelf_tidy(const struct shelf *s, int64_t now)
{
	char near[3][5] = { "", "", "" };
	const struct dirent *d;
	struct tm tm;
	time_t t;
	int i, fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	for (i = 0; i < 3; i++) {
		t = (time_t)now + (i - 1) * DAY_SECONDS;
		if (localtime_r(&t, &tm) != NULL)
			strftime(near[i], sizeof(near[i]), "%m%d", &tm);
	}
	while ((d = readdir(dir)) != NULL)
		if (is_day(d->d_name) && strcmp(d->d_name, near[0]) != 0 &&
		    strcmp(d->d_name, near[1]) != 0 && strcmp(d->d_name, near[2]) != 0)
			(void)unlinkat(s->dir, d->d_name, AT_REMOVEDIR);
	closedir(dir);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lastgood.c - the signatures that an engine has in use, to be had again when new
 * ones turn out broken.
 *
 * Who updates signatures puts new files in the place of old ones (rename(2)). The
 * old ones stay as long as they are open, so they are: no copy, no space but
 * theirs. A directory of links to /proc/self/fd makes a database of them.
 *
 * Limits: FILES_MAX files; of more none is kept.
 */
#include "lastgood.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

#define FILES_MAX 200
#define ENVIRONMENT "SPAWNSCAN_LAST_GOOD" /* what lastgood.database is */

static bool keep_directory(struct lastgood *, DIR *);
static bool keep_file(struct lastgood *, int at, const char *from, const char *name);
static bool each_file(const struct lastgood *, void (*)(int fd));
static void close_file(int fd);
static void open_for_exec(int fd);

bool
lastgood_keep(struct lastgood *l, const char *database, const char *base)
{
	const char *slash = strrchr(database, '/');
	DIR *dir = opendir(database);
	bool ok;

	memset(l, 0, sizeof(*l));
	if ((dir == NULL && errno != ENOTDIR) || !scratch_make(base, l->dir, sizeof(l->dir))) {
		l->dir[0] = '\0';
		if (dir != NULL)
			closedir(dir);
		return false;
	}
	strlcpy(l->database, l->dir, sizeof(l->database));
	if (dir != NULL) {
		ok = keep_directory(l, dir);
		closedir(dir);
	} else {
		slash = slash != NULL ? slash + 1 : database;
		ok = keep_file(l, AT_FDCWD, database, slash);
		strlcat(l->database, "/", sizeof(l->database));
		strlcat(l->database, slash, sizeof(l->database));
	}
	if (!ok)
		lastgood_drop(l);
	return ok;
}

static bool
keep_directory(struct lastgood *l, DIR *dir)
{
	struct dirent *entry;
	struct stat st;
	int n = 0;

	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, 0) == -1 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (++n > FILES_MAX || !keep_file(l, dirfd(dir), entry->d_name, entry->d_name))
			return false;
	}
	return n > 0;
}

static bool
keep_file(struct lastgood *l, int at, const char *from, const char *name)
{
	char link[PATH_MAX + 300], target[64];
	int fd = openat(at, from, O_RDONLY | O_CLOEXEC), high;

	if (fd == -1)
		return false;
	/* Out of the way of what is handed on under fixed numbers. */
	high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	close(fd);
	snprintf(link, sizeof(link), "%s/%s", l->dir, name);
	snprintf(target, sizeof(target), "/proc/self/fd/%d", high);
	return high != -1 && symlink(target, link) == 0;
}

static bool
each_file(const struct lastgood *l, void (*fn)(int fd))
{
	static const char prefix[] = "/proc/self/fd/";
	DIR *dir = l->dir[0] != '\0' ? opendir(l->dir) : NULL;
	struct dirent *entry;
	char target[64];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n <= (ssize_t)strlen(prefix))
			continue;
		target[n] = '\0';
		fn(atoi(target + strlen(prefix)));
	}
	if (dir != NULL)
		closedir(dir);
	return dir != NULL;
}

static void
close_file(int fd)
{
	close(fd);
}

static void
open_for_exec(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

void
lastgood_hand_on(const struct lastgood *l)
{
	if (each_file(l, open_for_exec)) {
		setenv(ENVIRONMENT, l->database, 1);
		setenv(ENVIRONMENT "_DIR", l->dir, 1);
	}
}

bool
lastgood_inherit(struct lastgood *l)
{
	const char *database = getenv(ENVIRONMENT), *dir = getenv(ENVIRONMENT "_DIR");

	memset(l, 0, sizeof(*l));
	if (database == NULL || dir == NULL)
		return false;
	strlcpy(l->database, database, sizeof(l->database));
	strlcpy(l->dir, dir, sizeof(l->dir));
	unsetenv(ENVIRONMENT);
	unsetenv(ENVIRONMENT "_DIR");
	return true;
}

void
lastgood_drop(struct lastgood *l)
{
	each_file(l, close_file);
	if (l->dir[0] != '\0')
		scratch_remove(l->dir);
	memset(l, 0, sizeof(*l));
}

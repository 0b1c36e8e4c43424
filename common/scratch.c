/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scratch.c - an inspector's private directory.
 *
 * The front makes it, hands its path to the inspector, and removes it when the
 * inspector is gone. Should the front itself be killed, the next front of the
 * same user that makes one sweeps it away: the name carries the front's pid.
 * (A recycled pid only puts that off. Fronts in different pid namespaces must
 * not share a base directory, since the one can't see that the other lives.)
 *
 * What lies in the directory was made by a process that may have been taken
 * over, so the removal trusts nothing in it: it works relative to descriptors,
 * never follows a symbolic link, gives itself access to what was made
 * unreadable, and needs two descriptors and no recursion however deep the tree
 * is. The process that wrote there must be dead.
 *
 * Limits: one call looks at SWEEP_ENTRIES names of the base directory and
 * removes SWEEP_DIRECTORIES of them at most; the rest is for the next.
 * Diagnostics: errno from scratch_make; a removal that does not succeed leaves
 * the directory to the next sweep.
 */
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

#define PREFIX "spawnscan-"
#define SCRATCH_AUTO "auto"

enum { SWEEP_ENTRIES = 4096, SWEEP_DIRECTORIES = 16 };
enum { USED_LEVELS = 64, USED_ENTRIES = 100000 };

#define QUOTA_RESERVE ((uint64_t)64 << 20)

static bool is_tmpfs(const char *);
static uint64_t room_in(const char *);
static bool empty_tree(int, const char *);
static void remove_tree(int, const char *);
static bool remove_entry(int, const char *);
static bool move_up(int, const char *, int);
static void give_access(int, const char *);
static DIR *open_directory(int, const char *);
static const char *next_name(DIR *);
static uint64_t used_below(int, const char *, int levels, unsigned int *entries);
static void sweep(const char *);
static bool is_stale(int, const char *);
static pid_t maker(const char *);

const char *
scratch_base(const struct conf *conf)
{
	static const char *const usual[] = { "/tmp", "/dev/shm" };

	if (strcmp(conf->scratch_dir, SCRATCH_AUTO) != 0)
		return conf->scratch_dir;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (!is_tmpfs(usual[i]))
			continue;
		sweep(usual[i]);
		if (room_in(usual[i]) >= scratch_quota(conf))
			return usual[i];
	}
	return usual[0];
}

void
scratch_describe(const struct conf *conf, char *words, size_t size)
{
	const char *base = scratch_base(conf);

	if (is_tmpfs(base))
		snprintf(words, size, "%s, a tmpfs with %llu MB free", base,
		    (unsigned long long)room_in(base) >> 20);
	else if (strcmp(conf->scratch_dir, SCRATCH_AUTO) == 0)
		snprintf(words, size,
		    "%s, since no tmpfs has the %llu MB free that an inspection may need", base,
		    (unsigned long long)scratch_quota(conf) >> 20);
	else
		snprintf(words, size, "%s, which is no tmpfs", base);
}

/* Where what is written costs no disk, and many small files cost little. */
static bool
is_tmpfs(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

/* Bytes, for us; 0 if we can't make files there. One that has no size is bounded by memory. */
static uint64_t
room_in(const char *dir)
{
	struct statfs fs;

	if (access(dir, W_OK | X_OK) == -1 || statfs(dir, &fs) == -1)
		return 0;
	if (fs.f_blocks == 0)
		return UINT64_MAX;
	return (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
}

bool
scratch_make(const char *base, char *path, size_t pathsize)
{
	int n;

	sweep(base);
	n = snprintf(path, pathsize, "%s/" PREFIX "%ld-XXXXXX", base, (long)getpid());
	if (n < 0 || (size_t)n >= pathsize) {
		errno = ENAMETOOLONG;
		return false;
	}
	return mkdtemp(path) != NULL; /* mode 0700 whatever the umask lets through */
}

void
scratch_remove(const char *path)
{
	const char *slash = strrchr(path, '/');

	/* Whatever path is, nothing that scratch_make did not make. */
	if (maker(slash != NULL ? slash + 1 : path) != 0)
		remove_tree(AT_FDCWD, path);
}

bool
scratch_empty(const char *path)
{
	const char *slash = strrchr(path, '/');

	return maker(slash != NULL ? slash + 1 : path) != 0 && empty_tree(AT_FDCWD, path);
}

/*
 * Each pass over the top directory removes what it can, and moves what is in
 * its subdirectories up by one level; so depth costs passes instead of
 * descriptors or stack.
 */
static bool
empty_tree(int at, const char *name)
{
	DIR *top;
	const char *entry;
	bool progress = true, empty = true;

	if ((top = open_directory(at, name)) == NULL)
		return false;
	while (progress) {
		progress = false;
		empty = true;
		rewinddir(top);
		while ((entry = next_name(top)) != NULL) {
			empty = false;
			if (remove_entry(dirfd(top), entry))
				progress = true;
		}
	}
	closedir(top);
	return empty;
}

static void
remove_tree(int at, const char *name)
{
	empty_tree(at, name);
	unlinkat(at, name, AT_REMOVEDIR);
}

/* Remove a file, or a directory after moving what resists up to top. */
static bool
remove_entry(int top, const char *name)
{
	DIR *dir;
	const char *entry;
	bool progress = false;

	if (unlinkat(top, name, 0) == 0 || unlinkat(top, name, AT_REMOVEDIR) == 0)
		return true;
	if ((dir = open_directory(top, name)) == NULL)
		return false;
	while ((entry = next_name(dir)) != NULL)
		if (unlinkat(dirfd(dir), entry, 0) == 0 || move_up(dirfd(dir), entry, top))
			progress = true;
	closedir(dir);
	return unlinkat(top, name, AT_REMOVEDIR) == 0 || progress;
}

/* To a name that what is in top can't have foreseen. */
static bool
move_up(int dir, const char *name, int top)
{
	char fresh[32];

	give_access(dir, name); /* the move changes its ".." */
	snprintf(fresh, sizeof(fresh), "%08x%08x", arc4random(), arc4random());
	return renameat(dir, name, top, fresh) == 0;
}

/*
 * Make a directory accessible if it wasn't; if that fails, so will what it was
 * wanted for. glibc (2.32 and later) does AT_SYMLINK_NOFOLLOW by way of O_PATH,
 * so no link leads it astray.
 */
static void
give_access(int at, const char *name)
{
	if (fchmodat(at, name, 0700, AT_SYMLINK_NOFOLLOW) == -1)
		return;
}

static DIR *
open_directory(int at, const char *name)
{
	DIR *dir;
	int fd;

	give_access(at, name);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return NULL;
	if ((dir = fdopendir(fd)) == NULL)
		close(fd);
	return dir;
}

static const char *
next_name(DIR *dir)
{
	struct dirent *entry;

	do
		entry = readdir(dir);
	while (entry != NULL &&
	    (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	return entry != NULL ? entry->d_name : NULL;
}

/*
 * Twice what is unpacked from one object, since layers lie beside each other, and
 * four times a message (see scan_libclamav.c); a reserve.
 */
uint64_t
scratch_quota(const struct conf *conf)
{
	return 2 * conf->scan_size_limit + 4 * conf->message_size_limit + QUOTA_RESERVE;
}

uint64_t
scratch_used(const char *path)
{
	unsigned int entries = 0;

	if (path[0] == '\0')
		return 0;
	return used_below(AT_FDCWD, path, USED_LEVELS, &entries);
}

/* Changes nothing and follows no link; what goes away meanwhile does not count. */
static uint64_t
used_below(int at, const char *name, int levels, unsigned int *entries)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
	uint64_t sum = 0, more;
	const char *entry;
	struct stat st;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return errno == ENOENT ? 0 : UINT64_MAX;
	}
	while (sum != UINT64_MAX && (entry = next_name(dir)) != NULL) {
		if (++*entries > USED_ENTRIES || levels == 0)
			sum = UINT64_MAX;
		else if (fstatat(fd, entry, &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		else if (!S_ISDIR(st.st_mode))
			sum += (uint64_t)st.st_blocks * 512;
		else if ((more = used_below(fd, entry, levels - 1, entries)) == UINT64_MAX)
			sum = more;
		else
			sum += more;
	}
	closedir(dir);
	return sum;
}

static void
sweep(const char *base)
{
	DIR *dir;
	const char *name;
	int entries = SWEEP_ENTRIES, directories = SWEEP_DIRECTORIES;

	if ((dir = opendir(base)) == NULL)
		return; /* mkdtemp will tell why */
	while (directories > 0 && entries-- > 0 && (name = next_name(dir)) != NULL)
		if (is_stale(dirfd(dir), name)) {
			remove_tree(dirfd(dir), name);
			directories--;
		}
	closedir(dir);
}

/* A directory of ours whose maker is dead. */
static bool
is_stale(int base, const char *name)
{
	struct stat st;
	pid_t pid = maker(name);

	if (pid == 0 || fstatat(base, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return false;
	return kill(pid, 0) == -1 && errno == ESRCH;
}

/* The pid in "spawnscan-PID-XXXXXX"; 0 if the name is not of that form. */
static pid_t
maker(const char *name)
{
	char *end;
	long pid;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	name += strlen(PREFIX);
	if (*name < '1' || *name > '9')
		return 0;
	errno = 0;
	pid = strtol(name, &end, 10);
	if (errno != 0 || (long)(pid_t)pid != pid || *end != '-' || strlen(end + 1) != 6)
		return 0;
	return (pid_t)pid;
}

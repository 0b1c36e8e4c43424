/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * database.c - have the signature files changed on disk?
 *
 * cl_statchkdir looks at inodes and whole seconds of files of a folder: it
 * misses a file that is gone, and one that is completed in the second in which
 * its beginning was loaded.
 */
#include "database.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

static uint64_t file_print(int, const char *);

/*
 * A number for the names, sizes and times of the signature files; 0 = there is
 * nothing. Not freshclam's own notes, nor what is hidden: it would be a reload
 * for nothing.
 */
uint64_t
database_print(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	uint64_t print = 0;

	if (dir == NULL)
		return file_print(AT_FDCWD, path);
	while ((entry = readdir(dir)) != NULL) {
		const char *end = strrchr(entry->d_name, '.');

		if (entry->d_name[0] != '.' && (end == NULL || strcmp(end, ".dat") != 0))
			print += file_print(dirfd(dir), entry->d_name);
	}
	closedir(dir);
	return print;
}

/* FNV-1a over what stat tells; 0 for what is no file. */
static uint64_t
file_print(int at, const char *name)
{
	uint64_t print = 0xcbf29ce484222325;
	uint64_t facts[4];
	struct stat st;

	if (fstatat(at, name, &st, 0) == -1 || !S_ISREG(st.st_mode))
		return 0;
	facts[0] = (uint64_t)st.st_ino;
	facts[1] = (uint64_t)st.st_size;
	facts[2] = (uint64_t)st.st_mtim.tv_sec;
	facts[3] = (uint64_t)st.st_mtim.tv_nsec;
	for (; *name != '\0'; name++)
		print = (print ^ (unsigned char)*name) * 0x100000001b3;
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		print = (print ^ facts[i]) * 0x100000001b3;
	return print;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fresh_file.c - a file that is written anew, for programs of others that read it.
 *
 * No link at the temporary name is followed, and no pipe there is waited for. It is not
 * fsynced, since what it holds is about this moment only.
 */
#include "fresh_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

bool
fresh_file_write(const char *path, void (*put)(FILE *, const void *ctx), const void *ctx)
{
	char tmp[PATH_MAX];
	FILE *f;
	int fd;
	bool ok;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.new", path) >= sizeof(tmp)) {
		errno = ENAMETOOLONG;
		return false;
	}
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644);
	if (fd == -1 || fchmod(fd, 0644) == -1 || (f = fdopen(fd, "w")) == NULL) {
		if (fd != -1)
			close(fd);
		return false;
	}
	put(f, ctx);
	ok = !ferror(f);
	ok = fclose(f) == 0 && ok;
	return ok && rename(tmp, path) == 0;
}

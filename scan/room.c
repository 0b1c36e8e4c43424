/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * room.c - is there what a scan needs: scratch space, memory?
 *
 * libclamav keeps silent about much that it lacks, so it is looked after from
 * outside, at the start of a scan, at each layer and at each complaint.
 */
#include "room.h"

#include <sys/mman.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define MEMORY_RESERVE (64UL << 20) /* address space */

static bool short_of_space(int);

static bool ran_out; /* of disk space, since this process began */

/* libclamav can call a message clean if it can't write here, so we try it first. */
bool
room_prove(const char *scratch)
{
	char path[PATH_MAX + 16];
	int fd, saved = 0;

	snprintf(path, sizeof(path), "%s/probe", scratch);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return short_of_space(errno);
	if (write(fd, path, 1) != 1)
		saved = errno;
	close(fd);
	if (unlink(path) == -1 && saved == 0)
		saved = errno;
	return saved == 0 || short_of_space(saved);
}

/* A failure; is it for want of space? Returns false, with errno as it was. */
static bool
short_of_space(int error)
{
	ran_out = ran_out || error == ENOSPC || error == EDQUOT;
	errno = error;
	return false;
}

bool
room_ran_out(void)
{
	return ran_out;
}

/* It was proved once; what can go wrong with it later is looked at before each scan. */
bool
room_is_there(const char *scratch)
{
	/* Not faccessat: what it calls first some containers answer with EPERM. */
	return access(scratch, W_OK | X_OK) == 0;
}

/*
 * On a full disk libclamav says "write error", except that of a message's
 * attachments and of what is in a CAB it silently scans as much as there was
 * room for: a message was clean. So there must be room for a message's attachments
 * from the start (nested, each level is at most 3/4 of the one around it), and
 * a reserve at each layer: whatever did not fit was larger than that, and is
 * there, cut off, with the disk full, when it is its turn as a layer.
 */
bool
room_for(const char *scratch, uint64_t bytes)
{
	struct statvfs vfs;

	if (statvfs(scratch, &vfs) == -1)
		return false;
	if (vfs.f_blocks == 0)
		return true; /* a file system without a size */
	return (uint64_t)vfs.f_bavail * vfs.f_frsize >= bytes || short_of_space(ENOSPC);
}

/*
 * Where libclamav can't get memory it mostly says so, but not for the state of
 * bzip2, zlib and OLE2: close to RLIMIT_AS an infected zip was clean. So there
 * must be a reserve at each layer.
 */
bool
room_memory(void)
{
	void *reserve = mmap(NULL, MEMORY_RESERVE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return reserve != MAP_FAILED && munmap(reserve, MEMORY_RESERVE) == 0;
}

bool
room_all(const char *scratch)
{
	return room_memory() && room_for(scratch, ROOM_RESERVE) && room_prove(scratch);
}

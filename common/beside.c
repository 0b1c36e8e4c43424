/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * beside.c - the other programs, which are installed beside this one.
 */
#include "beside.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

bool
beside_path(const char *program, char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n == -1)
		return false;
	self[n] = '\0';
	return (size_t)snprintf(path, size, "%s/%s", dirname(self), program) < size;
}

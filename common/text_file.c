/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text_file.c - a small text file, read whole.
 *
 * For files that the administrator writes and that are read anew for each message: a
 * change holds from the next one on. What is longer than it may be, or is no text, is
 * refused as a whole, and never used in part.
 */
#include "text_file.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "memory.h"

static ssize_t read_up_to(const char *path, char *text, size_t size);

char *
text_file_read(const char *path, size_t max, char *err, size_t errsize)
{
	char *text = memory_checked(malloc(max + 2));
	ssize_t len = read_up_to(path, text, max + 1);
	int error = len == -1 ? errno : EINVAL;

	if (len == -1)
		fault_tell(err, errsize, "%s: %s", path, strerror(error));
	else if ((size_t)len > max)
		fault_tell(err, errsize, "%s: more than %zu bytes", path, max);
	else if (memchr(text, '\0', (size_t)len) != NULL)
		fault_tell(err, errsize, "%s: a NUL byte", path);
	else {
		text[len] = '\0';
		return text;
	}
	free(text);
	errno = error;
	return NULL;
}

/* read_up_to - how many bytes; -1 and errno */
static ssize_t
read_up_to(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	size_t len = 0;
	ssize_t n = -1;

	if (fd == -1)
		return -1;
	while (len < size && (n = read(fd, text + len, size - len)) > 0)
		len += (size_t)n;
	error = errno;
	close(fd);
	errno = error;
	return n == -1 ? -1 : (ssize_t)len;
}

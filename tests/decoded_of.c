/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decoded_of.c - a body as every way of decoding reads it: for each FILE, OUT/FILE is
 * a directory with a file for each way that gives anything, called by the way's name.
 */
#include <sys/stat.h>

#include <err.h>
#include <unistd.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mime_decode.h"

#define BODY_MAX (1u << 20)

static void
write_way(const char *out, char *path, enum decode_way way, const char *in, size_t len)
{
	char name[4096], dir[2048];
	size_t n;
	char *bytes = decode_bytes(way, in, len, BODY_MAX, &n);
	FILE *f;

	if (bytes == NULL)
		return;
	snprintf(dir, sizeof(dir), "%s/%s", out, basename(path));
	(void)mkdir(dir, 0755);
	snprintf(name, sizeof(name), "%s/%s", dir, decode_name(way));
	f = fopen(name, "wb");
	if (f == NULL)
		err(1, "%s", name);
	fwrite(bytes, 1, n, f);
	fclose(f);
	free(bytes);
}

int
main(int argc, char **argv)
{
	static char in[BODY_MAX];

	for (int i = 2; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY);
		ssize_t len = fd == -1 ? -1 : read(fd, in, sizeof(in));

		if (len == -1)
			err(1, "%s", argv[i]);
		close(fd);
		for (int way = 0; way < DECODE_WAYS; way++)
			write_way(argv[1], argv[i], (enum decode_way)way, in, (size_t)len);
	}
	return 0;
}

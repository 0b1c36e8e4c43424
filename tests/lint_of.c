/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lint_of.c - for every file given: "regular", or why other readers may read
 * it differently. One line per file: verdict, TAB, path.
 */
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf.h"
#include "lint.h"
#include "mime_walk.h"

static bool
visit(void *ctx, const struct part *part, const char *content, size_t len)
{
	(void)content;
	(void)len;
	if (!part->inside)
		lint_part(ctx, part);
	return part->limit != PART_TOO_MANY;
}

int
main(int argc, char **argv)
{
	struct conf conf;

	conf_init(&conf);
	for (int i = 1; i < argc; i++) {
		struct stat st;
		struct parts parts;
		struct lint lint;
		enum doubt why;
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
		char *bytes;

		if (fd == -1 || fstat(fd, &st) == -1 ||
		    (bytes = malloc((size_t)st.st_size + 1)) == NULL ||
		    read(fd, bytes, (size_t)st.st_size) != st.st_size)
			err(1, "%s", argv[i]);
		close(fd);
		part_begin(&parts, bytes, (size_t)st.st_size);
		lint_begin(&lint, &parts);
		mime_walk(&parts, &conf, visit, &lint);
		why = lint_irregular(&lint);
		printf("%s\t%s\n", why == DOUBT_NONE ? "regular" : doubt_phrase(why), argv[i]);
		lint_free(&lint);
		part_free(&parts);
		free(bytes);
	}
	conf_free(&conf);
	return 0;
}

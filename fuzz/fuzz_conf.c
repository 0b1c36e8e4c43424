/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_conf - the configuration: a file, or settings one by one
 *
 * Input: one byte, then (bit 0 clear) a file, or (bit 0 set) settings as -o
 * has them, one a line. Invariants: a failure comes with a printable sentence,
 * a refused setting changes nothing, and whatever was accepted survives the
 * way to the inspector: conf_each, then conf_set of each.
 */
#include <sys/mman.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "conf_file.h"
#include "fuzz.h"

struct text {
	char *bytes;
	size_t len;
};

static void
put(void *ctx, const char *section, const char *key, const char *value)
{
	FILE *f = ctx;

	(void)section;
	fprintf(f, "%s=%s%c", key, value, 0);
}

/* All settings as the request has them. */
static struct text
print(const struct conf *conf)
{
	struct text t;
	FILE *f = open_memstream(&t.bytes, &t.len);

	fuzz_assert(f != NULL, "memory");
	conf_each(conf, put, f);
	fuzz_assert(fclose(f) == 0, "memory");
	return t;
}

static bool
same(const struct text *a, const struct text *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static void
check_sentence(const char *err)
{
	fuzz_assert(err[0] != '\0', "a failure says why");
	for (; *err != '\0'; err++)
		fuzz_assert(*err >= 0x20 && *err <= 0x7e, "a sentence is printable");
}

static void
check_round_trip(const struct conf *conf)
{
	struct text one = print(conf), two;
	struct conf other;
	char err[512];

	conf_init(&other);
	for (const char *s = one.bytes; s < one.bytes + one.len; s += strlen(s) + 1)
		fuzz_assert(conf_set(&other, s, err, sizeof(err)), s);
	two = print(&other);
	fuzz_assert(same(&one, &two), "settings survive the way to the inspector");
	conf_free(&other);
	free(one.bytes);
	free(two.bytes);
}

static void
read_as_file(struct conf *conf, const char *bytes, size_t size)
{
	char path[64], err[512] = "";
	int fd = memfd_create("conf", MFD_CLOEXEC);

	fuzz_assert(fd != -1 && write(fd, bytes, size) == (ssize_t)size, "memfd");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!conf_file_read(conf, path, err, sizeof(err)))
		check_sentence(err);
	close(fd);
}

static void
set_each(struct conf *conf, char *bytes, size_t size)
{
	char *line = bytes, *end = bytes + size, *lf;

	for (; line < end; line = lf + 1) {
		char err[512] = "", *copy;
		struct text before = print(conf), after;

		lf = memchr(line, '\n', (size_t)(end - line));
		lf = lf == NULL ? end : lf;
		copy = strndup(line, (size_t)(lf - line));
		fuzz_assert(copy != NULL, "memory");
		if (!conf_set(conf, copy, err, sizeof(err))) {
			check_sentence(err);
			after = print(conf);
			fuzz_assert(same(&before, &after), "a refused setting changes nothing");
			free(after.bytes);
		}
		free(before.bytes);
		free(copy);
	}
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf conf;
	char *bytes;

	if (size == 0)
		return 0;
	bytes = fuzz_copy(data + 1, size - 1);
	conf_init(&conf);
	if ((data[0] & 1) == 0)
		read_as_file(&conf, bytes, size - 1);
	else
		set_each(&conf, bytes, size - 1);
	check_round_trip(&conf);
	conf_free(&conf);
	free(bytes);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * headroom.c - how much memory may this process still get?
 *
 * The least of what /proc/meminfo calls available and of what is left in each
 * cgroup on the way up from ours: memory.max and memory.high of version 2,
 * memory.limit_in_bytes of version 1 (cgroups(7); Documentation/admin-guide of
 * Linux, cgroup-v2.rst and cgroup-v1/memory.rst). Pages of files that nobody has
 * used lately do not count as used: the kernel takes them back first. In a
 * container we see the cgroups that its mounts show.
 */
#include "headroom.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct version {
	const char *fstype;
	const char *limits[2];
	const char *used;
	const char *idle; /* in memory.stat */
};

static const struct version versions[] = {
	{ "cgroup2", { "memory.max", "memory.high" }, "memory.current", "inactive_file " },
	{ "cgroup", { "memory.limit_in_bytes", NULL }, "memory.usage_in_bytes",
	    "total_inactive_file " },
};

static uint64_t left_in_mount(char *line);
static bool own_path(bool v2, char *path, size_t size);
static bool has_word(const char *list, const char *word);
static uint64_t left_in(const struct version *, const char *dir);
static bool read_number(const char *dir, const char *file, const char *name, uint64_t *);

uint64_t
headroom_memory(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	uint64_t least = UINT64_MAX, left;
	char *line = NULL;
	size_t size = 0;

	if (read_number("/proc", "meminfo", "MemAvailable:", &left))
		least = left << 10;
	while (f != NULL && getline(&line, &size, f) != -1) {
		left = left_in_mount(line);
		least = left < least ? left : least;
	}
	free(line);
	if (f != NULL)
		fclose(f);
	return least;
}

uint64_t
headroom_own(void)
{
	uint64_t kb;

	return read_number("/proc/self", "status", "VmRSS:", &kb) ? kb << 10 : 0;
}

/* From our cgroup up to the one that is mounted there. */
static uint64_t
left_in_mount(char *line)
{
	char root[PATH_MAX], point[PATH_MAX], type[64], options[256], path[PATH_MAX];
	char dir[2 * PATH_MAX];
	const struct version *v = NULL;
	const char *rest = strstr(line, " - ");
	uint64_t least = UINT64_MAX, left;
	size_t n;
	char *slash;

	if (rest == NULL || sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2 ||
	    sscanf(rest, " - %63s %*s %255s", type, options) != 2)
		return least;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (strcmp(type, versions[i].fstype) == 0)
			v = &versions[i];
	if (v == NULL || (v != &versions[0] && !has_word(options, "memory")) ||
	    !own_path(v == &versions[0], path, sizeof(path)))
		return least;
	/* A container may see less of the tree than its path tells of. */
	n = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (n > 0 && (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0')))
		path[n = 0] = '\0';
	snprintf(dir, sizeof(dir), "%s%s", point, path + n);
	for (n = strlen(dir); n > 1 && dir[n - 1] == '/'; n--)
		dir[n - 1] = '\0';
	for (;;) {
		left = left_in(v, dir);
		least = left < least ? left : least;
		if (strlen(dir) <= strlen(point) || (slash = strrchr(dir, '/')) == NULL)
			return least;
		*slash = '\0';
	}
}

/* In /proc/self/cgroup: "0::PATH" is that of version 2. */
static bool
own_path(bool v2, char *path, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char *line = NULL, *controllers, *at;
	size_t space = 0;
	bool found = false;

	while (f != NULL && !found && getline(&line, &space, f) != -1) {
		if ((controllers = strchr(line, ':')) == NULL ||
		    (at = strchr(++controllers, ':')) == NULL)
			continue;
		*at++ = '\0';
		at[strcspn(at, "\n")] = '\0';
		found = v2 ? *controllers == '\0' : has_word(controllers, "memory");
		if (found)
			strlcpy(path, at, size);
	}
	free(line);
	if (f != NULL)
		fclose(f);
	return found;
}

static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; *list != '\0'; list += strcspn(list, ","), list += *list == ',')
		if (strncmp(list, word, len) == 0 && (list[len] == ',' || list[len] == '\0'))
			return true;
	return false;
}

/* "max" and what is no number are no limit. */
static uint64_t
left_in(const struct version *v, const char *dir)
{
	uint64_t limit, least = UINT64_MAX, used, idle;

	for (size_t i = 0; i < 2 && v->limits[i] != NULL; i++)
		if (read_number(dir, v->limits[i], "", &limit) && limit < least)
			least = limit;
	if (least == UINT64_MAX || !read_number(dir, v->used, "", &used))
		return UINT64_MAX;
	if (read_number(dir, "memory.stat", v->idle, &idle))
		used = idle < used ? used - idle : 0;
	return used < least ? least - used : 0;
}

/* Behind a name at the beginning of a line. */
static bool
read_number(const char *dir, const char *file, const char *name, uint64_t *number)
{
	char path[2 * PATH_MAX + 64], line[256], *end = line;
	size_t len = strlen(name);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	while (end == line && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, name, len) != 0)
			continue;
		*number = strtoull(line + len, &end, 10);
		end = end == line + len ? line : end;
		break;
	}
	fclose(f);
	return end != line;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * numbers.c - what the engine has done and how it is, in numbers for Prometheus.
 *
 * engine_metrics_file is written about once a second in the text format (version
 * 0.0.4). Counters go on from what the file says, so that a reload, which is
 * another process, does not begin at 0. That process reads them a moment after it
 * serves, when its predecessor has written for the last time.
 *
 * Diagnostics: LOG_WARNING once if it can't be written; the engine serves all the same.
 */
#include "numbers.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "fresh_file.h"
#include "log.h"
#include "place.h"
#include "scan.h"

#define HAND_OVER_SECONDS 2
#define LINE_SIZE 256

/* What is written. */
struct told {
	struct numbers numbers;
	const struct conf *conf;
};

static void read_counters(struct numbers *, const char *path);
static uint64_t *counter_of(struct numbers *, size_t i, const char **name, const char **help);
static void put(FILE *, const void *);
static void put_gauge(FILE *, const char *name, const char *help, uint64_t value);
static uint64_t resident(void);
static time_t newest(const char *database);

/* In the order of counter_of. */
static const char *const ends_names[] = {
	[NUMBERS_WELL] = "spawnscan_engine_inspections_total",
	[NUMBERS_CRASH] = "spawnscan_engine_crashes_total",
	[NUMBERS_TIMEOUT] = "spawnscan_engine_timeouts_total",
	[NUMBERS_FAILURE] = "spawnscan_engine_failures_total",
};
static const char *const ends_helps[] = {
	[NUMBERS_WELL] = "Inspectors that came to their end.",
	[NUMBERS_CRASH] = "Inspectors that were killed by a signal of their own.",
	[NUMBERS_TIMEOUT] = "Inspectors that were ended: late, or too much in scratch_dir.",
	[NUMBERS_FAILURE] = "Inspectors that ended with an error.",
};

void
numbers_begin(struct numbers *n, const struct conf *conf)
{
	*n = (struct numbers){ .first_write = place_now() + HAND_OVER_SECONDS,
		.started = time(NULL),
		.database_time = newest(conf->database) };
}

void
numbers_write(struct numbers *n, const struct conf *conf, bool last)
{
	const char *path = conf->engine_metrics_file;

	if (path[0] == '\0' || (!last && place_now() < n->first_write))
		return;
	if (!n->read)
		read_counters(n, path);
	n->read = true;
	if (fresh_file_write(path, put, &(const struct told){ *n, conf })) {
		n->complained = false;
	} else if (!n->complained) {
		log_write(LOG_WARNING, "engine: %s: %s", path, strerror(errno));
		n->complained = true;
	}
}

/* Lines "NAME VALUE"; what is not there, or is none, counts from 0. */
static void
read_counters(struct numbers *n, const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	FILE *f = fd == -1 ? NULL : fdopen(fd, "r");
	char line[LINE_SIZE];
	const char *name, *help;
	uint64_t *counter;

	if (f == NULL && fd != -1)
		close(fd);
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		char *space = strchr(line, ' ');

		if (space == NULL)
			continue;
		*space = '\0';
		for (size_t i = 0; (counter = counter_of(n, i, &name, &help)) != NULL; i++)
			if (strcmp(name, line) == 0)
				*counter += strtoull(space + 1, NULL, 10);
	}
	if (f != NULL)
		fclose(f);
}

/* NULL: i is past the last. */
static uint64_t *
counter_of(struct numbers *n, size_t i, const char **name, const char **help)
{
	const struct {
		uint64_t *value;
		const char *name, *help;
	} others[] = {
		{ &n->refused, "spawnscan_engine_refused_total",
		    "Connections that were closed, for want of a place or of permission." },
		{ &n->reloads, "spawnscan_engine_reloads_total",
		    "New signatures that were loaded." },
		{ &n->failed_reloads, "spawnscan_engine_failed_reloads_total",
		    "New signatures that could not be loaded." },
	};

	if (i < NUMBERS_ENDS) {
		*name = ends_names[i];
		*help = ends_helps[i];
		return &n->ends[i];
	}
	i -= NUMBERS_ENDS;
	if (i >= sizeof(others) / sizeof(others[0]))
		return NULL;
	*name = others[i].name;
	*help = others[i].help;
	return others[i].value;
}

static void
put(FILE *f, const void *ctx)
{
	const struct told *told = ctx;
	const struct conf *conf = told->conf;
	struct numbers n = told->numbers;
	const char *name, *help;
	uint64_t *counter;

	for (size_t i = 0; (counter = counter_of(&n, i, &name, &help)) != NULL; i++)
		fprintf(f, "# HELP %s %s\n# TYPE %s counter\n%s %" PRIu64 "\n", name, help, name,
		    name, *counter);
	fprintf(f,
	    "# HELP spawnscan_engine_inspectors Inspectors that wait for a message, and at work.\n"
	    "# TYPE spawnscan_engine_inspectors gauge\n"
	    "spawnscan_engine_inspectors{state=\"ready\"} %zu\n"
	    "spawnscan_engine_inspectors{state=\"working\"} %zu\n",
	    n.ready, n.working);
	put_gauge(f, "spawnscan_engine_inspectors_limit", "Setting engine_inspectors.",
	    conf->engine_inspectors);
	put_gauge(f, "spawnscan_engine_waiting", "Connections that wait for their user's share.",
	    n.waiting);
	put_gauge(f, "spawnscan_engine_signatures", "Signatures that are loaded.",
	    scan_signatures());
	/* Letters, digits and a few marks, of libclamav and of the database's version. */
	fprintf(f,
	    "# HELP spawnscan_engine_info Versions of libclamav and of the signatures.\n"
	    "# TYPE spawnscan_engine_info gauge\n"
	    "spawnscan_engine_info{version=\"%s\",spawnscan=\"%s\"} 1\n",
	    scan_banner(), SPAWNSCAN_VERSION);
	put_gauge(f, "spawnscan_engine_database_timestamp_seconds",
	    "When the newest file of the loaded signatures was written.",
	    (uint64_t)n.database_time);
	put_gauge(f, "spawnscan_engine_start_timestamp_seconds",
	    "When the engine was ready with these signatures.", (uint64_t)n.started);
	put_gauge(f, "spawnscan_engine_resident_bytes", "Memory of the engine itself.", resident());
}

static void
put_gauge(FILE *f, const char *name, const char *help, uint64_t value)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRIu64 "\n", name, help, name, name,
	    value);
}

/* proc(5), statm: pages in all, pages in memory. 0 = not told */
static uint64_t
resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	uint64_t all, in_memory = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%" SCNu64 " %" SCNu64, &all, &in_memory) != 2)
		in_memory = 0;
	fclose(f);
	return in_memory * (uint64_t)sysconf(_SC_PAGESIZE);
}

static time_t
newest(const char *database)
{
	DIR *dir = opendir(database);
	struct dirent *entry;
	struct stat st;
	time_t newest = 0;

	if (dir == NULL)
		return stat(database, &st) == 0 ? st.st_mtime : 0;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		    S_ISREG(st.st_mode) && st.st_mtime > newest)
			newest = st.st_mtime;
	}
	closedir(dir);
	return newest;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evasion_of.c - for every message given: what spawnscan finds and does.
 *
 * Usage: evasion_of DATABASE SCRATCH OUTPUT FILE ... Writes spawnscan's result
 * for the Nth file to OUTPUT/N, from 0. One line per file on standard output,
 * fields separated by TAB: verdict, action, milliseconds, path. A message that ends the process that looks at it has the verdict "crash".
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "examine.h"
#include "message.h"
#include "report.h"
#include "request.h"
#include "scan.h"

#define SECONDS 60

static struct conf conf;

static void set(const char *assignment);
static void look_at(const char *path, const char *output);
static char *read_all(const char *path, size_t *size);
static void write_result(const char *output, const char *bytes, size_t size, const struct report *);
static bool write_piece(void *ctx, const char *buf, size_t len);

int
main(int argc, char **argv)
{
	char sentence[512], output[4096];

	if (argc < 4)
		errx(EX_USAGE, "usage: evasion_of DATABASE SCRATCH OUTPUT FILE ...");
	conf_init(&conf);
	snprintf(sentence, sizeof(sentence), "database=%s", argv[1]);
	set(sentence);
	/* How well hidden content is found shall not depend on what it is called. */
	set("archive_names=no");
	if (!scan_open(&conf, argv[2], sentence, sizeof(sentence)))
		errx(EX_SOFTWARE, "%s", sentence);
	for (int i = 4; i < argc; i++) {
		pid_t pid;
		int status;

		fflush(stdout);
		snprintf(output, sizeof(output), "%s/%d", argv[3], i - 4);
		pid = fork();
		if (pid == 0) {
			alarm(4 * SECONDS);
			look_at(argv[i], output);
			fflush(stdout);
			_exit(0);
		}
		if (pid == -1 || waitpid(pid, &status, 0) == -1)
			err(EX_OSERR, "fork");
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			printf("crash\tnone\t0\t%s\n", argv[i]);
	}
	return 0;
}

static void
set(const char *assignment)
{
	char sentence[512];

	if (!conf_set(&conf, assignment, sentence, sizeof(sentence)))
		errx(EX_USAGE, "%s", sentence);
}

static void
look_at(const char *path, const char *output)
{
	char host[] = "host", reference[] = "", date[] = "now", scratch[] = "";
	struct request request = {
		.host = host, .reference = reference, .time = date, .scratch = scratch
	};
	struct report report;
	size_t size;
	char *bytes = read_all(path, &size);
	int64_t began = clock_ms();

	report_init(&report);
	report.scanner = strdup("ClamAV");
	report.size = size;
	examine_message(&conf, &request, bytes, size, SECONDS, &report, NULL, NULL);
	began = clock_ms() - began;
	write_result(output, bytes, size, &report);
	printf("%s\t%s\t%ld\t%s\n", report_verdict(&report), verdict_action_name(report.action),
	    (long)began, path);
	report_free(&report);
	free(bytes);
}

static char *
read_all(const char *path, size_t *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *bytes;

	if (fd == -1 || fstat(fd, &st) == -1 || (bytes = malloc((size_t)st.st_size + 1)) == NULL ||
	    read(fd, bytes, (size_t)st.st_size) != st.st_size)
		err(EX_NOINPUT, "%s", path);
	close(fd);
	*size = (size_t)st.st_size;
	return bytes;
}

static void
write_result(const char *output, const char *bytes, size_t size, const struct report *report)
{
	FILE *f = fopen(output, "w");

	if (f == NULL ||
	    !message_splice(bytes, size, report->edits, report->n_edits, write_piece, f) ||
	    fclose(f) == EOF)
		err(EX_CANTCREAT, "%s", output);
}

static bool
write_piece(void *ctx, const char *buf, size_t len)
{
	return fwrite(buf, 1, len, ctx) == len;
}

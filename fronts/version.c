/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * version.c - what -V prints.
 *
 * The inspector tells, since it has libclamav and the sandbox. It gets the options
 * that this program has, so that both read the same configuration.
 *
 * Diagnostics: the inspector's own, with codes of <sysexits.h>; a sentence here for any
 * other end of it.
 */
#include "version.h"

#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "inspection.h"
#include "log.h"

static void become_inspector(const char *path, const struct conf_options *)
    __attribute__((noreturn));

int
version_print(const struct conf *conf, const struct conf_options *o)
{
	char path[PATH_MAX] = "";
	int status;
	pid_t pid;

	if (!inspection_program(conf, path, sizeof(path)) || access(path, X_OK) == -1) {
		log_write(LOG_ERR, "%s: %s", path, strerror(errno));
		return EX_UNAVAILABLE;
	}
	pid = fork();
	if (pid == 0)
		become_inspector(path, o);
	if (pid == -1 || waitpid(pid, &status, 0) == -1) {
		log_write(LOG_ERR, "%s: %s", path, strerror(errno));
		return EX_OSERR;
	}
	if (WIFSIGNALED(status)) {
		log_write(LOG_ERR, "%s was killed by signal %d (%s)", path, WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
		return EX_SOFTWARE;
	}
	if (WEXITSTATUS(status) != EX_OK && WEXITSTATUS(status) < EX__BASE)
		log_write(LOG_ERR, "%s ended with code %d", path, WEXITSTATUS(status));
	return WEXITSTATUS(status);
}

static void
become_inspector(const char *path, const struct conf_options *o)
{
	char name[] = "spawnscan-inspect", version[] = "-V", file[] = "-c", setting[] = "-o",
	     *words[2 * CONF_OPTIONS_MAX + 5];
	size_t n = 0;

	words[n++] = name;
	words[n++] = version;
	if (o->file != NULL) {
		words[n++] = file;
		words[n++] = (char *)(uintptr_t)o->file; /* which nobody changes */
	}
	for (size_t i = 0; i < o->n; i++) {
		words[n++] = setting;
		words[n++] = o->set[i].assignment;
	}
	words[n] = NULL;
	execv(path, words);
	log_write(LOG_ERR, "%s: %s", path, strerror(errno));
	_exit(EX_UNAVAILABLE);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spawnscan_inspect.c - main of spawnscan-inspect: what to be.
 *
 * Started by a front with a socket as standard input it is the inspector of
 * one message (inspector.c); with --engine the resident process that keeps
 * the signatures loaded (engine.c); with --version it tells what it has.
 *
 * Diagnostics: one sentence on standard error and to the log; exit codes of
 * <sysexits.h>.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf_file.h"
#include "conf_options.h"
#include "engine.h"
#include "inspector.h"
#include "log.h"
#include "memory.h"
#include "sandbox.h"
#include "scan.h"
#include "scratch.h"

#define SENTENCE_MAX 1024

struct options {
	bool engine, daemon, version;
	struct conf_options conf;
};

static const char usage_text[] =
    "usage: spawnscan-inspect --engine [options]   keep the signatures loaded and serve\n"
    "       spawnscan-inspect --version [-d DIR]   versions of program, ClamAV, signatures\n"
    "       spawnscan-inspect                      started by spawnscan, with a socket\n"
    "\n"
    "  -D, --daemon         go into the background once the signatures are "
    "loaded\n" CONF_OPTIONS_HELP "  -h, --help           this text\n";

static void parse_options(int argc, char **argv, struct options *);
static void configure(struct options *, struct conf *);
static void use_huge_pages(char **argv);
static int run_engine(const struct options *, const struct conf *, char **argv);
static int go_into_background(void);
static int print_version(const struct conf *);
static bool print_sandbox(const struct conf *, const char *scratch);
static void quit(int code, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
static void quit_no_memory(void) __attribute__((noreturn));

int
main(int argc, char **argv)
{
	struct conf conf;
	struct options options = { 0 };
	struct stat st;
	int code;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* an engine outlives a log that may not grow */
	umask(077);
	if (argc == 1 && fstat(STDIN_FILENO, &st) == 0 && S_ISSOCK(st.st_mode))
		inspector_serve(STDIN_FILENO);
	log_init("spawnscan-inspect");
	memory_on_none(quit_no_memory);
	conf_init(&conf);
	parse_options(argc, argv, &options);
	configure(&options, &conf);
	if (options.version)
		code = print_version(&conf);
	else if (options.engine)
		code = run_engine(&options, &conf, argv);
	else
		quit(EX_USAGE,
		    "this program is started by spawnscan, or with --engine; "
		    "see spawnscan-inspect -h");
	conf_options_free(&options.conf);
	conf_free(&conf);
	return code;
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = { { "engine", no_argument, NULL, 'E' },
		{ "daemon", no_argument, NULL, 'D' }, { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	static const char shorts[] = ":DVh" CONF_OPTIONS_LETTERS;
	int c;

	/* Before anything can be found fault with. */
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
		if (c == 'V')
			log_answers();
	optind = 0; /* from the beginning */
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (conf_options_take(&o->conf, c, optarg))
			continue;
		switch (c) {
		case 'E':
			o->engine = true;
			break;
		case 'D':
			o->daemon = true;
			break;
		case 'V':
			o->version = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(fflush(stdout) == EOF ? EX_IOERR : EX_OK);
		case ':':
			quit(EX_USAGE, "option %s needs an argument; see spawnscan-inspect -h",
			    argv[optind - 1]);
		default:
			quit(EX_USAGE, "unknown option %s; see spawnscan-inspect -h",
			    argv[optind - 1]);
		}
	}
	if (optind != argc)
		quit(EX_USAGE, "unknown argument %s; see spawnscan-inspect -h", argv[optind]);
}

static void
configure(struct options *o, struct conf *conf)
{
	char sentence[SENTENCE_MAX];
	int code = conf_options_load(&o->conf, conf, sentence, sizeof(sentence));

	if (code != EX_OK)
		quit(code, "%s", sentence);
}

/*
 * libclamav allocates about 20 MB for each object that it scans, page by page.
 * With huge pages behind malloc that took 650 page faults instead of 5200 (10
 * KB mail, 8.75 million signatures) and 15 to 25 % less CPU time. glibc reads
 * this setting when a process starts, so the engine starts itself once more;
 * with all symbols looked up then, not again in each child.
 */
static void
use_huge_pages(char **argv)
{
	static const char tunable[] = "glibc.malloc.hugetlb=1";
	const char *old = getenv("GLIBC_TUNABLES");
	char tunables[1024];

	if (old != NULL && strstr(old, tunable) != NULL)
		return;
	if ((size_t)snprintf(tunables, sizeof(tunables), "%s%s%s", old == NULL ? "" : old,
		old == NULL ? "" : ":", tunable) >= sizeof(tunables) ||
	    setenv("GLIBC_TUNABLES", tunables, 1) == -1 || setenv("LD_BIND_NOW", "1", 1) == -1)
		return;
	execv(argv[0], argv);
	log_write(LOG_WARNING, "engine: cannot start again with huge pages: %s", strerror(errno));
}

/* A misspelt one would be noticed only when it is refused. */
static bool
users_exist(const char *list, char *sentence, size_t size)
{
	char name[64];

	for (; *list != '\0'; list += strspn(list, " ")) {
		size_t n = strcspn(list, " ");

		snprintf(name, sizeof(name), "%.*s", (int)n, list);
		if (getpwnam(name) == NULL) {
			snprintf(sentence, size, "there is no user \"%s\"", name);
			return false;
		}
		list += n;
	}
	return true;
}

static int
run_engine(const struct options *o, const struct conf *conf, char **argv)
{
	const char *ready = getenv(ENGINE_READY_ENV);
	char sentence[SENTENCE_MAX], self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int ready_fd = -1;

	if (n == -1)
		quit(EX_OSERR, "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	/* cppcheck-suppress autoVariables */
	argv[0] = self; /* lives as long as the engine does: it returns to here */
	use_huge_pages(argv);
	if (!log_open(conf->log, conf->syslog_name, conf->syslog_facility,
		o->conf.verbose > 1 ? LOG_DEBUG : conf->log_level,
		o->conf.verbose > 0 || isatty(STDERR_FILENO), sentence, sizeof(sentence)))
		quit(EX_CONFIG, "%s", sentence);
	log_json(conf->log_format == LOG_FORMAT_JSON);
	if (!users_exist(conf->engine_users, sentence, sizeof(sentence)))
		quit(EX_CONFIG, "engine_users: %s", sentence);
	if (ready != NULL) {
		/* 0: nobody waits, see engine.h */
		ready_fd = (int)strtonum(ready, STDERR_FILENO + 1, INT_MAX, NULL);
		ready_fd = ready_fd > 0 ? ready_fd : -1;
		unsetenv(ENGINE_READY_ENV);
	} else if (o->daemon) {
		ready_fd = go_into_background();
	}
	if (ready_fd != -1)
		fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
	return engine_run(conf, argv, ready_fd, ready == NULL && o->daemon);
}

/*
 * The parent waits until the child is ready, so that whoever started us knows
 * that it works. Returns in the child only, with the descriptor to say it on.
 */
static int
go_into_background(void)
{
	int ready[2], status, null;
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		quit(EX_OSERR, "background: %s", strerror(errno));
	if (pid != 0) {
		close(ready[1]);
		if (read(ready[0], &byte, 1) == 1)
			_exit(EX_OK);
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
			_exit(WEXITSTATUS(status));
		_exit(EX_SOFTWARE);
	}
	close(ready[0]);
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		quit(EX_OSERR, "background: %s", strerror(errno));
	return ready[1];
}

static int
print_version(const struct conf *conf)
{
	char scratch[PATH_MAX], sentence[SENTENCE_MAX], sentence_of_scratch[SENTENCE_MAX];
	bool ok, shut;

	if (!scratch_make(scratch_base(conf), scratch, sizeof(scratch)))
		quit(EX_CANTCREAT, "cannot create a scratch directory in %s: %s",
		    scratch_base(conf), strerror(errno));
	ok = scan_connect(conf, sentence, sizeof(sentence)) &&
	    scan_open(conf, scratch, sentence, sizeof(sentence)) &&
	    scan_prove(sentence, sizeof(sentence));
	printf("spawnscan %s\n", SPAWNSCAN_VERSION);
	fflush(stdout);
	shut = print_sandbox(conf, scratch);
	scratch_describe(conf, sentence_of_scratch, sizeof(sentence_of_scratch));
	printf("scratch directories %s\n", sentence_of_scratch);
	scratch_remove(scratch);
	if (!ok || !shut)
		scan_close();
	if (!ok)
		quit(EX_UNAVAILABLE, "%s", sentence);
	if (!shut)
		quit(EX_UNAVAILABLE, "no message would be inspected: the sandbox does not work");
	if (conf_uses_clamd(conf))
		printf("%s\nscanner %s\n", scan_banner(), conf->scanner);
	else
		printf("%s\nsignatures %u in %s\n", scan_banner(), scan_signatures(),
		    conf->database);
	scan_close();
	return fflush(stdout) == EOF ? EX_IOERR : EX_OK;
}

/* print_sandbox - false, and said so, if it can't be as the configuration wants it */
static bool
print_sandbox(const struct conf *conf, const char *scratch)
{
	char words[SENTENCE_MAX];
	bool complete, ok = sandbox_prove(conf, scratch, &complete, words, sizeof(words));

	printf("sandbox %s\n", words);
	fflush(stdout);
	return ok;
}

static void
quit(int code, const char *fmt, ...)
{
	char sentence[SENTENCE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	log_write(LOG_ERR, "%s", sentence);
	exit(code);
}

static void
quit_no_memory(void)
{
	quit(EX_TEMPFAIL, "out of memory");
}

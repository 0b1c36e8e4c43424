/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spawnscan.c - main of the front: options, configuration, which front to run,
 * exit codes.
 *
 * With an address: an SMTP session on standard input and output, relayed to
 * that address (smtp_relay.c). Without: one message from standard input to
 * standard output (filter.c). With --sendmail: one message from standard input to
 * sendmail(1) (sendmail.c). With --qmail-queue: in the place of qmail-queue(8)
 * (qmail_queue.c). With --proxy or --milter: a server (proxy.c, milter.c). With --explain: what
 * would be done with a message, and why (explainer.c).
 *
 * Under spawn(8) descriptors 0, 1 and 2 are one socket, so before anything
 * else runs the session moves to descriptors of its own, and no library can
 * talk into it.
 *
 * Diagnostics: one sentence on standard error if that is not the session, the
 * same to the log, 421 to an SMTP client; exit codes of <sysexits.h>, but
 * where a mailer is waiting it hears "try again later": it would send the message
 * back to its sender for anything else.
 */
#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf_file.h"
#include "conf_options.h"
#include "explainer.h"
#include "filter.h"
#include "language.h"
#include "log.h"
#include "memory.h"
#include "metrics.h"
#include "milter.h"
#include "notify.h"
#include "proxy.h"
#include "qmail_queue.h"
#include "rule.h"
#include "ruling.h"
#include "sendmail.h"
#include "smtp_relay.h"
#include "verdict_file.h"
#include "version.h"

#define SENTENCE_MAX 1024

/* The command line. */
struct options {
	struct conf_options conf;
	bool version, print_conf, json;
	const char *explain; /* file, "-" = standard input */
	bool rule_for; /* FROM TO CLIENT are what is explained */
	const char *address;
	bool sendmail;
	struct sendmail_call call; /* of --sendmail */
	const char *qmail_queue; /* the original */
	const char *proxy; /* where to listen */
	const char *milter; /* the same */
};

/* What a fault is to whoever waits for us, if not its own code of <sysexits.h>. */
static int fault_code;

static const char usage_text[] =
    "usage: spawnscan [options] HOST:PORT    relay SMTP on stdin/stdout to HOST:PORT\n"
    "       spawnscan [options]              filter one message from stdin to stdout\n"
    "       spawnscan [options] --sendmail -f SENDER -- RECIPIENT...\n"
    "                                        filter one message from stdin to sendmail\n"
    "       spawnscan [options] --qmail-queue PROGRAM\n"
    "                                        filter one message to PROGRAM, as qmail-queue\n"
    "       spawnscan [options] --proxy LISTEN HOST:PORT\n"
    "                                        listen, and relay each connection to HOST:PORT\n"
    "       spawnscan [options] --milter LISTEN\n"
    "                                        listen for a mail server that speaks milter\n"
    "       spawnscan --check [options]      is all of the installation as it must be?\n"
    "       spawnscan --report [options]     what the filter did, as text or HTML\n"
    "       spawnscan [options] --explain FILE\n"
    "                                        show what would be done with a message, and why\n"
    "       spawnscan [options] --explain --rule-for FROM TO CLIENT\n"
    "                                        show which rules match, and why\n"
    "\n"
    "HOST:PORT may also be [IPV6]:PORT, inet:HOST:PORT or unix:/PATH, with lmtp: in\n"
    "front for LMTP; or several of these with commas between, tried in order.\n"
    "\n"
    "  -b, --backup         keep every original\n"
    "  -q, --quarantine     keep the originals of changed or rejected messages "
    "only\n" CONF_OPTIONS_HELP
    "  -V, --version        versions of spawnscan, ClamAV and the signatures\n"
    "      --sendmail       for pipe(8) of Postfix: pass the message on to sendmail(1)\n"
    "  -f SENDER            with --sendmail: the envelope sender, may be empty\n"
    "      --client TEXT    with --sendmail: NAME[ADDRESS] of the client, for log and rules\n"
    "      --envid ID       with --sendmail: the sender's envelope ID, for DSNs\n"
    "      --qmail-queue PROGRAM\n"
    "                       for qmail: pass the message on to PROGRAM, on descriptors 0 and 1\n"
    "      --proxy LISTEN   serve many clients on HOST:PORT, [IPV6]:PORT, unix:/PATH, or on\n"
    "                       the socket from systemd (LISTEN is \"systemd\")\n"
    "      --milter LISTEN  serve mail servers at HOST:PORT, [IPV6]:PORT or unix:/PATH\n"
    "      --print-config   print the configuration in effect\n"
    "      --check          look at everything that an installation needs; --check -h tells more\n"
    "      --report         sum up log and quarantine; --report -h tells more\n"
    "      --explain FILE   show what would be done with the message in FILE (- = stdin)\n"
    "      --rule-for       with --explain: FROM (\"\" is the null sender), TO and CLIENT,\n"
    "                       NAME[ADDRESS] or ADDRESS (\"\" is unknown)\n"
    "      --json           with --explain: output for programs\n"
    "  -h, --help           this text\n";

static void parse_options(int argc, char **argv, struct options *);
static void become_script(int argc, char **argv, const char *option, const char *name);
static void check_fronts(struct options *, int argc, char **argv);
static void configure(struct options *, struct conf *);
static bool reconfigure(void *, struct conf *, char *, size_t);
static int load(struct options *, struct conf *, char *, size_t);
static int print_conf(const struct conf *);
static void print_setting(void *, const char *section, const char *key, const char *value);
static int run(struct options *, struct conf *);
static bool is_closed(int fd);
static void hold_standard_descriptors(void);
static int take_descriptor(int fd, int flags);
static void quit(int code, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
static void quit_no_memory(void) __attribute__((noreturn));

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	struct conf conf;
	int code;
	bool closed = is_closed(STDIN_FILENO) || is_closed(STDOUT_FILENO);

	hold_standard_descriptors();
	/* No core with mail in it, and no way in for an inspector of the same user. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	log_init("spawnscan");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* RLIMIT_FSIZE: the write fails, that will do */
	umask(077);
	memory_on_none(quit_no_memory);
	become_script(argc, argv, "--check", "spawnscan-check");
	become_script(argc, argv, "--report", "spawnscan-report");
	parse_options(argc, argv, &options);
	conf_init(&conf);
	configure(&options, &conf);
	if (options.version) {
		code = version_print(&conf, &options.conf);
		verdict_file_print_expired(&conf, stdout);
	} else if (options.print_conf)
		code = print_conf(&conf);
	else if (options.rule_for)
		code = explainer_rules(&conf, options.call.recipients);
	else if (options.explain != NULL)
		code = explainer_run(&conf, options.explain, options.json, STDOUT_FILENO);
	else if (closed) {
		if (options.qmail_queue != NULL)
			fault_code = QMAIL_UNREADABLE;
		quit(EX_IOERR, "standard input or output is closed");
	} else
		code = run(&options, &conf);
	metrics_write();
	notify_send();
	conf_options_free(&options.conf);
	conf_free(&conf);
	return code;
}

static int
print_conf(const struct conf *conf)
{
	conf_each(conf, print_setting, NULL);
	rule_print(conf, stdout);
	return fflush(stdout) == EOF ? EX_IOERR : EX_OK;
}

static bool
is_closed(int fd)
{
	return fcntl(fd, F_GETFD) == -1 && errno == EBADF;
}

/* A closed 0, 1 or 2 must not become a socket or a file of ours. */
static void
hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* become_script - for an option that a script beside us sees to, with all the others */
static void
become_script(int argc, char **argv, const char *option, const char *name)
{
	char path[4096];
	ssize_t n;
	int i = 1;

	while (i < argc && strcmp(argv[i], option) != 0 && strcmp(argv[i], "--") != 0)
		i++;
	if (i >= argc || strcmp(argv[i], option) != 0)
		return;
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	*(strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path) = '\0';
	strlcat(path, name, sizeof(path));
	memmove(argv + i, argv + i + 1, (size_t)(argc - i) * sizeof(*argv));
	signal(SIGPIPE, SIG_DFL);
	execv(path, argv);
	quit(EX_UNAVAILABLE, "%s: %s", path, strerror(errno));
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = { { "backup", no_argument, NULL, 'b' },
		{ "quarantine", no_argument, NULL, 'q' }, { "version", no_argument, NULL, 'V' },
		{ "print-config", no_argument, NULL, 'P' },
		{ "explain", required_argument, NULL, 'E' }, { "json", no_argument, NULL, 'J' },
		{ "sendmail", no_argument, NULL, 'S' }, { "client", required_argument, NULL, 'C' },
		{ "envid", required_argument, NULL, 'N' },
		{ "qmail-queue", required_argument, NULL, 'Q' },
		{ "proxy", required_argument, NULL, 'L' },
		{ "milter", required_argument, NULL, 'M' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	static const char shorts[] = ":bqf:Vh" CONF_OPTIONS_LETTERS;
	int c;

	/* Before anything can be found fault with. */
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
		if (c == 'V' || c == 'P' || (c == ':' ? optopt : c) == 'E')
			log_answers();
	optind = 0; /* from the beginning */
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--sendmail") == 0)
			fault_code = EX_TEMPFAIL;
		else if (strcmp(argv[i], "--qmail-queue") == 0)
			fault_code = QMAIL_CONFIG;
	}
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (conf_options_take(&o->conf, c, optarg))
			continue;
		switch (c) {
		case 'b':
			conf_options_set(&o->conf, 'b', "quarantine=all");
			break;
		case 'q':
			conf_options_set(&o->conf, 'q', "quarantine=changed");
			break;
		case 'V':
			o->version = true;
			break;
		case 'P':
			o->print_conf = true;
			break;
		case 'E':
			o->rule_for = strcmp(optarg, "--rule-for") == 0;
			o->explain = optarg;
			break;
		case 'J':
			o->json = true;
			break;
		case 'S':
			o->sendmail = true;
			fault_code = EX_TEMPFAIL;
			break;
		case 'N':
			o->call.envid = optarg;
			break;
		case 'f':
			o->call.sender = optarg;
			break;
		case 'C':
			o->call.client = optarg;
			break;
		case 'L':
			o->proxy = optarg;
			break;
		case 'M':
			o->milter = optarg;
			break;
		case 'Q':
			o->qmail_queue = optarg;
			fault_code = QMAIL_CONFIG;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(fflush(stdout) == EOF ? EX_IOERR : EX_OK);
		case ':':
			quit(EX_USAGE, "option %s needs an argument; see spawnscan -h",
			    argv[optind - 1]);
		default:
			quit(EX_USAGE, "unknown option %s; see spawnscan -h", argv[optind - 1]);
		}
	}
	check_fronts(o, argc - optind, argv + optind);
	if (o->rule_for) {
		if (argc - optind != 3)
			quit(EX_USAGE, "--rule-for needs FROM, TO and CLIENT; see spawnscan -h");
		return;
	}
	if (argc - optind > 1 && !o->sendmail)
		quit(EX_USAGE, "too many addresses: %s; see spawnscan -h", argv[optind + 1]);
	o->address = o->sendmail ? NULL : argv[optind];
	if (o->explain != NULL && o->address != NULL)
		quit(EX_USAGE, "--explain takes no address; see spawnscan -h");
	if (o->json && o->explain == NULL)
		quit(EX_USAGE, "--json goes with --explain; see spawnscan -h");
}

/* check_fronts - argc words are left, which only --sendmail takes more than one of */
static void
check_fronts(struct options *o, int argc, char **argv)
{
	if (o->sendmail + (o->qmail_queue != NULL) + (o->explain != NULL) + (o->proxy != NULL) +
		(o->milter != NULL) >
	    1)
		quit(EX_USAGE,
		    "one of --sendmail, --qmail-queue, --proxy, --milter and --explain; "
		    "see spawnscan -h");
	if (o->milter != NULL && argc > 0)
		quit(EX_USAGE, "--milter takes no address of a next hop; see spawnscan -h");
	if (o->proxy != NULL && argc == 0)
		quit(EX_USAGE, "--proxy needs the address of the next hop; see spawnscan -h");
	if (!o->sendmail &&
	    (o->call.sender != NULL || o->call.client != NULL || o->call.envid != NULL))
		quit(EX_USAGE, "-f, --client and --envid go with --sendmail; see spawnscan -h");
	if (o->sendmail && (o->call.sender == NULL || argc == 0))
		quit(EX_USAGE, "--sendmail needs -f SENDER and recipients; see spawnscan -h");
	if (o->qmail_queue != NULL && argc > 0)
		quit(EX_USAGE, "--qmail-queue takes no address; see spawnscan -h");
	o->call.recipients = argv;
	o->call.n_recipients = (size_t)argc;
}

static void
configure(struct options *o, struct conf *conf)
{
	char sentence[SENTENCE_MAX];
	int code;

	if ((code = load(o, conf, sentence, sizeof(sentence))) != EX_OK)
		quit(code, "%s", sentence);
}

/* reconfigure - as at the start, perhaps as another user by now; ctx is the options */
static bool
reconfigure(void *ctx, struct conf *conf, char *sentence, size_t size)
{
	return load(ctx, conf, sentence, size) == EX_OK;
}

/* load - the file, then the options over it, then the log as they say */
static int
load(struct options *o, struct conf *conf, char *sentence, size_t size)
{
	int code = conf_options_load(&o->conf, conf, sentence, size);
	int level = o->conf.verbose > 1 ? LOG_DEBUG : conf->log_level;

	if (code != EX_OK)
		return code;
	if (!ruling_check(conf, sentence, size) || !verdict_file_check(conf, sentence, size))
		return EX_CONFIG;
	/* What is explained is nothing that happened. */
	if (!log_open(o->explain != NULL ? "stderr" : conf->log, conf->syslog_name,
		conf->syslog_facility, level, o->conf.verbose > 0 || isatty(STDERR_FILENO),
		sentence, size))
		return conf_options_code(errno);
	log_json(conf->log_format == LOG_FORMAT_JSON);
	return language_check(conf, sentence, size) ? EX_OK : EX_CONFIG;
}

static void
print_setting(void *ctx, const char *section, const char *key, const char *value)
{
	static char last[64];

	(void)ctx;
	if (strcmp(section, last) != 0) {
		printf("%s[%s]\n", last[0] == '\0' ? "" : "\n", section);
		strlcpy(last, section, sizeof(last));
	}
	printf("%s = %s\n", key, value);
}

static int
run(struct options *o, struct conf *conf)
{
	struct address address;
	char sentence[SENTENCE_MAX];
	int rfd, wfd, code;

	if (o->address != NULL && !address_parse(&address, o->address, sentence, sizeof(sentence)))
		quit(EX_USAGE, "%s", sentence);
	if (o->proxy != NULL) {
		code = proxy_run(conf, o->proxy, &address, reconfigure, o);
		address_free(&address);
		return code;
	}
	if (o->milter != NULL)
		return milter_run(conf, o->milter);
	rfd = take_descriptor(STDIN_FILENO, O_RDONLY);
	wfd = take_descriptor(STDOUT_FILENO, O_WRONLY);
	if (!log_stderr_usable())
		close(take_descriptor(STDERR_FILENO, O_WRONLY));
	if (rfd == -1 || wfd == -1)
		quit(EX_TEMPFAIL, "no descriptors: %s", strerror(errno));
	if (o->sendmail)
		return sendmail_run(conf, &o->call, rfd, wfd);
	if (o->qmail_queue != NULL)
		return qmail_queue_run(conf, o->qmail_queue, rfd, wfd);
	if (o->address == NULL)
		return filter_run(conf, rfd, wfd);
	code = smtp_relay(conf, &address, NULL, rfd, wfd);
	address_free(&address);
	return code;
}

/* Move a descriptor out of the libraries' way, and leave /dev/null in its place. */
static int
take_descriptor(int fd, int flags)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int null = open("/dev/null", flags | O_CLOEXEC);

	if (moved == -1 || null == -1 || dup2(null, fd) == -1)
		return -1;
	close(null);
	return moved;
}

/* It can't be done: say so to whoever can hear it. */
static void
quit(int code, const char *fmt, ...)
{
	char sentence[SENTENCE_MAX];
	struct stat st;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	log_write(LOG_ERR, "%s", sentence);
	if (fault_code == EX_TEMPFAIL)
		dprintf(STDOUT_FILENO, "4.3.5 Content filter: %s\n", sentence);
	else if (fault_code == 0 && fstat(STDOUT_FILENO, &st) == 0 && S_ISSOCK(st.st_mode))
		smtp_relay_refuse(STDOUT_FILENO, "Server configuration error");
	exit(fault_code != 0 ? fault_code : code);
}

static void
quit_no_memory(void)
{
	quit(EX_TEMPFAIL, "out of memory");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spawnscan_quarantine.c - main of the quarantine's tool: options, user, verb.
 *
 * A program of its own: the filter is started for each connection and has no use for
 * any of this.
 *
 * Started by root it becomes the user who owns the quarantine as soon as the settings are
 * read. So metadata, names and links that others have made there, and a user "spawnscan"
 * that is no longer its own master, get at nothing that he could not reach anyway.
 *
 * What is no reference is refused before any verb sees it. References may be told as
 * paths, as they are when a shell completes them.
 *
 * Diagnostics: a sentence on standard error; codes of <sysexits.h>.
 */
#include <errno.h>
#include <stdarg.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "conf_file.h"
#include "conf_options.h"
#include "courier.h"
#include "list.h"
#include "log.h"
#include "memory.h"
#include "notifier.h"
#include "release.h"
#include "safe.h"
#include "show.h"
#include "upkeep.h"

#define DAY_SECONDS 86400

enum option_code {
	OPT_SINCE = 256,
	OPT_FROM,
	OPT_TO,
	OPT_CLASS,
	OPT_NAME,
	OPT_LIMIT,
	OPT_JSON,
	OPT_AGAIN,
	OPT_DRY_RUN,
	OPT_BRIEF,
	OPT_VIA,
	OPT_PART,
	OPT_OLDER,
	OPT_MAX_SIZE
};

static const char usage_text[] =
    "usage: spawnscan-quarantine [options] list\n"
    "       spawnscan-quarantine [options] show REF...\n"
    "       spawnscan-quarantine [options] cat REF\n"
    "       spawnscan-quarantine [options] release REF...\n"
    "       spawnscan-quarantine [options] forward --to ADDRESS REF...\n"
    "       spawnscan-quarantine [options] delete REF...\n"
    "       spawnscan-quarantine [options] expire --older-than AGE\n"
    "       spawnscan-quarantine [options] verify\n"
    "\n"
    "REF is what notices and the log tell of an original: MMDD/NAME.\n"
    "\n"
    "list:\n"
    "      --since WHEN     30d, 12h, or 2026-11-30, or \"2026-11-30 14:00\"\n"
    "      --from ADDRESS   a piece of it, or a pattern with * and ?\n"
    "      --to ADDRESS     the same\n"
    "      --class CLASS    infected, blocked, encrypted, limit, ambiguous ...\n"
    "      --name NAME      of an attachment, or of what was found: a piece, or a pattern\n"
    "      --limit N        the newest N only\n"
    "      --json           with list and show: one object a line\n"
    "show:\n"
    "      --brief          without having it inspected again\n"
    "cat, release:\n"
    "      --part N         one attachment alone, as show numbers them\n"
    "release, forward:\n"
    "      --to ADDRESS     instead of the recipients that it had; may be repeated\n"
    "      --via HOP        HOST:PORT, lmtp:HOST:PORT, unix:/PATH or sendmail, instead of\n"
    "                       the server that the filter would have handed it to\n"
    "      --again          although it was released before\n"
    "expire:\n"
    "      --older-than AGE 30d, 12h ...\n"
    "      --max-size SIZE  remove the oldest until no more than that is left: 5G, 500M\n"
    "  -n, --dry-run        tell what would be removed\n"
    "\n" CONF_OPTIONS_HELP "  -h, --help           this text\n";

/* A verb: what it takes. */
struct verb {
	const char *name;
	int (*run)(struct desk *);
	bool references; /* one or more; else none */
	const char *options; /* those it knows beside the configuration's */
};

static const struct verb verbs[] = {
	{ "list", list_run, false, "since from to class name limit json" },
	{ "show", show_run, true, "json brief" },
	{ "cat", show_cat, true, "part" },
	{ "release", release_run, true, "to via again part" },
	{ "forward", release_forward, true, "to via" },
	{ "delete", upkeep_delete, true, "" },
	{ "expire", upkeep_expire, false, "older-than max-size dry-run" },
	{ "verify", upkeep_verify, false, "" },
};

static const struct option longs[] = { { "since", required_argument, NULL, OPT_SINCE },
	{ "from", required_argument, NULL, OPT_FROM }, { "to", required_argument, NULL, OPT_TO },
	{ "class", required_argument, NULL, OPT_CLASS },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "limit", required_argument, NULL, OPT_LIMIT }, { "json", no_argument, NULL, OPT_JSON },
	{ "again", no_argument, NULL, OPT_AGAIN }, { "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "brief", no_argument, NULL, OPT_BRIEF }, { "via", required_argument, NULL, OPT_VIA },
	{ "part", required_argument, NULL, OPT_PART },
	{ "older-than", required_argument, NULL, OPT_OLDER },
	{ "max-size", required_argument, NULL, OPT_MAX_SIZE }, { "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 } };

static void parse(int, char **, struct desk *, struct conf_options *, const struct verb **);
static void take(struct desk *, int, const char *);
static bool option_used(struct desk *, const char *);
static void check(struct desk *, const struct verb *);
static const char *option_for(struct desk *, const struct verb *);
static int64_t parse_since(const char *);
static uint64_t parse_units(const char *, const char *, const char *, const uint64_t *);
static uint64_t parse_age(const char *);
static uint64_t parse_size(const char *);
static void configure(struct conf_options *, struct conf *);
static void settle(struct desk *, int, char **);
static const char *whoever(void);
static void become(uid_t);
static void no_memory(void) __attribute__((noreturn));
static void quit(int, const char *, ...) __attribute__((noreturn, format(printf, 2, 3)));

int
main(int argc, char **argv)
{
	struct desk desk = { .shelf = { .dir = -1 } };
	struct conf_options options = { 0 };
	const struct verb *verb;
	struct conf conf;
	char err[512];
	int code;

	log_init("spawnscan");
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	memory_on_none(no_memory);
	/* Not by hand: see transaction/notify.c. */
	if (argc == 2 && strcmp(argv[1], "notify") == 0)
		return notifier_run();
	parse(argc, argv, &desk, &options, &verb);
	conf_init(&conf);
	configure(&options, &conf);
	desk.conf = &conf;
	desk.who = whoever();
	if (!shelf_open(&desk.shelf, conf.quarantine_dir, err, sizeof(err)))
		quit(EX_NOINPUT, "%s", err);
	become(desk.shelf.owner);
	/* As the filter's user, so that a file that is made here is his. If he can't: syslog. */
	(void)log_open(conf.log, conf.syslog_name, conf.syslog_facility, conf.log_level,
	    options.verbose > 0, err, sizeof(err));
	log_json(conf.log_format == LOG_FORMAT_JSON);
	settle(&desk, argc - optind - 1, argv + optind + 1);
	if (!verb->references && desk.n_references > 0)
		quit(EX_USAGE, "%s takes no reference; see spawnscan-quarantine -h", verb->name);
	if (verb->references && desk.n_references == 0)
		quit(EX_USAGE, "%s needs a reference; see spawnscan-quarantine -h", verb->name);
	code = verb->run(&desk);
	shelf_close(&desk.shelf);
	free(desk.recipients);
	free(desk.references);
	conf_options_free(&options);
	conf_free(&conf);
	return code;
}

static void
parse(int argc, char **argv, struct desk *d, struct conf_options *options, const struct verb **verb)
{
	int c;

	opterr = 0;
	d->recipients = calloc((size_t)argc + 1, sizeof(*d->recipients));
	if (d->recipients == NULL)
		no_memory();
	while ((c = getopt_long(argc, argv, ":nh" CONF_OPTIONS_LETTERS, longs, NULL)) != -1) {
		if (conf_options_take(options, c, optarg))
			continue;
		if (c == 'h') {
			fputs(usage_text, stdout);
			exit(fflush(stdout) == EOF ? EX_IOERR : EX_OK);
		}
		if (c == ':')
			quit(EX_USAGE, "option %s needs an argument; see spawnscan-quarantine -h",
			    argv[optind - 1]);
		if (c == '?')
			quit(EX_USAGE, "unknown option %s; see spawnscan-quarantine -h",
			    argv[optind - 1]);
		take(d, c, optarg);
	}
	if (optind == argc)
		quit(EX_USAGE, "what is to be done? See spawnscan-quarantine -h");
	*verb = NULL;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[optind]) == 0)
			*verb = &verbs[i];
	if (*verb == NULL)
		quit(EX_USAGE, "%s is nothing that can be done; see spawnscan-quarantine -h",
		    argv[optind]);
	check(d, *verb);
}

static void
take(struct desk *d, int c, const char *value)
{
	const char *error = NULL;

	switch ((enum option_code)c) {
	case OPT_SINCE:
		d->since = parse_since(value);
		break;
	case OPT_FROM:
		d->from = value;
		break;
	case OPT_TO:
		/* list takes one, as a pattern */
		d->to = value;
		d->recipients[d->n_recipients++] = optarg;
		break;
	case OPT_CLASS:
		d->class = value;
		break;
	case OPT_NAME:
		d->name = value;
		break;
	case OPT_LIMIT:
		d->limit = (uint64_t)strtonum(value, 1, INT32_MAX, &error);
		if (error != NULL)
			quit(EX_USAGE, "--limit %s: expected a number", value);
		break;
	case OPT_JSON:
		d->json = true;
		break;
	case OPT_AGAIN:
		d->again = true;
		break;
	case OPT_DRY_RUN:
		d->dry_run = true;
		break;
	case OPT_BRIEF:
		d->brief = true;
		break;
	case OPT_VIA:
		d->via = value;
		break;
	case OPT_PART:
		d->part = value;
		break;
	case OPT_OLDER:
		d->older_than = parse_age(value);
		d->older_given = true;
		break;
	case OPT_MAX_SIZE:
		d->max_size = parse_size(value);
		d->max_size_given = true;
		break;
	default:
		d->dry_run = true; /* -n */
		break;
	}
}

/* check - an option that a verb does not know is a misunderstanding */
static void
check(struct desk *d, const struct verb *verb)
{
	const char *stranger = option_for(d, verb);
	char err[600];

	if (stranger != NULL)
		quit(EX_USAGE, "--%s does not go with %s; see spawnscan-quarantine -h", stranger,
		    verb->name);
	if (verb->run == upkeep_expire && !d->older_given && !d->max_size_given)
		quit(EX_USAGE, "expire needs --older-than or --max-size");
	if (verb->run == release_forward && d->n_recipients == 0)
		quit(EX_USAGE, "forward needs --to");
	if (d->via != NULL && !courier_knows(d->via, err, sizeof(err)))
		quit(EX_USAGE, "--via: %s", err);
	if (verb->run == list_run && d->n_recipients > 1)
		quit(EX_USAGE, "list takes one --to");
}

static const char *
option_for(struct desk *d, const struct verb *verb)
{
	for (size_t i = 0; longs[i].name != NULL && longs[i].val != 'h'; i++) {
		const char *known = strstr(verb->options, longs[i].name);

		if (option_used(d, longs[i].name) && known == NULL)
			return longs[i].name;
	}
	return NULL;
}

static bool
option_used(struct desk *d, const char *name)
{
	const struct {
		const char *name;
		bool used;
	} all[] = { { "since", d->since != 0 }, { "from", d->from != NULL },
		{ "to", d->to != NULL }, { "class", d->class != NULL }, { "name", d->name != NULL },
		{ "limit", d->limit != 0 }, { "json", d->json }, { "again", d->again },
		{ "dry-run", d->dry_run }, { "brief", d->brief }, { "via", d->via != NULL },
		{ "part", d->part != NULL }, { "older-than", d->older_given },
		{ "max-size", d->max_size_given } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].used;
	return false;
}

/* parse_since - an age, or a date with or without a time, in local time */
static int64_t
parse_since(const char *value)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M" };
	const char *end;
	struct tm tm;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		memset(&tm, 0, sizeof(tm));
		tm.tm_isdst = -1;
		end = strptime(value, forms[i], &tm);
		if (end != NULL && *end == '\0')
			return (int64_t)mktime(&tm);
	}
	return (int64_t)time(NULL) - (int64_t)parse_age(value);
}

static uint64_t
parse_units(const char *value, const char *what, const char *letters, const uint64_t *factors)
{
	char number[24];
	size_t digits = strspn(value, "0123456789");
	const char *error = "", *letter;
	uint64_t n = 0;

	if (digits > 0 && digits < sizeof(number)) {
		strlcpy(number, value, digits + 1);
		n = (uint64_t)strtonum(number, 0, INT64_C(1) << 40, &error);
	}
	letter = value[digits] == '\0' ? letters : strchr(letters, value[digits]);
	if (error != NULL || letter == NULL || (value[digits] != '\0' && value[digits + 1] != '\0'))
		quit(EX_USAGE, "%s is no %s", value, what);
	return n * factors[letter - letters];
}

static uint64_t
parse_age(const char *value)
{
	static const uint64_t factors[] = { 1, 60, 3600, DAY_SECONDS, 7 * DAY_SECONDS };
	uint64_t age = parse_units(value, "age, as 30d or 12h, and no date", "smhdw", factors);

	return age > INT64_MAX / 2 ? INT64_MAX / 2 : age;
}

static uint64_t
parse_size(const char *value)
{
	static const uint64_t factors[] = { 1, 1 << 10, 1 << 20, 1 << 30, UINT64_C(1) << 40 };

	return parse_units(value, "size, as 500M or 5G", "BKMGT", factors);
}

static void
configure(struct conf_options *options, struct conf *conf)
{
	char sentence[1024];
	int code = conf_options_load(options, conf, sentence, sizeof(sentence));

	if (code != EX_OK)
		quit(code, "%s", sentence);
}

/* settle - the references, each checked */
static void
settle(struct desk *d, int n, char **words)
{
	size_t len = strlen(d->conf->quarantine_dir);

	d->references = calloc((size_t)n + 1, sizeof(*d->references));
	if (d->references == NULL)
		no_memory();
	for (int i = 0; i < n; i++) {
		char *word = words[i];

		if (strncmp(word, d->conf->quarantine_dir, len) == 0 && word[len] == '/')
			word += len + strspn(word + len, "/");
		if (!shelf_is_reference(word))
			quit(EX_USAGE, "%.200s is no reference: expected MMDD/NAME", words[i]);
		d->references[d->n_references++] = word;
	}
}

/* whoever - it is who does this: for the record */
static const char *
whoever(void)
{
	static char who[200];
	const struct passwd *pw = getpwuid(getuid());
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;

	if (sudo != NULL && *sudo != '\0')
		snprintf(who, sizeof(who), "%.64s (%.64s)", pw != NULL ? pw->pw_name : "root",
		    sudo);
	else if (pw != NULL)
		snprintf(who, sizeof(who), "%.64s", pw->pw_name);
	else
		snprintf(who, sizeof(who), "uid %u", (unsigned int)getuid());
	for (char *c = who; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return who;
}

static void
become(uid_t owner)
{
	const struct passwd *pw = getpwuid(owner);

	if (geteuid() != 0 || owner == 0)
		return;
	if (pw == NULL)
		quit(EX_NOUSER, "the quarantine belongs to uid %u, whom nobody knows",
		    (unsigned int)owner);
	if (initgroups(pw->pw_name, pw->pw_gid) == -1 || setgid(pw->pw_gid) == -1 ||
	    setuid(owner) == -1 || setuid(0) != -1)
		quit(EX_OSERR, "becoming %s: %s", pw->pw_name, strerror(errno));
}

static void
no_memory(void)
{
	quit(EX_OSERR, "out of memory");
}

static void
quit(int code, const char *fmt, ...)
{
	char sentence[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	exit(safe_complain(code, "%s", sentence));
}

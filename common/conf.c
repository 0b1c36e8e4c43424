/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.c - the configuration: defaults, file, options.
 *
 * One table says everything there is to know about a key: where it belongs,
 * what it may hold and what it holds if nobody says anything. Defaults, file,
 * -o and the front's request to the inspector all go through it and through
 * key_set, so that a value means the same wherever it comes from.
 *
 * Ownership: the strings of a struct conf are malloc'd and never NULL;
 * conf_free gives them back. A value that is refused changes nothing.
 *
 * Limits: a line of the file has at most 198 bytes (libinih's buffer as Debian
 * builds it); longer values go over several lines, each further one beginning
 * with a blank. A value has the most bytes that the table allows.
 *
 * Diagnostics: one sentence per fault, with file and line where there is a
 * file. The first fault ends the reading. Nothing is logged and nothing is
 * printed here; the program aborts if memory runs out, since nothing useful
 * can be said at that point on descriptors that may be an SMTP session.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "conf.h"
#include "network.h"

enum key_type {
	KEY_STRING, /* as it stands; no control characters */
	KEY_WORDS, /* list: words separated by blanks or commas */
	KEY_EXTENSIONS, /* list: lower case, without a leading dot */
	KEY_TEXT, /* lines; \n is a line end, \\ a backslash */
	KEY_NUMBER,
	KEY_SIZE,
	KEY_TIME,
	KEY_BOOL,
	KEY_CHOICE /* an enum or int, by name */
};

struct choice {
	const char *name; /* NULL ends the list */
	int value;
};

struct unit {
	char letter; /* in either case; 0 ends the list */
	uint64_t factor;
};

struct key {
	const char *section;
	const char *name;
	enum key_type type;
	size_t offset; /* in struct conf */
	uint64_t min, max; /* of a number; of a string's length */
	const struct choice *choices;
	const char *(*check)(const char *value); /* what was expected instead, or NULL */
	const char *value; /* default, as in a file */
};

/* A file that is being read. */
struct reading {
	struct conf *conf;
	FILE *fp;
	const char *path;
	int line;
	bool indented; /* this line begins with a blank */
	const struct key *previous; /* set by the line before; NULL after a section line */
	bool *seen; /* per key: set by this file */
	bool failed;
	int failed_line;
	char *err;
	size_t errsize;
};

static const char *check_clients(const char *);
static const char *check_log(const char *);
static const char *check_name(const char *);
static const char *check_networks(const char *);
static const char *check_path(const char *);
static const char *check_scanner(const char *);
static bool clamd_address(const char *, size_t);
static const char *check_notice(const char *);
static const struct key *key_find(const char *);
static bool key_set(struct conf *, const struct key *, const char *, bool, char *, size_t);
static bool key_set_string(struct conf *, const struct key *, const char *, bool);
static bool key_set_number(struct conf *, const struct key *, const char *);
static bool key_set_bool(struct conf *, const struct key *, const char *);
static bool key_set_choice(struct conf *, const struct key *, const char *);
static void key_expected(const struct key *, char *, size_t);
static void key_print(const struct conf *, const struct key *, char **);
static char *words_parse(const char *);
static char *extensions_parse(const char *);
static char *text_parse(const char *);
static char *text_print(const char *);
static bool has_control(const char *);
static const struct unit *key_units(const struct key *);
static bool number_parse(const char *, const struct unit *, uint64_t *);
static void number_print(uint64_t, const struct unit *, char *, size_t);
static char *read_line(char *, int, void *);
static int read_setting(void *, const char *, const char *, const char *);
static const char *without_remark(const char *, char *, size_t);
static bool section_exists(const char *);
static void read_fail(struct reading *, const char *, ...) __attribute__((format(printf, 2, 3)));
static bool fail(char *, size_t, const char *, ...) __attribute__((format(printf, 3, 4)));
static void quote(const char *, char *, size_t);
static char *trim(char *);
static void no_memory(void) __attribute__((noreturn));
static void *checked(void *);
static char *copy(const char *);

#define K ((uint64_t)1 << 10)
#define M ((uint64_t)1 << 20)
#define G ((uint64_t)1 << 30)
#define DAY ((uint64_t)86400)

#define PATH_LENGTH 4000 /* leaves room for a quarantine name in 4096 */
#define SOCKET_LENGTH 107 /* sun_path, unix(7) */
#define LIST_LENGTH 16384
#define NOTICE_LENGTH 8192
#define NOTICE_LINE 900 /* RFC 5322 2.1.1 allows 998; the rest is for what is filled in */
#define QUOTE_SIZE 64
#define CLAMD "clamd:"
#define HOST_LENGTH 253 /* RFC 1035 2.3.4, as text */

static void (*told_no_memory)(void);

static const struct unit no_units[] = { { 0, 1 } };
static const struct unit size_units[] = { { 'G', G }, { 'M', M }, { 'K', K }, { 0, 1 } };
static const struct unit time_units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 },
	{ 0, 1 } };

static const struct choice part_actions[] = { { "pass", ACTION_PASS }, { "tag", ACTION_TAG },
	{ "defang", ACTION_DEFANG }, { "remove", ACTION_REMOVE }, { "reject", ACTION_REJECT },
	{ "discard", ACTION_DISCARD }, { "tempfail", ACTION_TEMPFAIL }, { NULL, 0 } };
static const struct choice error_actions[] = { { "tempfail", ACTION_TEMPFAIL },
	{ "reject", ACTION_REJECT }, { "wrap", ACTION_WRAP }, { NULL, 0 } };
static const struct choice keeps[] = { { "off", KEEP_OFF }, { "changed", KEEP_CHANGED },
	{ "all", KEEP_ALL }, { NULL, 0 } };
static const struct choice newlines[] = { { "normalise", NEWLINE_NORMALISE },
	{ "reject", NEWLINE_REJECT }, { NULL, 0 } };
static const struct choice scans[] = { { "auto", SCAN_AUTO }, { "thorough", SCAN_THOROUGH },
	{ NULL, 0 } };
static const struct choice engines[] = { { "auto", ENGINE_AUTO }, { "require", ENGINE_REQUIRE },
	{ "off", ENGINE_OFF }, { NULL, 0 } };
static const struct choice socket_modes[] = { { "0600", 0600 }, { "0660", 0660 }, { "0666", 0666 },
	{ NULL, 0 } };
static const struct choice facilities[] = { { "mail", LOG_MAIL }, { "daemon", LOG_DAEMON },
	{ "user", LOG_USER }, { "auth", LOG_AUTH }, { "authpriv", LOG_AUTHPRIV },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 }, { NULL, 0 } };
static const struct choice levels[] = { { "err", LOG_ERR }, { "warning", LOG_WARNING },
	{ "notice", LOG_NOTICE }, { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { NULL, 0 } };

/*
 * What Outlook, Outlook on the web and Gmail don't let a user open, and what
 * MailScanner, rspamd and amavisd refuse, less what ordinary people mail to
 * each other (certificates, zip, html, mail folders, documents with macros).
 */
#define BLOCK_EXTENSIONS \
	/* programs, libraries, installers */ \
	"exe com scr pif cpl dll sys vxd ocx drv app gadget " \
	"msi msix msixbundle msp mst msu appx appxbundle appref-ms application apk " /* scripts and what runs them */ \
	"bat cmd btm js jse vb vbe vbs vbp vsmacros ws wsc wsf wsh hta sct scf " \
	"ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 psm1 cdxml pssc " \
	"msh msh1 msh2 mshxml msh1xml msh2xml nsh csh ksh pl plg py pyc pyo pyw pyz pyzw " \
	"jar jnlp xbap " /* links, settings, helpers of the shell */ \
	"lnk url website search-ms searchconnector-ms library-ms settingcontent-ms " \
	"appcontent-ms reg inf ins isp its job shb shs chm cnt hlp hpj msc theme grp " \
	"diagcab printerexport webpnp mcf prf xnk " /* images of disks and archives used to smuggle the above */ \
	"iso img vhd vhdx dmg cab ace " /* databases, add-ins and documents that are programs */ \
	"ade adp mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz " \
	"accda accde accdr accdu xll wll asp aspx asx bas fxp prg lib ops osd pcd vsw"

#define NOTICE \
	"An attachment of this message was taken out by the mail filter.\\n\\n" \
	"Attachment: {file}\\n" \
	"Reason:     {reason}\\n" \
	"Action:     {action}\\n" \
	"Date:       {time}\\n" \
	"Filter:     spawnscan {version} on {host}\\n" \
	"Original:   {reference}\\n\\n" \
	"If you need the attachment, ask your postmaster and give the line\\n" \
	"\"Original\" above; the message is kept under that name for a while."

#define AT(field) offsetof(struct conf, field)

static const struct key keys[] = {
	{ "scan", "scan", KEY_CHOICE, AT(scan), 0, 0, scans, NULL, "auto" },
	{ "scan", "scanner", KEY_WORDS, AT(scanner), 1, LIST_LENGTH, NULL, check_scanner,
	    "libclamav" },
	{ "scan", "database", KEY_STRING, AT(database), 1, PATH_LENGTH, NULL, NULL,
	    "/var/lib/clamav" },
	{ "scan", "inspector", KEY_STRING, AT(inspector), 0, PATH_LENGTH, NULL, NULL, "" },
	{ "scan", "scratch_dir", KEY_STRING, AT(scratch_dir), 1, PATH_LENGTH, NULL, NULL, "/tmp" },
	{ "scan", "inspect_timeout", KEY_TIME, AT(inspect_timeout), 1, DAY, NULL, NULL, "90s" },
	{ "scan", "memory_limit", KEY_SIZE, AT(memory_limit), 0, 1024 * G, NULL, NULL, "4G" },
	{ "scan", "scan_size_limit", KEY_SIZE, AT(scan_size_limit), K, 1024 * G, NULL, NULL,
	    "400M" },
	/* libclamav can't look at 2 GiB and more in one piece */
	{ "scan", "scan_file_limit", KEY_SIZE, AT(scan_file_limit), K, 2047 * M, NULL, NULL,
	    "100M" },
	{ "scan", "scan_depth_limit", KEY_NUMBER, AT(scan_depth_limit), 1, 100, NULL, NULL, "17" },
	{ "scan", "scan_files_limit", KEY_NUMBER, AT(scan_files_limit), 1, 1000000, NULL, NULL,
	    "10000" },

	{ "engine", "engine", KEY_CHOICE, AT(engine), 0, 0, engines, NULL, "auto" },
	{ "engine", "engine_socket", KEY_STRING, AT(engine_socket), 1, SOCKET_LENGTH, NULL, NULL,
	    "/run/spawnscan/engine.sock" },
	{ "engine", "engine_socket_mode", KEY_CHOICE, AT(engine_socket_mode), 0, 0, socket_modes,
	    NULL, "0660" },
	{ "engine", "engine_users", KEY_WORDS, AT(engine_users), 0, LIST_LENGTH, NULL, NULL, "" },
	{ "engine", "engine_user", KEY_STRING, AT(engine_user), 0, 32, NULL, NULL, "" },
	{ "engine", "engine_inspectors", KEY_NUMBER, AT(engine_inspectors), 1, 1000, NULL, NULL,
	    "10" },
	{ "engine", "reload_check", KEY_TIME, AT(reload_check), 0, 30 * DAY, NULL, NULL, "600s" },
	{ "engine", "engine_pid_file", KEY_STRING, AT(engine_pid_file), 0, PATH_LENGTH, NULL, NULL,
	    "" },

	{ "actions", "infected", KEY_CHOICE, AT(action[CLASS_INFECTED]), 0, 0, part_actions, NULL,
	    "remove" },
	{ "actions", "blocked", KEY_CHOICE, AT(action[CLASS_BLOCKED]), 0, 0, part_actions, NULL,
	    "defang" },
	{ "actions", "encrypted", KEY_CHOICE, AT(action[CLASS_ENCRYPTED]), 0, 0, part_actions, NULL,
	    "tag" },
	{ "actions", "unopened", KEY_CHOICE, AT(action[CLASS_UNOPENED]), 0, 0, part_actions, NULL,
	    "defang" },
	{ "actions", "limit", KEY_CHOICE, AT(action[CLASS_LIMIT]), 0, 0, part_actions, NULL,
	    "defang" },
	{ "actions", "ambiguous", KEY_CHOICE, AT(action[CLASS_AMBIGUOUS]), 0, 0, part_actions, NULL,
	    "defang" },
	{ "actions", "error", KEY_CHOICE, AT(action[CLASS_ERROR]), 0, 0, error_actions, NULL,
	    "tempfail" },
	{ "actions", "partial", KEY_CHOICE, AT(partial), 0, 0, part_actions, NULL, "remove" },

	{ "names", "block_extensions", KEY_EXTENSIONS, AT(block_extensions), 0, LIST_LENGTH, NULL,
	    NULL, BLOCK_EXTENSIONS },
	{ "names", "deny_names", KEY_WORDS, AT(deny_names), 0, LIST_LENGTH, NULL, NULL, "" },
	{ "names", "allow_names", KEY_WORDS, AT(allow_names), 0, LIST_LENGTH, NULL, NULL, "" },
	{ "names", "block_executables", KEY_BOOL, AT(block_executables), 0, 0, NULL, NULL, "yes" },
	{ "names", "archive_names", KEY_BOOL, AT(archive_names), 0, 0, NULL, NULL, "yes" },
	{ "names", "block_macros", KEY_BOOL, AT(block_macros), 0, 0, NULL, NULL, "no" },
	{ "names", "exempt_clients", KEY_WORDS, AT(exempt_clients), 0, LIST_LENGTH, NULL,
	    check_clients, "" },
	{ "names", "exempt_senders", KEY_WORDS, AT(exempt_senders), 0, LIST_LENGTH, NULL, NULL,
	    "" },
	{ "names", "exempt_recipients", KEY_WORDS, AT(exempt_recipients), 0, LIST_LENGTH, NULL,
	    NULL, "" },

	{ "limits", "message_size_limit", KEY_SIZE, AT(message_size_limit), K, 1024 * G, NULL, NULL,
	    "100M" },
	/* GMime itself gives up at 1024 */
	{ "limits", "mime_depth_limit", KEY_NUMBER, AT(mime_depth_limit), 1, 1000, NULL, NULL,
	    "64" },
	{ "limits", "mime_parts_limit", KEY_NUMBER, AT(mime_parts_limit), 1, 10000, NULL, NULL,
	    "1000" },
	{ "limits", "header_size_limit", KEY_SIZE, AT(header_size_limit), K, 64 * M, NULL, NULL,
	    "256K" },
	{ "limits", "view_limit", KEY_NUMBER, AT(view_limit), 1, 1000000, NULL, NULL, "20000" },
	{ "limits", "view_size_limit", KEY_SIZE, AT(view_size_limit), M, 64 * G, NULL, NULL, "1G" },

	{ "marks", "header", KEY_BOOL, AT(header), 0, 0, NULL, NULL, "yes" },
	{ "marks", "notice", KEY_TEXT, AT(notice), 1, NOTICE_LENGTH, NULL, check_notice, NOTICE },

	{ "quarantine", "quarantine", KEY_CHOICE, AT(quarantine), 0, 0, keeps, NULL, "changed" },
	{ "quarantine", "quarantine_dir", KEY_STRING, AT(quarantine_dir), 1, PATH_LENGTH, NULL,
	    NULL, "/var/spool/spawnscan" },

	{ "log", "log", KEY_STRING, AT(log), 1, PATH_LENGTH, NULL, check_log, "syslog" },
	{ "log", "syslog_facility", KEY_CHOICE, AT(syslog_facility), 0, 0, facilities, NULL,
	    "mail" },
	{ "log", "syslog_name", KEY_STRING, AT(syslog_name), 1, 64, NULL, check_name, "spawnscan" },
	{ "log", "log_level", KEY_CHOICE, AT(log_level), 0, 0, levels, NULL, "info" },

	{ "smtp", "bare_newline", KEY_CHOICE, AT(bare_newline), 0, 0, newlines, NULL, "normalise" },
	{ "smtp", "connect_timeout", KEY_TIME, AT(connect_timeout), 1, DAY, NULL, NULL, "30s" },
	{ "smtp", "command_timeout", KEY_TIME, AT(command_timeout), 1, DAY, NULL, NULL, "300s" },
	{ "smtp", "data_timeout", KEY_TIME, AT(data_timeout), 1, DAY, NULL, NULL, "600s" },
	{ "smtp", "reply_timeout", KEY_TIME, AT(reply_timeout), 1, DAY, NULL, NULL, "300s" },
	{ "smtp", "send_timeout", KEY_TIME, AT(send_timeout), 1, DAY, NULL, NULL, "600s" },
	{ "smtp", "final_timeout", KEY_TIME, AT(final_timeout), 1, DAY, NULL, NULL, "600s" },
	{ "smtp", "session_timeout", KEY_TIME, AT(session_timeout), 1, DAY, NULL, NULL, "3600s" },
	/* RFC 5321 4.5.3.1.4: 512 and up; the top is IO_BUFFER_SIZE */
	{ "smtp", "line_limit", KEY_SIZE, AT(line_limit), 512, 65536, NULL, NULL, "2048" },
	{ "smtp", "recipient_limit", KEY_NUMBER, AT(recipient_limit), 1, 100000, NULL, NULL,
	    "1000" },
	{ "smtp", "error_limit", KEY_NUMBER, AT(error_limit), 1, 100000, NULL, NULL, "20" },

	{ "proxy", "proxy_clients", KEY_WORDS, AT(proxy_clients), 1, LIST_LENGTH, NULL,
	    check_networks, "127.0.0.0/8 ::1" },
	{ "proxy", "proxy_processes", KEY_NUMBER, AT(proxy_processes), 1, 10000, NULL, NULL,
	    "100" },
	{ "proxy", "proxy_user", KEY_STRING, AT(proxy_user), 0, 32, NULL, NULL, "" },
	{ "proxy", "proxy_socket_mode", KEY_CHOICE, AT(proxy_socket_mode), 0, 0, socket_modes, NULL,
	    "0660" },
	{ "proxy", "proxy_drain", KEY_TIME, AT(proxy_drain), 0, DAY, NULL, NULL, "60s" },

	{ "sendmail", "sendmail_path", KEY_STRING, AT(sendmail_path), 1, PATH_LENGTH, NULL,
	    check_path, "/usr/sbin/sendmail" },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* conf_init - the defaults */
void
conf_on_no_memory(void (*fn)(void))
{
	told_no_memory = fn;
}

void
conf_init(struct conf *conf)
{
	char err[256];
	size_t i;

	memset(conf, 0, sizeof(*conf));
	for (i = 0; i < N_KEYS; i++)
		if (!key_set(conf, &keys[i], keys[i].value, false, err, sizeof(err)))
			abort(); /* the table contradicts itself */
}

void
conf_free(struct conf *conf)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		char **string = (void *)((char *)conf + keys[i].offset);

		switch (keys[i].type) {
		case KEY_STRING:
		case KEY_WORDS:
		case KEY_EXTENSIONS:
		case KEY_TEXT:
			free(*string);
			break;
		case KEY_NUMBER:
		case KEY_SIZE:
		case KEY_TIME:
		case KEY_BOOL:
		case KEY_CHOICE:
			break;
		}
	}
	memset(conf, 0, sizeof(*conf));
}

const char *
conf_default_file(void)
{
	struct stat st;

	if (lstat(CONF_DEFAULT_FILE, &st) == -1 && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	return CONF_DEFAULT_FILE;
}

/* conf_read_file - settings of a file over what is there */
bool
conf_read_file(struct conf *conf, const char *path, char *err, size_t errsize)
{
	bool seen[N_KEYS] = { false };
	struct reading r = {
		.conf = conf, .path = path, .seen = seen, .err = err, .errsize = errsize
	};
	int rc;

	if ((r.fp = fopen(path, "re")) == NULL)
		return fail(err, errsize, "%s: %s", path, strerror(errno));
	rc = ini_parse_stream(read_line, &r, read_setting, &r);
	if (ferror(r.fp))
		fail(err, errsize, "%s: %s", path, strerror(errno));
	else if (rc < 0)
		fail(err, errsize, "%s: cannot be read", path);
	else if (rc > 0 && (!r.failed || rc < r.failed_line))
		/* libinih goes on after a line that it can't read */
		fail(err, errsize, "%s:%d: neither \"key = value\" nor \"[section]\"", path, rc);
	else if (!r.failed) {
		fclose(r.fp);
		return true;
	}
	fclose(r.fp);
	return false;
}

/* conf_set - one "key=value" or "section.key=value" */
bool
conf_set(struct conf *conf, const char *assignment, char *err, size_t errsize)
{
	const struct key *key;
	char *text = copy(assignment), *name, *value, *dot, shown[QUOTE_SIZE];
	const char *section = NULL;
	bool ok = false;

	quote(assignment, shown, sizeof(shown));
	if ((value = strchr(text, '=')) == NULL) {
		fail(err, errsize, "\"%s\" is not a setting: expected key=value", shown);
		goto done;
	}
	*value++ = '\0';
	name = trim(text);
	if ((dot = strchr(name, '.')) != NULL) {
		*dot = '\0';
		section = name;
		name = dot + 1;
	}
	quote(name, shown, sizeof(shown));
	if ((key = key_find(name)) == NULL)
		fail(err, errsize, "unknown key \"%s\"", shown);
	else if (section != NULL && strcmp(section, key->section) != 0)
		fail(err, errsize, "%s belongs to section [%s]", name, key->section);
	else
		ok = key_set(conf, key, trim(value), false, err, errsize);
done:
	free(text);
	return ok;
}

void
conf_each(const struct conf *conf, void (*fn)(void *, const char *, const char *, const char *),
    void *ctx)
{
	char *value;
	size_t i;

	for (i = 0; i < N_KEYS; i++) {
		key_print(conf, &keys[i], &value);
		fn(ctx, keys[i].section, keys[i].name, value);
		free(value);
	}
}

bool
conf_uses_clamd(const struct conf *conf)
{
	return strncmp(conf->scanner, CLAMD, strlen(CLAMD)) == 0;
}

/*
 * read_line - libinih's reader: a line with its end, NULL at the end of the
 * file or of our patience. A line that libinih would split, or that holds a
 * NUL, ends the reading, since the rest would be read as something else.
 */
static char *
read_line(char *line, int size, void *ctx)
{
	struct reading *r = ctx;
	int c = EOF, n = 0;

	if (r->failed)
		return NULL;
	while (n < size - 1 && (c = getc(r->fp)) != EOF) {
		line[n++] = (char)c;
		if (c == '\n' || c == '\0')
			break;
	}
	line[n] = '\0';
	if (n == 0 || ferror(r->fp))
		return NULL;
	r->line++;
	if (c == '\0') {
		read_fail(r, "a NUL byte");
		return NULL;
	}
	if (n == size - 1 && c != '\n') {
		read_fail(r,
		    "a line of more than %d bytes (a value may go on in a further line "
		    "that begins with a blank)",
		    size - 2);
		return NULL;
	}
	r->indented = isspace((unsigned char)line[0]) != 0;
	if (line[0] == '[')
		r->previous = NULL;
	return line;
}

/* read_setting - libinih's handler; called again for each line that goes on */
static int
read_setting(void *ctx, const char *section, const char *name, const char *value)
{
	struct reading *r = ctx;
	const struct key *key = key_find(name);
	bool further;
	char err[512], line[256], shown[QUOTE_SIZE];

	if (r->failed)
		return 0;
	if (*section != '\0' && !section_exists(section)) {
		quote(section, shown, sizeof(shown));
		read_fail(r, "unknown section [%s]", shown);
	} else if (key == NULL) {
		quote(name, shown, sizeof(shown));
		read_fail(r, "unknown key \"%s\"", shown);
	} else if (*section != '\0' && strcmp(section, key->section) != 0) {
		read_fail(r, "%s belongs to section [%s], not to [%s]", name, key->section,
		    section);
	} else {
		further = r->indented && r->previous == key;
		if (further && key->type != KEY_TEXT && key->type != KEY_WORDS &&
		    key->type != KEY_EXTENSIONS)
			read_fail(r,
			    "a line that begins with a blank goes on with the setting "
			    "before it, and %s takes one line only",
			    name);
		else if (!further && r->seen[key - keys])
			read_fail(r, "%s given twice", name);
		else if (!key_set(r->conf, key, without_remark(value, line, sizeof(line)), further,
			     err, sizeof(err)))
			read_fail(r, "%s", err);
		r->seen[key - keys] = true;
		r->previous = key;
	}
	return !r->failed;
}

/* without_remark - libinih r55 leaves a remark in a line that goes on, later ones do not */
static const char *
without_remark(const char *value, char *line, size_t size)
{
	size_t i;

	if (strlcpy(line, value, size) >= size)
		return value; /* no line is as long with Debian's build */
	for (i = 1; i < strlen(line); i++)
		if (line[i] == ';' && isspace((unsigned char)line[i - 1]))
			line[i] = '\0';
	return trim(line);
}

static void
read_fail(struct reading *r, const char *fmt, ...)
{
	char sentence[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	fail(r->err, r->errsize, "%s:%d: %s", r->path, r->line, sentence);
	r->failed = true;
	r->failed_line = r->line;
}

static bool
section_exists(const char *section)
{
	size_t i;

	for (i = 0; i < N_KEYS; i++)
		if (strcmp(keys[i].section, section) == 0)
			return true;
	return false;
}

static const struct key *
key_find(const char *name)
{
	size_t i;

	for (i = 0; i < N_KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

/* key_set - check a value and put it in its place; append: to what is there */
static bool
key_set(struct conf *conf, const struct key *key, const char *value, bool append, char *err,
    size_t errsize)
{
	bool ok = false;
	char shown[QUOTE_SIZE], expected[320];

	switch (key->type) {
	case KEY_STRING:
	case KEY_WORDS:
	case KEY_EXTENSIONS:
	case KEY_TEXT:
		ok = key_set_string(conf, key, value, append);
		break;
	case KEY_NUMBER:
	case KEY_SIZE:
	case KEY_TIME:
		ok = key_set_number(conf, key, value);
		break;
	case KEY_BOOL:
		ok = key_set_bool(conf, key, value);
		break;
	case KEY_CHOICE:
		ok = key_set_choice(conf, key, value);
		break;
	}
	if (ok)
		return true;
	quote(value, shown, sizeof(shown));
	key_expected(key, expected, sizeof(expected));
	return fail(err, errsize, "bad value \"%s\" for %s: expected %s", shown, key->name,
	    expected);
}

static bool
key_set_string(struct conf *conf, const struct key *key, const char *value, bool append)
{
	char **field = (void *)((char *)conf + key->offset);
	char *new = NULL, *joined;

	switch (key->type) {
	case KEY_WORDS:
		new = words_parse(value);
		break;
	case KEY_EXTENSIONS:
		new = extensions_parse(value);
		break;
	case KEY_TEXT:
		new = text_parse(value);
		break;
	default:
		new = has_control(value) ? NULL : copy(value);
	}
	if (new == NULL)
		return false;
	if (append && **field != '\0') {
		if (asprintf(&joined, "%s%s%s", *field,
			key->type == KEY_TEXT ? "\n"
			    : *new == '\0'    ? ""
					      : " ",
			new) == -1)
			no_memory();
		free(new);
		new = joined;
	}
	if (strlen(new) < key->min || strlen(new) > key->max ||
	    (key->check != NULL && (*new != '\0' || key->min > 0) && key->check(new) != NULL)) {
		free(new);
		return false;
	}
	free(*field);
	*field = new;
	return true;
}

static bool
key_set_number(struct conf *conf, const struct key *key, const char *value)
{
	uint64_t number;

	if (!number_parse(value, key_units(key), &number) || number < key->min || number > key->max)
		return false;
	memcpy((char *)conf + key->offset, &number, sizeof(number));
	return true;
}

static bool
key_set_bool(struct conf *conf, const struct key *key, const char *value)
{
	static const struct choice words[] = { { "yes", true }, { "no", false }, { "on", true },
		{ "off", false }, { "true", true }, { "false", false } };
	size_t i;
	bool set;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].name, value) == 0) {
			set = words[i].value;
			memcpy((char *)conf + key->offset, &set, sizeof(set));
			return true;
		}
	return false;
}

/* key_set_choice - an enum of ours has the size of an int */
static bool
key_set_choice(struct conf *conf, const struct key *key, const char *value)
{
	const struct choice *c;

	_Static_assert(sizeof(enum verdict_action) == sizeof(int) &&
		sizeof(enum conf_keep) == sizeof(int) && sizeof(enum conf_newline) == sizeof(int),
	    "choices are stored as int");
	for (c = key->choices; c->name != NULL; c++)
		if (strcasecmp(c->name, value) == 0) {
			memcpy((char *)conf + key->offset, &c->value, sizeof(c->value));
			return true;
		}
	return false;
}

/* key_expected - the end of the sentence "bad value ...: expected" */
static void
key_expected(const struct key *key, char *buf, size_t size)
{
	const struct choice *c;
	char min[32], max[32];

	number_print(key->min, key_units(key), min, sizeof(min));
	number_print(key->max, key_units(key), max, sizeof(max));
	switch (key->type) {
	case KEY_NUMBER:
		snprintf(buf, size, "a number from %s to %s", min, max);
		break;
	case KEY_SIZE:
		snprintf(buf, size, "a size like 512K, 100M or 4G, from %s to %s", min, max);
		break;
	case KEY_TIME:
		snprintf(buf, size, "a time like 90s, 5m, 1h or 1d, from %s to %s", min, max);
		break;
	case KEY_BOOL:
		snprintf(buf, size, "yes or no");
		break;
	case KEY_CHOICE:
		*buf = '\0';
		for (c = key->choices; c->name != NULL; c++) {
			if (c != key->choices)
				strlcat(buf, c[1].name == NULL ? " or " : ", ", size);
			strlcat(buf, c->name, size);
		}
		break;
	case KEY_EXTENSIONS:
		snprintf(buf, size, "extensions like exe or .exe, %" PRIu64 " bytes at most",
		    key->max);
		break;
	case KEY_STRING:
	case KEY_WORDS:
	case KEY_TEXT:
		if (key->check != NULL)
			strlcpy(buf, key->check(""), size);
		else
			snprintf(buf, size,
			    "%" PRIu64 " to %" PRIu64 " bytes without control characters", key->min,
			    key->max);
		break;
	}
}

/* key_print - the value as key_set takes it; the caller frees it */
static void
key_print(const struct conf *conf, const struct key *key, char **value)
{
	const void *field = (const char *)conf + key->offset;
	const struct choice *c;
	uint64_t number;
	bool set;
	int chosen;
	char *string, buf[32];

	switch (key->type) {
	case KEY_STRING:
	case KEY_WORDS:
	case KEY_EXTENSIONS:
	case KEY_TEXT:
		memcpy(&string, field, sizeof(string));
		*value = key->type == KEY_TEXT ? text_print(string) : copy(string);
		return;
	case KEY_NUMBER:
	case KEY_SIZE:
	case KEY_TIME:
		memcpy(&number, field, sizeof(number));
		number_print(number, key_units(key), buf, sizeof(buf));
		*value = copy(buf);
		return;
	case KEY_BOOL:
		memcpy(&set, field, sizeof(set));
		*value = copy(set ? "yes" : "no");
		return;
	case KEY_CHOICE:
		memcpy(&chosen, field, sizeof(chosen));
		for (c = key->choices; c->name != NULL; c++)
			if (c->value == chosen) {
				*value = copy(c->name);
				return;
			}
		break;
	}
	abort(); /* somebody wrote a value past this file */
}

/* words_parse - words separated by one blank; NULL if there are control characters */
static char *
words_parse(const char *value)
{
	char *words = checked(malloc(strlen(value) + 1)), *to = words;

	for (; *value != '\0'; value++) {
		if (strchr(" \t\r\n,", *value) != NULL) {
			if (to > words && to[-1] != ' ')
				*to++ = ' ';
			continue;
		}
		*to++ = *value;
	}
	if (to > words && to[-1] == ' ')
		to--;
	*to = '\0';
	if (has_control(words)) {
		free(words);
		return NULL;
	}
	return words;
}

/* extensions_parse - "EXE, .Com" is "exe com"; patterns and paths are refused */
static char *
extensions_parse(const char *value)
{
	char *words = words_parse(value), *from, *to;
	bool begin = true;

	if (words == NULL)
		return NULL;
	for (from = to = words; *from != '\0'; from++) {
		if (begin && *from == '.' && from[1] != ' ' && from[1] != '\0') {
			begin = false;
			continue;
		}
		if (strchr(".*?[]/\\{}", *from) != NULL) {
			free(words);
			return NULL;
		}
		begin = *from == ' ';
		*to++ = (char)tolower((unsigned char)*from);
	}
	*to = '\0';
	return words;
}

/* text_parse - take the escapes out; NULL if there is one that we don't know */
static char *
text_parse(const char *value)
{
	char *text = checked(malloc(strlen(value) + 1)), *to = text;

	for (; *value != '\0'; value++) {
		if (*value != '\\') {
			*to++ = *value;
			continue;
		}
		value++;
		if (*value != 'n' && *value != '\\') {
			free(text);
			return NULL;
		}
		*to++ = *value == 'n' ? '\n' : '\\';
	}
	*to = '\0';
	return text;
}

static char *
text_print(const char *text)
{
	char *value = checked(malloc(2 * strlen(text) + 1)), *to = value;

	for (; *text != '\0'; text++) {
		if (*text == '\n' || *text == '\\')
			*to++ = '\\';
		*to++ = *text == '\n' ? 'n' : *text;
	}
	*to = '\0';
	return value;
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s))
			return true;
	return false;
}

static const struct unit *
key_units(const struct key *key)
{
	return key->type == KEY_SIZE ? size_units : key->type == KEY_TIME ? time_units : no_units;
}

/* number_parse - digits and at most one letter for the unit */
static bool
number_parse(const char *value, const struct unit *unit, uint64_t *number)
{
	uint64_t n = 0;

	if (!isdigit((unsigned char)*value))
		return false;
	for (; isdigit((unsigned char)*value); value++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*value - '0'), &n))
			return false;
	if (*value != '\0') {
		while (unit->letter != 0 &&
		    tolower((unsigned char)unit->letter) != tolower((unsigned char)*value))
			unit++;
		if (unit->letter == 0 || value[1] != '\0' ||
		    __builtin_mul_overflow(n, unit->factor, &n))
			return false;
	}
	*number = n;
	return true;
}

/* number_print - in the largest unit that keeps it whole */
static void
number_print(uint64_t number, const struct unit *unit, char *buf, size_t size)
{
	char letter[2];

	while (unit->letter != 0 && (number == 0 || number % unit->factor != 0))
		unit++;
	letter[0] = unit->letter;
	letter[1] = '\0';
	snprintf(buf, size, "%" PRIu64 "%s", number / unit->factor, letter);
}

/* check_clients - what looks like an address must be one */
static const char *
check_clients(const char *value)
{
	static const char expected[] =
	    "addresses like 192.0.2.1 or 2001:db8::1, networks like "
	    "192.0.2.0/24 with no bit set behind the prefix, or patterns of host names";
	struct network network;
	size_t len;

	if (*value == '\0')
		return expected;
	for (; *value != '\0'; value += len + (value[len] == ' ')) {
		len = strcspn(value, " ");
		/* "10.1.*" would be held against names, and never be one */
		if ((strcspn(value, ":/") < len || strspn(value, "0123456789.*?") >= len) &&
		    !(len == 1 && *value == '*') && !network_parse(&network, value, len))
			return expected;
	}
	return NULL;
}

/* check_networks - addresses and networks, no names */
static const char *
check_networks(const char *value)
{
	static const char expected[] = "addresses like 192.0.2.1 or 2001:db8::1, or networks like "
				       "192.0.2.0/24 with no bit set behind the prefix";
	struct network network;
	size_t len;

	if (*value == '\0')
		return expected;
	for (; *value != '\0'; value += len + (value[len] == ' ')) {
		len = strcspn(value, " ");
		if (!network_parse(&network, value, len))
			return expected;
	}
	return NULL;
}

/* check_log - "syslog", "stderr" or "file:/path" */
static const char *
check_log(const char *value)
{
	if (strcmp(value, "syslog") == 0 || strcmp(value, "stderr") == 0 ||
	    strncmp(value, "file:/", 6) == 0)
		return NULL;
	return "syslog, stderr or file:/path";
}

/* check_path - a program is not looked for */
static const char *
check_path(const char *value)
{
	return *value == '/' ? NULL : "a path that begins with /";
}

/* check_name - what syslog takes for the name of a program */
static const char *
check_name(const char *value)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_./";

	if (*value != '\0' && value[strspn(value, allowed)] == '\0')
		return NULL;
	return "1 to 64 letters, digits or any of - _ . /";
}

/* check_scanner - one of the two kinds; of clamd any number */
static const char *
check_scanner(const char *value)
{
	static const char expected[] = "libclamav, or clamd:/path or clamd:HOST:PORT once or more";
	size_t len;

	if (strcmp(value, "libclamav") == 0)
		return NULL;
	if (*value == '\0')
		return expected;
	for (; *value != '\0'; value += len + (value[len] == ' ')) {
		len = strcspn(value, " ");
		if (!clamd_address(value, len))
			return expected;
	}
	return NULL;
}

static bool
clamd_address(const char *word, size_t len)
{
	char address[PATH_LENGTH], *port;
	size_t host;

	if (len >= sizeof(address) || strncmp(word, CLAMD, strlen(CLAMD)) != 0)
		return false;
	snprintf(address, sizeof(address), "%.*s", (int)(len - strlen(CLAMD)),
	    word + strlen(CLAMD));
	if (address[0] == '/')
		return strlen(address) <= SOCKET_LENGTH;
	if ((port = strrchr(address, ':')) == NULL)
		return false;
	*port++ = '\0';
	host = strlen(address);
	/* an IPv6 address has colons of its own */
	if (address[0] == '[')
		return host > 2 && host <= HOST_LENGTH && address[host - 1] == ']' &&
		    port[strspn(port, "0123456789")] == '\0' && strtonum(port, 1, 65535, NULL) != 0;
	return host > 0 && host <= HOST_LENGTH && strchr(address, ':') == NULL &&
	    port[strspn(port, "0123456789")] == '\0' && strtonum(port, 1, 65535, NULL) != 0;
}

/* check_notice - 7-bit and short lines, so that it is right in any mail */
static const char *
check_notice(const char *value)
{
	static const char expected[] = "printable 7-bit text of at most 8192 bytes in lines of at "
				       "most 900, \\n for a line end and \\\\ for a backslash";
	size_t line = 0;

	_Static_assert(NOTICE_LENGTH == 8192 && NOTICE_LINE == 900, "the sentence above says so");
	if (*value == '\0')
		return expected;
	for (; *value != '\0'; value++) {
		line = *value == '\n' ? 0 : line + 1;
		if (line > NOTICE_LINE || (*value != '\n' && (*value < ' ' || *value > '~')))
			return expected;
	}
	return NULL;
}

/* quote - at most size - 1 bytes of a stranger's text, printable */
static void
quote(const char *text, char *buf, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1 && text[i] != '\0'; i++)
		buf[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	buf[i] = '\0';
	if (text[i] != '\0')
		memcpy(buf + size - 4, "...", 4);
}

static bool
fail(char *err, size_t errsize, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, errsize, fmt, ap);
	va_end(ap);
	return false;
}

/* trim - without white space at either end, in place */
static char *
trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	for (end = s + strlen(s); end > s && isspace((unsigned char)end[-1]); end--)
		continue;
	*end = '\0';
	return s;
}

static void
no_memory(void)
{
	if (told_no_memory != NULL)
		told_no_memory();
	_exit(EX_TEMPFAIL);
}

static void *
checked(void *memory)
{
	if (memory == NULL)
		no_memory();
	return memory;
}

static char *
copy(const char *s)
{
	return checked(strdup(s));
}

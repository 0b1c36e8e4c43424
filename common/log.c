/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.c - what the program tells its operator: syslog, a file or stderr.
 *
 * A record is one line, made of printable ASCII whatever went into it, and
 * leaves in one write: to a file opened with O_APPEND, so that the records of
 * many processes don't mix, or to stderr, or through syslog(3). stdio is not
 * used; it would buffer, and could end up on a descriptor that is a socket by
 * now.
 *
 * stderr is written to only if it is a place of its own. Under spawn(8) it is
 * the SMTP socket, as descriptors 0 and 1 are. A terminal may well be all
 * three, but nobody speaks SMTP to us there who would mind.
 *
 * Errors go to a usable stderr whatever the target is: whoever runs the program
 * from a script must see why it failed.
 *
 * Before log_open, records go to syslog (facility mail), and to a usable
 * stderr. A record that can't be written to the file goes to syslog, with no
 * further complaint. There is one log per process; nothing is locked.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "jtext.h"
#include "log.h"

#define FILE_PREFIX "file:"
#define NAME_SIZE 65
#define PREFIX_SIZE (NAME_SIZE + 320)

static bool same_file(int, int);
static int open_file(const char *);
static size_t printable(char *, size_t, const char *);
static bool write_line(int, const char *, const char *, size_t);
static void file_prefix(char *, size_t);
static void append_pair(struct log_record *, const char *, const char *);
static char *put_octal(char *, unsigned char);
static void emit(int, const char *);
static bool emit_json(int, json_t *);

static struct {
	char name[NAME_SIZE]; /* syslog(3) keeps a pointer to it */
	bool stderr_usable;
	bool use_syslog;
	bool use_stderr;
	int file; /* -1 = none */
	int level;
	bool json;
} state = { "spawnscan", false, true, false, -1, LOG_INFO, false };

void
log_init(const char *progname)
{
	struct stat st;

	strlcpy(state.name, progname, sizeof(state.name));
	state.stderr_usable = fstat(STDERR_FILENO, &st) == 0 &&
	    (isatty(STDERR_FILENO) ||
		(!same_file(STDERR_FILENO, STDIN_FILENO) &&
		    !same_file(STDERR_FILENO, STDOUT_FILENO)));
	state.use_stderr = state.stderr_usable;
	openlog(state.name, LOG_PID, LOG_MAIL);
}

void
log_answers(void)
{
	struct stat st;

	state.stderr_usable = fstat(STDERR_FILENO, &st) == 0;
	state.use_stderr = state.stderr_usable;
}

bool
log_stderr_usable(void)
{
	return state.stderr_usable;
}

bool
log_open(const char *target, const char *name, int facility, int level, bool verbose, char *err,
    size_t errsize)
{
	bool to_file = strncmp(target, FILE_PREFIX, strlen(FILE_PREFIX)) == 0;
	bool to_stderr = strcmp(target, "stderr") == 0 && state.stderr_usable;
	int fd = -1;

	if (to_file && (fd = open_file(target + strlen(FILE_PREFIX))) == -1) {
		snprintf(err, errsize, "log file %s: %s", target + strlen(FILE_PREFIX),
		    strerror(errno));
		return false;
	}
	if (state.file != -1)
		close(state.file);
	closelog();
	strlcpy(state.name, name, sizeof(state.name));
	openlog(state.name, LOG_PID, facility);
	state.file = fd;
	state.level = level;
	state.use_stderr = to_stderr || (verbose && state.stderr_usable);
	state.use_syslog = !to_file && !to_stderr;
	return true;
}

void
log_give(const char *target, uid_t uid)
{
	struct stat st, named;

	/* Not what somebody else has put a link to there. */
	if (state.file == -1 || fstat(state.file, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_uid != 0 || st.st_nlink != 1 ||
	    lstat(target + strlen(FILE_PREFIX), &named) == -1 || named.st_dev != st.st_dev ||
	    named.st_ino != st.st_ino)
		return;
	if (fchown(state.file, uid, (gid_t)-1) == -1)
		log_write(LOG_WARNING, "log file: can't give it to user %ld: %s", (long)uid,
		    strerror(errno));
}

void
log_write(int severity, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(severity, fmt, ap);
	va_end(ap);
}

void
log_vwrite(int severity, const char *fmt, va_list ap)
{
	char raw[LOG_LINE_MAX + 1], line[LOG_LINE_MAX + 2];
	json_t *object;
	int saved = errno;
	bool done = false;

	if (severity > state.level)
		return;
	vsnprintf(raw, sizeof(raw), fmt, ap);
	if (state.json && (object = json_object()) != NULL) {
		json_object_set_new(object, "event", json_string("text"));
		json_object_set_new(object, "text", jtext_new(raw));
		done = emit_json(severity, object);
		json_decref(object);
	}
	if (!done) {
		printable(line, LOG_LINE_MAX + 1, raw);
		emit(severity, line);
	}
	errno = saved;
}

/* emit - a line of printable ASCII, at most LOG_LINE_MAX */
static void
emit(int severity, const char *line)
{
	char prefix[PREFIX_SIZE];
	size_t len = strlen(line);
	bool written = false;
	int saved = errno;

	if (state.use_stderr || (state.stderr_usable && severity <= LOG_ERR)) {
		snprintf(prefix, sizeof(prefix), "%s: ", state.name);
		write_line(STDERR_FILENO, prefix, line, len);
	}
	if (state.file != -1) {
		file_prefix(prefix, sizeof(prefix));
		written = write_line(state.file, prefix, line, len);
	}
	if (state.use_syslog || (state.file != -1 && !written))
		syslog(severity, "%s", line);
	errno = saved;
}

/* emit_json - false if memory ran out */
static bool
emit_json(int severity, json_t *object)
{
	const char *key, *largest;
	size_t size, most;
	json_t *value;
	char *dump;
	bool fits;

	for (;;) {
		dump = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
		if (dump == NULL)
			return false;
		fits = strlen(dump) <= LOG_LINE_MAX;
		if (fits)
			emit(severity, dump);
		free(dump);
		if (fits)
			return true;
		largest = NULL;
		most = 0;
		json_object_foreach(object, key, value)
		{
			size = json_dumpb(value, NULL, 0, JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
			if (size > most && strcmp(key, "event") != 0) {
				most = size;
				largest = key;
			}
		}
		if (largest == NULL || json_object_del(object, largest) == -1 ||
		    json_object_set_new(object, "truncated", json_true()) == -1)
			return false;
	}
}

void
log_json(bool on)
{
	state.json = on;
	if (on)
		json_object_seed(arc4random());
}

bool
log_is_json(void)
{
	return state.json;
}

void
log_record_start(struct log_record *record, const char *event)
{
	record->len = 0;
	record->text[0] = '\0';
	record->json = state.json ? json_object() : NULL;
	log_record_str(record, "event", event);
}

/* log_record_str - quoted unless it is a plain word; a pair that doesn't fit is left out */
void
log_record_str(struct log_record *record, const char *key, const char *value)
{
	char quoted[LOG_LINE_MAX], *to = quoted;
	const char *from;
	bool plain = *value != '\0';

	if (record->json != NULL)
		json_object_set_new(record->json, key, jtext_new(value));
	for (from = value; *from != '\0' && plain; from++)
		plain = *from > ' ' && *from <= '~' && *from != '"' && *from != '\\';
	if (plain) {
		append_pair(record, key, value);
		return;
	}
	*to++ = '"';
	for (from = value; *from != '\0'; from++) {
		if (to > quoted + sizeof(quoted) - 6)
			return; /* longer than a whole record */
		if (*from < ' ' || *from > '~') {
			to = put_octal(to, (unsigned char)*from);
			continue;
		}
		if (*from == '"' || *from == '\\')
			*to++ = '\\';
		*to++ = *from;
	}
	*to++ = '"';
	*to = '\0';
	append_pair(record, key, quoted);
}

void
log_record_num(struct log_record *record, const char *key, unsigned long long value)
{
	char number[24];

	if (record->json != NULL)
		json_object_set_new(record->json, key, json_integer((json_int_t)value));
	snprintf(number, sizeof(number), "%llu", value);
	append_pair(record, key, number);
}

void
log_record_json(struct log_record *record, const char *key, json_t *value)
{
	if (record->json != NULL)
		json_object_set_new(record->json, key, value);
	else
		json_decref(value);
}

void
log_record_write(struct log_record *record, int severity)
{
	/* Without memory the record is there as key=value. */
	if (severity <= state.level && (record->json == NULL || !emit_json(severity, record->json)))
		emit(severity, record->text);
	json_decref(record->json);
	record->json = NULL;
}

static void
append_pair(struct log_record *record, const char *key, const char *value)
{
	size_t room = sizeof(record->text) - record->len;
	int n;

	n = snprintf(record->text + record->len, room, "%s%s=%s", record->len > 0 ? " " : "", key,
	    value);
	if (n < 0 || (size_t)n >= room)
		record->text[record->len] = '\0';
	else
		record->len += (size_t)n;
}

static bool
same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	    sa.st_ino == sb.st_ino;
}

/* open_file - never on 0, 1 or 2, even if these are free */
static int
open_file(const char *path)
{
	int fd, high, saved;
	mode_t mask = umask(027); /* the program's own keeps the group out */

	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	umask(mask);
	if (fd == -1 || fd > STDERR_FILENO)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	saved = errno;
	close(fd);
	errno = saved;
	return high;
}

/* printable - from raw to line, at most size - 1 bytes, cut before an escape that doesn't fit */
static size_t
printable(char *line, size_t size, const char *raw)
{
	char *to = line;

	for (; *raw != '\0'; raw++) {
		if (*raw >= ' ' && *raw <= '~') {
			if (to + 1 >= line + size)
				break;
			*to++ = *raw;
		} else {
			if (to + 4 >= line + size)
				break;
			to = put_octal(to, (unsigned char)*raw);
		}
	}
	*to = '\0';
	return (size_t)(to - line);
}

static char *
put_octal(char *to, unsigned char c)
{
	*to++ = '\\';
	*to++ = (char)('0' + (c >> 6));
	*to++ = (char)('0' + (c >> 3 & 7));
	*to++ = (char)('0' + (c & 7));
	return to;
}

/* write_line - prefix, line and a line ending in one write; true if all of it went out */
static bool
write_line(int fd, const char *prefix, const char *line, size_t len)
{
	char record[PREFIX_SIZE + LOG_LINE_MAX + 2];
	size_t total = strlcpy(record, prefix, PREFIX_SIZE);
	ssize_t n;

	memcpy(record + total, line, len);
	total += len;
	record[total++] = '\n';
	do
		n = write(fd, record, total);
	while (n == -1 && errno == EINTR);
	return n >= 0 && (size_t)n == total;
}

/* file_prefix - as syslog daemons write it */
static void
file_prefix(char *buf, size_t size)
{
	char host[256], when[32];
	struct tm tm;
	time_t now = time(NULL);

	if (gethostname(host, sizeof(host)) == -1)
		strlcpy(host, "localhost", sizeof(host));
	host[sizeof(host) - 1] = '\0';
	host[strcspn(host, ".")] = '\0';
	if (localtime_r(&now, &tm) == NULL ||
	    strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm) == 0)
		strlcpy(when, "Jan  1 00:00:00", sizeof(when));
	snprintf(buf, size, "%s %s %s[%ld]: ", when, host, state.name, (long)getpid());
}

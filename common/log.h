/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - what the program tells its operator: syslog, a file or stderr.
 */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <syslog.h>

/*
 * Must be called before stdin and stdout are touched. Finds out whether
 * stderr is a place of its own: under spawn(8) descriptors 0, 1 and 2 are one
 * socket, and a word on 2 would be a word in the SMTP session.
 */
void log_init(const char *progname);

/*
 * Stdout gets an answer for the operator and no message: stderr may be the same file,
 * as in a cron job. After log_init.
 */
void log_answers(void);

/* True if stderr may be written to. */
bool log_stderr_usable(void);

/*
 * From now on log to target ("syslog", "stderr", "file:/path"), records up to
 * level only. Records go to a usable stderr as well when verbose, errors always, and
 * target "stderr" falls back to syslog where stderr isn't usable. Returns
 * false with a sentence in err if a file can't be opened.
 */
bool log_open(const char *target, const char *name, int facility, int level, bool verbose,
    char *err, size_t errsize);

/*
 * From now on the log file, if target names one that root owns, belongs to uid:
 * for a process that becomes that user, and will open it anew with log_open.
 */
void log_give(const char *target, uid_t uid);

/*
 * One record of at most LOG_LINE_MAX bytes, longer ones are cut. Bytes that
 * are not printable ASCII come out as \ooo (octal), so a hostile string can't
 * forge a record. severity is a syslog level.
 */
#define LOG_LINE_MAX 4096
void log_write(int severity, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_vwrite(int severity, const char *fmt, va_list) __attribute__((format(printf, 2, 0)));

/*
 * Builder of key=value records. Values with anything but plain printable
 * characters are put in double quotes with \" \\ and \ooo escapes; an empty
 * value is "". A record that would outgrow the buffer is cut at a whole pair.
 */
struct json_t;
struct log_record {
	char text[LOG_LINE_MAX];
	size_t len;
	struct json_t *json; /* the same as an object; NULL if that is not the format */
};
void log_record_start(struct log_record *, const char *event);
void log_record_str(struct log_record *, const char *key, const char *value);
void log_record_num(struct log_record *, const char *key, unsigned long long value);
/* JSON only: a value that is no text, which is given away. */
void log_record_json(struct log_record *, const char *key, struct json_t *value);
/* Every record that was started must be written: that frees it. */
void log_record_write(struct log_record *, int severity);

/*
 * From now on each line is a JSON object: a record with its keys as key=value has them, any
 * other sentence as {"event":"text","text":...}. Of an object that outgrows LOG_LINE_MAX
 * the largest members are left out, and "truncated" is true.
 */
void log_json(bool);
bool log_is_json(void);

#endif

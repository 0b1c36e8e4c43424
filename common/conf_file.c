/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_file.c - settings from a file, through libinih.
 *
 * Limits: a line has at most 198 bytes (libinih's buffer as Debian builds it);
 * longer values go over several lines, each further one beginning with a space.
 *
 * Diagnostics: one sentence with file and line. The first fault ends the
 * reading.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_file.h"
#include "conf_table.h"
#include "conf_value.h"
#include "fault.h"
#include "memory.h"

/* A file that is being read. */
struct reading {
	struct conf *conf;
	FILE *fp;
	const char *path;
	int line;
	bool indented; /* this line begins with whitespace */
	const struct conf_key *previous; /* set by the line before; NULL after a section line */
	bool *seen; /* per key: set by this file */
	bool failed;
	int failed_line;
	char *err;
	size_t errsize;
};

static bool read_all(struct reading *);
static char *read_line(char *, int, void *);
static int read_setting(void *, const char *, const char *, const char *);
static void take_setting(struct reading *, const struct conf_key *, const char *);
static const char *without_remark(const char *, char *, size_t);
static bool section_exists(const char *);
static void read_fail(struct reading *, const char *, ...) __attribute__((format(printf, 2, 3)));

const char *
conf_file_default(void)
{
	struct stat st;

	if (lstat(CONF_FILE_DEFAULT, &st) == -1 && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	return CONF_FILE_DEFAULT;
}

bool
conf_file_read(struct conf *conf, const char *path, char *err, size_t errsize)
{
	struct reading r = { .conf = conf, .path = path, .err = err, .errsize = errsize };
	bool ok;

	if ((r.fp = fopen(path, "re")) == NULL)
		return fault_tell(err, errsize, "%s: %s", path, strerror(errno));
	r.seen = memory_checked(calloc(conf_table_size, sizeof(*r.seen)));
	ok = read_all(&r);
	free(r.seen);
	fclose(r.fp);
	return ok;
}

static bool
read_all(struct reading *r)
{
	int rc = ini_parse_stream(read_line, r, read_setting, r);

	if (ferror(r->fp))
		return fault_tell(r->err, r->errsize, "%s: %s", r->path, strerror(errno));
	if (rc < 0)
		return fault_tell(r->err, r->errsize, "%s: cannot be read", r->path);
	/* libinih goes on after a line that it can't read */
	if (rc > 0 && (!r->failed || rc < r->failed_line))
		return fault_tell(r->err, r->errsize,
		    "%s:%d: neither \"key = value\" nor \"[section]\"", r->path, rc);
	return !r->failed;
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
		    "a line of more than %d bytes (a value may continue in a further line "
		    "that begins with whitespace)",
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
	const struct conf_key *key = conf_table_find(name);
	char shown[FAULT_QUOTE_SIZE];

	if (r->failed)
		return 0;
	if (*section != '\0' && !section_exists(section)) {
		fault_quote(section, shown, sizeof(shown));
		read_fail(r, "unknown section [%s]", shown);
	} else if (key == NULL) {
		fault_quote(name, shown, sizeof(shown));
		read_fail(r, "unknown key \"%s\"", shown);
	} else if (*section != '\0' && strcmp(section, key->section) != 0)
		read_fail(r, "%s belongs to section [%s], not to [%s]", name, key->section,
		    section);
	else
		take_setting(r, key, value);
	return !r->failed;
}

static void
take_setting(struct reading *r, const struct conf_key *key, const char *value)
{
	bool further = r->indented && r->previous == key;
	char err[512], line[256];

	if (further && !conf_value_is_long(key))
		read_fail(r,
		    "a line that begins with whitespace continues the setting "
		    "before it, and %s takes one line only",
		    key->name);
	else if (!further && r->seen[key - conf_table])
		read_fail(r, "%s given twice", key->name);
	else if (!conf_value_set(r->conf, key, without_remark(value, line, sizeof(line)), further,
		     err, sizeof(err)))
		read_fail(r, "%s", err);
	r->seen[key - conf_table] = true;
	r->previous = key;
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
	return conf_value_trim(line);
}

static void
read_fail(struct reading *r, const char *fmt, ...)
{
	char sentence[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	fault_tell(r->err, r->errsize, "%s:%d: %s", r->path, r->line, sentence);
	r->failed = true;
	r->failed_line = r->line;
}

static bool
section_exists(const char *section)
{
	size_t i;

	for (i = 0; i < conf_table_size; i++)
		if (strcmp(conf_table[i].section, section) == 0)
			return true;
	return false;
}

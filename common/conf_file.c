/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_file.c - settings from a file, through libinih.
 *
 * A [rule NAME] begins a rule (rule.h), and include = FILE in [rules] has another file
 * read at that place.
 *
 * Limits: a line has at most 198 bytes (libinih's buffer as Debian builds it);
 * longer values go over several lines, each further one beginning with a space.
 * The name of a rule has at most RULE_NAME_MAX bytes. INCLUDES_MAX files in files.
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

#include "conf_check.h"
#include "conf_file.h"
#include "conf_table.h"
#include "conf_value.h"
#include "fault.h"
#include "memory.h"
#include "rule.h"

#define INCLUDES_MAX 10
#define RULE_SECTION "rule "

/* A file that is being read. */
struct reading {
	struct conf *conf;
	FILE *fp;
	const char *path;
	int line;
	bool indented; /* this line begins with whitespace */
	const struct conf_key *previous; /* set by the line before; NULL after a section line */
	bool *seen; /* per key: set by this file or one that it includes */
	int section_line; /* of the latest section line */
	bool rule_empty; /* it begins a rule, and no setting was seen since */
	struct rule *rule; /* that is being read */
	int rule_section; /* section_line of it */
	struct conf *scratch; /* to try settings of rules on */
	struct reading *outer; /* what includes this file; NULL = nothing */
	bool failed;
	int failed_line;
	char *err;
	size_t errsize;
};

static bool read_file(struct reading *);
static bool read_all(struct reading *);
static char *read_line(char *, int, void *);
static int read_setting(void *, const char *, const char *, const char *);
static void take_setting(struct reading *, const struct conf_key *, const char *);
static void take_include(struct reading *, const char *);
static bool is_open(const struct reading *, FILE *);
static void take_rule(struct reading *, const char *, const char *, const char *);
static bool begin_rule(struct reading *, const char *);
static void check_rule_empty(struct reading *);
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
	struct conf scratch;
	struct reading r = {
		.conf = conf, .path = path, .scratch = &scratch, .err = err, .errsize = errsize
	};
	bool ok;

	conf_init(&scratch);
	r.seen = memory_checked(calloc(conf_table_size, sizeof(*r.seen)));
	ok = read_file(&r);
	free(r.seen);
	conf_free(&scratch);
	return ok;
}

static bool
read_file(struct reading *r)
{
	bool ok;

	if ((r->fp = fopen(r->path, "re")) == NULL)
		return fault_tell(r->err, r->errsize, "%s: %s", r->path, strerror(errno));
	ok = read_all(r);
	fclose(r->fp);
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
	if (!r->failed)
		check_rule_empty(r);
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
	if (line[0] == '[') {
		check_rule_empty(r);
		r->previous = NULL;
		r->section_line = r->line;
		r->rule_empty = strncmp(line + 1, RULE_SECTION, strlen(RULE_SECTION)) == 0;
	}
	return r->failed ? NULL : line;
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
	if (strncmp(section, RULE_SECTION, strlen(RULE_SECTION)) == 0)
		take_rule(r, section + strlen(RULE_SECTION), name, value);
	else if (strcmp(section, "rules") == 0 && strcmp(name, "include") == 0)
		take_include(r, value);
	else if (*section != '\0' && !section_exists(section)) {
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

/* take_include - its rules come between those before and behind this line */
static void
take_include(struct reading *r, const char *value)
{
	char line[256];
	struct reading inner = { .conf = r->conf,
		.path = without_remark(value, line, sizeof(line)),
		.seen = r->seen,
		.scratch = r->scratch,
		.outer = r,
		.err = r->err,
		.errsize = r->errsize };
	int depth = 0;

	for (const struct reading *o = r; o != NULL; o = o->outer)
		depth++;
	r->previous = NULL;
	if (inner.path[0] != '/')
		read_fail(r, "include = %s: expected a path that begins with /", inner.path);
	else if ((inner.fp = fopen(inner.path, "re")) == NULL)
		read_fail(r, "include = %s: %s", inner.path, strerror(errno));
	else {
		if (is_open(r, inner.fp))
			read_fail(r,
			    "include = %s: a file can't include itself, nor one that "
			    "includes it",
			    inner.path);
		else if (depth > INCLUDES_MAX)
			read_fail(r, "include = %s: more than %d files in files", inner.path,
			    INCLUDES_MAX);
		else if (!read_all(&inner)) {
			/* the sentence is there, of a line in that file */
			r->failed = true;
			r->failed_line = r->line;
		}
		fclose(inner.fp);
	}
}

/* is_open - is it the file that is being read, or one around that? */
static bool
is_open(const struct reading *r, FILE *fp)
{
	struct stat new, st;

	if (fstat(fileno(fp), &new) == -1)
		return false;
	for (; r != NULL; r = r->outer)
		if (fstat(fileno(r->fp), &st) == 0 && st.st_dev == new.st_dev &&
		    st.st_ino == new.st_ino)
			return true;
	return false;
}

static void
take_rule(struct reading *r, const char *rule, const char *name, const char *value)
{
	char err[512], line[256];
	const struct conf_key *key;
	bool further;

	if ((r->rule == NULL || r->rule_section != r->section_line) && !begin_rule(r, rule))
		return;
	r->rule_empty = false;
	/* Which key it is is known by its name alone. */
	further = r->indented && r->previous != NULL && strcmp(r->previous->name, name) == 0;
	if (further && !conf_value_is_long(r->previous)) {
		read_fail(r,
		    "a line that begins with whitespace continues the setting before it, "
		    "and %s takes one line only",
		    name);
		return;
	}
	if (!further && rule_has_name(r->rule, name)) {
		read_fail(r, "%s given twice in rule %s", name, r->rule->name);
		return;
	}
	key = rule_take(r->rule, name, without_remark(value, line, sizeof(line)), further,
	    r->scratch, err, sizeof(err));
	if (key == NULL)
		read_fail(r, "rule %s: %s", r->rule->name, err);
	r->previous = key;
}

static bool
begin_rule(struct reading *r, const char *name)
{
	char shown[FAULT_QUOTE_SIZE];
	struct rule **last = &r->conf->rules;

	name += strspn(name, " \t");
	fault_quote(name, shown, sizeof(shown));
	if (conf_check_name(name) != NULL || strlen(name) > RULE_NAME_MAX) {
		read_fail(r,
		    "[rule %s]: expected a name of 1 to %d letters, digits or any of - _ . /",
		    shown, RULE_NAME_MAX);
		return false;
	}
	for (; *last != NULL; last = &(*last)->next)
		if (strcmp((*last)->name, name) == 0) {
			read_fail(r, "rule %s is there already, at %s:%d", name, (*last)->file,
			    (*last)->line);
			return false;
		}
	*last = r->rule = rule_new(name, r->path, r->section_line);
	r->rule_section = r->section_line;
	return true;
}

static void
check_rule_empty(struct reading *r)
{
	if (!r->rule_empty)
		return;
	r->line = r->section_line;
	read_fail(r, "a rule with nothing in it");
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

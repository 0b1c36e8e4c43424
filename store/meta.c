/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * meta.c - the metadata beside an original: written, added to, read.
 *
 * One "Key: value" per line, the values in printable ASCII with \\ for a backslash
 * and \ooo (octal) for everything else. In a Finding, part, reason and file are in
 * double quotes, and \" is one within.
 *
 * What is read was written by us, but what it tells came from strangers, and a
 * disk may have mangled it: nothing is believed of a line but what its own grammar
 * gives, a NUL in a value ends nothing (it becomes "?"), and an unknown key is passed
 * over, so that an older program reads what a newer one wrote. A file that ends
 * without a line ending lost its end with the power: its last line does not count.
 *
 * Ownership: a struct meta owns the text that its strings point into.
 *
 * Limits: META_MAX bytes.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "meta.h"

#define ME "spawnscan"

static void put_escaped(FILE *, const char *, const char *);
static char *slurp(int, size_t *);
static void take_line(struct meta *, char *);
static void take_event(struct meta *, const char *, const char *);
static void take_finding(struct meta *, char *);
static char *take_word(char **);
static char *take_quoted(char **);
static char *unescape(char *);
static const char **add(const char **, size_t *, const char *);

void
meta_put_line(FILE *fp, const char *key, const char *value)
{
	fprintf(fp, "%s: ", key);
	put_escaped(fp, value != NULL ? value : "", "\\");
	putc('\n', fp);
}

void
meta_put_finding(FILE *fp, const struct finding *f)
{
	const char *const strings[] = { f->part, f->reason, f->file };
	size_t i;

	fprintf(fp, "Finding: %s %s", verdict_class_name(f->class), verdict_action_name(f->action));
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		fputs(" \"", fp);
		put_escaped(fp, strings[i], "\\\"");
		putc('"', fp);
	}
	putc('\n', fp);
}

/* put_escaped - with a backslash before each byte that is in special */
static void
put_escaped(FILE *fp, const char *value, const char *special)
{
	for (; *value != '\0'; value++) {
		if (*value < ' ' || *value > '~')
			fprintf(fp, "\\%03o", (unsigned int)(unsigned char)*value);
		else
			fprintf(fp, "%s%c", strchr(special, *value) != NULL ? "\\" : "", *value);
	}
}

bool
meta_read(struct meta *m, int fd, char *err, size_t errsize)
{
	size_t len;
	char *line, *end;

	memset(m, 0, sizeof(*m));
	m->reference = m->date = m->mode = m->client = m->protocol = m->source = m->ident = "";
	m->sender = m->next_hop = m->sha256 = m->verdict = m->action = m->scanner = "";
	m->failure = m->notice = m->outcome = "";
	if ((m->text = slurp(fd, &len)) == NULL) {
		snprintf(err, errsize, "metadata: %s", strerror(errno));
		return false;
	}
	for (line = m->text; (end = memchr(line, '\n', len)) != NULL; line = end + 1) {
		len -= (size_t)(end + 1 - line);
		*end = '\0';
		if (strlen(line) == (size_t)(end - line))
			take_line(m, line);
	}
	if (*m->reference == '\0' || !m->has_size) {
		snprintf(err, errsize, "metadata: incomplete");
		return false;
	}
	return true;
}

void
meta_free(struct meta *m)
{
	free(m->recipients);
	free(m->replies);
	free(m->findings);
	free(m->events);
	free(m->settings);
	free(m->text);
	memset(m, 0, sizeof(*m));
}

static char *
slurp(int fd, size_t *len)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return NULL;
	if (st.st_size > META_MAX) {
		errno = EFBIG;
		return NULL;
	}
	if ((text = malloc((size_t)st.st_size + 1)) == NULL)
		return NULL;
	for (*len = 0; *len < (size_t)st.st_size; *len += (size_t)n) {
		n = pread(fd, text + *len, (size_t)st.st_size - *len, (off_t)*len);
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n == 0)
			break;
		else if (n == -1) {
			free(text);
			return NULL;
		}
	}
	text[*len] = '\0';
	return text;
}

static void
take_line(struct meta *m, char *line)
{
	const struct {
		const char *key;
		const char **value;
	} strings[] = { { "Reference", &m->reference }, { "Date", &m->date }, { "Mode", &m->mode },
		{ "Client", &m->client }, { "Protocol", &m->protocol }, { "Source", &m->source },
		{ "Ident", &m->ident }, { "Sender", &m->sender }, { "Next-Hop", &m->next_hop },
		{ "SHA-256", &m->sha256 }, { "Verdict", &m->verdict }, { "Action", &m->action },
		{ "Scanner", &m->scanner }, { "Failure", &m->failure }, { "Notice", &m->notice },
		{ "Outcome", &m->outcome } };
	char *value = strstr(line, ": ");
	const char *error = NULL;
	size_t i;

	if (value == NULL)
		return;
	*value = '\0';
	value += 2;
	if (strcmp(line, "Finding") == 0) {
		take_finding(m, value);
		return;
	}
	unescape(value);
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (strcmp(line, strings[i].key) == 0)
			*strings[i].value = value;
	if (strcmp(line, "Recipient") == 0)
		m->recipients = add(m->recipients, &m->n_recipients, value);
	else if (strcmp(line, "Reply") == 0)
		m->replies = add(m->replies, &m->n_replies, value);
	else if (strcmp(line, "Setting") == 0)
		m->settings = add(m->settings, &m->n_settings, value);
	else if (strcmp(line, "Size") == 0) {
		m->size = (uint64_t)strtonum(value, 0, INT64_MAX, &error);
		m->has_size = error == NULL;
	} else
		take_event(m, line, value);
}

/*
 * take_event - a release that was begun and of which nothing more is told may have
 * been taken by the next hop all the same
 */
static void
take_event(struct meta *m, const char *key, const char *value)
{
	bool begun = strcmp(key, META_BEGUN) == 0, released = strcmp(key, META_RELEASED) == 0;

	if (!begun && !released && strcmp(key, META_FAILED) != 0 &&
	    strcmp(key, META_FORWARDED) != 0)
		return;
	m->events = add(m->events, &m->n_events, key);
	m->events = add(m->events, &m->n_events, value);
	m->released = m->released || released;
	if (strcmp(key, META_FORWARDED) != 0)
		m->unfinished = begun;
}

static void
take_finding(struct meta *m, char *rest)
{
	struct meta_finding f;

	f.class = take_word(&rest);
	f.action = take_word(&rest);
	f.part = take_quoted(&rest);
	f.reason = take_quoted(&rest);
	f.file = take_quoted(&rest);
	m->findings = array_grow(m->findings, m->n_findings, sizeof(f), ME);
	m->findings[m->n_findings++] = f;
}

static char *
take_word(char **rest)
{
	char *word = *rest, *end = word + strcspn(word, " ");

	*rest = *end == '\0' ? end : end + 1;
	*end = '\0';
	return unescape(word);
}

static char *
take_quoted(char **rest)
{
	char *text = *rest + strspn(*rest, " "), *end;

	if (*text != '"')
		return *rest = text + strlen(text);
	for (end = ++text; *end != '\0' && *end != '"'; end++)
		if (*end == '\\' && end[1] != '\0')
			end++;
	*rest = *end == '\0' ? end : end + 1;
	*end = '\0';
	return unescape(text);
}

/* unescape - in place */
static char *
unescape(char *text)
{
	char *from = text, *to = text;
	unsigned int c;

	while (*from != '\0') {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
		    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			c = (unsigned int)(from[1] - '0') << 6 |
			    (unsigned int)(from[2] - '0') << 3 | (unsigned int)(from[3] - '0');
			*to++ = c != 0 ? (char)c : '?';
			from += 4;
			continue;
		}
		if (from[0] == '\\' && from[1] != '\0')
			from++;
		*to++ = *from++;
	}
	*to = '\0';
	return text;
}

static const char **
add(const char **list, size_t *n, const char *item)
{
	list = array_grow(list, *n, sizeof(*list), ME);
	list[(*n)++] = item;
	return list;
}

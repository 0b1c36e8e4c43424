/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show.c - the verbs show and cat: one message, for people and byte for byte.
 *
 * show writes what strangers wrote, so all of it goes through safe.c. The tree of parts
 * is the inspector's account of the original as it is today, with today's signatures. If
 * there is no inspector, the rest is shown.
 *
 * cat writes the original as it was received, and does nothing for terminals.
 *
 * Limits: 64 KB of the header.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "descriptor.h"
#include "inspection.h"
#include "line.h"
#include "list.h"
#include "original.h"
#include "safe.h"
#include "show.h"

#define HEADER_MAX (64u << 10)
#define VALUE_MAX 4000

static int show_one(struct desk *, const char *);
static void show_meta(const struct meta *);
static void show_line(const char *, const char *);
static void show_header(const struct message *);
static void show_parts(struct desk *, const struct original *);
static void put_lines(const char *, size_t, const char *);
static int cat_one(struct desk *, const char *);
static int write_out(const char *, size_t);

int
show_run(struct desk *desk)
{
	int code = EX_OK, one;

	for (size_t i = 0; i < desk->n_references; i++) {
		if (i > 0 && !desk->json)
			putchar('\n');
		if ((one = show_one(desk, desk->references[i])) != EX_OK)
			code = one;
	}
	return fflush(stdout) == EOF ? EX_IOERR : code;
}

static int
show_one(struct desk *desk, const char *reference)
{
	struct original o;
	int code = original_open(&o, desk, reference, false);

	if (code == EX_OK && desk->json) {
		json_t *json = list_json(reference, strtoll(reference + 5, NULL, 10), &o.meta);

		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(json);
	} else if (code == EX_OK) {
		show_meta(&o.meta);
		show_header(&o.message);
		if (!desk->brief)
			show_parts(desk, &o);
	}
	original_close(&o);
	return code;
}

static void
show_meta(const struct meta *m)
{
	char line[VALUE_MAX];
	size_t i;

	show_line("Reference", m->reference);
	show_line("Date", m->date);
	show_line("Came by", m->mode);
	show_line("Client", m->client);
	show_line("Queue id", m->ident);
	show_line("Next hop", m->next_hop);
	show_line("Sender", *m->sender != '\0' ? m->sender : "<>");
	for (i = 0; i < m->n_recipients; i++)
		show_line("Recipient", m->recipients[i]);
	snprintf(line, sizeof(line), "%llu bytes", (unsigned long long)m->size);
	show_line("Size", line);
	show_line("SHA-256", m->sha256);
	show_line("Verdict", m->verdict);
	show_line("Action", m->action);
	for (i = 0; i < m->n_findings; i++) {
		snprintf(line, sizeof(line), "part %.100s: %.40s, %.1000s -> %.40s%s%.2000s",
		    m->findings[i].part, m->findings[i].class, m->findings[i].reason,
		    m->findings[i].action, *m->findings[i].file != '\0' ? ", name " : "",
		    m->findings[i].file);
		show_line("Finding", line);
	}
	show_line("Failure", m->failure);
	for (i = 0; i < m->n_replies; i++)
		show_line("Reply", m->replies[i]);
	for (i = 0; i + 1 < m->n_events; i += 2)
		show_line(m->events[i], m->events[i + 1]);
	if (m->unfinished)
		show_line("Note", "a release was begun, and nobody knows what became of it");
}

static void
show_line(const char *name, const char *value)
{
	if (*value == '\0')
		return;
	printf("%s:%*s", name, strlen(name) < 15 ? (int)(15 - strlen(name)) : 1, "");
	safe_put(stdout, value, strlen(value), VALUE_MAX);
	putchar('\n');
}

static void
show_header(const struct message *m)
{
	const char *begin = m->bytes, *at = m->bytes, *end, *lf;
	size_t len;

	if (begin == NULL)
		return;
	end = begin + (m->size < HEADER_MAX ? m->size : HEADER_MAX);
	while (at < end && (lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		len = (size_t)(lf - at);
		if (len == 0 || (len == 1 && *at == '\r'))
			break;
		at = lf + 1;
	}
	printf("\nThe header\n");
	put_lines(begin, (size_t)(at - begin), "  ");
}

static void
show_parts(struct desk *desk, const struct original *o)
{
	struct inspection i;

	inspection_explain(&i, desk->conf, &o->message, o->reference, EXPLAIN_TEXT);
	printf("\nInspected today\n");
	if (i.ok && i.report.explanation != NULL)
		put_lines(i.report.explanation, strlen(i.report.explanation), "  ");
	else
		put_lines(i.ok ? "there is no account of it" : i.failure,
		    strlen(i.ok ? "there is no account of it" : i.failure), "  ");
	inspection_free(&i);
}

/* put_lines - each on a line of its own, indented and safe; a CR at the end is not shown */
static void
put_lines(const char *text, size_t len, const char *indent)
{
	while (len > 0) {
		size_t line = line_next(text, len), n = line_text(text, line);

		fputs(n > 0 ? indent : "", stdout);
		safe_put(stdout, text, n, VALUE_MAX);
		putchar('\n');
		text += line;
		len -= line;
	}
}

int
show_cat(struct desk *desk)
{
	int code = EX_OK;

	for (size_t i = 0; i < desk->n_references && code == EX_OK; i++)
		code = cat_one(desk, desk->references[i]);
	return code;
}

static int
cat_one(struct desk *desk, const char *reference)
{
	struct original o;
	char name[16], *content;
	size_t size;
	int code = original_open(&o, desk, reference, false);

	if (code == EX_OK && desk->part == NULL)
		code = write_out(o.message.bytes, o.message.size);
	else if (code == EX_OK &&
	    (content = original_part(&o, desk, desk->part, &size, name, sizeof(name), &code)) !=
		NULL) {
		code = write_out(content, size);
		free(content);
	}
	original_close(&o);
	return code;
}

static int
write_out(const char *bytes, size_t len)
{
	if (!descriptor_write(STDOUT_FILENO, bytes, len))
		return safe_complain(EX_IOERR, "writing: %s", strerror(errno));
	return EX_OK;
}

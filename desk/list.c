/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list.c - the verb list: what is in quarantine, newest first.
 *
 * Names are read first, and metadata only of those that age and limit leave, so that a
 * look at the newest ones costs little however many there are.
 *
 * A table for people, cut to columns, or one JSON object a line for programs, whole.
 * The keys of the objects are told in spawnscan-quarantine(8); none changes its meaning.
 *
 * Diagnostics: a sentence for each entry whose metadata can't be read, and EX_DATAERR at
 * the end, or for a folder, and EX_NOPERM; the others are listed.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "jtext.h"
#include "list.h"
#include "safe.h"

#define ADDRESS_COLUMNS 28
#define WHAT_COLUMNS 60

static void complain_unreadable(void *, enum shelf_fault, const char *, int64_t);
static bool matches(struct desk *, const struct meta *);
static bool like(const char *, const char *);
static void put_row(const struct shelf_entry *, const struct meta *);
static void put_column(const char *, size_t);
static void put_size(uint64_t);
static const char *state(const struct meta *);
static json_t *json_list(const char *const *, size_t);
static json_t *json_findings(const struct meta *);
static json_t *json_events(const struct meta *);

int
list_run(struct desk *desk)
{
	struct shelf_entry *entries;
	struct meta meta;
	char err[256];
	size_t i, n, shown = 0;
	int fd, code = EX_OK;

	entries = shelf_list(&desk->shelf, &n, complain_unreadable, &code);
	for (i = 0; i < n && (desk->limit == 0 || shown < desk->limit); i++) {
		if (entries[i].when < desk->since)
			break;
		if ((fd = shelf_file(&desk->shelf, entries[i].reference, SHELF_META, O_RDONLY)) ==
		    -1) {
			if (errno != ENOENT) /* else it was removed just now */
				code = safe_complain(EX_DATAERR, "%s: metadata: %s",
				    entries[i].reference, strerror(errno));
			continue;
		}
		if (!meta_read(&meta, fd, err, sizeof(err)))
			code = safe_complain(EX_DATAERR, "%s: %s", entries[i].reference, err);
		else if (matches(desk, &meta)) {
			if (desk->json) {
				json_t *o = list_json(entries[i].reference, entries[i].when, &meta);

				json_dumpf(o, stdout, JSON_COMPACT);
				putchar('\n');
				json_decref(o);
			} else {
				if (shown == 0)
					printf("%-32s %-16s %-9s %6s %-*s %-*s %s\n", "REFERENCE",
					    "DATE", "VERDICT", "SIZE", ADDRESS_COLUMNS, "FROM",
					    ADDRESS_COLUMNS, "TO", "WHAT");
				put_row(&entries[i], &meta);
			}
			shown++;
		}
		meta_free(&meta);
		close(fd);
	}
	free(entries);
	return fflush(stdout) == EOF ? EX_IOERR : code;
}

/* Whatever else is not in order is a matter of verify. */
static void
complain_unreadable(void *ctx, enum shelf_fault fault, const char *name, int64_t when)
{
	int *code = ctx;

	(void)when;
	if (fault == SHELF_UNREADABLE)
		*code = safe_complain(EX_NOPERM, "%s: %s", name, strerror(errno));
}

static bool
matches(struct desk *desk, const struct meta *m)
{
	bool to = desk->to == NULL, class = desk->class == NULL, name = desk->name == NULL;
	size_t i;

	if (desk->from != NULL && !like(desk->from, m->sender))
		return false;
	for (i = 0; i < m->n_recipients; i++)
		to = to || like(desk->to, m->recipients[i]);
	class = class || strcmp(desk->class, m->verdict) == 0;
	for (i = 0; i < m->n_findings; i++) {
		class = class || strcmp(desk->class, m->findings[i].class) == 0;
		name = name || like(desk->name, m->findings[i].file) ||
		    like(desk->name, m->findings[i].reason);
	}
	return to && class && name;
}

/* like - a pattern of the shell for the whole, or a piece of it, without case */
static bool
like(const char *pattern, const char *text)
{
	if (pattern[strcspn(pattern, "*?[")] != '\0')
		return fnmatch(pattern, text, FNM_CASEFOLD) == 0;
	return *pattern == '\0' ? *text == '\0' : strcasestr(text, pattern) != NULL;
}

static void
put_row(const struct shelf_entry *e, const struct meta *m)
{
	char when[32] = "", to[1200];
	struct tm tm;
	time_t t = (time_t)e->when;

	if (localtime_r(&t, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	printf("%-32s %-16s ", e->reference, when);
	put_column(m->verdict, 9);
	put_size(m->size);
	put_column(*m->sender != '\0' ? m->sender : "<>", ADDRESS_COLUMNS);
	snprintf(to, sizeof(to), m->n_recipients > 1 ? "%.900s +%zu" : "%.900s",
	    m->n_recipients > 0 ? m->recipients[0] : "", m->n_recipients - 1);
	put_column(to, ADDRESS_COLUMNS);
	fputs(state(m), stdout);
	if (m->n_findings > 0) {
		safe_put(stdout, m->findings[0].reason, strlen(m->findings[0].reason),
		    WHAT_COLUMNS);
		if (*m->findings[0].file != '\0') {
			fputs(": ", stdout);
			safe_put(stdout, m->findings[0].file, strlen(m->findings[0].file),
			    WHAT_COLUMNS);
		}
	} else
		safe_put(stdout, m->failure, strlen(m->failure), WHAT_COLUMNS);
	putchar('\n');
}

static const char *
state(const struct meta *m)
{
	if (m->unfinished)
		return "[release unfinished] ";
	return m->released ? "[released] " : "";
}

/* put_column - in width columns, and a space behind it */
static void
put_column(const char *text, size_t width)
{
	size_t len = strlen(text), used = safe_columns(text, len);

	safe_put(stdout, text, len, width);
	printf("%*s", used < width ? (int)(width - used) + 1 : 1, "");
}

static void
put_size(uint64_t size)
{
	static const char units[] = "KMGT";
	double scaled = (double)size;
	int unit = -1;

	for (; scaled >= 1000 && unit < 3; unit++)
		scaled /= 1024;
	if (unit == -1)
		printf("%6llu ", (unsigned long long)size);
	else
		printf(scaled < 10 ? "%5.1f%c " : "%5.0f%c ", scaled, units[unit]);
}

json_t *
list_json(const char *reference, int64_t when, const struct meta *m)
{
	json_t *o = json_object();
	const struct {
		const char *key, *value;
	} strings[] = { { "date", m->date }, { "mode", m->mode }, { "client", m->client },
		{ "protocol", m->protocol }, { "source", m->source }, { "orig_queue_id", m->ident },
		{ "next_hop", m->next_hop }, { "from", m->sender }, { "sha256", m->sha256 },
		{ "verdict", m->verdict }, { "action", m->action }, { "scanner", m->scanner },
		{ "failure", m->failure } };

	json_object_set_new(o, "reference", json_string(reference));
	json_object_set_new(o, "time", json_integer(when));
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		json_object_set_new(o, strings[i].key, jtext_new(strings[i].value));
	json_object_set_new(o, "to", json_list(m->recipients, m->n_recipients));
	json_object_set_new(o, "size", json_integer((json_int_t)m->size));
	json_object_set_new(o, "findings", json_findings(m));
	json_object_set_new(o, "replies", json_list(m->replies, m->n_replies));
	json_object_set_new(o, "released", json_boolean(m->released));
	json_object_set_new(o, "release_unfinished", json_boolean(m->unfinished));
	json_object_set_new(o, "events", json_events(m));
	return o;
}

static json_t *
json_list(const char *const *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, jtext_new(list[i]));
	return array;
}

static json_t *
json_findings(const struct meta *m)
{
	json_t *array = json_array(), *o;

	for (size_t i = 0; i < m->n_findings; i++) {
		o = json_object();
		json_object_set_new(o, "class", jtext_new(m->findings[i].class));
		json_object_set_new(o, "action", jtext_new(m->findings[i].action));
		json_object_set_new(o, "part", jtext_new(m->findings[i].part));
		json_object_set_new(o, "reason", jtext_new(m->findings[i].reason));
		json_object_set_new(o, "file", jtext_new(m->findings[i].file));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *
json_events(const struct meta *m)
{
	json_t *array = json_array(), *o;

	for (size_t i = 0; i + 1 < m->n_events; i += 2) {
		o = json_object();
		json_object_set_new(o, "event", jtext_new(m->events[i]));
		json_object_set_new(o, "text", jtext_new(m->events[i + 1]));
		json_array_append_new(array, o);
	}
	return array;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mark.c - the header fields that tell what was found.
 *
 * The inspector puts them in, and the front checks that nothing else was put in
 * where nothing else may be; so both have their form from here.
 *
 * Limits: WORD_MAX bytes of a reason or a name, MARKS_MAX findings.
 */
#include "mark.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 150
#define MARKS_MAX 50
#define ANTIVIRUS "X-Antivirus: Scanned by spawnscan "

static const char result_name[] = "X-Spawnscan-Result";

static void put_result(FILE *, const struct report *, const char *);
static void safe_word(const char *, char *, size_t);
static size_t line_ending(const char *, size_t, size_t);
static bool same_text(const struct report *, const char *, size_t, const char *);

/*
 * The result comes first: should the message begin with a folded line, that
 * one would become part of X-Antivirus, which nobody parses.
 */
char *
mark_text(const struct report *r, const char *eol, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (f == NULL)
		return NULL;
	put_result(f, r, eol);
	if (r->scanner != NULL && r->scanner[0] != '\0')
		fprintf(f, ANTIVIRUS "%s (%s)%s", SPAWNSCAN_VERSION, r->scanner, eol);
	if (fclose(f) != EOF)
		return text;
	free(text);
	return NULL;
}

/* Findings that are to be passed are not told; "clean" is said if there are none. */
static void
put_result(FILE *f, const struct report *r, const char *eol)
{
	size_t told = 0, left_out = 0;

	if (r->n_findings == 0) {
		fprintf(f, "X-Spawnscan-Result: clean%s", eol);
		return;
	}
	for (size_t i = 0; i < r->n_findings; i++) {
		const struct finding *finding = &r->findings[i];
		char reason[WORD_MAX], file[WORD_MAX];

		if (finding->action == ACTION_PASS)
			continue;
		if (told == MARKS_MAX) {
			left_out++;
			continue;
		}
		safe_word(finding->reason, reason, sizeof(reason));
		safe_word(finding->file, file, sizeof(file));
		if (told++ == 0)
			fputs("X-Spawnscan-Result: ", f);
		else
			fprintf(f, ",%s\t", eol);
		fprintf(f, "%s action=%s part=%s reason=\"%s\"", verdict_class_name(finding->class),
		    verdict_action_name(finding->action), finding->part, reason);
		if (finding->class == CLASS_BLOCKED && finding->action == ACTION_TAG &&
		    r->exempt != NULL)
			fprintf(f, "%s\t exempt=%s", eol, r->exempt);
		if (file[0] != '\0')
			fprintf(f, "%s\t file=\"%s\"", eol, file);
	}
	if (left_out > 0)
		fprintf(f, ",%s\tmore=%zu", eol, left_out);
	if (told > 0)
		fputs(eol, f);
}

/* A word for a header: printable, without quotes, not too long. */
static void
safe_word(const char *word, char *out, size_t size)
{
	size_t n = 0;

	for (; *word != '\0' && n < size - 1; word++)
		out[n++] = *word < 0x20 || *word > 0x7e || *word == '"' || *word == '\\' ? '_'
											 : *word;
	out[n] = '\0';
}

bool
mark_is_text(const struct report *r, const char *text, size_t len)
{
	return same_text(r, text, len, "\r\n") || same_text(r, text, len, "\n");
}

static bool
same_text(const struct report *r, const char *text, size_t len, const char *eol)
{
	size_t ours, head, tail, at;
	char *expected = mark_text(r, eol, &ours), *found;
	bool same = false;

	if (expected == NULL)
		return false;
	found = memmem(expected, ours, ANTIVIRUS, strlen(ANTIVIRUS));
	head = found == NULL ? ours : (size_t)(found - expected) + strlen(ANTIVIRUS);
	/* What stands behind the version. */
	tail = found == NULL ? 0 : ours - head - strlen(SPAWNSCAN_VERSION);
	if (len >= head + tail && memcmp(text, expected, head) == 0 &&
	    memcmp(text + len - tail, expected + ours - tail, tail) == 0) {
		same = true;
		for (at = head; at < len - tail; at++)
			same = same && text[at] > ' ' && text[at] <= '~' && text[at] != '(';
		same = same && (found != NULL || len == head);
	}
	free(expected);
	return same;
}

bool
mark_begins(const char *bytes, size_t end, size_t at)
{
	size_t len = sizeof(result_name) - 1;

	if (at >= end || end - at <= len || strncasecmp(bytes + at, result_name, len) != 0)
		return false;
	for (at += len; at < end && (bytes[at] == '\0' || strchr(" \t\r\n", bytes[at]) != NULL);)
		at++;
	return at < end && bytes[at] == ':';
}

size_t
mark_field_end(const char *bytes, size_t end, size_t at)
{
	while (at < end) {
		size_t ending = line_ending(bytes, end, at);

		at += ending == 0 ? 1 : ending;
		if (ending > 0 && (at == end || (bytes[at] != ' ' && bytes[at] != '\t')))
			break;
	}
	return at;
}

static size_t
line_ending(const char *bytes, size_t end, size_t at)
{
	if (bytes[at] == '\r')
		return at + 1 < end && bytes[at + 1] == '\n' ? 2 : 1;
	return bytes[at] == '\n' ? 1 : 0;
}

bool
mark_covers(const char *bytes, size_t size, size_t begin, size_t end)
{
	size_t at = begin;

	while (at < end && (bytes[at] == '\r' || bytes[at] == '\n'))
		at++;
	if (at > 0 && bytes[at - 1] != '\r' && bytes[at - 1] != '\n')
		return false;
	while (at < end && mark_begins(bytes, size, at))
		at = mark_field_end(bytes, size, at);
	if (at < end)
		return false;
	for (; at > end; at--)
		if (bytes[at - 1] != '\r' && bytes[at - 1] != '\n')
			return false;
	return true;
}

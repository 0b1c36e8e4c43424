/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * override.c - verdicts of the administrator's own, on signatures and on contents.
 *
 * The first line that fits decides, as with the rules: a false positive stands above
 * the pattern that it is an exception from.
 *
 * Diagnostics: one sentence with file and line. Memory that runs out ends the process.
 */
#include "override.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "array.h"
#include "fault.h"
#include "hex.h"
#include "line.h"
#include "memory.h"
#include "words.h"

#define BLANKS " \t"
#define UNTIL "until="
#define WORD_MAX 256
#define HEX "0123456789abcdefABCDEF"
#define DIGEST_LIKE 32 /* so many digits are meant for one; no signature is called so */

static const char *take_line(struct override *, char *line, const char *today);
static bool take_digest(struct override *);
static bool take_action(struct override *, const char *word);
static bool take_until(struct override *, const char *date, const char *today);

bool
override_parse(struct overrides *o, const char *text, const char *file, const char *today,
    char *err, size_t errsize)
{
	unsigned int number = 0;
	size_t left = strlen(text), line;

	*o = (struct overrides){ NULL, 0 };
	for (; left > 0; text += line, left -= line) {
		struct override new = { .line = ++number };
		const char *wrong;
		char *copy;

		line = line_next(text, left);
		copy = memory_checked(strndup(text, line_text(text, line)));
		if (copy[strspn(copy, BLANKS)] == '\0' || copy[strspn(copy, BLANKS)] == '#') {
			free(copy);
			continue;
		}
		wrong = take_line(&new, copy, today);
		free(copy);
		if (wrong != NULL) {
			free(new.what);
			override_free(o);
			return fault_tell(err, errsize, "%s:%u: %s", file, number, wrong);
		}
		o->at = array_grow(o->at, o->n, sizeof(*o->at), "override");
		o->at[o->n++] = new;
	}
	return true;
}

/* take_line - NULL, or what is wrong with it */
static const char *
take_line(struct override *o, char *line, const char *today)
{
	const char *what, *action, *more;

	for (const char *c = line; *c != '\0'; c++)
		if (iscntrl((unsigned char)*c) && *c != '\t')
			return "a control character";
	line += strspn(line, BLANKS);
	what = strsep(&line, BLANKS);
	if (strlen(what) > WORD_MAX)
		return "a pattern of more than 256 bytes";
	o->what = memory_copy(what);
	o->content = take_digest(o);
	if (!o->content && strlen(what) >= DIGEST_LIKE && what[strspn(what, HEX)] == '\0')
		return "a SHA-256 has 64 hexadecimal digits";
	if (line != NULL)
		line += strspn(line, BLANKS);
	action = line != NULL ? strsep(&line, BLANKS) : "";
	if (!take_action(o, action))
		return "expected a pattern or a SHA-256, then ignore, pass, tag, defang, remove, "
		       "reject, discard or tempfail";
	if (line == NULL)
		return NULL;
	line += strspn(line, BLANKS);
	if (strncmp(line, UNTIL, strlen(UNTIL)) != 0)
		return NULL;
	more = strsep(&line, BLANKS);
	return take_until(o, more + strlen(UNTIL), today)
	    ? NULL
	    : "expected until=YYYY-MM-DD, a day that there is";
}

static bool
take_digest(struct override *o)
{
	if (strlen(o->what) != (size_t)2 * OVERRIDE_SHA256)
		return false;
	for (size_t i = 0; o->what[i] != '\0'; i++) {
		int digit = hex_value(o->what[i]);

		if (digit == -1)
			return false;
		o->sha256[i / 2] = (uint8_t)(o->sha256[i / 2] << 4 | digit);
	}
	return true;
}

static bool
take_action(struct override *o, const char *word)
{
	o->action = ACTION_PASS;
	o->ignore = strcmp(word, "ignore") == 0;
	return o->ignore || (verdict_action_parse(word, &o->action) && o->action != ACTION_WRAP);
}

/* take_until - days in this form compare as text */
static bool
take_until(struct override *o, const char *date, const char *today)
{
	struct tm tm = { 0 };
	char again[11];
	const char *end = strptime(date, "%Y-%m-%d", &tm);
	int day = tm.tm_mday;

	if (end == NULL || *end != '\0' || strlen(date) != strlen("YYYY-MM-DD"))
		return false;
	/* timegm makes the 2nd of March of the 30th of February. */
	if (timegm(&tm) == -1 || tm.tm_mday != day ||
	    strftime(again, sizeof(again), "%Y-%m-%d", &tm) == 0 || strcmp(again, date) != 0)
		return false;
	strlcpy(o->until, date, sizeof(o->until));
	o->expired = strcmp(date, today) < 0;
	return true;
}

void
override_free(struct overrides *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->at[i].what);
	free(o->at);
	*o = (struct overrides){ NULL, 0 };
}

void
override_today(char today[11])
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(today, 11, "%Y-%m-%d", gmtime_r(&now, &tm));
}

const struct override *
override_find(const struct overrides *list, const char *name, const uint8_t *sha256)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct override *o = &list->at[i];

		if (o->expired)
			continue;
		if (o->content ? sha256 != NULL && memcmp(o->sha256, sha256, OVERRIDE_SHA256) == 0
			       : name != NULL && fnmatch(o->what, name, FNM_CASEFOLD) == 0)
			return o;
	}
	return NULL;
}

const char *
override_word(const struct override *o)
{
	return o->ignore ? "ignore" : verdict_action_name(o->action);
}

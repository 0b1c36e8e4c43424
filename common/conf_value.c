/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_value.c - one setting: from text into the configuration, and back.
 *
 * Ownership: strings in the configuration are malloc'd and never NULL.
 *
 * Diagnostics: a sentence that says what was expected. The process ends if
 * memory runs out (memory.h).
 */
#include "conf_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "memory.h"

struct unit {
	char letter; /* in either case; 0 ends the list */
	uint64_t factor;
};

static bool set_string(void *, const struct conf_key *, const char *, bool);
static char *join(const struct conf_key *, const char *, char *);
static bool set_number(void *, const struct conf_key *, const char *);
static bool set_bool(void *, const struct conf_key *, const char *);
static bool set_choice(void *, const struct conf_key *, const char *);
static void tell_expected(const struct conf_key *, char *, size_t);
static void tell_choices(const struct conf_key *, char *, size_t);
static char *words_parse(const char *);
static char *extensions_parse(const char *);
static char *text_parse(const char *);
static char *text_print(const char *);
static bool has_control(const char *);
static const struct unit *key_units(const struct conf_key *);
static bool number_parse(const char *, const struct unit *, uint64_t *);
static void number_print(uint64_t, const struct unit *, char *, size_t);

static const struct unit no_units[] = { { 0, 1 } };
static const struct unit size_units[] = { { 'G', 1 << 30 }, { 'M', 1 << 20 }, { 'K', 1 << 10 },
	{ 0, 1 } };
static const struct unit time_units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 },
	{ 0, 1 } };

bool
conf_value_set(void *into, const struct conf_key *key, const char *value, bool append, char *err,
    size_t errsize)
{
	bool ok = false;
	char shown[FAULT_QUOTE_SIZE], expected[320];

	switch (key->type) {
	case TYPE_STRING:
	case TYPE_WORDS:
	case TYPE_EXTENSIONS:
	case TYPE_TEXT:
		ok = set_string(into, key, value, append);
		break;
	case TYPE_NUMBER:
	case TYPE_SIZE:
	case TYPE_TIME:
		ok = set_number(into, key, value);
		break;
	case TYPE_BOOL:
		ok = set_bool(into, key, value);
		break;
	case TYPE_CHOICE:
		ok = set_choice(into, key, value);
		break;
	}
	if (ok)
		return true;
	fault_quote(value, shown, sizeof(shown));
	tell_expected(key, expected, sizeof(expected));
	return fault_tell(err, errsize, "bad value \"%s\" for %s: expected %s", shown, key->name,
	    expected);
}

static bool
set_string(void *into, const struct conf_key *key, const char *value, bool append)
{
	char **field = (void *)((char *)into + key->offset);
	char *new = NULL;

	switch (key->type) {
	case TYPE_WORDS:
		new = words_parse(value);
		break;
	case TYPE_EXTENSIONS:
		new = extensions_parse(value);
		break;
	case TYPE_TEXT:
		new = text_parse(value);
		break;
	default:
		new = has_control(value) ? NULL : memory_copy(value);
	}
	if (new == NULL)
		return false;
	if (append && **field != '\0')
		new = join(key, *field, new);
	if (strlen(new) < key->min || strlen(new) > key->max ||
	    (key->check != NULL && (*new != '\0' || key->min > 0) && key->check(new) != NULL)) {
		free(new);
		return false;
	}
	free(*field);
	*field = new;
	return true;
}

/* join - a list or text with what was said further; takes new over */
static char *
join(const struct conf_key *key, const char *old, char *new)
{
	const char *between = key->type == TYPE_TEXT ? "\n" : *new == '\0' ? "" : " ";
	char *joined;

	if (asprintf(&joined, "%s%s%s", old, between, new) == -1)
		memory_checked(NULL);
	free(new);
	return joined;
}

static bool
set_number(void *into, const struct conf_key *key, const char *value)
{
	uint64_t number;

	if (!number_parse(value, key_units(key), &number) || number < key->min || number > key->max)
		return false;
	memcpy((char *)into + key->offset, &number, sizeof(number));
	return true;
}

static bool
set_bool(void *into, const struct conf_key *key, const char *value)
{
	static const struct conf_choice words[] = { { "yes", true }, { "no", false },
		{ "on", true }, { "off", false }, { "true", true }, { "false", false } };
	size_t i;
	bool set;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].name, value) == 0) {
			set = words[i].value;
			memcpy((char *)into + key->offset, &set, sizeof(set));
			return true;
		}
	return false;
}

/* set_choice - an enum of ours has the size of an int */
static bool
set_choice(void *into, const struct conf_key *key, const char *value)
{
	const struct conf_choice *c;

	_Static_assert(sizeof(enum verdict_action) == sizeof(int) &&
		sizeof(enum conf_keep) == sizeof(int) && sizeof(enum conf_newline) == sizeof(int),
	    "choices are stored as int");
	for (c = key->choices; c->name != NULL; c++)
		if (strcasecmp(c->name, value) == 0) {
			memcpy((char *)into + key->offset, &c->value, sizeof(c->value));
			return true;
		}
	return false;
}

/* tell_expected - the end of the sentence "bad value ...: expected" */
static void
tell_expected(const struct conf_key *key, char *buf, size_t size)
{
	char min[32], max[32];

	number_print(key->min, key_units(key), min, sizeof(min));
	number_print(key->max, key_units(key), max, sizeof(max));
	switch (key->type) {
	case TYPE_NUMBER:
		snprintf(buf, size, "a number from %s to %s", min, max);
		break;
	case TYPE_SIZE:
		snprintf(buf, size, "a size like 512K, 100M or 4G, from %s to %s", min, max);
		break;
	case TYPE_TIME:
		snprintf(buf, size, "a time like 90s, 5m, 1h or 1d, from %s to %s", min, max);
		break;
	case TYPE_BOOL:
		snprintf(buf, size, "yes or no");
		break;
	case TYPE_CHOICE:
		tell_choices(key, buf, size);
		break;
	case TYPE_EXTENSIONS:
		snprintf(buf, size, "extensions like exe or .exe, %" PRIu64 " bytes at most",
		    key->max);
		break;
	case TYPE_STRING:
	case TYPE_WORDS:
	case TYPE_TEXT:
		if (key->check != NULL)
			strlcpy(buf, key->check(""), size);
		else
			snprintf(buf, size,
			    "%" PRIu64 " to %" PRIu64 " bytes without control characters", key->min,
			    key->max);
		break;
	}
}

static void
tell_choices(const struct conf_key *key, char *buf, size_t size)
{
	*buf = '\0';
	for (const struct conf_choice *c = key->choices; c->name != NULL; c++) {
		if (c != key->choices)
			strlcat(buf, c[1].name == NULL ? " or " : ", ", size);
		strlcat(buf, c->name, size);
	}
}

char *
conf_value_print(const void *from, const struct conf_key *key)
{
	const void *field = (const char *)from + key->offset;
	const struct conf_choice *c;
	uint64_t number;
	bool set;
	int chosen;
	char *string, buf[32];

	switch (key->type) {
	case TYPE_STRING:
	case TYPE_WORDS:
	case TYPE_EXTENSIONS:
	case TYPE_TEXT:
		memcpy(&string, field, sizeof(string));
		return key->type == TYPE_TEXT ? text_print(string) : memory_copy(string);
	case TYPE_NUMBER:
	case TYPE_SIZE:
	case TYPE_TIME:
		memcpy(&number, field, sizeof(number));
		number_print(number, key_units(key), buf, sizeof(buf));
		return memory_copy(buf);
	case TYPE_BOOL:
		memcpy(&set, field, sizeof(set));
		return memory_copy(set ? "yes" : "no");
	case TYPE_CHOICE:
		memcpy(&chosen, field, sizeof(chosen));
		for (c = key->choices; c->name != NULL; c++)
			if (c->value == chosen) {
				return memory_copy(c->name);
			}
		break;
	}
	abort(); /* somebody wrote a value past this file */
}

bool
conf_value_is_long(const struct conf_key *key)
{
	return key->type == TYPE_TEXT || key->type == TYPE_WORDS || key->type == TYPE_EXTENSIONS;
}

void
conf_value_free(void *from, const struct conf_key *key)
{
	char **string = (void *)((char *)from + key->offset);

	if (key->type == TYPE_STRING || conf_value_is_long(key))
		free(*string);
}

void
conf_value_own(void *in, const struct conf_key *key)
{
	char **string = (void *)((char *)in + key->offset);

	if (key->type == TYPE_STRING || conf_value_is_long(key))
		*string = memory_copy(*string);
}

/* words_parse - words separated by one space; NULL if there are control characters */
static char *
words_parse(const char *value)
{
	char *words = memory_checked(malloc(strlen(value) + 1)), *to = words;

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
	char *text = memory_checked(malloc(strlen(value) + 1)), *to = text;

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
	char *value = memory_checked(malloc(2 * strlen(text) + 1)), *to = value;

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
key_units(const struct conf_key *key)
{
	return key->type == TYPE_SIZE ? size_units : key->type == TYPE_TIME ? time_units : no_units;
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

char *
conf_value_trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	for (end = s + strlen(s); end > s && isspace((unsigned char)end[-1]); end--)
		continue;
	*end = '\0';
	return s;
}

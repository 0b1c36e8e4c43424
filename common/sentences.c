/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sentences.c - what recipients read, in English or in another language.
 *
 * A text of several lines is an array of strings, one each. What a language may
 * hold is what the setting "notice" may: printable UTF-8 (conf_check.h), so that
 * nothing in it can end a header field, a part or a message.
 */
#include "sentences.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "conf_check.h"
#include "fault.h"
#include "memory.h"

static bool take(struct sentences *, const char *key, const json_t *value, char *err,
    size_t errsize);
static char *text_of(const json_t *value, bool lines);
static bool fits(const char *line);

static const struct {
	const char *key;
	bool lines;
	const char *english;
} table[SENTENCE_COUNT] = {
#define SENTENCE_ROW(id, key, lines, english) [SENTENCE_##id] = { key, lines, english },
	SENTENCES(SENTENCE_ROW)
#undef SENTENCE_ROW
};

bool
sentences_parse(struct sentences *s, const char *json, char *err, size_t errsize)
{
	json_error_t error;
	json_t *object = json_loads(json, JSON_REJECT_DUPLICATES, &error), *value;
	const char *key;
	bool ok = true;

	memset(s, 0, sizeof(*s));
	if (object == NULL)
		return fault_tell(err, errsize, "line %d: %s", error.line, error.text);
	if (!json_is_object(object))
		ok = fault_tell(err, errsize, "not an object of sentences");
	json_object_foreach(object, key, value) ok = ok && take(s, key, value, err, errsize);
	json_decref(object);
	if (!ok)
		sentences_free(s);
	return ok;
}

static bool
take(struct sentences *s, const char *key, const json_t *value, char *err, size_t errsize)
{
	char shown[FAULT_QUOTE_SIZE];

	for (size_t i = 0; i < SENTENCE_COUNT; i++) {
		if (strcmp(key, table[i].key) != 0)
			continue;
		s->text[i] = text_of(value, table[i].lines);
		return s->text[i] != NULL ||
		    fault_tell(err, errsize, "%s: expected %s", key,
			table[i].lines ? "an array of lines of printable text, of at most 300 bytes"
				       : "one line of printable text, of at most 300 bytes");
	}
	fault_quote(key, shown, sizeof(shown));
	return fault_tell(err, errsize, "unknown key \"%s\"", shown);
}

/* NULL if it is not what it should be. */
static char *
text_of(const json_t *value, bool lines)
{
	char text[SENTENCES_TEXT_MAX] = "";
	const json_t *line;
	size_t i;

	if (!lines)
		return json_is_string(value) && json_string_length(value) > 0 &&
			fits(json_string_value(value))
		    ? memory_copy(json_string_value(value))
		    : NULL;
	json_array_foreach(value, i, line)
	{
		if (!json_is_string(line) || !fits(json_string_value(line)))
			return NULL;
		if (i > 0 && strlcat(text, "\n", sizeof(text)) >= sizeof(text))
			return NULL;
		if (strlcat(text, json_string_value(line), sizeof(text)) >= sizeof(text))
			return NULL;
	}
	return text[0] != '\0' ? memory_copy(text) : NULL;
}

/* jansson takes no NUL in a string. */
static bool
fits(const char *line)
{
	return strlen(line) <= SENTENCES_LINE_MAX &&
	    (line[0] == '\0' || conf_check_shown(line) == NULL);
}

void
sentences_free(struct sentences *s)
{
	for (size_t i = 0; i < SENTENCE_COUNT; i++)
		free(s->text[i]);
	memset(s, 0, sizeof(*s));
}

const char *
sentences_get(const struct sentences *s, enum sentence which)
{
	return s != NULL && s->text[which] != NULL ? s->text[which] : table[which].english;
}

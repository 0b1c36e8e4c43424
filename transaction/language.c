/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * language.c - in which language a recipient is told.
 *
 * notice_language is a list in order of preference. "auto" stands for the
 * languages that the message says it is in: Content-Language, RFC 3282, of which
 * only letters, digits and "-" ever get into the name of a file. For "de-at"
 * without a file "de" does. English needs no file, and is what is left.
 *
 * A file is read anew for each message: a few kilobytes, and only where another
 * language than English is wanted.
 */
#include "language.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_check.h"
#include "fault.h"
#include "field.h"
#include "log.h"
#include "sentences.h"
#include "text_file.h"
#include "words.h"

#define AUTO "auto"
#define ENGLISH "en"
/* Languages that a message may name. */
#define FIELD_SIZE 256

enum found { FOUND, ABSENT, BROKEN };

static bool choose(const struct conf *, const char *tag, char **text);
static bool choose_own(const struct conf *, const struct message *, char **text);
static enum found read_language(const struct conf *, const char *tag, char **text, char *err,
    size_t errsize);
static enum found read_file(const char *path, char **text, char *err, size_t errsize);

char *
language_for(const struct conf *conf, const struct message *m)
{
	const char *list = conf->notice_language;
	char tag[CONF_LANGUAGE_SIZE], *text = NULL;
	struct span word;

	while (words_next(&list, &word)) {
		if (words_text(word, tag, sizeof(tag)) == NULL)
			continue;
		if (strcmp(tag, AUTO) == 0 ? choose_own(conf, m, &text) : choose(conf, tag, &text))
			break;
	}
	return text;
}

/* As the message says; "" in a Content-Language is none. */
static bool
choose_own(const struct conf *conf, const struct message *m, char **text)
{
	char field[FIELD_SIZE], *rest = field, *tag;

	field_first(m, "Content-Language", field, sizeof(field));
	for (char *c = field; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	while ((tag = strsep(&rest, ", ")) != NULL) {
		if (*tag != '\0' && conf_check_languages(tag) == NULL && strcmp(tag, AUTO) != 0 &&
		    choose(conf, tag, text))
			return true;
	}
	return false;
}

/* True if it is settled; *text stays NULL for English. */
static bool
choose(const struct conf *conf, const char *tag, char **text)
{
	char wanted[CONF_LANGUAGE_SIZE], err[512];

	strlcpy(wanted, tag, sizeof(wanted));
	for (;;) {
		char *dash;

		switch (read_language(conf, wanted, text, err, sizeof(err))) {
		case FOUND:
			return true;
		case BROKEN:
			log_write(LOG_WARNING, "notice_language: %s", err);
			return false;
		case ABSENT:
			break;
		}
		if ((dash = strrchr(wanted, '-')) == NULL)
			return false;
		*dash = '\0';
	}
}

bool
language_check(const struct conf *conf, char *err, size_t errsize)
{
	const char *list = conf->notice_language;
	char tag[CONF_LANGUAGE_SIZE], sentence[512];
	struct span word;

	while (words_next(&list, &word)) {
		char *text = NULL;
		enum found found;

		if (words_text(word, tag, sizeof(tag)) == NULL || strcmp(tag, AUTO) == 0)
			continue;
		found = read_language(conf, tag, &text, sentence, sizeof(sentence));
		free(text);
		if (found != FOUND)
			return fault_tell(err, errsize, "notice_language = %s: %s", tag, sentence);
	}
	return true;
}

static enum found
read_language(const struct conf *conf, const char *tag, char **text, char *err, size_t errsize)
{
	char *path;
	enum found found;

	if (strcmp(tag, ENGLISH) == 0)
		return FOUND;
	if (asprintf(&path, "%s/%s.json", conf->language_dir, tag) == -1) {
		fault_tell(err, errsize, "%s", strerror(ENOMEM));
		return BROKEN;
	}
	found = read_file(path, text, err, errsize);
	free(path);
	return found;
}

static enum found
read_file(const char *path, char **text, char *err, size_t errsize)
{
	struct sentences sentences;
	char sentence[300], *bytes = text_file_read(path, SENTENCES_MAX_BYTES, err, errsize);

	if (bytes == NULL)
		return errno == ENOENT ? ABSENT : BROKEN;
	if (!sentences_parse(&sentences, bytes, sentence, sizeof(sentence))) {
		fault_tell(err, errsize, "%s: %s", path, sentence);
		free(bytes);
		return BROKEN;
	}
	sentences_free(&sentences);
	*text = bytes;
	return FOUND;
}

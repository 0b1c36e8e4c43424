/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words.c - lists of words, as settings hold them.
 */
#include "words.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

static bool find(const char *, const char *, bool, char *, size_t);

bool
words_next(const char **list, struct span *word)
{
	*list += strspn(*list, " ");
	*word = (struct span){ *list, strcspn(*list, " ") };
	*list += word->len;
	return word->len > 0;
}

const char *
words_text(struct span word, char *buf, size_t size)
{
	if (word.len >= size)
		return NULL;
	memcpy(buf, word.text, word.len);
	buf[word.len] = '\0';
	return buf;
}

bool
words_find(const char *list, const char *name, char *word, size_t size)
{
	return find(list, name, false, word, size);
}

bool
words_match(const char *list, const char *name, char *word, size_t size)
{
	return find(list, name, true, word, size);
}

static bool
find(const char *list, const char *name, bool pattern, char *word, size_t size)
{
	struct span next;

	while (words_next(&list, &next)) {
		if (words_text(next, word, size) != NULL &&
		    (pattern ? fnmatch(word, name, FNM_CASEFOLD) == 0
			     : strcasecmp(word, name) == 0))
			return true;
	}
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * span - a stretch of text that is not ours and has no NUL at its end
 *
 * For lines off the wire: a span points into the reader's buffer and is good
 * as long as that is.
 */
#include "span.h"

#include <string.h>
#include <strings.h>

void
span_skip_blanks(struct span *rest)
{
	while (rest->len > 0 && (*rest->text == ' ' || *rest->text == '\t')) {
		rest->text++;
		rest->len--;
	}
}

/* span_word - take the next word and the blanks before it off the front */
struct span
span_word(struct span *rest)
{
	struct span word;

	span_skip_blanks(rest);
	word = (struct span){ rest->text, 0 };
	while (rest->len > 0 && *rest->text != ' ' && *rest->text != '\t') {
		rest->text++;
		rest->len--;
		word.len++;
	}
	return word;
}

bool
span_is(struct span span, const char *word)
{
	return span.len == strlen(word) && strncasecmp(span.text, word, span.len) == 0;
}

/* span_take - if span begins with prefix, take that off */
bool
span_take(struct span *span, const char *prefix)
{
	size_t len = strlen(prefix);

	if (span->len < len || strncasecmp(span->text, prefix, len) != 0)
		return false;
	span->text += len;
	span->len -= len;
	return true;
}

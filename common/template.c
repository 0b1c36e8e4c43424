/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * template.c - a text with {words} to be filled in, and how it stands in a message.
 */
#include "template.h"

#include <stdlib.h>
#include <string.h>

#include "quoted.h"

struct filling {
	template_value *value;
	void *ctx;
	const char *none;
	bool all_lines; /* also those with a word that has no value */
	bool failed;
};

static bool fill(struct filling *, const char *template, FILE *);
static char *fill_line(struct filling *, const char *line, size_t len);
static void put_line(FILE *, const char *line, bool *empty);

char *
template_fill(const char *template, const char *none, template_value *value, void *ctx)
{
	struct filling filling = { .value = value, .ctx = ctx, .none = none };
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return NULL;
	if (!fill(&filling, template, f) && !filling.failed) {
		filling.all_lines = true;
		fill(&filling, template, f);
	}
	if (fclose(f) == EOF || filling.failed) {
		free(text);
		return NULL;
	}
	return text;
}

/* The lines of the template; false if all that came of it is nothing. */
static bool
fill(struct filling *filling, const char *line, FILE *f)
{
	bool empty = true, any = false;

	while (*line != '\0' && !filling->failed) {
		size_t len = strcspn(line, "\n");
		char *filled = fill_line(filling, line, len);

		any = any || (filled != NULL && filled[0] != '\0');
		if (filled != NULL)
			put_line(f, filled, &empty);
		free(filled);
		line += len;
		line += *line == '\n';
	}
	return any;
}

/* One empty line is enough where others were left out. */
static void
put_line(FILE *f, const char *line, bool *empty)
{
	if (line[0] == '\0' && *empty)
		return;
	*empty = line[0] == '\0';
	/* A file called like a boundary must not end the part, nor a mailbox its message. */
	fprintf(f, "%s%s\n", line[0] == '-' || strncmp(line, "From ", 5) == 0 ? " " : "", line);
}

/*
 * A line of the template, {words} replaced. NULL if one has no value: then there is
 * nothing to tell. malloc'd.
 */
static char *
fill_line(struct filling *filling, const char *line, size_t len)
{
	const char *end = line + len;
	char *text = NULL;
	size_t size;
	bool told = true;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL) {
		filling->failed = true;
		return NULL;
	}
	while (line < end) {
		const char *close = *line == '{' ? memchr(line, '}', (size_t)(end - line)) : NULL;
		const char *value = close == NULL
		    ? NULL
		    : filling->value(filling->ctx, line + 1, (size_t)(close - line - 1));

		if (value == NULL) {
			fputc(*line++, f);
			continue;
		}
		told = told && value[0] != '\0';
		fputs(value[0] == '\0' ? filling->none : value, f);
		line = close + 1;
	}
	if (fclose(f) == EOF)
		filling->failed = true;
	if (!filling->failed && (told || filling->all_lines))
		return text;
	free(text);
	return NULL;
}

bool
template_is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text > '~')
			return false;
	}
	return true;
}

void
template_put(FILE *f, const char *text, bool quoted, const char *eol)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		if (quoted)
			quoted_put(f, text, len, false, eol);
		else
			fwrite(text, 1, len, f);
		text += len;
		if (*text == '\n' && *++text != '\0')
			fputs(eol, f);
	}
}

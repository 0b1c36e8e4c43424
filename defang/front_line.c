/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front_line.c - in front of the text of a message: what was removed or renamed
 * further down, where nobody might look.
 *
 * A notice stands where its part stood, or behind the text. Under a long text that is
 * far down: mutt shows the first screen, others a text that one has to scroll, and
 * their lists of attachments do not say what a file is about. So a sentence for each
 * part that went stands in front of a text that is longer than a screen. What stands
 * in front of the text anyway is not told.
 *
 * Memory that runs out ends the process.
 */
#include "front_line.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "banner.h"

/* A text of more lines hides what is behind it. */
#define LONG_TEXT 20
/* So many sentences. */
#define LINES_MAX 5

struct asking {
	const struct layout *layout;
	const struct front_line_part *changed;
	size_t n;
	size_t first; /* the first text that may be written into */
};

static banner_ask answer;
static char *sentences(const struct conf *, const struct request *, const struct asking *,
    bool removed);
static void add(FILE *, size_t *n, char *line);

void
front_line_put(const struct defang *d, const struct parts *parts, const struct layout *layout,
    const struct conf *conf, const struct request *request, const struct front_line_part *changed,
    size_t n)
{
	struct asking asking = { layout, changed, n, PART_NONE };
	size_t lines = banner_lines(parts, answer, &asking);
	bool removed = conf->notice_line == NOTICE_LINE_ALWAYS ||
	    (conf->notice_line == NOTICE_LINE_AUTO && lines > LONG_TEXT);
	struct banner banner = { .text = NULL };
	char *text;

	if (lines == 0)
		return;
	text = sentences(conf, request, &asking, removed);
	banner.text = text;
	/* Where it can't stand the notice has to do. */
	if (text[0] != '\0')
		banner_insert(d, parts, &banner, answer, &asking);
	free(text);
}

static enum banner_answer
answer(void *ctx, const struct part *part)
{
	struct asking *a = ctx;
	struct layout_gone gone;

	for (size_t i = 0; layout_gone(a->layout, i, &gone); i++) {
		if (gone.index == part->index)
			return BANNER_SPARED;
	}
	for (size_t i = 0; i < a->n; i++) {
		if (a->changed[i].index == part->index)
			return BANNER_SPARED;
	}
	if (part->leaf && a->first == PART_NONE)
		a->first = part->index;
	return layout_is_broken(a->layout, part->index) ? BANNER_UNSEALED : BANNER_FREE;
}

/* malloc'd; "" = there is nothing to say. */
static char *
sentences(const struct conf *conf, const struct request *request, const struct asking *a,
    bool removed)
{
	struct layout_gone gone;
	size_t size, n = 0;
	char *text;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		err(EX_OSERR, "front_line");
	for (size_t i = 0; removed && layout_gone(a->layout, i, &gone); i++) {
		if (!gone.in_place || gone.index > a->first)
			add(f, &n, notice_line(conf, request, gone.notice, NULL));
	}
	for (size_t i = 0; i < a->n; i++) {
		if (a->changed[i].name != NULL)
			add(f, &n,
			    notice_line(conf, request, &a->changed[i].notice, a->changed[i].name));
	}
	if (n > LINES_MAX)
		fprintf(f, "%s\n", sentences_get(&request->sentences, SENTENCE_LINE_MORE));
	if (fclose(f) == EOF)
		err(EX_OSERR, "front_line");
	return text;
}

/* Frees the line. */
static void
add(FILE *f, size_t *n, char *line)
{
	if (++*n <= LINES_MAX)
		fputs(line, f);
	free(line);
}

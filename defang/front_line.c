/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front_line.c - in front of the text of a message: what was removed or renamed
 * further down, where nobody might look; and what the administrator has to say.
 *
 * A notice stands where its part stood, or behind the text. Under a long text that is
 * far down: mutt shows the first screen, others a text that one has to scroll, and
 * their lists of attachments do not say what a file is about. So a sentence for each
 * part that went stands in front of a text that is longer than a screen. What stands
 * in front of the text anyway is not told.
 *
 * The administrator's own words go the same way: a banner in front of the text and a
 * disclaimer behind it, whether something was found or not. A disclaimer is not put
 * behind a text that has it already; a banner is, for what a stranger may have written
 * himself must not keep it away.
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

static char *ended(const char *);
static const char *markup_of(const char *setting);
static banner_ask answer;
static char *sentences(const struct conf *, const struct request *, const struct asking *,
    size_t n_parts);
static void add(FILE *, size_t *n, char *line);

const char *
front_line_put(const struct defang *d, const struct parts *parts, const struct layout *layout,
    const struct conf *conf, const struct request *request, const struct front_line_part *changed,
    size_t n)
{
	struct asking asking = { layout, changed, n, PART_NONE };
	size_t lines = banner_lines(parts, answer, &asking), n_banners = 0;
	bool removed = conf->notice_line == NOTICE_LINE_ALWAYS ||
	    (conf->notice_line == NOTICE_LINE_AUTO && lines > LONG_TEXT);
	char *told = sentences(conf, request, &asking, removed ? parts->n : 0);
	char *banner = ended(conf->banner), *disclaimer = ended(conf->disclaimer);
	const struct banner all[] = {
		{ .text = banner, .html = markup_of(conf->banner_html) },
		{ .text = told },
		{ .text = disclaimer,
		    .html = markup_of(conf->disclaimer_html),
		    .at_end = true,
		    .once = true },
	};
	struct banner banners[sizeof(all) / sizeof(all[0])];
	const char *why;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].text[0] != '\0')
			banners[n_banners++] = all[i];
	}
	why = n_banners == 0 ? NULL : banner_insert(d, parts, banners, n_banners, answer, &asking);
	free(disclaimer);
	free(banner);
	free(told);
	return conf->banner[0] == '\0' && conf->disclaimer[0] == '\0' ? NULL : why;
}

/* With a line ending, unless there is nothing; malloc'd. */
static char *
ended(const char *text)
{
	char *copy;

	if (asprintf(&copy, "%s%s", text, text[0] == '\0' ? "" : "\n") == -1)
		err(EX_OSERR, "front_line");
	return copy;
}

static const char *
markup_of(const char *setting)
{
	return setting[0] == '\0' ? NULL : setting;
}

static enum banner_answer
answer(void *ctx, const struct part *part)
{
	struct asking *a = ctx;
	bool in_place;

	if (layout_gone(a->layout, part->index, &in_place) != NULL)
		return BANNER_SPARED;
	for (size_t i = 0; i < a->n; i++) {
		if (a->changed[i].index == part->index)
			return BANNER_SPARED;
	}
	if (part->leaf && a->first == PART_NONE)
		a->first = part->index;
	return layout_is_broken(a->layout, part->index) ? BANNER_UNSEALED : BANNER_FREE;
}

/* Of the first parts what went, of all what was renamed. malloc'd; "" = there is nothing to say. */
static char *
sentences(const struct conf *conf, const struct request *request, const struct asking *a,
    size_t n_parts)
{
	size_t size, n = 0;
	char *text;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		err(EX_OSERR, "front_line");
	for (size_t i = 0; i < n_parts; i++) {
		bool in_place;
		const struct notice *gone = layout_gone(a->layout, i, &in_place);

		if (gone != NULL && (!in_place || i > a->first))
			add(f, &n, notice_line(conf, request, gone, NULL));
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

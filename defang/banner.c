/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * banner.c - texts that are put in front of what a recipient reads first, or behind
 * it.
 *
 * What the first text is: of multipart/mixed (and of what is not known) the first
 * text that is no attachment; of multipart/alternative each form; of
 * multipart/related the root.
 *
 * In a text that is flowed (RFC 3676) our lines flow into nothing.
 *
 * Memory that runs out ends the process.
 */
#include "banner.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "form.h"
#include "header.h"
#include "insert.h"
#include "memory.h"
#include "repeat.h"
#include "tree.h"

/* RFC 5322 2.1.1 allows 998; a character may take more bytes in another charset. */
#define LINE_MAX_BYTES 480
#define LINE_COLUMNS 76

struct insertion {
	const struct defang *d;
	const struct parts *parts;
	const struct banner *banners;
	size_t n_banners; /* 0: lines are counted only */
	banner_ask *ask;
	void *ctx;
	unsigned int n; /* texts that have it */
	size_t lines;
	const char *why; /* not in one */
};

static void into(struct insertion *, size_t);
static void into_first(struct insertion *, size_t);
static bool is_text(const struct parts *, const struct part *);
static bool is_attached(const struct parts *, const struct part *);
static void into_leaf(struct insertion *, const struct part *);
static const char *into_form(const struct insertion *, struct form *);
static char *all_said(const struct insertion *, const struct form *, bool at_end);
static char *said(const struct banner *, const struct form *);
static void put_html(FILE *, const char *text, bool plain);
static void put_text(FILE *, const char *text, bool flowed);
static size_t line_length(const char *text, size_t len);

const char *
banner_insert(const struct defang *d, const struct parts *parts, const struct banner *banners,
    size_t n, banner_ask *ask, void *ctx)
{
	struct insertion in = { d, parts, banners, n, ask, ctx, 0, 0, NULL };

	for (size_t i = 0; i < n; i++) {
		if (strlen(banners[i].text) > BANNER_TEXT_MAX)
			return "the text is too long";
	}
	if (n > 0 && parts->n > 0)
		into(&in, 0);
	if (in.n == 0 && in.why == NULL)
		return "there is no text";
	return in.why;
}

size_t
banner_lines(const struct parts *parts, banner_ask *ask, void *ctx)
{
	struct insertion in = { NULL, parts, NULL, 0, ask, ctx, 0, 0, NULL };

	if (parts->n > 0)
		into(&in, 0);
	return in.lines;
}

/* One part and what is in it. */
static void
into(struct insertion *in, size_t i)
{
	const struct part *part = in->parts->at[i];
	enum banner_answer answer = part->inside ? BANNER_SPARED : in->ask(in->ctx, part);

	if (answer == BANNER_SPARED)
		in->why = "the text is to stay as it is";
	else if (part->leaf)
		into_leaf(in, part);
	else if (tree_is(part, "signed") && answer != BANNER_UNSEALED)
		in->why = "the text is signed";
	else if (tree_is(part, "alternative"))
		for (size_t c = tree_child(in->parts, i, PART_NONE); c != PART_NONE;
		     c = tree_child(in->parts, i, c))
			into(in, c);
	else if (tree_is(part, "related") && tree_root(in->parts, i) != PART_NONE)
		into(in, tree_root(in->parts, i));
	else if (tree_is(part, "encrypted") || tree_is(part, "report") || tree_is_message(part))
		in->why = "it is encrypted, a report or an attached message";
	else
		into_first(in, i);
}

/* Of a multipart/mixed: what comes first and is read; attachments are passed over. */
static void
into_first(struct insertion *in, size_t i)
{
	for (size_t c = tree_child(in->parts, i, PART_NONE);
	     c != PART_NONE && in->n == 0 && in->why == NULL; c = tree_child(in->parts, i, c)) {
		const struct part *part = in->parts->at[c];

		if (part->leaf && (!is_text(in->parts, part) || is_attached(in->parts, part)))
			continue;
		if (tree_is_message(part))
			continue;
		into(in, c);
	}
}

static bool
is_text(const struct parts *parts, const struct part *part)
{
	struct header_params *params;
	struct header_field field;
	bool typed;

	if (strcmp(part->type, "text/plain") == 0 || strcmp(part->type, "text/html") == 0)
		return true;
	if (part->type[0] != '\0')
		return false;
	params = memory_checked(malloc(sizeof(*params)));
	typed = tree_type(parts, part, &field, params);
	if (typed)
		header_params_free(params);
	free(params);
	return !typed;
}

static bool
is_attached(const struct parts *parts, const struct part *part)
{
	struct header_field field;
	size_t at = part->place.header_begin;

	if (part->n_names > 0)
		return true;
	while (header_next(parts->bytes, part->place.header_end, &at, &field)) {
		size_t v = field.value_begin;

		if (!header_is(parts->bytes, &field, "Content-Disposition"))
			continue;
		while (v < field.value_end && strchr(" \t\r\n", parts->bytes[v]) != NULL)
			v++;
		return field.value_end - v < 6 || strncasecmp(parts->bytes + v, "inline", 6) != 0;
	}
	return false;
}

static void
into_leaf(struct insertion *in, const struct part *part)
{
	struct form form = { .part = part };
	const char *why;

	/* Of an alternative: an invitation, or a form that few programs show. */
	if (!is_text(in->parts, part) || is_attached(in->parts, part))
		return;
	why = form_read(&form, in->parts, part);
	if (why == NULL && in->n_banners == 0) {
		size_t lines = form_lines(&form);

		in->lines = lines > in->lines ? lines : in->lines;
	} else if (why == NULL) {
		why = into_form(in, &form);
	}
	if (why == NULL)
		in->n++;
	else
		in->why = why;
	form_free(&form);
}

static const char *
into_form(const struct insertion *in, struct form *form)
{
	char *front = all_said(in, form, false), *behind = all_said(in, form, true);
	const char *why = insert_text(in->d, form, front, behind);

	free(front);
	free(behind);
	return why;
}

/* What goes in front, or behind; malloc'd, "" = nothing. */
static char *
all_said(const struct insertion *in, const struct form *form, bool at_end)
{
	char *all;
	size_t size;
	FILE *f = memory_checked(open_memstream(&all, &size));

	for (size_t i = 0; i < in->n_banners; i++) {
		const struct banner *b = &in->banners[i];
		char *text;

		if (b->at_end != at_end || (b->once && repeat_is_in(form, b->text)))
			continue;
		text = said(b, form);
		fputs(text, f);
		free(text);
	}
	if (fclose(f) == EOF)
		err(EX_OSERR, "banner");
	return all;
}

/* In UTF-8, with an empty line to the rest; each line ended by LF. malloc'd. */
static char *
said(const struct banner *b, const struct form *form)
{
	static const char box[] =
	    "<div style=\"border:1px solid #888888;margin:0 0 1em 0;padding:0.5em;\n"
	    "background-color:#f4f4f4;color:#202020;font-family:sans-serif;\n"
	    "font-size:small;text-align:left\">\n";
	char *text;
	size_t size;
	FILE *f = memory_checked(open_memstream(&text, &size));

	if (form->html && b->html != NULL) {
		put_html(f, b->html, false);
	} else if (form->html) {
		fputs(box, f);
		put_html(f, b->text, true);
		fputs("</div>", f);
	} else {
		fputs(b->at_end ? "\n" : "", f);
		put_text(f, b->text, form->flowed);
	}
	fputs(form->html || !b->at_end ? "\n" : "", f);
	if (fclose(f) == EOF)
		err(EX_OSERR, "banner");
	return text;
}

/* ASCII; plain: it is no HTML yet. */
static void
put_html(FILE *f, const char *text, bool plain)
{
	size_t column = 0;

	while (*text != '\0') {
		unsigned char c = (unsigned char)*text;
		size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
		unsigned long code = more == 0 ? c : c & (0x3fU >> more);

		for (; more > 0 && (text[1] & 0xc0) == 0x80; more--)
			code = code << 6 | ((unsigned char)*++text & 0x3fU);
		text++;
		column++;
		if (c == '\n') {
			fputs(plain && *text != '\0' ? "<br>\n" : "\n", f);
			column = 0;
		} else if (c == ' ' && column > LINE_MAX_BYTES / 8) {
			fputc('\n', f);
			column = 0;
		} else if (c >= 0x80) {
			fprintf(f, "&#%lu;", code);
		} else if (plain && (c == '<' || c == '&')) {
			fputs(c == '<' ? "&lt;" : "&amp;", f);
		} else {
			fputc(c, f);
		}
	}
}

/* Lines that are no wider than most; RFC 3676 4: one that goes on ends in a space there. */
static void
put_text(FILE *f, const char *text, bool flowed)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n"), n = line_length(text, len);
		bool goes_on = n < len;

		len = n;
		while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\r'))
			n--;
		/* RFC 3676 4.4: what begins like a quote is stuffed. */
		if (n > 0 && flowed &&
		    (text[0] == ' ' || text[0] == '>' || strncmp(text, "From ", 5) == 0))
			fputc(' ', f);
		fwrite(text, 1, n, f);
		fputs(goes_on && flowed && text[len] == ' ' ? " \n" : "\n", f);
		text += len;
		text += *text == '\n' || (goes_on && *text == ' ');
	}
}

/* Up to the space in front of what is too much; of a line without spaces whole characters. */
static size_t
line_length(const char *text, size_t len)
{
	size_t column = 0, space = 0;

	for (size_t i = 0; i < len; i++) {
		column += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (text[i] == ' ' && i > 0)
			space = i;
		if (column > LINE_COLUMNS && space > 0)
			return space;
		if (i >= LINE_MAX_BYTES && ((unsigned char)text[i] & 0xc0) != 0x80)
			return i;
	}
	return len;
}

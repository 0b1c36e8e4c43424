/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout.c - the edits that remove some parts so that the rest is still shown and
 * the notice is seen.
 *
 * What becomes of each part, and why, is plan.c's. Here it is done: a notice takes
 * the place of a part, or stands behind what is in a container that wraps; a
 * container that flips has "multipart/mixed" for its type. Bytes that need not
 * change stay.
 *
 * Memory that runs out ends the process.
 */
#include "layout.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "header.h"
#include "memory.h"
#include "name.h"
#include "odd.h"
#include "tree.h"
#include "what.h"

/* A header field of a picture that is longer is not kept. */
#define FIELD_MAX 900

/* One run over the tree. */
struct run {
	struct layout *l;
	const struct defang *d;
	const struct conf *conf;
	const struct request *request;
	unsigned int n_boundaries;
};

static void do_part(struct run *, size_t);
static void do_wrap(struct run *, size_t);
static void put_inner_header(struct run *, FILE *, size_t);
static void do_picture(struct run *, size_t);
static void put_kept(struct run *, FILE *, size_t, const char *name);
static bool put_kept_field(struct run *, FILE *, const struct part *, const char *name);
static const char *why_flips(const struct part *);
static char *notice_of_part(struct run *, size_t);
static const char *subject_of(struct layout *);
static bool has_line(const struct parts *, const char *line);

/* 16 times 16 points of light grey. */
static const char grey_picture[] =
    "R0lGODlhEAAQAIAAANDQ0AAAACwAAAAAEAAQAAACDoSPqcvtD6OctNqLsz4FADs=";

void
layout_begin(struct layout *l, const struct parts *parts)
{
	plan_begin(&l->plan, parts);
}

void
layout_free(struct layout *l)
{
	plan_free(&l->plan);
	free(l->subject);
	l->subject = NULL;
}

bool
layout_mark(struct layout *l, const struct part_place *place, const struct notice *notice)
{
	return plan_mark(&l->plan, place, notice);
}

void
layout_edit(struct layout *l, const struct defang *d, const struct conf *conf,
    const struct request *request)
{
	struct run run = { .l = l, .d = d, .conf = conf, .request = request };

	plan_make(&l->plan);
	for (size_t i = 0; i < l->plan.n; i++)
		do_part(&run, i);
}

static void
do_part(struct run *run, size_t i)
{
	const struct multiparts *in = &run->l->plan.in;
	const struct planned *p = &run->l->plan.at[i];
	char *part;
	bool closes;

	if (p->wraps)
		do_wrap(run, i);
	else if (p->flips)
		edit_add(run->d, in->at[i].main_begin, in->at[i].main_end, "multipart/mixed");
	switch (p->fate) {
	case FATE_STAYS:
		break;
	case FATE_IN_PLACE:
		part = notice_of_part(run, i);
		layout_replace(run->d, &in->at[i].place, part);
		free(part);
		break;
	case FATE_GOES:
	case FATE_EMPTY:
		edit_add(run->d, multipart_delimiter(in, i),
		    multipart_delimiter_behind(in, i, &closes), "%s", "");
		break;
	case FATE_PICTURE:
		do_picture(run, i);
		break;
	}
}

/* The header says "mixed" now; the old type stands in front of the content, the notices behind it. */
static void
do_wrap(struct run *run, size_t i)
{
	const struct plan *plan = &run->l->plan;
	const struct parts *parts = plan->in.parts;
	const struct multipart_bounds *m = &plan->in.at[i];
	size_t end = multipart_end(&plan->in, i), size;
	bool line_ended = parts->bytes[end - 1] == '\n';
	const char *eol = run->d->eol;
	char line[40], *text;
	FILE *f;

	do
		snprintf(line, sizeof(line), "=_removed_%u", ++run->n_boundaries);
	while (has_line(parts, line));
	edit_add(run->d, m->field.begin, m->field.end,
	    "Content-Type: multipart/mixed;%s\tboundary=\"%s\"%s", eol, line, eol);
	f = memory_checked(open_memstream(&text, &size));
	fprintf(f, "--%s%s", line, eol);
	put_inner_header(run, f, i);
	fputs(eol, f);
	if (fclose(f) == EOF)
		err(EX_OSERR, "layout");
	edit_take(run->d, m->place.content_begin, m->place.content_begin, text, size);
	f = memory_checked(open_memstream(&text, &size));
	fputs(line_ended ? "" : eol, f);
	for (size_t k = i + 1; k < plan->n && tree_is_within(parts, k, i); k++) {
		char *part;

		if (plan->at[k].fate != FATE_GOES && plan->at[k].fate != FATE_PICTURE)
			continue;
		part = notice_of_part(run, k);
		fprintf(f, "--%s%s%s%s", line, eol, part, eol);
		free(part);
	}
	fprintf(f, "--%s--%s", line, line_ended ? eol : "");
	if (fclose(f) == EOF)
		err(EX_OSERR, "layout");
	edit_take(run->d, end, end, text, size);
}

static void
put_inner_header(struct run *run, FILE *f, size_t i)
{
	const struct multipart_bounds *m = &run->l->plan.in.at[i];
	const char *bytes = run->d->bytes;

	fwrite(bytes + m->field.begin, 1, m->main_begin - m->field.begin, f);
	if (run->l->plan.at[i].flips)
		fputs("multipart/mixed", f);
	else
		fwrite(bytes + m->main_begin, 1, m->main_end - m->main_begin, f);
	fwrite(bytes + m->main_end, 1, m->field.value_end - m->main_end, f);
	fputs(run->d->eol, f);
	if (m->encoding != NULL)
		fprintf(f, "Content-Transfer-Encoding: %s%s", m->encoding, run->d->eol);
}

/* What the text refers to is still there, and shows nothing. */
static void
do_picture(struct run *run, size_t i)
{
	const struct part_place *place = &run->l->plan.in.at[i].place;
	const char *file = run->l->plan.at[i].notice.file, *eol = run->d->eol;
	char name[NOTICE_NAME_MAX], param[NAME_PARAM_MAX], *text;
	size_t size;
	FILE *f = memory_checked(open_memstream(&text, &size));

	name_file(file[0] == '\0' ? "picture" : file, ".removed.gif", name, sizeof(name));
	name_param("name", name, param);
	fprintf(f, "Content-Type: image/gif;%s\t%s%s", eol, param, eol);
	put_kept(run, f, i, "Content-ID");
	put_kept(run, f, i, "Content-Location");
	name_param("filename", name, param);
	fprintf(f, "Content-Disposition: inline;%s\t%s%s", eol, param, eol);
	fprintf(f, "Content-Transfer-Encoding: base64%s%s%s", eol, eol, grey_picture);
	if (header_line_end(run->d->bytes, run->d->size, place->content_end) == 0)
		fputs(eol, f);
	if (fclose(f) == EOF)
		err(EX_OSERR, "layout");
	edit_take(run->d, place->header_begin, place->content_end, text, size);
}

/* Of the part, or of a fork in it. */
static void
put_kept(struct run *run, FILE *f, size_t i, const char *name)
{
	const struct parts *parts = run->l->plan.in.parts;

	for (size_t k = i; k < run->l->plan.n && (k == i || tree_is_within(parts, k, i)); k++) {
		if (put_kept_field(run, f, parts->at[k], name))
			return;
	}
}

/* One field of printable ASCII in one line, as it stands. */
static bool
put_kept_field(struct run *run, FILE *f, const struct part *part, const char *name)
{
	const char *bytes = run->d->bytes;
	struct header_field field;
	size_t at = part->place.header_begin;

	while (header_next(bytes, part->place.header_end, &at, &field)) {
		bool plain = field.value_end - field.begin <= FIELD_MAX;

		if (!header_is(bytes, &field, name))
			continue;
		for (size_t i = field.begin; i < field.value_end; i++)
			plain = plain && bytes[i] >= ' ' && bytes[i] <= '~';
		if (!plain)
			return false;
		fwrite(bytes + field.begin, 1, field.value_end - field.begin, f);
		fputs(run->d->eol, f);
		return true;
	}
	return false;
}

void
layout_replace(const struct defang *d, const struct part_place *place, const char *part)
{
	size_t begin = place->header_begin;
	const char *break_line = "";
	bool last = header_line_end(d->bytes, d->size, place->content_end) == 0;

	if (place->message_header) {
		struct header_field field;
		size_t at = place->header_begin;

		while (header_next(d->bytes, place->header_end, &at, &field)) {
			if (header_begins(d->bytes, &field, "Content-"))
				edit_add(d, field.begin, field.end, "%s", "");
		}
		odd_strike(d, place, false);
		begin = place->header_end;
		break_line = edit_line_break(d, place->header_begin, &begin);
	}
	/* The line ending in front of a delimiter stands behind the part and stays. */
	edit_add(d, begin, place->content_end, "%s%s%s", break_line, part, last ? d->eol : "");
}

const char *
layout_reason(const struct layout *l, size_t nth, const char **path)
{
	for (size_t i = 0; i < l->plan.n; i++) {
		const struct part *part = l->plan.in.parts->at[i];

		*path = part->path;
		if (l->plan.at[i].wraps && nth-- == 0)
			return "the notice stands beside it, since a notice inside would hide "
			       "the rest or not be seen";
		if (l->plan.at[i].flips && nth-- == 0)
			return why_flips(part);
		if (l->plan.at[i].marked && tree_is(part, "appledouble") && nth-- == 0)
			return "both forks of a file go together";
	}
	return NULL;
}

static const char *
why_flips(const struct part *part)
{
	if (tree_is(part, "signed") || tree_is(part, "encrypted"))
		return "it is no longer what it says: multipart/mixed";
	if (tree_is(part, "related"))
		return "the text is gone that the rest belongs to, so that all of it is shown: "
		       "multipart/mixed";
	return "one form of the text is left at most, so that all of it is shown: multipart/mixed";
}

const struct notice *
layout_gone(const struct layout *l, size_t index, bool *in_place)
{
	const struct planned *p = &l->plan.at[index];

	*in_place = p->fate == FATE_IN_PLACE;
	return p->fate == FATE_STAYS || p->fate == FATE_EMPTY ? NULL : &p->notice;
}

bool
layout_is_broken(const struct layout *l, size_t index)
{
	return l->plan.at[index].flips;
}

static char *
notice_of_part(struct run *run, size_t i)
{
	struct notice *n = &run->l->plan.at[i].notice;
	char name[NOTICE_NAME_MAX] = "", *text, *part;

	n->what = what_of(&run->l->plan, i);
	/* The signature went itself, or with what it signed; or there is none to be seen. */
	if (n->what == NOTICE_SIGNATURE || n->what == NOTICE_SIGNED || n->what == NOTICE_SEALED)
		n->is_signed = false;
	n->subject = subject_of(run->l);
	/* What is shown as the message itself is no file. */
	if (!run->l->plan.in.at[i].place.message_header)
		notice_name(n, run->l->plan.in.parts->at[i]->type, name);
	text = notice_text(run->conf, run->request, n);
	part = notice_part(text, name, run->d->eol);
	free(text);
	return part;
}

static const char *
subject_of(struct layout *l)
{
	const struct parts *parts = l->plan.in.parts;
	struct header_field field;
	size_t at = parts->at[0]->place.header_begin;
	char *raw;

	while (l->subject == NULL &&
	    header_next(parts->bytes, parts->at[0]->place.header_end, &at, &field)) {
		if (!header_is(parts->bytes, &field, "Subject"))
			continue;
		raw = memory_checked(strndup(parts->bytes + field.value_begin,
		    field.value_end - field.value_begin));
		l->subject = mime_walk_words(raw);
		free(raw);
	}
	if (l->subject == NULL)
		l->subject = memory_checked(strdup(""));
	return l->subject;
}

/* Is there such a line, or what some would take for one, anywhere? */
static bool
has_line(const struct parts *parts, const char *line)
{
	return memmem(parts->bytes, parts->size, line, strlen(line)) != NULL;
}

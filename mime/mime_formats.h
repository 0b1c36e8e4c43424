/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_formats.h - the table of formats that hold files: how one is recognised,
 * who opens it, who gives its names. A new container is one row in
 * mime_formats.c and one file beside it.
 */
#ifndef MIME_FORMATS_H
#define MIME_FORMATS_H

#include <stdbool.h>
#include <stddef.h>

#include "mime_packed.h"

/* The decoded content of a part, or of an item of one. All of it belongs to the caller. */
struct format_input {
	const char *bytes;
	size_t len;
	const char *text; /* the same with its charset made ASCII, if it is a text; else bytes */
	size_t text_len;
	char *const *names; /* every one that it may be saved under */
	size_t n_names;
	bool shown; /* a mail program shows it as text, whatever is in it */
	bool raw; /* it stands in the message as it is */
};

/* Called with each name; good during the call only. NULL is an executable without one. */
typedef void format_name(void *ctx, const char *name);

/*
 * One format. is is cheap, looks at the content alone, and may err towards yes;
 * the others are called for what it says yes to, and may be NULL. They trust
 * nothing in the content, are linear in it and in what comes out, and keep the
 * bounds in struct packed; what they could not do they tell there (flags of an
 * item, sealed, unopened, too_big), not by failing. Memory that runs out ends the
 * process.
 */
struct format {
	const char *name; /* a word for --explain and reasons: "zip" */
	bool in_text; /* its items are written into the text that is shown */
	bool in_raw; /* and some look for them in whatever the message holds unencoded */
	/*
	 * The scanner opens it by itself and sees each item there: names and content
	 * of an item are judged, and what is in it is opened, but it is not scanned
	 * again.
	 */
	bool scanner_opens;
	bool (*is)(const struct format_input *);
	/* packed_add or packed_add_member for each file in it, in the order of the content. */
	void (*open)(struct packed *, const struct format_input *);
	/* The names alone, where the content is scanned as a whole: open is not needed then. */
	void (*names)(const struct format_input *, format_name *, void *ctx);
	/*
	 * A sound file of the same format with what only some programs see in this
	 * one, to be scanned in addition: malloc'd, NULL if there is no such thing.
	 * *all is false if there is more than is written.
	 */
	char *(*again)(const struct format_input *, size_t *out_len, bool *all);
};

/*
 * Is it by its type (in small letters) or by one of its names a container, a document or
 * a message, in which a program may find what no reading of ours could decode?
 */
bool formats_called(const char *type, char *const *names, size_t n_names);

/* All that the rows find, one row after the other. */
void formats_open(struct packed *, const struct format_input *);
void formats_names(const char *content, size_t len, format_name *, void *ctx);

/* The first that a row makes again; at *next the enumeration goes on, from 0. NULL = no more. */
char *formats_again(const char *content, size_t len, size_t *next, size_t *out_len, bool *all);

#endif

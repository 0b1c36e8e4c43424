/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strike.c - the fields of a message's header that something is wrong with.
 *
 * Each round looks for the shortest beginning of the header in which something is
 * found, and takes out its last field. It ends when nothing is found in what is
 * left. So a match that several fields make together costs one of them. Fields and
 * rounds are bounded; each round asks the test about log2(fields) times.
 */
#include "strike.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "header.h"
#include "mime_walk.h"

/* Fields that are looked at, and that are struck. */
#define PIECES_MAX 2000
#define STRUCK_MAX 20

struct piece {
	size_t begin, end;
	bool struck;
};

static struct piece *header_pieces(const struct findings *, size_t *n);
static bool is_wrong(const struct findings *, const struct piece *, size_t n, header_test *,
    void *ctx);
static size_t shortest_wrong(const struct findings *, const struct piece *, size_t n, header_test *,
    void *ctx);

bool
strike_header(struct findings *f, header_test *test, void *ctx)
{
	size_t n, struck = 0;
	struct piece *pieces = header_pieces(f, &n);
	bool wrong = is_wrong(f, pieces, n, test, ctx), helps;

	helps = wrong;
	while (wrong && struck++ < STRUCK_MAX) {
		size_t end = shortest_wrong(f, pieces, n, test, ctx);

		if (end == 0) /* a scanner that finds something in nothing */
			break;
		pieces[end - 1].struck = true;
		wrong = is_wrong(f, pieces, n, test, ctx);
	}
	helps = helps && !wrong;
	for (size_t i = 0; i < n && helps; i++) {
		size_t len = pieces[i].end - pieces[i].begin;
		bool subject = len > 8 &&
		    strncasecmp(f->parts->bytes + pieces[i].begin, "Subject:", 8) == 0;

		if (pieces[i].struck)
			findings_strike(f, pieces[i].begin, pieces[i].end,
			    subject ? "Subject: (removed by the mail filter)" : "");
	}
	free(pieces);
	return helps;
}

/* What is in front of the header, if there is anything, and its fields; malloc'd. */
static struct piece *
header_pieces(const struct findings *f, size_t *n)
{
	size_t at = mime_walk_from_line(f->parts->bytes, f->parts->size),
	       end = f->parts->root.header_end;
	struct piece *pieces = NULL;
	struct header_field field = { .begin = at, .end = f->parts->root.header_begin };

	*n = 0;
	at = f->parts->root.header_begin;
	if (field.begin >= at && !header_next(f->parts->bytes, end, &at, &field))
		return NULL;
	do {
		pieces = reallocarray(pieces, *n + 1, sizeof(*pieces));
		if (pieces == NULL)
			err(EX_OSERR, "strike");
		pieces[(*n)++] = (struct piece){ field.begin, field.end, false };
	} while (*n < PIECES_MAX && header_next(f->parts->bytes, end, &at, &field));
	return pieces;
}

/* Is there anything in the first n pieces, but for those that are struck? */
static bool
is_wrong(const struct findings *f, const struct piece *pieces, size_t n, header_test *test,
    void *ctx)
{
	size_t len = 0;
	char *text;
	bool wrong;

	for (size_t i = 0; i < n; i++)
		len += pieces[i].end - pieces[i].begin;
	text = malloc(len + 1);
	if (text == NULL)
		err(EX_OSERR, "strike");
	len = 0;
	for (size_t i = 0; i < n; i++) {
		size_t piece = pieces[i].end - pieces[i].begin;

		if (!pieces[i].struck)
			memcpy(text + len, f->parts->bytes + pieces[i].begin, piece);
		len += pieces[i].struck ? 0 : piece;
	}
	text[len++] = '\n';
	wrong = test(ctx, text, len);
	free(text);
	return wrong;
}

/* How many pieces that is; there is something in all of them. */
static size_t
shortest_wrong(const struct findings *f, const struct piece *pieces, size_t n, header_test *test,
    void *ctx)
{
	size_t clean = 0, wrong = n;

	while (wrong - clean > 1) {
		size_t middle = clean + (wrong - clean) / 2;

		if (is_wrong(f, pieces, middle, test, ctx))
			wrong = middle;
		else
			clean = middle;
	}
	return wrong;
}

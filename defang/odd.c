/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * odd.c - fields that say what a part is to some programs only (mime/loose.h): they
 * go, with the lines that go on with them, and so does what hides one in another
 * field.
 */
#include "odd.h"

#include "header.h"
#include "loose.h"

static bool is_known(const struct defang *, const struct header_field *);
static bool goes_on(const struct defang *, const struct header_field *);
static bool is_struck(const struct defang *, const struct header_field *, bool within);
static void strike_cr(const struct defang *, const struct header_field *);

void
odd_strike(const struct defang *d, const struct part_place *place, bool within)
{
	const char *bytes = d->bytes;
	struct header_field f;
	size_t at = place->header_begin;

	while (header_next(bytes, place->header_end, &at, &f)) {
		bool more = within && goes_on(d, &f);

		if (is_struck(d, &f, within))
			edit_add(d, f.begin, f.end, "%s", "");
		else if (!is_known(d, &f) && loose_is_odd(bytes + f.begin, f.end - f.begin))
			strike_cr(d, &f);
		within = is_known(d, &f) || more ||
		    loose_field(bytes + f.begin, f.end - f.begin) != LOOSE_NONE;
	}
}

bool
odd_is_first_struck(const struct defang *d, const struct part_place *place)
{
	struct header_field f;
	size_t at = place->header_begin;

	return header_next(d->bytes, place->header_end, &at, &f) && is_struck(d, &f, true);
}

static bool
is_known(const struct defang *d, const struct header_field *f)
{
	return header_is(d->bytes, f, "Content-Type") ||
	    header_is(d->bytes, f, "Content-Disposition");
}

/* Is it, to some, the rest of the field in front of it? */
static bool
goes_on(const struct defang *d, const struct header_field *f)
{
	return f->name_len == 0 || loose_goes_on(d->bytes + f->begin, f->end - f->begin);
}

static bool
is_struck(const struct defang *d, const struct header_field *f, bool within)
{
	enum loose_field field = loose_field(d->bytes + f->begin, f->end - f->begin);

	return !is_known(d, f) &&
	    (field == LOOSE_TYPE || field == LOOSE_DISPOSITION ||
		(within && goes_on(d, f) && loose_params(d->bytes, f->begin, f->end) > 0));
}

/* A CR alone in front of such a field, to whom it ends a line, becomes a space. */
static void
strike_cr(const struct defang *d, const struct header_field *f)
{
	for (size_t i = f->begin; i + 1 < f->end; i++) {
		enum loose_field field = loose_field(d->bytes + i + 1, f->end - i - 1);

		if (d->bytes[i] == '\r' && header_line_end(d->bytes, f->end, i) == 0 &&
		    (field == LOOSE_TYPE || field == LOOSE_DISPOSITION))
			edit_add(d, i, i + 1, " ");
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * odd.c - fields that say what a part is to some programs only (mime/loose.h): they
 * go, with the lines that go on with them, and so does what hides one in another
 * field.
 */
#include "odd.h"

#include "header.h"
#include "loose.h"

static void strike_cr(const struct defang *, const struct header_field *);

void
odd_strike(const struct defang *d, const struct part_place *place, bool within)
{
	const char *bytes = d->bytes;
	struct header_field f;
	size_t at = place->header_begin;

	while (header_next(bytes, place->header_end, &at, &f)) {
		bool known = header_is(bytes, &f, "Content-Type") ||
		    header_is(bytes, &f, "Content-Disposition");
		enum loose_field field = loose_field(bytes + f.begin, f.end - f.begin);
		bool goes_on = within &&
		    (f.name_len == 0 || loose_goes_on(bytes + f.begin, f.end - f.begin));

		if (!known &&
		    (field == LOOSE_TYPE || field == LOOSE_DISPOSITION ||
			(goes_on && loose_params(bytes, f.begin, f.end) > 0)))
			edit_add(d, f.begin, f.end, "%s", "");
		else if (!known && loose_is_odd(bytes + f.begin, f.end - f.begin))
			strike_cr(d, &f);
		within = known || field != LOOSE_NONE || goes_on;
	}
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

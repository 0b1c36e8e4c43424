/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heads.c - an infection that stands in a header.
 */
#include "heads.h"

#include "places.h"
#include "scan_result.h"
#include "strike.h"

static bool check_header(struct examination *, const struct part *, const char *name);
static header_test header_infected;

bool
heads_check(struct examination *x, const char *name)
{
	bool found = strike_header(&x->found, header_infected, x);

	x->headers_checked = true;
	for (size_t i = 0; i < x->parts.n; i++) {
		if (!x->parts.at[i]->inside)
			found = check_header(x, x->parts.at[i], name) || found;
	}
	/* What the views show in a header is no news then. */
	x->found.part_hit[CLASS_INFECTED] = found;
	return found;
}

static bool
check_header(struct examination *x, const struct part *part, const char *name)
{
	const struct part_place *place = &part->place;
	struct part removable;

	if (place->header_begin == x->parts.root.header_begin ||
	    !header_infected(x, x->parts.bytes + place->header_begin,
		place->header_end - place->header_begin) ||
	    !places_removable(&x->parts, part, &removable))
		return false;
	findings_add_action(&x->found, &removable, CLASS_INFECTED, ACTION_REMOVE, name, "");
	return true;
}

/*
 * As bytes, and as what libclamav takes for a message, which it does not always. What was
 * not scanned to its end, for want of time or for another reason, is not clean.
 */
static bool
header_infected(void *ctx, const char *header, size_t len)
{
	const struct examination *x = ctx;
	static const enum scan_kind kinds[] = { SCAN_SKELETON, SCAN_MAIL };
	struct scan_result result;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		scan_bytes(&result, kinds[k], header, len, object_last_seconds(&x->objects));
		object_overrule(&x->objects, NULL, &result);
		if (result.failed)
			return true;
		for (size_t i = 0; i < result.n_hits; i++) {
			const struct override *by = result.hits[i].by;

			if ((result.hits[i].class == CLASS_INFECTED &&
				(by == NULL || by->action == ACTION_REMOVE)) ||
			    scan_result_is_late(&result.hits[i]))
				return true;
		}
	}
	return false;
}

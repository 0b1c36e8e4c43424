/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * places.c - which part a stretch of bytes belongs to.
 *
 * GMime tells where a leaf begins and ends, but of a container only where it
 * begins; its end is looked for here, so that it can be taken out alone.
 */
#include "places.h"

#include <string.h>

#include "header.h"
#include "line.h"

static size_t boundary_line(const struct parts *, size_t at, const char *boundary);

struct part
places_message(const struct parts *parts)
{
	static char nothing[1];

	return (struct part){ .index = PART_NONE,
		.parent = PART_NONE,
		.path = "0",
		.leaf = true,
		.type = nothing,
		.place = parts->root };
}

const struct part *
places_leaf_around(const struct parts *parts, size_t begin, size_t end)
{
	for (size_t i = 0; i < parts->n; i++) {
		const struct part_place *place = &parts->at[i]->place;

		if (!parts->at[i]->leaf || parts->at[i]->inside || !place->whole_content)
			continue;
		if (begin >= place->header_begin &&
		    end <= place->content_end +
			    header_line_end(parts->bytes, parts->size, place->content_end))
			return parts->at[i];
	}
	return NULL;
}

/* Containers come before what is in them. */
const struct part *
places_container_around(const struct parts *parts, size_t begin, size_t end)
{
	const struct part *best = NULL;
	struct part_place place;

	for (size_t i = 0; i < parts->n; i++) {
		const struct part *part = parts->at[i];

		if (!part->leaf && !part->inside && places_whole(parts, part, &place) &&
		    begin >= place.header_begin && end <= place.content_end)
			best = part;
	}
	return best;
}

bool
places_whole(const struct parts *parts, const struct part *container, struct part_place *place)
{
	const struct part *around = container;
	size_t at = container->place.content_begin, end;

	*place = container->place;
	if (place->header_begin == parts->root.header_begin) {
		*place = parts->root;
		return true;
	}
	do
		around = part_parent(parts, around);
	while (around != NULL && around->boundary == NULL);
	if (around == NULL)
		return false;
	for (size_t i = container->index + 1; i < parts->n; i++) {
		const struct part *leaf = parts->at[i];

		if (!part_is_below(parts, leaf, container->index))
			break;
		if (leaf->leaf && !leaf->inside && leaf->place.content_end > at)
			at = leaf->place.content_end;
	}
	end = boundary_line(parts, at, around->boundary);
	if (end == parts->size)
		return false;
	place->content_end = at + line_text(parts->bytes + at, end - at);
	place->whole_content = true;
	return true;
}

/* The first line from at on that begins like a boundary; size if there is none. */
static size_t
boundary_line(const struct parts *parts, size_t at, const char *boundary)
{
	size_t len = strlen(boundary);

	while (at < parts->size) {
		const char *line = parts->bytes + at;
		bool begins = at == 0 || line[-1] == '\n';

		if (begins && parts->size - at >= len + 2 && memcmp(line, "--", 2) == 0 &&
		    memcmp(line + 2, boundary, len) == 0)
			return at;
		at += line_next(line, parts->size - at);
	}
	return parts->size;
}

bool
places_removable(const struct parts *parts, const struct part *part, struct part *removable)
{
	for (; part != NULL; part = part_parent(parts, part)) {
		if (part->inside || part->place.message_header)
			continue;
		*removable = *part;
		if (part->leaf ? part->place.whole_content
			       : places_whole(parts, part, &removable->place))
			return true;
	}
	return false;
}

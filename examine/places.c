/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * places.c - where the parts of a message stand, and which one a stretch of
 * bytes belongs to.
 *
 * GMime tells where a leaf begins and ends, but of a container only where it
 * begins; its end is looked for here, so that it can be taken out alone.
 * Kept as well is what could be made of a doubtful part (canonical.c).
 *
 * Memory that runs out ends the process; the front copes with that.
 */
#include "places.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "findings.h"
#include "header.h"
#include "line.h"
#include "canonical.h"

static const char *boundary_at(const struct places *, const char *path);
static size_t boundary_line(const struct places *, size_t at, const char *boundary);

void
places_free(struct places *p)
{
	for (size_t i = 0; i < p->n_leaves; i++)
		canonical_free(p->leaves[i].plain);
	for (size_t i = 0; i < p->n_containers; i++) {
		canonical_free(p->containers[i].plain);
		free(p->containers[i].boundary);
	}
	free(p->leaves);
	free(p->containers);
}

void
places_add_leaf(struct places *p, const struct part *part, const char *content, size_t len,
    bool doubtful, bool attachment, bool want_plain)
{
	struct leaf *leaf;

	p->leaves = reallocarray(p->leaves, p->n_leaves + 1, sizeof(*p->leaves));
	if (p->leaves == NULL)
		err(EX_OSERR, "places");
	leaf = &p->leaves[p->n_leaves++];
	*leaf = (struct leaf){
		.place = part->place, .len = len, .doubtful = doubtful, .attachment = attachment
	};
	strlcpy(leaf->path, part->path, sizeof(leaf->path));
	if (!want_plain || !part->place.whole_content ||
	    len > CANONICAL_CONTENT_MAX - p->plain_bytes)
		return;
	leaf->plain = canonical_tell(p->bytes, part);
	if (leaf->plain != NULL) {
		canonical_take_content(leaf->plain, p->bytes, part, content, len);
		p->plain_bytes += len;
	}
}

void
places_add_container(struct places *p, const struct part *part, bool doubtful)
{
	struct container *c;

	p->containers = reallocarray(p->containers, p->n_containers + 1, sizeof(*c));
	if (p->containers == NULL)
		err(EX_OSERR, "places");
	c = &p->containers[p->n_containers++];
	*c = (struct container){ .place = part->place };
	strlcpy(c->path, part->path, sizeof(c->path));
	c->boundary = canonical_boundary(p->bytes, &part->place);
	if (doubtful && c->boundary != NULL)
		c->plain = canonical_tell(p->bytes, part);
}

const struct leaf *
places_leaf_around(const struct places *p, size_t begin, size_t end)
{
	for (size_t i = 0; i < p->n_leaves; i++) {
		const struct part_place *place = &p->leaves[i].place;
		size_t line_end = header_line_end(p->bytes, p->size, place->content_end);

		if (place->whole_content && begin >= place->header_begin &&
		    end <= place->content_end + line_end)
			return &p->leaves[i];
	}
	return NULL;
}

struct part
places_part_of(const struct places *p, const struct leaf *leaf)
{
	struct part part = { .path = "0", .leaf = true, .type = "", .place = *p->root };

	if (leaf != NULL) {
		strlcpy(part.path, leaf->path, sizeof(part.path));
		part.place = leaf->place;
	}
	return part;
}

const struct container *
places_container_around(const struct places *p, size_t begin, size_t end)
{
	const struct container *best = NULL;

	for (size_t i = 0; i < p->n_containers; i++) {
		const struct container *c = &p->containers[i];
		struct part part;

		if (places_container_part(p, c, &part) && begin >= part.place.header_begin &&
		    end <= part.place.content_end &&
		    (best == NULL || strlen(c->path) >= strlen(best->path)))
			best = c;
	}
	return best;
}

bool
places_container_part(const struct places *p, const struct container *c, struct part *part)
{
	const char *boundary = NULL;
	char path[PART_PATH_MAX], below[PART_PATH_MAX];
	size_t at = c->place.content_begin, end;

	*part = (struct part){ .type = "", .place = c->place };
	strlcpy(part->path, c->path, sizeof(part->path));
	if (c->place.header_begin == p->root->header_begin) {
		part->place = *p->root;
		return true;
	}
	strlcpy(path, c->path, sizeof(path));
	while (boundary == NULL && places_path_up(path))
		boundary = boundary_at(p, path);
	if (boundary == NULL)
		return false;
	findings_below(c->path, below);
	for (size_t i = 0; i < p->n_leaves; i++) {
		if (strncmp(p->leaves[i].path, below, strlen(below)) == 0 &&
		    p->leaves[i].place.content_end > at)
			at = p->leaves[i].place.content_end;
	}
	end = boundary_line(p, at, boundary);
	if (end == p->size)
		return false;
	if (end > at && p->bytes[end - 1] == '\n')
		end--;
	if (end > at && p->bytes[end - 1] == '\r')
		end--;
	part->place.content_end = end;
	part->place.whole_content = true;
	return true;
}

bool
places_path_up(char *path)
{
	char *dot = strrchr(path, '.');

	if (path[0] == '\0')
		return false;
	*(dot == NULL ? path : dot) = '\0';
	return true;
}

/* The boundary between the parts of what is at path, or of the message in it. */
static const char *
boundary_at(const struct places *p, const char *path)
{
	char whole[PART_PATH_MAX + 2];

	snprintf(whole, sizeof(whole), "%s%s0", path, path[0] == '\0' ? "" : ".");
	for (size_t i = 0; i < p->n_containers; i++) {
		const struct container *c = &p->containers[i];

		if (c->boundary != NULL &&
		    (strcmp(c->path, path) == 0 || strcmp(c->path, whole) == 0))
			return c->boundary;
	}
	return NULL;
}

/* The first line from at on that begins like a boundary; size if there is none. */
static size_t
boundary_line(const struct places *p, size_t at, const char *boundary)
{
	size_t len = strlen(boundary);

	while (at < p->size) {
		const char *line = p->bytes + at;
		bool begins = at == 0 || line[-1] == '\n';

		if (begins && p->size - at >= len + 2 && memcmp(line, "--", 2) == 0 &&
		    memcmp(line + 2, boundary, len) == 0)
			return at;
		at += line_next(line, p->size - at);
	}
	return p->size;
}

bool
places_removable(const struct places *p, const char *at, struct part *part)
{
	char path[PART_PATH_MAX];

	strlcpy(path, at, sizeof(path));
	do {
		for (size_t i = 0; i < p->n_leaves; i++) {
			const struct leaf *leaf = &p->leaves[i];

			if (strcmp(leaf->path, path) == 0 && leaf->place.whole_content &&
			    !leaf->place.message_header) {
				*part = places_part_of(p, leaf);
				return true;
			}
		}
		for (size_t i = 0; i < p->n_containers; i++) {
			const struct container *c = &p->containers[i];

			if (strcmp(c->path, path) == 0 && !c->place.message_header &&
			    places_container_part(p, c, part))
				return true;
		}
	} while (places_path_up(path) && path[0] != '\0');
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.c - the parts of a message as they stand in each other.
 *
 * The records are those of the walk (part.h), containers in front of what is in
 * them; nothing is kept here.
 */
#include "tree.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

static bool has_id(const struct parts *, const struct part *, const char *id);

size_t
tree_child(const struct parts *parts, size_t parent, size_t after)
{
	for (size_t i = after == PART_NONE ? parent + 1 : after + 1; i < parts->n; i++) {
		if (parts->at[i]->parent == parent && !parts->at[i]->inside)
			return i;
		if (!tree_is_within(parts, i, parent))
			break;
	}
	return PART_NONE;
}

bool
tree_is_within(const struct parts *parts, size_t i, size_t around)
{
	while (i != PART_NONE && i != around)
		i = parts->at[i]->parent;
	return i == around && i != PART_NONE;
}

bool
tree_is(const struct part *part, const char *subtype)
{
	return !part->leaf && strncmp(part->type, "multipart/", 10) == 0 &&
	    strcmp(part->type + 10, subtype) == 0;
}

bool
tree_is_message(const struct part *part)
{
	return !part->leaf && strncmp(part->type, "multipart/", 10) != 0;
}

bool
tree_is_calendar(const struct part *part)
{
	return strcmp(part->type, "text/calendar") == 0 ||
	    strcmp(part->type, "application/ics") == 0;
}

bool
tree_is_picture(const struct part *part)
{
	static const char *const endings[] = { ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp",
		".svg", ".tif", ".tiff", ".heic" };
	const char *ending = part->n_names == 0 ? NULL : strrchr(part->names[0], '.');

	if (!part->leaf || strncmp(part->type, "image/", 6) == 0)
		return part->leaf;
	for (size_t i = 0; strcmp(part->type, "application/octet-stream") == 0 && ending != NULL &&
	     i < sizeof(endings) / sizeof(endings[0]);
	     i++) {
		if (strcasecmp(ending, endings[i]) == 0)
			return true;
	}
	return false;
}

size_t
tree_root(const struct parts *parts, size_t related)
{
	struct header_params *params = malloc(sizeof(*params));
	struct header_field field;
	size_t root = tree_child(parts, related, PART_NONE);
	const struct header_param *start;

	if (params == NULL)
		err(EX_OSERR, "tree");
	if (tree_type(parts, parts->at[related], &field, params)) {
		start = tree_param(parts, params, "start");
		for (size_t c = root; start != NULL && c != PART_NONE;
		     c = tree_child(parts, related, c)) {
			if (!has_id(parts, parts->at[c], start->value))
				continue;
			root = c;
			break;
		}
		header_params_free(params);
	}
	free(params);
	return root;
}

static bool
has_id(const struct parts *parts, const struct part *part, const char *id)
{
	struct header_field field;
	size_t at = part->place.header_begin;

	while (header_next(parts->bytes, part->place.header_end, &at, &field)) {
		if (header_is(parts->bytes, &field, "Content-ID") &&
		    memmem(parts->bytes + field.value_begin, field.value_end - field.value_begin,
			id, strlen(id)) != NULL)
			return true;
	}
	return false;
}

bool
tree_type(const struct parts *parts, const struct part *part, struct header_field *found,
    struct header_params *params)
{
	struct header_field field;
	size_t at = part->place.header_begin;
	unsigned int n = 0;

	while (header_next(parts->bytes, part->place.header_end, &at, &field)) {
		if (header_is(parts->bytes, &field, "Content-Type") && n++ == 0)
			*found = field;
	}
	if (n != 1)
		return false;
	header_params_parse(parts->bytes, found, params);
	return true;
}

const struct header_param *
tree_param(const struct parts *parts, const struct header_params *params, const char *name)
{
	for (size_t i = 0; i < params->n; i++) {
		const struct header_param *p = &params->params[i];

		if (p->name_end - p->name_begin == strlen(name) &&
		    strncasecmp(parts->bytes + p->name_begin, name, strlen(name)) == 0)
			return p;
	}
	return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loose.h - headers as programs read them that are no parsers: what a line is
 * taken for, and which names and boundaries somebody gets out of it.
 */
#ifndef LOOSE_H
#define LOOSE_H

#include <stdbool.h>
#include <stddef.h>

enum loose_field { LOOSE_NONE, LOOSE_TYPE, LOOSE_DISPOSITION, LOOSE_ENCODING };

/*
 * What some program takes a line for. Before the name there may be whitespace and
 * bytes that no name has; between name and colon a comment, controls, anything
 * but a letter, a digit or a "-".
 */
enum loose_field loose_field(const char *line, size_t len);

/*
 * Does it go on with the field above it to some: it is none of these, and begins with
 * whitespace, or its first line has no colon, or a "=" in front of it? len > 0.
 */
bool loose_goes_on(const char *line, size_t len);

/*
 * Is it a field of these to some, and not to the letter: another byte than the
 * colon behind the name, something in front of it, or not at the beginning of a
 * line but behind a CR alone?
 */
bool loose_is_odd(const char *line, size_t len);

/*
 * Call fn for each file name that somebody reads in a header block, whatever stands
 * around the parameter's name, wherever the value ends. Bounded in number.
 */
void loose_names(const char *bytes, size_t begin, size_t end,
    void (*fn)(void *ctx, const char *name), void *ctx);

/* How many parameters with a name somebody sees in a value. */
size_t loose_params(const char *bytes, size_t begin, size_t end);

#define LOOSE_BOUNDARIES_MAX 50

/* A boundary in the bytes, not NUL-terminated. */
struct loose_boundary {
	const char *text;
	size_t len;
};

/* Every one that any "boundary=" in the bytes gives, each once; how many. */
size_t loose_boundaries(const char *bytes, size_t size,
    struct loose_boundary found[LOOSE_BOUNDARIES_MAX]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - the parts of a message as they stand in each other: what is raw, not
 * what was found inside a leaf.
 */
#ifndef TREE_H
#define TREE_H

#ifdef TOWER_FRONT
#error "tree.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>

#include "header.h"
#include "part.h"

/* The first child, if after is PART_NONE, or the next one; PART_NONE if there is none. */
size_t tree_child(const struct parts *, size_t parent, size_t after);

/* Is it that part, or in it? PART_NONE is in nothing. */
bool tree_is_within(const struct parts *, size_t, size_t around);

/* Is it a multipart of that subtype? type: "mixed". */
bool tree_is(const struct part *, const char *subtype);

/* Is it an attached message that was walked into? Its parts follow. */
bool tree_is_message(const struct part *);

bool tree_is_calendar(const struct part *);

/* By its type; of what has none to speak of, by its name. */
bool tree_is_picture(const struct part *);

/*
 * What is shown of a multipart/related, RFC 2387 3.2: the part whose Content-ID its
 * parameter start names, or the first; PART_NONE = it has no parts.
 */
size_t tree_root(const struct parts *, size_t related);

/*
 * The Content-Type field of a part's header, and its parameters; false if there is
 * none, or more than one. Free with header_params_free if true.
 */
bool tree_type(const struct parts *, const struct part *, struct header_field *,
    struct header_params *);

/* The value of a parameter as it stands there, unquoted; NULL = there is none. */
const struct header_param *tree_param(const struct parts *, const struct header_params *,
    const char *name);

#endif

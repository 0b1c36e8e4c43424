/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_walk.h - the MIME tree as GMime reads it, one part after the other,
 * each with its place in the raw message (part.h).
 */
#ifndef MIME_WALK_H
#define MIME_WALK_H

#ifdef TOWER_FRONT
#error "mime_walk.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "part.h"

/*
 * Called for each part, containers before what is in them. content is a leaf's
 * decoded content, good during the call only; the part lives as long as the
 * parts do. Return false to end the walk.
 */
typedef bool mime_visit(void *ctx, const struct part *, const char *content, size_t len);

/* Start GMime; mime_walk does, a process that forks many walkers may do it once. */
void mime_walk_start(void);

/*
 * parts->ahead, if there is one, gets what large leaves side by side in a multipart hold,
 * before the first of them is visited: ctx is the visit's. It is for who has others begin
 * with it; the visits come as they do without. Texts are not among it, nor is what is
 * found inside a leaf.
 *
 * Walk the message for which parts was begun (part_begin), and record each part
 * in it. A message that GMime can't parse is one leaf without header or type.
 * A leading mbox "From " line is passed over. Returns false if a visit did.
 */
bool mime_walk(struct parts *, const struct conf *, mime_visit *visit, void *ctx);

/* A header's text with its RFC 2047 words decoded to UTF-8; malloc'd. */
char *mime_walk_words(const char *text);

/* Length of a leading mbox "From " line, 0 if there is none. */
size_t mime_walk_from_line(const char *bytes, size_t size);

#endif

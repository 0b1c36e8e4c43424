/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.h - what an examination saw and did, told to a human or a program.
 *
 * The answer to "why was my mail changed?". Each function takes a NULL, which
 * stands for "nobody asked", and does nothing then.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <stddef.h>

#include "doubt.h"
#include "views.h"
#include "mime_walk.h"
#include "report.h"
#include "request.h"
#include "scan.h"

struct explain;

/* NULL if the form is EXPLAIN_NONE. The bytes must outlive it. */
struct explain *explain_begin(enum explain_form, const char *bytes, size_t size);

/* A part of the tree; content as in mime_visit. */
void explain_part(struct explain *, const struct part *, const char *content, size_t len);

/*
 * An object was scanned: "part", "skeleton" or "mail"; path is the part's, ""
 * for the others.
 */
void explain_scan(struct explain *, const char *object, const char *path, const char *content,
    size_t len, const struct scan_result *);

/* Why others may read the message differently; NULL if it reads the same to everyone. */
void explain_irregular(struct explain *, enum doubt);

/* Names in a stretch that may be a part to somebody. */
void explain_region(struct explain *, const struct region *);

/*
 * A view, held against the part at path; no result: its bytes were seen before.
 * joined: it was scanned as one object with others.
 */
void explain_view(struct explain *, const struct view *, const char *path,
    const struct scan_result *, bool joined);

/* So many views were not looked at: why, a constant phrase. */
void explain_skipped(struct explain *, const char *why, size_t views);

/* A multipart changed because something in it was removed. */
void explain_around(struct explain *, const char *path, const char *reason);

/* The result was examined again: what was left in it, NULL = nothing. */
void explain_again(struct explain *, const char *left);

/* So many objects the scanner was handed, in all looks. */
void explain_objects(struct explain *, unsigned long n);

/*
 * The whole text, with the findings and edits of the report: printable ASCII
 * and newlines, at most REPORT_MAX_EXPLANATION bytes; malloc'd. Frees the
 * explanation. NULL for NULL.
 */
char *explain_end(struct explain *, const struct report *);

#endif

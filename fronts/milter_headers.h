/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter_headers.h - from two headers to the changes that a milter may ask for.
 */
#ifndef MILTER_HEADERS_H
#define MILTER_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

enum header_change {
	HEADER_REPLACE, /* give the nth field of that name another value */
	HEADER_DELETE, /* the nth field of that name */
	HEADER_INSERT /* a field, in front of the one at position */
};

/*
 * Called with each change, the last one first, so that neither nth (from 1, fields
 * of that name in the old header) nor position (from 0, all fields of it) depends
 * on what was done before. name and value are good during the call only; value has
 * what stands behind the colon, with LF for line endings inside. False ends it.
 */
typedef bool header_change_fn(void *ctx, enum header_change, const char *name, int nth,
    int position, const char *value);

/*
 * What makes new_bytes of old_bytes. Both begin with a header of fields that end
 * in CRLF, which ends at an empty line or at the end. Returns false if fn did, or
 * if memory runs out or a header has more than MILTER_FIELDS_MAX fields.
 */
#define MILTER_FIELDS_MAX 20000
bool milter_headers_diff(const char *old_bytes, size_t old_len, const char *new_bytes,
    size_t new_len, header_change_fn *fn, void *ctx);

/* Where the body begins: behind the empty line, or len. */
size_t milter_headers_body(const char *bytes, size_t len);

#endif

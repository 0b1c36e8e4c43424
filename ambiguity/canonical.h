/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * canonical.h - one canonical form of a part that mail programs read in different
 * ways: a header and an encoding that leave no choice.
 */
#ifndef CANONICAL_H
#define CANONICAL_H

#include <stdbool.h>
#include <stddef.h>

#include "defang.h"
#include "mime_decode.h"
#include "mime_walk.h"

#define CANONICAL_WORD_MAX 100
/* Contents of one message that are encoded anew, bytes in all: a report must hold them. */
#define CANONICAL_CONTENT_MAX (5u << 20)

#define CANONICAL_WAYS_MAX 4

/* What the readings of a part agree on. Free with canonical_free. */
struct canonical {
	char type[CANONICAL_WORD_MAX]; /* "application/pdf" */
	char *params; /* of the type, as they are written: "; charset=\"utf-8\"" */
	char *name; /* as it came; "" = none */
	const char *disposition; /* "inline", "attachment" or NULL */
	const char *encoding; /* kept if the content is: "8bit"; NULL = none */
	bool quoted; /* the content is quoted-printable */
	enum decode_way ways[CANONICAL_WAYS_MAX]; /* that its header names, each once */
	size_t n_ways;
	bool untyped; /* of an encoding that nobody knows: bytes, whatever they are */
	char *content; /* decoded; NULL = it stays as it stands */
	size_t len;
};

/*
 * Read a part's header. NULL if its type or its name can't be told, or for a
 * multipart its boundary: what GMime makes of it and what stands there must
 * agree. Else malloc'd, without content.
 */
struct canonical *canonical_tell(const char *bytes, const struct part *);
void canonical_free(struct canonical *);

/*
 * Take a copy of a part's content: what GMime decoded, or what a view did.
 * Where line endings of the message are in it they become CRLF (RFC 2046 4.1.1), so
 * that the result does not depend on them. Content in an encoding that nobody
 * knows loses its type (RFC 2045 6.4). Of two encodings in the header it is the one
 * in which the content is what its type says, the first of them if both are: that
 * is what most programs go by. False if none is.
 */
bool canonical_take_content(struct canonical *, const char *bytes, const struct part *,
    const char *content, size_t len);
void canonical_take_view(struct canonical *, const char *content, size_t len);

/*
 * The edits: every Content-Type, Content-Disposition and
 * Content-Transfer-Encoding is struck out, in whatever form some reader sees
 * one, and so is each line that is no field; new ones stand in front of the
 * others, and the content is encoded in base64. defanged: with that behind the
 * name, and without the type.
 */
void canonical_edit(const struct defang *, const struct part_place *, const struct canonical *,
    const char *name, bool defanged);

#endif

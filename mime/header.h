/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * header.h - header fields and their parameters as byte ranges of the raw
 * message. GMime tells what a header means; this tells where it stands.
 */
#ifndef HEADER_H
#define HEADER_H

#include <stdbool.h>
#include <stddef.h>

/* One field with its folded lines. All offsets are into the same buffer. */
struct header_field {
	size_t begin, end; /* the whole field with its last line ending */
	size_t name_len; /* from begin; 0 = a line that is no field */
	size_t value_begin; /* after the colon */
	size_t value_end; /* before the last line ending */
};

/*
 * The field at *at, which moves behind it. False at the end of the block: an
 * empty line, or end.
 */
bool header_next(const char *bytes, size_t end, size_t *at, struct header_field *);

/* Is it called so? ASCII case does not matter. */
bool header_is(const char *bytes, const struct header_field *, const char *name);
bool header_begins(const char *bytes, const struct header_field *, const char *prefix);

/*
 * Where the block that starts at begin ends: the offset of the empty line, or
 * of end.
 */
size_t header_block_end(const char *bytes, size_t begin, size_t end);

/* Length of the line ending at at: 2, 1 or 0. */
size_t header_line_end(const char *bytes, size_t end, size_t at);

#define HEADER_MAX_PARAMS 256

/* One parameter of a Content-Type or Content-Disposition value. */
struct header_param {
	size_t begin; /* the semicolon in front of it */
	size_t name_begin, name_end;
	size_t end; /* behind the value */
	bool quoted;
	char *value; /* unquoted, not decoded; NUL bytes became \x01 */
};

struct header_params {
	bool regular; /* it follows RFC 2045 5.1 to the letter, so every reader sees this */
	size_t main_begin, main_end; /* "text/plain", "attachment"; may be empty */
	struct header_param params[HEADER_MAX_PARAMS];
	size_t n;
};

/*
 * Take a value apart, or add another field's parameters to those that are there
 * already. Free with header_params_free.
 */
void header_params_add(const char *bytes, const struct header_field *, struct header_params *);
void header_params_parse(const char *bytes, const struct header_field *, struct header_params *);
void header_params_free(struct header_params *);

/*
 * Does it carry a file name: "name" or "filename", in Content-Type or
 * Content-Disposition, plain or with an RFC 2231 tail ("filename*0*")?
 */
bool header_param_is_name(const char *bytes, const struct header_param *);

/*
 * The values of all name parameters: each as it stands (with RFC 2231
 * %-escapes also undone), and the RFC 2231 continuations of each kind put
 * together in the order of their numbers. Calls fn for each candidate.
 */
void header_params_names(const char *bytes, const struct header_params *,
    void (*fn)(void *ctx, const char *name), void *ctx);

/* A value as it stands, with %-escapes undone (RFC 2231 4), and each up to its first NUL. */
void header_value_forms(const char *value, void (*fn)(void *ctx, const char *name), void *ctx);

/* The boundary in a header block that GMime goes by, the last; malloc'd, NULL if there is none. */
char *header_boundary(const char *bytes, size_t begin, size_t end);

/*
 * A text with its RFC 2047 encoded words replaced by the printable ASCII bytes
 * that they hold, charset or not; malloc'd. Of "=?utf-16?B?AGUAeABl?=" that
 * leaves "exe". To some the first NUL in a word is the end of all (to_nul).
 */
char *header_words_ascii(const char *text, bool to_nul);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_decode.h - transfer encodings undone in the ways in which mail readers
 * differ when what they get is broken.
 */
#ifndef MIME_DECODE_H
#define MIME_DECODE_H

#include <stdbool.h>
#include <stddef.h>

/* What to do with what RFC 2045 does not foresee. */
enum decode_way {
	DECODE_AS_IS, /* nothing is undone */
	DECODE_BASE64, /* RFC 2045 6.8: pass over all that is no digit, end at the first "=" or footer */
	DECODE_BASE64_ON, /* the same, but with no end: begin a new group of four behind each "=" */
	/* All below take the digits of RFC 4648 5 as well. */
	DECODE_BASE64_SKIP, /* pass over all that is no digit, "=" too */
	DECODE_BASE64_STOP, /* the same, but end at the first "=" */
	DECODE_BASE64_RESTART, /* begin a new group of four behind each "=" */
	DECODE_BASE64_LINES, /* begin a new group of four on each line */
	DECODE_BASE64_WHOLE_GROUPS, /* the same, and drop what is no whole group */
	DECODE_BASE64_CLEAN_LINES, /* pass over lines with anything but digits and "=" */
	DECODE_BASE64_EQUALS, /* "=" counts as a digit, wherever it stands */
	DECODE_BASE64_COUNT, /* what is no digit counts as one, but for blanks and "=" */
	DECODE_QP_STRICT, /* what is no escape stands for itself */
	DECODE_QP_LENIENT, /* a "=" that is no escape is left out, and blanks at line endings */
	DECODE_QP_BROKEN, /* "=" swallows two bytes, hex or not */
	DECODE_QP_SOFT, /* what is no escape stands for itself, but "=" and a blank or control end the line */
	DECODE_UU, /* from a "begin" line, or from the start */
	DECODE_UU_ANY, /* the same; each line by its length byte, whatever else is in it */
	DECODE_XX, /* the same with xxencode's digits */
	DECODE_UU_BASE64, /* from a "begin-base64" line */
	DECODE_YENC, /* from a "=ybegin" line */
	DECODE_BINHEX, /* data fork of BinHex 4.0 */
	DECODE_WAYS
};

/* What a way of decoding takes its input for. */
enum decode_kind { DECODE_KIND_TEXT, DECODE_KIND_BASE64, DECODE_KIND_QP, DECODE_KIND_FILE };

/* A label to show, "base64 restart"; nothing is ever decided by it. */
const char *decode_name(enum decode_way);
enum decode_kind decode_kind_of(enum decode_way);

/*
 * Decode len bytes into a malloc'd buffer; NULL if this way does not apply
 * (no "begin" line, say) or gives nothing. Never larger than the input, but
 * for uuencode and its like, which may leave out what is zero (twice the
 * input at most), and for BinHex, whose runs are bounded by max.
 */
char *decode_bytes(enum decode_way, const char *in, size_t len, size_t max, size_t *out_len);

/*
 * How many bytes are in base64 that all ways of decoding agree about: whole groups of four
 * on each line, and padding at the end alone. 0 = there is something else in it.
 */
size_t decode_base64_plain(const char *in, size_t len);

/* The name that BinHex 4.0 has in front of its data, malloc'd; NULL if there is none. */
char *decode_binhex_name(const char *in, size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doubt.h - why programs may read a message differently
 *
 * Each reason has a code, which is an interface and stays (spawnscan(8), JSON), and a
 * phrase for people, which may get better.
 */
#ifndef DOUBT_H
#define DOUBT_H

/* NAME, code, phrase. */
#define DOUBTS(D) \
	D(LIMIT, "limit", "limit") \
	D(ELSEWHERE, "content-elsewhere", "content elsewhere") \
	D(NO_PLACE, "part-without-place", "part without a place") \
	D(EMPTY_MULTIPART, "multipart-without-parts", "multipart without parts") \
	D(ENCODED_CONTAINER, "encoded-container", "encoded container") \
	D(DUPLICATE_FIELD, "duplicate-content-field", "duplicate Content field") \
	D(STRANGE_BOUNDARY, "boundary-without-multipart", "boundary of what is no multipart") \
	D(NUL, "nul-in-header", "NUL in a header") \
	D(CR, "stray-cr-in-header", "stray CR in a header") \
	D(FOLDED_FIRST, "folded-first-line", "folded first line") \
	D(NO_EMPTY_LINE, "no-empty-line", "no empty line behind a header") \
	D(DUPLICATE_DISPOSITION, "duplicate-disposition", "duplicate Content-Disposition") \
	D(NO_FIELD, "line-without-field", "line that is no field") \
	D(LIKE_A_FIELD, "like-a-content-field", "something like a Content field") \
	D(COLON, "whitespace-before-colon", "whitespace in front of a colon") \
	D(CONTRADICTING_ENCODING, "contradicting-encoding", \
	    "contradicting Content-Transfer-Encoding") \
	D(FOLD_LIKE_A_FIELD, "fold-like-a-field", "folded line that looks like a field") \
	D(NAME_BYTES, "odd-bytes-in-field-name", "bytes in a field's name that no name has") \
	D(FIELD_WITHIN, "field-within-line", "something like a field within a line") \
	D(PARAMETERS, "irregular-parameters", "irregular parameters") \
	D(BOUNDARY, "irregular-boundary", "irregular boundary") \
	D(CONTRADICTING_TYPE, "contradicting-type", "contradicting Content-Type") \
	D(ENCODED_MESSAGE, "encoded-message", "encoded message") \
	D(QP, "irregular-quoted-printable", "irregular quoted-printable") \
	D(SOFT_BREAK, "whitespace-after-soft-break", "whitespace behind a soft line break") \
	D(ENCODING, "unusual-encoding", "unusual Content-Transfer-Encoding") \
	D(UNPACKABLE, "unpackable-text", "something unpackable in plain text") \
	D(HEADER_WITHIN, "header-within-text", "header within a text") \
	D(BARE_MESSAGE, "message-without-header", "message without a header") \
	D(LATE_HEADER, "header-after-empty-line", "header behind an empty line") \
	D(BASE64_LINES, "base64-line-length", "base64 lines of odd length") \
	D(BASE64_WHITESPACE, "whitespace-in-base64", "whitespace in base64") \
	D(BASE64, "irregular-base64", "irregular base64") \
	D(BASE64_CUT, "base64-truncated", "base64 that is cut off") \
	D(MANY_MULTIPARTS, "many-multiparts", "many multiparts") \
	D(LIKE_A_BOUNDARY, "like-a-boundary", "line that begins like a boundary") \
	D(BOUNDARY_WITHIN, "boundary-within-line", "boundary in the middle of a line") \
	D(MULTIPART, "multipart-without-boundary", "multipart without boundary or parts") \
	D(EARLY_LINES, "lines-before-header", "lines in front of the header") \
	D(EARLY_EMPTY_LINE, "empty-line-before-header", "empty line in front of the header") \
	D(BOUNDARY_COUNT, "boundaries-do-not-match", "boundary lines and parts do not match") \
	D(OVERLAP, "overlapping-parts", "overlapping parts") \
	D(ALIKE, "boundaries-alike", "boundaries that look alike") \
	D(GAP_LONG, "long-text-outside", "much text outside of all parts") \
	D(GAP_BOUNDARY, "unknown-boundary-outside", "unknown boundary outside of all parts") \
	D(GAP_UNPACKABLE, "unpackable-outside", "something unpackable outside of all parts") \
	D(GAP_HEADER, "header-outside", "header outside of all parts") \
	D(GAP_ENCODED, "encoded-text-outside", "encoded text outside of all parts")

#define DOUBT_ENUM(name, code, phrase) DOUBT_##name,
enum doubt { DOUBT_NONE, DOUBTS(DOUBT_ENUM) DOUBT_COUNT };
#undef DOUBT_ENUM

/* Constants; NULL for DOUBT_NONE. */
const char *doubt_code(enum doubt);
const char *doubt_phrase(enum doubt);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sniff.h - what a content is, by its bytes.
 */
#ifndef SNIFF_H
#define SNIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "mime_decode.h"

/* A line that begins a file in a text, to programs that take files out of texts. */
enum sniff_marker {
	MARKER_NONE,
	MARKER_UU, /* "begin " or "begin\t": POSIX uuencode, xxencode */
	MARKER_UU_BASE64, /* "begin-base64" */
	MARKER_YENC, /* "=ybegin" */
	MARKER_YENC_PART, /* "=ypart", a line of one that goes on */
	MARKER_BINHEX /* RFC 1741, with its first line or without */
};

enum sniff_marker sniff_marker(const char *line, size_t len);

/* Is it text? By its beginning; in UTF-16 only with a mark. */
bool sniff_is_text(const char *, size_t len);

/* Would libclamav take it for HTML, and not look at it as it stands? */
bool sniff_is_html(const char *, size_t len);

/* Does one of its first lines begin a field that messages have? */
bool sniff_is_mail(const char *, size_t len);

/* Is its first line a field, or the one that begins a message in a mailbox file? */
bool sniff_begins_mail(const char *, size_t len);

/* Does its first line, a field, keep every reader of JavaScript from running any of it? */
bool sniff_is_no_script(const char *, size_t len);

/* A public key of OpenPGP in armour (RFC 9580 6.2), and nothing that means anything to a shell? */
bool sniff_is_key(const char *, size_t len);

/* To those who pass over whitespace and empty lines in front of a header. */
bool sniff_begins_header(const char *, size_t len);

/* A Windows executable? Text may begin so too. */
bool sniff_is_program(const char *, size_t len);

/* Does it begin like a program, an archive or a document that can hold programs? */
bool sniff_is_attachment(const char *, size_t len);

/*
 * Is it known by its first bytes, to any program: the above, other archives, images,
 * programs? Or may it be a file system or an archive that is known further on?
 */
bool sniff_has_magic(const char *, size_t len);

/* A picture, which is not an archive as well. */
bool sniff_is_picture(const char *, size_t len);

/*
 * How is something that was decoded encoded once more? DECODE_BASE64_SKIP if
 * nothing else is in it, DECODE_QP_LENIENT if it is full of escapes; else DECODE_AS_IS.
 */
enum decode_way sniff_encoding(const char *, size_t len);

#endif

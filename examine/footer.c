/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * footer.c - lines that a mailing list puts behind the base64 of an attachment.
 *
 * Some programs end at the first "=", or at such a line; others go on, and add the bytes that
 * its letters make. The base64 in front of them gives the same to all, since its lines are
 * whole groups of four. So what differs is a few bytes behind a document. Those of a PDF mean
 * something only if an object or a table of objects is in them, those of a zip archive only
 * if a header of its is. For any other kind of file nothing is said here.
 *
 * Limits: FOOTER_MAX bytes of footer.
 */
#include "footer.h"

#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "mime_decode.h"

#define FOOTER_MAX 4096
#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static bool is_document(const char *raw, size_t len);
static bool is_inert(const char *, size_t len);

bool
footer_is_inert(const struct examination *x, const struct part *part)
{
	const char *raw = x->parts.bytes + part->place.content_begin;
	size_t len = part->place.content_end - part->place.content_begin;
	size_t last = 0, footer = 0, tail;
	bool inert = part->encoded && !part->inside && part->place.whole_content, padded = false;

	while (footer < len && !padded) {
		size_t line = line_next(raw + footer, len - footer);

		if (decode_base64_plain(raw + footer, line) == 0)
			break;
		padded = memchr(raw + footer, '=', line) != NULL;
		last = footer;
		footer += line;
	}
	/* It has words. */
	if (!inert || footer == 0 || len - footer > FOOTER_MAX ||
	    memchr(raw + footer, ' ', len - footer) == NULL || !is_document(raw, footer))
		return false;
	/* Whatever was in front, the last line begins anew in each way. */
	tail = decode_base64_plain(raw + last, footer - last);
	for (int way = DECODE_BASE64; way < DECODE_QP_STRICT && inert; way++) {
		size_t n = 0;
		char *s = decode_bytes((enum decode_way)way, raw + last, len - last, len - last,
		    &n);

		inert = s == NULL || n < tail || is_inert(s + tail, n - tail);
		free(s);
	}
	return inert;
}

static bool
is_document(const char *raw, size_t len)
{
	size_t line = line_next(raw, len), n;
	char *begin = decode_bytes(DECODE_BASE64, raw, line, line, &n);
	bool is = begin != NULL && n >= 5 &&
	    (memcmp(begin, "%PDF-", 5) == 0 || memcmp(begin, "PK\3\4", 4) == 0);

	free(begin);
	return is;
}

static bool
is_inert(const char *s, size_t len)
{
	static const char *const words[] = { "PK", "obj", "xref", "%PDF", "trailer" };

	for (size_t i = 0; i < N_ELEMENTS(words); i++) {
		if (memmem(s, len, words[i], strlen(words[i])) != NULL)
			return false;
	}
	return true;
}

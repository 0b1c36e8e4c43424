/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_tnef.c - the names of what is in a TNEF stream.
 *
 * libclamav scans the contents but does not tell what they are called. A
 * stream is a signature, a key, and attributes: level (8 bits), id (16), type
 * (16), length (32), data, checksum (16), all little-endian. Names stand in
 * attAttachTitle and attAttachTransportFilename as strings, and in
 * attAttachment as the property PR_ATTACH_LONG_FILENAME, which is looked for by
 * its tag instead of taking all properties apart.
 *
 * Linear; input is hostile; a stream that is cut off gives what is there.
 */
#include "mime_tnef.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "le.h"

#define ATTRIBUTE_HEAD 9
#define ATT_TITLE 0x8010u
#define ATT_TRANSPORT 0x9001u
#define ATT_ATTACHMENT 0x9005u

static void give_name(const char *, size_t len, void (*fn)(void *, const char *), void *ctx);
static void give_properties(const char *, size_t len, void (*fn)(void *, const char *), void *ctx);

bool
tnef_is(const struct format_input *in)
{
	return in->len >= 6 && memcmp(in->bytes, "\x78\x9f\x3e\x22", 4) == 0;
}

void
tnef_names(const struct format_input *in, format_name *fn, void *ctx)
{
	const char *bytes = in->bytes;
	size_t len = in->len, at = 6;

	while (at <= len && len - at >= ATTRIBUTE_HEAD) {
		uint32_t id = le_get(bytes + at + 1, 2);
		size_t size = le_get(bytes + at + 5, 4), left;

		at += ATTRIBUTE_HEAD;
		left = size < len - at ? size : len - at;
		if (id == ATT_TITLE || id == ATT_TRANSPORT)
			give_name(bytes + at, left, fn, ctx);
		else if (id == ATT_ATTACHMENT)
			give_properties(bytes + at, left, fn, ctx);
		if (size > len - at || len - at - size < 2)
			return;
		at += size + 2;
	}
}

/* Zero bytes left out: the end of a string, or half of each character. */
static void
give_name(const char *s, size_t len, void (*fn)(void *, const char *), void *ctx)
{
	char *name = malloc(len + 1);
	size_t n = 0;

	if (name == NULL)
		err(EX_OSERR, "tnef");
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '\0')
			name[n++] = s[i];
	}
	name[n] = '\0';
	if (n > 0)
		fn(ctx, name);
	free(name);
}

/* PR_ATTACH_LONG_FILENAME 0x3707 as PT_STRING8 0x001e or PT_UNICODE 0x001f. */
static void
give_properties(const char *s, size_t len, void (*fn)(void *, const char *), void *ctx)
{
	for (size_t i = 0; i + 12 <= len; i++) {
		size_t size;

		if ((s[i] != 0x1e && s[i] != 0x1f) || memcmp(s + i + 1, "\0\x07\x37", 3) != 0)
			continue;
		size = le_get(s + i + 8, 4);
		if (size > len - i - 12)
			size = len - i - 12;
		give_name(s + i + 12, size, fn, ctx);
		i += 11 + size;
	}
}

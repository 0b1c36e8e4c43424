/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_tnef.c - the names and the files in a TNEF stream.
 *
 * libclamav scans the contents but does not tell what they are called, and does not
 * see the message that is attached to one ([MS-OXTNEF] 2.1.3.3.15): that is a TNEF stream
 * again, in the property PR_ATTACH_DATA_OBJ. A
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
#define ATT_RENDER 0x9002u /* begins an attachment */
#define ATT_DATA 0x800fu
#define NAMES_MAX 16

/* One attachment, as its attributes come. */
struct attachment {
	char *names[NAMES_MAX];
	size_t n_names;
	const char *data, *embedded;
	size_t data_len, embedded_len;
};

static void give_name(const char *, size_t len, void (*fn)(void *, const char *), void *ctx);
static void keep_name(void *ctx, const char *name);
static void find_embedded(struct attachment *, const char *, size_t len);
static void hand_over(struct packed *, struct attachment *);
static void add_copy(struct packed *, const struct attachment *, const char *, size_t len);
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

void
tnef_open(struct packed *p, const struct format_input *in)
{
	const char *bytes = in->bytes;
	size_t len = in->len, at = 6;
	struct attachment a = { .n_names = 0 };

	while (at <= len && len - at >= ATTRIBUTE_HEAD) {
		uint32_t id = le_get(bytes + at + 1, 2);
		size_t size = le_get(bytes + at + 5, 4), left;

		at += ATTRIBUTE_HEAD;
		left = size < len - at ? size : len - at;
		if (id == ATT_RENDER) {
			hand_over(p, &a);
		} else if (id == ATT_TITLE || id == ATT_TRANSPORT) {
			give_name(bytes + at, left, keep_name, &a);
		} else if (id == ATT_DATA) {
			if (a.data != NULL)
				add_copy(p, &a, a.data, a.data_len);
			a.data = bytes + at;
			a.data_len = left;
		} else if (id == ATT_ATTACHMENT) {
			give_properties(bytes + at, left, keep_name, &a);
			find_embedded(&a, bytes + at, left);
		}
		if (size > len - at || len - at - size < 2) {
			p->unopened = "winmail.dat";
			break;
		}
		at += size + 2;
	}
	hand_over(p, &a);
}

static void
keep_name(void *ctx, const char *name)
{
	struct attachment *a = ctx;

	if (a->n_names == NAMES_MAX)
		return;
	a->names[a->n_names] = strdup(name);
	if (a->names[a->n_names++] == NULL)
		err(EX_OSERR, "tnef");
}

/* PR_ATTACH_DATA_OBJ 0x3701 as PT_OBJECT: a count, a length, an interface's number, the stream. */
static void
find_embedded(struct attachment *a, const char *s, size_t len)
{
	const char *tag = memmem(s, len, "\x0d\0\x01\x37", 4), *stream;
	size_t left = tag == NULL ? 0 : len - (size_t)(tag - s);

	stream = tag == NULL ? NULL : memmem(tag, left, "\x78\x9f\x3e\x22", 4);
	if (stream == NULL)
		return;
	a->embedded = stream;
	a->embedded_len = len - (size_t)(stream - s);
}

static void
hand_over(struct packed *p, struct attachment *a)
{
	/* More than a sound one has: which of them a program goes by is not known. */
	if (a->n_names == NAMES_MAX)
		p->unopened = "winmail.dat";
	if (a->data != NULL)
		add_copy(p, a, a->data, a->data_len);
	if (a->embedded != NULL)
		add_copy(p, a, a->embedded, a->embedded_len);
	while (a->n_names > 0)
		free(a->names[--a->n_names]);
	*a = (struct attachment){ .n_names = 0 };
}

static void
add_copy(struct packed *p, const struct attachment *a, const char *s, size_t len)
{
	packed_add_copy(p, a->names, a->n_names, s, len);
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_document.c - files in RTF and OneNote; whether an OpenDocument is encrypted.
 *
 * RTF: the hexadecimal digits behind \objdata (RTF 1.9.1) are an OLE 1 object ([MS-OLEDS]
 * 2.2.5): a package, or a compound file. Control words, groups and whitespace between the
 * digits are passed over, and the bytes of \bin taken, as Word does. Whatever else is written
 * in digits (pictures, \themedata, \datastore) is handed over as bytes: alone if it begins as
 * an archive or a compound file, and the rest as one content.
 *
 * OneNote ([MS-ONESTORE] 2.6.13): an embedded file is a FileDataStoreObject, which is looked
 * for by its GUID. Its name is a string of its own; each string of UTF-16 that has its length
 * in front and looks like a file's name counts.
 *
 * OpenDocument 1.2 part 3 3.8.1: the manifest has an encryption-data element.
 *
 * Linear in the content; bounds are those of struct packed. Memory that runs out ends
 * the process.
 */
#include "mime_document.h"

#include <ctype.h>
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "hex.h"
#include "le.h"
#include "mime_cfb.h"
#include "mime_kind.h"
#include "mime_ole.h"

#define OBJECTS_MAX 1000
/* Digits in a row that are worth looking at. */
#define DIGITS_MIN 64
#define NAME_MAX_CHARS 260
#define STORE_GUID "\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac"
#define STORE_HEAD 36

static const char *object_data(const char *, const char *end, char *out, size_t *len);
static void open_digits(struct packed *, const struct format_input *);
static void put_digit(char *out, size_t *len, int *half, int digit);
static size_t take_digits(const char **, const char *end, char *out);
static const char *skip_control(const char *, const char *end, size_t *bin);
static void open_object(struct packed *, const char *, size_t len);
static bool add_copy(struct packed *, char *name, const char *, size_t len);
static char *string_before(const char *, size_t at, size_t len);

bool
document_is_rtf(const struct format_input *in)
{
	return in->len >= 5 && memcmp(in->bytes, "{\\rt", 4) == 0;
}

void
document_open_rtf(struct packed *p, const struct format_input *in)
{
	const char *at = in->bytes, *end = in->bytes + in->len;
	char *data = malloc(in->len + 1);
	size_t objects = 0, len;

	if (data == NULL)
		err(EX_OSERR, "document");
	while ((at = memmem(at, (size_t)(end - at), "\\objdata", 8)) != NULL) {
		at = object_data(at + 8, end, data, &len);
		open_object(p, data, len);
		if (++objects == OBJECTS_MAX) {
			p->too_big = true;
			break;
		}
	}
	free(data);
	open_digits(p, in);
}

static void
open_digits(struct packed *p, const struct format_input *in)
{
	const char *at = in->bytes, *end = in->bytes + in->len;
	char *out = malloc(in->len / 2 + 1);
	size_t len = 0;

	if (out == NULL)
		err(EX_OSERR, "document");
	while (at < end) {
		const char *begin = at;
		size_t n, bin;

		/* Words end in letters that are digits. */
		if (*at == '\\') {
			at = skip_control(at + 1, end, &bin) - bin;
			continue;
		}
		if (hex_value(*at) < 0) {
			at++;
			continue;
		}
		n = take_digits(&at, end, out + len);
		if ((size_t)(at - begin) < DIGITS_MIN || n < DIGITS_MIN / 2)
			continue;
		if (kind_of(out + len, n) == KIND_NONE && !cfb_is(out + len, n))
			len += n;
		else if (!add_copy(p, NULL, out + len, n))
			break;
	}
	if (len > 0)
		add_copy(p, NULL, out, len);
	free(out);
}

/* As many as follow each other, but for whitespace, as bytes. */
static size_t
take_digits(const char **at, const char *end, char *out)
{
	const char *s = *at;
	int half = -1;
	size_t n = 0;

	for (; s < end && (hex_value(*s) >= 0 || isspace((unsigned char)*s)); s++) {
		int digit = hex_value(*s);

		if (digit >= 0)
			put_digit(out, &n, &half, digit);
	}
	*at = s;
	return n;
}

/* Two make a byte; half is the first of them, -1 in front of it. */
static void
put_digit(char *out, size_t *len, int *half, int digit)
{
	if (*half >= 0)
		out[(*len)++] = (char)(*half << 4 | digit);
	*half = *half < 0 ? digit : -1;
}

/* The digits up to the end of the group, as bytes; returns where that is. */
static const char *
object_data(const char *s, const char *end, char *out, size_t *len)
{
	int depth = 0, half = -1;

	*len = 0;
	while (s < end && depth >= 0) {
		int digit = hex_value(*s);

		if (digit >= 0) {
			put_digit(out, len, &half, digit);
			s++;
		} else if (*s == '\\') {
			size_t bin;

			s = skip_control(s + 1, end, &bin);
			memcpy(out + *len, s - bin, bin);
			*len += bin;
		} else {
			depth += *s == '{' ? 1 : *s == '}' ? -1 : 0;
			s++;
		}
	}
	return s;
}

/* \word, \word-12, \'ab, \bin3 and as many bytes, which are the last that it skips. */
static const char *
skip_control(const char *s, const char *end, size_t *bin)
{
	const char *word = s;
	size_t n = 0;

	*bin = 0;
	if (s < end && *s == '\'')
		return end - s > 3 ? s + 3 : end;
	while (s < end && isalpha((unsigned char)*s))
		s++;
	if (s == word)
		return s < end ? s + 1 : end;
	if (s < end && *s == '-')
		s++;
	for (; s < end && isdigit((unsigned char)*s); s++)
		n = n < SIZE_MAX / 16 ? n * 10 + (size_t)(*s - '0') : n;
	if (s < end && *s == ' ')
		s++;
	if (end - word > 3 && strncmp(word, "bin", 3) == 0 && !isalpha((unsigned char)word[3]))
		*bin = n < (size_t)(end - s) ? n : (size_t)(end - s);
	return s + *bin;
}

/* OLE 1: version, 2, class, topic, item, length, data. */
static void
open_object(struct packed *p, const char *s, size_t len)
{
	const char *compound = memmem(s, len, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
	size_t at = 8, n = 0;
	bool package;

	if (compound != NULL)
		add_copy(p, NULL, compound, len - (size_t)(compound - s));
	if (len < 12)
		return;
	n = le_get(s + at, 4);
	package = n == 8 && len - at >= 12 && strncasecmp(s + at + 4, "Package", 8) == 0;
	for (int i = 0; i < 3; i++) {
		if (len - at < 4)
			return;
		n = le_get(s + at, 4);
		at += 4;
		if (n > len - at)
			return;
		at += n;
	}
	if (package && len - at >= 4)
		ole_package(p, s + at + 4, len - at - 4);
}

static bool
add_copy(struct packed *p, char *name, const char *s, size_t len)
{
	return packed_add_copy(p, &name, name == NULL ? 0 : 1, s, len);
}

bool
document_is_onenote(const struct format_input *in)
{
	/* A section, as it lies on a disk and as it is packed for the way. */
	static const char section[] = "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29"
				      "\x96\xd3";
	static const char packaged[] = "\x2f\xe9\x8d\x63\xd4\xa6\xc1\x4b\x9a\x36\xb3\xfc\x25\x11"
				       "\xa5\xb7";

	return in->len >= 64 &&
	    (memcmp(in->bytes, section, 16) == 0 || memcmp(in->bytes + 48, section, 16) == 0 ||
		memcmp(in->bytes, packaged, 16) == 0 || memcmp(in->bytes + 48, packaged, 16) == 0);
}

void
document_open_onenote(struct packed *p, const struct format_input *in)
{
	const char *at = in->bytes, *end = in->bytes + in->len;

	for (; (at = memmem(at, (size_t)(end - at), STORE_GUID, 16)) != NULL; at += 16) {
		uint64_t size;

		if (end - at < STORE_HEAD)
			break;
		size = le_get(at + 16, 4) | (uint64_t)le_get(at + 20, 4) << 32;
		if (size > (size_t)(end - at) - STORE_HEAD) {
			p->unopened = "OneNote section";
			size = (size_t)(end - at) - STORE_HEAD;
		}
		if (!add_copy(p, NULL, at + STORE_HEAD, (size_t)size))
			return;
	}
	for (size_t i = 0; i + 1 < in->len; i++) {
		char *name = in->bytes[i] == '.' && in->bytes[i + 1] == '\0'
		    ? string_before(in->bytes, i, in->len)
		    : NULL;

		if (name != NULL) {
			bool more = packed_add_member(p, &name, 1, NULL, 0, 0);

			free(name);
			if (!more)
				return;
		}
	}
}

/* The string around the dot at at, if its length stands in front of it; malloc'd. */
static char *
string_before(const char *s, size_t at, size_t len)
{
	size_t begin = at, end = at, n;
	char *name;

	while (begin >= 2 && s[begin - 1] == '\0' && s[begin - 2] >= ' ' &&
	    at - begin < 2 * NAME_MAX_CHARS)
		begin -= 2;
	while (end + 1 < len && s[end + 1] == '\0' && s[end] >= ' ' &&
	    end - at < 2 * NAME_MAX_CHARS)
		end += 2;
	n = end - begin;
	/* With a zero behind it or without one. */
	if (begin < 4 || (le_get(s + begin - 4, 4) != n && le_get(s + begin - 4, 4) != n + 2))
		return NULL;
	name = malloc(n / 2 + 1);
	if (name == NULL)
		err(EX_OSERR, "document");
	for (size_t i = 0; i < n / 2; i++)
		name[i] = s[begin + 2 * i];
	name[n / 2] = '\0';
	return name;
}

bool
document_is_manifest(const struct format_input *in)
{
	static const char name[] = "META-INF/manifest.xml";

	for (size_t i = 0; i < in->n_names; i++) {
		size_t len = strlen(in->names[i]);

		if (len >= sizeof(name) - 1 &&
		    strcmp(in->names[i] + len - (sizeof(name) - 1), name) == 0)
			return memmem(in->bytes, in->len, "encryption-data", 15) != NULL;
	}
	return false;
}

void
document_open_manifest(struct packed *p, const struct format_input *in)
{
	(void)in;
	p->sealed = "encrypted document";
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_zip.c - a ZIP archive that stands behind something else.
 *
 * A ZIP file is read from its end: there is a record (APPNOTE 4.3.16, 22 bytes
 * and a comment) that tells how long the directory in front of it is, and the
 * directory's entries (4.3.12) tell where their files are. So anything may stand
 * in front, and libclamav, which goes by a file's first bytes, sees only that.
 *
 * Offsets count from the archive's own beginning, or, in what was mended
 * (zip -A) or made so, from that of the whole. Both are tried.
 */
#include "mime_zip.h"

#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define END_SIZE 22
#define COMMENT_MAX 65535
#define ENTRY_SIZE 46

/* Where in the end record and in an entry. */
enum { END_DIRECTORY_SIZE = 12, END_DIRECTORY_AT = 16 };
enum { ENTRY_NAME_LEN = 28, ENTRY_EXTRA_LEN = 30, ENTRY_COMMENT_LEN = 32, ENTRY_FILE_AT = 42 };

struct zip {
	const char *bytes;
	size_t len;
	size_t end;		/* where the end record is; len = nowhere */
	size_t shift;		/* what stands in front, if offsets count from behind it */
};

static size_t last_record(const char *bytes, size_t len);
static bool begins_at(const struct zip *, size_t at, const char *mark);
static size_t directory_begin(const struct zip *);
static size_t next_entry(const struct zip *, size_t entry);
static size_t file_of(const struct zip *, size_t entry);
static char *cut_out(const struct zip *, size_t begin, size_t directory);
static uint32_t little(const char *, size_t n);
static void put_little(char *, size_t);

void
zip_open(struct packed *p, const char *content, size_t len, size_t *left)
{
	struct zip z = { content, len, last_record(content, len), 0 };
	size_t directory, begin = len, at;

	if (z.end == len)
		return;
	directory = directory_begin(&z);
	at = little(content + z.end + END_DIRECTORY_AT, 4);
	z.shift = directory > at ? directory - at : 0;
	for (size_t entry = directory; entry < z.end; entry = next_entry(&z, entry)) {
		size_t file = file_of(&z, entry);

		if (file < begin)
			begin = file;
	}
	/* What begins with it libclamav knows for what it is. */
	if (begin == 0 || begin >= directory)
		return;
	if (len - begin > *left) {
		p->too_big = true;
		return;
	}
	*left -= len - begin;
	packed_add(p, NULL, 0, cut_out(&z, begin, directory), len - begin);
}

/* Where the last end record is; len = there is none. */
static size_t
last_record(const char *bytes, size_t len)
{
	size_t lowest = len > END_SIZE + COMMENT_MAX ? len - END_SIZE - COMMENT_MAX : 0;
	size_t behind = len < END_SIZE ? 0 : len - END_SIZE + 1;
	const char *at;

	while (behind > lowest && (at = memrchr(bytes + lowest, 'P', behind - lowest)) != NULL) {
		behind = (size_t)(at - bytes);
		if (memcmp(at, "PK\5\6", 4) == 0)
			return behind;
	}
	return len;
}

static bool
begins_at(const struct zip *z, size_t at, const char *mark)
{
	return at <= z->len && z->len - at >= 4 && memcmp(z->bytes + at, mark, 4) == 0;
}

/* Where the directory in front of the end record begins; end = there is none. */
static size_t
directory_begin(const struct zip *z)
{
	size_t size = little(z->bytes + z->end + END_DIRECTORY_SIZE, 4);
	size_t at = little(z->bytes + z->end + END_DIRECTORY_AT, 4);

	if (size >= ENTRY_SIZE && size <= z->end && begins_at(z, z->end - size, "PK\1\2"))
		return z->end - size;
	return at + ENTRY_SIZE <= z->end && begins_at(z, at, "PK\1\2") ? at : z->end;
}

/* Where the entry behind this one begins; end = there is none. */
static size_t
next_entry(const struct zip *z, size_t entry)
{
	const char *s = z->bytes + entry;
	size_t skip = ENTRY_SIZE + little(s + ENTRY_NAME_LEN, 2) + little(s + ENTRY_EXTRA_LEN, 2) +
	    little(s + ENTRY_COMMENT_LEN, 2);

	if (skip > z->end - entry || z->end - entry - skip < ENTRY_SIZE ||
	    !begins_at(z, entry + skip, "PK\1\2"))
		return z->end;
	return entry + skip;
}

/* Where the file of an entry is; len = nowhere. */
static size_t
file_of(const struct zip *z, size_t entry)
{
	size_t at = little(z->bytes + entry + ENTRY_FILE_AT, 4);

	if (begins_at(z, at + z->shift, "PK\3\4"))
		return at + z->shift;
	return begins_at(z, at, "PK\3\4") ? at : z->len;
}

/* A copy from begin on, with offsets that count from there. */
static char *
cut_out(const struct zip *z, size_t begin, size_t directory)
{
	char *copy = malloc(z->len - begin);

	if (copy == NULL)
		err(EX_OSERR, "zip");
	memcpy(copy, z->bytes + begin, z->len - begin);
	put_little(copy + (z->end - begin) + END_DIRECTORY_AT, directory - begin);
	for (size_t entry = directory; entry < z->end; entry = next_entry(z, entry)) {
		size_t file = file_of(z, entry);

		if (file < z->len && entry >= begin)
			put_little(copy + (entry - begin) + ENTRY_FILE_AT, file - begin);
	}
	return copy;
}

/* The number in n bytes, the lowest first. */
static uint32_t
little(const char *s, size_t n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 8 | (unsigned char)s[n];
	return value;
}

static void
put_little(char *s, size_t value)
{
	for (int i = 0; i < 4; i++)
		s[i] = (char)(value >> 8 * i & 0xff);
}

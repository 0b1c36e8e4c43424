/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_member_names.c - names of members as other readers than libarchive see them.
 *
 * A zip archive names each member up to four times, a tar archive up to three times, and
 * programs differ about which they believe. All of them are told: each header is taken
 * wherever it stands, without the rest of the archive having to be sound. One that stands
 * in a member which is stored as it is was meant to be a name as well.
 *
 * Linear in the content. Memory that runs out ends the process.
 */
#include "mime_member_names.h"

#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "le.h"

#define LOCAL_HEAD 30
#define ENTRY_HEAD 46
#define UNICODE_PATH 0x7075
#define BLOCK 512

static void give(const char *, size_t len, format_name *, void *ctx);
static void give_headers(const struct format_input *, const char *sign, size_t head, size_t where,
    format_name *, void *ctx);
static void give_extra(const char *, size_t len, format_name *, void *ctx);

void
member_names_zip(const struct format_input *in, format_name *fn, void *ctx)
{
	give_headers(in, "PK\1\2", ENTRY_HEAD, 28, fn, ctx);
	give_headers(in, "PK\3\4", LOCAL_HEAD, 26, fn, ctx);
}

/* APPNOTE 4.3.7, 4.3.12: lengths of name and extra field stand at where, both behind the head. */
static void
give_headers(const struct format_input *in, const char *sign, size_t head, size_t where,
    format_name *fn, void *ctx)
{
	const char *end = in->bytes + in->len;

	for (const char *at = in->bytes; at < end; at += 4) {
		size_t left, name, extra;

		at = memmem(at, (size_t)(end - at), sign, 4);
		if (at == NULL || (size_t)(end - at) < head)
			return;
		left = (size_t)(end - at) - head;
		name = le_get(at + where, 2);
		extra = le_get(at + where + 2, 2);
		if (name > left)
			name = left;
		if (extra > left - name)
			extra = left - name;
		give(at + head, name, fn, ctx);
		give_extra(at + head + name, extra, fn, ctx);
	}
}

/* APPNOTE 4.6.9: version, check sum of the other name, and the name in UTF-8. */
static void
give_extra(const char *extra, size_t left, format_name *fn, void *ctx)
{
	while (left >= 4) {
		size_t n = le_get(extra + 2, 2);

		if (n > left - 4)
			return;
		if (le_get(extra, 2) == UNICODE_PATH && n > 5)
			give(extra + 4 + 5, n - 5, fn, ctx);
		extra += 4 + n;
		left -= 4 + n;
	}
}

/* Up to a zero byte, as C programs read it, and with zero bytes left out, as others do. */
static void
give(const char *name, size_t len, format_name *fn, void *ctx)
{
	char *copy = malloc(len + 1);
	size_t n = 0;

	if (copy == NULL)
		err(EX_OSERR, "names");
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '\0' && n > 0 && n == i) {
			copy[n] = '\0';
			fn(ctx, copy);
		}
		if (name[i] != '\0')
			copy[n++] = name[i];
	}
	copy[n] = '\0';
	if (n > 0)
		fn(ctx, copy);
	free(copy);
}

/* POSIX 1003.1 ustar: a name of 100 bytes, in front of it a prefix of 155. */
void
member_names_tar(const struct format_input *in, format_name *fn, void *ctx)
{
	for (size_t at = 0; at + BLOCK <= in->len; at += BLOCK) {
		const char *header = in->bytes + at;
		char name[100 + 1];

		if (memcmp(header + 257, "ustar", 5) != 0 && at > 0)
			continue;
		memcpy(name, header, 100);
		name[100] = '\0';
		if (name[0] != '\0')
			fn(ctx, name);
	}
}

void
member_names_gzip(const struct format_input *in, format_name *fn, void *ctx)
{
	size_t at = 10, n;

	if (in->len < at || (in->bytes[3] & 8) == 0)
		return;
	if ((in->bytes[3] & 4) != 0) {
		if (in->len - at < 2)
			return;
		at += 2 + le_get(in->bytes + at, 2);
	}
	if (at >= in->len)
		return;
	n = strnlen(in->bytes + at, in->len - at);
	give(in->bytes + at, n, fn, ctx);
}

char *
member_names_unpacked(const char *name)
{
	static const struct {
		const char *end, *instead;
	} ends[] = { { ".gz", "" }, { ".xz", "" }, { ".bz2", "" }, { ".bz", "" }, { ".lzma", "" },
		{ ".lz", "" }, { ".lz4", "" }, { ".lzo", "" }, { ".zst", "" }, { ".zstd", "" },
		{ ".z", "" }, { ".gzip", "" }, { ".bzip2", "" }, { ".br", "" }, { ".tgz", ".tar" },
		{ ".txz", ".tar" }, { ".tbz", ".tar" }, { ".tbz2", ".tar" }, { ".tzst", ".tar" },
		{ ".tlz", ".tar" }, { ".taz", ".tar" }, { ".svgz", ".svg" } };
	size_t len = strlen(name);

	/* As a file system would take it. */
	while (len > 0 && strchr(". \"'\t\r\n", name[len - 1]) != NULL)
		len--;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i].end);
		char *out;

		if (len <= n || strncasecmp(name + len - n, ends[i].end, n) != 0)
			continue;
		out = malloc(len + 5);
		if (out == NULL)
			err(EX_OSERR, "names");
		memcpy(out, name, len - n);
		strlcpy(out + len - n, ends[i].instead, n + 5);
		return out;
	}
	return NULL;
}

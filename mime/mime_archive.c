/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_archive.c - the members of archives and compressed files, read by libarchive.
 *
 * Windows 11, macOS and the BSDs open archives with the same library, so that it
 * reads what recipients read. One layer at a time: the kind is told by content
 * (mime_kind.c), and only the one reader for it is enabled; what comes out is
 * another content, that the walk goes into by itself. So no chain of filters is built
 * from a hostile header, and no reader is there that starts a program: lrzip, grzip
 * and, where the library was built without it, lzop.
 *
 * A member that is broken in the middle is handed over as far as it goes. An archive
 * that ends with an error is unopened, whatever came out of it before.
 *
 * Bounds are those of struct packed. libarchive works on names in the character set of
 * the locale, and loses all that is not ASCII in the "C" locale; so it runs in C.UTF-8
 * where that is there. It opens no file and starts no thread. Memory that runs out
 * ends the process.
 */
#include "mime_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <err.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <wchar.h>

#include "mime_kind.h"
#include "mime_member_names.h"
#include "mime_rar5.h"

#define BLOCK (64u << 10)
/* Not a result of libarchive: past a bound, which is told where it was met. */
#define STOPPED (-1)

typedef int reader(struct archive *);

/*
 * How libarchive reads each kind; a filter gives one content without a header of its
 * own. Rows of one kind follow each other, and the first that reads it to its end is
 * enough, unless it says that the next one sees something else.
 */
static const struct {
	enum kind kind;
	reader *format;
	reader *filter;
	const char *option;
	bool both; /* read by the next row, too */
	bool instead; /* what this one can't read is read by the next */
} readers[] = {
	{ .kind = KIND_7Z, .format = archive_read_support_format_7zip },
	{ .kind = KIND_RAR, .format = archive_read_support_format_rar },
	{ .kind = KIND_RAR5, .format = archive_read_support_format_rar5 },
	{ .kind = KIND_ZIP, .format = archive_read_support_format_zip_seekable, .instead = true },
	{ .kind = KIND_ZIP, .format = archive_read_support_format_zip_streamable },
	{ .kind = KIND_TAR,
	    .format = archive_read_support_format_tar,
	    .option = "tar:read_concatenated_archives" },
	{ .kind = KIND_CPIO, .format = archive_read_support_format_cpio },
	{ .kind = KIND_AR, .format = archive_read_support_format_ar },
	{ .kind = KIND_CAB, .format = archive_read_support_format_cab },
	{ .kind = KIND_LHA, .format = archive_read_support_format_lha },
	{ .kind = KIND_ISO, .format = archive_read_support_format_iso9660, .both = true },
	{ .kind = KIND_ISO,
	    .format = archive_read_support_format_iso9660,
	    .option = "iso9660:!joliet" },
	{ .kind = KIND_WARC, .format = archive_read_support_format_warc },
	{ .kind = KIND_XAR, .format = archive_read_support_format_xar },
	{ .kind = KIND_RPM, .filter = archive_read_support_filter_rpm },
	{ .kind = KIND_GZIP, .filter = archive_read_support_filter_gzip },
	{ .kind = KIND_BZIP2, .filter = archive_read_support_filter_bzip2 },
	{ .kind = KIND_XZ, .filter = archive_read_support_filter_xz },
	{ .kind = KIND_LZMA, .filter = archive_read_support_filter_lzma },
	{ .kind = KIND_LZIP, .filter = archive_read_support_filter_lzip },
	{ .kind = KIND_LZ4, .filter = archive_read_support_filter_lz4 },
	{ .kind = KIND_ZSTD, .filter = archive_read_support_filter_zstd },
	{ .kind = KIND_COMPRESS, .filter = archive_read_support_filter_compress },
};

#define N_READERS (sizeof(readers) / sizeof(readers[0]))

static void take_for_sealed(struct packed *, size_t first);
static void open_kind(struct packed *, const struct format_input *, enum kind);
static bool read_all(struct packed *, const struct format_input *, size_t which);
static bool is_padding(const struct format_input *, la_int64_t consumed);
static struct archive *start(const struct format_input *, size_t which);
static int read_members(struct packed *, const struct format_input *, struct archive *,
    size_t which);
static bool take_member(struct packed *, const struct format_input *, struct archive *,
    struct archive_entry *, bool single);
static char *read_content(struct packed *, struct archive *, size_t *len, unsigned int *flags);
static bool is_sealed(struct archive *, struct archive_entry *);
static char **single_names(const struct format_input *, size_t *n);
static char **entry_names(struct archive_entry *, size_t *n);

bool
archive_is(const struct format_input *in)
{
	return kind_of(in->bytes, in->len) != KIND_NONE;
}

void
archive_open(struct packed *p, const struct format_input *in)
{
	static locale_t utf8;
	locale_t before;
	size_t first = p->n;
	enum kind kind = kind_of(in->bytes, in->len);

	if (utf8 == (locale_t)0)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	before = uselocale(utf8);
	open_kind(p, in, kind);
	if (kind == KIND_RAR5 && rar5_is_sealed(in->bytes, in->len))
		take_for_sealed(p, first);
	if (kind != KIND_ZIP && kind_ends_as_zip(in->bytes, in->len))
		open_kind(p, in, KIND_ZIP);
	uselocale(before);
}

/* What is broken in it, is so for want of a key. */
static void
take_for_sealed(struct packed *p, size_t first)
{
	p->sealed = "encrypted archive";
	p->unopened = NULL;
	for (size_t i = first; i < p->n; i++)
		p->items[i].flags &= ~(unsigned int)PACKED_DAMAGED;
}

void
archive_names(const struct format_input *in, format_name *fn, void *ctx)
{
	enum kind kind = kind_of(in->bytes, in->len);

	if (kind == KIND_TAR)
		member_names_tar(in, fn, ctx);
	if (kind == KIND_GZIP)
		member_names_gzip(in, fn, ctx);
	if (kind == KIND_ZIP || kind_ends_as_zip(in->bytes, in->len))
		member_names_zip(in, fn, ctx);
}

bool
archive_is_behind(const struct format_input *in)
{
	return kind_behind(in->bytes, in->len, 0) < in->len;
}

/* The first one, to the end of the content: it has the next one behind itself. */
void
archive_open_behind(struct packed *p, const struct format_input *in)
{
	size_t at = kind_behind(in->bytes, in->len, 0), len = in->len - at;
	char *copy;

	if (len > packed_room(p)) {
		p->too_big = true;
		return;
	}
	copy = malloc(len + 1);
	if (copy == NULL)
		err(EX_OSERR, "archive");
	memcpy(copy, in->bytes + at, len);
	packed_spend(p, len);
	packed_add_member(p, NULL, 0, copy, len, 0);
}

static void
open_kind(struct packed *p, const struct format_input *in, enum kind kind)
{
	size_t which = 0;

	while (which < N_READERS && readers[which].kind != kind)
		which++;
	if (which == N_READERS) {
		p->unopened = kind_phrase(kind);
		return;
	}
	for (; which < N_READERS && readers[which].kind == kind; which++) {
		bool whole = read_all(p, in, which);

		if (whole && !readers[which].both)
			break;
		if (!whole && readers[which].instead)
			continue;
		if (!whole)
			p->unopened = kind_phrase(kind);
	}
}

/* False if it could not be read to its end, and nothing explains it yet. */
static bool
read_all(struct packed *p, const struct format_input *in, size_t which)
{
	struct archive *a = start(in, which);
	int result = a == NULL ? ARCHIVE_FATAL : read_members(p, in, a, which);
	bool whole = result == ARCHIVE_EOF || result == STOPPED;

	if (!whole && a != NULL && is_sealed(a, NULL)) {
		p->sealed = "encrypted archive";
		whole = true;
	} else if (!whole && a != NULL && archive_file_count(a) > 0) {
		whole = is_padding(in, archive_filter_bytes(a, 0));
	}
	archive_read_free(a);
	return whole;
}

/*
 * Archives are padded with zero bytes where they are written to tapes and pipes: was all
 * else consumed when the reader gave up?
 */
static bool
is_padding(const struct format_input *in, la_int64_t consumed)
{
	size_t end = in->len;

	while (end > 0 && in->bytes[end - 1] == '\0')
		end--;
	return end < in->len && consumed >= 0 && end <= (uint64_t)consumed;
}

static struct archive *
start(const struct format_input *in, size_t which)
{
	struct archive *a = archive_read_new();
	int result;

	if (a == NULL)
		err(EX_OSERR, "archive");
	if (readers[which].filter != NULL) {
		/* ARCHIVE_WARN: a program would do it */
		result = readers[which].filter(a);
		if (result == ARCHIVE_OK)
			result = archive_read_support_format_raw(a);
		if (result == ARCHIVE_OK)
			result = archive_read_support_format_empty(a);
	} else {
		result = readers[which].format(a);
	}
	if (result == ARCHIVE_OK && readers[which].option != NULL)
		archive_read_set_options(a, readers[which].option);
	if (result == ARCHIVE_OK)
		result = archive_read_open_memory(a, in->bytes,
		    readers[which].kind == KIND_ZIP ? kind_zip_end(in->bytes, in->len) : in->len);
	if (result == ARCHIVE_OK)
		return a;
	archive_read_free(a);
	return NULL;
}

/* ARCHIVE_EOF if it was read to its end. */
static int
read_members(struct packed *p, const struct format_input *in, struct archive *a, size_t which)
{
	struct archive_entry *entry;
	bool single = readers[which].filter != NULL;
	int result;

	while ((result = archive_read_next_header(a, &entry)) == ARCHIVE_OK ||
	    result == ARCHIVE_WARN) {
		if (!take_member(p, in, a, entry, single))
			return STOPPED;
	}
	return result;
}

/* False if there is no use in going on. */
static bool
take_member(struct packed *p, const struct format_input *in, struct archive *a,
    struct archive_entry *entry, bool single)
{
	char **names, *content = NULL;
	size_t n_names = 0, len = 0;
	unsigned int flags = 0;
	bool go_on;

	names = single ? single_names(in, &n_names) : entry_names(entry, &n_names);
	if (single || archive_entry_filetype(entry) == AE_IFREG ||
	    (archive_entry_size_is_set(entry) && archive_entry_size(entry) > 0)) {
		if (archive_entry_is_encrypted(entry) > 0)
			flags |= PACKED_ENCRYPTED;
		else
			content = read_content(p, a, &len, &flags);
		if ((flags & PACKED_DAMAGED) != 0 && is_sealed(a, entry))
			flags = (flags & ~(unsigned int)PACKED_DAMAGED) | PACKED_ENCRYPTED;
	}
	go_on = packed_add_member(p, names, n_names, content, len, flags);
	while (n_names > 0)
		free(names[--n_names]);
	free(names);
	/* What follows can't be unpacked any more. */
	p->too_big = p->too_big || packed_room(p) == 0;
	return go_on && packed_room(p) > 0;
}

/* What libarchive says of a member, or of the whole: is it only a key that is missing? */
static bool
is_sealed(struct archive *a, struct archive_entry *entry)
{
	const char *why = archive_error_string(a);

	if (entry != NULL && archive_entry_is_encrypted(entry) > 0)
		return true;
	/* Before it has found a format, 3.6.2 must not be asked. */
	return (archive_format(a) != 0 && archive_read_has_encrypted_entries(a) > 0) ||
	    (why != NULL && (strcasestr(why, "encrypt") != NULL || strcasestr(why, "passphrase")));
}

/* As far as it goes: malloc'd. */
static char *
read_content(struct packed *p, struct archive *a, size_t *len, unsigned int *flags)
{
	size_t room = packed_room(p), size = 0;
	char *content = NULL;
	la_ssize_t n;

	*len = 0;
	do {
		if (*len == size) {
			size = size == 0 ? BLOCK : 2 * size;
			content = realloc(content, size);
			if (content == NULL)
				err(EX_OSERR, "archive");
		}
		n = archive_read_data(a, content + *len, size - *len);
		if (n > 0)
			*len += (size_t)n;
		if (*len > room || packed_late(p)) {
			*len = room < *len ? room : *len;
			*flags |= PACKED_LIMIT;
			break;
		}
	} while (n > 0);
	if (n < 0)
		*flags |= PACKED_DAMAGED;
	packed_spend(p, *len);
	return content;
}

/* What the one file in a compressed one is called. */
static char **
single_names(const struct format_input *in, size_t *n)
{
	char **names = calloc(in->n_names + 1, sizeof(*names));

	if (names == NULL)
		err(EX_OSERR, "archive");
	for (size_t i = 0; i < in->n_names; i++) {
		names[*n] = member_names_unpacked(in->names[i]);
		if (names[*n] != NULL)
			++*n;
	}
	return names;
}

/* A name as the archive means it, and as its bytes stand. */
static char **
entry_names(struct archive_entry *entry, size_t *n)
{
	const wchar_t *wide = archive_entry_pathname_w(entry);
	const char *plain = archive_entry_pathname(entry);
	size_t size = wide == NULL ? 0 : wcslen(wide) * MB_LEN_MAX + 1;
	char **names = calloc(2, sizeof(*names));

	if (names == NULL)
		err(EX_OSERR, "archive");
	if (wide != NULL) {
		names[0] = malloc(size);
		if (names[0] == NULL)
			err(EX_OSERR, "archive");
		if (wcstombs(names[0], wide, size) != (size_t)-1)
			*n = 1;
		else
			free(names[0]);
	}
	if (plain != NULL && (*n == 0 || strcmp(names[0], plain) != 0)) {
		names[*n] = strdup(plain);
		if (names[*n] == NULL)
			err(EX_OSERR, "archive");
		++*n;
	}
	return names;
}

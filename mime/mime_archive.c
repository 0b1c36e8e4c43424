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
 * that ends with an error is unopened, whatever came out of it before. Each reader notes
 * which bytes it has read (ledger.h), and what is left is another content: what stands
 * behind an archive or in front of it, or between its members. So every byte is opened,
 * handed on, or padding.
 *
 * Bounds are those of struct packed. libarchive works on names in the character set of
 * the locale, and loses all that is not ASCII in the "C" locale; so it runs in C.UTF-8
 * where that is there. It opens no file and starts no thread. Memory that runs out
 * ends the process.
 *
 * Over 500 lines because what was read, and what is left of it, is known only by the readers.
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

#include "ledger.h"
#include "le.h"
#include "mime_behind.h"
#include "mime_cfb.h"
#include "mime_kind.h"
#include "mime_member_names.h"
#include "mime_rar4.h"
#include "mime_rar5.h"
#include "mime_unlock.h"
#include "mime_zip.h"

#define BLOCK (64u << 10)
/* Not a result of libarchive: past a bound, which is told where it was met. */
#define STOPPED (-1)
/* Zero bytes in front of the first sign of a file system, at the least. */
#define BLANK_MIN 1024
/* What came out of a stream before it broke, and shows that it is one. */
#define BEGUN_MIN 512
/* ECMA-119 8.4.8, in the descriptor of a volume that is the first of its kind. */
#define ISO_SECTOR 2048
#define ISO_SPACE (16 * ISO_SECTOR + 80)

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
static bool is_in_pieces(struct packed *, const struct format_input *);
static void open_kind(struct packed *, const struct format_input *, enum kind, struct ledger *);
static bool read_all(struct packed *, const struct format_input *, size_t which, struct ledger *);
static bool note_read(struct ledger *, const struct format_input *, enum kind, la_int64_t consumed);
static void open_rest(struct packed *, const struct format_input *, struct ledger *);
static bool add_run(struct packed *, const char *, size_t len);
static void open_behind(struct packed *, const char *, size_t len, size_t from);
static size_t length_of(struct packed *, const char *, size_t len, enum kind, bool *begun);
static bool drain(struct packed *, struct archive *, size_t *total);
static bool is_cut_iso(const struct format_input *);
static size_t size_at(const char *, size_t max);
static size_t lz4_end(const char *, size_t len);
static bool is_checked(enum kind);
static bool has_reader(enum kind);
static void say_unopened(struct packed *, const char *phrase);
static size_t zeros_before(const char *, size_t at);
static bool is_padding(const struct format_input *, la_int64_t consumed);
static struct archive *start(const struct format_input *, size_t which, const char *password);
static int read_members(struct packed *, const struct format_input *, struct archive *,
    size_t which, bool unlocked);
static bool take_member(struct packed *, const struct format_input *, struct archive *,
    struct archive_entry *, bool single, bool unlocked);
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
	struct ledger ledger;
	size_t first = p->n, next = 0;
	enum kind kind, last = KIND_NONE;

	if (utf8 == (locale_t)0)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	before = uselocale(utf8);
	ledger_begin(&ledger, in->len);
	while ((kind = kind_next(in->bytes, in->len, &next)) != KIND_NONE) {
		if (kind == last)
			continue;
		last = kind;
		if (kind == KIND_ZIP && is_in_pieces(p, in))
			continue;
		open_kind(p, in, kind, &ledger);
		if (kind == KIND_RAR5 && rar5_is_sealed(in->bytes, in->len))
			take_for_sealed(p, first);
		if ((kind == KIND_RAR && rar4_is_volume(in->bytes, in->len)) ||
		    (kind == KIND_RAR5 && rar5_is_volume(in->bytes, in->len)))
			say_unopened(p, kind_phrase(kind));
	}
	open_rest(p, in, &ledger);
	ledger_free(&ledger);
	uselocale(before);
}

/* A compound file that looks as if it ended as a broken archive: one of its streams may be one. */
static bool
is_in_pieces(struct packed *p, const struct format_input *in)
{
	bool begun;

	return cfb_is(in->bytes, in->len) &&
	    length_of(p, in->bytes, in->len, KIND_ZIP, &begun) == 0;
}

/* What no reader has read, each run as a content of its own. */
static void
open_rest(struct packed *p, const struct format_input *in, struct ledger *ledger)
{
	struct ledger_range gap;
	size_t at = 0, inert = 0;

	while (ledger_gap(ledger, in->bytes, &at, &gap, &inert)) {
		size_t zeros = zeros_before(in->bytes, gap.begin);
		const char *blank = in->bytes + gap.begin - zeros;
		size_t len = gap.end - gap.begin + zeros;
		/* Where its own beginning is not understood, it would be opened for ever. */
		size_t from = blank == in->bytes ? 1 : 0;
		struct behind image;

		/* File systems begin with blank sectors. */
		if (gap.begin == 0 ||
		    (zeros >= BLANK_MIN && behind_find(blank, len, from, &image) &&
			image.begin < zeros))
			open_behind(p, blank, len, from);
		else if (!add_run(p, in->bytes + gap.begin, gap.end - gap.begin))
			return;
	}
}

static size_t
zeros_before(const char *bytes, size_t at)
{
	size_t n = 0;

	while (n < at && bytes[at - n - 1] == '\0')
		n++;
	return n;
}

/* So many bytes as they stand. */
static bool
add_run(struct packed *p, const char *bytes, size_t len)
{
	return packed_add_copy(p, NULL, 0, bytes, len);
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
	struct behind found;

	return !archive_is(in) && behind_find(in->bytes, in->len, 1, &found);
}

void
archive_open_behind(struct packed *p, const struct format_input *in)
{
	open_behind(p, in->bytes, in->len, 1);
}

/*
 * Each of them, up to where it ends. One that can't be read to its end is no archive, or,
 * if it is one for sure or gave something, a broken one that goes on to the next. A compound
 * file has its streams in pieces, so what is broken there may be sound, as a zip archive is
 * in many a document: what begins where a stream may begin is told of the stream (mime_ole.c).
 */
static void
open_behind(struct packed *p, const char *bytes, size_t len, size_t from)
{
	struct behind found, next;
	bool more = behind_find(bytes, len, from, &found), pieces = cfb_is(bytes, len);

	while (more && !packed_late(p)) {
		const char *begin = bytes + found.begin;
		size_t left = len - found.begin, size = 0;
		bool begun = false;

		/* What the header says of a length is nothing that was tried. */
		if (pieces && found.begin % CFB_LEAST == 0 &&
		    (found.kind == KIND_7Z || found.kind == KIND_CAB))
			size = 0;
		else if (has_reader(found.kind))
			size = length_of(p, begin, left, found.kind, &begun);
		else
			say_unopened(p, kind_phrase(found.kind));
		more = behind_find(bytes, len, found.begin + (size > 0 ? size : 1), &next);
		if (size == 0 && has_reader(found.kind) &&
		    (pieces ? found.sure && found.kind != KIND_ZIP && found.begin % CFB_LEAST != 0
			    : found.sure || begun))
			size = more ? next.begin - found.begin : left;
		if (size > 0 && !add_run(p, begin, size))
			return;
		found = next;
	}
}

/* As its header says, or as a reader finds it; 0 if it can't be read to its end. */
static size_t
length_of(struct packed *p, const char *bytes, size_t len, enum kind kind, bool *begun)
{
	const struct format_input in = { .bytes = bytes, .len = len };
	struct ledger ledger;
	struct archive *a;
	size_t which = 0, total = 0, size;
	bool read;

	ledger_begin(&ledger, len);
	while (readers[which].kind != kind)
		which++;
	a = kind == KIND_7Z || kind == KIND_CAB ? NULL : start(&in, which, NULL);
	read = a == NULL ? kind != KIND_ZIP : drain(p, a, &total);
	if (!read && readers[which].instead) {
		archive_read_free(a);
		a = start(&in, which + 1, NULL);
		read = a != NULL && drain(p, a, &total);
	}
	if (read)
		note_read(&ledger, &in, kind, a == NULL ? 0 : archive_filter_bytes(a, -1));
	*begun = is_checked(kind) && total >= BEGUN_MIN;
	size = ledger.n == 0 ? 0 : ledger.ranges[0].end;
	if (kind == KIND_ZIP && size > 0)
		size = zip_directory_end(bytes, len, size);
	ledger_free(&ledger);
	archive_read_free(a);
	return size;
}

/* Is there something in it, and no fault to its end? */
static bool
drain(struct packed *p, struct archive *a, size_t *total)
{
	size_t members = 0, size;
	struct archive_entry *entry;
	const void *block;
	la_int64_t offset;
	int result;

	while ((result = archive_read_next_header(a, &entry)) == ARCHIVE_OK ||
	    result == ARCHIVE_WARN) {
		members++;
		while ((result = archive_read_data_block(a, &block, &size, &offset)) ==
		    ARCHIVE_OK) {
			*total += size;
			/* A bomb is told where it is unpacked. */
			if (*total > packed_room(p) || packed_late(p))
				return true;
		}
		if (result != ARCHIVE_EOF)
			return false;
	}
	return result == ARCHIVE_EOF && members > 0;
}

/* Is there an error soon where it is read by chance? */
static bool
is_checked(enum kind kind)
{
	return kind == KIND_GZIP || kind == KIND_BZIP2 || kind == KIND_ZSTD || kind == KIND_LZ4 ||
	    kind == KIND_LZIP;
}

static bool
has_reader(enum kind kind)
{
	size_t which = 0;

	while (which < N_READERS && readers[which].kind != kind)
		which++;
	return which < N_READERS;
}

static void
say_unopened(struct packed *p, const char *phrase)
{
	if (p->unopened == NULL)
		p->unopened = phrase;
}

static void
open_kind(struct packed *p, const struct format_input *in, enum kind kind, struct ledger *ledger)
{
	size_t which = 0;

	while (which < N_READERS && readers[which].kind != kind)
		which++;
	/* The finding is one of all that is in it. */
	if (which == N_READERS) {
		say_unopened(p, kind_phrase(kind));
		ledger_read(ledger, 0, in->len);
		return;
	}
	for (; which < N_READERS && readers[which].kind == kind; which++) {
		bool whole = read_all(p, in, which, ledger);

		if (whole && !readers[which].both)
			break;
		if (!whole && readers[which].instead)
			continue;
		if (!whole)
			say_unopened(p, kind_phrase(kind));
	}
	if (kind == KIND_ISO && is_cut_iso(in))
		say_unopened(p, kind_phrase(kind));
}

/* False if it could not be read to its end, and nothing explains it yet. */
static bool
read_all(struct packed *p, const struct format_input *in, size_t which, struct ledger *ledger)
{
	/* Members that another password opens stay encrypted. */
	const char *password = readers[which].kind == KIND_ZIP ? unlock_zip(p, in) : NULL;
	struct archive *a = start(in, which, password);
	int result = a == NULL ? ARCHIVE_FATAL : read_members(p, in, a, which, password != NULL);
	bool whole = result == ARCHIVE_EOF || result == STOPPED;

	p->unlocked = p->unlocked || (password != NULL && zip_is_plain(in));
	if (!whole && a != NULL && is_sealed(a, NULL)) {
		p->sealed = "encrypted archive";
		whole = true;
	} else if (!whole && a != NULL && archive_file_count(a) > 0) {
		whole = is_padding(in, archive_filter_bytes(a, 0));
	}
	if (result == STOPPED)
		ledger_read(ledger, 0, in->len); /* that there is more is told */
	else if (!note_read(ledger, in, readers[which].kind,
		     a == NULL ? 0 : archive_filter_bytes(a, -1)))
		say_unopened(p, kind_phrase(readers[which].kind));
	archive_read_free(a);
	return whole;
}

/* How far a reader got; those that leap about in it are told by the headers. False if a member is cut. */
static bool
note_read(struct ledger *ledger, const struct format_input *in, enum kind kind, la_int64_t consumed)
{
	const char *s = in->bytes;
	size_t end = kind == KIND_LZ4 ? lz4_end(s, in->len) : 0;

	if (kind == KIND_ZIP)
		return zip_read(in, ledger);
	if (kind == KIND_7Z && in->len >= 32)
		ledger_read(ledger, 0, 32 + size_at(s + 12, in->len) + size_at(s + 20, in->len));
	else if (kind == KIND_ISO && in->len >= ISO_SPACE + 4)
		ledger_read(ledger, 0, (size_t)le_get(s + ISO_SPACE, 4) * ISO_SECTOR);
	else if (kind == KIND_CAB && in->len >= 12)
		ledger_read(ledger, 0, le_get(s + 8, 4));
	else if (consumed > 0 && kind == KIND_LZ4 && end > 0 && end < (uint64_t)consumed)
		ledger_read(ledger, 0, end);
	else if (consumed > 0)
		ledger_read(ledger, 0, (size_t)consumed);
	return true;
}

/*
 * Where its frames end (LZ4 frame format 1.6); 0 = not known, it is cut or of another form.
 * libarchive 3.8 says that it has read to the end of the file, whatever stands there.
 */
static size_t
lz4_end(const char *s, size_t len)
{
	size_t at = 0, end = 0;

	while (len - at >= 8 && memcmp(s + at, "\x04\x22\x4d\x18", 4) == 0) {
		unsigned int flags = (unsigned char)s[at + 4];
		size_t size;

		at += 7 + ((flags & 0x08) != 0 ? 8 : 0) + ((flags & 0x01) != 0 ? 4 : 0);
		for (;;) {
			if (at > len || len - at < 4)
				return end;
			size = le_get(s + at, 4) & 0x7fffffff;
			at += 4;
			if (size == 0)
				break;
			if (size > len - at)
				return end;
			at += size + ((flags & 0x10) != 0 ? 4 : 0);
		}
		at += (flags & 0x04) != 0 ? 4 : 0;
		if (at > len)
			return end;
		end = at;
	}
	return end;
}

/* A number of eight bytes, max at the most. */
static size_t
size_at(const char *s, size_t max)
{
	uint64_t size = le_get(s, 4) | (uint64_t)le_get(s + 4, 4) << 32;

	return size < max ? (size_t)size : max;
}

/* ECMA-119 8.4.8: how many sectors there are. */
static bool
is_cut_iso(const struct format_input *in)
{
	return in->len >= ISO_SPACE + 4 &&
	    le_get(in->bytes + ISO_SPACE, 4) > (in->len + ISO_SECTOR - 1) / ISO_SECTOR;
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
start(const struct format_input *in, size_t which, const char *password)
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
	if (result == ARCHIVE_OK && password != NULL)
		result = archive_read_add_passphrase(a, password);
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
read_members(struct packed *p, const struct format_input *in, struct archive *a, size_t which,
    bool unlocked)
{
	struct archive_entry *entry;
	bool single = readers[which].filter != NULL;
	int result;

	while ((result = archive_read_next_header(a, &entry)) == ARCHIVE_OK ||
	    result == ARCHIVE_WARN) {
		if (!take_member(p, in, a, entry, single, unlocked))
			return STOPPED;
	}
	return result;
}

/* False if there is no use in going on. */
static bool
take_member(struct packed *p, const struct format_input *in, struct archive *a,
    struct archive_entry *entry, bool single, bool unlocked)
{
	char **names, *content = NULL;
	size_t n_names = 0, len = 0;
	unsigned int flags = 0;
	bool go_on;

	names = single ? single_names(in, &n_names) : entry_names(entry, &n_names);
	if (single || archive_entry_filetype(entry) == AE_IFREG ||
	    (archive_entry_size_is_set(entry) && archive_entry_size(entry) > 0)) {
		if (archive_entry_is_encrypted(entry) > 0 && !unlocked)
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_zip.c - zip archives that do not read the same to everyone.
 *
 * An archive has a local header in front of each member, and a directory at its
 * end that says the same once more (APPNOTE 4.3). Most unpackers begin at the
 * end, so that anything may stand in front, and believe the directory; others
 * read from the beginning and believe the local headers. libclamav goes by what
 * the content begins with, and gives up where the two differ. So whatever is
 * seen in one reading and not in the other is written into an archive that has
 * only one reading.
 *
 * Linear in the content but for sorting the members, and what is written is
 * limited: members may lie over each other. Memory that runs out ends the process.
 */
#include "mime_zip.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "array.h"
#include "le.h"

#define LOCAL_HEAD 30
#define ENTRY_HEAD 46
#define END_HEAD 22
#define END_64 56
#define LOCATOR_64 20
/* Times, owners, sizes: longer extra fields are looked into. */
#define EXTRA_MAX 128
#define COMMENT_MAX 65535
/* Ends of directories that are looked at: a comment may hold more. */
#define ENDS_MAX 4
/* Doubtful ones; libclamav takes its time for each. */
#define MEMBERS_MAX 10000
/* What may be written: so many times what there is, and so much. */
#define OUT_TIMES 2
#define OUT_MORE (1u << 20)
#define UNKNOWN 0xffffffffu
#define FLAG_ENCRYPTED 1u
#define FLAG_SIZES_BEHIND 8u
#define FLAG_UTF8 0x800u
/* APPNOTE 4.4.3.2, and longer than names of files are. */
#define VERSION_MAX 63
#define NAME_MAX_BYTES 1024
/* No method squeezes more. */
#define RATIO_MAX 1100

struct member {
	size_t name, name_len; /* places in the content */
	size_t data, size;
	uint64_t plain_size;
	unsigned int flags, method;
};

/* Where a member is, that the directory tells of. */
struct range {
	size_t begin, end;
};

struct reading {
	const char *bytes;
	size_t len;
	struct member *members; /* in doubt */
	struct range *ranges;
	size_t n_members, n_ranges, out;
	bool all;
	bool sealed; /* readers may differ about what in it is encrypted */
	bool cut; /* a member that the directory does not tell of is longer than what is there */
	struct ledger *ledger; /* of what is read; NULL = none */
};

static bool is_at(const struct reading *, size_t at, const char *sign, size_t head);
static size_t find(const struct reading *, size_t from, const char *sign);
static size_t comment_begin(const struct reading *);
static void read_directories(struct reading *);
static void read_directory(struct reading *, size_t end, bool doubtful);
static void read_entry(struct reading *, size_t entry, size_t base, size_t directory,
    bool doubtful);
static void take_long_sizes(const struct reading *, size_t entry, uint64_t *plain, uint64_t *size);
static bool read_local(const struct reading *, size_t at, struct member *, bool *known);
static void read_rest(struct reading *);
static int by_begin(const void *, const void *);
static void add_range(struct reading *, size_t begin, size_t end);
static void add_member(struct reading *, const struct member *);
static char *write_archive(const struct reading *, size_t *out_len);
static char *put(char *, uint32_t value, unsigned int bytes);
static char *put_common(char *, const struct member *);
static void note(const struct reading *, size_t begin, size_t extra, size_t extra_len, size_t end);

/* Anywhere in it, for unpackers look from its end. */
bool
zip_is(const struct format_input *in)
{
	struct reading r = { .bytes = in->bytes, .len = in->len };

	return find(&r, 0, "PK\003\004") < in->len ||
	    find(&r, comment_begin(&r), "PK\005\006") < in->len;
}

char *
zip_again(const struct format_input *in, size_t *out_len, bool *all)
{
	struct reading r = { .bytes = in->bytes, .len = in->len, .all = true };
	char *out = NULL;

	read_directories(&r);
	read_rest(&r);
	*all = r.all;
	if (r.n_members > 0)
		out = write_archive(&r, out_len);
	free(r.members);
	free(r.ranges);
	return out;
}

bool
zip_is_plain(const struct format_input *in)
{
	struct reading r = { .bytes = in->bytes, .len = in->len };

	read_directories(&r);
	read_rest(&r);
	free(r.members);
	free(r.ranges);
	return !r.sealed;
}

bool
zip_read(const struct format_input *in, struct ledger *ledger)
{
	struct reading r = { .bytes = in->bytes, .len = in->len, .ledger = ledger };

	read_directories(&r);
	read_rest(&r);
	free(r.members);
	free(r.ranges);
	return !r.cut;
}

size_t
zip_directory_end(const char *bytes, size_t len, size_t at)
{
	for (uint64_t step = 0; at < len; at += (size_t)step) {
		const char *s = bytes + at;
		size_t left = len - at;

		if (left >= ENTRY_HEAD && memcmp(s, "PK\001\002", 4) == 0)
			step = ENTRY_HEAD + le_get(s + 28, 2) + le_get(s + 30, 2) +
			    le_get(s + 32, 2);
		else if (left >= 12 && memcmp(s, "PK\006\006", 4) == 0)
			step = 12 + (uint64_t)le_get(s + 4, 4);
		else if (left >= 20 && memcmp(s, "PK\006\007", 4) == 0)
			step = 20;
		else if (left >= END_HEAD && memcmp(s, "PK\005\006", 4) == 0)
			return left - END_HEAD > le_get(s + 20, 2)
			    ? at + END_HEAD + le_get(s + 20, 2)
			    : len;
		else
			return at;
		if (step > left)
			return len;
	}
	return len;
}

bool
zip_is_local(const char *l, size_t len)
{
	size_t name = len < LOCAL_HEAD ? 0 : le_get(l + 26, 2);

	if (name == 0 || name > NAME_MAX_BYTES || name > len - LOCAL_HEAD ||
	    memcmp(l, "PK\003\004", 4) != 0 || le_get(l + 4, 1) > VERSION_MAX || l[5] > 20 ||
	    le_get(l + 6, 2) >= 0x1000 || le_get(l + 8, 2) >= 100)
		return false;
	for (size_t i = 0; i < name; i++) {
		if ((unsigned char)l[LOCAL_HEAD + i] < ' ')
			return false;
	}
	return true;
}

/* A header and what follows it; an extra field of some length may be more than that. */
static void
note(const struct reading *r, size_t begin, size_t extra, size_t extra_len, size_t end)
{
	if (r->ledger == NULL)
		return;
	if (extra_len > EXTRA_MAX) {
		ledger_read(r->ledger, begin, extra);
		begin = extra + extra_len;
	}
	ledger_read(r->ledger, begin, end);
}

static bool
is_at(const struct reading *r, size_t at, const char *sign, size_t head)
{
	return at <= r->len && r->len - at >= head && memcmp(r->bytes + at, sign, 4) == 0;
}

/* The place of the next such sign, or the end. */
static size_t
find(const struct reading *r, size_t from, const char *sign)
{
	const char *at = from >= r->len ? NULL : memmem(r->bytes + from, r->len - from, sign, 4);

	return at == NULL ? r->len : (size_t)(at - r->bytes);
}

/* Where the record that ends the directory may begin. */
static size_t
comment_begin(const struct reading *r)
{
	return r->len > COMMENT_MAX + END_HEAD ? r->len - COMMENT_MAX - END_HEAD : 0;
}

/* Which of several is meant is a matter of opinion. */
static void
read_directories(struct reading *r)
{
	size_t first = comment_begin(r), ends[ENDS_MAX], n = 0;

	for (size_t at = r->len; at-- > first && n < ENDS_MAX;) {
		if (is_at(r, at, "PK\005\006", END_HEAD))
			ends[n++] = at;
	}
	for (size_t i = 0; i < n; i++)
		read_directory(r, ends[i], n > 1);
	r->sealed = r->sealed || n > 1;
}

/*
 * It ends in front of its end record. What its offsets count from is a matter
 * of opinion: the beginning of the content, or that of the archive.
 */
static void
read_directory(struct reading *r, size_t end, bool doubtful)
{
	size_t size = le_get(r->bytes + end + 12, 4), says = le_get(r->bytes + end + 16, 4);
	size_t at = size <= end ? end - size : says, base, next;

	doubtful = doubtful || !is_at(r, 0, "PK\003\004", LOCAL_HEAD);
	if (!is_at(r, at, "PK\001\002", ENTRY_HEAD))
		at = says;
	base = at > says ? at - says : 0;
	for (; is_at(r, at, "PK\001\002", ENTRY_HEAD) && at < end; at = next) {
		size_t name = at + ENTRY_HEAD + le_get(r->bytes + at + 28, 2);
		size_t extra = le_get(r->bytes + at + 30, 2);

		next = name + extra + le_get(r->bytes + at + 32, 2);
		if (next <= end) {
			read_entry(r, at, base, end, doubtful);
			note(r, at, name, extra, name + extra);
		}
	}
	/* APPNOTE 4.3.14 and 4.3.15: no longer than they are said to be. */
	if (is_at(r, at, "PK\006\006", END_64) && end - at <= END_64 + LOCATOR_64)
		note(r, at, at, 0, end);
	note(r, end, end, 0, end + END_HEAD);
}

static void
read_entry(struct reading *r, size_t entry, size_t base, size_t end, bool doubtful)
{
	const char *e = r->bytes + entry;
	uint64_t plain = le_get(e + 24, 4), size = le_get(e + 20, 4);
	size_t at = le_get(e + 42, 4) + base;
	struct member m, local;
	bool known;

	if (!is_at(r, at, "PK\003\004", LOCAL_HEAD) && at >= base &&
	    is_at(r, at - base, "PK\003\004", LOCAL_HEAD))
		at -= base;
	if (at > r->len || r->len - at < LOCAL_HEAD)
		return;
	doubtful = doubtful || base > 0 || memcmp(r->bytes + at, "PK\003\004", 4) != 0 ||
	    size == UNKNOWN;
	read_local(r, at, &local, &known);
	if (local.data > end)
		return;
	take_long_sizes(r, entry, &plain, &size);
	m = (struct member){ entry + ENTRY_HEAD, le_get(e + 28, 2), local.data,
		size < end - local.data ? (size_t)size : end - local.data, plain, le_get(e + 8, 2),
		le_get(e + 10, 2) };
	if (m.method != local.method || ((m.flags ^ local.flags) & FLAG_ENCRYPTED) != 0 ||
	    (known && local.size != size) ||
	    (!known && ((m.flags | local.flags) & FLAG_SIZES_BEHIND) == 0 && size > 0))
		doubtful = true;
	m.flags &= local.flags | ~FLAG_ENCRYPTED;
	add_range(r, at, m.data + (known && local.size < m.size ? local.size : m.size));
	note(r, at, local.name + local.name_len, local.data - local.name - local.name_len,
	    local.data + m.size);
	if (doubtful)
		add_member(r, &m);
	if (doubtful && m.method != local.method) {
		m.method = local.method;
		r->sealed = true;
		add_member(r, &m);
	}
}

/* APPNOTE 4.5.3 */
static void
take_long_sizes(const struct reading *r, size_t entry, uint64_t *plain, uint64_t *size)
{
	const char *e = r->bytes + entry, *extra = e + ENTRY_HEAD + le_get(e + 28, 2);
	size_t left = le_get(e + 30, 2), n;

	for (; left >= 4; extra += 4 + n, left -= 4 + n) {
		const char *at = extra + 4;

		n = le_get(extra + 2, 2);
		if (n > left - 4)
			return;
		if (le_get(extra, 2) != 1)
			continue;
		if (*plain == UNKNOWN && n >= 8) {
			*plain = le_get(at, 4) | (uint64_t)le_get(at + 4, 4) << 32;
			at += 8;
		}
		if (*size == UNKNOWN && (size_t)(at - extra) - 4 + 8 <= n)
			*size = le_get(at, 4) | (uint64_t)le_get(at + 4, 4) << 32;
		return;
	}
}

/*
 * As its local header has it, of which LOCAL_HEAD bytes are there: false if
 * that can't be one. Where the size is not known it goes on to the next.
 */
static bool
read_local(const struct reading *r, size_t at, struct member *m, bool *known)
{
	const char *l = r->bytes + at;
	size_t size = le_get(l + 18, 4);

	*m = (struct member){ at + LOCAL_HEAD, le_get(l + 26, 2), 0, size, le_get(l + 22, 4),
		le_get(l + 6, 2), le_get(l + 8, 2) };
	m->data = m->name + m->name_len + le_get(l + 28, 2);
	*known = size > 0 && m->data <= r->len && size <= r->len - m->data;
	return m->data <= r->len && m->method < 100;
}

/* Local headers that no directory tells of. */
static void
read_rest(struct reading *r)
{
	size_t k = 0, covered = 0, entry = 0;

	if (r->n_ranges > 1)
		qsort(r->ranges, r->n_ranges, sizeof(*r->ranges), by_begin);
	for (size_t at = find(r, 0, "PK\003\004"), next; r->len - at >= LOCAL_HEAD;
	     at = find(r, next, "PK\003\004")) {
		struct member m;
		bool known;

		for (; k < r->n_ranges && r->ranges[k].begin <= at; k++) {
			if (r->ranges[k].end > covered)
				covered = r->ranges[k].end;
		}
		next = at + 4;
		if (at < covered) {
			next = covered;
			continue;
		}
		if (!read_local(r, at, &m, &known))
			continue;
		if (!known) {
			size_t local = find(r, m.data, "PK\003\004");

			r->cut = r->cut ||
			    (m.size > 0 && m.size != UNKNOWN &&
				zip_is_local(r->bytes + at, r->len - at));
			if (entry < m.data)
				entry = find(r, m.data, "PK\001\002");
			m.size = (entry < local ? entry : local) - m.data;
		}
		next = m.data + m.size;
		r->sealed = r->sealed || (m.flags & FLAG_ENCRYPTED) != 0;
		add_member(r, &m);
		note(r, at, m.name + m.name_len, m.data - m.name - m.name_len, next);
	}
}

static int
by_begin(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

static void
add_range(struct reading *r, size_t begin, size_t end)
{
	r->ranges = array_grow(r->ranges, r->n_ranges, sizeof(*r->ranges), "zip");
	r->ranges[r->n_ranges++] = (struct range){ begin, end };
}

static void
add_member(struct reading *r, const struct member *m)
{
	size_t out = LOCAL_HEAD + ENTRY_HEAD + 2 * m->name_len + m->size;
	struct member *kept;

	if (r->n_members == MEMBERS_MAX || r->out + out > OUT_TIMES * r->len + OUT_MORE) {
		r->all = false;
		return;
	}
	r->members = array_grow(r->members, r->n_members, sizeof(*r->members), "zip");
	kept = &r->members[r->n_members++];
	*kept = *m;
	/* One that says too much is passed over, and one that says too little cut. */
	if (m->method == 0)
		kept->plain_size = m->size;
	else if (m->plain_size == 0 || m->plain_size / RATIO_MAX > m->size)
		kept->plain_size = 4 * (uint64_t)m->size;
	r->out += out;
}

static char *
write_archive(const struct reading *r, size_t *out_len)
{
	char *out = malloc(r->out + END_HEAD), *at = out, *directory;
	size_t local = 0;

	if (out == NULL)
		err(EX_OSERR, "zip");
	for (size_t i = 0; i < r->n_members; i++) {
		const struct member *m = &r->members[i];

		at = put_common(put(at, 0x04034b50, 4), m);
		memcpy(at, r->bytes + m->name, m->name_len);
		memcpy(at + m->name_len, r->bytes + m->data, m->size);
		at += m->name_len + m->size;
	}
	directory = at;
	for (size_t i = 0; i < r->n_members; i++) {
		const struct member *m = &r->members[i];

		at = put_common(put(put(at, 0x02014b50, 4), 20, 2), m);
		at = put(put(put(at, 0, 6), 0, 4), (uint32_t)local, 4);
		memcpy(at, r->bytes + m->name, m->name_len);
		at += m->name_len;
		local += LOCAL_HEAD + m->name_len + m->size;
	}
	*out_len = (size_t)(at - directory);
	at = put(put(at, 0x06054b50, 4), 0, 4);
	at = put(put(at, (uint32_t)r->n_members, 2), (uint32_t)r->n_members, 2);
	at = put(put(put(at, (uint32_t)*out_len, 4), (uint32_t)local, 4), 0, 2);
	*out_len = (size_t)(at - out);
	return out;
}

static char *
put(char *at, uint32_t value, unsigned int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		*at++ = (char)(value & 0xff);
	return at;
}

/* What local headers and directory have in common: version to extra length. */
static char *
put_common(char *at, const struct member *m)
{
	at = put(put(at, 20, 2), m->flags & (FLAG_ENCRYPTED | FLAG_UTF8), 2);
	at = put(put(put(at, m->method, 2), 0, 4), 0, 4);
	at = put(put(at, (uint32_t)m->size, 4), (uint32_t)m->plain_size, 4);
	return put(put(at, (uint32_t)m->name_len, 2), 0, 2);
}

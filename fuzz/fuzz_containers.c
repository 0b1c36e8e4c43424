/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_containers - the readers of archives, documents, calendars and winmail.dat
 *
 * Input: one byte (bit 0: small bounds; bit 1: it comes under names; bit 2: a password is tried), then
 * a content.
 * Invariants: what comes out keeps the bounds on one item, on all of them and on
 * members, and is taken off the budget; an item without content says why or has a
 * name; names are strings; and a content that was presented is known again, but not
 * when a byte of it differs. The ledger: bytes read, handed on and passed over are as
 * many as there are, whatever ranges are noted, and those that are handed on were not read.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fuzz.h"
#include "ledger.h"
#include "mime_formats.h"
#include "mime_vba.h"
#include "mime_zip.h"
#include "passwords.h"
#include "presented.h"

#define SMALL 1u
#define NAMED 2u
#define PASSWORD 4u

static char name_gz[] = "a.js.gz", name_manifest[] = "META-INF/manifest.xml";

static void
check_items(const struct packed *p, size_t max)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct packed_item *item = &p->items[i];

		fuzz_assert(item->content != NULL || item->len == 0, "a length without content");
		fuzz_assert(!item->archived || item->content != NULL || item->flags != 0 ||
			item->n_names > 0,
		    "every member has a verdict or a name");
		fuzz_assert(!item->archived || item->len <= max, "a member past the bound");
		fuzz_assert((item->flags &
				~(unsigned int)(PACKED_ENCRYPTED | PACKED_DAMAGED |
				    PACKED_LIMIT)) == 0,
		    "flags");
		for (size_t k = 0; k < item->n_names; k++)
			fuzz_assert(strlen(item->names[k]) < 1u << 20, "a name");
	}
}

static void
check_presented(const struct packed *p)
{
	struct presented set = { .n = 0 };

	for (size_t i = 0; i < p->n; i++)
		presented_add(&set, p->items[i].content, p->items[i].len);
	for (size_t i = 0; i < p->n; i++) {
		const struct packed_item *item = &p->items[i];
		char *other;

		fuzz_assert(presented_has(&set, item->content, item->len), "presented");
		if (item->len < 64)
			continue;
		other = fuzz_copy(item->content, item->len);
		other[item->len / 2] ^= (char)0x80;
		other[item->len / 3] ^= (char)0x11;
		other[0] = (char)(other[0] + 0x33);
		fuzz_assert(p->n > 1 || !presented_has(&set, other, item->len),
		    "another content was not presented");
		free(other);
	}
	presented_free(&set);
}

static void
check_name(void *ctx, const char *name)
{
	(void)ctx;
	fuzz_assert(name == NULL || strlen(name) < 1u << 20, "a name");
}

/* Ranges as a zip archive has them, and as the bytes of the content say. */
static void
check_ledger(const struct format_input *in, bool zip)
{
	struct ledger l;
	struct ledger_range gap = { 0, 0 };
	size_t at = 0, inert = 0, handed = 0, read = 0, before = 0;

	ledger_begin(&l, in->len);
	if (zip)
		zip_read(in, &l);
	for (size_t i = 0; !zip && i + 4 <= in->len && i < 400; i += 4)
		ledger_read(&l, (unsigned char)in->bytes[i] * 3u,
		    (unsigned char)in->bytes[i] * 3u + (unsigned char)in->bytes[i + 1]);
	while (ledger_gap(&l, in->bytes, &at, &gap, &inert)) {
		fuzz_assert(gap.begin >= before && gap.end <= in->len, "gaps in order");
		fuzz_assert(gap.end - gap.begin >= LEDGER_LEAST, "a gap worth it");
		for (size_t i = 0; i < l.n; i++)
			fuzz_assert(l.ranges[i].end <= gap.begin || l.ranges[i].begin >= gap.end,
			    "nobody has read it");
		before = gap.end;
		handed += gap.end - gap.begin;
	}
	for (size_t i = 0; i < l.n; i++)
		read += l.ranges[i].end - l.ranges[i].begin;
	fuzz_assert(read + handed + inert == in->len, "bytes accounted are bytes there");
	ledger_free(&l);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t max = 1 << 16, left = 1 << 18, members = 100, before, n, next = 0;
	char *names[] = { name_gz, name_manifest }, *bytes, *again;
	struct format_input in;
	struct packed p;
	struct passwords passwords;
	bool all;

	if (size == 0)
		return 0;
	if ((data[0] & SMALL) != 0)
		max = 20, left = 50, members = 3;
	bytes = fuzz_copy(data + 1, size - 1);
	in = (struct format_input){ .bytes = bytes,
		.len = size - 1,
		.text = bytes,
		.text_len = size - 1,
		.names = names,
		.n_names = (data[0] & NAMED) != 0 ? 2 : 0,
		.shown = (data[0] & NAMED) == 0 };
	before = left;
	packed_begin(&p, max, &left, &members, clock_ms() + 10000);
	passwords_begin(&passwords, "secret", 1000);
	if ((data[0] & PASSWORD) != 0)
		p.passwords = &passwords;
	formats_open(&p, &in);
	passwords_free(&passwords);
	fuzz_assert(left <= before && members <= 100, "budgets shrink");
	check_items(&p, max);
	check_presented(&p);
	packed_free(&p);
	check_ledger(&in, true);
	check_ledger(&in, false);
	formats_names(bytes, size - 1, check_name, NULL);
	fuzz_assert(vba_of(bytes, size - 1) <= VBA_AUTORUN, "macros");
	while ((again = formats_again(bytes, size - 1, &next, &n, &all)) != NULL || !all)
		free(again);
	free(bytes);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_containers - the readers of archives, documents, calendars and winmail.dat
 *
 * Input: one byte (bit 0: small bounds; bit 1: it comes under names), then a content.
 * Invariants: what comes out keeps the bounds on one item, on all of them and on
 * members, and is taken off the budget; an item without content says why or has a
 * name; names are strings; and a content that was presented is known again, but not
 * when a byte of it differs.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fuzz.h"
#include "mime_formats.h"
#include "presented.h"

#define SMALL 1u
#define NAMED 2u

static char name_gz[] = "a.js.gz", name_manifest[] = "META-INF/manifest.xml";

static void
check_items(const struct packed *p, size_t max)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct packed_item *item = &p->items[i];

		fuzz_assert(item->content != NULL || item->len == 0, "a length without content");
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
	formats_open(&p, &in);
	fuzz_assert(left <= before && members <= 100, "budgets shrink");
	check_items(&p, max);
	check_presented(&p);
	packed_free(&p);
	formats_names(bytes, size - 1, check_name, NULL);
	while ((again = formats_again(bytes, size - 1, &next, &n, &all)) != NULL || !all)
		free(again);
	free(bytes);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_cfb.c - the directory and the streams of a compound file ([MS-CFB]).
 *
 * The smallest reader there can be: sectors are followed by the allocation table, never
 * more of them than the file has, so that no chain is endless; nothing is written, no
 * name is looked up. libgsf would do it as well, but for a library's worth of other
 * readers and GObject around each stream, in which this one would be a twentieth.
 *
 * Linear in the content and in what is read. Memory that runs out ends the process.
 */
#include "mime_cfb.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "le.h"

#define HEADER 512
#define ENTRY 128
#define MINI_SHIFT 6
#define MINI_CUTOFF 4096
#define IN_HEADER 109 /* places of the allocation table that stand in the header */
#define SECTOR_MAX 0xfffffffau /* above it are marks */

static size_t sector_at(const struct cfb *, uint32_t sector);
static bool read_fat(struct cfb *);
static void add_fat_sector(struct cfb *, uint32_t sector);
static char *read_chain(struct cfb *, uint32_t start, size_t max, size_t *len);
static void read_directory(struct cfb *, const char *, size_t len);
static void find_parents(struct cfb *);
static void read_mini(struct cfb *);
static void note_sector(struct cfb *, size_t at);
static void note_stream(struct cfb *, const struct cfb_entry *, size_t *steps);
static void note_small(const struct cfb *, const struct cfb_entry *, struct ledger *,
    size_t *steps);

bool
cfb_is(const char *bytes, size_t len)
{
	return len >= HEADER && memcmp(bytes, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) == 0;
}

bool
cfb_open(struct cfb *c, const char *bytes, size_t len)
{
	char *directory;
	size_t n;

	*c = (struct cfb){ .bytes = bytes, .len = len };
	if (!cfb_is(bytes, len))
		return false;
	ledger_begin(&c->ledger, len);
	ledger_read(&c->ledger, 0, HEADER);
	c->shift = le_get(bytes + 30, 2);
	if ((c->shift != 9 && c->shift != 12) || !read_fat(c))
		return false;
	directory = read_chain(c, le_get(bytes + 48, 4), len, &n);
	read_directory(c, directory, n);
	free(directory);
	if (c->n == 0)
		return false;
	find_parents(c);
	read_mini(c);
	return true;
}

void
cfb_free(struct cfb *c)
{
	free(c->fat);
	free(c->mini);
	free(c->mini_fat);
	free(c->entries);
	ledger_free(&c->ledger);
	memset(c, 0, sizeof(*c));
}

/* The header takes the place of one sector; len if the sector is not there. */
static size_t
sector_at(const struct cfb *c, uint32_t sector)
{
	uint64_t at = ((uint64_t)sector + 1) << c->shift;

	return sector > SECTOR_MAX || at >= c->len ? c->len : (size_t)at;
}

/* The places of its sectors: in the header, then in a chain of sectors of their own. */
static bool
read_fat(struct cfb *c)
{
	size_t size = (size_t)1 << c->shift, sectors = c->len >> c->shift, seen = 0;
	uint32_t next = le_get(c->bytes + 68, 4);

	c->fat = malloc((sectors + 1) * size);
	if (c->fat == NULL)
		err(EX_OSERR, "cfb");
	for (size_t i = 0; i < IN_HEADER; i++)
		add_fat_sector(c, le_get(c->bytes + 76 + 4 * i, 4));
	while (next <= SECTOR_MAX && seen++ <= sectors) {
		size_t at = sector_at(c, next);

		if (c->len - at < size) {
			c->broken = true;
			break;
		}
		note_sector(c, at);
		for (size_t i = 0; i + 1 < size / 4; i++)
			add_fat_sector(c, le_get(c->bytes + at + 4 * i, 4));
		next = le_get(c->bytes + at + size - 4, 4);
	}
	return c->n_fat > 0;
}

/* No more of them than there are sectors; the last one may be cut off. */
static void
add_fat_sector(struct cfb *c, uint32_t sector)
{
	size_t size = (size_t)1 << c->shift, at = sector_at(c, sector);
	size_t n = c->len - at < size ? (c->len - at) / 4 : size / 4;

	if (sector > SECTOR_MAX)
		return;
	if (n == 0 || c->n_fat + n > ((c->len >> c->shift) + 1) * (size / 4)) {
		c->broken = true;
		return;
	}
	note_sector(c, at);
	for (size_t i = 0; i < n; i++)
		c->fat[c->n_fat++] = le_get(c->bytes + at + 4 * i, 4);
}

/* What a chain of sectors holds, at most max bytes: malloc'd. */
static char *
read_chain(struct cfb *c, uint32_t start, size_t max, size_t *len)
{
	size_t size = (size_t)1 << c->shift, room = max < c->len ? max : c->len, seen = 0;
	char *out = malloc(room + 1);

	if (out == NULL)
		err(EX_OSERR, "cfb");
	*len = 0;
	for (uint32_t sector = start; sector <= SECTOR_MAX && *len < room;) {
		size_t at = sector_at(c, sector), n = c->len - at < size ? c->len - at : size;

		if (n == 0 || ++seen > c->n_fat) {
			c->broken = true;
			break;
		}
		note_sector(c, at);
		n = n < room - *len ? n : room - *len;
		memcpy(out + *len, c->bytes + at, n);
		*len += n;
		sector = sector < c->n_fat ? c->fat[sector] : CFB_NOBODY;
	}
	return out;
}

static void
read_directory(struct cfb *c, const char *directory, size_t len)
{
	c->entries = calloc(len / ENTRY + 1, sizeof(*c->entries));
	if (c->entries == NULL)
		err(EX_OSERR, "cfb");
	for (; c->n < len / ENTRY; c->n++) {
		const char *e = directory + c->n * ENTRY;
		struct cfb_entry *entry = &c->entries[c->n];
		size_t chars = le_get(e + 64, 2) / 2;

		for (size_t i = 0; i + 1 < chars && i + 1 < CFB_NAME_MAX; i++)
			entry->name[i] = e[2 * i];
		entry->type = (enum cfb_type)(unsigned char)e[66];
		entry->parent = CFB_NOBODY;
		entry->left = le_get(e + 68, 4);
		entry->right = le_get(e + 72, 4);
		entry->child = le_get(e + 76, 4);
		entry->start = le_get(e + 116, 4);
		entry->size = le_get(e + 120, 4);
		if (c->shift == 12)
			entry->size |= (uint64_t)le_get(e + 124, 4) << 32;
	}
}

/* A tree of siblings below each storage; each entry has one parent, whoever comes first. */
static void
find_parents(struct cfb *c)
{
	uint32_t *stack = calloc(c->n + 1, sizeof(*stack));
	bool *seen = calloc(c->n + 1, sizeof(*seen));

	if (stack == NULL || seen == NULL)
		err(EX_OSERR, "cfb");
	for (size_t i = 0; i < c->n; i++) {
		size_t depth = 0;

		if (c->entries[i].type != CFB_STORAGE && c->entries[i].type != CFB_ROOT)
			continue;
		if (c->entries[i].child < c->n && !seen[c->entries[i].child]) {
			seen[c->entries[i].child] = true;
			stack[depth++] = c->entries[i].child;
		}
		while (depth > 0) {
			struct cfb_entry *entry = &c->entries[stack[--depth]];
			const uint32_t beside[] = { entry->left, entry->right };

			entry->parent = (uint32_t)i;
			for (int k = 0; k < 2; k++) {
				if (beside[k] < c->n && !seen[beside[k]]) {
					seen[beside[k]] = true;
					stack[depth++] = beside[k];
				}
			}
		}
	}
	free(stack);
	free(seen);
}

/* Streams below a certain size lie in one stream, which is the root's. */
static void
read_mini(struct cfb *c)
{
	size_t len;
	char *table = read_chain(c, le_get(c->bytes + 60, 4), c->len, &len);

	c->n_mini_fat = len / 4;
	c->mini_fat = calloc(c->n_mini_fat + 1, sizeof(*c->mini_fat));
	if (c->mini_fat == NULL)
		err(EX_OSERR, "cfb");
	for (size_t i = 0; i < c->n_mini_fat; i++)
		c->mini_fat[i] = le_get(table + 4 * i, 4);
	free(table);
	for (size_t i = 0; i < c->n && c->mini == NULL; i++) {
		if (c->entries[i].type == CFB_ROOT)
			c->mini = read_chain(c, c->entries[i].start, c->len, &c->mini_len);
	}
}

char *
cfb_read(struct cfb *c, const struct cfb_entry *entry, size_t max, size_t *out_len, bool *whole)
{
	size_t want = entry->size < max ? (size_t)entry->size : max, seen = 0;
	const size_t small = (size_t)1 << MINI_SHIFT;
	char *out;

	*out_len = 0;
	if (entry->size >= MINI_CUTOFF) {
		out = read_chain(c, entry->start, want, out_len);
	} else {
		out = malloc(want + 1);
		if (out == NULL)
			err(EX_OSERR, "cfb");
		for (uint32_t at = entry->start;
		     at < c->n_mini_fat && *out_len < want && seen++ <= c->n_mini_fat;
		     at = c->mini_fat[at]) {
			size_t begin = (size_t)at << MINI_SHIFT, n = want - *out_len;

			if (begin >= c->mini_len)
				break;
			n = n < small ? n : small;
			n = n < c->mini_len - begin ? n : c->mini_len - begin;
			memcpy(out + *out_len, c->mini + begin, n);
			*out_len += n;
		}
	}
	*whole = *out_len == entry->size;
	return out;
}

/* To its end: what is behind the end of a stream in its last sector is left from before. */
static void
note_sector(struct cfb *c, size_t at)
{
	ledger_read(&c->ledger, at, at + ((size_t)1 << c->shift));
}

void
cfb_account(struct cfb *c, struct ledger *small)
{
	/* No sector is in two streams, so there are no more steps than sectors in a sound one. */
	size_t steps = c->n_fat + 1, small_steps = c->n_mini_fat + 1;

	ledger_begin(small, c->mini_len);
	for (size_t i = 0; i < c->n; i++) {
		const struct cfb_entry *entry = &c->entries[i];

		if (entry->type != CFB_STREAM || entry->parent == CFB_NOBODY)
			continue;
		if (entry->size >= MINI_CUTOFF)
			note_stream(c, entry, &steps);
		else
			note_small(c, entry, small, &small_steps);
	}
	c->broken = c->broken || steps == 0 || small_steps == 0;
}

static void
note_stream(struct cfb *c, const struct cfb_entry *entry, size_t *steps)
{
	uint64_t sectors = (entry->size >> c->shift) + 1;
	uint32_t sector = entry->start;

	if ((entry->size & (((uint64_t)1 << c->shift) - 1)) == 0)
		sectors--;
	for (; sector <= SECTOR_MAX && sectors > 0 && *steps > 0; sectors--, --*steps) {
		if (sector_at(c, sector) == c->len)
			break;
		note_sector(c, sector_at(c, sector));
		sector = sector < c->n_fat ? c->fat[sector] : CFB_NOBODY;
	}
}

static void
note_small(const struct cfb *c, const struct cfb_entry *entry, struct ledger *small, size_t *steps)
{
	const size_t size = (size_t)1 << MINI_SHIFT;
	uint64_t left = (entry->size + size - 1) >> MINI_SHIFT;

	for (uint32_t at = entry->start; at < c->n_mini_fat && left > 0 && *steps > 0;
	     left--, --*steps) {
		ledger_read(small, (size_t)at * size, ((size_t)at + 1) * size);
		at = c->mini_fat[at];
	}
}

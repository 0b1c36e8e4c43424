/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ledger.c - which bytes of a content were read.
 *
 * A container is read by more than one reader, and none of them says what it has passed
 * over. So each notes what it has read, and what is left is looked at as a content of
 * its own: an archive behind another, something between two members.
 *
 * n log n in the ranges, linear in the content. Memory that runs out ends the process.
 */
#include "ledger.h"

#include <stdlib.h>

#include "array.h"

static int by_begin(const void *, const void *);
static void join(struct ledger *);

void
ledger_begin(struct ledger *l, size_t len)
{
	*l = (struct ledger){ .len = len };
}

void
ledger_free(struct ledger *l)
{
	free(l->ranges);
	*l = (struct ledger){ .len = 0 };
}

void
ledger_read(struct ledger *l, size_t begin, size_t end)
{
	if (end > l->len)
		end = l->len;
	if (begin >= end)
		return;
	l->sorted = false;
	if (l->n > 0 && l->ranges[l->n - 1].end == begin) {
		l->ranges[l->n - 1].end = end;
		return;
	}
	l->ranges = array_grow(l->ranges, l->n, sizeof(*l->ranges), "ledger");
	l->ranges[l->n++] = (struct ledger_range){ begin, end };
}

bool
ledger_gap(struct ledger *l, const char *bytes, size_t *at, struct ledger_range *gap, size_t *inert)
{
	join(l);
	for (size_t i = 0; i <= l->n; i++) {
		size_t begin = i == 0 ? 0 : l->ranges[i - 1].end;
		size_t end = i == l->n ? l->len : l->ranges[i].begin, last = end;

		if (end <= *at || begin >= end)
			continue;
		*at = end;
		*gap = (struct ledger_range){ begin, end };
		while (gap->begin < gap->end && bytes[gap->begin] == '\0')
			gap->begin++;
		while (gap->begin < last && bytes[last - 1] == '\0')
			last--;
		if (last - gap->begin >= LEDGER_LEAST) {
			*inert += gap->begin - begin;
			return true;
		}
		*inert += end - begin;
	}
	return false;
}

/* In order, and none of them touches another. */
static void
join(struct ledger *l)
{
	size_t n = 0;

	if (l->sorted || l->n == 0)
		return;
	qsort(l->ranges, l->n, sizeof(*l->ranges), by_begin);
	for (size_t i = 1; i < l->n; i++) {
		if (l->ranges[i].begin > l->ranges[n].end)
			l->ranges[++n] = l->ranges[i];
		else if (l->ranges[i].end > l->ranges[n].end)
			l->ranges[n].end = l->ranges[i].end;
	}
	l->n = n + 1;
	l->sorted = true;
}

static int
by_begin(const void *a, const void *b)
{
	const struct ledger_range *x = a, *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

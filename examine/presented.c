/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * presented.c - which contents the scanner has unpacked and scanned by itself.
 *
 * A member of an archive that libclamav opens too is scanned once, by it; one that
 * nobody presented to its signatures is scanned on its own. So two contents must not
 * be taken for the same, whoever made them: the print of one is its length and its
 * value as a polynomial, over the prime 2^61 - 1, at two points that this process has
 * drawn at random. Two different contents of n bytes agree in both with a chance of
 * (n / 7 / 2^61)^2, and nobody outside can know the points. That is several times
 * faster than a digest.
 *
 * Memory that runs out ends the process.
 */
#include "presented.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define PRIME ((UINT64_C(1) << 61) - 1)
#define STEP 7 /* bytes in one coefficient, so that each is below the prime */

struct presented_print {
	uint64_t low, high;
	size_t len;
};

static struct presented_print print_of(struct presented *, const char *, size_t len);
static uint64_t times(uint64_t, uint64_t);
static uint64_t coefficient(const char *, size_t n);
static struct presented_print *slot(const struct presented *, const struct presented_print *);
static void grow(struct presented *);

void
presented_add(struct presented *p, const char *content, size_t len)
{
	struct presented_print print, *at;

	if (len == 0)
		return;
	print = print_of(p, content, len);
	if (p->n * 2 >= p->size)
		grow(p);
	at = slot(p, &print);
	if (at->len == 0)
		p->n++;
	*at = print;
}

bool
presented_has(struct presented *p, const char *content, size_t len)
{
	struct presented_print print;

	if (len == 0)
		return true;
	if (p->n == 0)
		return false;
	print = print_of(p, content, len);
	return slot(p, &print)->len != 0;
}

void
presented_free(struct presented *p)
{
	free(p->prints);
	memset(p, 0, sizeof(*p));
}

static struct presented_print
print_of(struct presented *p, const char *content, size_t len)
{
	struct presented_print print = { .len = len };
	size_t at = 0;

	for (int i = 0; i < 2; i++) {
		while (p->key[i] == 0) {
			arc4random_buf(&p->key[i], sizeof(p->key[i]));
			p->key[i] %= PRIME;
		}
	}
	for (; len - at >= STEP + 1; at += STEP) {
		uint64_t c = coefficient(content + at, STEP);

		print.low = times(print.low + c, p->key[0]);
		print.high = times(print.high + c, p->key[1]);
	}
	for (; at < len; at++) {
		uint64_t c = coefficient(content + at, 1);

		print.low = times(print.low + c, p->key[0]);
		print.high = times(print.high + c, p->key[1]);
	}
	return print;
}

static uint64_t
coefficient(const char *bytes, size_t n)
{
	uint64_t c = 0;

	memcpy(&c, bytes, n);
	return c + 1;
}

/* a < 2^62, b < PRIME. */
static uint64_t
times(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t sum = (uint64_t)(product & PRIME) + (uint64_t)(product >> 61);

	return sum >= PRIME ? sum - PRIME : sum;
}

/* Where it is, or the free place where it would be. */
static struct presented_print *
slot(const struct presented *p, const struct presented_print *print)
{
	size_t at = (size_t)print->low & (p->size - 1);

	while (p->prints[at].len != 0 &&
	    (p->prints[at].len != print->len || p->prints[at].low != print->low ||
		p->prints[at].high != print->high))
		at = (at + 1) & (p->size - 1);
	return &p->prints[at];
}

static void
grow(struct presented *p)
{
	struct presented old = *p;

	p->size = old.size == 0 ? 64 : 2 * old.size;
	p->prints = calloc(p->size, sizeof(*p->prints));
	if (p->prints == NULL)
		err(EX_OSERR, "presented");
	for (size_t i = 0; i < old.size; i++) {
		if (old.prints[i].len != 0)
			*slot(p, &old.prints[i]) = old.prints[i];
	}
	free(old.prints);
}

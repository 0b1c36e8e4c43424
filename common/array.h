/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * array.h - arrays that grow.
 */
#ifndef ARRAY_H
#define ARRAY_H

#include <err.h>
#include <stddef.h>
#include <stdlib.h>
#include <sysexits.h>

/*
 * Room for one element more than n, each of size bytes; grows at powers of two,
 * so n must have been reached one by one. Memory that runs out ends the process,
 * in the name of whose.
 */
static inline void *
array_grow(void *array, size_t n, size_t size, const char *whose)
{
	if (n != 0 && (n & (n - 1)) != 0)
		return array;
	array = reallocarray(array, n == 0 ? 1 : n * 2, size);
	if (array == NULL)
		err(EX_OSERR, "%s", whose);
	return array;
}

#endif

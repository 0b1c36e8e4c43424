/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * collapse.c - memory in huge pages, so that forks are quick.
 *
 * Forking a process of 1.7 GB costs 35 to 80 ms, nearly all of it for copying
 * page tables; with its memory collapsed into huge pages, 1 to 2 ms.
 */
#include "collapse.h"

#include <sys/mman.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "log.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1; Debian 12's headers lack it */
#endif

#define HUGE_PAGE (2UL << 20)

static bool can_collapse(void);
static void collapse_mapping(unsigned long begin, unsigned long end);

/*
 * Every writable anonymous mapping, as far as the kernel can and will. (One of
 * a terabyte is a sanitizer's, with next to nothing in it.)
 */
void
collapse_memory(void)
{
	FILE *maps;
	char line[PATH_MAX + 128], perms[8];
	unsigned long begin, end, inode;

	if (!can_collapse()) {
		log_write(LOG_NOTICE,
		    "engine: this kernel has no MADV_COLLAPSE (Linux 6.1 has): "
		    "every inspector starts later, nothing else");
		return;
	}
	maps = fopen("/proc/self/maps", "re");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s %*x %*s %lu", &begin, &end, perms, &inode) == 4 &&
		    perms[1] == 'w' && perms[3] == 'p' && inode == 0 && end - begin < 1UL << 40)
			collapse_mapping(begin, end);
	}
	if (maps != NULL)
		fclose(maps);
}

/* Tried on two fresh huge pages' worth, one of which is aligned. */
static bool
can_collapse(void)
{
	char *p = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
	unsigned long at = ((unsigned long)p + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	bool can;

	if (p == MAP_FAILED)
		return false;
	p[at - (unsigned long)p] = 1;
	can = madvise(p + (at - (unsigned long)p), HUGE_PAGE, MADV_COLLAPSE) == 0 ||
	    errno != EINVAL;
	munmap(p, 2 * HUGE_PAGE);
	return can;
}

/* A step that fails (a hole, a stack) must not keep the others from it. */
static void
collapse_mapping(unsigned long begin, unsigned long end)
{
	unsigned long at = (begin + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);

	for (; at + HUGE_PAGE <= end; at += HUGE_PAGE) {
		union {
			unsigned long number;
			void *address;
		} step = { .number = at };

		madvise(step.address, HUGE_PAGE, MADV_COLLAPSE);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * collapse.h - memory in huge pages, so that forks are quick.
 */
#ifndef COLLAPSE_H
#define COLLAPSE_H

/* Of this process, as far as the kernel can and will; once, after loading. Logs if it cannot. */
void collapse_memory(void);

#endif

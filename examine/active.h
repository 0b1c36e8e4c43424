/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * active.h - documents that do something when they are opened: rules on what is in them.
 */
#ifndef ACTIVE_H
#define ACTIVE_H

#include "examination.h"
#include "scan.h"

/* Tells what block_active_pdf, block_html_smuggling and block_macros say of a leaf. */
void active_check(struct examination *, const struct part *, const char *content, size_t len);

/* After the scan of that leaf: macros that the scanner did not tell of. */
void active_finish(struct examination *, const struct part *);

/*
 * With "block_macros = autorun": is that hit in the part, which active_check was handed
 * before, about macros that are looked at by themselves?
 */
bool active_explains(struct examination *, const struct part *, const struct scan_hit *);

/* The same of the whole message, or of a view, after the part. */
bool active_explains_whole(const struct examination *, const struct scan_hit *);

/* After that: may there be macros in it that nobody but the scanner can read? */
bool active_unread(const struct examination *, const struct part *);

#endif

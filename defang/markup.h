/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * markup.h - where in HTML something may be written that is shown first, or last.
 */
#ifndef MARKUP_H
#define MARKUP_H

#ifdef TOWER_FRONT
#error "markup.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>

/*
 * Offsets into html, of which each byte is a character or part of one that holds
 * no "<" ("<" in ISO-2022 between escapes is passed over). Behind the tag that
 * begins the body; in front of the one that ends it.
 */
size_t markup_top(const char *html, size_t len);
size_t markup_bottom(const char *html, size_t len);

/* Some lines of 80 characters that it takes to show that; 5 for each picture. */
size_t markup_lines(const char *html, size_t len);

#endif

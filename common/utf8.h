/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * utf8.h - is it text, and nothing but text?
 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* UTF-8 (RFC 3629) without a control character of ASCII, but for those in controls. */
bool utf8_is_text(const char *text, size_t len, const char *controls);

#endif

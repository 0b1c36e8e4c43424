/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jtext.h - text of strangers as a JSON string.
 */
#ifndef JTEXT_H
#define JTEXT_H

#include <jansson.h>

/* What is no UTF-8, and DEL, becomes U+FFFD. NULL if memory runs out. */
json_t *jtext_new(const char *text);

#endif

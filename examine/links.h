/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * links.h - HTML as a message, so that libclamav looks at where its links lead.
 */
#ifndef LINKS_H
#define LINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

/* Would the scanner judge the links of a content of a message, if it were in a message? */
bool links_wanted(const struct conf *, const char *content, size_t len);

/* The same of a text that says of itself to be no HTML. */
bool links_in_plain_text(const struct conf *, const char *content, size_t len);

/* A message that is this HTML, to the byte. Free it. Memory that runs out ends the process. */
char *links_mail(const char *html, size_t len, size_t *size);

#endif

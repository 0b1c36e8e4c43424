/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quoted.h - quoted-printable, RFC 2045 6.7, of what is written in.
 */
#ifndef QUOTED_H
#define QUOTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * One line, without its line ending. With soft line breaks, none of which is behind
 * the last character. all: every byte is escaped, line endings in it too.
 */
void quoted_put(FILE *, const char *line, size_t len, bool all, const char *eol);

#endif

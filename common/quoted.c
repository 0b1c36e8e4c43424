/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quoted.c - quoted-printable, RFC 2045 6.7, of what is written in.
 */
#include "quoted.h"

/* Characters of a line, without what may come in one step. */
#define QP_LINE 72

void
quoted_put(FILE *f, const char *line, size_t len, bool all, const char *eol)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		/* A space at the end of a line is lost on the way. */
		bool plain = !all && c >= ' ' && c <= '~' && c != '=' &&
		    (c != ' ' || (i + 1 < len && column < QP_LINE - 1));

		if (column >= QP_LINE) {
			fprintf(f, "=%s", eol);
			column = 0;
		}
		if (plain)
			column += fputc(c, f) != EOF;
		else
			column += (size_t)fprintf(f, "=%02X", c);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * safe.c - text of strangers, made safe for a terminal.
 *
 * A terminal obeys control characters, C1 ones among them, which hide in UTF-8 and in
 * 8-bit text; characters that turn the direction of writing make one name look like
 * another. So nothing but printable ASCII goes out as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "safe.h"

void
safe_put(FILE *fp, const char *text, size_t len, size_t max)
{
	size_t i, used = 0, all = safe_columns(text, len), one;

	for (i = 0; i < len; i++) {
		one = safe_columns(text + i, 1);
		if (all > max && used + one + 3 > max) {
			fputs("...", fp);
			return;
		}
		if (one == 4)
			fprintf(fp, "\\%03o", (unsigned int)(unsigned char)text[i]);
		else
			putc(text[i], fp);
		used += one;
	}
}

size_t
safe_columns(const char *text, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len; i++)
		columns += text[i] < ' ' || text[i] > '~' ? 4 : 1;
	return columns;
}

int
safe_complain(int code, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fflush(stdout);
	fputs("spawnscan-quarantine: ", stderr);
	safe_put(stderr, text, strlen(text), sizeof(text) * 4);
	putc('\n', stderr);
	return code;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edit.c - one edit of the message, and the line endings around it.
 *
 * Edits are added to the report in no order; the inspector sorts them. Memory
 * that runs out ends the process.
 */
#include "edit.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

void
edit_add(const struct defang *d, size_t begin, size_t end, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len == -1)
		err(EX_OSERR, "edit");
	edit_take(d, begin, end, text, (size_t)len);
}

void
edit_take(const struct defang *d, size_t begin, size_t end, char *text, size_t len)
{
	report_add_edit(d->report, begin, end - begin, text, len);
}

const char *
edit_line_break(const struct defang *d, size_t begin, size_t *at)
{
	if (*at == begin || d->bytes[*at - 1] == '\n')
		return "";
	if (d->bytes[*at - 1] == '\r')
		--*at;
	return d->eol;
}

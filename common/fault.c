/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault.c - one sentence about what went wrong, for whoever can say it to a
 * human: the function that fails has no log and no descriptor of its own.
 */
#include "fault.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
fault_tell(char *err, size_t errsize, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, errsize, fmt, ap);
	va_end(ap);
	for (; *err != '\0'; err++) {
		if (iscntrl((unsigned char)*err))
			*err = '?';
	}
	return false;
}

void
fault_quote(const char *text, char *buf, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1 && text[i] != '\0'; i++)
		buf[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	buf[i] = '\0';
	if (text[i] != '\0')
		memcpy(buf + size - 4, "...", 4);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line.h - lines of a text, which an LF ends.
 */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Length of the first line with its line ending: where the next one begins, or len. */
static inline size_t
line_next(const char *s, size_t len)
{
	const char *lf = len == 0 ? NULL : memchr(s, '\n', len);

	return lf == NULL ? len : (size_t)(lf - s) + 1;
}

/* Length of the first line and the folded ones behind it: of a whole header field. */
static inline size_t
line_folded(const char *s, size_t len)
{
	size_t end = line_next(s, len);

	while (end < len && (s[end] == ' ' || s[end] == '\t'))
		end += line_next(s + end, len - end);
	return end;
}

/* Of a line as long as that: its length without an LF, and a CR in front of it. */
static inline size_t
line_text(const char *s, size_t line)
{
	if (line > 0 && s[line - 1] == '\n')
		line--;
	return line > 0 && s[line - 1] == '\r' ? line - 1 : line;
}

/* How much of a line is the tag "<pre>", which uudeview passes over in front of a file. */
static inline size_t
line_pre(const char *s, size_t line)
{
	return line > 5 && strncasecmp(s, "<pre>", 5) == 0 ? 5 : 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edit.h - one edit of the message, and the line endings around it.
 */
#ifndef EDIT_H
#define EDIT_H

#ifdef TOWER_FRONT
#error "edit.h is the inspector's"
#endif

#include "report.h"

/* The message that is being edited, and where the edits go. */
struct defang {
	const char *bytes;
	size_t size;
	const char *eol; /* line ending of what is written in: "\r\n" or "\n" */
	struct report *report;
};

/* The bytes from begin to end become that text, or len bytes of it, which is taken over. */
void edit_add(const struct defang *, size_t begin, size_t end, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void edit_take(const struct defang *, size_t begin, size_t end, char *text, size_t len);

/*
 * What must stand at *at to end the last line of a header that begins at begin.
 * A CR there, which would make an empty line of it to some, is taken in.
 */
const char *edit_line_break(const struct defang *, size_t begin, size_t *at);

#endif

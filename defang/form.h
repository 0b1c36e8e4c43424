/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * form.h - one form of a text, text/plain or text/html, taken apart so that
 * something can be written into it.
 */
#ifndef FORM_H
#define FORM_H

#ifdef TOWER_FRONT
#error "form.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>

#include "charset.h"
#include "header.h"
#include "part.h"
#include "transfer.h"

/* One text, taken apart. */
struct form {
	const struct part *part;
	bool html;
	bool flowed;
	enum transfer transfer;
	struct header_field type_field, transfer_field; /* name_len 0 = there is none */
	size_t type_end; /* behind "text/plain" */
	size_t charset_begin, charset_end; /* the parameter; equal = there is none */
	struct charset charset;
	const char *raw;
	size_t raw_len;
	char *content; /* decoded */
	size_t len;
};

/*
 * Take a leaf apart; *f is zeroed before. NULL, or why nothing can be written into it, a
 * constant phrase. Free with form_free in either case.
 */
const char *form_read(struct form *f, const struct parts *, const struct part *);
void form_free(struct form *);

/* How many lines of a screen of 80 characters it takes. */
size_t form_lines(const struct form *);

#endif

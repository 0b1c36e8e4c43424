/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_vba.h - the macros of a compound file ([MS-OVBA]).
 */
#ifndef MIME_VBA_H
#define MIME_VBA_H

#include <stddef.h>

enum vba {
	VBA_NONE, /* none that is known here: other kinds of macros may be there */
	VBA_CALLED, /* all of it was read, and somebody has to call it */
	VBA_AUTORUN /* some runs by itself, or could not be read */
};

enum vba vba_of(const char *, size_t len);

#endif

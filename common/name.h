/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * name.h - names and words of strangers, made fit to be shown and to be written
 * into a header.
 */
#ifndef NAME_H
#define NAME_H

#include <stddef.h>

/* Bytes of a name or a word before anything is put behind it. */
#define NAME_WORD_MAX 150

/*
 * A text to be shown: valid UTF-8 without controls, without what cannot be seen
 * and without what turns the direction of a text; such bytes become "_", and
 * whitespace one space. At most size - 1 bytes and whole characters.
 */
void name_text(const char *text, char *out, size_t size);

/*
 * A file name: letters and digits of any language and a few marks, without a
 * path, without runs of spaces, never empty; of a long one the end stays, and
 * NAME_WORD_MAX bytes. suffix stands behind it; size must hold both.
 */
void name_file(const char *name, const char *suffix, char *out, size_t size);

/* Room for a parameter with a name from name_file, and a suffix of 42 bytes. */
#define NAME_PARAM_MAX 640

/* param="name", or as RFC 2231 4 has it if the name, from name_file, is not ASCII. */
void name_param(const char *param, const char *name, char out[NAME_PARAM_MAX]);

#endif

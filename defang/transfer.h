/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transfer.h - transfer encodings to the letter: undone, and put on what is
 * written in. What readers make of broken ones is another matter (mime_decode.h).
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#ifdef TOWER_FRONT
#error "transfer.h is the inspector's"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* RFC 2045 6: none (7bit, 8bit, binary), quoted-printable, base64. */
enum transfer { TRANSFER_NONE, TRANSFER_QUOTED, TRANSFER_BASE64 };

/*
 * What len raw bytes stand for, malloc'd; its size in *out_len. NULL if they are
 * not to the letter, so that readers differ about them.
 */
char *transfer_decode(enum transfer, const char *raw, size_t len, size_t *out_len);

/*
 * Where in the raw bytes, which are to the letter, decoded byte number at begins;
 * len if there is none. Of base64 at must be a multiple of 3.
 */
size_t transfer_offset(enum transfer, const char *raw, size_t len, size_t at);

/* Base64 in lines of 76 characters, all but the last of them ended by eol. */
void transfer_put_base64(FILE *, const char *bytes, size_t len, const char *eol);

#endif

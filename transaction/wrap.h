/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wrap.h - a fresh mail with a notice and a whole original as one inert
 * attachment, made without parsing a byte of it.
 */
#ifndef WRAP_H
#define WRAP_H

#include <stdbool.h>

#include "message.h"

/*
 * Fill *out (message_create'd here, sealed) with a message from
 * postmaster@HOST that carries a notice and the original as
 * message.eml.defanged, base64. Lines end in CRLF if crlf, else in LF.
 * mbox: a "From " line in front of the original is put in front of *out as it
 * is. reference: where the original is kept, or "". reason: for the result
 * header, NULL = none is put there. False with errno on failure; then *out is
 * closed.
 */
bool wrap_message(struct message *out, const struct message *original, const char *reference,
    const char *reason, bool crlf, bool mbox);

#endif

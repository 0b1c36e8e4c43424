/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wrap.h - a fresh mail with a notice and a whole original as one inert
 * attachment, made without parsing a byte of it.
 */
#ifndef WRAP_H
#define WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "sentences.h"

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
    const char *reason, const struct sentences *, bool crlf, bool mbox);

/* A message of our own words. All of it is printable ASCII, a line has at most 900 bytes. */
struct wrap_words {
	const char *mark; /* a header field of its own, or NULL */
	const char *subject;
	const char *const *lines;
	size_t n_lines;
	const char *file; /* name of the attachment; NULL = none */
};

/*
 * The same with these words, and size bytes as attachment, if it has a name. Lines
 * end in CRLF.
 */
bool wrap_words(struct message *out, const struct wrap_words *, const char *bytes, uint64_t size);

#endif

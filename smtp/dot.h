/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dot.h - the data phase of SMTP, both ways: from the wire to a message
 * (dots, line endings, the final dot) and back. RFC 5321 4.5.2; restrictive about
 * where a message ends.
 *
 * Both machines take their input in pieces of any size and give the same
 * result for each.
 */
#ifndef DOT_H
#define DOT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "message.h"

/*
 * Decoder. The message ends at CRLF "." CRLF (or at once with "." CRLF) and at
 * nothing else. What is stored has CRLF line endings only: a bare LF is counted
 * and stored as CRLF, a bare CR is counted and stored as a space; the caller
 * refuses the message afterwards if the configuration says so.
 */
enum dot_state { DOT_LINE_START, DOT_IN_LINE, DOT_CR, DOT_DOT, DOT_DOT_CR };

struct dot_decoder {
	enum dot_state state;
	size_t bare_lf, bare_cr; /* how many were met */
};

void dot_decode_init(struct dot_decoder *);

/*
 * Feed len bytes. *used says how many were consumed (all of them unless the
 * end was reached), *done whether the final dot was met. What is decoded goes
 * to the sink; returns false as soon as the sink does.
 */
bool dot_decode(struct dot_decoder *, const char *buf, size_t len, size_t *used, bool *done,
    message_sink *sink, void *ctx);

/*
 * Encoder: doubles a dot at the beginning of a line. Lines end at CRLF only
 * (as far as this machine is concerned a bare LF or CR is a byte like others,
 * and callers see to it that there is none).
 */
struct dot_encoder {
	bool line_start;
	bool cr; /* the last byte was a CR */
};

void dot_encode_init(struct dot_encoder *);
bool dot_encode(struct dot_encoder *, const char *buf, size_t len, message_sink *sink, void *ctx);
/* The end: a CRLF if the last line has none, then "." CRLF. */
bool dot_encode_end(struct dot_encoder *, message_sink *sink, void *ctx);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dot - dots and line endings of the data phase, both ways
 *
 * The decoder is strict about structure: only CRLF begins a line, so only
 * CRLF "." CRLF ends the message and only a dot behind a CRLF is taken off
 * (RFC 5321 4.5.2, 2.3.8). A dot behind a bare LF or CR is content. A bare LF
 * becomes a CRLF in what is stored, and the encoder doubles a dot behind it; a
 * bare CR becomes a space, as cleanup(8) of Postfix makes it one
 * (cleanup_replace_stray_cr_lf): hence nothing that the client could only have
 * meant as content can leave as the end of a message.
 *
 * The caller owns both structs; nothing is allocated. State between two calls
 * is a few bytes, and every split of the input gives the same result.
 *
 * Diagnostics: none. Whatever arrives can be decoded; bare line endings are
 * counted and the caller judges them.
 */
#include <string.h>
#include <sys/param.h>

#include "dot.h"

/* Pieces for the sink, so that a spool isn't written to byte by byte. */
#define DOT_PIECE (32u << 10)

/* The most bytes that one byte of input can set free: a held CR, and CR LF. */
#define DOT_STEP_MAX 3

static size_t dot_step(struct dot_decoder *, char, char *);
static size_t dot_in_line(struct dot_decoder *, char, char *);
static size_t dot_after_cr(struct dot_decoder *, char, char *);

void
dot_decode_init(struct dot_decoder *decoder)
{
	*decoder = (struct dot_decoder){ .state = DOT_LINE_START };
}

/* dot_in_line - a byte that has no held bytes before it and is no leading dot */
static size_t
dot_in_line(struct dot_decoder *decoder, char c, char *out)
{
	if (c == '\r') {
		decoder->state = DOT_CR;
		return 0;
	}
	decoder->state = DOT_IN_LINE;
	if (c != '\n') {
		out[0] = c;
		return 1;
	}
	decoder->bare_lf++;
	out[0] = '\r';
	out[1] = '\n';
	return 2;
}

/* dot_after_cr - a byte after a CR that is held back */
static size_t
dot_after_cr(struct dot_decoder *decoder, char c, char *out)
{
	if (c == '\n') {
		decoder->state = DOT_LINE_START;
		out[0] = '\r';
		out[1] = '\n';
		return 2;
	}
	decoder->bare_cr++;
	out[0] = ' ';
	return 1 + dot_in_line(decoder, c, out + 1);
}

/* dot_step - one byte in, how many out; the final LF is the caller's */
static size_t
dot_step(struct dot_decoder *decoder, char c, char *out)
{
	switch (decoder->state) {
	case DOT_LINE_START:
		if (c != '.')
			return dot_in_line(decoder, c, out);
		decoder->state = DOT_DOT;
		return 0;
	case DOT_DOT:
		if (c != '\r')
			return dot_in_line(decoder, c, out);
		decoder->state = DOT_DOT_CR;
		return 0;
	case DOT_CR:
	case DOT_DOT_CR:
		return dot_after_cr(decoder, c, out);
	case DOT_IN_LINE:
		break;
	}
	return dot_in_line(decoder, c, out);
}

/* plain_run - bytes before the next CR or LF: the inside of a line needs no machine */
static size_t
plain_run(const char *buf, size_t len)
{
	const char *end = memchr(buf, '\r', len);

	if (end != NULL)
		len = (size_t)(end - buf);
	end = len == 0 ? NULL : memchr(buf, '\n', len);
	return end == NULL ? len : (size_t)(end - buf);
}

bool
dot_decode(struct dot_decoder *decoder, const char *buf, size_t len, size_t *used, bool *done,
    message_sink *sink, void *ctx)
{
	char out[DOT_PIECE];
	size_t n = 0, i = 0;

	*used = 0;
	*done = false;
	while (i < len && !*done) {
		if (n > sizeof(out) - DOT_STEP_MAX) {
			if (!sink(ctx, out, n))
				return false;
			n = 0;
		}
		if (decoder->state == DOT_IN_LINE) {
			size_t run = plain_run(buf + i, MIN(len - i, sizeof(out) - n));

			memcpy(out + n, buf + i, run);
			n += run;
			i += run;
			if (run > 0)
				continue;
		}
		if (decoder->state == DOT_DOT_CR && buf[i] == '\n')
			*done = true;
		else
			n += dot_step(decoder, buf[i], out + n);
		i++;
	}
	*used = i;
	return n == 0 || sink(ctx, out, n);
}

void
dot_encode_init(struct dot_encoder *encoder)
{
	*encoder = (struct dot_encoder){ .line_start = true };
}

bool
dot_encode(struct dot_encoder *encoder, const char *buf, size_t len, message_sink *sink, void *ctx)
{
	size_t begin = 0, i = 0;

	while (i < len) {
		const char *lf = memchr(buf + i, '\n', len - i);

		if (encoder->line_start && buf[i] == '.') {
			/* Everything up to and with this dot; it opens the next piece again. */
			if (!sink(ctx, buf + begin, i + 1 - begin))
				return false;
			begin = i;
		}
		if (lf == NULL) {
			encoder->line_start = false;
			encoder->cr = buf[len - 1] == '\r';
			break;
		}
		i = (size_t)(lf - buf);
		encoder->line_start = i > 0 ? buf[i - 1] == '\r' : encoder->cr;
		encoder->cr = false;
		i++;
	}
	return begin == len || sink(ctx, buf + begin, len - begin);
}

bool
dot_encode_end(struct dot_encoder *encoder, message_sink *sink, void *ctx)
{
	if (encoder->line_start)
		return sink(ctx, ".\r\n", 3);
	return sink(ctx, "\r\n.\r\n", 5);
}

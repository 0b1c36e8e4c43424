/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guesses.c - what programs find in a content that no header and no line calls a file.
 *
 * - Lines of nothing but base64: uudeview decodes them in any text, and in an attachment
 *   whose header names no encoding.
 * - A "=" at the end of a line once quoted-printable was undone: eml-format undoes that
 *   first, and then takes it for a soft line break.
 * - A line of quoted-printable that ends in blanks: mimetic takes the end of the line away
 *   with them, and all controls wherever they stand. Texts have such lines, so in a text only
 *   one of nothing but blanks counts, behind a soft line break; in a file any does.
 *
 * All are rare in ordinary messages, and neither makes one irregular: what is found is
 * scanned with the texts of the message, or alone if it begins like a file.
 */
#include "guesses.h"

#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base64.h"
#include "line.h"
#include "mime_decode.h"

/* A shorter line is a word; the last one of several may be as short as it likes. */
#define LINE_MIN 40

static void each_run(const char *, size_t len, guess_visit *, void *ctx);
static size_t digits_only(const char *line, size_t len);
static void hand_out_run(const char *, size_t len, guess_visit *, void *ctx);
static bool has_escaped_break(const char *, size_t len);
static void soft_breaks(const char *, size_t len, guess_visit *, void *ctx);
static size_t soft_break(const char *, size_t len);
static bool has_blank_end(const char *, size_t len, bool is_text);
static void lines_joined(const char *, size_t len, guess_visit *, void *ctx);
static size_t blank_end(const char *, size_t line);
static bool is_control(char);

void
guesses_each(const char *raw, size_t raw_len, bool is_text, const char *content, size_t len,
    guess_visit *visit, void *ctx)
{
	each_run(content, len, visit, ctx);
	if (has_escaped_break(raw, raw_len))
		soft_breaks(content, len, visit, ctx);
	if (len < raw_len && has_blank_end(raw, raw_len, is_text))
		lines_joined(raw, raw_len, visit, ctx);
}

static void
each_run(const char *s, size_t len, guess_visit *visit, void *ctx)
{
	const char *end = s + len, *run = NULL;

	for (size_t line; s < end; s += line) {
		size_t digits;

		line = line_next(s, (size_t)(end - s));
		digits = digits_only(s, line);
		if (run == NULL && digits >= LINE_MIN)
			run = s;
		if (run == NULL || (digits >= LINE_MIN && s + line < end))
			continue;
		hand_out_run(run, (size_t)(s - run) + (digits > 0 ? line : 0), visit, ctx);
		run = NULL;
	}
}

/* 0 = there is something else in the line. */
static size_t
digits_only(const char *line, size_t len)
{
	size_t text = line_text(line, len), i = 0;

	while (i < text && (base64_value((unsigned char)line[i]) >= 0 || line[i] == '='))
		i++;
	return i == text ? text : 0;
}

static void
hand_out_run(const char *s, size_t len, guess_visit *visit, void *ctx)
{
	size_t n;
	char *decoded = decode_bytes(DECODE_BASE64_ON, s, len, len, &n);

	if (decoded != NULL)
		visit(ctx, decoded, n);
	free(decoded);
}

/* "=3D" at the end of a line, in quoted-printable. */
static bool
has_escaped_break(const char *s, size_t len)
{
	const char *end = s + len;

	while (s < end && (s = memmem(s, (size_t)(end - s), "=3", 2)) != NULL) {
		s += 2;
		if (end - s > 1 && (*s == 'D' || *s == 'd') &&
		    (s[1] == '\n' || (s[1] == '\r' && end - s > 2 && s[2] == '\n')))
			return true;
	}
	return false;
}

static void
soft_breaks(const char *s, size_t len, guess_visit *visit, void *ctx)
{
	char *joined = malloc(len + 1);
	size_t n = 0;

	if (joined == NULL)
		err(EX_OSERR, "guesses");
	for (size_t i = 0, gone; i < len; i += gone == 0 ? 1 : gone) {
		gone = s[i] == '=' ? soft_break(s + i, len - i) : 0;
		if (gone == 0)
			joined[n++] = s[i];
	}
	if (n > 0)
		visit(ctx, joined, n);
	free(joined);
}

/* How long it is, 0 = it is none. */
static size_t
soft_break(const char *s, size_t len)
{
	if (len > 1 && s[1] == '\n')
		return 2;
	return len > 2 && s[1] == '\r' && s[2] == '\n' ? 3 : 0;
}

static bool
has_blank_end(const char *s, size_t len, bool is_text)
{
	bool soft = false;

	if (memchr(s, '=', len) == NULL)
		return false;
	for (size_t line; len > 0; s += line, len -= line) {
		size_t text, blank;

		line = line_next(s, len);
		for (size_t i = 0; i < line; i++) {
			if (is_control(s[i]))
				return true;
		}
		blank = blank_end(s, line);
		if (blank > 0 && (!is_text || (soft && blank == line)))
			return true;
		text = line_text(s, line);
		while (text > 0 && (s[text - 1] == ' ' || s[text - 1] == '\t'))
			text--;
		soft = text > 0 && s[text - 1] == '=';
	}
	return false;
}

static void
lines_joined(const char *s, size_t len, guess_visit *visit, void *ctx)
{
	char *joined = malloc(len), *decoded;
	size_t n = 0, out;

	if (joined == NULL)
		err(EX_OSERR, "guesses");
	for (size_t line; len > 0; s += line, len -= line) {
		size_t keep;

		line = line_next(s, len);
		keep = line - blank_end(s, line);
		for (size_t i = 0; i < keep; i++) {
			if (!is_control(s[i]))
				joined[n++] = s[i];
		}
	}
	decoded = decode_bytes(DECODE_QP_STRICT, joined, n, n, &out);
	if (decoded != NULL)
		visit(ctx, decoded, out);
	free(decoded);
	free(joined);
}

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' && memchr("\t\r\n", c, 3) == NULL;
}

/* Blanks at its end, and what ends it; 0 = there are none, or they belong to a soft line break. */
static size_t
blank_end(const char *s, size_t line)
{
	size_t text = line_text(s, line), end = text;

	if (text == line)
		return 0;
	while (end > 0 && (s[end - 1] == ' ' || s[end - 1] == '\t'))
		end--;
	return end == text || (end > 0 && s[end - 1] == '=') ? 0 : line - end;
}

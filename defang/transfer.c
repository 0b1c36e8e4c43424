/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transfer.c - transfer encodings to the letter: undone, and put on what is
 * written in.
 *
 * Quoted-printable is to the letter here if each "=" begins an escape or a soft
 * line break; base64 if there is nothing in it but digits, line endings and at most
 * two "=" at the end, in whole groups of four.
 *
 * Memory that runs out ends the process.
 */
#include "transfer.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base64.h"
#include "hex.h"

/* Bytes in a line of base64 of 76 characters. */
#define LINE_BYTES 57

static bool decode_quoted(const char *raw, size_t len, size_t until, char *out, size_t *n,
    size_t *used);
static size_t quoted_step(const char *raw, size_t len, size_t at, char *byte, bool *any);
static bool decode_base64(const char *raw, size_t len, size_t until, char *out, size_t *n,
    size_t *used);

char *
transfer_decode(enum transfer transfer, const char *raw, size_t len, size_t *out_len)
{
	char *out = malloc(len + 1);
	size_t used;
	bool good = true;

	if (out == NULL)
		err(EX_OSERR, "transfer");
	*out_len = 0;
	switch (transfer) {
	case TRANSFER_NONE:
		memcpy(out, raw, len);
		*out_len = len;
		break;
	case TRANSFER_QUOTED:
		good = decode_quoted(raw, len, SIZE_MAX, out, out_len, &used);
		break;
	case TRANSFER_BASE64:
		good = decode_base64(raw, len, SIZE_MAX, out, out_len, &used);
		break;
	}
	if (good)
		return out;
	free(out);
	return NULL;
}

size_t
transfer_offset(enum transfer transfer, const char *raw, size_t len, size_t at)
{
	size_t n = 0, used = at;

	if (transfer == TRANSFER_QUOTED)
		decode_quoted(raw, len, at, NULL, &n, &used);
	else if (transfer == TRANSFER_BASE64)
		decode_base64(raw, len, at, NULL, &n, &used);
	return used < len ? used : len;
}

/* Up to byte number until; out may be NULL. *used: how many raw bytes that took. */
static bool
decode_quoted(const char *raw, size_t len, size_t until, char *out, size_t *n, size_t *used)
{
	size_t at = 0;

	while (at < len && *n < until) {
		char byte;
		bool any;
		size_t step = quoted_step(raw, len, at, &byte, &any);

		if (step == 0)
			return false;
		if (any && out != NULL)
			out[*n] = byte;
		*n += any;
		at += step;
	}
	*used = at;
	return true;
}

/* One character, escape or soft line break: how long it is; 0 = it is none of these. */
static size_t
quoted_step(const char *raw, size_t len, size_t at, char *byte, bool *any)
{
	size_t end = at + 1;

	*any = raw[at] != '=';
	*byte = raw[at];
	if (*any)
		return 1;
	if (len - at >= 3 && hex_value(raw[at + 1]) >= 0 && hex_value(raw[at + 2]) >= 0) {
		*any = true;
		*byte = (char)(hex_value(raw[at + 1]) << 4 | hex_value(raw[at + 2]));
		return 3;
	}
	while (end < len && (raw[end] == ' ' || raw[end] == '\t'))
		end++;
	if (end == len)
		return end - at;
	if (raw[end] == '\r' && end + 1 < len && raw[end + 1] == '\n')
		return end + 2 - at;
	return raw[end] == '\n' ? end + 1 - at : 0;
}

static bool
decode_base64(const char *raw, size_t len, size_t until, char *out, size_t *n, size_t *used)
{
	unsigned int bits = 0, digits = 0, pads = 0;
	size_t at = 0;

	for (; at < len; at++) {
		int value = base64_value((unsigned char)raw[at]);

		if (raw[at] == '\n' || (raw[at] == '\r' && at + 1 < len && raw[at + 1] == '\n'))
			continue;
		if (*n >= until)
			break;
		if (value < 0 && (raw[at] != '=' || digits < 2))
			return false;
		if (value >= 0 && pads > 0)
			return false;
		pads += value < 0;
		bits = bits << 6 | (value < 0 ? 0U : (unsigned int)value);
		if (++digits < 4)
			continue;
		for (unsigned int i = 0; i < 3 - pads; i++, ++*n) {
			if (out != NULL)
				out[*n] = (char)(bits >> (16 - 8 * i) & 0xff);
		}
		bits = digits = 0;
	}
	*used = at;
	return digits == 0;
}

void
transfer_put_base64(FILE *f, const char *bytes, size_t len, const char *eol)
{
	char line[LINE_BYTES / 3 * 4];

	for (size_t at = 0; at < len; at += LINE_BYTES) {
		size_t n = len - at < LINE_BYTES ? len - at : LINE_BYTES;

		fputs(at == 0 ? "" : eol, f);
		n = base64_line(line, (const unsigned char *)bytes + at, n);
		fwrite(line, 1, n, f);
	}
}

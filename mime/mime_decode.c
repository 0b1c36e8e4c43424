/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_decode.c - transfer encodings undone in the ways in which mail readers
 * differ.
 *
 * Some readers pass over a stray "=", some stop there, some begin anew behind
 * it, and GMime does one or the other by its version. A scanner must know all
 * that any of them makes of the bytes, so each way is a decoder here. They decide
 * nothing and can't fail: whatever comes in, something or nothing comes out.
 *
 * Sources: base64 and quoted-printable RFC 2045 6.7 and 6.8, uuencode
 * POSIX.1-2017 uuencode, yEnc 1.3 (yenc.org), BinHex 4.0 RFC 1741.
 *
 * All are linear in their input. Memory that runs out ends the process.
 *
 * Over 500 lines because each way of decoding is a short function on the same sink, and the
 * table at the end is all that others see.
 */
#include "mime_decode.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base64.h"
#include "hex.h"
#include "line.h"

/* A length byte, and what it can count. */
#define BINHEX_NAME_MAX 256

struct out {
	char *bytes;
	size_t len, room, max;
};

struct group {
	unsigned int bits, digits;
};

static void as_is(struct out *, const char *, size_t len, enum decode_way);
static void put(struct out *, unsigned int byte);
static int any_digit(unsigned char);
static void put_group(struct out *, struct group *);
static size_t plain_groups(struct out *, const char *, size_t len);
static void base64(struct out *, const char *, size_t len, enum decode_way);
static bool line_is_rule(const char *, size_t len);
static bool line_is_clean(const char *, size_t len);
static void quoted_printable(struct out *, const char *, size_t len, enum decode_way);
static size_t trimmed_line(const char *, size_t len);
static const char *find_line(const char *, size_t len, const char *begin, size_t *left);
static void uu(struct out *, const char *, size_t len, enum decode_way);
static size_t uu_text(const char *, size_t line);
static bool uu_is_begin(const char *, size_t len);
static bool uu_is_end(const char *, size_t len);
static void uu_line(struct out *, const char *, size_t len, enum decode_way);
static void xx(struct out *, const char *, size_t len, enum decode_way);
static void uu_base64(struct out *, const char *, size_t len, enum decode_way);
static void yenc(struct out *, const char *, size_t len, enum decode_way);
static void binhex(struct out *, const char *, size_t len, enum decode_way);
static void binhex_forks(struct out *, const char *, size_t len);
static size_t binhex_bytes(const char *, size_t len, unsigned char *bytes, size_t room);
static void binhex_expand(struct out *, const unsigned char *, size_t len);
static void binhex_data_fork(struct out *);

typedef void decoder(struct out *, const char *, size_t len, enum decode_way);

static const struct {
	const char *name;
	enum decode_kind kind;
	decoder *decode;
} ways[DECODE_WAYS] = {
	[DECODE_AS_IS] = { "as it is", DECODE_KIND_TEXT, as_is },
	[DECODE_BASE64] = { "base64", DECODE_KIND_BASE64, base64 },
	[DECODE_BASE64_ON] = { "base64 on", DECODE_KIND_BASE64, base64 },
	[DECODE_BASE64_SKIP] = { "base64 skip", DECODE_KIND_BASE64, base64 },
	[DECODE_BASE64_STOP] = { "base64 stop", DECODE_KIND_BASE64, base64 },
	[DECODE_BASE64_RESTART] = { "base64 restart", DECODE_KIND_BASE64, base64 },
	[DECODE_BASE64_LINES] = { "base64 lines", DECODE_KIND_BASE64, base64 },
	[DECODE_BASE64_WHOLE_GROUPS] = { "base64 whole groups", DECODE_KIND_BASE64, base64 },
	[DECODE_BASE64_CLEAN_LINES] = { "base64 clean lines", DECODE_KIND_BASE64, base64 },
	[DECODE_BASE64_EQUALS] = { "base64 equals", DECODE_KIND_BASE64, base64 },
	[DECODE_BASE64_COUNT] = { "base64 count", DECODE_KIND_BASE64, base64 },
	[DECODE_QP_STRICT] = { "quoted-printable strict", DECODE_KIND_QP, quoted_printable },
	[DECODE_QP_LENIENT] = { "quoted-printable lenient", DECODE_KIND_QP, quoted_printable },
	[DECODE_QP_BROKEN] = { "quoted-printable broken", DECODE_KIND_QP, quoted_printable },
	[DECODE_QP_SOFT] = { "quoted-printable soft", DECODE_KIND_QP, quoted_printable },
	[DECODE_UU] = { "uuencode", DECODE_KIND_FILE, uu },
	[DECODE_UU_ANY] = { "uuencode any line", DECODE_KIND_FILE, uu },
	[DECODE_XX] = { "xxencode", DECODE_KIND_FILE, xx },
	[DECODE_UU_BASE64] = { "uuencode base64", DECODE_KIND_FILE, uu_base64 },
	[DECODE_YENC] = { "yEnc", DECODE_KIND_FILE, yenc },
	[DECODE_BINHEX] = { "BinHex", DECODE_KIND_FILE, binhex },
};

const char *
decode_name(enum decode_way way)
{
	return ways[way].name;
}

enum decode_kind
decode_kind_of(enum decode_way way)
{
	return ways[way].kind;
}

char *
decode_bytes(enum decode_way way, const char *in, size_t len, size_t max, size_t *out_len)
{
	struct out o = { .room = len, .max = len };

	if (way == DECODE_BINHEX)
		o.max = max;
	else if (way == DECODE_UU || way == DECODE_XX)
		o.max = 2 * len;
	o.bytes = malloc(o.room + 1);
	if (o.bytes == NULL)
		err(EX_OSERR, "decode");
	ways[way].decode(&o, in, len, way);
	if (o.len == 0) {
		free(o.bytes);
		return NULL;
	}
	*out_len = o.len;
	return o.bytes;
}

static void
as_is(struct out *o, const char *in, size_t len, enum decode_way way)
{
	(void)way;
	memcpy(o->bytes, in, len);
	o->len = len;
}

static void
put(struct out *o, unsigned int byte)
{
	if (o->len == o->max)
		return;
	if (o->len == o->room) {
		o->room = o->room > o->max / 2 ? o->max : o->room * 2 + 1;
		o->bytes = realloc(o->bytes, o->room + 1);
		if (o->bytes == NULL)
			err(EX_OSERR, "decode");
	}
	o->bytes[o->len++] = (char)(byte & 0xff);
}

/* RFC 4648 4, and the two digits of its section 5. */
static int
any_digit(unsigned char c)
{
	return c == '-' ? 62 : c == '_' ? 63 : base64_value(c);
}

/* What a group holds, whole or cut off, and begin the next. */
static void
put_group(struct out *o, struct group *g)
{
	unsigned int bits = g->bits << (6 * (4 - g->digits));

	if (g->digits >= 2)
		put(o, bits >> 16);
	if (g->digits >= 3)
		put(o, bits >> 8);
	if (g->digits == 4)
		put(o, bits);
	*g = (struct group){ 0, 0 };
}

/*
 * Whole groups of digits that are digits to everybody, as long as there are any; how
 * many characters that was. Nearly all of all base64 is this.
 */
static size_t
plain_groups(struct out *o, const char *in, size_t len)
{
	const unsigned char *at = (const unsigned char *)in;
	size_t done = 0;

	while (len - done >= 4 && o->room - o->len >= 3) {
		int a = base64_value(at[done]), b = base64_value(at[done + 1]),
		    c = base64_value(at[done + 2]), d = base64_value(at[done + 3]);
		unsigned int bits;

		if ((a | b | c | d) < 0)
			break;
		bits = (unsigned int)(a << 18 | b << 12 | c << 6 | d);
		o->bytes[o->len++] = (char)(bits >> 16);
		o->bytes[o->len++] = (char)(bits >> 8 & 0xff);
		o->bytes[o->len++] = (char)(bits & 0xff);
		done += 4;
	}
	return done;
}

static void
base64(struct out *o, const char *in, size_t len, enum decode_way way)
{
	bool strict = way == DECODE_BASE64 || way == DECODE_BASE64_ON;
	struct group g = { 0, 0 };

	/* What pads the end is no digit. */
	while (way == DECODE_BASE64_EQUALS && len > 0 && memchr("= \t\r\n", in[len - 1], 5) != NULL)
		len--;
	for (size_t i = 0; i < len; i++) {
		int digit;

		/* Where a line begins, this way looks at it as a whole first. */
		if (g.digits == 0 && way != DECODE_BASE64_CLEAN_LINES &&
		    (i += plain_groups(o, in + i, len - i)) == len)
			break;
		digit = any_digit((unsigned char)in[i]);
		if (way == DECODE_BASE64 && g.digits == 0 && o->len > 0 && in[i - 1] == '\n' &&
		    line_is_rule(in + i, line_next(in + i, len - i)))
			break;
		if (strict && (in[i] == '-' || in[i] == '_'))
			continue;
		if (way == DECODE_BASE64_CLEAN_LINES && (i == 0 || in[i - 1] == '\n')) {
			size_t line = line_next(in + i, len - i);

			if (!line_is_clean(in + i, line)) {
				i += line - 1;
				continue;
			}
		}
		if (in[i] == '=' && (way == DECODE_BASE64 || way == DECODE_BASE64_STOP))
			break;
		if (in[i] == '=' && way == DECODE_BASE64_EQUALS)
			digit = 0;
		else if ((in[i] == '=' && way != DECODE_BASE64_SKIP) ||
		    (in[i] == '\n' && way == DECODE_BASE64_LINES))
			put_group(o, &g);
		if (in[i] == '\n' && way == DECODE_BASE64_WHOLE_GROUPS)
			g = (struct group){ 0, 0 };
		if (digit < 0 && way == DECODE_BASE64_COUNT && memchr("= \t\r\n", in[i], 5) == NULL)
			digit = 0;
		if (digit < 0)
			continue;
		g.bits = g.bits << 6 | (unsigned int)digit;
		if (++g.digits == 4)
			put_group(o, &g);
	}
	put_group(o, &g);
}

size_t
decode_base64_plain(const char *in, size_t len)
{
	size_t digits = 0, padding = 0;

	for (size_t i = 0; i < len; i++) {
		if (in[i] == '=')
			padding++;
		else if (base64_value((unsigned char)in[i]) >= 0 && padding == 0)
			digits++;
		else if (in[i] == '\n' ? (digits + padding) % 4 != 0
				       : in[i] != '\r' || i + 1 == len || in[i + 1] != '\n')
			return 0;
	}
	return padding > 2 || (digits + padding) % 4 != 0 ? 0
							  : (digits + padding) / 4 * 3 - padding;
}

/* What mailing lists put between a message and their footer: "____", "-- ". */
static bool
line_is_rule(const char *s, size_t len)
{
	size_t n = trimmed_line(s, len);

	for (size_t i = 0; i < n; i++) {
		if (s[i] != '-' && s[i] != '_')
			return false;
	}
	return n >= 2;
}

static bool
line_is_clean(const char *s, size_t len)
{
	while (len > 0 && memchr(" \t\r\n", s[len - 1], 4) != NULL)
		len--;
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '=' && any_digit((unsigned char)s[i]) < 0)
			return false;
	}
	return true;
}

/* Without blanks and line ending at its end. */
static size_t
trimmed_line(const char *s, size_t len)
{
	while (len > 0 && memchr(" \t\r\n\v\f", s[len - 1], 6) != NULL)
		len--;
	return len;
}

static void
quoted_printable(struct out *o, const char *in, size_t len, enum decode_way way)
{
	while (len > 0) {
		size_t line = line_next(in, len), text = trimmed_line(in, line);
		bool soft = text > 0 && in[text - 1] == '=';
		bool strict = way == DECODE_QP_STRICT || way == DECODE_QP_SOFT;
		size_t end = soft ? text - 1 : strict ? line : text;

		for (size_t i = 0; i < end; i++) {
			int high = -1, low = -1;

			if (in[i] == '=' && i + 2 < end + 1 && i + 2 < line) {
				high = hex_value(in[i + 1]);
				low = hex_value(in[i + 2]);
			}
			if (high >= 0 && low >= 0) {
				put(o, (unsigned int)(high << 4 | low));
				i += 2;
			} else if (in[i] == '=' && way == DECODE_QP_SOFT && i + 1 < end &&
			    (unsigned char)in[i + 1] <= ' ') {
				soft = true;
				break;
			} else if (in[i] != '=' || strict) {
				put(o, (unsigned char)in[i]);
			} else if (way == DECODE_QP_BROKEN) {
				i += 2;
			}
		}
		if (!soft && end < line) {
			for (size_t i = line - (line > 1 && in[line - 2] == '\r' ? 2 : 1); i < line;
			     i++)
				put(o, (unsigned char)in[i]);
		}
		in += line;
		len -= line;
	}
}

/* The first line that begins so; *left counts from it. */
static const char *
find_line(const char *s, size_t len, const char *begin, size_t *left)
{
	size_t n = strlen(begin);

	while (len > 0) {
		size_t line = line_next(s, len), pre = *begin == 'b' ? line_pre(s, line) : 0;

		if (line - pre >= n && strncasecmp(s + pre, begin, n) == 0) {
			*left = len - pre;
			return s + pre;
		}
		s += line;
		len -= line;
	}
	return NULL;
}

/*
 * From each "begin" line to its "end", one after the other; without any "begin",
 * all lines, as a reader does that goes by the Content-Transfer-Encoding alone.
 */
static void
uu(struct out *o, const char *in, size_t len, enum decode_way way)
{
	size_t left;
	const char *begin = find_line(in, len, "begin ", &left);
	bool any, inside = true;

	if (begin == NULL)
		begin = find_line(in, len, "begin\t", &left);
	any = begin != NULL;
	if (!any) {
		begin = in;
		left = len;
	}
	for (size_t line; left > 0; begin += line, left -= line) {
		size_t text;

		line = line_next(begin, left);
		text = uu_text(begin, line);
		if (uu_is_begin(begin, text))
			inside = true;
		else if (uu_is_end(begin, text))
			inside = inside && !any;
		else if (inside)
			uu_line(o, begin, text, way);
	}
}

static size_t
uu_text(const char *s, size_t line)
{
	while (line > 0 && (s[line - 1] == '\n' || s[line - 1] == '\r'))
		line--;
	return line;
}

static bool
uu_is_begin(const char *s, size_t len)
{
	size_t pre = line_pre(s, len);

	s += pre;
	return len - pre >= 6 && strncasecmp(s, "begin", 5) == 0 && (s[5] == ' ' || s[5] == '\t');
}

static bool
uu_is_end(const char *s, size_t len)
{
	return len == 3 && strncasecmp(s, "end", 3) == 0;
}

/*
 * One whose length does not fit what it says is no such line, to some readers;
 * others go by what it says, as far as the line goes.
 */
static void
uu_line(struct out *o, const char *s, size_t len, enum decode_way way)
{
	size_t want, digits;

	if (len == 0 || s[0] < ' ' || s[0] > '`')
		return;
	want = (size_t)(s[0] - ' ') & 077;
	digits = (want + 2) / 3 * 4;
	/* Blanks at the end may have been lost; a check digit may be there. */
	if (way != DECODE_UU_ANY && (len - 1 > digits + 3 || (len - 1) * 2 < want))
		return;
	for (size_t i = 0; i < digits && (way != DECODE_UU_ANY || i < len - 1); i += 4) {
		unsigned int bits = 0;

		for (size_t k = 0; k < 4; k++) {
			char c = 1 + i + k < len ? s[1 + i + k] : ' ';

			bits = bits << 6 | ((unsigned int)(c - ' ') & 077);
		}
		for (size_t k = 0; k < 3 && want > 0; k++, want--)
			put(o, bits >> (16 - 8 * k));
	}
}

/* Only behind a "begin" line: without one it is any text. */
static void
xx(struct out *o, const char *in, size_t len, enum decode_way way)
{
	static const char digits[] =
	    "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t left;
	const char *begin = find_line(in, len, "begin ", &left);
	char *text;

	(void)way;
	if (begin == NULL)
		return;
	text = malloc(left + 1);
	if (text == NULL)
		err(EX_OSERR, "decode");
	memcpy(text, begin, left);
	for (size_t at = 0, line; at < left; at += line) {
		size_t n;

		line = line_next(text + at, left - at);
		n = uu_text(text + at, line);
		if (uu_is_begin(text + at, n) || uu_is_end(text + at, n))
			continue;
		for (size_t i = at; i < at + n; i++) {
			const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);

			if (digit != NULL)
				text[i] = (char)(' ' + (digit - digits));
		}
	}
	uu(o, text, left, DECODE_UU);
	free(text);
}

static void
uu_base64(struct out *o, const char *in, size_t len, enum decode_way way)
{
	size_t left, line;
	const char *begin = find_line(in, len, "begin-base64", &left), *end;
	size_t rest;

	(void)way;
	if (begin == NULL)
		return;
	line = line_next(begin, left);
	begin += line;
	left -= line;
	end = find_line(begin, left, "====", &rest);
	base64(o, begin, end == NULL ? left : (size_t)(end - begin), DECODE_BASE64_RESTART);
}

static void
yenc(struct out *o, const char *in, size_t len, enum decode_way way)
{
	size_t left, line;
	const char *s = find_line(in, len, "=ybegin", &left);
	bool inside = true;

	(void)way;
	if (s == NULL)
		return;
	for (; left > 0; s += line, left -= line) {
		size_t text;

		line = line_next(s, left);
		text = line;
		while (text > 0 && (s[text - 1] == '\n' || s[text - 1] == '\r'))
			text--;
		/* A file in several pieces goes on with the next =ybegin or =ypart. */
		if (text >= 2 && strncasecmp(s, "=y", 2) == 0) {
			inside = text < 5 || strncasecmp(s, "=yend", 5) != 0;
			continue;
		}
		if (!inside)
			continue;
		for (size_t i = 0; i < text; i++) {
			unsigned char c = (unsigned char)s[i];

			if (c == '=' && i + 1 < text)
				c = (unsigned char)((unsigned char)s[++i] - 64);
			put(o, c - 42U);
		}
	}
}

/*
 * Between two colons, or from the start if a reader goes by the type alone:
 * six bits a character, then runs, then a header in front of the data fork.
 */
static void
binhex(struct out *o, const char *in, size_t len, enum decode_way way)
{
	(void)way;
	binhex_forks(o, in, len);
	binhex_data_fork(o);
}

char *
decode_binhex_name(const char *in, size_t len)
{
	struct out o = { .max = BINHEX_NAME_MAX };
	char *name = NULL;
	size_t n;

	o.bytes = malloc(1);
	if (o.bytes == NULL)
		err(EX_OSERR, "decode");
	binhex_forks(&o, in, len);
	n = o.len == 0 ? 0 : (unsigned char)o.bytes[0];
	if (n > 0 && n < o.len && memchr(o.bytes + 1, '\0', n) == NULL)
		name = strndup(o.bytes + 1, n);
	free(o.bytes);
	return name;
}

static void
binhex_forks(struct out *o, const char *in, size_t len)
{
	unsigned char *bytes;
	size_t left, n;
	const char *begin = find_line(in, len, "(This file must be converted", &left), *colon;

	if (begin == NULL) {
		begin = in;
		left = len;
	} else {
		size_t line = line_next(begin, left);

		begin += line;
		left -= line;
	}
	/* There may be text in front of it. */
	colon = find_line(begin, left, ":", &n);
	if (colon == NULL && left > 0)
		colon = memchr(begin, ':', left);
	if (colon == NULL)
		return;
	left -= (size_t)(colon - begin) + 1;
	bytes = malloc(left + 1);
	if (bytes == NULL)
		err(EX_OSERR, "decode");
	n = binhex_bytes(colon + 1, left, bytes, left);
	binhex_expand(o, bytes, n);
	free(bytes);
}

static size_t
binhex_bytes(const char *in, size_t len, unsigned char *bytes, size_t room)
{
	static const char digits[] =
	    "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
	unsigned int bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len && in[i] != ':'; i++) {
		const char *digit = in[i] == '\0' ? NULL : strchr(digits, in[i]);

		if (digit == NULL)
			continue;
		bits = bits << 6 | (unsigned int)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			if (n < room)
				bytes[n++] = (unsigned char)(bits >> have);
		}
	}
	return n;
}

/* 0x90 N: the byte before it N times in all; 0x90 0: itself. */
static void
binhex_expand(struct out *o, const unsigned char *in, size_t len)
{
	unsigned char last = 0;

	for (size_t i = 0; i < len; i++) {
		if (in[i] != 0x90 || i + 1 == len) {
			last = in[i];
			put(o, last);
		} else if (in[++i] == 0) {
			last = 0x90;
			put(o, last);
		} else {
			for (unsigned int k = 1; k < in[i]; k++)
				put(o, last);
		}
	}
}

/*
 * Length and name, a zero, type, creator, flags, two lengths, a CRC; then the
 * data. If that does not fit, what is there stays as it is.
 */
static void
binhex_data_fork(struct out *o)
{
	const unsigned char *b = (const unsigned char *)o->bytes;
	size_t head, fork;

	if (o->len == 0)
		return;
	head = (size_t)b[0] + 22;
	if (head >= o->len)
		return;
	fork = (size_t)b[head - 10] << 24 | (size_t)b[head - 9] << 16 | (size_t)b[head - 8] << 8 |
	    b[head - 7];
	if (fork == 0 || fork > o->len - head)
		fork = o->len - head;
	memmove(o->bytes, o->bytes + head, fork);
	o->len = fork;
}

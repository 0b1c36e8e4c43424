/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_mime.c - transfer decoders, the tree, the lint and the views.
 *
 * Decoders are held against encoders of this file's own, whose output is then
 * broken in each way that a reader is known to put up with.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf.h"
#include "clock.h"
#include "mime_decode.h"
#include "mime_packed.h"
#include "lint.h"
#include "views.h"
#include "mime_walk.h"
#include "policy.h"
#include "sniff.h"

#define PAYLOAD_MAX 700
#define TEXT_MAX 8192

static unsigned char payload[PAYLOAD_MAX];

/* Every byte value, runs, and what encodings treat apart. */
static int
make_payload(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAYLOAD_MAX; i++)
		payload[i] = (unsigned char)(i < 256 ? i
			: i < 300		     ? 'x'
			: i < 320		     ? 0x90
						     : i * 7 + i / 256);
	return 0;
}

/* A copy with nothing behind it, so that a step too far is seen. */
static char *
exact(const void *bytes, size_t len)
{
	char *copy = malloc(len == 0 ? 1 : len);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

static char *
decode_max(enum decode_way way, const char *in, size_t len, size_t max, size_t *out_len)
{
	char *copy = exact(in, len), *out;

	*out_len = 0;
	out = decode_bytes(way, copy, len, max, out_len);
	free(copy);
	if (out == NULL)
		assert_int_equal(*out_len, 0);
	else
		assert_true(*out_len > 0);
	assert_true(*out_len <= (way == DECODE_BINHEX			       ? max
					: way == DECODE_UU || way == DECODE_XX ? 2 * len
									       : len));
	return out;
}

static char *
decode(enum decode_way way, const char *in, size_t len, size_t *out_len)
{
	return decode_max(way, in, len, 1 << 20, out_len);
}

/* This way gives these bytes. */
static void
expect(enum decode_way way, const char *in, size_t len, const void *want, size_t want_len)
{
	size_t out_len;
	char *out = decode(way, in, len, &out_len);

	if (out_len != want_len || (want_len > 0 && memcmp(out, want, want_len) != 0))
		fail_msg("%s: %zu bytes instead of %zu, of \"%.60s\"", decode_name(way), out_len,
		    want_len, in);
	free(out);
}

static void
expect_text(enum decode_way way, const char *in, const char *want)
{
	expect(way, in, strlen(in), want, strlen(want));
}

/*
 * Encoders. Each returns the length of what it wrote.
 */

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Lines of cols digits, each ended by eol. */
static size_t
base64_encode(const unsigned char *in, size_t len, size_t cols, const char *eol, char *out)
{
	size_t n = 0, col = 0;

	for (size_t i = 0; i < len; i += 3) {
		unsigned int left = (unsigned int)(len - i), bits = (unsigned int)in[i] << 16;

		bits |= left > 1 ? (unsigned int)in[i + 1] << 8 : 0;
		bits |= left > 2 ? in[i + 2] : 0;
		for (unsigned int k = 0; k < 4; k++) {
			out[n++] = k > left ? '=' : digits64[bits >> (18 - 6 * k) & 63];
			if (++col == cols || (i + 3 >= len && k == 3)) {
				n += (size_t)sprintf(out + n, "%s", eol);
				col = 0;
			}
		}
	}
	out[n] = '\0';
	return n;
}

static size_t
qp_encode(const unsigned char *in, size_t len, const char *eol, char *out)
{
	size_t n = 0, col = 0;

	for (size_t i = 0; i < len; i++) {
		if (col > 70) {
			n += (size_t)sprintf(out + n, "=%s", eol);
			col = 0;
		}
		if (in[i] > 0x20 && in[i] < 0x7f && in[i] != '=') {
			out[n++] = (char)in[i];
			col++;
		} else {
			n += (size_t)sprintf(out + n, "=%02X", in[i]);
			col += 3;
		}
	}
	out[n] = '\0';
	return n;
}

/* zero: what stands for six zero bits, ' ' or '`'. No begin and no end line. */
static size_t
uu_encode(const unsigned char *in, size_t len, char zero, const char *eol, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i += 45) {
		size_t line = len - i < 45 ? len - i : 45;

		out[n++] = (char)(' ' + line);
		for (size_t k = 0; k < line; k += 3) {
			unsigned int bits = 0;

			for (size_t m = 0; m < 3; m++)
				bits = bits << 8 | (k + m < line ? in[i + k + m] : 0);
			for (int shift = 18; shift >= 0; shift -= 6) {
				unsigned int digit = bits >> shift & 63;

				out[n++] = digit == 0 ? zero : (char)(' ' + digit);
			}
		}
		n += (size_t)sprintf(out + n, "%s", eol);
	}
	out[n] = '\0';
	return n;
}

static size_t
yenc_encode(const unsigned char *in, size_t len, const char *eol, char *out)
{
	size_t n = 0, col = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)(in[i] + 42);

		if (c == 0 || c == '\n' || c == '\r' || c == '=') {
			out[n++] = '=';
			c = (unsigned char)(c + 64);
		}
		out[n++] = (char)c;
		if (++col == 64) {
			n += (size_t)sprintf(out + n, "%s", eol);
			col = 0;
		}
	}
	n += (size_t)sprintf(out + n, "%s", eol);
	return n;
}

/* Runs of three and more are written as such. */
static size_t
binhex_runs(const unsigned char *in, size_t len, unsigned char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		size_t run = 1;

		while (i + run < len && in[i + run] == in[i] && run < 255)
			run++;
		out[n++] = in[i];
		if (in[i] == 0x90)
			out[n++] = 0;
		if (run > 2) {
			out[n++] = 0x90;
			out[n++] = (unsigned char)run;
		} else {
			run = 1;
		}
		i += run;
	}
	return n;
}

/* With a header that names the file "name", and without the first line. */
static size_t
binhex_encode(const unsigned char *in, size_t len, const char *eol, char *out)
{
	static const char digits[] =
	    "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
	unsigned char plain[TEXT_MAX], packed[TEXT_MAX];
	size_t n = 0, size = 0, col = 1;

	size = (size_t)sprintf((char *)plain, "%cname%cTEXTttxt%c%c", 4, 0, 0, 0);
	plain[size++] = (unsigned char)(len >> 24);
	plain[size++] = (unsigned char)(len >> 16);
	plain[size++] = (unsigned char)(len >> 8);
	plain[size++] = (unsigned char)len;
	memset(plain + size, 0, 6);
	size += 6;
	memcpy(plain + size, in, len);
	size += len;
	memset(plain + size, 0, 2);
	size = binhex_runs(plain, size + 2, packed);
	packed[size] = packed[size + 1] = 0;
	out[n++] = ':';
	for (size_t bit = 0; bit < size * 8; bit += 6) {
		unsigned int two = (unsigned int)packed[bit / 8] << 8 | packed[bit / 8 + 1];

		if (++col == 65) {
			n += (size_t)sprintf(out + n, "%s", eol);
			col = 1;
		}
		out[n++] = digits[two >> (10 - bit % 8) & 63];
	}
	n += (size_t)sprintf(out + n, ":%s", eol);
	return n;
}

/*
 * base64.
 */

static void
test_base64(void **state)
{
	static const enum decode_way ways[] = { DECODE_BASE64, DECODE_BASE64_ON, DECODE_BASE64_SKIP,
		DECODE_BASE64_STOP, DECODE_BASE64_RESTART, DECODE_BASE64_LINES,
		DECODE_BASE64_WHOLE_GROUPS, DECODE_BASE64_CLEAN_LINES, DECODE_BASE64_EQUALS,
		DECODE_BASE64_COUNT };
	char text[TEXT_MAX];

	(void)state;
	for (size_t len = 0; len < 140; len++) {
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			expect(ways[i], text, base64_encode(payload, len, 76, "\n", text), payload,
			    len);
			expect(ways[i], text, base64_encode(payload, len, 60, "\r\n", text),
			    payload, len);
		}
	}
	/* RFC 4648 10, and the other alphabet */
	expect_text(DECODE_BASE64_SKIP, "Zm9vYg==", "foob");
	expect_text(DECODE_BASE64_SKIP, "Zm9vYmE", "fooba");
	expect_text(DECODE_BASE64, "Z-m9vYg==\n_____\nA list's footer.\n", "foob");
	expect_text(DECODE_BASE64, "Zm9vYmE", "fooba");
	expect_text(DECODE_BASE64, "Zm9v\n_____\nfooter\n", "foo");
	expect_text(DECODE_BASE64, "Zm9v\r\n-- \r\nfooter\r\n", "foo");
	expect_text(DECODE_BASE64, "Zm9v\n!!!\nYmFy\n-\nYmFy\n", "foobarbar");
	expect(DECODE_BASE64_EQUALS, "=AAAZm9v\n", 9, "\0\0\0foo", 6);
	expect(DECODE_BASE64_EQUALS, "Zm=vYg==", 8, "\x66\x60\x2f\x62", 4);
	expect_text(DECODE_BASE64_ON, "Zm9_vYg==\nZm-9v", "foobfoo");
	expect(DECODE_BASE64_SKIP, "+/+/-_-_", 8, "\xfb\xff\xbf\xfb\xff\xbf", 6);
}

static void
test_base64_broken(void **state)
{
	char text[TEXT_MAX], broken[TEXT_MAX];
	unsigned char want[PAYLOAD_MAX];
	size_t n = 0, len;

	(void)state;
	/* "=" after every group: some stop there, others do not care. */
	len = base64_encode(payload, 300, 4, "=", text);
	expect(DECODE_BASE64_SKIP, text, len, payload, 300);
	expect(DECODE_BASE64_RESTART, text, len, payload, 300);
	expect(DECODE_BASE64_STOP, text, len, payload, 3);
	/* Pieces that are padded each; to one reader the first is all. */
	for (size_t i = 0; i < 100; i += 10)
		n += base64_encode(payload + i, 10, 76, "\r\n", text + n);
	expect(DECODE_BASE64_RESTART, text, n, payload, 100);
	expect(DECODE_BASE64_LINES, text, n, payload, 100);
	expect(DECODE_BASE64_STOP, text, n, payload, 10);
	/* Junk within groups. */
	len = base64_encode(payload, 300, 76, "\n", text);
	n = 0;
	for (size_t i = 0; i < len; i++) {
		broken[n++] = text[i];
		if (i % 7 == 0)
			broken[n++] = "!\xff\0 ~"[i % 5];
	}
	expect(DECODE_BASE64_SKIP, broken, n, payload, 300);
	expect(DECODE_BASE64_STOP, broken, n, payload, 300);
	/* Junk instead of a digit: by place, one group is lost and no other. */
	memcpy(broken, text, len);
	broken[5] = '!';
	memcpy(want, payload, 300);
	want[3] &= 0xfc;
	want[4] &= 0x0f;
	expect(DECODE_BASE64_COUNT, broken, len, want, 300);
	/* Lines of junk in between. */
	n = 0;
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
		n += (size_t)sprintf(broken + n, "not base64!\n%.*s\n \n", (int)strcspn(line, "\n"),
		    line);
	expect(DECODE_BASE64_CLEAN_LINES, broken, n, payload, 300);
	/* Lines that end within a group: one reader carries on, one begins anew, one drops. */
	len = base64_encode(payload, 300, 13, "\n", text);
	expect(DECODE_BASE64_SKIP, text, len, payload, 300);
	n = 0;
	for (size_t i = 0; i < 300; i += 30) {
		n += base64_encode(payload + i, 30, 100, "", text + n);
		n += (size_t)sprintf(text + n, "Q\n");
	}
	expect(DECODE_BASE64_WHOLE_GROUPS, text, n, payload, 300);
	expect_text(DECODE_BASE64_LINES, "QUI\nQUJD\nQQ\n", "ABABCA");
	expect_text(DECODE_BASE64_RESTART, "Q=QUJD", "ABC");
}

/*
 * quoted-printable.
 */

static void
test_qp(void **state)
{
	char text[TEXT_MAX];

	(void)state;
	for (size_t len = 0; len < PAYLOAD_MAX; len += 23) {
		for (int way = DECODE_QP_STRICT; way <= DECODE_QP_SOFT; way++) {
			expect((enum decode_way)way, text, qp_encode(payload, len, "\n", text),
			    payload, len);
			expect((enum decode_way)way, text, qp_encode(payload, len, "\r\n", text),
			    payload, len);
		}
	}
}

static void
test_qp_broken(void **state)
{
	static const struct {
		const char *in, *strict, *lenient, *broken;
	} cases[] = {
		{ "=41=4a=4B", "AJK", "AJK", "AJK" },
		{ "a=\r\nb=\nc", "abc", "abc", "abc" },
		{ "a= \t\r\nb= \nc", "abc", "abc", "abc" },
		{ "a=", "a", "a", "a" },
		{ "a \t\r\nb  \n", "a \t\r\nb  \n", "a\r\nb\n", "a\r\nb\n" },
		{ "a=Wb", "a=Wb", "aWb", "a" },
		{ "a=4", "a=4", "a4", "a" },
		{ "=WWx=41", "=WWxA", "WWxA", "xA" },
		{ "a==41b", "a=Ab", "aAb", "a1b" },
		{ "=4\n1", "=4\n1", "4\n1", "\n1" },
		{ "x\r\n\r\ny", "x\r\n\r\ny", "x\r\n\r\ny", "x\r\n\r\ny" },
		{ "\xe4\x01=E4", "\xe4\x01\xe4", "\xe4\x01\xe4", "\xe4\x01\xe4" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_text(DECODE_QP_STRICT, cases[i].in, cases[i].strict);
		expect_text(DECODE_QP_LENIENT, cases[i].in, cases[i].lenient);
		expect_text(DECODE_QP_BROKEN, cases[i].in, cases[i].broken);
	}
	expect_text(DECODE_QP_SOFT, "a= x \n=41=\tb=41\nc=Wd", "aAc=Wd");
	expect_text(DECODE_QP_SOFT, "a=\x1f\nb=\v\nc", "abc");
	expect_text(DECODE_QP_SOFT, "a=4 =\nb= ", "a=4 b");
}

/*
 * uuencode, yEnc, BinHex.
 */

static void
test_uu(void **state)
{
	static const char short_lines[] = "begin 644 x\n#00  \n#00\nend\n";
	char body[TEXT_MAX], text[2 * TEXT_MAX];
	size_t n;

	(void)state;
	for (size_t len = 1; len < PAYLOAD_MAX; len += 31) {
		for (int style = 0; style < 4; style++) {
			const char *eol = style & 1 ? "\r\n" : "\n";

			n = uu_encode(payload, len, style & 2 ? '`' : ' ', eol, body);
			expect(DECODE_UU, body, n, payload, len);
			n = (size_t)sprintf(text, "Words.%sbegin 644 x.bin%s%s`%send%s", eol, eol,
			    body, eol, eol);
			expect(DECODE_UU, text, n, payload, len);
		}
	}
	/* Two files, one behind the other. */
	uu_encode(payload, 100, '`', "\n", body);
	n = (size_t)sprintf(text, "begin 644 a\n%s`\nend\n\nbegin 644 b\n", body);
	uu_encode(payload + 100, 100, '`', "\n", body);
	n += (size_t)sprintf(text + n, "%s`\nend\n", body);
	expect(DECODE_UU, text, n, payload, 200);
	/* Blanks at line endings got lost, or a check digit came on. */
	expect(DECODE_UU, short_lines, sizeof(short_lines) - 1, "A\0\0A\0\0", 6);
	expect_text(DECODE_UU, "begin 644 x\n#04)#Z\nend\n", "ABC");
	/* A line that does not have the length it says is none. */
	expect_text(DECODE_UU, "begin 644 x\n#04)#04)#\n#04)#\nend\n", "ABC");
	expect_text(DECODE_UU, "begin 644 x\nM0\n#04)#\nThese words.\nend\n", "ABC");
	/* Blanks that got lost stand for more than there is; what is behind comes out, too. */
	n = (size_t)sprintf(text, "begin 644 x\n");
	for (size_t i = 0; i < 40; i++)
		n += (size_t)sprintf(text + n, "(04  \n");
	sprintf(text + n, "#04)#\nend\n");
	{
		size_t len;
		char *out = decode(DECODE_UU, text, strlen(text), &len);

		assert_int_equal(len, 323);
		assert_memory_equal(out + 320, "ABC", 3);
		free(out);
	}
	/* To others it is the length that counts, whatever is behind the digits. */
	expect_text(DECODE_UU_ANY, "begin 644 x\n#04)#04)# end\n#04)#\nend\n", "ABCABC");
	expect_text(DECODE_UU_ANY, "#04)#04)# and so on\n", "ABC");
	expect_text(DECODE_UU_ANY, "begin 644 x\nM04)#\nend\n", "ABC");
	expect_text(DECODE_UU_BASE64, "x\nbegin-base64 644 x\nQUJD\nREVG\n====\nR0hJ\n", "ABCDEF");
	expect_text(DECODE_UU_BASE64, "BEGIN-BASE64 644 x\nQUI=\n", "AB");
	expect_text(DECODE_UU_BASE64, "QUJD\n", "");
}

/* uuencode with other digits; a reader knows it by its "begin" line alone. */
static void
test_xx(void **state)
{
	static const char digits[] =
	    "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	char body[TEXT_MAX], text[2 * TEXT_MAX];
	size_t n;

	(void)state;
	for (size_t len = 1; len < PAYLOAD_MAX; len += 47) {
		n = uu_encode(payload, len, ' ', "\n", body);
		for (size_t i = 0; i < n; i++)
			body[i] = body[i] == '\n' ? '\n' : digits[body[i] - ' '];
		n = (size_t)sprintf(text, "Words.\nbegin 644 x.bin\n%s+\nend\n", body);
		expect(DECODE_XX, text, n, payload, len);
	}
	expect_text(DECODE_XX, "0EI7\n", "");
}

static void
test_yenc(void **state)
{
	char text[2 * TEXT_MAX];
	size_t n;

	(void)state;
	for (size_t len = 1; len < PAYLOAD_MAX; len += 41) {
		for (int crlf = 0; crlf < 2; crlf++) {
			const char *eol = crlf ? "\r\n" : "\n";

			n = (size_t)sprintf(text, "Words.%s=ybegin line=64 size=%zu name=x%s", eol,
			    len, eol);
			n += yenc_encode(payload, len, eol, text + n);
			n += (size_t)sprintf(text + n, "=yend size=%zu%s", len, eol);
			expect(DECODE_YENC, text, n, payload, len);
		}
	}
	n = 0;
	for (size_t part = 0; part < 3; part++) {
		n += (size_t)sprintf(text + n,
		    "=ybegin part=%zu total=3 line=64 size=300 name=x\n"
		    "=ypart begin=%zu end=%zu\n",
		    part + 1, part * 100 + 1, part * 100 + 100);
		n += yenc_encode(payload + part * 100, 100, "\n", text + n);
		n += (size_t)sprintf(text + n, "=yend size=100\n");
	}
	expect(DECODE_YENC, text, n, payload, 300);
	expect_text(DECODE_YENC, "no such line\n", "");
}

static void
test_binhex(void **state)
{
	char text[2 * TEXT_MAX];
	size_t n, len;
	char *out;

	(void)state;
	for (size_t size = 1; size < PAYLOAD_MAX; size += 37) {
		for (int crlf = 0; crlf < 2; crlf++) {
			n = (size_t)sprintf(text,
			    "Words.\n(This file must be converted with BinHex 4.0)\n\n");
			n += binhex_encode(payload, size, crlf ? "\r\n" : "\n", text + n);
			expect(DECODE_BINHEX, text, n, payload, size);
			n = binhex_encode(payload, size, crlf ? "\r\n" : "\n", text);
			expect(DECODE_BINHEX, text, n, payload, size);
		}
	}
	/* A run of 0x90s in the text stands for itself; 300..320 has some. */
	n = binhex_encode(payload + 250, 100, "\n", text);
	expect(DECODE_BINHEX, text, n, payload + 250, 100);
	/* Runs that would fill any memory are bounded. */
	{
		unsigned char bomb[3000];

		memset(bomb, 'x', sizeof(bomb));
		n = binhex_encode(bomb, sizeof(bomb), "\n", text);
		assert_true(n < 150);
		out = decode_max(DECODE_BINHEX, text, n, 1000, &len);
		assert_true(len <= 1000 && len > 900);
		free(out);
	}
	expect_text(DECODE_BINHEX, "no colon", "");
}

/*
 * All of them: whatever comes in.
 */

static void
each_way(const char *in, size_t len)
{
	for (int way = 0; way < DECODE_WAYS; way++) {
		size_t out_len;

		assert_non_null(decode_name((enum decode_way)way));
		free(decode((enum decode_way)way, in, len, &out_len));
		free(decode_max((enum decode_way)way, in, len, 7, &out_len));
	}
}

static void
test_truncated(void **state)
{
	char text[TEXT_MAX];
	size_t len = (size_t)sprintf(text, "a: b\n\n");

	(void)state;
	len += base64_encode(payload, 40, 20, "\r\n", text + len);
	len += (size_t)sprintf(text + len, "=\nbegin 644 x\n");
	len += uu_encode(payload, 50, ' ', "\r\n", text + len);
	len += (size_t)sprintf(text + len, "end\r\nbegin-base64 644 x\n");
	len += base64_encode(payload, 20, 76, "\n", text + len);
	len += (size_t)sprintf(text + len, "====\n=ybegin x\n");
	len += yenc_encode(payload, 60, "\n", text + len);
	len += (size_t)sprintf(text + len,
	    "=yend\n(This file must be converted with BinHex 4.0)\n");
	len += binhex_encode(payload + 280, 60, "\n", text + len);
	len += qp_encode(payload, 60, "\r\n", text + len);
	for (size_t n = 0; n <= len; n++) {
		each_way(text, n);
		each_way(text + n, len - n);
	}
	for (int c = 0; c < 256; c++) {
		char one[2] = { (char)c, '\n' };

		each_way(one, 1);
		each_way(one, 2);
	}
}

static void
test_rubbish(void **state)
{
	static const char likely[] = "=\n\r :!`begin =y90\x90\0AZ/+";
	uint32_t random = 4711;
	char text[300];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		size_t len = (size_t)i % sizeof(text);

		for (size_t k = 0; k < len; k++) {
			random = random * 1664525 + 1013904223;
			text[k] = random >> 31 ? likely[(random >> 16) % (sizeof(likely) - 1)]
					       : (char)(random >> 20);
		}
		each_way(text, len);
	}
}

/*
 * The tree.
 */

struct walked {
	char text[TEXT_MAX];
	const char *bytes;
	size_t size, stop_at, n;
};

/* "path type[ +encoded][ names][ limit] 'raw content'" */
static bool
note_part(void *ctx, const struct part *part, const char *content, size_t len)
{
	static const char *const limits[] = { "", " too-deep", " header-too-big", " too-many",
		" unpacks-too-much" };
	struct walked *w = ctx;
	const struct part_place *p = &part->place;
	char line[1000];
	int n;

	assert_true(p->header_begin <= p->header_end && p->header_end <= p->content_begin &&
	    p->content_begin <= p->content_end && p->content_end <= w->size);
	n = snprintf(line, sizeof(line), "%s %s%s%s%s", part->path,
	    part->type[0] == '\0' ? "?" : part->type, part->encoded ? " encoded" : "",
	    part->inside ? " inside" : "", limits[part->limit]);
	for (size_t i = 0; i < part->n_names; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " <%s>", part->names[i]);
	if (part->leaf)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " '%.*s'", (int)len, content);
	else
		assert_null(content);
	for (char *c = line; *c != '\0'; c++)
		*c = *c == '\n' ? '/' : *c;
	snprintf(line + n, sizeof(line) - (size_t)n, "\n");
	strlcat(w->text, line, sizeof(w->text));
	return ++w->n != w->stop_at && part->limit != PART_TOO_MANY;
}

static void
walk(const char *mail, const struct conf *conf, const char *want)
{
	size_t size = strlen(mail);
	struct walked w = { .size = size };
	struct parts parts;
	char *copy = exact(mail, size);

	part_begin(&parts, copy, size);
	assert_true(mime_walk(&parts, conf, note_part, &w));
	assert_true(parts.root.header_begin <= parts.root.header_end &&
	    parts.root.header_end <= parts.root.content_begin && parts.root.content_end == size);
	part_free(&parts);
	assert_string_equal(w.text, want);
	free(copy);
}

static const char two_parts[] =
    "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\npreamble\n"
    "--b\n\none\n"
    "--b\nContent-Type: x/y; name=a.txt\nContent-Transfer-Encoding: base64\n"
    "Content-Disposition: attachment; filename=b.txt\n\nQUJD\n"
    "--b--\nepilogue\n";

static void
test_walk(void **state)
{
	const struct conf *conf = *state;
	static const struct {
		const char *mail, *want;
	} cases[] = {
		{ "", "1 ? ''\n" },
		{ "\n", "1 text/plain ''\n" },
		{ "\n\n\n", "1 text/plain '//'\n" },
		{ "Subject: x\n\nhello\n", "1 text/plain 'hello/'\n" },
		{ "Subject: x\n", "1 text/plain ''\n" },
		{ "Subject: x\nContent-Transfer-Encoding: quoted-printable\n\n=41=\n",
		    "1 text/plain encoded 'A'\n" },
		{ two_parts,
		    "0 multipart/mixed\n1 text/plain 'one'\n"
		    "2 x/y encoded <b.txt> <a.txt> 'ABC'\n" },
		{ "Content-Transfer-Encoding: x-uuencode\n\ntext\nbegin 644 x\n#04)#\n`\nend\n",
		    "1 text/plain encoded 'ABC'\n"
		    "1.1 ? encoded inside <x> 'ABC'\n" },
		{ "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 "
		  "x\r\n#04)#\r\n\"04(\r\n`\r\nend\r\n",
		    "1 text/plain encoded 'ABCAB'\n"
		    "1.1 ? encoded inside <x> 'ABCAB'\n" },
		/* a multipart in one, the paths of RFC 3501 */
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/x; "
		  "boundary=c\n\n"
		  "--c\n\none\n--c\n\ntwo\n--c--\n--b\n\nthree\n--b--\n",
		    "0 multipart/mixed\n1 multipart/x\n1.1 text/plain 'one'\n1.2 text/plain 'two'\n"
		    "2 text/plain 'three'\n" },
		/* messages in one: a leaf, and a multipart */
		{ "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: y\n\none\n--b--\n",
		    "0 multipart/digest\n1 message/rfc822\n1.1 text/plain 'one'\n" },
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822; "
		  "name=m.eml\n\n"
		  "Content-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--\n--b--\n",
		    "0 multipart/mixed\n1 message/rfc822 <m.eml>\n1.0 multipart/mixed\n1.1 "
		    "text/plain 'one'\n" },
		/* an encoded message is walked, too */
		{ "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
		  "U3ViamVjdDogeQpDb250ZW50LVR5cGU6IHgvejsgbmFtZT1pbgoKSGkK\n",
		    "1 message/rfc822 encoded 'Subject: y/Content-Type: x/z; name=in//Hi/'\n"
		    "1.1 x/z inside <in> 'Hi/'\n" },
		{ "Content-Type: message/global\nContent-Transfer-Encoding: "
		  "quoted-printable\n\nSubject: =\ny\n\nHi\n",
		    "1 message/global encoded 'Subject: y//Hi/'\n1.1 text/plain inside 'Hi/'\n" },
		/* lines in front that are none, an mbox line */
		{ "From me Thu Jan  1\nSubject: x\n\nhello\n", "1 text/plain 'hello/'\n" },
		{ "From me", "1 text/plain ''\n" },
		{ "\n\nContent-Type: x/y\n\nhello\n",
		    "1 text/plain '/Content-Type: x/y//hello/'\n" },
		{ "what is this\nContent-Type: x/y\n\nhello\n", "1 x/y 'hello/'\n" },
		/* parts without header, without anything */
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b\n--b\n\n\n--b--\n",
		    "0 multipart/mixed\n1 text/plain ''\n2 text/plain ''\n" },
		{ "Content-Type: multipart/mixed; boundary=b\n\n", "0 multipart/mixed\n" },
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b", "0 multipart/mixed\n" },
		/* the line ending in front of a boundary need not be that of the boundary line */
		{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--",
		    "0 multipart/mixed\n1 text/plain 'one'\n" },
		{ "Content-Type: multipart/mixed; "
		  "boundary=b\n\n--b\n\none\n--b\r\n\ntwo\r\n--b\n\n\n\n--b--\r\n",
		    "0 multipart/mixed\n1 text/plain 'one'\n2 text/plain 'two'\n3 text/plain "
		    "'/'\n" },
		/* within an encoded message, a part without a place (found by fuzzing) */
		{ "Content-Type:message/rfc822\nContent-Transfer-Encoding:base64\n\n"
		  "RApDb250ZW50LVR5cGU6IG11bHRpcGFydC9tZDsgYm91bmRhcnk9YgosCgotLWIKQiBh\n",
		    "1 message/rfc822 encoded 'D/Content-Type: multipart/md; boundary=b/,//--b/B "
		    "a'\n"
		    "1.0 multipart/md inside\n1.1 text/plain inside ''\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		walk(cases[i].mail, conf, cases[i].want);
}

/* However a message is cut off, it is walked, and the places lie in it (note_part). */
static void
test_walk_truncated(void **state)
{
	for (size_t n = 0; n < sizeof(two_parts); n++) {
		struct walked w = { .size = n };
		struct parts parts;
		char *copy = exact(two_parts, n);

		part_begin(&parts, copy, n);
		mime_walk(&parts, *state, note_part, &w);
		assert_true(w.n > 0);
		part_free(&parts);
		free(copy);
	}
}

static void
test_walk_limits(void **state)
{
	struct conf conf = *(const struct conf *)*state;
	struct walked w = { .size = sizeof(two_parts) - 1, .stop_at = 2 };
	struct parts parts;

	conf.mime_parts_limit = 2;
	{
		struct walked all = { .size = sizeof(two_parts) - 1 };

		part_begin(&parts, two_parts, all.size);
		assert_false(mime_walk(&parts, &conf, note_part, &all));
		part_free(&parts);
		assert_string_equal(all.text,
		    "0 multipart/mixed\n1 text/plain 'one'\n"
		    "2 x/y encoded too-many 'ABC'\n");
	}
	conf.mime_parts_limit = 3;
	walk(two_parts, &conf,
	    "0 multipart/mixed\n1 text/plain 'one'\n"
	    "2 x/y encoded <b.txt> <a.txt> 'ABC'\n");
	conf.mime_depth_limit = 1;
	walk(two_parts, &conf,
	    "0 multipart/mixed\n1 text/plain 'one'\n"
	    "2 x/y encoded <b.txt> <a.txt> 'ABC'\n");
	conf.mime_depth_limit = 0;
	walk(two_parts, &conf,
	    "0 multipart/mixed\n1 text/plain too-deep 'one'\n"
	    "2 x/y encoded too-deep 'ABC'\n");
	conf.mime_depth_limit = 1;
	conf.mime_parts_limit = 100;
	/* An encoded message counts as one floor more; what is too deep is not opened. */
	walk("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
	     "Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMgpDb250ZW50LVRyYW5zZmVyLUVuY29kaW5nOiBiYXNlNjQKC"
	     "lUzVmlhbVZqZERvZ2VBb0tTR2tL\n",
	    &conf,
	    "1 message/rfc822 encoded 'Content-Type: message/rfc822/Content-Transfer-Encoding: "
	    "base64//U3ViamVjdDogeAoKSGkK'\n"
	    "1.1 message/rfc822 encoded inside 'Subject: x//Hi/'\n"
	    "1.1.1 text/plain inside too-deep 'Hi/'\n");
	conf.header_size_limit = 20;
	walk("X: 56789012345678901234567890\nContent-Type: x/y; name=z\n\nhello\n", &conf,
	    "1 x/y header-too-big 'hello/'\n");
	part_begin(&parts, two_parts, w.size);
	assert_false(mime_walk(&parts, *state, note_part, &w));
	part_free(&parts);
	assert_int_equal(w.n, 2);
}

/* Some reader sees this name in the header; others may see others. */
static void
expect_name(const char *header, const char *want)
{
	size_t n;
	char **names = part_header_names(header, 0, strlen(header), &n);
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		found = found || strcmp(names[i], want) == 0;
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
	}
	part_names_free(names, n);
	if (!found)
		fail_msg("no reader sees \"%s\" in %s", want, header);
}

static void
test_names(void **state)
{
	static const struct {
		const char *header, *want;
	} cases[] = {
		{ "Content-Type: x/y; name=a.exe", "a.exe" },
		{ "content-disposition:x;FILENAME=a.exe\n", "a.exe" },
		{ "Content-Type: x/y; name=a.txt\nContent-Disposition: x; filename=b.exe\n",
		    "a.txt" },
		{ "Content-Type: x/y; name=a.txt\nContent-Disposition: x; filename=b.exe\n",
		    "b.exe" },
		{ "Content-Type: x/y; name=a.txt; name=b.exe\n", "b.exe" },
		{ "Content-Type: x/y\nContent-Type: x/z; name=b.exe\n", "b.exe" },
		{ "Content-Type: x/y; name*=utf-8''a%2Eexe\n", "a.exe" },
		{ "Content-Type: x/y; name*1=e; name*2=xe; name*0=a.\n", "a.exe" },
		{ "Content-Type: x/y; name*0=a.\nContent-Disposition: x; name*1=exe\n", "a.exe" },
		{ "Content-Type: x/y; name*1*=%2Eexe; name*0*=utf-8'en'a\n", "a.exe" },
		{ "Content-Type: x/y; name=\"=?utf-8?Q?a=2Eexe?=\"\n", "a.exe" },
		{ "Content-Type: x/y; name=\"=?x?B?YS5l?= =?x?B?eGU=?=\"\n", "a.exe" },
		{ "Content-Type: x/y; name=\"a=?utf-16be?B?AC4AZQB4AGU=?=\"\n", "a.exe" },
		{ "Content-Type: x/y; name=a+AC4-exe\n", "a.exe" },
		{ "Content-Type: x/y; name=\"a.e\\xe\"\n", "a.exe" },
		{ "Content-Type: x/y; name=a.exe (b)\n", "a.exe" },
		{ "Content-Type: x/y; name=\"a.exe\n", "\"a.exe" },
	};
	static const char nul[] = "Content-Type: x/y; name=a.exe\0.txt";
	size_t n, got = 0;
	char **names = part_header_names(nul, 0, sizeof(nul) - 1, &n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		got += strcmp(names[i], "a.exe") == 0;
	assert_int_equal(got, 1);
	part_names_free(names, n);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_name(cases[i].header, cases[i].want);
	assert_null(part_header_names("Subject: name=x\n", 0, 16, &n));
	assert_int_equal(n, 0);
}

/* What comes together as other things are left out is left out, too (found by fuzzing). */
static void
test_normalise(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "a\xe2\x01\x80\x8b.exe", "a.exe" },
		{ "a\xe2\x80\xe2\x80\x8b\x8b.exe", "a.exe" },
		{ "a\xc2\x01\xad.exe\x01", "a.exe" },
		{ "a.exe\xe2\x80", "a.exe\xe2\x80" },
	};
	char name[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		policy_normalise(cases[i].name, name);
		assert_string_equal(name, cases[i].want);
		/* in place, as policy.c itself does */
		strlcpy(name, cases[i].name, sizeof(name));
		policy_normalise(name, name);
		assert_string_equal(name, cases[i].want);
	}
}

/*
 * The lint.
 */

static bool
lint_visit(void *ctx, const struct part *part, const char *content, size_t len)
{
	(void)content;
	(void)len;
	if (!part->inside)
		lint_part(ctx, part);
	return part->limit != PART_TOO_MANY;
}

static const char *
lint(const char *mail, size_t size, const struct conf *conf)
{
	struct parts parts;
	struct lint v;
	enum doubt why;
	char *copy = exact(mail, size), *skeleton;
	size_t len;

	part_begin(&parts, copy, size);
	lint_begin(&v, &parts);
	mime_walk(&parts, conf, lint_visit, &v);
	why = lint_irregular(&v);
	if (why == DOUBT_NONE) {
		skeleton = lint_skeleton(&parts, &len);
		assert_true(len <= size);
		free(skeleton);
	}
	lint_free(&v);
	part_free(&parts);
	free(copy);
	return doubt_phrase(why);
}

/* The same with CRLF line endings. */
static size_t
with_crlf(const char *mail, size_t size, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		if (mail[i] == '\n' && (i == 0 || mail[i - 1] != '\r'))
			out[n++] = '\r';
		out[n++] = mail[i];
	}
	return n;
}

static void
expect_lint(const char *mail, size_t size, const struct conf *conf, const char *want)
{
	char crlf[2 * TEXT_MAX];
	const char *why = lint(mail, size, conf);

	if (why != want && (why == NULL || want == NULL || strcmp(why, want) != 0))
		fail_msg("%s instead of %s: %s", why == NULL ? "regular" : why,
		    want == NULL ? "regular" : want, mail);
	size = with_crlf(mail, size, crlf);
	why = lint(crlf, size, conf);
	if (why != want && (why == NULL || want == NULL || strcmp(why, want) != 0))
		fail_msg("with CRLF %s instead of %s: %s", why == NULL ? "regular" : why,
		    want == NULL ? "regular" : want, mail);
}

#define MIXED "Content-Type: multipart/mixed; boundary=\"bound\"\n\n"
#define PART "--bound\nContent-Type: text/plain\n\ntext\n"
#define END "--bound--\n"

static const char *const ordinary[] = {
	"Subject: x\n\n",
	"Subject: x\n\nhello\n",
	"From me Thu Jan  1 00:00:00 1970\nSubject: x\n\nhello\n",
	"Received: from a\n\tby b; date\nSubject: x\n\n-- \nMe\n",
	"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: "
	"quoted-printable\n\n=E4 =\n=20\n",
	"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\nContent-Transfer-Encoding: 7BIT\n\n\fx\n",
	"Content-Transfer-Encoding: base64\n\nQUJD\nQQ==\n",
	"Content-Transfer-Encoding: base64\n\nQUJDQUI=\n\n\n",
	"Content-Type: text/plain;\n\tcharset=\"utf-8\";\n\tformat=flowed\n\nbeginning of a "
	"sentence\n",
	MIXED PART END,
	MIXED "This is a multi-part message in MIME format.\n" PART PART END,
	MIXED PART
	"--bound  \nContent-Type: x/y; name=\"a b.txt\"\nContent-Disposition: attachment;\n"
	" filename=\"a b.txt\"\nContent-Transfer-Encoding: base64\n\nQUJD\n\n" END "\n",
	MIXED "--bound\n\ntext\n" END,
	MIXED PART "--bound\nContent-Type: multipart/alternative; boundary=other\n\n--other\n\na\n"
		   "--other\n\nb\n--other--\n\n" END,
	MIXED PART "--bound\nContent-Type: message/rfc822\n\nSubject: y\n\nhello\n" END,
	MIXED PART "--bound\nContent-Type: message/delivery-status\n\nA: b\n\nC: d\n" END,
	"Content-Type: text/plain\n\nSee --this-- or\n---\nor\n--\nor =3D.\n",
};

static void
test_lint_ordinary(void **state)
{
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++)
		expect_lint(ordinary[i], strlen(ordinary[i]), *state, NULL);
}

static void
test_lint_irregular(void **state)
{
	/* like: the nearest mail that is regular */
	static const struct {
		const char *phrase, *mail, *like;
	} cases[] = {
		{ "content elsewhere", "Content-Type: message/partial; id=a; number=1\n\nx\n",
		    "Content-Type: message/parts; id=a; number=1\n\nx\n" },
		{ "content elsewhere", "Content-Type: message/external-body; access-type=x\n\nx\n",
		    NULL },
		{ "line that is no field", "A: b\nno field\n\nhello\n",
		    "A: b\n no field\n\nhello\n" },
		{ "line that is no field", "A: b\nno field: x\n\nhello\n",
		    "A: b\nno-field: x\n\nhello\n" },
		{ "whitespace in front of a colon", "Content-Type : text/plain\n\nx\n",
		    "Subject : text/plain\n\nx\n" },
		{ "duplicate Content field",
		    "Content-Type: text/plain\nContent-Type: text/plain\n\nx\n",
		    "Content-Type: text/plain\nX-Content-Type: text/plain\n\nx\n" },
		{ "duplicate Content field",
		    "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 7bit\n\nx\n",
		    "Content-Transfer-Encoding: 7bit\nContent-Language: en\n\nx\n" },
		{ "duplicate Content-Disposition",
		    "Content-Disposition: inline\nContent-Disposition: inline\n\nx\n",
		    "Content-Disposition: inline\n\nx\n" },
		{ "irregular parameters", "Content-Type: text/plain; charset=a b\n\nx\n",
		    "Content-Type: text/plain; charset=\"a b\"\n\nx\n" },
		{ "irregular parameters", "Content-Type: text; charset=a\n\nx\n",
		    "Content-Disposition: text; charset=a\n\nx\n" },
		{ "irregular parameters", "Content-Disposition: attachment; filename=\"x\n\nx\n",
		    "Content-Disposition: attachment; filename=\"x\"\n\nx\n" },
		{ "irregular parameters", "Content-Type: text/plain (comment)\n\nx\n", NULL },
		{ "irregular boundary",
		    "Content-Type: multipart/mixed; boundary=\"b\\ound\"\n\n" PART END,
		    MIXED PART END },
		{ "irregular boundary",
		    "Content-Type: multipart/mixed; boundary=bound; boundary=c\n\n" PART END,
		    "Content-Type: multipart/mixed; boundary=bound; x=c\n\n" PART END },
		{ "irregular boundary",
		    "Content-Type: multipart/mixed; boundary*0=bound\n\n" PART END, NULL },
		{ "irregular base64", "Content-Transfer-Encoding: base64\n\nQUJD=QUJD\n",
		    "Content-Transfer-Encoding: base64\n\nQUJDQUJDQUI=\n" },
		{ "irregular base64", "Content-Transfer-Encoding: base64\n\nQUJD!QUJD\n", NULL },
		{ "irregular base64", "Content-Transfer-Encoding: base64\n\nQUJ-\n", NULL },
		{ "whitespace in base64", "Content-Transfer-Encoding: base64\n\nQUJD QUJD\n",
		    NULL },
		{ "base64 that is cut off", "Content-Transfer-Encoding: base64\n\nQUJDQUI\n",
		    NULL },
		{ "irregular quoted-printable",
		    "Content-Transfer-Encoding: quoted-printable\n\na=W\n",
		    "Content-Transfer-Encoding: quoted-printable\n\na=\n" },
		{ "irregular quoted-printable",
		    "Content-Transfer-Encoding: quoted-printable\n\n\xe4\n",
		    "Content-Transfer-Encoding: 8bit\n\n\xe4\n" },
		{ "unusual Content-Transfer-Encoding",
		    "Content-Transfer-Encoding: base-64\n\nQUJD\n",
		    "Content-Transfer-Encoding: \t base64 \n\nQUJD\n" },
		{ "unusual Content-Transfer-Encoding",
		    "Content-Transfer-Encoding: 8bit, base64\n\nQUJD\n", NULL },
		{ "unusual Content-Transfer-Encoding", "Content-Transfer-Encoding:\n\nQUJD\n",
		    NULL },
		{ "something unpackable in plain text", "A: b\n\nx\nbegin 644 y\n",
		    "A: b\n\nx\nbeginning\n" },
		{ "something unpackable in plain text", "A: b\n\nbegin-base64 644 y\n",
		    "A: b\n\n begin-base64\n" },
		{ "something unpackable in plain text", "A: b\n\n=ybegin line=1\n",
		    "A: b\n\n=yes\n" },
		{ "something unpackable in plain text",
		    "A: b\n\n(This file must be converted with BinHex 4.0)\n",
		    "A: b\n\n(This file must not be)\n" },
		{ "multipart without boundary or parts", MIXED "text\n", MIXED PART END },
		{ "boundary lines and parts do not match", MIXED PART, MIXED PART END },
		{ "boundary lines and parts do not match", MIXED PART END END, NULL },
		{ "boundary lines and parts do not match", MIXED PART END "--bound\n\ntext\n",
		    NULL },
		{ "boundaries that look alike",
		    MIXED PART "--bound\nContent-Type: multipart/x; boundary=bound1\n\n"
			       "--bound1\n\na\n--bound1--\n\n" END,
		    MIXED PART "--bound\nContent-Type: multipart/x; boundary=1bound\n\n"
			       "--1bound\n\na\n--1bound--\n\n" END },
		{ "line that begins like a boundary", MIXED "--bounds\n" PART END, NULL },
		{ "unknown boundary outside of all parts", MIXED "--else\n" PART END,
		    MIXED "else\n" PART END },
		{ "header outside of all parts", MIXED PART END "Content-Type: x/y\n",
		    MIXED PART END "Contentment\n" },
		{ "something unpackable outside of all parts", MIXED PART END "begin 644 x\n",
		    NULL },
		{ "encoded text outside of all parts",
		    MIXED "QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\n" PART END,
		    MIXED "QUJDQUJDQUJDQUJD\n" PART END },
		{ "encoded container", "Content-Transfer-Encoding: base64\n" MIXED PART END,
		    "Content-Transfer-Encoding: 8bit\n" MIXED PART END },
		{ "encoded message",
		    "Content-Type: message/rfc822\nContent-Transfer-Encoding: "
		    "base64\n\nQTogYgoKQwpD\n",
		    "Content-Type: message/rfc822\n\nA: b\n\nC\n" },
		{ "folded first line", MIXED "--bound\n folded\nA: b\n\nx\n" END,
		    MIXED "--bound\nA: b\n\nx\n" END },
		{ "lines in front of the header", "what is this\nA: b\n\nx\n", "A: b\n\nx\n" },
		{ "empty line in front of the header", "\nA: b\n\nx\n", NULL },
		{ "whitespace behind a soft line break",
		    "Content-Transfer-Encoding: quoted-printable\n\na= \nb\n",
		    "Content-Transfer-Encoding: quoted-printable\n\na=\n b\n" },
		{ "boundary of what is no multipart", "Content-Type: text/plain; boundary=b\n\nx\n",
		    "Content-Type: text/plain; bound=b\n\nx\n" },
		{ "folded line that looks like a field", "A: b\n Content-Type: x/y\n\nx\n",
		    "DKIM-Signature: h=a:\n Content-Type:b\n\nx\n" },
		{ "line that begins like a boundary", MIXED "--bound\n\ntext\n --bound\n" END,
		    MIXED "--bound\n\ntext\nhomeward bound\n" END },
		{ "no empty line behind a header", MIXED "--bound\nA: b\n" END,
		    MIXED "--bound\nA: b\n\n" END },
	};
	struct conf conf = *(const struct conf *)*state;
	char text[TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_lint(cases[i].mail, strlen(cases[i].mail), &conf, cases[i].phrase);
		if (cases[i].like != NULL)
			expect_lint(cases[i].like, strlen(cases[i].like), &conf, NULL);
	}
	/* What a C string can't hold, or what is long. */
	expect_lint("A: b\0c\n\nx\n", 10, &conf, "NUL in a header");
	expect_lint("A: b\n\nx\0y\n", 10, &conf, "something unpackable in plain text");
	assert_string_equal(lint("A: b\rc\n\nx\n", 10, &conf), "stray CR in a header");
	assert_string_equal(lint("A: b\n\nx\ry\n", 10, &conf),
	    "something unpackable in plain text");
	snprintf(text, sizeof(text), "%s%0990d\n%s", MIXED, 0, PART END);
	for (char *c = strchr(text, '0'); *c == '0'; c++)
		*c = (c - text) % 30 == 0 ? ' ' : 'x';
	expect_lint(text, strlen(text), &conf, NULL);
	snprintf(text, sizeof(text), "%s%41s%0990d\n%s", MIXED, "", 0, PART END);
	for (char *c = text + sizeof(MIXED) - 1 + 41; *c == '0'; c++)
		*c = (c - text - 41) % 30 == 0 ? ' ' : 'x';
	expect_lint(text, strlen(text), &conf, "much text outside of all parts");
	conf.mime_parts_limit = 2;
	expect_lint(two_parts, sizeof(two_parts) - 1, &conf, "limit");
}

static enum doubt doubt;

static bool
doubt_visit(void *ctx, const struct part *part, const char *content, size_t len)
{
	(void)content;
	(void)len;
	doubt = lint_part(ctx, part);
	return true;
}

static void
expect_doubt(const char *mail, const struct conf *conf, const char *want)
{
	struct parts parts;
	struct lint v;

	part_begin(&parts, mail, strlen(mail));
	lint_begin(&v, &parts);
	mime_walk(&parts, conf, doubt_visit, &v);
	if (want == NULL)
		assert_int_equal(doubt, DOUBT_NONE);
	else
		assert_string_equal(doubt_phrase(doubt), want);
	lint_free(&v);
	part_free(&parts);
}

#define UU "Content-Transfer-Encoding: x-uuencode\n\n"
#define UNUSUAL "unusual Content-Transfer-Encoding"

/* An interface: lower-case words with hyphens, each once. */
static void
test_doubt_codes(void **state)
{
	(void)state;
	assert_null(doubt_code(DOUBT_NONE));
	assert_null(doubt_phrase(DOUBT_NONE));
	for (int i = 1; i < DOUBT_COUNT; i++) {
		assert_true(doubt_code(i)[0] != '\0' && doubt_phrase(i)[0] != '\0');
		assert_int_equal(strspn(doubt_code(i), "abcdefghijklmnopqrstuvwxyz0123456789-"),
		    strlen(doubt_code(i)));
		for (int k = 1; k < i; k++) {
			assert_string_not_equal(doubt_code(i), doubt_code(k));
			assert_string_not_equal(doubt_phrase(i), doubt_phrase(k));
		}
	}
}

/* Only what makes another content of a part is told of the part. */
static void
test_doubt(void **state)
{
	expect_doubt("Content-Type: x/y\nContent-Type: x/y\n\nx\n", *state, NULL);
	expect_doubt("Content-Type: x/y\nContent-Type: x/z\n\nx\n", *state,
	    "contradicting Content-Type");
	expect_doubt("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\nQUJD\n",
	    *state, "contradicting Content-Transfer-Encoding");
	expect_doubt("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 8bit\n\nQUJD\n",
	    *state, NULL);
	expect_doubt("Content-Transfer-Encoding: base64\n\nQU!JD\n", *state, "irregular base64");
	expect_doubt("Content-Transfer-Encoding: base64\n\nQUI\n", *state, NULL);
	expect_doubt("Content-Transfer-Encoding: quoted-printable\n\n=4\n", *state,
	    "irregular quoted-printable");
	expect_doubt("Content-Transfer-Encoding: x\n\nx\n", *state,
	    "unusual Content-Transfer-Encoding");
	expect_doubt("Content-Type: text/plain; charset=a b\n\nbegin 644 x\n", *state, NULL);
	/* uuencode that all who undo it undo alike; and where they do not. */
	expect_doubt(UU "\nbegin 644 x\n#04)#\n`\nend\n\n", *state, NULL);
	expect_doubt(UU "begin 644 a name\r\n#04)#\r\n \r\nend\r\n", *state, NULL);
	expect_doubt(UU "begin 644 x\n#04)#Z\n`\nend\n", *state, UNUSUAL);
	expect_doubt(UU "begin 644 x\n#04)\n`\nend\n", *state, UNUSUAL);
	expect_doubt(UU "begin 644 x\n#04)#\n`\nend\nmore\n", *state, UNUSUAL);
	expect_doubt(UU "begin 644 x\n#04)#\n`\n", *state, UNUSUAL);
	expect_doubt(UU "begin 644 x\n#04)#\nend\n", *state, UNUSUAL);
	expect_doubt(UU "text\nbegin 644 x\n#04)#\n`\nend\n", *state, UNUSUAL);
	expect_doubt(UU "#04)#\n`\nend\n", *state, UNUSUAL);
	expect_doubt(UU "", *state, UNUSUAL);
}

static bool
skeleton_visit(void *ctx, const struct part *part, const char *content, size_t len)
{
	(void)content;
	(void)len;
	lint_part(ctx, part);
	return true;
}

/* What is scanned decoded is left out, and nothing else. */
static void
test_skeleton(void **state)
{
	struct parts parts;
	struct lint v;
	char *skeleton;
	size_t len;

	part_begin(&parts, two_parts, sizeof(two_parts) - 1);
	lint_begin(&v, &parts);
	mime_walk(&parts, *state, skeleton_visit, &v);
	assert_int_equal(lint_irregular(&v), DOUBT_NONE);
	for (size_t i = 0; i < parts.n; i++)
		parts.at[i]->in_skeleton = parts.at[i]->n_names == 0;
	skeleton = lint_skeleton(&parts, &len);
	assert_int_equal(len, v.size - 4);
	assert_null(memmem(skeleton, len, "QUJD", 4));
	assert_non_null(memmem(skeleton, len, "\n\n\n--b--\nepilogue\n", 17));
	assert_non_null(memmem(skeleton, len, "\none\n", 5));
	free(skeleton);
	lint_free(&v);
	part_free(&parts);
}

/*
 * The views.
 */

struct seen {
	char regions[TEXT_MAX];
	const char *bytes;
	size_t size, n_views, n_bytes, stop_region, stop_view, n_regions;
	const char *find;
	bool found;
};

/* 'first line' of each region, and names */
static enum region_answer
note_region(void *ctx, const struct region *r)
{
	struct seen *s = ctx;
	char line[200];
	int n;

	assert_true(r->begin < r->end && r->end <= s->size);
	n = snprintf(line, sizeof(line), "'%.*s'", (int)strcspn(s->bytes + r->begin, "\n"),
	    s->bytes + r->begin);
	for (size_t i = 0; i < r->n_names; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " <%s>", r->names[i]);
	strlcat(s->regions, line, sizeof(s->regions));
	strlcat(s->regions, "\n", sizeof(s->regions));
	return ++s->n_regions != s->stop_region ? REGION_LOOK : REGION_STOP;
}

static bool
note_view(void *ctx, const struct view *v)
{
	struct seen *s = ctx;

	assert_non_null(decode_name(v->way));
	assert_true(v->begin < v->end && v->end <= s->size && v->len > 0);
	s->n_bytes += v->len;
	if (s->find != NULL && memmem(v->content, v->len, s->find, strlen(s->find)) != NULL)
		s->found = true;
	return ++s->n_views != s->stop_view;
}

static bool
views(const char *mail, const struct conf *conf, struct seen *s)
{
	struct part_place root = { .content_end = strlen(mail) };

	s->bytes = mail;
	s->size = strlen(mail);
	struct evidence evidence = { .any = true };

	return views_each(mail, s->size, &root, false, conf, &evidence, note_region, note_view, s);
}

static void
test_regions(void **state)
{
	struct seen s = { .find = NULL };

	assert_true(
	    views("A: b\n\nx\n--one\nContent-Type: x/y; name=a\n\ny\n--\n---\n-- \n--- two\n"
		  "--two--\r\nContent-Disposition: x; filename=\"b\"\n--=three\t\nz\n-----4\nw",
		*state, &s));
	assert_string_equal(s.regions,
	    "'A: b'\n'Content-Type: x/y; name=a' <a>\n"
	    "'Content-Disposition: x; filename=\"b\"' <b>\n'z'\n'w'\n");
}

static void
expect_view(const char *mail, const struct conf *conf, bool want)
{
	struct seen s = { .find = "the payload" };

	assert_true(views(mail, conf, &s));
	if (s.found != want)
		fail_msg("%s: %s", want ? "not found" : "found", mail);
}

/* The same words in each coat, and wherever a reader may look for them. */
static void
test_views(void **state)
{
	static const char b64[] = "dGhlIHBheWxvYWQ=\n"; /* "the payload" */
	static const char *const mails[] = {
		"A: b\n\n%s",
		"A: b\n\n--x\n%s--x--\n",
		"A: b\n\n--x\nC: d\n\n%s",
		"A: b\n\n--x\n\n\n%s\n--y\n",
		"A: b\n\n--x\nC: d\n\nE: f\n\n%s",
		"%s",
		"--x\n%s",
	};
	char mail[1000], coat[200];
	size_t n;

	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		const char *fmt = mails[i];
		int before = (int)(strstr(fmt, "%s") - fmt);

		snprintf(mail, sizeof(mail), "%.*s%s%s", before, fmt, b64, fmt + before + 2);
		expect_view(mail, *state, true);
		snprintf(mail, sizeof(mail), "%.*s%s%s", before, fmt, "the=20payload",
		    fmt + before + 2);
		expect_view(mail, *state, true);
		coat[uu_encode((const unsigned char *)"the payload", 11, '`', "\n", coat)] = '\0';
		snprintf(mail, sizeof(mail), "%.*sbegin 644 x\n%s`\nend\n%s", before, fmt, coat,
		    fmt + before + 2);
		expect_view(mail, *state, true);
		coat[yenc_encode((const unsigned char *)"the payload", 11, "\n", coat)] = '\0';
		snprintf(mail, sizeof(mail), "%.*s=ybegin x\n%s=yend\n%s", before, fmt, coat,
		    fmt + before + 2);
		expect_view(mail, *state, true);
		coat[binhex_encode((const unsigned char *)"the payload", 11, "\n", coat)] = '\0';
		snprintf(mail, sizeof(mail), "%.*s%s%s", before, fmt, coat, fmt + before + 2);
		expect_view(mail, *state, true);
	}
	expect_view("A: b\n\nthe_payload\n", *state, false);
	/* Digits in the header, and a group over two lines: to be read from its own first line. */
	expect_view("A: b\n\ndGhl!I\nHBh.eWxvYWQ=\n", *state, true);
	/* A boundary to some is content to others. */
	{
		struct seen s = { .find = "the \003\0037payload" };

		n = (size_t)sprintf(mail, "A: b\n\n=ybegin x\n");
		n += yenc_encode((const unsigned char *)"the ", 4, "\n--a\n", mail + n);
		mail[n + yenc_encode((const unsigned char *)"payload", 7, "\n", mail + n)] = '\0';
		assert_true(views(mail, *state, &s));
		assert_true(s.found);
	}
}

static void
test_views_bounded(void **state)
{
	struct conf conf = *(const struct conf *)*state;
	struct seen all = { .find = NULL };

	assert_true(views(two_parts, &conf, &all));
	assert_true(all.n_views > 20);
	for (size_t limit = 0; limit <= all.n_views; limit += all.n_views / 10) {
		struct seen s = { .find = NULL };

		conf.view_limit = limit;
		assert_false(views(two_parts, &conf, &s) && limit < all.n_views);
		assert_int_equal(s.n_views, limit);
	}
	conf.view_limit = all.n_views;
	conf.view_size_limit = all.n_bytes;
	assert_true(views(two_parts, &conf, &(struct seen){ .find = NULL }));
	for (size_t limit = 0; limit < all.n_bytes; limit += all.n_bytes / 10) {
		struct seen s = { .find = NULL };

		conf.view_size_limit = limit;
		assert_false(views(two_parts, &conf, &s));
		assert_true(s.n_bytes <= limit);
	}
	conf = *(const struct conf *)*state;
	assert_false(views(two_parts, &conf, &(struct seen){ .stop_view = 3 }));
	assert_false(views(two_parts, &conf, &(struct seen){ .stop_region = 2 }));
}

/* What a reader of archives hands over: names once each, content or why there is none. */
static void
test_packed_members(void **state)
{
	char *names[] = { (char[]){ "a.txt" }, (char[]){ "b.exe" }, (char[]){ "a.txt" } };
	size_t left = 10, members = 2;
	struct packed p;

	(void)state;
	packed_begin(&p, 8, &left, &members, clock_ms() + 100000);
	assert_int_equal(packed_room(&p), 8);
	assert_true(packed_add_member(&p, names, 3, strdup("four"), 4, 0));
	packed_spend(&p, 4);
	assert_int_equal(packed_room(&p), 6);
	assert_true(packed_add_member(&p, names, 1, NULL, 0, PACKED_ENCRYPTED));
	packed_spend(&p, 100);
	assert_int_equal(packed_room(&p), 0);
	assert_false(p.too_big);
	assert_false(packed_add_member(&p, names, 1, strdup("five"), 4, 0));
	assert_true(p.too_big);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.items[0].n_names, 2);
	assert_string_equal(p.items[0].names[1], "b.exe");
	assert_null(p.items[1].content);
	assert_int_equal(p.items[1].flags, PACKED_ENCRYPTED);
	packed_free(&p);
}

static void
test_packed_late(void **state)
{
	size_t left = 10, members = 2;
	struct packed p;

	(void)state;
	packed_begin(&p, 8, &left, &members, clock_ms() - 1);
	assert_false(packed_add_member(&p, NULL, 0, strdup("late"), 4, 0));
	assert_true(p.too_big);
	assert_int_equal(p.n, 0);
	packed_free(&p);
}

/* One list, by which files are unpacked and the lint tells what is unpackable. */
static void
test_markers(void **state)
{
	static const struct {
		const char *line;
		enum sniff_marker marker;
	} lines[] = {
		{ "begin 644 a", MARKER_UU },
		{ "BEGIN\t644 a", MARKER_UU },
		{ "begin-base64 644 a", MARKER_UU_BASE64 },
		{ "=ybegin line=128", MARKER_YENC },
		{ "=ypart begin=1", MARKER_YENC_PART },
		{ "(This file must be converted with BinHex", MARKER_BINHEX },
		{ "begin", MARKER_NONE },
		{ "begins ", MARKER_NONE },
		{ "begin-date 2026", MARKER_NONE },
		{ "=yend", MARKER_NONE },
		{ "", MARKER_NONE },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *mail;
		const char *why;

		assert_int_equal(sniff_marker(lines[i].line, strlen(lines[i].line)),
		    lines[i].marker);
		assert_true(asprintf(&mail, "From: a\n\ntext\n%s\ntext\n", lines[i].line) > 0);
		why = lint(mail, strlen(mail), *state);
		assert_true((why != NULL) == (lines[i].marker != MARKER_NONE));
		free(mail);
	}
}

/* Lines may end in a CR or not: it is the same text. */
static void
test_escapes(void **state)
{
	static const char lf[] = "=41aaaaaaaaaaa\n", crlf[] = "=41aaaaaaaaaaa\r\n";

	(void)state;
	assert_int_equal(sniff_encoding(lf, strlen(lf)), DECODE_QP_LENIENT);
	assert_int_equal(sniff_encoding(crlf, strlen(crlf)), DECODE_QP_LENIENT);
}

int
main(void)
{
	static struct conf conf;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_broken),
		cmocka_unit_test(test_qp),
		cmocka_unit_test(test_qp_broken),
		cmocka_unit_test(test_uu),
		cmocka_unit_test(test_xx),
		cmocka_unit_test(test_yenc),
		cmocka_unit_test(test_binhex),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test_prestate(test_walk, &conf),
		cmocka_unit_test_prestate(test_walk_truncated, &conf),
		cmocka_unit_test_prestate(test_walk_limits, &conf),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_normalise),
		cmocka_unit_test_prestate(test_markers, &conf),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_packed_members),
		cmocka_unit_test(test_packed_late),
		cmocka_unit_test_prestate(test_lint_ordinary, &conf),
		cmocka_unit_test_prestate(test_lint_irregular, &conf),
		cmocka_unit_test(test_doubt_codes),
		cmocka_unit_test_prestate(test_doubt, &conf),
		cmocka_unit_test_prestate(test_skeleton, &conf),
		cmocka_unit_test_prestate(test_regions, &conf),
		cmocka_unit_test_prestate(test_views, &conf),
		cmocka_unit_test_prestate(test_views_bounded, &conf),
	};

	conf_init(&conf);
	make_payload(NULL);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	conf_free(&conf);
	return failed;
}

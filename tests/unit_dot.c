/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_dot.c - the dot machines against a plain model of RFC 5321 4.5.2,
 * over every short string of the bytes that matter, at every split.
 *
 * UNIT_SEED=N in the environment repeats a pseudo-random run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dot.h"

#define ROOM (1u << 20)
#define EXHAUSTIVE 7 /* length of the strings that are tried exhaustively */
#define ROUNDS 3000

static const char alphabet[] = { '.', '\r', '\n', 'a', '\0' };

/* Everything that a decoder can tell. */
struct result {
	char *bytes;
	size_t len, used, bare_lf, bare_cr;
	bool done;
};

struct collector {
	char *bytes;
	size_t len;
	size_t refuse_at; /* the sink fails once it would hold more; 0 = never */
};

static unsigned int seed;
static char buf_a[ROOM], buf_b[ROOM], wire[ROOM], content[ROOM];

static unsigned int
roll(unsigned int n)
{
	static uint64_t x;

	if (x == 0)
		x = seed * UINT64_C(2654435761) + 1;
	x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned int)(x >> 33) % n;
}

static void
show(const char *what, const char *bytes, size_t len)
{
	size_t i;

	print_error("seed %u, %s:", seed, what);
	for (i = 0; i < len && i < 200; i++)
		print_error(" %02x", (unsigned char)bytes[i]);
	print_error("\n");
}

static bool
collect(void *ctx, const char *bytes, size_t len)
{
	struct collector *c = ctx;

	assert_true(len > 0);
	assert_true(c->len + len <= ROOM);
	if (c->refuse_at != 0 && c->len + len > c->refuse_at)
		return false;
	memcpy(c->bytes + c->len, bytes, len);
	c->len += len;
	return true;
}

/* The model: looks forward and back in the whole input, has no state. */
static struct result
model(const char *in, size_t len, char *out)
{
	struct result r = { .bytes = out };
	size_t i;

	for (i = 0; i < len; i++) {
		bool start = i == 0 || (i >= 2 && in[i - 2] == '\r' && in[i - 1] == '\n');

		if (start && len - i >= 3 && memcmp(in + i, ".\r\n", 3) == 0) {
			r.done = true;
			r.used = i + 3;
			return r;
		}
		if (start && in[i] == '.')
			continue;
		if (in[i] == '\n' && (i == 0 || in[i - 1] != '\r')) {
			r.bare_lf++;
			out[r.len++] = '\r';
		}
		if (in[i] == '\r' && i + 1 == len)
			break; /* nobody can tell yet what it is */
		if (in[i] == '\r' && in[i + 1] != '\n') {
			r.bare_cr++;
			out[r.len++] = ' ';
			continue;
		}
		out[r.len++] = in[i];
	}
	r.used = len;
	return r;
}

/* The machine, fed in pieces: up to split, then of size piece. */
static struct result
decode(const char *in, size_t len, size_t split, size_t piece, char *out)
{
	struct collector c = { .bytes = out };
	struct result r = { .bytes = out };
	struct dot_decoder d;
	size_t n, used;

	dot_decode_init(&d);
	while (r.used < len && !r.done) {
		n = r.used < split ? split - r.used : piece;
		if (n > len - r.used)
			n = len - r.used;
		assert_true(dot_decode(&d, in + r.used, n, &used, &r.done, collect, &c));
		assert_true(r.done ? used <= n : used == n);
		r.used += used;
	}
	r.len = c.len;
	r.bare_lf = d.bare_lf;
	r.bare_cr = d.bare_cr;
	return r;
}

static void
check_decode(const char *in, size_t len, size_t split, size_t piece)
{
	struct result want = model(in, len, buf_a), got = decode(in, len, split, piece, buf_b);

	if (want.len == got.len && want.used == got.used && want.done == got.done &&
	    want.bare_lf == got.bare_lf && want.bare_cr == got.bare_cr &&
	    memcmp(want.bytes, got.bytes, want.len) == 0)
		return;
	show("input", in, len);
	show("wanted", want.bytes, want.len);
	show("got", got.bytes, got.len);
	fail_msg("split %zu, pieces of %zu: used %zu/%zu, done %d/%d, LF %zu/%zu, CR %zu/%zu",
	    split, piece, want.used, got.used, want.done, got.done, want.bare_lf, got.bare_lf,
	    want.bare_cr, got.bare_cr);
}

static size_t
encode(const char *in, size_t len, size_t split, size_t piece, char *out)
{
	struct collector c = { .bytes = out };
	struct dot_encoder e;
	size_t i, n;

	dot_encode_init(&e);
	for (i = 0; i < len; i += n) {
		n = i < split ? split - i : piece;
		if (n > len - i)
			n = len - i;
		assert_true(dot_encode(&e, in + i, n, collect, &c));
	}
	assert_true(dot_encode_end(&e, collect, &c));
	return c.len;
}

/* Whatever is encoded, the end is at its end and nowhere before. */
static void
check_encode(const char *in, size_t len, size_t split, size_t piece)
{
	size_t n = encode(in, len, split, piece, wire), whole_crlf;
	struct result back = model(wire, n, buf_a);

	whole_crlf = len == 0 || (len >= 2 && memcmp(in + len - 2, "\r\n", 2) == 0) ? 0 : 2;
	if (!back.done || back.used != n) {
		show("content", in, len);
		show("wire", wire, n);
		fail_msg("split %zu, pieces of %zu: the wire form ends at %zu of %zu, done %d",
		    split, piece, back.used, n, back.done);
	}
	if (back.bare_lf > 0 || back.bare_cr > 0)
		return; /* not content that a decoder gives out */
	if (back.len != len + whole_crlf || memcmp(back.bytes, in, len) != 0) {
		show("content", in, len);
		show("came back", back.bytes, back.len);
		fail_msg("split %zu, pieces of %zu", split, piece);
	}
}

static void
random_bytes(char *out, size_t len)
{
	while (len-- > 0)
		*out++ = roll(12) == 0 ? (char)roll(256) : alphabet[roll(sizeof(alphabet))];
}

/* Lines of all kinds, all ended by CRLF. */
static size_t
random_lines(char *out, size_t room)
{
	static const char *const lines[] = { "", ".", "..", ".x", "x.", "x", "...", " .", "a.b" };
	size_t n = 0, len;
	const char *line;

	while (n + 8 < room) {
		line = lines[roll(sizeof(lines) / sizeof(lines[0]))];
		len = strlen(line);
		memcpy(out + n, line, len);
		memcpy(out + n + len, "\r\n", 2);
		n += len + 2;
	}
	return n;
}

static void
each_short_string(void (*check)(const char *, size_t, size_t, size_t))
{
	char in[EXHAUSTIVE];
	unsigned long n, i, rest;
	size_t len, k;

	for (len = 0, n = 1; len <= EXHAUSTIVE; len++, n *= sizeof(alphabet)) {
		for (i = 0; i < n; i++) {
			for (k = 0, rest = i; k < len; k++, rest /= sizeof(alphabet))
				in[k] = alphabet[rest % sizeof(alphabet)];
			for (k = 0; k <= len; k++)
				check(in, len, k, len);
			check(in, len, 0, 1);
		}
	}
}

static void
test_decode_exhaustive(void **unused)
{
	(void)unused;
	each_short_string(check_decode);
}

static void
test_encode_exhaustive(void **unused)
{
	(void)unused;
	each_short_string(check_encode);
}

static void
test_random(void **unused)
{
	size_t len, piece;
	int i;

	(void)unused;
	for (i = 0; i < ROUNDS; i++) {
		len = roll(200);
		random_bytes(content, len);
		for (piece = 1; piece <= len; piece += 1 + piece / 8) {
			check_decode(content, len, 0, piece);
			check_decode(content, len, roll((unsigned int)len + 1), piece);
			check_encode(content, len, 0, piece);
		}
	}
}

/* There and back, at every buffer size. */
static void
test_round_trip(void **unused)
{
	size_t len, n, piece;
	struct result r;

	(void)unused;
	len = random_lines(content, 3000);
	for (piece = 1; piece <= len; piece++) {
		n = encode(content, len, 0, piece, wire);
		r = decode(wire, n, 0, piece, buf_b);
		if (!r.done || r.used != n || r.len != len || memcmp(buf_b, content, len) != 0)
			fail_msg("seed %u: pieces of %zu", seed, piece);
		assert_int_equal(r.bare_lf + r.bare_cr, 0);
	}
}

/* More than the decoder's own buffer, and every input byte may become two. */
static void
test_large(void **unused)
{
	size_t len = ROOM / 4, n;
	struct result r;

	(void)unused;
	memset(content, '\n', len);
	check_decode(content, len, 0, len);
	check_decode(content, len, 0, 65536);
	random_bytes(content, len);
	check_decode(content, len, 0, len);
	len = random_lines(content, len);
	n = encode(content, len, 0, len, wire);
	r = decode(wire, n, 0, n, buf_b);
	assert_true(r.done && r.len == len && memcmp(buf_b, content, len) == 0);
}

/* Only one of all these ends the message. */
static void
test_ends(void **unused)
{
	static const char *const eols[] = { "\r\n", "\n", "\r", "\n\r", "\r\r\n", "\r\n\n", "\r\r",
		"" };
	static const char *const before[] = { "a\r\n", "a\n", "a\r", "a\r\n\n", "a\n\r", "a\r\r",
		"a" };
	size_t b, e, split, len, n_ends = 0;
	struct result r;
	char in[64];

	(void)unused;
	for (b = 0; b < sizeof(before) / sizeof(before[0]); b++) {
		for (e = 0; e < sizeof(eols) / sizeof(eols[0]); e++) {
			len = (size_t)snprintf(in, sizeof(in), "%s.%s", before[b], eols[e]);
			for (split = 0; split <= len; split++) {
				check_decode(in, len, split, len);
				r = decode(in, len, split, len, buf_b);
				if (r.done && (b != 0 || strncmp(eols[e], "\r\n", 2) != 0)) {
					show("ended", in, len);
					fail();
				}
			}
			n_ends += r.done;
		}
	}
	/* CRLF "." CRLF, and the same with a further LF behind. */
	assert_int_equal(n_ends, 2);
	r = decode("a\r\n.\0\r\n", 7, 0, 1, buf_b);
	assert_false(r.done);
	assert_int_equal(r.len, 6);
	assert_memory_equal(buf_b, "a\r\n\0\r\n", 6);
	r = decode("a\r\n\0.\r\n", 7, 0, 1, buf_b);
	assert_false(r.done);
	r = decode(".\r\nNOOP\r\n", 9, 0, 9, buf_b);
	assert_true(r.done);
	assert_int_equal(r.used, 3);
	assert_int_equal(r.len, 0);
}

/* What a smuggler sends leaves in a form that nobody takes for an end. */
static void
test_smuggling(void **unused)
{
	static const char *const tricks[] = { "a\n.\nMAIL FROM:<x@y>\r\n",
		"a\n.\r\nMAIL FROM:<x@y>\r\n", "a\r\n.\nMAIL FROM:<x@y>\r\n", "a\n..\nMAIL\r\n",
		"a\r\n..\nMAIL\r\n" };
	size_t i, k, len, n;
	struct result r;

	(void)unused;
	for (i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
		len = strlen(tricks[i]);
		r = decode(tricks[i], len, 0, 1, buf_b);
		assert_false(r.done);
		assert_true(r.bare_lf > 0);
		assert_int_equal(r.bare_cr, 0);
		n = encode(buf_b, r.len, 0, r.len, wire);
		for (k = 0; k < n; k++)
			assert_true(wire[k] != '\n' || (k > 0 && wire[k - 1] == '\r'));
		for (k = 0; k + 5 < n; k++)
			assert_memory_not_equal(wire + k, "\r\n.\r\n", 5);
	}
}

static void
test_sink_refuses(void **unused)
{
	struct collector c = { .bytes = buf_a, .refuse_at = 2 };
	struct dot_decoder d;
	struct dot_encoder e;
	size_t used;
	bool done;

	(void)unused;
	dot_decode_init(&d);
	assert_false(dot_decode(&d, "abc", 3, &used, &done, collect, &c));
	memset(content, 'x', 100000);
	dot_decode_init(&d);
	assert_false(dot_decode(&d, content, 100000, &used, &done, collect, &c));
	dot_encode_init(&e);
	assert_false(dot_encode(&e, "abc", 3, collect, &c));
	assert_false(dot_encode(&e, "\r\n.x", 4, collect, &c));
	assert_false(dot_encode_end(&e, collect, &c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_smuggling),
		cmocka_unit_test(test_decode_exhaustive),
		cmocka_unit_test(test_encode_exhaustive),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_sink_refuses),
	};
	const char *given = getenv("UNIT_SEED");

	seed = given != NULL ? (unsigned int)strtoul(given, NULL, 10)
			     : (unsigned int)time(NULL) ^ ((unsigned int)getpid() << 16);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

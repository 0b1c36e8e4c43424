/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_report.c - the report on the wire: what one end writes the other reads,
 * and nothing that is not sound is ever believed.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report.h"

static void
add_edit(struct report *r, uint64_t offset, uint64_t length, const char *text)
{
	report_add_edit(r, offset, length, strdup(text), strlen(text));
}

static char *
sample(size_t *len)
{
	struct report r;
	char *wire;

	report_init(&r);
	r.size = 100;
	r.scanner = strdup("ClamAV 1/2");
	report_add_finding(&r, CLASS_INFECTED, ACTION_REMOVE, "1.2", "Eicar\n\xff", "a.exe");
	report_add_finding(&r, CLASS_BLOCKED, ACTION_DEFANG, "3", "extension .exe", "b.exe");
	add_edit(&r, 90, 10, "notice\r\n");
	add_edit(&r, 0, 0, "X: y\r\n");
	report_sort_edits(&r);
	report_add_note(&r, "no Landlock");
	r.explanation = strdup("why\n\tso\n");
	wire = report_encode(&r, len);
	assert_non_null(wire);
	report_free(&r);
	return wire;
}

static void
test_round_trip(void **state)
{
	struct report r;
	size_t len;
	char *wire = sample(&len);

	(void)state;
	assert_int_equal((unsigned char)wire[0] | (unsigned char)wire[1] << 8, len - 4);
	assert_null(report_decode(&r, wire + 4, len - 4, 100, true));
	assert_int_equal(r.action, ACTION_REMOVE);
	assert_int_equal(r.n_findings, 2);
	assert_string_equal(r.findings[0].reason, "Eicar??");
	assert_string_equal(r.findings[0].part, "1.2");
	assert_int_equal(r.n_edits, 2);
	assert_int_equal(r.edits[0].offset, 0);
	assert_int_equal(r.edits[1].offset, 90);
	assert_int_equal(r.edits[1].text_len, 8);
	assert_string_equal(r.notes[0], "no Landlock");
	assert_string_equal(r.explanation, "why\n\tso\n");
	assert_string_equal(report_verdict(&r), "infected");
	report_free(&r);
	free(wire);
}

static void
test_cut_anywhere(void **state)
{
	size_t len;
	char *wire = sample(&len);

	(void)state;
	for (size_t cut = 0; cut < len - 4; cut++) {
		struct report r;
		char *exact = malloc(cut + 1); /* so that a read beyond is seen */

		memcpy(exact, wire + 4, cut);
		assert_non_null(report_decode(&r, exact, cut, 100, true));
		assert_int_equal(r.n_findings + r.n_edits + r.n_notes, 0);
		assert_null(r.explanation);
		free(exact);
	}
	free(wire);
}

static void
test_bytes_behind(void **state)
{
	struct report r;
	size_t len;
	char *wire = sample(&len), *longer = calloc(1, len + 1);

	(void)state;
	assert_non_null(longer);
	memcpy(longer, wire, len);
	assert_string_equal(report_decode(&r, longer + 4, len - 3, 100, true),
	    "bytes follow its end");
	free(longer);
	free(wire);
}

static bool
is_printable(const char *s)
{
	for (; s != NULL && *s != '\0'; s++) {
		if (*s != '\n' && *s != '\t' && (*s < 0x20 || *s > 0x7e))
			return false;
	}
	return true;
}

/* Every byte changed to every value: never a crash, and what is believed is sound. */
static void
test_every_byte(void **state)
{
	size_t len;
	char *wire = sample(&len);

	(void)state;
	for (size_t at = 4; at < len; at++) {
		char kept = wire[at];

		for (int value = 0; value < 256; value++) {
			struct report r;

			wire[at] = (char)value;
			if (report_decode(&r, wire + 4, len - 4, 100, true) == NULL) {
				assert_null(message_check_edits(100, r.edits, r.n_edits, true));
				assert_int_equal(r.size, 100);
				assert_true(r.action >= ACTION_REMOVE && r.action < ACTION_COUNT);
				assert_true(is_printable(r.explanation));
			}
			report_free(&r);
		}
		wire[at] = kept;
	}
	free(wire);
}

static void
refuse(struct report *r, uint64_t size, const char *sentence)
{
	struct report decoded;
	size_t len;
	char *wire;
	const char *wrong;

	if (r->scanner == NULL)
		r->scanner = strdup("ClamAV");
	wire = report_encode(r, &len);
	assert_non_null(wire);
	wrong = report_decode(&decoded, wire + 4, len - 4, size, true);
	assert_non_null(wrong);
	assert_string_equal(wrong, sentence);
	free(wire);
	report_free(r);
}

static void
test_unsound(void **state)
{
	struct report r;

	(void)state;
	report_init(&r);
	r.size = 9;
	refuse(&r, 10, "it is about a message of another size");
	r.size = 10;
	add_edit(&r, 4, 2, "");
	add_edit(&r, 5, 2, "");
	refuse(&r, 10, "edits overlap or are out of order");
	r.size = 10;
	add_edit(&r, 5, 2, "");
	add_edit(&r, 1, 2, "");
	refuse(&r, 10, "edits overlap or are out of order");
	r.size = 10;
	add_edit(&r, 5, 6, "");
	refuse(&r, 10, "an edit lies outside the message");
	r.size = 10;
	add_edit(&r, UINT64_MAX, 2, "");
	refuse(&r, 10, "an edit lies outside the message");
	r.size = 10;
	add_edit(&r, 2, UINT64_MAX, "");
	refuse(&r, 10, "an edit lies outside the message");
	r.size = 10;
	add_edit(&r, 0, 0, "a\nb");
	refuse(&r, 10, "an edit's text is not plain");
	r.size = 10;
	add_edit(&r, 0, 0, "a\r");
	refuse(&r, 10, "an edit's text is not plain");
	r.size = 10;
	add_edit(&r, 0, 0, "\x80");
	refuse(&r, 10, "an edit's text is not plain");
	r.size = 10;
	report_add_finding(&r, CLASS_INFECTED, ACTION_REMOVE, "1", "x", "");
	r.action = ACTION_PASS;
	refuse(&r, 10, "its action is weaker than a finding's");
	r.size = 10;
	r.scanner = strdup("");
	refuse(&r, 10, "nothing was scanned");
}

static void
test_too_long(void **state)
{
	struct report r;
	size_t len = REPORT_MAX_BYTES + 1;
	char *text = malloc(len), *wire;

	(void)state;
	report_init(&r);
	memset(text, 'a', len);
	report_add_edit(&r, 0, 0, text, len);
	wire = report_encode(&r, &len);
	assert_null(wire);
	report_free(&r);
}

/* One that nobody asked for is none; one too long, or with a NUL in it, is unsound. */
static void
test_explanation(void **state)
{
	static const char *const bad[] = { "a\rb", "\x1b[2J", "\xc3\xa4", "\x7f" };
	struct report r, decoded;
	size_t len;
	char *wire;

	(void)state;
	report_init(&r);
	r.size = 1;
	r.scanner = strdup("ClamAV");
	wire = report_encode(&r, &len);
	assert_null(report_decode(&decoded, wire + 4, len - 4, 1, true));
	assert_null(decoded.explanation);
	report_free(&decoded);
	free(wire);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		free(r.explanation);
		r.explanation = strdup(bad[i]);
		wire = report_encode(&r, &len);
		assert_string_equal(report_decode(&decoded, wire + 4, len - 4, 1, true),
		    "it is cut off, or a field is out of bounds");
		free(wire);
	}
	strcpy(r.explanation, "a");
	wire = report_encode(&r, &len);
	wire[len - 1] = '\0';
	assert_non_null(report_decode(&decoded, wire + 4, len - 4, 1, true));
	free(wire);
	free(r.explanation);
	r.explanation = malloc(REPORT_MAX_EXPLANATION + 2);
	memset(r.explanation, 'x', REPORT_MAX_EXPLANATION + 1);
	r.explanation[REPORT_MAX_EXPLANATION + 1] = '\0';
	wire = report_encode(&r, &len);
	assert_non_null(report_decode(&decoded, wire + 4, len - 4, 1, true));
	free(wire);
	r.explanation[REPORT_MAX_EXPLANATION] = '\0';
	wire = report_encode(&r, &len);
	assert_null(report_decode(&decoded, wire + 4, len - 4, 1, true));
	report_free(&decoded);
	free(wire);
	report_free(&r);
}

/* A message of every small size, with random edits: the splice against a naive one. */
static bool
append(void *ctx, const char *buf, size_t len)
{
	char *out = ctx;
	size_t at = strlen(out);

	memcpy(out + at, buf, len);
	out[at + len] = '\0';
	return true;
}

static void
test_splice(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int run = 0; run < 20000; run++) {
		char bytes[33], want[400] = "", got[400] = "";
		struct edit edits[4];
		size_t size = (size_t)(rand_r(&seed) % 32), n = 0, at = 0;

		for (size_t i = 0; i < size; i++)
			bytes[i] = (char)('a' + rand_r(&seed) % 26);
		bytes[size] = '\0';
		while (n < 4) {
			char text[] = "<12345>";
			size_t gap = (size_t)(rand_r(&seed) % 9), cut = (size_t)(rand_r(&seed) % 5);

			if (at + gap + cut > size)
				break;
			strncat(want, bytes + at, gap);
			text[rand_r(&seed) % 8] = '\0';
			strcat(want, text);
			edits[n++] = (struct edit){ at + gap, cut, strdup(text), strlen(text) };
			at += gap + cut;
		}
		strcat(want, bytes + at);
		assert_null(message_check_edits(size, edits, n, true));
		assert_true(message_splice(bytes, size, edits, n, append, got));
		assert_string_equal(got, want);
		assert_int_equal(message_spliced_size(size, edits, n), strlen(want));
		while (n > 0)
			free(edits[--n].text);
	}
}

/* An edit may touch a line ending as a whole only, at either of its own ends. */
static void
test_keep_lines(void **state)
{
	static const char bytes[] = "a\r\n.\r\nb";
	static const struct {
		uint64_t offset, length;
		bool keeps;
	} cases[] = {
		{ 0, 0, true },
		{ 0, 1, true },
		{ 1, 2, true },
		{ 0, 8, true },
		{ 8, 0, true },
		{ 3, 3, true },
		{ 1, 1, false },
		{ 2, 0, false },
		{ 2, 1, false },
		{ 3, 2, false },
		{ 5, 3, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct edit e = { .offset = cases[i].offset, .length = cases[i].length };

		if (message_edits_keep_lines(bytes, sizeof(bytes) - 1, &e, 1) != cases[i].keeps)
			fail_msg("%d+%d", (int)e.offset, (int)e.length);
	}
}

/* Once sealed nobody changes it, and what is not sealed is not adopted. */
static void
test_sealed(void **state)
{
	struct message m, twin, unsealed;

	(void)state;
	assert_int_equal(message_create(&m, 10), MESSAGE_OK);
	assert_int_equal(message_append(&m, "12345", 5), MESSAGE_OK);
	assert_int_equal(message_append(&m, "678901", 6), MESSAGE_TOO_BIG);
	assert_int_equal(message_append(&m, "67890", 5), MESSAGE_OK);
	assert_int_equal(message_adopt(&twin, m.fd), MESSAGE_IO);
	assert_int_equal(message_seal(&m), MESSAGE_OK);
	assert_int_equal(message_append(&m, "", 0), MESSAGE_OK);
	m.limit = 0;
	assert_int_equal(message_append(&m, "x", 1), MESSAGE_IO);
	assert_memory_equal(m.bytes, "1234567890", 10);
	message_close(&m);
	message_close(&m);

	assert_int_equal(message_create(&unsealed, 0), MESSAGE_OK);
	assert_int_equal(message_seal(&unsealed), MESSAGE_OK);
	assert_int_equal(unsealed.size, 0);
	assert_null(unsealed.bytes);
	message_close(&unsealed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_bytes_behind),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_unsound),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_explanation),
		cmocka_unit_test(test_splice),
		cmocka_unit_test(test_keep_lines),
		cmocka_unit_test(test_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

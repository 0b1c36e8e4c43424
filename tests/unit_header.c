/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_header.c - fields, parameters and names out of raw headers, and the
 * rules on names.
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
#include "header.h"
#include "policy.h"

static char names[2000];

static void
collect(void *ctx, const char *name)
{
	(void)ctx;
	strlcat(names, name, sizeof(names));
	strlcat(names, "|", sizeof(names));
}

/* Parse one field; names holds what it calls the part. */
static bool
parse(const char *field, struct header_params *ps)
{
	struct header_field f;
	size_t at = 0;

	names[0] = '\0';
	assert_true(header_next(field, strlen(field), &at, &f));
	header_params_parse(field, &f, ps);
	header_params_names(field, ps, collect, NULL);
	for (size_t i = 0; i < ps->n; i++) {
		assert_true(ps->params[i].begin < ps->params[i].name_begin);
		assert_true(ps->params[i].name_end < ps->params[i].end);
		assert_true(ps->params[i].end <= f.value_end);
	}
	header_params_free(ps);
	return ps->regular;
}

static void
test_fields(void **state)
{
	const char *h = "A: 1\r\nB :2\r\n  folded\r\nno colon\r\nX y: z\nC:\r\n\r\nBody: no\r\n";
	struct header_field f;
	size_t at = 0, end = strlen(h);

	(void)state;
	assert_true(header_next(h, end, &at, &f));
	assert_true(header_is(h, &f, "a"));
	assert_int_equal(f.value_end, 4);
	assert_int_equal(f.end, 6);
	assert_true(header_next(h, end, &at, &f));
	assert_true(header_is(h, &f, "b"));
	assert_memory_equal(h + f.value_begin, "2\r\n  folded", 11);
	assert_int_equal(f.value_end - f.value_begin, 11);
	assert_true(header_next(h, end, &at, &f));
	assert_int_equal(f.name_len, 0);
	assert_true(header_next(h, end, &at, &f));
	assert_int_equal(f.name_len, 0);
	assert_true(header_next(h, end, &at, &f));
	assert_true(header_is(h, &f, "C"));
	assert_int_equal(f.value_begin, f.value_end);
	assert_false(header_next(h, end, &at, &f));
	assert_int_equal(at, header_block_end(h, 0, end));
	assert_memory_equal(h + at, "\r\nBody", 6);
}

static void
test_params(void **state)
{
	static const struct {
		const char *field, *names;
		bool regular;
	} cases[] = {
		{ "Content-Type: text/plain\r\n", "", true },
		{ "Content-Type: text/plain;\r\n", "", true },
		{ "Content-Type: text/plain; name=a.exe\r\n", "a.exe|", true },
		{ "Content-Type:text/plain;NAME=\"a \\\"b\\\".exe\"", "a \"b\".exe|", true },
		{ "Content-Disposition: "
		  "attachment;\r\n\tfilename=a.txt;\r\n\tfilename*=utf-8''b%2Eexe\r\n",
		    "a.txt|utf-8''b%2Eexe|b.exe|", true },
		{ "Content-Disposition: attachment; filename*1=\"exe\"; filename*0=\"a.\"",
		    "exe|a.exe|a.|", true },
		{ "Content-Disposition: attachment; filename*0*=utf-8''a%2E; filename*1*=e%78e",
		    "utf-8''a%2E|a.|utf-8''a%2Ee%78e|a.exe|e%78e|exe|", true },
		{ "Content-Disposition: attachment; filename=a b.exe", "a b.exe|a|", false },
		{ "Content-Disposition: attachment; filename=a.exe (b)", "a.exe (b)|a.exe|",
		    false },
		{ "Content-Disposition: attachment; filename=\"a.exe (b)\"", "a.exe (b)|", true },
		{ "Content-Disposition: attachment; filename*=utf-8''a.exe%00.txt",
		    "utf-8''a.exe%00.txt|a.exe\x01.txt|a.exe|", true },
		{ "Content-Disposition: attachment; filename=\"a.exe", "\"a.exe|", false },
		{ "Content-Disposition: attachment; filename=\xc3\xa4.exe", "\xc3\xa4.exe|",
		    false },
		{ "Content-Disposition: attachment; x; filename=a.exe", "a.exe|", false },
		{ "Content-Disposition: attachment filename=a.exe", "", false },
		{ "Content-Disposition: ; filename=a.exe", "a.exe|", false },
		{ "Content-Type: text/plain (comment); name=a.exe", "a.exe|", false },
		{ "Content-Type: text/plain; name=", "|", true },
		{ "Content-Type: text/plain;;;; name=a", "a|", false },
	};
	struct header_params *ps = malloc(sizeof(*ps));

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool regular = parse(cases[i].field, ps);

		if (strcmp(names, cases[i].names) != 0 || regular != cases[i].regular)
			fail_msg("%s: names %s, regular %d", cases[i].field, names, regular);
	}
	free(ps);
}

/* Pieces of parameters in random order: no crash, ranges in order, an end. */
static void
test_random(void **state)
{
	static const char *const pieces[] = { ";", "=", "\"", "\\", " ", "\r\n ", "name",
		"filename", "*0", "*", "'", "%41", "(", ")", "a.exe", "/", "\xff",
		"=?utf-8?q?a?=" };
	struct header_params *ps = malloc(sizeof(*ps));
	unsigned int seed = 7;

	(void)state;
	for (int run = 0; run < 50000; run++) {
		char field[600] = "C:";

		for (int n = rand_r(&seed) % 30; n > 0; n--)
			strlcat(field,
			    pieces[(size_t)rand_r(&seed) % (sizeof(pieces) / sizeof(pieces[0]))],
			    sizeof(field));
		parse(field, ps);
	}
	free(ps);
}

static void
test_normalise(void **state)
{
	static const struct {
		const char *name, *plain;
	} cases[] = {
		{ "Invoice.EXE", "invoice.exe" },
		{ "a.exe. . ", "a.exe" },
		{ "C:\\x/y\\a.exe", "a.exe" },
		{ "a.\x01"
		  "e\x7fxe\t",
		    "a.exe" },
		{ "a\xe2\x80\xaetxt.exe", "atxt.exe" },
		{ "a.e\xe2\x80\x8bxe", "a.exe" },
		{ "\xef\xbb\xbf"
		  "a.e\xc2\xadxe",
		    "a.exe" },
		{ "a.exe\"'", "a.exe" },
		{ "...", "" },
		{ "\xe2", "\xe2" },
		{ "\xe2\x80", "\xe2\x80" },
	};
	char out[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		policy_normalise(cases[i].name, out);
		assert_string_equal(out, cases[i].plain);
	}
}

static void
test_rules(void **state)
{
	static const struct {
		const char *name, *content, *rule;
	} cases[] = {
		{ "a.txt", "text", NULL },
		{ "a.exe", "text", "extension .exe" },
		{ "a.exe.txt", "text", NULL },
		{ "a.txt.exe ", "text", "extension .exe" },
		{ "a.exe:b.txt", "text", "extension .exe" },
		{ "a.txt:b.exe", "text", "extension .exe" },
		{ "a.{3050F4D8-98B5-11CF-BB82-00AA00BDCE0B}", "", "extension is a CLSID" },
		{ "report-2.zip", "text", "name matches report-*" },
		{ "report.exe", "text", "extension .exe" },
		{ "setup-good.exe", "MZ\x90", NULL },
		{ "a.txt", "MZ\x90\x01\x03", "executable content" },
		{ "a.txt", "MZ is a region in Mainz\r\n", NULL },
		{ "exe", "text", NULL },
	};
	struct conf conf;

	(void)state;
	conf_init(&conf);
	free(conf.deny_names);
	free(conf.allow_names);
	conf.deny_names = strdup("*.rar report-*");
	conf.allow_names = strdup("Setup-*.exe");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *name = strdup(cases[i].name), rule[POLICY_RULE_MAX] = "";
		size_t which;
		bool blocked = policy_blocks(&conf, &name, 1, cases[i].content,
		    strlen(cases[i].content), rule, &which);

		if (blocked != (cases[i].rule != NULL) ||
		    (blocked && strcmp(rule, cases[i].rule) != 0))
			fail_msg("%s: blocked %d by %s", cases[i].name, blocked, rule);
		free(name);
	}
	conf_free(&conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

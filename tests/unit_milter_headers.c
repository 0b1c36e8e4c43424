/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_milter_headers.c - the changes that make one header of another, carried out
 * as a server does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "milter_headers.h"

#define MAX 64

/* A header as a server has it. */
struct server {
	char *fields[MAX]; /* "Name:value", LF inside */
	int n;
	int changes;
};

static void
insert(struct server *s, int at, const char *name, const char *value)
{
	assert_true(at >= 0 && at <= s->n && s->n < MAX);
	memmove(s->fields + at + 1, s->fields + at, (size_t)(s->n - at) * sizeof(*s->fields));
	assert_true(asprintf(&s->fields[at], "%s:%s", name, value) > 0);
	s->n++;
}

static int
find(const struct server *s, const char *name, int nth)
{
	size_t len = strlen(name);

	for (int i = 0; i < s->n; i++) {
		if (strncasecmp(s->fields[i], name, len) == 0 && s->fields[i][len] == ':' &&
		    --nth == 0)
			return i;
	}
	fail_msg("no such field: %s", name);
	return -1;
}

static bool
carry_out(void *ctx, enum header_change what, const char *name, int nth, int position,
    const char *value)
{
	struct server *s = ctx;
	int at = what == HEADER_INSERT ? position : find(s, name, nth);

	s->changes++;
	if (what != HEADER_INSERT) {
		free(s->fields[at]);
		memmove(s->fields + at, s->fields + at + 1,
		    (size_t)(--s->n - at) * sizeof(*s->fields));
	}
	if (what != HEADER_DELETE)
		insert(s, at, name, value);
	return true;
}

/* What a server has of a header: fields without the CRLF. */
static void
load(struct server *s, const char *header)
{
	char *copy = strdup(header), *line, *rest = copy;

	memset(s, 0, sizeof(*s));
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\r' && line[0] != '\0') {
		line[strcspn(line, "\r")] = '\0';
		if (line[0] == ' ' || line[0] == '\t') {
			char *grown;

			assert_true(asprintf(&grown, "%s\n%s", s->fields[s->n - 1], line) > 0);
			free(s->fields[s->n - 1]);
			s->fields[s->n - 1] = grown;
		} else
			s->fields[s->n++] = strdup(line);
	}
	free(copy);
}

static void
unload(struct server *s)
{
	while (s->n > 0)
		free(s->fields[--s->n]);
}

/* Expect that the changes make one of the other, and how many there are. */
static void
becomes(const char *old, const char *new, int changes)
{
	struct server is, wanted;

	load(&is, old);
	load(&wanted, new);
	assert_true(milter_headers_diff(old, strlen(old), new, strlen(new), carry_out, &is));
	assert_int_equal(is.changes, changes);
	assert_int_equal(is.n, wanted.n);
	for (int i = 0; i < is.n; i++)
		assert_string_equal(is.fields[i], wanted.fields[i]);
	unload(&is);
	unload(&wanted);
}

static void
test_same(void **state)
{
	(void)state;
	becomes("", "", 0);
	becomes("\r\nbody", "\r\nother body", 0);
	becomes("A: 1\r\nB: 2\r\n\r\nx", "A: 1\r\nB: 2\r\n\r\ny", 0);
}

static void
test_marks(void **state)
{
	(void)state;
	becomes("A: 1\r\nB: 2\r\n\r\n", "X: clean\r\nY: by\r\nA: 1\r\nB: 2\r\n\r\n", 2);
	becomes("", "X: clean\r\n", 1);
	becomes("A: 1\r\nB: 2\r\n\r\n", "A: 1\r\nX: 3\r\nB: 2\r\nY: 4\r\n\r\n", 2);
}

static void
test_replace_and_delete(void **state)
{
	(void)state;
	becomes("A: 1\r\nB: 2\r\nC: 3\r\n", "A: 1\r\nB: 4\r\nC: 3\r\n", 1);
	becomes("A: 1\r\nB: 2\r\nC: 3\r\n", "A: 1\r\nC: 3\r\n", 1);
	becomes("A: 1\r\nB: 2\r\n", "\r\n", 2);
	becomes("A: 1\r\nB: 2\r\n", "C: 5\r\n", 3);
	/* Its value alone: the name's case is nothing that can be asked for. */
	becomes("A: 1\r\nB: 2\r\n", "A: 1\r\nB: \r\n\t2\r\n", 1);
}

static void
test_fields_of_one_name(void **state)
{
	(void)state;
	becomes("R: 1\r\nR: 2\r\nR: 3\r\n", "R: 1\r\nR: 3\r\n", 1);
	becomes("R: 1\r\nr: 2\r\nR: 3\r\n", "R: 1\r\nr: 4\r\nR: 3\r\n", 1);
	becomes("R: 1\r\nR: 2\r\nR: 3\r\nS: 1\r\n", "R: 2\r\nR: 5\r\nS: 1\r\n", 2);
	becomes("R: 1\r\nS: 1\r\nR: 1\r\n", "X: 0\r\nR: 1\r\nR: 1\r\n", 2);
	becomes("X: forged\r\nA: 1\r\nX: forged\r\n", "X: clean\r\nA: 1\r\n", 2);
}

static void
test_folded(void **state)
{
	(void)state;
	becomes("S: a\r\n b\r\n\tc\r\nT: 1\r\n\r\n", "S: a\r\n b\r\n\tc\r\nT: 2\r\n d\r\n\r\n", 1);
}

static void
test_body(void **state)
{
	(void)state;
	assert_int_equal(milter_headers_body("A: 1\r\n\r\nbody", 12), 8);
	assert_int_equal(milter_headers_body("A: 1\r\n", 6), 6);
	assert_int_equal(milter_headers_body("\r\nbody", 6), 2);
	assert_int_equal(milter_headers_body("", 0), 0);
}

/* By chance: whatever two headers there are, the one becomes the other. */
static void
test_any(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 20000; round++) {
		char old[512] = "", new[512] = "";
		struct server is, wanted;

		for (int side = 0; side < 2; side++) {
			char *text = side ? new : old;

			for (long n = random() % 7; n > 0; n--)
				snprintf(text + strlen(text), 512 - strlen(text), "%c: %ld\r\n%s",
				    (int)('A' + random() % 3), random() % 3,
				    random() % 4 == 0 ? " folded\r\n" : "");
		}
		load(&is, old);
		load(&wanted, new);
		assert_true(milter_headers_diff(old, strlen(old), new, strlen(new), carry_out,
		    &is));
		assert_int_equal(is.n, wanted.n);
		for (int i = 0; i < is.n; i++)
			assert_string_equal(is.fields[i], wanted.fields[i]);
		unload(&is);
		unload(&wanted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_same),
		cmocka_unit_test(test_marks), cmocka_unit_test(test_replace_and_delete),
		cmocka_unit_test(test_fields_of_one_name), cmocka_unit_test(test_folded),
		cmocka_unit_test(test_body), cmocka_unit_test(test_any) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

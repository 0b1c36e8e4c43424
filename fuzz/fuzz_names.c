/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_names - what a part is called, and what it is called after a rename
 *
 * Input: one byte (bit 0: CRLF line endings are written in), then a header block.
 * Invariants: fields and parameters lie where they say, one behind the other;
 * a normalised name is no longer than the name, holds no control and is the
 * same if it is normalised again; and after defang_rename no candidate name
 * that the header or GMime yields is blocked, and the type is harmless.
 */
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "defang.h"
#include "fuzz.h"
#include "header.h"
#include "mime_walk.h"
#include "policy.h"
#include "report.h"

static struct conf conf;

static void
check_name(void *ctx, const char *name)
{
	size_t len = strlen(name);
	char *plain = fuzz_copy(name, len + 1), *again = fuzz_copy(name, len + 1), *words;

	(void)ctx;
	policy_normalise(name, plain);
	fuzz_assert(strlen(plain) <= len, "a normalised name is no longer");
	for (const char *c = plain; *c != '\0'; c++)
		fuzz_assert((unsigned char)*c >= 0x20 && *c != 0x7f && *c != '/' && *c != '\\',
		    "a normalised name has no control and no path");
	policy_normalise(plain, again);
	fuzz_assert(strcmp(plain, again) == 0, "normalising twice is normalising once");
	words = header_words_ascii(name, len % 2 == 0);
	fuzz_assert(strlen(words) <= len, "words shrink");
	free(words);
	free(again);
	free(plain);
}

static void
check_field(const char *bytes, const struct header_field *f)
{
	struct header_params *ps = malloc(sizeof(*ps));
	size_t at = f->value_begin;

	fuzz_assert(ps != NULL, "memory");
	fuzz_assert(f->begin <= f->value_begin && f->begin + f->name_len <= f->end &&
		f->value_begin <= f->end && f->value_end <= f->end,
	    "a field's places");
	if (f->value_begin <= f->value_end) {
		header_params_parse(bytes, f, ps);
		for (size_t i = 0; i < ps->n; i++) {
			const struct header_param *p = &ps->params[i];

			fuzz_assert(p->begin >= at && p->begin < p->name_begin &&
				p->name_begin < p->name_end && p->name_end < p->end &&
				p->end <= f->value_end,
			    "parameters one behind the other");
			at = p->end;
		}
		header_params_names(bytes, ps, check_name, NULL);
		header_params_free(ps);
	}
	free(ps);
}

static void
check_fields(const char *bytes, size_t size)
{
	struct header_field f;
	size_t at = 0, before = 0;

	while (header_next(bytes, size, &at, &f)) {
		fuzz_assert(f.begin == before && f.end == at && at > before && at <= size,
		    "fields one behind the other");
		before = at;
		check_field(bytes, &f);
	}
	fuzz_assert(header_block_end(bytes, 0, size) == at, "the end of the block");
}

static void
check_blocked(char *const *names, size_t n)
{
	char rule[POLICY_RULE_MAX];
	size_t which;

	for (size_t i = 0; i < n; i++)
		check_name(NULL, names[i]);
	fuzz_assert(!policy_blocks(&conf, names, n, NULL, 0, rule, &which),
	    "a blocked name is left after a rename");
}

static bool
visit(void *ctx, const struct part *part, const char *content, size_t len)
{
	(void)ctx;
	(void)content;
	(void)len;
	/* A message that is its content has parts of its own. */
	if (part->inside)
		return true;
	check_blocked(part->names, part->n_names);
	fuzz_assert(!part->leaf || part->type[0] == '\0' ||
		strcmp(part->type, "application/octet-stream") == 0,
	    "the type is harmless");
	fuzz_assert(part->leaf, "nothing is in a renamed part");
	return true;
}

static bool
ignore(void *ctx, const struct part *part, const char *content, size_t len)
{
	(void)ctx;
	(void)part;
	(void)content;
	(void)len;
	return true;
}

static void
check_rename(const char *bytes, size_t size, const char *name, bool crlf)
{
	struct part_place place, after;
	struct parts parts;
	struct report r;
	struct defang d = { bytes, size, crlf ? "\r\n" : "\n", &r };
	char *out, **names;
	const char *wrong;
	size_t len, n;

	part_begin(&parts, bytes, size);
	mime_walk(&parts, &conf, ignore, NULL);
	place = parts.root;
	part_free(&parts);
	report_init(&r);
	defang_rename(&d, &place, name);
	report_sort_edits(&r);
	wrong = message_check_edits(size, r.edits, r.n_edits, crlf);
	fuzz_assert(wrong == NULL, wrong);
	out = fuzz_splice(bytes, size, r.edits, r.n_edits, &len);
	check_fields(out, len);
	part_begin(&parts, out, len);
	mime_walk(&parts, &conf, visit, NULL);
	after = parts.root;
	part_free(&parts);
	fuzz_assert(after.header_begin == place.header_begin &&
		after.header_end >= place.header_begin,
	    "the message begins where it did");
	names = part_header_names(out, after.header_begin, after.header_end, &n);
	check_blocked(names, n);
	part_names_free(names, n);
	report_free(&r);
	free(out);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* Names are read before anything is walked, which does it elsewhere. */
	g_mime_init();
	conf_init(&conf);
	fuzz_set(&conf, "deny_names=*.zip secret*");
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes, *text, **names;
	size_t n;

	if (size == 0)
		return 0;
	bytes = fuzz_copy(data + 1, size - 1);
	text = strndup(bytes, size - 1);
	fuzz_assert(text != NULL, "memory");
	check_name(NULL, text);
	free(text);

	check_fields(bytes, size - 1);
	names = part_header_names(bytes, 0, header_block_end(bytes, 0, size - 1), &n);
	for (size_t i = 0; i < n; i++)
		check_name(NULL, names[i]);
	check_rename(bytes, size - 1, n > 0 ? names[n - 1] : "", (data[0] & 1) != 0);
	part_names_free(names, n);
	free(bytes);
	return 0;
}

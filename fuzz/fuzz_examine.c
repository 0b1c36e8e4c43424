/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_examine - a message through walk, lint, views, policy and edits
 *
 * Input: one byte of settings (below), then the message. The scanner is a stub
 * that knows a few words.
 *
 * Invariants:
 * - edits are in order, in range, plain text, and the report is one that the
 *   front believes;
 * - without a finding, what the edits insert is the two marks, with header = yes, and
 *   what they strike out is X-Spawnscan-Result;
 * - if infections are to be removed, and the message was infected or irregular,
 *   was changed and is to be delivered, the result does not hold the word in any of the readings that
 *   "scan = thorough" takes, and is not ambiguous in a way that asks for edits;
 * - after a rename no part of the result has a name that is blocked;
 * - in a regular mail, parts that nothing was found in keep their content, and
 *   their number;
 * - line endings do not matter: with LF throughout and with CRLF throughout the
 *   same is found at the same parts (check_same tells what may differ), and if
 *   the findings are alike so are the results, but for the line endings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "examine.h"
#include "fuzz.h"
#include "lint.h"
#include "mime_walk.h"
#include "policy.h"
#include "report.h"
#include "request.h"

/* Bits of the first byte. */
#define CRLF 0x01 /* over SMTP */
#define HEADER 0x02
#define THOROUGH 0x04
#define REMOVE_BLOCKED 0x08
#define REMOVE_DOUBT 0x10
#define LOW_LIMITS 0x20
#define OTHER_INFECTED 0x40 /* defang what is infected */
#define DENY_ZIP 0x80

#define LEAVES_MAX 64

struct leaves {
	struct {
		char path[PART_PATH_MAX];
		char *content;
		size_t len;
	} leaf[LEAVES_MAX];
	size_t n;
	bool inside, too_many, limit;
	const struct conf *conf; /* blame any part with a blocked name */
	struct lint *lint;
	struct parts parts;
};

static char host[] = "fuzz.example", reference[] = "0101/1.1",
	    date[] = "Thu, 1 Jan 1970 00:00:00 +0000", scratch[] = "/nonexistent";
static struct conf conf, thorough;

static void
configure(struct conf *c, unsigned int flags)
{
	bool low = (flags & LOW_LIMITS) != 0;

	fuzz_set(c, (flags & HEADER) != 0 ? "header=yes" : "header=no");
	fuzz_set(c, (flags & THOROUGH) != 0 ? "scan=thorough" : "scan=auto");
	fuzz_set(c, (flags & REMOVE_BLOCKED) != 0 ? "blocked=remove" : "blocked=defang");
	fuzz_set(c, (flags & REMOVE_DOUBT) != 0 ? "ambiguous=remove" : "ambiguous=defang");
	fuzz_set(c, (flags & OTHER_INFECTED) != 0 ? "infected=defang" : "infected=remove");
	fuzz_set(c, (flags & DENY_ZIP) != 0 ? "deny_names=*.zip" : "deny_names=");
	fuzz_set(c, low ? "mime_depth_limit=3" : "mime_depth_limit=64");
	fuzz_set(c, low ? "mime_parts_limit=8" : "mime_parts_limit=1000");
	fuzz_set(c, low ? "header_size_limit=1K" : "header_size_limit=256K");
	fuzz_set(c, low ? "view_limit=60" : "view_limit=20000");
}

static struct request
request_for(bool crlf)
{
	return (struct request){
		.host = host, .reference = reference, .time = date, .scratch = scratch, .crlf = crlf
	};
}

static void
examine(const struct conf *c, const char *bytes, size_t size, bool crlf, struct report *r)
{
	struct request request = request_for(crlf);

	/* Every other message is explained, in either form. */
	if (!c->header && size % 4 < 2)
		request.explain = size % 4 == 0 ? EXPLAIN_TEXT : EXPLAIN_JSON;
	report_init(r);
	r->scanner = strdup("stub");
	fuzz_assert(r->scanner != NULL, "memory");
	r->size = size;
	examine_message(c, &request, bytes, size, 1000, r, NULL, NULL);
}

/* With FUZZ_VERBOSE in the environment, to see why an invariant is broken. */
static void
show(const char *what, const struct report *r, const char *bytes, size_t size)
{
	if (getenv("FUZZ_VERBOSE") == NULL)
		return;
	fprintf(stderr, "--- %s: action %s\n", what, verdict_action_name(r->action));
	for (size_t i = 0; i < r->n_findings; i++) {
		const struct finding *f = &r->findings[i];

		fprintf(stderr, "%s %s at %s: %s (%s)\n", verdict_class_name(f->class),
		    verdict_action_name(f->action), f->part, f->reason, f->file);
	}
	for (size_t i = 0; i < r->n_edits; i++)
		fprintf(stderr, "edit %llu+%llu: \"%.*s\"\n",
		    (unsigned long long)r->edits[i].offset, (unsigned long long)r->edits[i].length,
		    (int)r->edits[i].text_len, r->edits[i].text);
	fwrite(bytes, 1, size, stderr);
	fprintf(stderr, "\n---\n");
}

static bool
is_finding(const struct finding *f, enum verdict_class class, const char *begin)
{
	return f->class == class && strncmp(f->reason, begin, strlen(begin)) == 0;
}

/* The edits, and the way over the wire to the front. */
static void
check_report(const struct report *r, size_t size, bool crlf)
{
	const char *wrong = message_check_edits(size, r->edits, r->n_edits, crlf);
	struct report decoded;
	char *wire;
	size_t len;

	fuzz_assert(wrong == NULL, wrong);
	for (size_t i = 0; i < r->n_findings; i++)
		fuzz_assert(!is_finding(&r->findings[i], CLASS_ERROR, "edits overlap") &&
			!is_finding(&r->findings[i], CLASS_ERROR, "an edit"),
		    "examine_message made edits that are unsound");
	for (const char *c = r->explanation; c != NULL && *c != '\0'; c++)
		fuzz_assert(*c == '\n' || *c == '\t' || (*c >= 0x20 && *c <= 0x7e),
		    "an explanation is printable");
	wire = report_encode(r, &len);
	if (wire == NULL)
		return;
	wrong = report_decode(&decoded, wire + 4, len - 4, size, crlf);
	fuzz_assert(wrong == NULL, wrong);
	report_free(&decoded);
	free(wire);
}

static void
check_unchanged(const char *bytes, const struct report *r, bool header)
{
	if (r->n_findings > 0)
		return;
	for (size_t i = 0; i < r->n_edits; i++) {
		const struct edit *e = &r->edits[i];
		/* A CR alone in front of it may end a line, too. */
		size_t at = e->offset + (e->length > 0 && bytes[e->offset] == '\r');

		if (e->length == 0)
			fuzz_assert(header &&
				memmem(e->text, e->text_len, "X-Spawnscan-Result: clean", 25) ==
				    e->text,
			    "something other than the marks is inserted");
		else
			fuzz_assert(e->text_len == 0 && e->length > 18 &&
				strncasecmp(bytes + at, "X-Spawnscan-Result", 18) == 0,
			    "something other than an old mark is struck out");
	}
}

static bool
visit(void *ctx, const struct part *part, const char *content, size_t len)
{
	struct leaves *l = ctx;
	char rule[POLICY_RULE_MAX];
	size_t which;

	if (l->lint != NULL && !part->inside)
		lint_part(l->lint, part);
	l->inside = l->inside || part->inside;
	l->limit = l->limit || part->limit != PART_WITHIN;
	if (l->conf != NULL)
		fuzz_assert(!policy_blocks(l->conf, part->names, part->n_names, NULL, 0, rule,
				&which),
		    "a blocked name is left");
	if (part->leaf && l->n == LEAVES_MAX)
		l->too_many = true;
	else if (part->leaf) {
		strlcpy(l->leaf[l->n].path, part->path, PART_PATH_MAX);
		l->leaf[l->n].content = fuzz_copy(content, len);
		l->leaf[l->n++].len = len;
	}
	return part->limit != PART_TOO_MANY;
}

static struct leaves *
leaves_of(const char *bytes, size_t size, const struct conf *blame, struct lint *lint)
{
	struct leaves *l = calloc(1, sizeof(*l));
	const struct part_place *root;

	fuzz_assert(l != NULL, "memory");
	l->conf = blame;
	l->lint = lint;
	part_begin(&l->parts, bytes, size);
	if (lint != NULL)
		lint_begin(lint, &l->parts);
	mime_walk(&l->parts, &conf, visit, l);
	root = &l->parts.root;
	fuzz_assert(root->header_begin <= root->header_end &&
		root->header_end <= root->content_begin &&
		root->content_begin <= root->content_end && root->content_end <= size,
	    "the place of the message lies in it");
	return l;
}

static void
leaves_free(struct leaves *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->leaf[i].content);
	part_free(&l->parts);
	free(l);
}

/* Something was infected, or readers may differ about it. */
static bool
suspicious(const char *bytes, size_t size, const struct report *r)
{
	struct lint lint;
	bool is;
	struct leaves *l = leaves_of(bytes, size, NULL, &lint);

	is = lint_irregular(&lint) != DOUBT_NONE;
	leaves_free(l);
	lint_free(&lint);
	for (size_t i = 0; i < r->n_findings; i++)
		is = is || r->findings[i].class == CLASS_INFECTED;
	return is;
}

static bool
has_class(const struct report *r, enum verdict_class class)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		if (r->findings[i].class == class)
			return true;
	}
	return false;
}

/* Nothing of the word is left, however the result is read. */
static void
check_removed(const char *out, size_t len, const struct report *r, bool crlf)
{
	struct report again;

	if (conf.action[CLASS_INFECTED] != ACTION_REMOVE || !verdict_action_edits(r->action))
		return;
	if (has_class(r, CLASS_LIMIT))
		return; /* what is past a limit was not looked at */
	examine(&thorough, out, len, crlf, &again);
	show("result", &again, out, len);
	for (size_t i = 0; i < again.n_findings; i++)
		fuzz_assert(again.findings[i].class != CLASS_INFECTED,
		    "the result is still infected");
	for (size_t i = 0; i < again.n_findings; i++)
		fuzz_assert(again.findings[i].class != CLASS_AMBIGUOUS ||
			!verdict_action_edits(again.findings[i].action),
		    "the result is ambiguous");
	report_free(&again);
}

static void
check_renamed(const char *out, size_t len, const struct report *r)
{
	if (!verdict_action_edits(r->action))
		return;
	if (has_class(r, CLASS_LIMIT))
		return;
	leaves_free(leaves_of(out, len, &conf, NULL));
}

static const struct finding *
finding_at(const struct report *r, const char *path)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		if (strcmp(r->findings[i].part, path) == 0)
			return &r->findings[i];
	}
	return NULL;
}

/* All that was found was found in leaves. */
static bool
in_leaves(const struct report *r, const struct leaves *l)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		bool known = false;

		for (size_t k = 0; k < l->n; k++)
			known = known || strcmp(l->leaf[k].path, r->findings[i].part) == 0;
		if (!known)
			return false;
	}
	return true;
}

/* A regular mail keeps its other parts. */
static void
check_others(const char *bytes, size_t size, const char *out, size_t len, const struct report *r)
{
	struct lint lint;
	struct leaves *before, *after;

	if (verdict_action_is_whole(r->action) || r->n_edits == 0)
		return;
	before = leaves_of(bytes, size, NULL, &lint);
	if (lint_irregular(&lint) == DOUBT_NONE && !before->inside && !before->too_many &&
	    !before->limit && in_leaves(r, before)) {
		after = leaves_of(out, len, NULL, NULL);
		fuzz_assert(after->n == before->n, "parts came or went");
		for (size_t i = 0; i < before->n; i++) {
			if (finding_at(r, before->leaf[i].path) != NULL)
				continue;
			fuzz_assert(strcmp(before->leaf[i].path, after->leaf[i].path) == 0 &&
				before->leaf[i].len == after->leaf[i].len &&
				memcmp(before->leaf[i].content, after->leaf[i].content,
				    before->leaf[i].len) == 0,
			    "another part was changed");
		}
		leaves_free(after);
	}
	leaves_free(before);
	lint_free(&lint);
}

/* With all line endings alike; CRs that end no line are left out. */
static char *
with_line_ends(const char *in, size_t size, bool crlf, size_t *len)
{
	char *out = malloc(2 * size + 1);
	size_t n = 0;

	fuzz_assert(out != NULL, "memory");
	for (size_t i = 0; i < size; i++) {
		if (in[i] == '\n' && crlf)
			out[n++] = '\r';
		if (in[i] != '\r')
			out[n++] = in[i];
	}
	*len = n;
	return out;
}

/* A finding of the same class at the same part. */
static bool
has_like(const struct report *r, const struct finding *f, bool anywhere)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		if (r->findings[i].class == f->class &&
		    (anywhere || strcmp(r->findings[i].part, f->part) == 0))
			return true;
	}
	return false;
}

static bool
has_reason(const struct report *r, const char *reason)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		if (strcmp(r->findings[i].reason, reason) == 0)
			return true;
	}
	return false;
}

/*
 * What is found is found with other line endings, too. But for what is a matter of
 * sizes: whether readings differ by enough to be ambiguous, and limits, past
 * which not everything was looked at. Which of two readings shows it first, and
 * under which name, is left open; and in broken uuencode, in which a CR is a digit, where.
 * Returns whether the findings are the same to the letter.
 */
static bool
check_same(const struct report *a, const struct report *b)
{
	bool same = a->n_findings == b->n_findings && a->action == b->action;
	bool broken = has_reason(a, "unusual Content-Transfer-Encoding") ||
	    has_reason(b, "unusual Content-Transfer-Encoding");

	for (size_t i = 0; same && i < a->n_findings; i++) {
		const struct finding *f = &a->findings[i], *g = &b->findings[i];

		same = f->class == g->class && f->action == g->action &&
		    strcmp(f->part, g->part) == 0 && strcmp(f->reason, g->reason) == 0;
	}
	if (has_class(a, CLASS_LIMIT) || has_class(b, CLASS_LIMIT))
		return same;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < a->n_findings; i++)
			fuzz_assert(a->findings[i].class == CLASS_AMBIGUOUS ||
				has_like(b, &a->findings[i], broken),
			    round == 0 ? "LF makes a finding" : "CRLF makes a finding");
		const struct report *swap = a;

		a = b;
		b = swap;
	}
	return same;
}

/* No edit takes one half of a line ending. */
static bool
only_crlf(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
			return false;
		if (text[i] == '\r' && (i + 1 == len || text[i + 1] != '\n'))
			return false;
	}
	return true;
}

static void
check_line_ends(const char *bytes, size_t size)
{
	size_t lf_len, crlf_len, lf_out_len, crlf_out_len, back_len;
	char *lf = with_line_ends(bytes, size, false, &lf_len);
	char *crlf = with_line_ends(bytes, size, true, &crlf_len), *lf_out, *crlf_out, *back;
	struct report a, b;
	bool same;

	examine(&conf, lf, lf_len, false, &a);
	examine(&conf, crlf, crlf_len, true, &b);
	show("with LF", &a, lf, lf_len);
	show("with CRLF", &b, crlf, crlf_len);
	check_report(&a, lf_len, false);
	check_report(&b, crlf_len, true);
	/* In broken uuencode a CR is a digit to GMime, which the canonical form has then. */
	same = check_same(&a, &b) && !has_reason(&a, "unusual Content-Transfer-Encoding");
	lf_out = fuzz_splice(lf, lf_len, a.edits, a.n_edits, &lf_out_len);
	crlf_out = fuzz_splice(crlf, crlf_len, b.edits, b.n_edits, &crlf_out_len);
	fuzz_assert(only_crlf(crlf_out, crlf_out_len), "an edit splits a line ending");
	back = with_line_ends(crlf_out, crlf_out_len, false, &back_len);
	fuzz_assert(!same || (back_len == lf_out_len && memcmp(back, lf_out, back_len) == 0),
	    "line ends change the result");
	free(lf);
	free(crlf);
	free(lf_out);
	free(crlf_out);
	free(back);
	report_free(&a);
	report_free(&b);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	conf_init(&conf);
	conf_init(&thorough);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int flags;
	struct report r;
	char *bytes, *out;
	size_t len;

	if (size == 0)
		return 0;
	flags = data[0];
	configure(&conf, flags);
	configure(&thorough, (flags | THOROUGH) & ~(unsigned int)HEADER);
	fuzz_set(&thorough, "infected=tag"); /* only to be told */
	bytes = fuzz_copy(data + 1, --size);

	examine(&conf, bytes, size, (flags & CRLF) != 0, &r);
	show("message", &r, bytes, size);
	check_report(&r, size, (flags & CRLF) != 0);
	check_unchanged(bytes, &r, conf.header);
	out = fuzz_splice(bytes, size, r.edits, r.n_edits, &len);
	if (suspicious(bytes, size, &r))
		check_removed(out, len, &r, (flags & CRLF) != 0);
	check_renamed(out, len, &r);
	check_others(bytes, size, out, len, &r);
	check_line_ends(bytes, size);
	report_free(&r);
	free(bytes);
	free(out);
	return 0;
}

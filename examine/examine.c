/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * examine.c - a message in, findings and edits out: the order of the looks.
 *
 * Every part of the tree is judged by its names and scanned decoded; then
 * either the skeleton is scanned (a mail that reads the same to everyone) or
 * the raw mail and every further view (any other). The findings become edits
 * (findings.c), and if something infected was taken out the result is examined
 * in the same way again, until nothing is left or the message is refused.
 *
 * Needs the scanner open, and neither a file nor a socket. Memory that runs out
 * ends the process; the front copes with that.
 */
#include "examine.h"

#include <err.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "clock.h"
#include "explain.h"
#include "findings.h"
#include "header.h"
#include "lint.h"
#include "canonical.h"
#include "mime_formats.h"
#include "views.h"
#include "mime_walk.h"
#include "places.h"
#include "policy.h"
#include "scan.h"
#include "scan_result.h"
#include "sniff.h"
#include "strike.h"

/* Irregular mails in decoded content that are read in every way, and how deep. */
#define INNER_MAX 50
#define INNER_DEPTH_MAX 5
/* So often is the result looked at, and in so many of these something narrow tried. */
#define ROUNDS_MAX 8
#define NARROW_ROUNDS 5

struct digest {
	uint8_t bytes[SHA256_DIGEST_LENGTH];
};

/* A mail in the content of a part, or of what a view makes of it. */
struct inner {
	struct examination *x;
	const struct part *part;
	const char *bytes;
};

struct examination {
	const struct conf *conf;
	const char *bytes;
	size_t size;
	int64_t deadline, views_end; /* clock_ms; half of the time is for views at the most */
	struct explain *explain; /* NULL = nobody wants to know */

	struct findings found;
	struct lint lint;
	struct places places;
	struct digest *seen; /* of contents that were scanned */
	size_t n_seen;
	struct part *plain; /* texts that the skeleton holds; path and place only */
	size_t n_plain;
	bool headers_checked; /* for an infection */
	bool multipart; /* the message is one, to everyone */
	unsigned int n_inner, inner_depth;
	char member_rule[POLICY_RULE_MAX + 16]; /* what the content just scanned offends against */
	char member_name[256];
};

static const char too_many_readings[] = "too many readings";

static void look(struct examination *);
static void tidy(struct examination *);
static bool visit_part(void *ctx, const struct part *, const char *content, size_t len);
static bool may_be_attachment(const struct part *);
static const char *part_name(const struct part *);
static void check_partial(struct examination *, const struct part *);
static void check_limit(struct examination *, const struct part *);
static void check_opened(struct examination *, const struct part *);
static void check_names(struct examination *, const struct part *, const char *, size_t);
static void check_content(struct examination *, const struct part *, const char *, size_t);
static bool is_called_mail(const struct part *);
static void scan_part(struct examination *, struct scan_result *, const char *, size_t);
static void scan_again(struct examination *, struct scan_result *, const char *, size_t);
static void judge_member(void *ctx, const char *name);
static bool is_plain_text(const struct examination *, const struct part *);
static void put_off(struct examination *, const struct part *);
static void check_whole(struct examination *);
static bool skeleton_clean(struct examination *);
static void check_raw(struct examination *);
static void check_views(struct examination *);
static bool remember_content(void *ctx, const struct part *, const char *, size_t len);
static enum region_answer visit_region(void *ctx, const struct region *);
static bool visit_view(void *ctx, const struct view *);
static bool is_still_text(enum decode_way);
static bool is_new_mail(const char *bytes, const struct view *);
static void check_inner(struct examination *, const struct part *, const char *, size_t len);
static bool lint_inner(void *ctx, const struct part *, const char *, size_t len);
static enum region_answer visit_inner_region(void *ctx, const struct region *);
static bool visit_inner_view(void *ctx, const struct view *);
static bool seen_before(struct examination *, const char *, size_t len);
static void add_leaf(struct examination *, const struct part *, const char *, size_t len,
    bool doubtful, const char *doubt);
static bool is_gap(const struct examination *, size_t begin, size_t end);
static struct part_place gap_place(const struct examination *, const struct view *);
static void doubt_view(struct examination *, const struct view *, const struct leaf *);
static bool check_headers(struct examination *, const char *name);
static bool check_header(struct examination *, const char *path, const struct part_place *,
    const char *name);
static header_test header_infected, header_doubtful;
static void settle(struct examination *);
static void widen(struct examination *, const struct finding *left, int round);
static bool remains(const struct examination *, struct finding *left);
static bool is_left(const struct examination *, const char *, size_t size, struct finding *left);
static bool must_not_be_left(const struct examination *, const struct finding *);
static bool append(void *ctx, const char *buf, size_t len);
static unsigned int seconds_left(const struct examination *);

void
examine_message(const struct conf *conf, const struct request *request, const char *bytes,
    size_t size, unsigned int seconds, struct report *report)
{
	struct examination x = { .conf = conf,
		.bytes = bytes,
		.size = size,
		.deadline = clock_ms() + (int64_t)seconds * 1000,
		.views_end = clock_ms() + (int64_t)seconds * 500,
		.found = { .conf = conf,
		    .request = request,
		    .bytes = bytes,
		    .size = size,
		    .report = report,
		    .exempt = policy_exempt(conf, request) } };
	const char *wrong;

	x.explain = explain_begin(request->explain, bytes, size);
	look(&x);
	findings_edit(&x.found);
	settle(&x);
	wrong = message_check_edits(size, report->edits, report->n_edits, request->crlf);
	if (wrong != NULL) {
		findings_add_whole(&x.found, CLASS_ERROR, wrong);
		findings_drop_edits(&x.found);
	}
	report->explanation = explain_end(x.explain, report);
	tidy(&x);
}

static void
tidy(struct examination *x)
{
	lint_free(&x->lint);
	findings_free(&x->found);
	places_free(&x->places);
	free(x->seen);
	free(x->plain);
}

/* Walk and scan everything; afterwards the findings are there, and the targets. */
static void
look(struct examination *x)
{
	lint_begin(&x->lint, x->bytes, x->size);
	x->places.bytes = x->bytes;
	x->places.size = x->size;
	x->places.root = &x->found.root;
	mime_walk(x->bytes, x->size, x->conf, &x->found.root, visit_part, x);
	check_whole(x);
}

/* 0: what is left to scan is a matter of limits. */
static unsigned int
seconds_left(const struct examination *x)
{
	int64_t left = (x->deadline - clock_ms() + 999) / 1000;

	return left < 0 ? 0 : (unsigned int)left;
}

static bool
visit_part(void *ctx, const struct part *part, const char *content, size_t len)
{
	struct examination *x = ctx;
	const char *doubt = NULL;
	unsigned long irregular = x->lint.n_irregular;
	bool plain;

	explain_part(x->explain, part, content, len);
	findings_enter(&x->found, part);
	check_limit(x, part);
	check_partial(x, part);
	check_names(x, part, content, len);
	check_opened(x, part);
	plain = is_plain_text(x, part);
	if (!part->inside)
		doubt = lint_part(&x->lint, part, !plain);
	if (!part->inside && part->leaf)
		add_leaf(x, part, content, len, x->lint.n_irregular > irregular, doubt);
	else if (!part->inside)
		places_add_container(&x->places, part, x->lint.n_irregular > irregular);
	if (part->n_children > 0 && strcmp(part->path, "0") == 0)
		x->multipart = x->lint.n_irregular == irregular;
	if (plain)
		put_off(x, part);
	else if (part->leaf && !part->scanned)
		check_content(x, part, content, len);
	if (doubt != NULL && part->leaf && may_be_attachment(part))
		findings_add_doubt(&x->found, part, doubt, part_name(part),
		    x->places.leaves[x->places.n_leaves - 1].plain);
	return part->limit != PART_TOO_MANY;
}

/* Text without a name is shown, not opened, whatever becomes of its letters. */
static bool
may_be_attachment(const struct part *part)
{
	return part->n_names > 0 ||
	    (part->type[0] != '\0' && strncmp(part->type, "text/", 5) != 0 &&
		strncmp(part->type, "message/", 8) != 0);
}

static const char *
part_name(const struct part *part)
{
	return part->n_names > 0 ? part->names[0] : "";
}

/* Pieces that only the reader puts together, or fetches: nobody can scan them. */
static void
check_partial(struct examination *x, const struct part *part)
{
	if (strcmp(part->type, "message/partial") == 0 ||
	    strcmp(part->type, "message/external-body") == 0)
		findings_add_action(&x->found, part, CLASS_BLOCKED, x->conf->partial, part->type,
		    "");
}

/* What is known for a container, or a member of one, and was not opened to its end. */
static void
check_opened(struct examination *x, const struct part *part)
{
	if (part->sealed != NULL)
		findings_add(&x->found, part, CLASS_ENCRYPTED, part->sealed, part_name(part));
	if (part->unopened != NULL)
		findings_add(&x->found, part, CLASS_UNOPENED, part->unopened, part_name(part));
	if ((part->flags & PACKED_ENCRYPTED) != 0)
		findings_add(&x->found, part, CLASS_ENCRYPTED, "encrypted file", part_name(part));
	if ((part->flags & PACKED_DAMAGED) != 0)
		findings_add(&x->found, part, CLASS_UNOPENED, "file that cannot be unpacked",
		    part_name(part));
	if ((part->flags & PACKED_LIMIT) != 0)
		findings_add(&x->found, part, CLASS_LIMIT, "unpacks to too much", part_name(part));
}

static void
check_limit(struct examination *x, const struct part *part)
{
	switch (part->limit) {
	case PART_WITHIN:
		break;
	case PART_TOO_DEEP:
		findings_add(&x->found, part, CLASS_LIMIT, "nested too deep", x->found.outer_name);
		break;
	case PART_HEADER_TOO_BIG:
		findings_add(&x->found, part, CLASS_LIMIT, "header too long", "");
		break;
	case PART_UNPACKS_TO_TOO_MUCH:
		findings_add(&x->found, part, CLASS_LIMIT, "unpacks to too much", part_name(part));
		break;
	case PART_TOO_MANY:
		findings_add_whole(&x->found, CLASS_LIMIT, "too many parts");
		break;
	}
}

static void
check_names(struct examination *x, const struct part *part, const char *content, size_t len)
{
	char rule[POLICY_RULE_MAX];
	size_t which;

	if (policy_blocks(x->conf, part->names, part->n_names, content, len, rule, &which))
		findings_add(&x->found, part, CLASS_BLOCKED, rule,
		    which < part->n_names ? part->names[which] : "");
}

static void
check_content(struct examination *x, const struct part *part, const char *content, size_t len)
{
	struct scan_result result;
	const char *name = part_name(part);

	scan_part(x, &result, content, len);
	explain_scan(x->explain, "part", part->path, content, len, &result);
	for (size_t i = 0; i < result.n_hits; i++)
		findings_add(&x->found, part, result.hits[i].class, result.hits[i].name, name);
	if (result.failed)
		findings_add(&x->found, part, CLASS_ERROR, result.error, name);
	if (x->member_rule[0] != '\0')
		findings_add_member(&x->found, part, x->member_rule, x->member_name);
	/* A text is shown, and nobody opens it as a mail, but for its name. */
	if (strncmp(part->type, "message/", 8) == 0 ||
	    (!part->opened && (strncmp(part->type, "text/", 5) != 0 || is_called_mail(part)) &&
		sniff_is_mail(content, len)))
		check_inner(x, part, content, len);
}

/* By what mail programs open from a file. */
static bool
is_called_mail(const struct part *part)
{
	static const char *const ends[] = { ".eml", ".mht", ".mhtml", ".nws" };

	for (size_t i = 0; i < part->n_names; i++) {
		size_t len = strlen(part->names[i]);

		for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
			if (len >= strlen(ends[k]) &&
			    strcasecmp(part->names[i] + len - strlen(ends[k]), ends[k]) == 0)
				return true;
		}
	}
	return false;
}

/* Scan decoded content, and judge the names of what is in it. */
static void
scan_part(struct examination *x, struct scan_result *result, const char *content, size_t len)
{
	x->member_rule[0] = '\0';
	scan_on_member(x->conf->archive_names ? judge_member : NULL, x);
	scan_bytes(result, SCAN_PART, content, len, seconds_left(x));
	scan_on_member(NULL, NULL);
	if (x->conf->archive_names)
		formats_names(content, len, judge_member, x);
	if (result->n_hits == 0 && !result->failed && sniff_is_html(content, len))
		scan_bytes(result, SCAN_TEXT, content, len, seconds_left(x));
	if (!result->failed)
		scan_again(x, result, content, len);
}

/* What only some unpackers see in an archive (the table of formats). */
static void
scan_again(struct examination *x, struct scan_result *result, const char *content, size_t len)
{
	struct scan_result more;
	size_t n, next = 0;
	char *again;
	bool all;

	while ((again = formats_again(content, len, &next, &n, &all)) != NULL || !all) {
		if (!all)
			scan_result_add_hit(result, "Heuristics.Limits.Exceeded.Overlap");
		if (again == NULL)
			continue;
		scan_on_member(x->conf->archive_names ? judge_member : NULL, x);
		scan_bytes(&more, SCAN_PART, again, n, seconds_left(x));
		scan_on_member(NULL, NULL);
		for (size_t i = 0; i < more.n_hits; i++)
			scan_result_add_hit(result, more.hits[i].name);
		if (more.failed)
			scan_result_fail(result, "%s", more.error);
		free(again);
	}
}

/* The first offender stands for all that are in the same part. */
static void
judge_member(void *ctx, const char *name)
{
	struct examination *x = ctx;
	char rule[POLICY_RULE_MAX], *copy;
	size_t which;

	if (x->member_rule[0] != '\0')
		return;
	if (name == NULL) {
		if (!x->conf->block_executables)
			return;
		strlcpy(rule, "executable content", sizeof(rule));
		name = "";
	} else {
		copy = strdup(name);
		if (copy == NULL)
			err(EX_OSERR, "examine");
		rule[0] = '\0';
		if (!policy_blocks(x->conf, &copy, 1, NULL, 0, rule, &which))
			rule[0] = '\0';
		free(copy);
	}
	if (rule[0] == '\0')
		return;
	snprintf(x->member_rule, sizeof(x->member_rule), "inside: %s", rule);
	strlcpy(x->member_name, name, sizeof(x->member_name));
}

/* What is not encoded, and without doubt so, would be what it is in any encoding. */
static void
add_leaf(struct examination *x, const struct part *part, const char *content, size_t len,
    bool doubtful, const char *doubt)
{
	bool want_plain = doubtful && (doubt != NULL || part->encoded) && may_be_attachment(part);

	places_add_leaf(&x->places, part, content, len, doubtful,
	    doubt == NULL && sniff_is_attachment(content, len), want_plain);
}

/*
 * A text without a name or an encoding stands in the skeleton as it is, and is
 * scanned with it.
 */
static bool
is_plain_text(const struct examination *x, const struct part *part)
{
	return x->conf->scan == SCAN_AUTO && part->leaf && !part->inside && !part->encoded &&
	    part->n_names == 0 && part->place.whole_content &&
	    strcmp(part->type, "text/plain") == 0;
}

static void
put_off(struct examination *x, const struct part *part)
{
	struct part *copy;

	x->plain = reallocarray(x->plain, x->n_plain + 1, sizeof(*x->plain));
	if (x->plain == NULL)
		err(EX_OSERR, "examine");
	copy = &x->plain[x->n_plain++];
	*copy = (struct part){ .leaf = true, .type = "text/plain", .place = part->place };
	strlcpy(copy->path, part->path, sizeof(copy->path));
}

/*
 * What the parts leave out. A mail that reads the same to everyone needs its
 * skeleton scanned, and each byte is scanned once. Any other, and one in whose
 * skeleton something is found, is scanned part by part and as a whole.
 */
static void
check_whole(struct examination *x)
{
	const char *irregular = lint_irregular(&x->lint);

	explain_irregular(x->explain, irregular);
	if (x->conf->scan == SCAN_AUTO && irregular == NULL && skeleton_clean(x))
		return;
	for (size_t i = 0; i < x->n_plain; i++) {
		const struct part_place *place = &x->plain[i].place;

		check_content(x, &x->plain[i], x->bytes + place->content_begin,
		    place->content_end - place->content_begin);
	}
	check_raw(x);
	if (irregular != NULL)
		check_views(x);
}

static bool
skeleton_clean(struct examination *x)
{
	struct scan_result result;
	size_t len;
	char *skeleton = lint_skeleton(&x->lint, &len);

	scan_bytes(&result, SCAN_SKELETON, skeleton, len, seconds_left(x));
	explain_scan(x->explain, "skeleton", "", skeleton, len, &result);
	free(skeleton);
	return !result.failed && result.n_hits == 0;
}

/*
 * The raw mail, as another reader might take it apart. What the parts have
 * shown already is not news; an infection that the parts explain is looked
 * for again once they are gone (settle).
 */
static void
check_raw(struct examination *x)
{
	struct scan_result result;
	bool located = false;

	scan_bytes(&result, SCAN_MAIL, x->bytes, x->size, seconds_left(x));
	explain_scan(x->explain, "mail", "", x->bytes, x->size, &result);
	for (size_t i = 0; i < result.n_hits; i++) {
		enum verdict_class class = result.hits[i].class;

		if (x->found.part_hit[class] && !(located && class == CLASS_INFECTED))
			continue;
		if (class == CLASS_INFECTED && x->conf->action[class] == ACTION_REMOVE)
			located = located || check_headers(x, result.hits[i].name);
		if (class == CLASS_INFECTED && located)
			findings_tell_whole(&x->found, class, ACTION_REMOVE, result.hits[i].name);
		else
			findings_add_whole(&x->found, class, result.hits[i].name);
	}
	if (result.failed)
		findings_add_whole(&x->found, CLASS_ERROR, result.error);
}

/*
 * An infection that no part shows may be in a header: of the message, which
 * loses the fields, or of a part or a message in it, which goes.
 */
static bool
check_headers(struct examination *x, const char *name)
{
	bool found = strike_header(&x->found, header_infected, x);

	x->headers_checked = true;
	for (size_t i = 0; i < x->places.n_leaves; i++)
		found = check_header(x, x->places.leaves[i].path, &x->places.leaves[i].place,
			    name) ||
		    found;
	for (size_t i = 0; i < x->places.n_containers; i++)
		found = check_header(x, x->places.containers[i].path,
			    &x->places.containers[i].place, name) ||
		    found;
	/* What the views show in a header is no news then. */
	x->found.part_hit[CLASS_INFECTED] = found;
	return found;
}

static bool
check_header(struct examination *x, const char *path, const struct part_place *place,
    const char *name)
{
	struct part part;

	if (place->header_begin == x->found.root.header_begin ||
	    !header_infected(x, x->bytes + place->header_begin,
		place->header_end - place->header_begin) ||
	    !places_removable(&x->places, path, &part))
		return false;
	findings_add_action(&x->found, &part, CLASS_INFECTED, ACTION_REMOVE, name, "");
	return true;
}

/* As bytes, and as what libclamav takes for a mail, which it does not always. */
static bool
header_infected(void *ctx, const char *header, size_t len)
{
	const struct examination *x = ctx;
	static const enum scan_kind kinds[] = { SCAN_SKELETON, SCAN_MAIL };
	struct scan_result result;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		scan_bytes(&result, kinds[k], header, len, seconds_left(x));
		for (size_t i = 0; i < result.n_hits; i++) {
			if (result.hits[i].class == CLASS_INFECTED)
				return true;
		}
	}
	return false;
}

/*
 * An irregular mail in every way that anybody might read it. What is found is
 * held against the leaf in whose bytes it stands, else against the whole.
 */
static void
check_views(struct examination *x)
{
	struct part_place root;
	bool all;

	mime_walk(x->bytes, x->size, x->conf, &root, remember_content, x);
	all = views_each(x->bytes, x->size, &x->found.root, x->multipart, x->conf, visit_region,
	    visit_view, x);
	/* Whole, for their content may hold lines at which they were cut. */
	for (size_t i = 0; i < x->places.n_leaves && all; i++) {
		const struct part_place *place = &x->places.leaves[i].place;

		if (x->places.leaves[i].doubtful)
			all = views_of(x->bytes, place->content_begin, place->content_end, x->conf,
			    visit_view, x);
	}
	if (!all)
		findings_add_whole(&x->found, CLASS_LIMIT, too_many_readings);
}

static bool
remember_content(void *ctx, const struct part *part, const char *content, size_t len)
{
	if (part->leaf)
		seen_before(ctx, content, len);
	return part->limit != PART_TOO_MANY;
}

/* The names that a region gives itself, if it isn't one of the parts. */
static enum region_answer
visit_region(void *ctx, const struct region *region)
{
	struct examination *x = ctx;
	const struct leaf *leaf;
	char rule[POLICY_RULE_MAX];
	size_t which;
	struct part part;

	leaf = places_leaf_around(&x->places, region->begin, region->end);
	if (leaf != NULL && leaf->place.header_begin == region->begin)
		return leaf->doubtful ? REGION_LOOK : REGION_KNOWN;
	explain_region(x->explain, region);
	if (policy_blocks(x->conf, region->names, region->n_names, NULL, 0, rule, &which)) {
		part = places_part_of(&x->places, leaf);
		findings_add(&x->found, &part, CLASS_BLOCKED, rule, region->names[which]);
	}
	return REGION_LOOK;
}

static bool
visit_view(void *ctx, const struct view *view)
{
	struct examination *x = ctx;
	const struct leaf *leaf = places_leaf_around(&x->places, view->begin, view->end);
	struct part part = places_part_of(&x->places, leaf);
	struct scan_result result;
	size_t differs;

	if (clock_ms() > x->views_end)
		return false;
	if (seen_before(x, view->content, view->len)) {
		explain_view(x->explain, view, part.path, NULL);
		/* The same attachment again, in another stretch of no part. */
		if (leaf == NULL && x->found.part_hit[CLASS_AMBIGUOUS] &&
		    sniff_is_attachment(view->content, view->len))
			doubt_view(x, view, leaf);
		return true;
	}
	scan_part(x, &result, view->content, view->len);
	explain_view(x->explain, view, part.path, &result);
	if (x->member_rule[0] != '\0' && (leaf != NULL || !x->found.part_hit[CLASS_BLOCKED]))
		findings_add_member(&x->found, &part, x->member_rule, x->member_name);
	for (size_t i = 0; i < result.n_hits; i++) {
		/* A stretch around parts that have shown it is no news (settle). */
		if (leaf != NULL || !x->found.part_hit[result.hits[i].class])
			findings_add(&x->found, &part, result.hits[i].class, result.hits[i].name,
			    "");
	}
	if (result.failed) {
		findings_add(&x->found, &part, CLASS_ERROR, result.error, "");
		return false;
	}
	/*
	 * An attachment that GMime does not show; not one whose last byte is in
	 * doubt, nor one of which only sloppy readers make something else: whatever
	 * they make of it was scanned.
	 */
	differs = leaf == NULL							  ? view->len
	    : leaf->attachment && decode_kind_of(view->way) == DECODE_KIND_BASE64 ? 0
	    : view->len > leaf->len ? view->len - leaf->len
				    : leaf->len - view->len;
	if (result.n_hits == 0 && differs > 3 && sniff_is_attachment(view->content, view->len))
		doubt_view(x, view, leaf);
	if (is_new_mail(x->bytes, view))
		check_inner(x, &part, view->content, view->len);
	return true;
}

/*
 * A view shows an attachment that GMime does not. In a leaf that is one, it is
 * perhaps what the leaf is meant to be; in any other it goes with the leaf. In
 * no part at all, it goes alone; else the header of what is around it is to
 * blame.
 */
static void
doubt_view(struct examination *x, const struct view *view, const struct leaf *leaf)
{
	const char *kind = x->lint.irregular;
	struct part part = places_part_of(&x->places, leaf);
	struct canonical *plain = leaf == NULL ? NULL : leaf->plain;
	const struct container *c;

	if (plain != NULL && !sniff_is_attachment(plain->content, plain->len)) {
		if (!is_still_text(view->way) && strncmp(plain->type, "text/", 5) != 0 &&
		    view->len <= CANONICAL_CONTENT_MAX - x->places.plain_bytes) {
			canonical_take_view(plain, view->content, view->len);
			plain->untyped = false;
			x->places.plain_bytes += view->len;
		} else {
			plain = NULL;
		}
	}
	/* A stretch around parts that have shown it is no news (settle). */
	if (leaf == NULL && x->found.part_hit[CLASS_AMBIGUOUS] &&
	    !is_gap(x, view->begin, view->end))
		return;
	if (leaf == NULL) {
		c = places_container_around(&x->places, view->begin, view->end);
		if (c != NULL)
			places_container_part(&x->places, c, &part);
		plain = c == NULL ? NULL : c->plain;
		if (is_gap(x, view->begin, view->end)) {
			part.place = gap_place(x, view);
			plain = NULL;
		}
	}
	findings_add_doubt(&x->found, &part, kind, "", plain);
}

/* Does no part have any of it? */
static bool
is_gap(const struct examination *x, size_t begin, size_t end)
{
	for (size_t i = 0; i < x->lint.n_covered; i++) {
		const struct covered *c = &x->lint.covered[i];

		if (begin < c->end && c->begin < end)
			return false;
	}
	return true;
}

static struct part_place
gap_place(const struct examination *x, const struct view *view)
{
	size_t end = view->end;

	/* The line end in front of a boundary stays. */
	if (end > view->begin && x->bytes[end - 1] == '\n')
		end--;
	if (end > view->begin && end < view->end && x->bytes[end - 1] == '\r')
		end--;
	return (struct part_place){ .header_begin = view->begin,
		.header_end = view->begin,
		.content_begin = view->begin,
		.content_end = end,
		.whole_content = true };
}

/* What is text stays text in that way, more or less. */
static bool
is_still_text(enum decode_way way)
{
	return decode_kind_of(way) == DECODE_KIND_TEXT || decode_kind_of(way) == DECODE_KIND_QP;
}

/*
 * Does a view show a mail? One that is a mail as it stands is cut into its
 * regions already; and text is still that text as quoted-printable.
 */
static bool
is_new_mail(const char *bytes, const struct view *view)
{
	return sniff_is_mail(view->content, view->len) &&
	    !(is_still_text(view->way) &&
		sniff_is_mail(bytes + view->begin, view->end - view->begin));
}

/*
 * A mail that is somebody's content, if it does not read the same to everyone:
 * each view of it, held against the part that holds it.
 */
static void
check_inner(struct examination *x, const struct part *part, const char *content, size_t len)
{
	struct inner in = { x, part, content };
	struct part_place root;
	struct lint lint;
	bool irregular;

	lint_begin(&lint, content, len);
	mime_walk(content, len, x->conf, &root, lint_inner, &lint);
	irregular = lint_irregular(&lint) != NULL;
	lint_free(&lint);
	if (!irregular)
		return;
	if (x->n_inner == INNER_MAX || x->inner_depth == INNER_DEPTH_MAX) {
		findings_add(&x->found, part, CLASS_LIMIT, too_many_readings, "");
		return;
	}
	x->n_inner++;
	x->inner_depth++;
	if (!views_each(content, len, &root, false, x->conf, visit_inner_region, visit_inner_view,
		&in))
		findings_add(&x->found, part, CLASS_LIMIT, too_many_readings, "");
	x->inner_depth--;
}

static bool
lint_inner(void *ctx, const struct part *part, const char *content, size_t len)
{
	(void)content;
	(void)len;
	if (!part->inside)
		lint_part(ctx, part, true);
	return part->limit != PART_TOO_MANY;
}

static enum region_answer
visit_inner_region(void *ctx, const struct region *region)
{
	struct inner *in = ctx;
	char rule[POLICY_RULE_MAX];
	size_t which;

	if (policy_blocks(in->x->conf, region->names, region->n_names, NULL, 0, rule, &which))
		findings_add(&in->x->found, in->part, CLASS_BLOCKED, rule, region->names[which]);
	return REGION_LOOK;
}

static bool
visit_inner_view(void *ctx, const struct view *view)
{
	struct inner *in = ctx;
	struct examination *x = in->x;
	bool whole = strcmp(in->part->path, "0") == 0; /* as in visit_view */
	struct scan_result result;

	if (clock_ms() > x->views_end)
		return false;
	if (seen_before(x, view->content, view->len))
		return true;
	scan_part(x, &result, view->content, view->len);
	explain_scan(x->explain, "view", in->part->path, view->content, view->len, &result);
	if (x->member_rule[0] != '\0' && (!whole || !x->found.part_hit[CLASS_BLOCKED]))
		findings_add_member(&x->found, in->part, x->member_rule, x->member_name);
	for (size_t i = 0; i < result.n_hits; i++) {
		if (!whole || !x->found.part_hit[result.hits[i].class])
			findings_add(&x->found, in->part, result.hits[i].class, result.hits[i].name,
			    "");
	}
	if (result.failed) {
		findings_add(&x->found, in->part, CLASS_ERROR, result.error, "");
		return false;
	}
	if (is_new_mail(in->bytes, view))
		check_inner(x, in->part, view->content, view->len);
	return true;
}

/* Most views are the same bytes again. */
static bool
seen_before(struct examination *x, const char *content, size_t len)
{
	struct digest digest;
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)content, len);
	SHA256Final(digest.bytes, &sha);
	for (size_t i = 0; i < x->n_seen; i++) {
		if (memcmp(&x->seen[i], &digest, sizeof(digest)) == 0)
			return true;
	}
	x->seen = reallocarray(x->seen, x->n_seen + 1, sizeof(*x->seen));
	if (x->seen == NULL)
		err(EX_OSERR, "examine");
	x->seen[x->n_seen++] = digest;
	return false;
}

/*
 * The result must be free of infection and of doubt, however it is read. If it
 * isn't, something wider is done, until nothing is left or the message is
 * refused. The same after any change to an irregular mail, since there a change
 * may bring about a reading that was not there before.
 */
static void
settle(struct examination *x)
{
	const struct report *report = x->found.report;
	struct finding left;

	if (!x->found.infected && x->lint.irregular == NULL)
		return;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		bool again;

		if (report->action != ACTION_REMOVE && report->action != ACTION_DEFANG)
			return;
		again = remains(x, &left);
		explain_again(x->explain, again ? left.reason : NULL);
		if (!again)
			return;
		widen(x, &left, round);
		free(left.part);
		free(left.reason);
		findings_edit(&x->found);
	}
}

/*
 * From a plain form to a removal, from a part to what it is in, from there to
 * the whole body, to fields of the header, to a refusal.
 */
static void
widen(struct examination *x, const struct finding *left, int round)
{
	char path[PART_PATH_MAX];
	struct part part;

	if (left->class == CLASS_ERROR || left->class == CLASS_LIMIT) {
		findings_add_whole(&x->found, left->class, left->reason);
		return;
	}
	strlcpy(path, left->part, sizeof(path));
	if (round < NARROW_ROUNDS && clock_ms() < x->views_end) {
		if (findings_drop_plain(&x->found, path))
			return;
		if (left->class == CLASS_INFECTED && !x->headers_checked &&
		    check_headers(x, left->reason)) {
			findings_tell_whole(&x->found, CLASS_INFECTED, ACTION_REMOVE, left->reason);
			return;
		}
		while (places_removable(&x->places, path, &part)) {
			if (!findings_goes(&x->found, &part.place)) {
				findings_add_action(&x->found, &part, left->class, ACTION_REMOVE,
				    left->reason, "");
				return;
			}
			strlcpy(path, part.path, sizeof(path));
			places_path_up(path);
		}
	}
	if (!findings_goes(&x->found, &x->found.root))
		findings_add_whole_action(&x->found, left->class, ACTION_REMOVE, left->reason);
	else if (round < ROUNDS_MAX - 1 && strike_header(&x->found, header_doubtful, x))
		findings_tell_whole(&x->found, left->class, ACTION_REMOVE, left->reason);
	else
		findings_add_whole_action(&x->found, left->class, ACTION_REJECT, left->reason);
}

/* By all the looks there are. */
static bool
header_doubtful(void *ctx, const char *header, size_t len)
{
	struct finding left;

	if (!is_left(ctx, header, len, &left))
		return false;
	free(left.part);
	free(left.reason);
	return true;
}

/* Examine the message as edited. */
static bool
remains(const struct examination *x, struct finding *left)
{
	char *text = NULL;
	size_t size;
	bool found;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL ||
	    !message_splice(x->bytes, x->size, x->found.report->edits, x->found.report->n_edits,
		append, f) ||
	    fclose(f) == EOF)
		err(EX_OSERR, "examine");
	found = is_left(x, text, size, left);
	free(text);
	return found;
}

/*
 * Look at what the message has become. If something is left in it that must
 * not be, tell which: *left holds a malloc'd part and reason then.
 */
static bool
is_left(const struct examination *x, const char *text, size_t size, struct finding *left)
{
	struct examination after = { .conf = x->conf,
		.bytes = text,
		.size = size,
		.deadline = x->deadline,
		.views_end = (clock_ms() + x->deadline) / 2,
		.found = { .conf = x->conf,
		    .request = x->found.request,
		    .exempt = x->found.exempt,
		    .bytes = text,
		    .size = size } };
	struct report report;
	bool found = false;

	report_init(&report);
	after.found.report = &report;
	look(&after);
	for (size_t i = 0; i < report.n_findings && !found; i++) {
		*left = report.findings[i];
		found = must_not_be_left(x, left);
	}
	if (found &&
	    ((left->reason = strdup(left->reason)) == NULL ||
		(left->part = strdup(left->part)) == NULL))
		err(EX_OSERR, "examine");
	tidy(&after);
	report_free(&report);
	return found;
}

/* An infection or a doubt, if those are edited away; or what was not seen to its end. */
static bool
must_not_be_left(const struct examination *x, const struct finding *f)
{
	enum verdict_action action = x->conf->action[f->class];

	switch (f->class) {
	case CLASS_INFECTED:
		return action == ACTION_REMOVE;
	case CLASS_AMBIGUOUS:
		return action == ACTION_DEFANG || action == ACTION_REMOVE;
	case CLASS_ERROR:
		return true;
	case CLASS_LIMIT:
		return strcmp(f->reason, too_many_readings) == 0 &&
		    !findings_known(x->found.report, CLASS_LIMIT, f->part, f->reason) &&
		    !findings_known(x->found.report, CLASS_LIMIT, "0", f->reason);
	case CLASS_BLOCKED:
	case CLASS_ENCRYPTED:
	case CLASS_UNOPENED:
	case CLASS_COUNT:
		break;
	}
	return false;
}

static bool
append(void *ctx, const char *buf, size_t len)
{
	return fwrite(buf, 1, len, ctx) == len;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * readings.c - a message in every way that anybody might read it.
 *
 * The message itself and one that is somebody's content are read by the same
 * functions: a reader knows whose bytes they are.
 *
 * Over 500 lines because views, those that were put off and guesses share one budget and
 * one way of telling what was found; apart they would need its inside.
 */
#include "readings.h"

#include <string.h>

#include "active.h"
#include "canonical.h"
#include "effort.h"
#include "guesses.h"
#include "judge.h"
#include "places.h"
#include "policy.h"
#include "scan_result.h"
#include "sniff.h"
#include "views.h"

/* Irregular messages in decoded content that are read in every way, and how deep. */
#define INNER_MAX 50
#define INNER_DEPTH_MAX 5
/* No signature and no attachment is shorter. */
#define VIEW_MIN 16
/* Contents that differ by so many bytes at their ends are the same. */
#define LAST_BYTES 3
/* And so many if what ends base64 was escaped in quoted-printable, which decoders differ about. */
#define ESCAPED_BYTES 9

/* Whose bytes are read. */
struct reader {
	struct examination *x;
	const struct part *part; /* they are the content of that one; NULL = the message itself */
	const char *bytes;
};

static enum region_answer visit_region(void *ctx, const struct region *);
static bool visit_view(void *ctx, const struct view *);
static bool is_covered(struct examination *, const struct view *);
static bool within_budget(struct examination *, size_t len);
static void put_off(struct reader *, const struct view *, const struct part *);
static void tell(struct reader *, const struct view *, const struct part *,
    const struct scan_result *, bool joined);
static bool finish_piece(struct examination *, const struct joined_piece *,
    const struct scan_result *clean);
static void seen_again(struct reader *, const struct view *, const struct part *leaf);
static void add_hits(struct examination *, const struct view *, const struct part *,
    const struct scan_result *);
static bool is_explained(const struct examination *, const struct view *, const struct part *,
    enum verdict_class);
static size_t differs(const struct examination *, const struct view *, const struct part *leaf);
static size_t distance(size_t, size_t);
static void doubt_view(struct examination *, const struct view *, const struct part *leaf);
static struct part_place gap_place(const struct examination *, const struct view *);
static bool is_still_text(enum decode_way);
static bool is_new_mail(const char *bytes, const struct view *);
static guess_visit note_guess;
static bool visit_guess(struct examination *, struct joined *texts, const struct joined_piece *,
    const char *content);
static void read_content(struct examination *, const struct part *, const char *, size_t len,
    bool regular);
static bool lint_inner(void *ctx, const struct part *, const char *, size_t len);

static void explain_evidence(struct examination *, const struct evidence *);

static const char not_called_for[] = "no header names such an encoding, and no marker";
const char readings_too_many[] = "too many readings";

void
readings_of_message(struct examination *x)
{
	struct reader r = { x, NULL, x->parts.bytes };
	bool all;

	for (size_t i = 0; i < x->parts.n; i++) {
		if (x->parts.at[i]->leaf)
			object_seen(&x->objects, &x->parts.at[i]->digest);
	}
	views_evidence(&x->evidence, x->parts.bytes, x->parts.size);
	all = views_each(x->parts.bytes, x->parts.size, &x->parts.root, x->multipart, x->conf,
	    &x->evidence, visit_region, visit_view, &r);
	/* Whole, for their content may hold lines at which they were cut. */
	for (size_t i = 0; i < x->parts.n && all; i++) {
		const struct part *part = x->parts.at[i];

		if (part->leaf && !part->inside && part->doubtful)
			all = views_of(x->parts.bytes, part->place.content_begin,
			    part->place.content_end, x->conf, &x->evidence, visit_view, &r);
	}
	explain_evidence(x, &x->evidence);
	if (!all)
		findings_add_whole(&x->found, CLASS_LIMIT, readings_too_many);
}

static void
explain_evidence(struct examination *x, const struct evidence *evidence)
{
	explain_skipped(x->explain, not_called_for, evidence->skipped);
	explain_skipped(x->explain, "the same in all ways", evidence->alike);
}

/* The names that a region gives itself, if it isn't one of the parts. */
static enum region_answer
visit_region(void *ctx, const struct region *region)
{
	struct reader *r = ctx;
	struct examination *x = r->x;
	const struct part *leaf = r->part;
	char rule[POLICY_RULE_MAX];
	size_t which;
	struct part part;

	if (r->part == NULL) {
		leaf = places_leaf_around(&x->parts, region->begin, region->end);
		if (leaf != NULL && leaf->place.header_begin == region->begin)
			return leaf->doubtful ? REGION_LOOK : REGION_KNOWN;
		explain_region(x->explain, region);
	}
	if (policy_blocks(x->conf, region->names, region->n_names, NULL, 0, rule, &which)) {
		part = leaf == NULL ? places_message(&x->parts) : *leaf;
		/* Whoever sees a part in a content does not go by the name of the whole. */
		part.in_text = leaf != NULL &&
		    (part.in_text || region->begin >= leaf->place.content_begin);
		findings_add(&x->found, &part, CLASS_BLOCKED, rule, region->names[which]);
	}
	return REGION_LOOK;
}

static bool
visit_view(void *ctx, const struct view *view)
{
	struct reader *r = ctx;
	struct examination *x = r->x;
	const struct part *leaf = r->part != NULL
	    ? r->part
	    : places_leaf_around(&x->parts, view->begin, view->end);
	struct part part = leaf == NULL ? places_message(&x->parts) : *leaf;
	struct part_digest digest;
	struct scan_result result;

	if (effort_ms() > x->views_end)
		return false;
	part_hash(view->content, view->len, &digest);
	if (object_seen(&x->objects, &digest)) {
		seen_again(r, view, leaf);
		return true;
	}
	if (is_covered(x, view))
		return true;
	if (!within_budget(x, view->len))
		return false;
	/* A message is taken apart by the scanner too. */
	if (joined_may(view->content, view->len) && !is_new_mail(r->bytes, view)) {
		put_off(r, view, &part);
	} else {
		x->n_scans++;
		object_scan(&x->objects, &result, view->content, view->len);
		tell(r, view, &part, &result, false);
		add_hits(x, r->part == NULL ? view : NULL, &part, &result);
		if (result.failed)
			return false;
		if (r->part == NULL && result.n_hits == 0 && differs(x, view, leaf) > LAST_BYTES &&
		    sniff_is_attachment(view->content, view->len))
			doubt_view(x, view, leaf);
	}
	/* No walk has seen its parts, and not every message is one to the scanner. */
	if (is_new_mail(r->bytes, view))
		read_content(x, &part, view->content, view->len, false);
	return true;
}

/* Does it cost no scan: a stretch of what was scanned, or too short for anything? */
static bool
is_covered(struct examination *x, const struct view *view)
{
	const char *why = NULL;

	if (view->way == DECODE_AS_IS && !sniff_has_magic(view->content, view->len))
		why = "a stretch of what was scanned";
	else if (view->len < VIEW_MIN)
		why = "too short for a signature";
	if (why != NULL)
		explain_skipped(x->explain, why, 1);
	return why != NULL;
}

/* One budget for all views of a message and of what is in it. */
static bool
within_budget(struct examination *x, size_t len)
{
	x->scanned_bytes += len;
	return x->n_scans < x->conf->view_limit && x->joined.n < x->conf->view_limit &&
	    x->scanned_bytes <= x->conf->view_size_limit;
}

static void
put_off(struct reader *r, const struct view *view, const struct part *part)
{
	const struct joined_piece piece = { .part = *part,
		.view_begin = view->begin,
		.view_end = view->end,
		.way = (int)view->way,
		.outer = r->part == NULL };

	joined_add(&r->x->joined, &piece, view->content, view->len);
}

static void
tell(struct reader *r, const struct view *view, const struct part *part,
    const struct scan_result *result, bool joined)
{
	/* What is in a content is told of one by one only if it was scanned so. */
	if (r->part == NULL)
		explain_view(r->x->explain, view, part->path, result, joined);
	else if (!joined)
		explain_scan(r->x->explain, "view", part->path, view->content, view->len, result);
}

void
readings_finish(struct examination *x)
{
	struct scan_result whole;
	bool clean, found = false;

	if (x->joined.n == 0)
		return;
	clean = joined_scan(&x->joined, &x->objects, &whole);
	explain_scan(x->explain, "views", "", x->joined.bytes, x->joined.len, &whole);
	if (whole.failed)
		findings_add_whole(&x->found, CLASS_ERROR, whole.error);
	for (size_t i = 0; i < x->joined.n && !whole.failed; i++)
		found = finish_piece(x, &x->joined.pieces[i], clean ? &whole : NULL) || found;
	object_overrule(&x->objects, NULL, &whole);
	/* Nobody has it, but the scanner saw it. */
	for (size_t i = 0; i < whole.n_hits && !found; i++) {
		if (!x->found.part_hit[whole.hits[i].class] || scan_result_is_late(&whole.hits[i]))
			findings_add_whole_by(&x->found, whole.hits[i].class, whole.hits[i].by,
			    whole.hits[i].name);
	}
	joined_free(&x->joined);
}

/* What one of them is to be blamed for; clean = it is clean with all. */
static bool
finish_piece(struct examination *x, const struct joined_piece *piece,
    const struct scan_result *clean)
{
	struct reader r = { x, piece->outer ? NULL : &piece->part, x->joined.bytes };
	const struct view view = { (enum decode_way)piece->way, piece->view_begin, piece->view_end,
		x->joined.bytes + piece->begin, piece->len };
	struct scan_result result;

	if (clean == NULL) {
		x->n_scans++;
		object_scan(&x->objects, &result, view.content, view.len);
		clean = &result;
	}
	tell(&r, &view, &piece->part, clean, clean != &result);
	if (clean != &result)
		return false;
	add_hits(x, piece->outer ? &view : NULL, &piece->part, &result);
	return result.n_hits > 0 || result.failed;
}

/* Of the message itself: the same attachment in another stretch of no part is one more doubt. */
static void
seen_again(struct reader *r, const struct view *view, const struct part *leaf)
{
	struct examination *x = r->x;

	if (r->part != NULL)
		return;
	explain_view(x->explain, view, leaf == NULL ? "0" : leaf->path, NULL, false);
	if (leaf == NULL && x->found.part_hit[CLASS_AMBIGUOUS] &&
	    sniff_is_attachment(view->content, view->len))
		doubt_view(x, view, leaf);
}

/* view = NULL: of no stretch of the message, but of a part's content. */
static void
add_hits(struct examination *x, const struct view *view, const struct part *part,
    const struct scan_result *result)
{
	if (x->objects.member_rule[0] != '\0' && !is_explained(x, view, part, CLASS_BLOCKED))
		findings_add_member(&x->found, part, x->objects.member_rule,
		    x->objects.member_name);
	for (size_t i = 0; i < result->n_hits; i++) {
		const struct scan_hit *hit = &result->hits[i];

		if (active_explains_whole(x, hit))
			continue;
		if (!is_explained(x, view, part, hit->class) || scan_result_is_late(hit))
			findings_add_by(&x->found, part, hit->class, hit->by, hit->name, "");
	}
	if (result->failed)
		findings_add(&x->found, part, CLASS_ERROR, result->error, "");
}

/*
 * Is it no news of the whole message that something of that class is in a view? Only
 * if a part has it that lies, be it with an end only, in the view's stretch: what stands
 * beside the parts is another thing.
 */
static bool
is_explained(const struct examination *x, const struct view *view, const struct part *part,
    enum verdict_class class)
{
	if (view == NULL || strcmp(part->path, "0") != 0)
		return false;
	for (size_t i = 0; i < x->parts.n; i++) {
		const struct part *other = x->parts.at[i];

		if (!other->inside && other->place.content_begin < view->end &&
		    other->place.content_end > view->begin &&
		    findings_told(x->found.report, class, other->path))
			return true;
	}
	return false;
}

/*
 * An attachment that GMime does not show, by how many bytes; not one whose last
 * byte is in doubt, nor one of which only sloppy readers make something else:
 * whatever they make of it was scanned. In a message that is itself encoded those
 * who do not undo that see its attachments with odd ends.
 */
static size_t
differs(const struct examination *x, const struct view *view, const struct part *leaf)
{
	size_t least;

	if (leaf == NULL)
		return view->len;
	if (leaf->attachment && decode_kind_of(view->way) == DECODE_KIND_BASE64)
		return 0;
	least = distance(view->len, leaf->len);
	for (size_t i = leaf->index + 1; leaf->encoded && i < x->parts.n; i++) {
		const struct part *inside = x->parts.at[i];

		if (!inside->inside || !part_is_below(&x->parts, inside, leaf->index))
			break;
		if (inside->leaf && inside->encoded &&
		    distance(view->len, inside->len) <= ESCAPED_BYTES)
			return 0;
	}
	return least;
}

static size_t
distance(size_t a, size_t b)
{
	return a > b ? a - b : b - a;
}

/*
 * A view shows an attachment that GMime does not. In a leaf that is one, it is
 * perhaps what the leaf is meant to be; in any other it goes with the leaf. In
 * no part at all, it goes alone; else the header of what is around it is to
 * blame.
 */
static void
doubt_view(struct examination *x, const struct view *view, const struct part *leaf)
{
	const char *kind = doubt_phrase(x->lint.irregular);
	struct part part = leaf == NULL ? places_message(&x->parts) : *leaf;
	struct canonical *canonical = leaf == NULL ? NULL : leaf->canonical;
	const struct part *container;

	if (x->lint.n_doubts == 0)
		return;
	if (canonical != NULL && !sniff_is_attachment(canonical->content, canonical->len)) {
		if (!is_still_text(view->way) && strncmp(canonical->type, "text/", 5) != 0 &&
		    view->len <= CANONICAL_CONTENT_MAX - x->canonical_bytes) {
			canonical_take_view(canonical, view->content, view->len);
			canonical->untyped = false;
			x->canonical_bytes += view->len;
		} else {
			canonical = NULL;
		}
	}
	/* A stretch around parts that have shown it is no news (settle). */
	if (leaf == NULL && x->found.part_hit[CLASS_AMBIGUOUS] &&
	    !lint_is_gap(&x->parts, view->begin, view->end))
		return;
	if (leaf == NULL) {
		container = places_container_around(&x->parts, view->begin, view->end);
		if (container != NULL) {
			part = *container;
			places_whole(&x->parts, container, &part.place);
		}
		canonical = container == NULL ? NULL : container->canonical;
		if (lint_is_gap(&x->parts, view->begin, view->end)) {
			part.place = gap_place(x, view);
			canonical = NULL;
		}
	}
	findings_add_doubt(&x->found, &part, kind, leaf == NULL ? "" : judge_name(leaf), canonical);
}

static struct part_place
gap_place(const struct examination *x, const struct view *view)
{
	size_t end = view->end;

	/* The line ending in front of a boundary stays. */
	if (end > view->begin && x->parts.bytes[end - 1] == '\n')
		end--;
	if (end > view->begin && end < view->end && x->parts.bytes[end - 1] == '\r')
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
 * Does a view show a message? One that is a message as it stands is cut into its
 * regions already; and text is still that text as quoted-printable.
 */
static bool
is_new_mail(const char *bytes, const struct view *view)
{
	return sniff_is_mail(view->content, view->len) &&
	    !(is_still_text(view->way) &&
		sniff_is_mail(bytes + view->begin, view->end - view->begin));
}

void
readings_of_content(struct examination *x, const struct part *part, const char *content, size_t len)
{
	read_content(x, part, content, len, true);
}

/* regular = one that reads the same to everyone has been seen otherwise. */
static void
read_content(struct examination *x, const struct part *part, const char *content, size_t len,
    bool regular)
{
	struct reader r = { x, part, content };
	struct parts parts;
	struct lint lint;
	struct evidence evidence;
	bool irregular, all = true;

	part_begin(&parts, content, len);
	parts.unpack_until = x->views_end;
	lint_begin(&lint, &parts);
	mime_walk(&parts, x->conf, lint_inner, &lint);
	irregular = !regular || lint_irregular(&lint) != DOUBT_NONE;
	if (irregular && (x->n_inner == INNER_MAX || x->inner_depth == INNER_DEPTH_MAX)) {
		all = false;
	} else if (irregular) {
		x->n_inner++;
		x->inner_depth++;
		views_evidence(&evidence, content, len);
		all = views_each(content, len, &parts.root, false, x->conf, &evidence, visit_region,
		    visit_view, &r);
		explain_evidence(x, &evidence);
		x->inner_depth--;
	}
	if (!all)
		findings_add(&x->found, part, CLASS_LIMIT, readings_too_many, "");
	lint_free(&lint);
	part_free(&parts);
}

static bool
lint_inner(void *ctx, const struct part *part, const char *content, size_t len)
{
	(void)content;
	(void)len;
	if (!part->inside)
		lint_part(ctx, part);
	return part->limit != PART_TOO_MANY;
}

void
readings_note_guesses(struct examination *x, const struct part *part, const char *content,
    size_t len)
{
	struct reader r = { x, part, content };

	guesses_each(x->parts.bytes + part->place.content_begin,
	    part->place.content_end - part->place.content_begin,
	    strncmp(part->type, "text/", 5) == 0, content, len, note_guess, &r);
}

static void
note_guess(void *ctx, const char *content, size_t len)
{
	struct reader *r = ctx;
	const struct joined_piece piece = { .part = *r->part, .way = DECODE_AS_IS };

	if (len >= VIEW_MIN)
		joined_add(&r->x->guesses, &piece, content, len);
}

void
readings_of_guesses(struct examination *x, struct joined *texts)
{
	for (size_t i = 0; i < x->guesses.n; i++) {
		const struct joined_piece *piece = &x->guesses.pieces[i];

		if (!visit_guess(x, texts, piece, x->guesses.bytes + piece->begin))
			return;
	}
}

/* False if the budget is used up. */
static bool
visit_guess(struct examination *x, struct joined *texts, const struct joined_piece *piece,
    const char *content)
{
	bool mail = sniff_is_mail(content, piece->len);
	struct part_digest digest;
	struct scan_result result;

	part_hash(content, piece->len, &digest);
	if (object_seen(&x->objects, &digest))
		return true;
	if (joined_may(content, piece->len) && !mail) {
		joined_add(texts, piece, content, piece->len);
		return true;
	}
	if (!within_budget(x, piece->len)) {
		findings_add(&x->found, &piece->part, CLASS_LIMIT, readings_too_many, "");
		return false;
	}
	x->n_scans++;
	object_scan(&x->objects, &result, content, piece->len);
	explain_scan(x->explain, "view", piece->part.path, content, piece->len, &result);
	add_hits(x, NULL, &piece->part, &result);
	if (mail)
		readings_of_content(x, &piece->part, content, piece->len);
	return true;
}

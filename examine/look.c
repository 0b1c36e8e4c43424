/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * look.c - one look at a message: its parts, its skeleton or the whole of it.
 */
#include "look.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "active.h"
#include "canonical.h"
#include "footer.h"
#include "hasty.h"
#include "heads.h"
#include "judge.h"
#include "links.h"
#include "overrule.h"
#include "readings.h"
#include "scan_result.h"
#include "sealed.h"
#include "sniff.h"

/* A longer text is scanned alone. */
#define TEXT_MAX (1u << 20)
/* Shorter base64 stays in the raw message: it costs little. */
#define PLAIN_MIN 4096
/* Whatever was used up: what stands in no part costs little, and is looked at by nobody else. */
#define WHOLE_SECONDS 3

static part_ahead begin_ahead;
static bool visit_part(void *ctx, const struct part *, const char *content, size_t len);
static bool is_plain_text(const struct examination *, const struct part *, const char *, size_t);
static bool is_plain_base64(const struct examination *, const struct part *);
static void note_leaf(struct examination *, struct part *, const char *content, size_t len,
    enum doubt);
static void check_leaf(struct examination *, const struct part *, const char *, size_t);
static void leave_out_allowed(struct examination *);
static void check_texts(struct examination *, bool irregular);
static void check_text(struct examination *, const struct part *, const char *, size_t,
    bool irregular);
static void check_content(struct examination *, const struct part *, const char *, size_t);
static void check_member(struct examination *, const struct part *, const char *, size_t);
static void look_for_mail(struct examination *, const struct part *, const char *, size_t);
static bool is_written(const struct examination *, const struct part *);
static bool is_decided(const struct examination *);
static bool may_wait(const struct examination *);
static void check_whole(struct examination *);
static bool is_blamed(const struct examination *, const struct scan_result *skeleton);
static bool skeleton_clean(struct examination *, struct scan_result *);
static bool check_raw(struct examination *, const struct scan_result *skeleton);
static unsigned int whole_seconds(const struct examination *);
static void add_if_late(struct scan_result *, const struct scan_result *);

void
look_begin(struct examination *x, const struct conf *conf, const struct request *request,
    struct report *report, const char *bytes, size_t size, int64_t deadline, int64_t views_end)
{
	*x = (struct examination){ .conf = conf, .views_end = views_end };
	part_begin(&x->parts, bytes, size);
	x->parts.unpack_until = views_end;
	lint_begin(&x->lint, &x->parts);
	object_begin(&x->objects, conf, &request->overrides, report, deadline);
	findings_begin(&x->found, conf, request, &x->parts, report);
}

void
look_free(struct examination *x)
{
	for (size_t i = 0; i < x->parts.n; i++)
		canonical_free(x->parts.at[i]->canonical);
	lint_free(&x->lint);
	findings_free(&x->found);
	object_free(&x->objects);
	joined_free(&x->texts);
	joined_free(&x->guesses);
	joined_free(&x->joined);
	part_free(&x->parts);
}

void
look_at(struct examination *x)
{
	/* What is looked at once more has been scanned. */
	x->parts.ahead_min = x->objects.before == NULL ? scan_ahead_min() : 0;
	x->parts.ahead = x->parts.ahead_min > 0 ? begin_ahead : NULL;
	mime_walk(&x->parts, x->conf, visit_part, x);
	sealed_finish(x);
	x->irregular = lint_irregular(&x->lint) != DOUBT_NONE;
	explain_irregular(x->explain, x->lint.irregular);
	x->waits = may_wait(x);
	if (!x->waits)
		check_whole(x);
	readings_finish(x);
}

static void
begin_ahead(void *ctx, const char *content, size_t len, size_t n)
{
	const struct examination *x = ctx;

	scan_ahead(content, len, object_seconds(&x->objects), n);
}

void
look_whole(struct examination *x)
{
	x->waits = false;
	check_whole(x);
	readings_finish(x);
}

static bool
visit_part(void *ctx, const struct part *seen, const char *content, size_t len)
{
	struct examination *x = ctx;
	struct part *part = x->parts.at[seen->index];
	enum doubt doubt = DOUBT_NONE;
	bool unread, footer = false;
	unsigned long irregular = x->lint.n_irregular;

	explain_part(x->explain, part, content, len);
	findings_enter(&x->found, part);
	judge_part(x, part, content, len);
	overrule_check(x, part, judge_name(part));
	if (part->leaf)
		active_check(x, part, content, len);
	part->in_skeleton = is_plain_text(x, part, content, len);
	part->plain_base64 = is_plain_base64(x, part);
	if (!part->inside) {
		doubt = lint_part(&x->lint, part);
		part->doubtful = x->lint.n_irregular > irregular;
		footer = part->leaf && doubt == DOUBT_BASE64 && footer_is_inert(x, part);
		if (part->leaf)
			note_leaf(x, part, content, len, footer ? DOUBT_NONE : doubt);
		else if (part->doubtful && part->boundary != NULL)
			part->canonical = canonical_tell(x->parts.bytes, part);
	}
	if (part->n_children > 0 && strcmp(part->path, "0") == 0)
		x->multipart = !part->doubtful;
	unread = part->leaf && active_unread(x, part);
	if (part->archived && !unread && !sealed_is_asked(x, part) &&
	    object_presented(&x->objects, content, len))
		check_member(x, part, content, len);
	else if (part->leaf && !part->in_skeleton && (!part->scanned || unread) && !is_decided(x))
		check_leaf(x, part, content, len);
	if (part->leaf)
		active_finish(x, part);
	if (part->leaf && !part->inside && part->place.whole_content)
		readings_note_guesses(x, part, content, len);
	if (doubt != DOUBT_NONE && part->leaf && judge_may_be_attachment(part)) {
		if (footer || judge_harmless(x, part, content, len))
			findings_add_harmless_doubt(&x->found, part, doubt_phrase(doubt),
			    judge_name(part));
		else
			findings_add_doubt(&x->found, part, doubt_phrase(doubt), judge_name(part),
			    part->canonical);
	}
	hasty_prepare(x);
	return part->limit != PART_TOO_MANY;
}

/*
 * What could be made of it. What is not encoded, and without doubt so, would be
 * what it is in any encoding.
 */
static void
note_leaf(struct examination *x, struct part *part, const char *content, size_t len,
    enum doubt doubt)
{
	part->attachment = doubt == DOUBT_NONE && sniff_is_attachment(content, len);
	if (!part->doubtful || (doubt == DOUBT_NONE && !part->encoded) ||
	    !judge_may_be_attachment(part) || !part->place.whole_content ||
	    len > CANONICAL_CONTENT_MAX - x->canonical_bytes)
		return;
	part->canonical = canonical_tell(x->parts.bytes, part);
	if (part->canonical == NULL)
		return;
	if (canonical_take_content(part->canonical, x->parts.bytes, part, content, len)) {
		x->canonical_bytes += part->canonical->len;
	} else {
		canonical_free(part->canonical);
		part->canonical = NULL;
	}
}

/*
 * A text without a name or an encoding stands in the skeleton as it is, and is
 * scanned with it, unless it is HTML to those who look.
 */
static bool
is_plain_text(const struct examination *x, const struct part *part, const char *content, size_t len)
{
	return x->conf->scan == SCAN_AUTO && part->leaf && !part->inside && !part->encoded &&
	    part->n_names == 0 && part->place.whole_content &&
	    strcmp(part->type, "text/plain") == 0 && !links_in_plain_text(x->conf, content, len);
}

/*
 * Whatever stands around it, to everyone this is what was scanned: no line of it is a
 * boundary or a field, and no decoder gives anything else.
 */
static bool
is_plain_base64(const struct examination *x, const struct part *part)
{
	size_t len = part->place.content_end - part->place.content_begin;

	return part->leaf && !part->inside && part->encoded && part->place.whole_content &&
	    ((x->conf->scan == SCAN_AUTO && len >= PLAIN_MIN) || overrule_lets_pass(x, part)) &&
	    decode_base64_plain(x->parts.bytes + part->place.content_begin, len) == part->len;
}

/*
 * A text is scanned with the skeleton. Of HTML that is the second, textual look, for
 * the scanner sees its normalised form alone; so that it needs a scan of its own.
 */
static void
check_leaf(struct examination *x, const struct part *part, const char *content, size_t len)
{
	const struct joined_piece piece = { .part = *part, .way = DECODE_AS_IS };
	bool html = sniff_is_html(content, len);
	bool later = x->conf->scan == SCAN_AUTO && len <= TEXT_MAX && !part->opened &&
	    (html ||
		((part->n_names == 0 || is_written(x, part)) &&
		    strncmp(part->type, "text/", 5) == 0)) &&
	    sniff_is_text(content, len) && joined_may(content, len) && !sniff_is_mail(content, len);

	x->objects.text_later = later;
	x->objects.digest = &part->digest;
	if (!later || html)
		check_content(x, part, content, len);
	x->objects.text_later = false;
	x->objects.digest = NULL;
	if (later)
		joined_add(&x->texts, &piece, content, len);
}

/* A notice has the name of what was there, and is none of the sender's files. */
static bool
is_written(const struct examination *x, const struct part *part)
{
	for (size_t i = 0; i < x->n_written; i++) {
		if (!part->inside && part->place.header_begin >= x->written[i].begin &&
		    part->place.content_end <= x->written[i].end)
			return true;
	}
	return false;
}

static void
check_content(struct examination *x, const struct part *part, const char *content, size_t len)
{
	struct scan_result result;
	const char *name = judge_name(part);

	x->objects.about = overrule_content(x, part);
	x->objects.collect = part->opened;
	object_scan(&x->objects, &result, content, len);
	x->objects.collect = false;
	explain_scan(x->explain, "part", part->path, content, len, &result);
	for (size_t i = 0; i < result.n_hits; i++) {
		const struct scan_hit *hit = &result.hits[i];

		if (!sealed_is_explained(x, part, content, len, hit) &&
		    !active_explains(x, part, hit))
			findings_add_by(&x->found, part, hit->class, hit->by, hit->name, name);
	}
	if (result.failed)
		findings_add(&x->found, part, CLASS_ERROR, result.error, name);
	if (x->objects.member_rule[0] != '\0')
		findings_add_member(&x->found, part, x->objects.member_rule,
		    x->objects.member_name);
	look_for_mail(x, part, content, len);
}

/* A text is shown, and nobody opens it as a message, but for its name. */
static void
look_for_mail(struct examination *x, const struct part *part, const char *content, size_t len)
{
	if (part->message || strncmp(part->type, "message/", 8) == 0 ||
	    (!part->opened && (strncmp(part->type, "text/", 5) != 0 || part_is_called_mail(part)) &&
		sniff_is_mail(content, len)))
		readings_of_content(x, part, content, len);
}

/* A member that the scanner has seen in the archive: names alone are to be judged yet, and how it reads. */
static void
check_member(struct examination *x, const struct part *part, const char *content, size_t len)
{
	object_names(&x->objects, content, len);
	if (x->objects.member_rule[0] != '\0' &&
	    !findings_told(x->found.report, CLASS_BLOCKED, part->path))
		findings_add_member(&x->found, part, x->objects.member_rule,
		    x->objects.member_name);
	look_for_mail(x, part, content, len);
}

/*
 * What the parts leave out. A message that reads the same to everyone needs its
 * skeleton scanned, and each byte is scanned once. Any other, and one in whose
 * skeleton something is found, is scanned part by part and as a whole.
 */
static void
check_whole(struct examination *x)
{
	struct scan_result skeleton = { .n_hits = 0 };
	bool clean;

	if (is_decided(x))
		return;
	if (!x->irregular) {
		leave_out_allowed(x);
		readings_of_guesses(x, &x->texts);
	}
	if (x->conf->scan == SCAN_AUTO && !x->irregular && skeleton_clean(x, &skeleton))
		return;
	if (!x->irregular)
		check_texts(x, false);
	for (size_t i = 0; i < x->texts.n; i++) {
		const struct joined_piece *piece = &x->texts.pieces[i];

		check_text(x, &piece->part, x->texts.bytes + piece->begin, piece->len,
		    x->irregular);
	}
	if (is_blamed(x, &skeleton))
		return;
	clean = check_raw(x, &skeleton);
	/* They stand in the raw message as they are; else it is to be told in which. */
	if (x->irregular && !clean)
		check_texts(x, true);
	if (!x->irregular)
		return;
	readings_of_message(x);
	/* Views among it are no news any more. */
	readings_of_guesses(x, &x->joined);
}

/* To everyone they are what they are to us, so what is found in them is settled. */
static void
leave_out_allowed(struct examination *x)
{
	for (size_t i = 0; i < x->parts.n; i++) {
		struct part *part = x->parts.at[i];

		if (part->leaf && !part->inside && part->place.whole_content &&
		    overrule_lets_pass(x, part))
			part->plain_base64 = true;
	}
}

/* Nothing that might still be found would change what becomes of an infected message. */
static bool
is_decided(const struct examination *x)
{
	return x->found.infected && x->found.report->action == ACTION_REJECT;
}

/*
 * Something infected is going to be removed: then the result is examined, whatever else
 * is found, and it is what has to be clean. What stands around the parts, and what is left
 * of a message whose body goes, needs no look of its own if that is.
 */
static bool
may_wait(const struct examination *x)
{
	return x->objects.before == NULL && x->found.infected &&
	    x->conf->action[CLASS_INFECTED] == ACTION_REMOVE &&
	    x->found.report->action == ACTION_REMOVE &&
	    ((x->conf->scan == SCAN_AUTO && !x->irregular) ||
		findings_goes(&x->found, &x->parts.root));
}

/* Those that stand in the skeleton. */
static void
check_texts(struct examination *x, bool irregular)
{
	for (size_t i = 0; i < x->parts.n; i++) {
		const struct part *part = x->parts.at[i];

		if (part->in_skeleton)
			check_text(x, part, x->parts.bytes + part->place.content_begin,
			    part->place.content_end - part->place.content_begin, irregular);
	}
}

/* One that was put off: with the views if there are any, else alone, since there is something. */
static void
check_text(struct examination *x, const struct part *part, const char *content, size_t len,
    bool irregular)
{
	const struct joined_piece piece = { .part = *part, .way = DECODE_AS_IS };

	if (irregular && joined_may(content, len))
		joined_add(&x->joined, &piece, content, len);
	else
		check_content(x, part, content, len);
}

/*
 * The infection stands in a part, which is going to be removed. Whether that was all of it
 * is seen in the result.
 */
static bool
is_blamed(const struct examination *x, const struct scan_result *skeleton)
{
	for (size_t i = 0; i < skeleton->n_hits; i++)
		if (skeleton->hits[i].class != CLASS_INFECTED)
			return false;
	return !skeleton->failed && skeleton->n_hits > 0 && x->found.part_hit[CLASS_INFECTED] &&
	    x->conf->action[CLASS_INFECTED] == ACTION_REMOVE &&
	    x->found.report->action == ACTION_REMOVE;
}

static bool
skeleton_clean(struct examination *x, struct scan_result *result)
{
	size_t len;
	char *skeleton = lint_skeleton(&x->parts, &len);

	if (x->texts.n > 0) {
		skeleton = realloc(skeleton, len + x->texts.len + 2);
		if (skeleton == NULL)
			err(EX_OSERR, "look");
		memcpy(skeleton + len, "\n\n", 2);
		memcpy(skeleton + len + 2, x->texts.bytes, x->texts.len);
		len += 2 + x->texts.len;
	}
	scan_bytes(result, SCAN_SKELETON, skeleton, len, whole_seconds(x));
	object_overrule(&x->objects, NULL, result);
	explain_scan(x->explain, "skeleton", "", skeleton, len, result);
	free(skeleton);
	return !result->failed && result->n_hits == 0;
}

/*
 * The raw message, as another reader might take it apart, but for long contents about which
 * there is nothing to differ. What the parts have
 * shown already is not news, but for want of time; an infection that the parts explain is
 * looked for again once they are gone (settle). True if it is clean.
 */
static bool
check_raw(struct examination *x, const struct scan_result *skeleton)
{
	struct scan_result result;
	bool located = false;
	size_t len;
	char *raw = lint_without_plain(&x->parts, &len);

	scan_bytes(&result, SCAN_MAIL, raw, len, whole_seconds(x));
	add_if_late(&result, skeleton);
	object_overrule(&x->objects, NULL, &result);
	explain_scan(x->explain, "mail", "", raw, len, &result);
	free(raw);
	for (size_t i = 0; i < result.n_hits; i++) {
		const struct scan_hit *hit = &result.hits[i];
		enum verdict_class class = hit->class;
		enum verdict_action action = hit->by != NULL ? hit->by->action
							     : x->conf->action[class];

		if (sealed_is_explained_whole(x, hit) || active_explains_whole(x, hit))
			continue;
		if (x->found.part_hit[class] && !(located && class == CLASS_INFECTED) &&
		    !scan_result_is_late(&result.hits[i]))
			continue;
		if (class == CLASS_INFECTED && action == ACTION_REMOVE)
			located = located || heads_check(x, hit->name);
		if (class == CLASS_INFECTED && action == ACTION_REMOVE && located)
			findings_tell_whole(&x->found, class, ACTION_REMOVE, hit->name);
		else
			findings_add_whole_by(&x->found, class, hit->by, hit->name);
	}
	if (result.failed)
		findings_add_whole(&x->found, CLASS_ERROR, result.error);
	return result.n_hits == 0 && !result.failed;
}

static unsigned int
whole_seconds(const struct examination *x)
{
	unsigned int left = object_last_seconds(&x->objects);

	return left > WHOLE_SECONDS ? left : WHOLE_SECONDS;
}

/* Whoever has not seen all of it has not seen what is in its skeleton either. */
static void
add_if_late(struct scan_result *result, const struct scan_result *skeleton)
{
	bool late = false;

	for (size_t i = 0; i < result->n_hits; i++)
		late = late || scan_result_is_late(&result->hits[i]);
	for (size_t i = 0; i < skeleton->n_hits && late; i++)
		scan_result_add_hit(result, skeleton->hits[i].name);
}

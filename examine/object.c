/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * object.c - what is handed to the scanner as a file.
 *
 * Needs the scanner open. Memory that runs out ends the process.
 */
#include "object.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "array.h"
#include "effort.h"
#include "links.h"
#include "mime_formats.h"
#include "scan_result.h"
#include "sniff.h"

/* libclamav looks at no file of so few bytes, so it tells of none. */
#define UNSEEN_MAX 5

/* Of the time, for the header and what stands around the parts. */
#define LAST_SHARE 8

struct object_clean {
	struct part_digest digest;
	bool but_text; /* its text was left to a scan with others, which has to be done again */
};

static unsigned int seconds_until(int64_t deadline);
static bool is_clean(const struct objects *, const struct part_digest *, bool text_later);
static enum scan_kind kind_for(const struct objects *);
static void scan_content(const struct objects *, struct scan_result *, const char *, size_t);
static void scan_again(struct objects *, struct scan_result *, const char *, size_t);
static void add(struct scan_result *, const struct scan_result *more);
static bool stands(const struct scan_result *);
static scan_member see_member;
static format_name judge_member;

void
object_begin(struct objects *o, const struct conf *conf, const struct overrides *overrides,
    struct report *report, int64_t deadline)
{
	*o = (struct objects){ .conf = conf,
		.overrides = overrides,
		.report = report,
		.deadline = deadline - (deadline - effort_ms()) / LAST_SHARE,
		.last = deadline };
}

void
object_free(struct objects *o)
{
	free(o->clean);
	o->clean = NULL;
	o->n_clean = 0;
	free(o->seen);
	o->seen = NULL;
	o->n_seen = 0;
	presented_free(&o->presented);
}

unsigned int
object_seconds(const struct objects *o)
{
	return seconds_until(o->deadline);
}

unsigned int
object_last_seconds(const struct objects *o)
{
	return seconds_until(o->last);
}

static unsigned int
seconds_until(int64_t deadline)
{
	int64_t left = (deadline - effort_ms() + 999) / 1000;

	return left < 0 ? 0 : (unsigned int)left;
}

void
object_scan(struct objects *o, struct scan_result *result, const char *content, size_t len)
{
	const struct override *about = o->about;
	bool within = about != NULL; /* it counts here, and not for the same bytes elsewhere */
	struct part_digest digest;
	struct scan_result more;

	o->about = NULL;
	o->member_rule[0] = '\0';
	/* It holds for this content and for none that comes of it. */
	if (o->digest != NULL)
		digest = *o->digest;
	else
		part_hash(content, len, &digest);
	o->digest = NULL;
	if (about == NULL)
		about = override_find(o->overrides, NULL, digest.sha256);
	if (!o->collect &&
	    (is_clean(o, &digest, o->text_later) ||
		(o->before != NULL && is_clean(o->before, &digest, o->text_later)))) {
		memset(result, 0, sizeof(*result));
		return;
	}
	scan_on_member(o->collect || o->conf->archive_names ? see_member : NULL, o);
	scan_content(o, result, content, len);
	scan_on_member(NULL, NULL);
	if (o->conf->archive_names)
		formats_names(content, len, judge_member, o);
	object_overrule(o, about, result);
	if (!o->text_later && !stands(result) && !result->failed && sniff_is_html(content, len)) {
		scan_bytes(&more, SCAN_TEXT, content, len, object_seconds(o));
		add(result, &more);
	}
	if (!result->failed)
		scan_again(o, result, content, len);
	object_overrule(o, about, result);
	if (result->failed || result->n_hits > 0 || o->member_rule[0] != '\0' || within)
		return;
	o->clean = array_grow(o->clean, o->n_clean, sizeof(*o->clean), "object");
	o->clean[o->n_clean++] = (struct object_clean){ digest, o->text_later };
}

/*
 * What is removed because it is infected is gone, whatever else there is to say about it;
 * unless a line of the administrator's is about one signature of two. Of a container
 * that is opened here all has to be seen.
 */
static enum scan_kind
kind_for(const struct objects *o)
{
	enum verdict_action done = o->conf->action[CLASS_INFECTED];

	if (o->collect || o->overrides->n > 0 ||
	    !(verdict_action_edits(done) || verdict_action_is_whole(done)))
		return SCAN_PART;
	for (int other = 0; other < CLASS_COUNT; other++) {
		if (other != CLASS_ERROR && verdict_action_wins(o->conf->action[other], done))
			return SCAN_PART;
	}
	return SCAN_FIRST;
}

/* A text of the message in a message, if its links count. */
static void
scan_content(const struct objects *o, struct scan_result *result, const char *content, size_t len)
{
	char *mail;
	size_t size;

	if (!o->text_later || !links_wanted(o->conf, content, len)) {
		scan_bytes(result, kind_for(o), content, len, object_seconds(o));
		return;
	}
	mail = links_mail(content, len, &size);
	scan_bytes(result, SCAN_PART, mail, size, object_seconds(o));
	free(mail);
}

/*
 * The same content in the same message, or in the message as it came: an edit of other
 * bytes changes nothing about that.
 */
static bool
is_clean(const struct objects *o, const struct part_digest *digest, bool text_later)
{
	for (size_t i = 0; i < o->n_clean; i++) {
		if (memcmp(&o->clean[i].digest, digest, sizeof(*digest)) == 0 &&
		    (text_later || !o->clean[i].but_text))
			return true;
	}
	return false;
}

/* What only some unpackers see in an archive (the table of formats). */
static void
scan_again(struct objects *o, struct scan_result *result, const char *content, size_t len)
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
		scan_on_member(o->collect || o->conf->archive_names ? see_member : NULL, o);
		scan_bytes(&more, SCAN_PART, again, n, object_seconds(o));
		scan_on_member(NULL, NULL);
		add(result, &more);
		free(again);
	}
}

static void
add(struct scan_result *result, const struct scan_result *more)
{
	for (size_t i = 0; i < more->n_hits; i++)
		scan_result_add_hit(result, more->hits[i].name);
	if (more->failed)
		scan_result_fail(result, "%s", more->error);
}

/* Is there a hit that no line decides about? */
static bool
stands(const struct scan_result *result)
{
	for (size_t i = 0; i < result->n_hits; i++) {
		if (result->hits[i].by == NULL)
			return true;
	}
	return false;
}

/*
 * A result that is full may lack a hit that no line is about. That something is encrypted,
 * was not opened or exceeds a limit is no verdict of a signature, whatever the name.
 */
void
object_overrule(const struct objects *o, const struct override *about, struct scan_result *result)
{
	size_t n = 0;

	if (o->overrides->n == 0 || result->n_hits == SCAN_MAX_HITS)
		return;
	for (size_t i = 0; i < result->n_hits; i++) {
		struct scan_hit *hit = &result->hits[i];
		bool named = hit->class == CLASS_INFECTED || hit->class == CLASS_BLOCKED;

		if (named)
			hit->by = override_find(o->overrides, hit->name, NULL);
		if (about != NULL && (hit->by == NULL || about->line < hit->by->line))
			hit->by = about;
		if (hit->by != NULL)
			object_tell(o, hit->by, hit->name);
		if (hit->by == NULL || !hit->by->ignore)
			result->hits[n++] = *hit;
	}
	result->n_hits = n;
}

void
object_tell(const struct objects *o, const struct override *by, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), "%u: %s: %s", by->line, what, override_word(by));
	report_add_verdict(o->report, text);
}

void
object_names(struct objects *o, const char *content, size_t len)
{
	o->member_rule[0] = '\0';
	if (o->conf->archive_names)
		formats_names(content, len, judge_member, o);
}

bool
object_presented(struct objects *o, const char *content, size_t len)
{
	return len <= UNSEEN_MAX || presented_has(&o->presented, content, len);
}

static void
see_member(void *ctx, const char *name, const char *bytes, size_t len)
{
	struct objects *o = ctx;

	if (bytes == NULL)
		judge_member(o, name);
	else if (o->collect)
		presented_add(&o->presented, bytes, len);
}

/* The first offender stands for all that are in the same part. */
static void
judge_member(void *ctx, const char *name)
{
	struct objects *o = ctx;
	char rule[POLICY_RULE_MAX], *copy;
	size_t which;

	if (o->member_rule[0] != '\0' || !o->conf->archive_names)
		return;
	if (name == NULL) {
		if (!o->conf->block_executables)
			return;
		strlcpy(rule, "executable content", sizeof(rule));
		name = "";
	} else {
		copy = strdup(name);
		if (copy == NULL)
			err(EX_OSERR, "examine");
		rule[0] = '\0';
		if (!policy_blocks(o->conf, &copy, 1, NULL, 0, rule, &which))
			rule[0] = '\0';
		free(copy);
	}
	if (rule[0] == '\0')
		return;
	snprintf(o->member_rule, sizeof(o->member_rule), "inside: %s", rule);
	strlcpy(o->member_name, name, sizeof(o->member_name));
}

bool
object_seen(struct objects *o, const struct part_digest *digest)
{
	for (size_t i = 0; i < o->n_seen; i++) {
		if (memcmp(&o->seen[i], digest, sizeof(*digest)) == 0)
			return true;
	}
	o->seen = array_grow(o->seen, o->n_seen, sizeof(*o->seen), "object");
	o->seen[o->n_seen++] = *digest;
	return false;
}

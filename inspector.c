/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inspector.c - one message in, one report out.
 *
 * Over a stream socket come the message (a sealed descriptor), the settings
 * and a few facts, and back goes the report. In between this process shuts
 * itself in, loads the signatures if it has none yet, walks the MIME tree and
 * scans it. It owns nothing that outlives it: the private directory is removed
 * by whoever started it, and whatever ends this process, the front has the
 * whole mail.
 *
 * Order of the steps: receive, shut the file system, load and prove the
 * scanner (or take the engine's), shut the system calls, walk and scan every part, scan the raw mail,
 * decide, edit, look at the result again if something infected was taken out,
 * report.
 *
 * Diagnostics: a failure is a report with one finding of class error; anything
 * else that ends this process is told by the front.
 */
#include "inspector.h"

#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "defang.h"
#include "header.h"
#include "message.h"
#include "mime_lint.h"
#include "mime_views.h"
#include "mime_walk.h"
#include "policy.h"
#include "report.h"
#include "request.h"
#include "sandbox.h"
#include "scan.h"

#define REASON_MAX 600
#define SLOW_LOAD_MS 1000

/* One place of the message and what is to be done there. */
struct target {
	struct part_place place;
	enum verdict_action action;
	char *name;			/* what the part was called */
	char reason[REASON_MAX];
};

struct digest {
	uint8_t bytes[SHA256_DIGEST_LENGTH];
};

/* A leaf that GMime shows, for what is found in the bytes where it stands. */
struct leaf {
	struct part_place place;
	char path[PART_PATH_MAX];
	size_t len;			/* of its decoded content */
};

struct inspector {
	struct conf conf;
	struct request request;
	struct message message;
	struct report report;
	int64_t started;		/* now_ms */

	struct part_place root;
	struct lint lint;
	struct leaf *leaves;		/* of the message itself, not inside encoded ones */
	size_t n_leaves;
	struct digest *seen;		/* of contents that were scanned */
	size_t n_seen;
	struct part *plain;		/* texts that the skeleton holds; path and place only */
	size_t n_plain;
	struct target *targets;
	size_t n_targets;
	bool part_hit[CLASS_COUNT];	/* classes that were found in a part */
	bool infected;
	char outer_name[256];		/* of the part that is being walked, not of one inside it */
	char removed[PART_PATH_MAX];	/* what is below this path goes with it */
	char removed_reason[POLICY_RULE_MAX];
};

static int64_t now_ms(void);
static void inspect_message(struct inspector *, const char *scratch);
static void examine(struct inspector *);
static bool prepare_scanner(struct inspector *, const char *scratch, char *err, size_t errsize);
static void fail(struct inspector *, const char *sentence);
static void note(void *ctx, const char *sentence);
static bool visit_part(void *ctx, const struct part *, const char *content, size_t len);
static bool may_be_attachment(const struct part *);
static void check_limit(struct inspector *, const struct part *);
static void check_names(struct inspector *, const struct part *, const char *, size_t);
static void check_content(struct inspector *, const struct part *, const char *, size_t);
static void keep_leaf(struct inspector *, const struct part *, size_t len);
static void find(struct inspector *, const struct part *, enum verdict_class,
    const char *reason, const char *name);
static void remove_below(struct inspector *, const char *path, const char *reason);
static struct target *target_at(struct inspector *, const struct part_place *);
static void aim(struct inspector *, const struct part_place *, enum verdict_action,
    const char *reason, const char *name);
static bool is_plain_text(const struct inspector *, const struct part *);
static void put_off(struct inspector *, const struct part *);
static void check_whole(struct inspector *);
static bool skeleton_clean(struct inspector *);
static void check_raw(struct inspector *);
static void check_views(struct inspector *);
static bool remember_content(void *ctx, const struct part *, const char *, size_t len);
static bool visit_region(void *ctx, const struct region *);
static bool visit_view(void *ctx, const struct view *);
static const struct leaf *leaf_around(const struct inspector *, size_t begin, size_t end);
static struct part part_at(const struct inspector *, const struct leaf *);
static bool is_attachment(const char *, size_t len);
static bool seen_before(struct inspector *, const char *, size_t len);
static void find_whole(struct inspector *, enum verdict_class, enum verdict_action,
    const char *reason);
static void edit(struct inspector *);
static void edit_target(struct inspector *, const struct defang *, const struct target *);
static void settle(struct inspector *);
static void examine_result(const struct inspector *, struct inspector *);
static const struct finding *remaining(const struct report *);
static bool append(void *ctx, const char *buf, size_t len);
static unsigned int seconds_left(const struct inspector *);
static bool send_report(int sock, const struct report *);

void
inspector_serve(int sock, const char *scratch)
{
	static struct inspector in;
	char sentence[512];

	in.started = now_ms();
	conf_init(&in.conf);
	report_init(&in.report);
	if (request_receive(sock, &in.request, &in.conf, &in.message, sentence, sizeof(sentence)))
		inspect_message(&in, scratch != NULL ? scratch : in.request.scratch);
	else
		fail(&in, sentence);
	in.report.size = in.message.size;
	/* No tidying up: the process ends, and nobody waits for its memory. */
	_exit(send_report(sock, &in.report) ? EX_OK : EX_IOERR);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Whatever was found so far does not count any more. */
static void
fail(struct inspector *in, const char *sentence)
{
	report_free(&in->report);
	report_add_finding(&in->report, CLASS_ERROR, in->conf.action[CLASS_ERROR], "0",
	    sentence, "");
}

static void
note(void *ctx, const char *sentence)
{
	struct inspector *in = ctx;

	report_add_note(&in->report, sentence);
}

static void
inspect_message(struct inspector *in, const char *scratch)
{
	const char *wrong;
	char sentence[512];

	if (!sandbox_files(&in->conf, scratch, note, in, sentence, sizeof(sentence)) ||
	    !prepare_scanner(in, scratch, sentence, sizeof(sentence)) ||
	    !sandbox_syscalls(note, in, sentence, sizeof(sentence))) {
		fail(in, sentence);
		return;
	}
	in->report.scanner = strdup(scan_banner());
	if (in->report.scanner == NULL)
		err(EX_OSERR, "inspector");
	examine(in);
	edit(in);
	settle(in);
	wrong = message_check_edits(in->message.size, in->report.edits, in->report.n_edits,
	    in->request.crlf);
	if (wrong != NULL)
		fail(in, wrong);
}

/* Walk and scan everything; afterwards the findings are there, and the targets. */
static void
examine(struct inspector *in)
{
	lint_begin(&in->lint, in->message.bytes, in->message.size);
	mime_walk(in->message.bytes, in->message.size, &in->conf, &in->root, visit_part, in);
	check_whole(in);
}

/* An engine's child has the scanner already, another loads it. */
static bool
prepare_scanner(struct inspector *in, const char *scratch, char *err, size_t errsize)
{
	int64_t took;
	bool ok;

	if (scan_is_open())
		return scan_adapt(&in->conf, scratch, err, errsize);
	took = now_ms();
	ok = scan_open(&in->conf, scratch, err, errsize);
	took = now_ms() - took;
	if (took > SLOW_LOAD_MS) {
		char sentence[128];

		snprintf(sentence, sizeof(sentence), "loading the signatures took %lld ms; "
		    "an engine would spare each message that", (long long)took);
		report_add_note(&in->report, sentence);
	}
	return ok;
}

static bool
visit_part(void *ctx, const struct part *part, const char *content, size_t len)
{
	struct inspector *in = ctx;
	size_t removed_len = strlen(in->removed);
	const char *doubt = NULL;
	bool plain;

	if (!part->inside)
		strlcpy(in->outer_name, part->n_names > 0 ? part->names[0] : "",
		    sizeof(in->outer_name));
	if (removed_len > 0 && strncmp(part->path, in->removed, removed_len) != 0)
		in->removed[0] = '\0';
	else if (removed_len > 0 && part->leaf)
		aim(in, &part->place, ACTION_REMOVE, in->removed_reason, in->outer_name);

	check_limit(in, part);
	check_names(in, part, content, len);
	plain = is_plain_text(in, part);
	if (!part->inside)
		doubt = lint_part(&in->lint, part, !plain);
	if (plain)
		put_off(in, part);
	else if (part->leaf)
		check_content(in, part, content, len);
	if (doubt != NULL && part->leaf && may_be_attachment(part))
		find(in, part, CLASS_AMBIGUOUS, doubt, part->n_names > 0 ? part->names[0] : "");
	return part->limit != PART_TOO_MANY;
}

/* Text without a name is shown, not opened, whatever becomes of its letters. */
static bool
may_be_attachment(const struct part *part)
{
	return part->n_names > 0 || (part->type[0] != '\0' &&
	    strncmp(part->type, "text/", 5) != 0 && strncmp(part->type, "message/", 8) != 0);
}

static void
check_limit(struct inspector *in, const struct part *part)
{
	switch (part->limit) {
	case PART_WITHIN:
		break;
	case PART_TOO_DEEP:
		find(in, part, CLASS_LIMIT, "nested too deep", in->outer_name);
		break;
	case PART_HEADER_TOO_BIG:
		find(in, part, CLASS_LIMIT, "header too long", "");
		break;
	case PART_TOO_MANY:
		find_whole(in, CLASS_LIMIT, in->conf.action[CLASS_LIMIT], "too many parts");
		break;
	}
}

static void
check_names(struct inspector *in, const struct part *part, const char *content, size_t len)
{
	char rule[POLICY_RULE_MAX];
	size_t which;

	if (policy_blocks(&in->conf, part->names, part->n_names, content, len, rule, &which))
		find(in, part, CLASS_BLOCKED, rule,
		    which < part->n_names ? part->names[which] : "");
}

static void
check_content(struct inspector *in, const struct part *part, const char *content, size_t len)
{
	struct scan_result result;
	const char *name = part->n_names > 0 ? part->names[0] : "";

	keep_leaf(in, part, len);
	scan_bytes(&result, SCAN_PART, content, len, seconds_left(in));
	for (size_t i = 0; i < result.n_hits; i++)
		find(in, part, result.hits[i].class, result.hits[i].name, name);
	if (result.failed)
		find(in, part, CLASS_ERROR, result.error, name);
}

static void
keep_leaf(struct inspector *in, const struct part *part, size_t len)
{
	struct leaf *leaf;

	if (part->inside)
		return;
	in->leaves = reallocarray(in->leaves, in->n_leaves + 1, sizeof(*in->leaves));
	if (in->leaves == NULL)
		err(EX_OSERR, "inspector");
	leaf = &in->leaves[in->n_leaves++];
	leaf->place = part->place;
	leaf->len = len;
	strlcpy(leaf->path, part->path, sizeof(leaf->path));
}

/* Something was found in a part: report it and take aim at the part. */
static void
find(struct inspector *in, const struct part *part, enum verdict_class class,
    const char *reason, const char *name)
{
	enum verdict_action action = in->conf.action[class];

	in->part_hit[class] = true;
	in->infected = in->infected || class == CLASS_INFECTED;
	report_add_finding(&in->report, class, action, part->path, reason, name);
	if (action == ACTION_REMOVE && !part->place.whole_content)
		remove_below(in, part->path, reason);
	aim(in, &part->place, action, reason, part->inside ? in->outer_name : name);
}

/*
 * Where a container ends is not known: its header loses its type, and each leaf
 * in it goes. Those of "2" and of "2.0" have paths that begin with "2.".
 */
static void
remove_below(struct inspector *in, const char *path, const char *reason)
{
	size_t len = strlcpy(in->removed, path, sizeof(in->removed));

	if (len >= 2 && strcmp(path + len - 2, ".0") == 0)
		in->removed[len - 1] = '\0';
	else
		strlcat(in->removed, ".", sizeof(in->removed));
	strlcpy(in->removed_reason, reason, sizeof(in->removed_reason));
}

/* The target at a place, a new one if there is none yet. */
static struct target *
target_at(struct inspector *in, const struct part_place *place)
{
	struct target *t;

	/* A leaf that is the whole message, or its outermost container. */
	if (place->header_begin == in->root.header_begin)
		place = &in->root;
	for (size_t i = 0; i < in->n_targets; i++) {
		if (in->targets[i].place.header_begin == place->header_begin)
			return &in->targets[i];
	}
	in->targets = reallocarray(in->targets, in->n_targets + 1, sizeof(*in->targets));
	if (in->targets == NULL)
		err(EX_OSERR, "inspector");
	t = &in->targets[in->n_targets++];
	*t = (struct target){ .place = *place, .action = ACTION_PASS };
	return t;
}

/* The strongest action at a place wins; the reasons of that action are told. */
static void
aim(struct inspector *in, const struct part_place *place, enum verdict_action action,
    const char *reason, const char *name)
{
	struct target *t;

	if (action != ACTION_DEFANG && action != ACTION_REMOVE)
		return;
	t = target_at(in, place);
	if (action < t->action)
		return;
	if (action > t->action)
		t->reason[0] = '\0';
	t->action = action;
	if (strstr(t->reason, reason) == NULL) {
		if (t->reason[0] != '\0')
			strlcat(t->reason, ", ", sizeof(t->reason));
		strlcat(t->reason, reason, sizeof(t->reason));
	}
	if (t->name == NULL || t->name[0] == '\0') {
		free(t->name);
		t->name = strdup(name);
		if (t->name == NULL)
			err(EX_OSERR, "inspector");
	}
}

static void
find_whole(struct inspector *in, enum verdict_class class, enum verdict_action action,
    const char *reason)
{
	in->infected = in->infected || class == CLASS_INFECTED;
	report_add_finding(&in->report, class, action, "0", reason, "");
	aim(in, &in->root, action, reason, "message");
}

/*
 * A text without a name or an encoding stands in the skeleton as it is, and is
 * scanned with it.
 */
static bool
is_plain_text(const struct inspector *in, const struct part *part)
{
	return in->conf.scan == SCAN_AUTO && part->leaf && !part->inside && !part->encoded &&
	    part->n_names == 0 && part->place.whole_content &&
	    strcmp(part->type, "text/plain") == 0;
}

static void
put_off(struct inspector *in, const struct part *part)
{
	struct part *copy;

	in->plain = reallocarray(in->plain, in->n_plain + 1, sizeof(*in->plain));
	if (in->plain == NULL)
		err(EX_OSERR, "inspector");
	copy = &in->plain[in->n_plain++];
	*copy = (struct part){ .leaf = true, .type = "text/plain", .place = part->place };
	strlcpy(copy->path, part->path, sizeof(copy->path));
}

/*
 * What the parts leave out. A mail that reads the same to everyone needs its
 * skeleton scanned, and each byte is scanned once. Any other, and one in whose
 * skeleton something is found, is scanned part by part and as a whole.
 */
static void
check_whole(struct inspector *in)
{
	const char *irregular = lint_irregular(&in->lint);

	if (in->conf.scan == SCAN_AUTO && irregular == NULL && skeleton_clean(in))
		return;
	for (size_t i = 0; i < in->n_plain; i++) {
		const struct part_place *place = &in->plain[i].place;

		check_content(in, &in->plain[i], in->message.bytes + place->content_begin,
		    place->content_end - place->content_begin);
	}
	check_raw(in);
	if (irregular != NULL)
		check_views(in);
}

static bool
skeleton_clean(struct inspector *in)
{
	struct scan_result result;
	size_t len;
	char *skeleton = lint_skeleton(&in->lint, &len);

	scan_bytes(&result, SCAN_SKELETON, skeleton, len, seconds_left(in));
	free(skeleton);
	return !result.failed && result.n_hits == 0;
}

/*
 * The raw mail, as another reader might take it apart. What the parts have
 * shown already is not news; an infection that the parts explain is looked
 * for again once they are gone (settle).
 */
static void
check_raw(struct inspector *in)
{
	struct scan_result result;

	scan_bytes(&result, SCAN_MAIL, in->message.bytes, in->message.size, seconds_left(in));
	for (size_t i = 0; i < result.n_hits; i++) {
		enum verdict_class class = result.hits[i].class;

		if (!in->part_hit[class])
			find_whole(in, class, in->conf.action[class], result.hits[i].name);
	}
	if (result.failed)
		find_whole(in, CLASS_ERROR, in->conf.action[CLASS_ERROR], result.error);
}

/*
 * An irregular mail in every way that anybody might read it. What is found is
 * held against the leaf in whose bytes it stands, else against the whole.
 */
static void
check_views(struct inspector *in)
{
	struct part_place root;

	mime_walk(in->message.bytes, in->message.size, &in->conf, &root, remember_content, in);
	if (!views_each(in->message.bytes, in->message.size, &in->root, &in->conf, visit_region,
	    visit_view, in))
		find_whole(in, CLASS_LIMIT, in->conf.action[CLASS_LIMIT], "too many readings");
}

static bool
remember_content(void *ctx, const struct part *part, const char *content, size_t len)
{
	if (part->leaf)
		seen_before(ctx, content, len);
	return part->limit != PART_TOO_MANY;
}

/* The names that a region gives itself, if it isn't one of the parts. */
static bool
visit_region(void *ctx, const struct region *region)
{
	struct inspector *in = ctx;
	const struct leaf *leaf;
	char rule[POLICY_RULE_MAX];
	size_t which;
	struct part part;

	for (size_t i = 0; i < in->n_leaves; i++) {
		if (in->leaves[i].place.header_begin == region->begin)
			return true;
	}
	if (!policy_blocks(&in->conf, region->names, region->n_names, NULL, 0, rule, &which))
		return true;
	leaf = leaf_around(in, region->begin, region->end);
	part = part_at(in, leaf);
	find(in, &part, CLASS_BLOCKED, rule, region->names[which]);
	return true;
}

static bool
visit_view(void *ctx, const struct view *view)
{
	struct inspector *in = ctx;
	const struct leaf *leaf = leaf_around(in, view->begin, view->end);
	struct part part = part_at(in, leaf);
	struct scan_result result;
	size_t differs;

	if (seen_before(in, view->content, view->len))
		return true;
	scan_bytes(&result, SCAN_PART, view->content, view->len, seconds_left(in));
	for (size_t i = 0; i < result.n_hits; i++) {
		/* A stretch around parts that have shown it is no news (settle). */
		if (leaf != NULL || !in->part_hit[result.hits[i].class])
			find(in, &part, result.hits[i].class, result.hits[i].name, "");
	}
	if (result.failed) {
		find(in, &part, CLASS_ERROR, result.error, "");
		return false;
	}
	/* An attachment that GMime does not show; not one whose last byte is in doubt. */
	differs = leaf == NULL ? view->len :
	    view->len > leaf->len ? view->len - leaf->len : leaf->len - view->len;
	if (result.n_hits == 0 && differs > 3 && is_attachment(view->content, view->len))
		find(in, &part, CLASS_AMBIGUOUS, in->lint.irregular, "");
	return true;
}

/* The leaf in whose header or content a stretch lies, NULL if there is none. */
static const struct leaf *
leaf_around(const struct inspector *in, size_t begin, size_t end)
{
	for (size_t i = 0; i < in->n_leaves; i++) {
		const struct part_place *p = &in->leaves[i].place;
		size_t line_end = header_line_end(in->message.bytes, in->message.size,
		    p->content_end);

		if (p->whole_content && begin >= p->header_begin && end <= p->content_end + line_end)
			return &in->leaves[i];
	}
	return NULL;
}

static struct part
part_at(const struct inspector *in, const struct leaf *leaf)
{
	struct part part = { .path = "0", .leaf = true, .type = "", .place = in->root };

	if (leaf != NULL) {
		strlcpy(part.path, leaf->path, sizeof(part.path));
		part.place = leaf->place;
	}
	return part;
}

/* Does it begin like a program, an archive or a document that can hold programs? */
static bool
is_attachment(const char *content, size_t len)
{
	static const struct { const char *magic; size_t len; } kinds[] = {
		{ "PK\003\004", 4 }, { "Rar!\032\007", 6 }, { "7z\274\257\047\034", 6 },
		{ "\037\213\010", 3 }, { "BZh", 3 }, { "\3757zXZ", 5 }, { "MSCF", 4 },
		{ "ITSF", 4 }, { "\320\317\021\340\241\261\032\341", 8 }, { "%PDF-", 5 },
		{ "{\\rtf", 5 }, { "\177ELF", 4 }, { "\312\376\272\276", 4 },
		{ "L\0\0\0\001\024\002\0", 8 }, { "MZ\220\0", 4 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (len > kinds[i].len && memcmp(content, kinds[i].magic, kinds[i].len) == 0)
			return true;
	}
	return false;
}

/* Most views are the same bytes again. */
static bool
seen_before(struct inspector *in, const char *content, size_t len)
{
	struct digest digest;
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)content, len);
	SHA256Final(digest.bytes, &sha);
	for (size_t i = 0; i < in->n_seen; i++) {
		if (memcmp(&in->seen[i], &digest, sizeof(digest)) == 0)
			return true;
	}
	in->seen = reallocarray(in->seen, in->n_seen + 1, sizeof(*in->seen));
	if (in->seen == NULL)
		err(EX_OSERR, "inspector");
	in->seen[in->n_seen++] = digest;
	return false;
}

/* All edits, from the findings as they stand now. */
static void
edit(struct inspector *in)
{
	struct defang d = { in->message.bytes, in->message.size, NULL, &in->report };
	struct target *whole = target_at(in, &in->root);

	d.eol = in->request.crlf ? "\r\n" : defang_eol(d.bytes, d.size, "\n");
	for (size_t i = 0; i < in->report.n_edits; i++)
		free(in->report.edits[i].text);
	in->report.n_edits = 0;
	if (in->conf.header) {
		defang_mark(&d, mime_from_line(d.bytes, d.size), in->report.scanner);
		defang_strike(&d, &in->root);
	}
	if (whole->action == ACTION_REMOVE) {
		edit_target(in, &d, whole);
	} else {
		for (size_t i = 0; i < in->n_targets; i++)
			edit_target(in, &d, &in->targets[i]);
	}
	report_sort_edits(&in->report);
}

static void
edit_target(struct inspector *in, const struct defang *d, const struct target *t)
{
	char *notice;

	if (t->action == ACTION_REMOVE && t->place.whole_content) {
		notice = defang_notice(&in->conf, &in->request, t->name, t->reason, d->eol);
		defang_remove(d, &t->place, notice);
		free(notice);
	} else if (t->action >= ACTION_DEFANG) {
		defang_rename(d, &t->place, t->name);
	}
}

/*
 * After a removal the result must be free of infection, however it is read: if
 * it isn't, the whole body goes, and if that does not help (it is in the
 * header) the message.
 */
static void
settle(struct inspector *in)
{
	const struct finding *left;
	struct inspector after;

	if (!in->infected || in->report.action != ACTION_REMOVE ||
	    in->conf.action[CLASS_INFECTED] != ACTION_REMOVE)
		return;
	for (int round = 0; round < 2; round++) {
		examine_result(in, &after);
		left = remaining(&after.report);
		if (left == NULL)
			return;
		if (left->class == CLASS_INFECTED)
			find_whole(in, CLASS_INFECTED, round == 0 ? ACTION_REMOVE : ACTION_REJECT,
			    left->reason);
		else
			find_whole(in, left->class, left->action, left->reason);
		edit(in);
	}
}

/* Examine the message as edited. What that allocates goes with the process. */
static void
examine_result(const struct inspector *in, struct inspector *after)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL || !message_splice(in->message.bytes, in->message.size,
	    in->report.edits, in->report.n_edits, append, f) || fclose(f) == EOF)
		err(EX_OSERR, "inspector");
	memset(after, 0, sizeof(*after));
	after->conf = in->conf;
	after->started = in->started;
	after->message = (struct message){ .fd = -1, .size = size, .bytes = text };
	report_init(&after->report);
	examine(after);
}

/* What must not be left: an infection, or that something could not be scanned. */
static const struct finding *
remaining(const struct report *report)
{
	for (size_t i = 0; i < report->n_findings; i++) {
		if (report->findings[i].class == CLASS_INFECTED ||
		    report->findings[i].class == CLASS_ERROR)
			return &report->findings[i];
	}
	return NULL;
}

static bool
append(void *ctx, const char *buf, size_t len)
{
	return fwrite(buf, 1, len, ctx) == len;
}

/* libclamav takes 0 for no limit, so at least a second. */
static unsigned int
seconds_left(const struct inspector *in)
{
	uint64_t used = (uint64_t)(now_ms() - in->started) / 1000;

	if (used + 1 >= in->conf.inspect_timeout)
		return 1;
	return (unsigned int)(in->conf.inspect_timeout - used);
}

static bool
send_report(int sock, const struct report *report)
{
	size_t len, sent = 0;
	char *wire = report_encode(report, &len);

	if (wire == NULL)
		return false;
	while (sent < len) {
		ssize_t n = send(sock, wire + sent, len - sent, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

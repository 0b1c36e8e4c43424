/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge.c - what is wrong with a part before anything is scanned.
 */
#include "judge.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "actual_type.h"
#include "canonical.h"
#include "mime_formats.h"
#include "mime_packed.h"
#include "mime_type.h"
#include "overrule.h"
#include "policy.h"
#include "sniff.h"
#include "words.h"

static void check_limit(struct examination *, const struct part *);
static void check_partial(struct examination *, const struct part *);
static void check_names(struct examination *, const struct part *, const char *, size_t);
static bool blocks(struct examination *, const struct part *, const char *, size_t, char *rule,
    const char **name);
static bool is_no_name(const struct examination *, const struct part *, const char *, size_t,
    const char *name);
static bool content_blocks(const struct examination *, const struct part *, const char *, size_t,
    char *rule);
static bool is_unlisted(const struct conf *, const struct part *, const char *type);
static bool type_blocks(struct examination *, const struct part *, char *rule, const char **name);
static void blocked_inside(struct examination *, const struct part *, const char *rule,
    const char *name);
static void check_opened(struct examination *, const struct part *);
static bool is_active(const char *, size_t);

void
judge_part(struct examination *x, const struct part *part, const char *content, size_t len)
{
	check_limit(x, part);
	check_partial(x, part);
	check_names(x, part, content, len);
	check_opened(x, part);
}

bool
judge_may_be_attachment(const struct part *part)
{
	return part->n_names > 0 ||
	    (part->type[0] != '\0' && strncmp(part->type, "text/", 5) != 0 &&
		strncmp(part->type, "message/", 8) != 0);
}

const char *
judge_name(const struct part *part)
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
		overrule_add(x, part, CLASS_ENCRYPTED, part->sealed, judge_name(part));
	if (part->unopened != NULL)
		overrule_add(x, part, CLASS_UNOPENED, part->unopened, judge_name(part));
	if ((part->flags & PACKED_ENCRYPTED) != 0 &&
	    !findings_told(x->found.report, CLASS_ENCRYPTED, part->path))
		overrule_add(x, part, CLASS_ENCRYPTED, "encrypted file", judge_name(part));
	if ((part->flags & PACKED_DAMAGED) != 0 &&
	    !findings_told(x->found.report, CLASS_UNOPENED, part->path))
		overrule_add(x, part, CLASS_UNOPENED, "file that cannot be unpacked",
		    judge_name(part));
	if ((part->flags & PACKED_LIMIT) != 0 &&
	    !findings_told(x->found.report, CLASS_LIMIT, part->path))
		overrule_add(x, part, CLASS_LIMIT, "unpacks to too much", judge_name(part));
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
		findings_add(&x->found, part, CLASS_LIMIT, "unpacks to too much", judge_name(part));
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
	const char *name;

	if (part->archived && !x->conf->archive_names)
		return;
	if (blocks(x, part, content, len, rule, &name) || type_blocks(x, part, rule, &name) ||
	    content_blocks(x, part, content, len, rule)) {
		if (name[0] == '\0')
			name = judge_name(part);
		if (part->archived)
			blocked_inside(x, part, rule, name);
		else
			findings_add(&x->found, part, CLASS_BLOCKED, rule, name);
	}
}

/* All names, but for those that are none. */
static bool
blocks(struct examination *x, const struct part *part, const char *content, size_t len, char *rule,
    const char **name)
{
	char **names = calloc(part->n_names + 1, sizeof(*names));
	size_t n = 0, which = 0;
	bool blocked;

	if (names == NULL)
		err(EX_OSERR, "judge");
	for (size_t i = 0; i < part->n_names; i++) {
		if (!is_no_name(x, part, content, len, part->names[i]))
			names[n++] = part->names[i];
	}
	blocked = policy_blocks(x->conf, names, n, content, len, rule, &which);
	*name = blocked && which < n ? names[which] : "";
	free(names);
	return blocked;
}

/*
 * What programs make of the subject of a forwarded message, of a Content-ID or of the
 * address in a key ends in the name of a host, or in ".js" as in "Moving to Node.js". Where
 * the content is a message, a picture or a key, nothing could run it under such a name.
 */
static bool
is_no_name(const struct examination *x, const struct part *part, const char *content, size_t len,
    const char *name)
{
	bool picture;

	if (strncmp(part->type, "message/", 8) == 0 &&
	    (!part->leaf || sniff_begins_mail(content, len))) {
		if (!part->leaf && !part->inside) {
			content = x->parts.bytes + part->place.content_begin;
			len = x->parts.size - part->place.content_begin;
		}
		return policy_is_host(name) ||
		    (content != NULL && sniff_is_no_script(content, len) && policy_is_title(name));
	}
	picture = part->leaf && !sniff_is_program(content, len) &&
	    (strncmp(part->type, "image/", 6) == 0 || sniff_is_picture(content, len));
	return (picture || (strchr(name, '@') != NULL && sniff_is_key(content, len))) &&
	    policy_is_host(name);
}

/*
 * What it would be called, by its type alone: by the tables of types, and as nmh does it,
 * which saves application/hta as FILE.hta.
 */
static bool
type_blocks(struct examination *x, const struct part *part, char *rule, const char **name)
{
	const char *extension = type_extension(part->type), *subtype = strchr(part->type, '/');
	char called[2][POLICY_RULE_MAX], *names[] = { called[0], called[1] };
	size_t n = 0, which;

	*name = "";
	if (!part->leaf || part->n_names > 0)
		return false;
	if (extension != NULL)
		snprintf(called[n++], sizeof(called[0]), "unnamed.%s", extension);
	if (subtype != NULL && strncmp(part->type, "application/", 12) == 0)
		snprintf(called[n++], sizeof(called[0]), "unnamed.%s",
		    subtype + (strncmp(subtype, "/x-", 3) == 0 ? 3 : 1));
	return n > 0 && policy_blocks(x->conf, names, n, NULL, 0, rule, &which);
}

/* By what it is and how long, whatever it is called. */
static bool
content_blocks(const struct examination *x, const struct part *part, const char *content,
    size_t len, char *rule)
{
	const struct conf *conf = x->conf;
	bool opened = part->leaf && (part->flags & PACKED_ENCRYPTED) == 0;
	bool wanted = opened && actual_type_wanted(conf);
	const char *type = wanted ? actual_type(content, len) : NULL;
	char word[128];

	rule[0] = '\0';
	if (wanted && type == NULL)
		strlcpy(rule, "type that cannot be told", POLICY_RULE_MAX);
	else if (wanted && words_match(conf->block_types, type, word, sizeof(word)))
		snprintf(rule, POLICY_RULE_MAX, "type %s", type);
	else if (conf->attachment_size_limit != 0 && opened && judge_may_be_attachment(part) &&
	    len > conf->attachment_size_limit)
		strlcpy(rule, "longer than attachment_size_limit", POLICY_RULE_MAX);
	else if (is_unlisted(conf, part, type))
		strlcpy(rule, "on no list of what is allowed", POLICY_RULE_MAX);
	return rule[0] != '\0';
}

/* What is in an archive goes with it, unless it is blocked itself. */
static bool
is_unlisted(const struct conf *conf, const struct part *part, const char *type)
{
	char word[128], *plain;
	bool named = part->n_names > 0;

	if (conf->unlisted != UNLISTED_BLOCK || part->archived || !part->leaf ||
	    !judge_may_be_attachment(part) ||
	    (type != NULL && words_match(conf->allow_types, type, word, sizeof(word))))
		return false;
	for (size_t i = 0; i < part->n_names && named; i++) {
		plain = malloc(strlen(part->names[i]) + 1);
		if (plain == NULL)
			err(EX_OSERR, "judge");
		policy_normalise(part->names[i], plain);
		named = words_match(conf->allow_names, plain, word, sizeof(word));
		free(plain);
	}
	return !named;
}

/* The first offender of an archive stands for all. */
static void
blocked_inside(struct examination *x, const struct part *part, const char *rule, const char *name)
{
	char inside[POLICY_RULE_MAX + 16];

	if (findings_told(x->found.report, CLASS_BLOCKED, part->path))
		return;
	snprintf(inside, sizeof(inside), "inside: %s", rule);
	findings_add_member(&x->found, part, inside, name);
}

bool
judge_harmless(const struct examination *x, const struct part *part, const char *content,
    size_t len)
{
	const struct part_place *place = &part->place;
	const char *raw = x->parts.bytes + place->content_begin;
	size_t raw_len = place->content_end - place->content_begin;

	return place->whole_content && !formats_called(part->type, part->names, part->n_names) &&
	    !is_active(content, len) && !is_active(raw, raw_len) &&
	    (part->canonical == NULL || !is_active(part->canonical->content, part->canonical->len));
}

static bool
is_active(const char *content, size_t len)
{
	return sniff_is_attachment(content, len) || sniff_is_program(content, len) ||
	    sniff_is_html(content, len) || memmem(content, len, "<?", 2) != NULL ||
	    memmem(content, len, "<svg", 4) != NULL;
}

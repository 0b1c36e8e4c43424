/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rule_check.c - rules that can't be meant.
 *
 * Diagnostics: one sentence with file and line, of the first.
 */
#include "rule_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "rule.h"
#include "words.h"

#define LIST_LENGTH 16384

static bool check_one(const struct conf *, const struct rule *, char *, size_t);
static const struct rule *before(const struct conf *, const struct rule *);
static bool covers(const struct rule *, const struct rule *);
static bool list_covers(const char *, const char *);
static const struct rule *find(const struct conf *, const char *);
static bool tell(const struct rule *, char *, size_t, const char *, ...)
    __attribute__((format(printf, 4, 5)));

bool
rule_check(const struct conf *conf, char *err, size_t errsize)
{
	const char *names = conf->rule;
	char name[RULE_NAME_MAX + 1], shown[FAULT_QUOTE_SIZE];
	const struct rule *rule;
	struct span word;

	for (rule = conf->rules; rule != NULL; rule = rule->next)
		if (!check_one(conf, rule, err, errsize))
			return false;
	while (words_next(&names, &word)) {
		if (words_text(word, name, sizeof(name)) == NULL ||
		    (rule = find(conf, name)) == NULL) {
			snprintf(name, sizeof(name), "%.*s", (int)word.len, word.text);
			fault_quote(name, shown, sizeof(shown));
			return fault_tell(err, errsize, "rule = %s: there is no such rule", shown);
		}
		if (!rule->named)
			return fault_tell(err, errsize,
			    "rule = %s: that rule (%s:%d) is not to be named: it lacks named = yes",
			    name, rule->file, rule->line);
	}
	return true;
}

static bool
check_one(const struct conf *conf, const struct rule *rule, char *err, size_t errsize)
{
	const struct rule *other = before(conf, rule);
	struct conf copy;
	const char *wrong;

	if (other != NULL)
		return tell(rule, err, errsize,
		    "it is never reached: rule %s (line %d) before it matches all that it matches",
		    other->name, other->line);
	if (rule->go_on && rule->n_settings == 0)
		return tell(rule, err, errsize, "it sets nothing, and continue = yes");
	if (rule->size_over != 0 && rule->size_under != 0 &&
	    rule->size_over >= rule->size_under - 1)
		return tell(rule, err, errsize,
		    "no message is larger than size_over and smaller than size_under");
	conf_copy(&copy, conf);
	rule_apply(rule, &copy);
	wrong = conf_contradiction(&copy);
	conf_free(&copy);
	return wrong == NULL || tell(rule, err, errsize, "%s", wrong);
}

/* before - the rule that never lets this one be reached; NULL: none */
static const struct rule *
before(const struct conf *conf, const struct rule *rule)
{
	for (const struct rule *r = conf->rules; r != rule; r = r->next)
		if (!r->go_on && covers(r, rule))
			return r;
	return NULL;
}

/* covers - no condition of a is narrower than that of b, as far as text can tell */
static bool
covers(const struct rule *a, const struct rule *b)
{
	return list_covers(a->sender, b->sender) && list_covers(a->recipient, b->recipient) &&
	    list_covers(a->client, b->client) && list_covers(a->class, b->class) &&
	    (a->authenticated == RULE_ANY || a->authenticated == b->authenticated) &&
	    (a->direction == DIRECTION_AUTO || a->direction == b->direction) &&
	    a->size_over <= b->size_over &&
	    (a->size_under == 0 || (b->size_under != 0 && b->size_under <= a->size_under)) &&
	    !a->named;
}

static bool
list_covers(const char *all, const char *words)
{
	char text[LIST_LENGTH], found[LIST_LENGTH];
	struct span word;

	if (*all == '\0')
		return true;
	if (*words == '\0')
		return false;
	while (words_next(&words, &word)) {
		if (words_text(word, text, sizeof(text)) == NULL ||
		    !words_find(all, text, found, sizeof(found)))
			return false;
	}
	return true;
}

static const struct rule *
find(const struct conf *conf, const char *name)
{
	const struct rule *rule = conf->rules;

	while (rule != NULL && strcmp(rule->name, name) != 0)
		rule = rule->next;
	return rule;
}

static bool
tell(const struct rule *rule, char *err, size_t errsize, const char *fmt, ...)
{
	char sentence[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	return fault_tell(err, errsize, "%s:%d: rule %s: %s", rule->file, rule->line, rule->name,
	    sentence);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruling.c - which settings hold for a message and each of its recipients.
 *
 * Rules are tried in their order, for each recipient. The settings of one that matches
 * replace those in force, and it is the last one tried unless it says continue. Before
 * all others come the rules that exempt_clients, exempt_senders and exempt_recipients
 * stand for.
 *
 * What is not known matches nothing: no envelope, no client, a host name that nobody
 * verified ("unknown"), an address that is not plain. Plain is dot-atom "@" host name
 * (RFC 5322 3.2.3); a comment or a quoted string may be one address to us and another
 * to whoever delivers.
 *
 * A rule with a class is about what was found. Until that is known it is passed over, and
 * the treatment stays open: ruling_found tries all of them again. So recipients that such
 * a rule may separate later are separate from the beginning.
 *
 * Diagnostics: one sentence, about a table in which nothing can be looked up.
 *
 * Over 500 lines because a condition's match and the words that explain it stand together.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf_table.h"
#include "conf_value.h"
#include "fault.h"
#include "language.h"
#include "lookup.h"
#include "memory.h"
#include "network.h"
#include "rule.h"
#include "ruling.h"
#include "verdict_file.h"
#include "words.h"

#define KEYS_MAX 64 /* an address, its domain, and the domains around it */
#define WORD_MAX 4096
#define WHY_MAX 400

enum match { MATCH_NO, MATCH_YES, MATCH_OPEN /* if that class is found */, MATCH_FAILED };

/* What is held against the rules. */
struct occasion {
	const struct conf *conf;
	const struct envelope *envelope;
	uint64_t size;
	bool inspected;
	unsigned int classes;
	const struct rule **rules;
	size_t n_rules;
	struct rule *shorthands; /* the first of them, which are ours */
	enum match *common; /* of each rule: all conditions but the recipient's */
	char why[WHY_MAX]; /* of the latest match */
	char *err;
	size_t errsize;
};

/* What one may be called in a list or a table, the most exact first. */
struct keys {
	char text[2 * LOOKUP_KEY_MAX];
	const char *keys[KEYS_MAX];
	size_t n;
	const char *name; /* what patterns are held against; "" = nothing */
	const char *address; /* what networks are; "" = none */
};

static bool occasion_begin(struct occasion *, const struct conf *, const struct envelope *,
    uint64_t, char *, size_t);
static void occasion_end(struct occasion *);
static void add_shorthand(struct occasion *, const char *, const char *, const char *);
static bool judge(struct occasion *, const char *, enum match *);
static enum match match_rule(struct occasion *, size_t, const char *);
static enum match match_common(struct occasion *, const struct rule *);
static enum match match_address(struct occasion *, const char *, const char *, const char *);
static enum match match_client(struct occasion *, const char *);
static enum match match_list(struct occasion *, const char *, const struct keys *);
static enum match match_word(struct occasion *, const char *, const struct keys *);
static bool match_login(struct occasion *, enum rule_answer);
static bool match_direction(struct occasion *, enum conf_direction);
static bool match_size(struct occasion *, const struct rule *);
static enum match match_class(struct occasion *, const char *);
static bool why(struct occasion *, bool, const char *, ...) __attribute__((format(printf, 3, 4)));
static enum rule_answer login_of(const struct envelope *);
static enum conf_direction direction_of(const struct occasion *);
static void keys_of_address(struct keys *, const char *);
static void keys_of_client(struct keys *, const char *, const char *);
static void keys_add_parents(struct keys *, const char *);
static bool is_plain_address(const char *);
static bool is_dotted(const char *, size_t);
static void treat(const struct occasion *, const enum match *, struct treatment *);
static bool sort_recipient(struct occasion *, struct ruling *, enum match *, size_t);
static bool same_settings(const struct conf *, const struct conf *);
static bool check_language(const struct conf *, const struct rule *, char *, size_t);
static bool check_list(const struct rule *, const char *, char *, size_t);

bool
ruling_make(struct ruling *r, const struct conf *conf, const struct envelope *envelope,
    uint64_t size, char *err, size_t errsize)
{
	struct occasion o;
	enum match *matches;
	bool ok = true;

	*r = (struct ruling){ NULL, 0 };
	occasion_begin(&o, conf, envelope, size, err, errsize);
	/* of each treatment, and of one more */
	matches = memory_checked(calloc((envelope->n_recipients + 1) * (o.n_rules + 1),
	    sizeof(*matches)));
	r->treatments = memory_checked(calloc(envelope->n_recipients + 1, sizeof(*r->treatments)));
	if (envelope->n_recipients == 0) {
		r->n = 1;
		if ((ok = judge(&o, NULL, matches)))
			treat(&o, matches, &r->treatments[0]);
	}
	for (size_t i = 0; i < envelope->n_recipients && ok; i++)
		ok = sort_recipient(&o, r, matches, i);
	free(matches);
	occasion_end(&o);
	if (!ok)
		ruling_free(r);
	return ok;
}

/* sort_recipient - to those who are treated alike; matches has a row for each treatment */
static bool
sort_recipient(struct occasion *o, struct ruling *r, enum match *matches, size_t i)
{
	enum match *row = matches + r->n * o->n_rules;
	struct treatment *t = r->treatments, *own = r->treatments + r->n;

	if (!judge(o, o->envelope->recipients[i], row))
		return false;
	for (; t < own; t++) {
		if (memcmp(matches + (size_t)(t - r->treatments) * o->n_rules, row,
			o->n_rules * sizeof(*row)) == 0)
			break;
	}
	if (t == own) {
		treat(o, row, own);
		for (t = r->treatments; t < own; t++)
			if (!t->open && !own->open &&
			    same_settings(t->conf != NULL ? t->conf : o->conf,
				own->conf != NULL ? own->conf : o->conf))
				break;
		if (t == own)
			r->n++;
		else
			ruling_conf_free(own->conf);
	}
	t->recipients = memory_checked(reallocarray(t->recipients, t->n_recipients + 1,
	    sizeof(*t->recipients)));
	t->recipients[t->n_recipients++] = i;
	return true;
}

static bool
same_settings(const struct conf *a, const struct conf *b)
{
	bool same = true;

	for (size_t i = 0; i < conf_table_size && same && a != b; i++) {
		char *x, *y;

		if (!conf_table[i].by_rule)
			continue;
		x = conf_value_print(a, &conf_table[i]);
		y = conf_value_print(b, &conf_table[i]);
		same = strcmp(x, y) == 0;
		free(x);
		free(y);
	}
	return same;
}

void
ruling_free(struct ruling *r)
{
	for (size_t i = 0; i < r->n; i++) {
		ruling_conf_free(r->treatments[i].conf);
		free(r->treatments[i].recipients);
	}
	free(r->treatments);
	*r = (struct ruling){ NULL, 0 };
}

void
ruling_conf_free(struct conf *conf)
{
	if (conf != NULL)
		conf_free(conf);
	free(conf);
}

bool
ruling_found(struct conf **conf, char rules[RULING_NAMES_MAX], const struct conf *base,
    const struct envelope *envelope, uint64_t size, unsigned int classes, char *err, size_t errsize)
{
	struct treatment t = { 0 };
	struct occasion o;
	enum match *matches;
	bool ok;

	occasion_begin(&o, base, envelope, size, err, errsize);
	o.inspected = true;
	o.classes = classes;
	matches = memory_checked(calloc(o.n_rules + 1, sizeof(*matches)));
	ok = judge(&o, envelope->n_recipients > 0 ? envelope->recipients[0] : NULL, matches);
	if (ok)
		treat(&o, matches, &t);
	free(matches);
	occasion_end(&o);
	*conf = t.conf;
	strlcpy(rules, t.rules, RULING_NAMES_MAX);
	return ok;
}

/* treat - the settings of the rules that match, over those that are there */
static void
treat(const struct occasion *o, const enum match *matches, struct treatment *t)
{
	*t = (struct treatment){ 0 };
	for (size_t i = 0; i < o->n_rules; i++) {
		if (matches[i] == MATCH_OPEN)
			t->open = true;
		if (matches[i] != MATCH_YES)
			continue;
		if (*o->rules[i]->file != '\0') {
			strlcat(t->rules, *t->rules != '\0' ? "," : "", sizeof(t->rules));
			strlcat(t->rules, o->rules[i]->name, sizeof(t->rules));
		}
		if (o->rules[i]->n_settings == 0)
			continue;
		if (t->conf == NULL) {
			t->conf = memory_checked(malloc(sizeof(*t->conf)));
			conf_copy(t->conf, o->conf);
		}
		rule_apply(o->rules[i], t->conf);
	}
	/* No rule may say so alone; two that match one message can't take the last mark away. */
	if (t->conf != NULL && !t->conf->header &&
	    (t->conf->action[CLASS_INFECTED] == ACTION_TAG || verdict_file_tags(t->conf)))
		t->conf->header = true;
}

/*
 * The rules, and what is held against them.
 */

static bool
occasion_begin(struct occasion *o, const struct conf *conf, const struct envelope *envelope,
    uint64_t size, char *err, size_t errsize)
{
	const struct rule *rule;

	*o = (struct occasion){
		.conf = conf, .envelope = envelope, .size = size, .err = err, .errsize = errsize
	};
	/* The first list that matches is the one that is told, so it comes last. */
	add_shorthand(o, "recipient", conf->exempt_recipients, "recipients");
	add_shorthand(o, "sender", conf->exempt_senders, "sender");
	add_shorthand(o, "client", conf->exempt_clients, "client");
	for (rule = o->shorthands; rule != NULL; rule = rule->next)
		o->n_rules++;
	for (rule = conf->rules; rule != NULL; rule = rule->next)
		o->n_rules++;
	o->rules = memory_checked(calloc(o->n_rules + 1, sizeof(*o->rules)));
	o->common = memory_checked(calloc(o->n_rules + 1, sizeof(*o->common)));
	o->n_rules = 0;
	for (rule = o->shorthands; rule != NULL; rule = rule->next)
		o->rules[o->n_rules++] = rule;
	for (rule = conf->rules; rule != NULL; rule = rule->next)
		o->rules[o->n_rules++] = rule;
	for (size_t i = 0; i < o->n_rules; i++)
		o->common[i] = MATCH_FAILED; /* not known yet */
	return true;
}

static void
occasion_end(struct occasion *o)
{
	rule_free(o->shorthands);
	free(o->rules);
	free(o->common);
}

/* add_shorthand - "exempt_LISTs = words" is a rule, if there are any */
static void
add_shorthand(struct occasion *o, const char *condition, const char *words, const char *exempt)
{
	struct rule **last = &o->shorthands;
	char name[RULE_NAME_MAX], err[512];
	struct conf scratch;

	if (*words == '\0')
		return;
	while (*last != NULL)
		last = &(*last)->next;
	snprintf(name, sizeof(name), "exempt_%ss", condition);
	*last = rule_new(name, NULL, 0);
	conf_copy(&scratch, o->conf);
	if (rule_take(*last, condition, words, false, &scratch, err, sizeof(err)) == NULL ||
	    rule_take(*last, "exempt", exempt, false, &scratch, err, sizeof(err)) == NULL ||
	    rule_take(*last, "continue", "yes", false, &scratch, err, sizeof(err)) == NULL)
		abort(); /* the words were checked as those of a setting */
	conf_free(&scratch);
}

/* judge - each rule for one recipient, NULL = there is none */
static bool
judge(struct occasion *o, const char *recipient, enum match *matches)
{
	bool over = false;

	for (size_t i = 0; i < o->n_rules; i++) {
		matches[i] = over ? MATCH_NO : match_rule(o, i, recipient);
		if (matches[i] == MATCH_FAILED)
			return false;
		over = over || (matches[i] == MATCH_YES && !o->rules[i]->go_on);
	}
	return true;
}

static enum match
match_rule(struct occasion *o, size_t i, const char *recipient)
{
	const struct rule *rule = o->rules[i];
	enum match m;

	*o->why = '\0';
	if (o->common[i] == MATCH_FAILED)
		o->common[i] = match_common(o, rule);
	if (o->common[i] != MATCH_YES && o->common[i] != MATCH_OPEN)
		return o->common[i];
	m = match_address(o, "recipient", rule->recipient, recipient);
	return m == MATCH_YES ? o->common[i] : m;
}

/* match_common - what is the same for all recipients; tables last, they are the dearest */
static enum match
match_common(struct occasion *o, const struct rule *rule)
{
	const struct envelope *e = o->envelope;
	char word[RULE_NAME_MAX + 1];
	enum match m;

	if (rule->named &&
	    !why(o, words_find(o->conf->rule, rule->name, word, sizeof(word)), "named by rule ="))
		return MATCH_NO;
	if (!match_login(o, rule->authenticated) || !match_direction(o, rule->direction) ||
	    !match_size(o, rule))
		return MATCH_NO;
	if ((m = match_client(o, rule->client)) != MATCH_YES)
		return m;
	if ((m = match_address(o, "sender", rule->sender,
		 e->n_recipients > 0 ? e->sender : NULL)) != MATCH_YES)
		return m;
	return match_class(o, rule->class);
}

/* why - adds to what explains the match, and returns yes */
static bool
why(struct occasion *o, bool yes, const char *fmt, ...)
{
	char text[WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!yes)
		*o->why = '\0';
	strlcat(o->why, *o->why != '\0' ? ", " : "", sizeof(o->why));
	strlcat(o->why, yes ? "" : "not ", sizeof(o->why));
	strlcat(o->why, text, sizeof(o->why));
	return yes;
}

static bool
match_login(struct occasion *o, enum rule_answer wanted)
{
	return wanted == RULE_ANY ||
	    why(o, login_of(o->envelope) == wanted,
		wanted == RULE_YES ? "authenticated" : "known to be without authentication");
}

/* login_of - RFC 3848: the protocol of a client that has logged in ends in A */
static enum rule_answer
login_of(const struct envelope *e)
{
	static const char with[] = "ESMTPA ESMTPSA LMTPA LMTPSA UTF8SMTPA UTF8SMTPSA "
				   "UTF8LMTPA UTF8LMTPSA";
	char word[32];

	if (e->authenticated != NULL && *e->authenticated != '\0')
		return strcmp(e->authenticated, "yes") == 0 ? RULE_YES : RULE_NO;
	return e->protocol != NULL && words_find(with, e->protocol, word, sizeof(word)) ? RULE_YES
											: RULE_ANY;
}

static bool
match_direction(struct occasion *o, enum conf_direction wanted)
{
	return wanted == DIRECTION_AUTO ||
	    why(o, direction_of(o) == wanted, wanted == DIRECTION_OUT ? "outgoing" : "incoming");
}

/* direction_of - out: from this host, or from somebody who has logged in */
static enum conf_direction
direction_of(const struct occasion *o)
{
	const struct envelope *e = o->envelope;
	const char *source = e->source != NULL ? e->source : "";

	if (o->conf->direction != DIRECTION_AUTO)
		return o->conf->direction;
	if (strcasecmp(source, "LOCAL") == 0 || login_of(e) == RULE_YES)
		return DIRECTION_OUT;
	return strcasecmp(source, "REMOTE") == 0 ? DIRECTION_IN : DIRECTION_AUTO;
}

static bool
match_size(struct occasion *o, const struct rule *rule)
{
	if (rule->size_over != 0 && !why(o, o->size > rule->size_over, "larger than size_over"))
		return false;
	return rule->size_under == 0 ||
	    why(o, o->size < rule->size_under, "smaller than size_under");
}

static enum match
match_class(struct occasion *o, const char *list)
{
	char word[64];

	if (*list == '\0')
		return MATCH_YES;
	if (!o->inspected) {
		why(o, true, "if one of %s is found", list);
		return MATCH_OPEN;
	}
	for (int c = 0; c < CLASS_COUNT; c++)
		if ((o->classes & (1u << c)) != 0 &&
		    words_find(list, verdict_class_name((enum verdict_class)c), word, sizeof(word)))
			return MATCH_YES;
	return MATCH_NO;
}

/* match_address - NULL: there is no envelope */
static enum match
match_address(struct occasion *o, const char *what, const char *list, const char *address)
{
	struct keys keys;
	enum match m;

	if (*list == '\0')
		return MATCH_YES;
	keys_of_address(&keys, address != NULL ? address : "\n");
	if ((m = match_list(o, list, &keys)) == MATCH_NO)
		why(o, false, "%s", what);
	return m;
}

static enum match
match_client(struct occasion *o, const char *list)
{
	struct keys keys;
	enum match m;

	if (*list == '\0')
		return MATCH_YES;
	keys_of_client(&keys, o->envelope->client_name, o->envelope->client_address);
	if ((m = match_list(o, list, &keys)) == MATCH_NO)
		why(o, false, "client");
	return m;
}

static enum match
match_list(struct occasion *o, const char *list, const struct keys *keys)
{
	char text[WORD_MAX];
	struct span word;

	while (keys->n > 0 && words_next(&list, &word)) {
		enum match m;

		if (words_text(word, text, sizeof(text)) == NULL)
			continue;
		if ((m = match_word(o, text, keys)) == MATCH_NO)
			continue;
		return m;
	}
	return MATCH_NO;
}

static enum match
match_word(struct occasion *o, const char *word, const struct keys *keys)
{
	struct network network;
	size_t which = 0;

	if (lookup_is_table(word, strlen(word))) {
		switch (lookup_find(word, keys->keys, keys->n, &which, o->err, o->errsize)) {
		case LOOKUP_FAILED:
			return MATCH_FAILED;
		case LOOKUP_ABSENT:
			return MATCH_NO;
		case LOOKUP_FOUND:
			why(o, true, "%s is in %s", keys->keys[which], word);
			return MATCH_YES;
		}
	}
	/* No name is an address, whatever it says. */
	if (network_parse(&network, word, strlen(word))) {
		if (*keys->address == '\0' || !network_holds(&network, keys->address))
			return MATCH_NO;
		return why(o, true, "%s is in %s", keys->address, word), MATCH_YES;
	}
	for (which = 0; which < keys->n; which++)
		if (strcasecmp(word, keys->keys[which]) == 0)
			return why(o, true, "%s", word), MATCH_YES;
	if (*keys->name != '\0' && strpbrk(word, "*?[") != NULL &&
	    fnmatch(word, keys->name, FNM_CASEFOLD) == 0)
		return why(o, true, "%s matches %s", keys->name, word), MATCH_YES;
	return MATCH_NO;
}

/* keys_of_address - itself, "@domain", "domain", ".domain" of each one around it */
static void
keys_of_address(struct keys *k, const char *address)
{
	char *at;

	*k = (struct keys){ .name = "", .address = "" };
	if (*address == '\0') {
		k->name = k->keys[k->n++] = "<>";
		return;
	}
	if (!is_plain_address(address) ||
	    strlcpy(k->text, address, LOOKUP_KEY_MAX) >= LOOKUP_KEY_MAX)
		return;
	for (at = k->text; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	k->name = k->keys[k->n++] = k->text;
	at = strchr(k->text, '@');
	k->keys[k->n++] = at;
	k->keys[k->n++] = at + 1;
	keys_add_parents(k, at + 1);
}

/* keys_of_client - address and name, ".domain" of each one around the name */
static void
keys_of_client(struct keys *k, const char *name, const char *address)
{
	struct span rest = { address != NULL ? address : "", 0 };
	char *text, *host;

	*k = (struct keys){ .name = "", .address = "" };
	text = k->text;
	host = k->text + LOOKUP_KEY_MAX;
	rest.len = strlen(rest.text);
	span_take(&rest, "IPv6:");
	if (rest.len > 0 && strlcpy(text, rest.text, LOOKUP_KEY_MAX) < LOOKUP_KEY_MAX)
		k->address = k->keys[k->n++] = text;
	/* Postfix says so of a client whose name it could not verify. */
	if (name == NULL || *name == '\0' || strcasecmp(name, "unknown") == 0 ||
	    strlcpy(host, name, LOOKUP_KEY_MAX) >= LOOKUP_KEY_MAX)
		host = NULL;
	for (char *c = text; k->n > 0 && *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	for (char *c = host; c != NULL && *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	if (host == NULL)
		return;
	k->name = k->keys[k->n++] = host;
	keys_add_parents(k, host);
}

static void
keys_add_parents(struct keys *k, const char *domain)
{
	for (const char *dot = strchr(domain, '.'); dot != NULL && k->n < KEYS_MAX;
	     dot = strchr(dot + 1, '.'))
		k->keys[k->n++] = dot;
}

static bool
is_plain_address(const char *address)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-.";
	const char *at = strchr(address, '@');
	size_t local = strspn(address,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789!#$%&'*+-/=?^_`{|}~.");

	return at != NULL && local == (size_t)(at - address) && is_dotted(address, local) &&
	    at[1 + strspn(at + 1, letters)] == '\0' && is_dotted(at + 1, strlen(at + 1));
}

/* Words with one dot between each two. */
static bool
is_dotted(const char *text, size_t len)
{
	return len > 0 && text[0] != '.' && text[len - 1] != '.' &&
	    memmem(text, len, "..", 2) == NULL;
}

/*
 * Before there is a message, and without one.
 */

bool
ruling_check(const struct conf *conf, char *err, size_t errsize)
{
	const struct rule *r;

	for (r = conf->rules; r != NULL; r = r->next)
		if (!check_language(conf, r, err, errsize) ||
		    !check_list(r, r->sender, err, errsize) ||
		    !check_list(r, r->recipient, err, errsize) ||
		    !check_list(r, r->client, err, errsize))
			return false;
	return check_list(NULL, conf->exempt_senders, err, errsize) &&
	    check_list(NULL, conf->exempt_recipients, err, errsize) &&
	    check_list(NULL, conf->exempt_clients, err, errsize);
}

static bool
check_language(const struct conf *conf, const struct rule *rule, char *err, size_t errsize)
{
	struct conf copy;
	char sentence[512];
	bool ok;

	conf_copy(&copy, conf);
	rule_apply(rule, &copy);
	ok = language_check(&copy, sentence, sizeof(sentence));
	conf_free(&copy);
	return ok ||
	    fault_tell(err, errsize, "%s:%d: rule %s: %s", rule->file, rule->line, rule->name,
		sentence);
}

static bool
check_list(const struct rule *rule, const char *list, char *err, size_t errsize)
{
	char text[WORD_MAX], sentence[512];
	struct span word;

	while (words_next(&list, &word)) {
		if (!lookup_is_table(word.text, word.len) ||
		    (words_text(word, text, sizeof(text)) != NULL &&
			lookup_check(text, sentence, sizeof(sentence))))
			continue;
		if (rule == NULL)
			return fault_tell(err, errsize, "exempt list: %s", sentence);
		return fault_tell(err, errsize, "%s:%d: rule %s: %s", rule->file, rule->line,
		    rule->name, sentence);
	}
	return true;
}

bool
ruling_explain(const struct conf *conf, const struct envelope *envelope, FILE *f, char *err,
    size_t errsize)
{
	const char *to = envelope->n_recipients > 0 ? envelope->recipients[0] : NULL;
	struct occasion o;
	struct treatment t;
	enum match *matches;
	const char *end = NULL;
	bool ok = true;

	occasion_begin(&o, conf, envelope, 0, err, errsize);
	matches = memory_checked(calloc(o.n_rules + 1, sizeof(*matches)));
	for (size_t i = 0; i < o.n_rules && ok; i++) {
		const struct rule *r = o.rules[i];

		matches[i] = end != NULL ? MATCH_NO : match_rule(&o, i, to);
		ok = matches[i] != MATCH_FAILED;
		fprintf(f, "%s%s", *r->file != '\0' ? "rule " : "", r->name);
		if (*r->file != '\0')
			fprintf(f, " (%s:%d)", r->file, r->line);
		if (end != NULL)
			fprintf(f, ": not looked at, rule %s was the last\n", end);
		else if (!ok)
			fprintf(f, ": %s\n", err);
		else
			fprintf(f, ": %s%s%s\n",
			    matches[i] == MATCH_YES	   ? "matches"
				: matches[i] == MATCH_OPEN ? "may match"
							   : "does not match",
			    *o.why != '\0'		  ? ": "
				: matches[i] == MATCH_YES ? ": it has no condition"
							  : "",
			    o.why);
		if (matches[i] == MATCH_YES && !r->go_on)
			end = r->name;
	}
	if (ok) {
		treat(&o, matches, &t);
		fprintf(f, "\n");
		for (size_t i = 0; i < conf_table_size && t.conf != NULL; i++) {
			char *was = conf_value_print(conf, &conf_table[i]);
			char *is = conf_value_print(t.conf, &conf_table[i]);

			if (strcmp(was, is) != 0)
				fprintf(f, "%s = %s\n", conf_table[i].name, is);
			free(was);
			free(is);
		}
		if (t.conf == NULL)
			fprintf(f, "No setting differs.\n");
		ruling_conf_free(t.conf);
	}
	free(matches);
	occasion_end(&o);
	return ok;
}

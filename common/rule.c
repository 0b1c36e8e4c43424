/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rule.c - rules: other settings for messages that match.
 *
 * Conditions have a table like that of the settings, and go through the same
 * conf_value_set. Settings are kept as they were written, and set again over a copy of
 * the configuration for each message that the rule matches: so a value means the same
 * there as anywhere.
 *
 * Ownership: a rule owns its strings, which are never NULL, and the rules behind it.
 *
 * Diagnostics: one sentence, for the reader of the file to say where.
 */
#include "rule.h"

#include <stdlib.h>
#include <string.h>

#include "conf_check.h"
#include "conf_value.h"
#include "fault.h"
#include "memory.h"

#define LIST_LENGTH 16384
#define SIZE_TOP ((uint64_t)1 << 40)

struct rule_setting {
	const struct conf_key *key;
	char *value;
	bool append; /* it goes on from the setting before */
};

static const struct conf_choice answers[] = { { "yes", RULE_YES }, { "no", RULE_NO }, { NULL, 0 } };
static const struct conf_choice directions[] = { { "in", DIRECTION_IN }, { "out", DIRECTION_OUT },
	{ NULL, 0 } };

/* clang-format off */
#define CONDITION(name, field, type, min, max, choices, check) \
	{ "rule", name, type, offsetof(struct rule, field), min, max, choices, check, NULL, true }

static const struct conf_key conditions[] = {
	CONDITION("sender", sender, TYPE_WORDS, 1, LIST_LENGTH, NULL, conf_check_addresses),
	CONDITION("recipient", recipient, TYPE_WORDS, 1, LIST_LENGTH, NULL, conf_check_addresses),
	CONDITION("client", client, TYPE_WORDS, 1, LIST_LENGTH, NULL, conf_check_clients),
	CONDITION("authenticated", authenticated, TYPE_CHOICE, 0, 0, answers, NULL),
	CONDITION("direction", direction, TYPE_CHOICE, 0, 0, directions, NULL),
	CONDITION("size_over", size_over, TYPE_SIZE, 1, SIZE_TOP, NULL, NULL),
	CONDITION("size_under", size_under, TYPE_SIZE, 1, SIZE_TOP, NULL, NULL),
	CONDITION("class", class, TYPE_WORDS, 1, LIST_LENGTH, NULL, conf_check_classes),
	CONDITION("named", named, TYPE_BOOL, 0, 0, NULL, NULL),
	CONDITION("continue", go_on, TYPE_BOOL, 0, 0, NULL, NULL),
};
/* clang-format on */

#define N_CONDITIONS (sizeof(conditions) / sizeof(conditions[0]))

static const struct conf_key *find_key(const char *, char *, size_t);
static bool is_condition(const struct conf_key *);
static bool is_set(const struct rule *, const struct conf_key *);
static void keep(struct rule *, const struct conf_key *, const char *, bool);

struct rule *
rule_new(const char *name, const char *file, int line)
{
	struct rule *rule = memory_checked(calloc(1, sizeof(*rule)));

	rule->name = memory_copy(name);
	rule->file = memory_copy(file != NULL ? file : "");
	rule->line = line;
	rule->sender = memory_copy("");
	rule->recipient = memory_copy("");
	rule->client = memory_copy("");
	rule->class = memory_copy("");
	return rule;
}

void
rule_free(struct rule *rule)
{
	struct rule *next;

	for (; rule != NULL; rule = next) {
		next = rule->next;
		for (size_t i = 0; i < N_CONDITIONS; i++)
			conf_value_free(rule, &conditions[i]);
		for (size_t i = 0; i < rule->n_settings; i++)
			free(rule->settings[i].value);
		free(rule->settings);
		free(rule->name);
		free(rule->file);
		free(rule);
	}
}

const struct conf_key *
rule_take(struct rule *rule, const char *name, const char *value, bool further,
    struct conf *scratch, char *err, size_t errsize)
{
	const struct conf_key *key = find_key(name, err, errsize);

	if (key == NULL)
		return NULL;
	if (!conf_value_set(is_condition(key) ? (void *)rule : (void *)scratch, key, value, further,
		err, errsize))
		return NULL;
	if (!is_condition(key))
		keep(rule, key, value, further);
	return key;
}

static const struct conf_key *
find_key(const char *name, char *err, size_t errsize)
{
	const struct conf_key *key;
	char shown[FAULT_QUOTE_SIZE];

	for (size_t i = 0; i < N_CONDITIONS; i++)
		if (strcmp(conditions[i].name, name) == 0)
			return &conditions[i];
	if ((key = conf_table_find(name)) != NULL && key->by_rule)
		return key;
	fault_quote(name, shown, sizeof(shown));
	if (key != NULL)
		fault_tell(err, errsize, "%s is for all messages alike: no rule can set it", shown);
	else
		fault_tell(err, errsize, "unknown key \"%s\" in a rule", shown);
	return NULL;
}

static bool
is_condition(const struct conf_key *key)
{
	return key >= conditions && key < conditions + N_CONDITIONS;
}

static void
keep(struct rule *rule, const struct conf_key *key, const char *value, bool append)
{
	rule->settings = memory_checked(reallocarray(rule->settings, rule->n_settings + 1,
	    sizeof(*rule->settings)));
	rule->settings[rule->n_settings++] = (struct rule_setting){ key, memory_copy(value),
		append };
}

bool
rule_has_name(const struct rule *rule, const char *name)
{
	for (size_t i = 0; i < N_CONDITIONS; i++)
		if (strcmp(conditions[i].name, name) == 0)
			return is_set(rule, &conditions[i]);
	for (size_t i = 0; i < rule->n_settings; i++)
		if (strcmp(rule->settings[i].key->name, name) == 0)
			return true;
	return false;
}

/* is_set - no condition is "", 0, false or the first of its choices */
static bool
is_set(const struct rule *rule, const struct conf_key *key)
{
	const void *field = (const char *)rule + key->offset;
	uint64_t number;
	const char *string;
	bool yes;
	int chosen;

	switch (key->type) {
	case TYPE_SIZE:
		memcpy(&number, field, sizeof(number));
		return number != 0;
	case TYPE_BOOL:
		memcpy(&yes, field, sizeof(yes));
		return yes;
	case TYPE_CHOICE:
		memcpy(&chosen, field, sizeof(chosen));
		return chosen != 0;
	default:
		memcpy(&string, field, sizeof(string));
		return *string != '\0';
	}
}

void
rule_apply(const struct rule *rule, struct conf *conf)
{
	char err[512];

	for (size_t i = 0; i < rule->n_settings; i++) {
		const struct rule_setting *s = &rule->settings[i];

		if (!conf_value_set(conf, s->key, s->value, s->append, err, sizeof(err)))
			abort(); /* it was tried when it was read */
	}
}

void
rule_print(const struct conf *conf, FILE *f)
{
	for (const struct rule *r = conf->rules; r != NULL; r = r->next) {
		fprintf(f, "\n[rule %s]\n", r->name);
		for (size_t i = 0; i < N_CONDITIONS; i++) {
			char *value;

			if (!is_set(r, &conditions[i]))
				continue;
			value = conf_value_print(r, &conditions[i]);
			fprintf(f, "%s = %s\n", conditions[i].name, value);
			free(value);
		}
		for (size_t i = 0; i < r->n_settings; i++)
			fprintf(f, "%s%s%s\n",
			    r->settings[i].append ? "" : r->settings[i].key->name,
			    r->settings[i].append ? "    " : " = ", r->settings[i].value);
	}
}

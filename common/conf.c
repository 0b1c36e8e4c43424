/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.c - the configuration: defaults, file, options.
 *
 * Defaults, file (conf_file.c), -o and the front's request to the inspector all
 * go through one table (conf_table.c) and one function (conf_value_set), so that
 * a value means the same wherever it comes from.
 *
 * Ownership: the strings of a struct conf are malloc'd and never NULL;
 * conf_free gives them back. A value that is refused changes nothing.
 *
 * Diagnostics: one sentence per fault. Nothing is logged and nothing is printed
 * here; the process ends if memory runs out (memory.h).
 */
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "conf_check.h"
#include "conf_table.h"
#include "conf_value.h"
#include "fault.h"
#include "memory.h"
#include "rule.h"

static bool assign(struct conf *, const char *, const char *, char *, char *, size_t);

void
conf_init(struct conf *conf)
{
	char err[256];

	memset(conf, 0, sizeof(*conf));
	for (size_t i = 0; i < conf_table_size; i++) {
		if (!conf_value_set(conf, &conf_table[i], conf_table[i].standard, false, err,
			sizeof(err)))
			abort(); /* the table contradicts itself */
	}
}

void
conf_copy(struct conf *to, const struct conf *from)
{
	*to = *from;
	for (size_t i = 0; i < conf_table_size; i++)
		conf_value_own(to, &conf_table[i]);
	to->rules = NULL;
}

void
conf_free(struct conf *conf)
{
	rule_free(conf->rules);
	for (size_t i = 0; i < conf_table_size; i++)
		conf_value_free(conf, &conf_table[i]);
	memset(conf, 0, sizeof(*conf));
}

/* conf_set - one "key=value" or "section.key=value" */
bool
conf_set(struct conf *conf, const char *assignment, char *err, size_t errsize)
{
	char *text = memory_copy(assignment), *name, *value, *dot, shown[FAULT_QUOTE_SIZE];
	bool ok;

	if ((value = strchr(text, '=')) == NULL) {
		fault_quote(assignment, shown, sizeof(shown));
		free(text);
		return fault_tell(err, errsize, "\"%s\" is not a setting: expected key=value",
		    shown);
	}
	*value++ = '\0';
	name = conf_value_trim(text);
	if ((dot = strchr(name, '.')) != NULL)
		*dot = '\0';
	ok = assign(conf, dot != NULL ? name : NULL, dot != NULL ? dot + 1 : name,
	    conf_value_trim(value), err, errsize);
	free(text);
	return ok;
}

static bool
assign(struct conf *conf, const char *section, const char *name, char *value, char *err,
    size_t errsize)
{
	const struct conf_key *key = conf_table_find(name);
	char shown[FAULT_QUOTE_SIZE];

	if (key == NULL) {
		fault_quote(name, shown, sizeof(shown));
		return fault_tell(err, errsize, "unknown key \"%s\"", shown);
	}
	if (section != NULL && strcmp(section, key->section) != 0)
		return fault_tell(err, errsize, "%s belongs to section [%s]", name, key->section);
	return conf_value_set(conf, key, value, false, err, errsize);
}

void
conf_each(const struct conf *conf, void (*fn)(void *, const char *, const char *, const char *),
    void *ctx)
{
	for (size_t i = 0; i < conf_table_size; i++) {
		char *value = conf_value_print(conf, &conf_table[i]);

		fn(ctx, conf_table[i].section, conf_table[i].name, value);
		free(value);
	}
}

const char *
conf_contradiction(const struct conf *conf)
{
	if (!conf->header && conf->action[CLASS_INFECTED] == ACTION_TAG)
		return "infected = tag and header = no: nothing would tell of a virus";
	if (conf->quarantine_to_only && conf->quarantine_to[0] == '\0')
		return "quarantine_to_only = yes without quarantine_to: nothing would be kept";
	if ((conf->banner[0] == '\0' && conf->banner_html[0] != '\0') ||
	    (conf->disclaimer[0] == '\0' && conf->disclaimer_html[0] != '\0'))
		return "banner_html and disclaimer_html are for beside banner and disclaimer";
	return NULL;
}

bool
conf_uses_clamd(const struct conf *conf)
{
	return strncmp(conf->scanner, CONF_CLAMD, strlen(CONF_CLAMD)) == 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rule.h - rules: other settings for messages that match.
 *
 * A [rule NAME] of the configuration has conditions and settings. This is the rule as
 * it stands in the file; which messages it matches is for the front to say
 * (transaction/ruling.c).
 */
#ifndef RULE_H
#define RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf.h"
#include "conf_table.h"

#define RULE_NAME_MAX 32

enum rule_answer { RULE_ANY, RULE_YES, RULE_NO };

/* All conditions that are there must hold. */
struct rule {
	char *name;
	char *file; /* where it stands; "" for one that stands in no file */
	int line;

	/* "" and 0: no condition. Of a list one word must match. */
	char *sender, *recipient; /* addresses, domains, .domains, patterns, lookup tables */
	char *client; /* addresses, networks, names, .domains, patterns, lookup tables */
	enum rule_answer authenticated;
	enum conf_direction direction; /* DIRECTION_AUTO = any */
	uint64_t size_over, size_under; /* bytes */
	char *class; /* names of classes: of what was found */
	bool named; /* matches only where the setting rule names it */
	bool go_on; /* "continue": further rules are looked at */

	struct rule_setting *settings;
	size_t n_settings;
	struct rule *next;
};

/* Without conditions and settings; NULL for file: "". */
struct rule *rule_new(const char *name, const char *file, int line);
/* This one and all behind it. */
void rule_free(struct rule *);

/*
 * One line of it: a condition, or a setting that a rule may set; further: it goes on
 * from the line before. scratch is a configuration to try values on. Returns the key,
 * or NULL with a sentence.
 */
const struct conf_key *rule_take(struct rule *, const char *name, const char *value, bool further,
    struct conf *scratch, char *err, size_t errsize);
/* Does a line of that key stand in it? */
bool rule_has_name(const struct rule *, const char *name);

/* Its settings over those that are there. */
void rule_apply(const struct rule *, struct conf *);

/* All of them, as a file has them. */
void rule_print(const struct conf *, FILE *);

#endif

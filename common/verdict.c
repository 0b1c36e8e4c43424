/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict.c - names of the classes and actions, as configuration, header and
 * log spell them.
 */
#include "verdict.h"

#include <string.h>

static const char *const class_names[CLASS_COUNT] = {
	[CLASS_AMBIGUOUS] = "ambiguous",
	[CLASS_ENCRYPTED] = "encrypted",
	[CLASS_UNOPENED] = "unopened",
	[CLASS_LIMIT] = "limit",
	[CLASS_BLOCKED] = "blocked",
	[CLASS_INFECTED] = "infected",
	[CLASS_ERROR] = "error",
};

static const char *const action_names[ACTION_COUNT] = {
	[ACTION_PASS] = "pass",
	[ACTION_TAG] = "tag",
	[ACTION_DEFANG] = "defang",
	[ACTION_REMOVE] = "remove",
	[ACTION_DISCARD] = "discard",
	[ACTION_WRAP] = "wrap",
	[ACTION_TEMPFAIL] = "tempfail",
	[ACTION_REJECT] = "reject",
};

const char *verdict_class_name(enum verdict_class class)
{
	if ((unsigned int)class >= CLASS_COUNT)
		return "unknown";
	return class_names[class];
}

const char *
verdict_action_name(enum verdict_action action)
{
	if ((unsigned int)action >= ACTION_COUNT)
		return "unknown";
	return action_names[action];
}

bool
verdict_action_parse(const char *name, enum verdict_action *action)
{
	for (unsigned int i = 0; i < ACTION_COUNT; i++) {
		if (strcmp(name, action_names[i]) == 0) {
			*action = (enum verdict_action)i;
			return true;
		}
	}
	return false;
}

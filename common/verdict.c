/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict.c - the table of classes and the table of actions.
 *
 * Which of two actions is the stronger one, and what an action does, is said
 * here and nowhere else.
 */
#include "verdict.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned int weight;
} classes[CLASS_COUNT] = {
#define VERDICT_CLASS(id, name, weight, actions, standard) [CLASS_##id] = { name, weight },
	VERDICT_CLASSES(VERDICT_CLASS)
#undef VERDICT_CLASS
};

/* What is done to a part, and what is done to a message as a whole. */
#define PART false
#define WHOLE true

/* Strength: of several actions at one place the greatest is taken. */
static const struct {
	const char *name;
	unsigned int strength;
	bool whole;
	bool edits; /* bytes of the message change, beside our own marks */
	bool keeps; /* the original, in the quarantine */
	enum decision decision;
} actions[ACTION_COUNT] = {
	[ACTION_PASS] = { "pass", 0, PART, false, false, DECISION_DELIVER },
	[ACTION_TAG] = { "tag", 1, PART, false, false, DECISION_DELIVER },
	[ACTION_DEFANG] = { "defang", 2, PART, true, true, DECISION_DELIVER },
	[ACTION_REMOVE] = { "remove", 3, PART, true, true, DECISION_DELIVER },
	[ACTION_DISCARD] = { "discard", 4, WHOLE, false, true, DECISION_DISCARD },
	[ACTION_WRAP] = { "wrap", 5, WHOLE, false, true, DECISION_DELIVER },
	[ACTION_TEMPFAIL] = { "tempfail", 6, WHOLE, false, false, DECISION_TEMPFAIL },
	[ACTION_REJECT] = { "reject", 7, WHOLE, false, true, DECISION_REJECT },
};

const char *verdict_class_name(enum verdict_class class)
{
	if ((unsigned int)class >= CLASS_COUNT)
		return "unknown";
	return classes[class].name;
}

const char *
verdict_action_name(enum verdict_action action)
{
	if ((unsigned int)action >= ACTION_COUNT)
		return "unknown";
	return actions[action].name;
}

bool
verdict_action_parse(const char *name, enum verdict_action *action)
{
	for (unsigned int i = 0; i < ACTION_COUNT; i++) {
		if (strcmp(name, actions[i].name) == 0) {
			*action = (enum verdict_action)i;
			return true;
		}
	}
	return false;
}

bool
verdict_class_outweighs(enum verdict_class a, enum verdict_class b)
{
	return classes[a].weight > classes[b].weight;
}

bool
verdict_action_wins(enum verdict_action a, enum verdict_action b)
{
	return actions[a].strength > actions[b].strength;
}

bool
verdict_action_is_whole(enum verdict_action action)
{
	return actions[action].whole;
}

bool
verdict_action_edits(enum verdict_action action)
{
	return actions[action].edits;
}

bool
verdict_action_keeps(enum verdict_action action)
{
	return actions[action].keeps;
}

enum decision
verdict_action_decision(enum verdict_action action)
{
	return actions[action].decision;
}

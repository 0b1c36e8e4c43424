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

static const struct {
	const char *name;
	unsigned int strength;
	bool whole, edits, keeps;
	enum decision decision;
} actions[ACTION_COUNT] = {
#define VERDICT_ACTION(id, name, strength, whole, edits, keeps, decision) \
	[ACTION_##id] = { name, strength, whole, edits, keeps, decision },
	VERDICT_ACTIONS(VERDICT_ACTION)
#undef VERDICT_ACTION
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts.c - findings, recipients and attachments of a message as JSON, for the log.
 *
 * An attachment is a leaf of the message that has a name, or is no text. All that is known
 * of it comes from the inspector's explanation, which may be a lie: jansson reads it, and a
 * member of the wrong type is left out.
 *
 * Limits: ATTACHMENTS_MAX of them.
 */
#include <string.h>

#include "facts.h"
#include "jtext.h"

#define ATTACHMENTS_MAX 100

static json_t *attachment(json_t *);

json_t *
facts_findings(const struct report *report)
{
	json_t *array = json_array(), *o;
	const struct finding *f;

	for (size_t i = 0; array != NULL && i < report->n_findings; i++) {
		f = &report->findings[i];
		o = json_object();
		json_object_set_new(o, "part", jtext_new(f->part));
		json_object_set_new(o, "class", json_string(verdict_class_name(f->class)));
		json_object_set_new(o, "reason", jtext_new(f->reason));
		json_object_set_new(o, "action", json_string(verdict_action_name(f->action)));
		json_object_set_new(o, "name", jtext_new(f->file));
		json_array_append_new(array, o);
	}
	return array;
}

json_t *
facts_recipients(const struct envelope *envelope)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < envelope->n_recipients; i++)
		json_array_append_new(array, jtext_new(envelope->recipients[i]));
	return array;
}

json_t *
facts_attachments(const char *explanation)
{
	json_error_t error;
	json_t *all = json_loads(explanation, JSON_ALLOW_NUL, &error), *array = NULL, *part, *one;
	size_t i;

	if (all != NULL && (array = json_array()) != NULL)
		json_array_foreach(json_object_get(all, "parts"), i,
		    part) if (json_array_size(array) < ATTACHMENTS_MAX &&
		    (one = attachment(part)) != NULL) json_array_append_new(array, one);
	json_decref(all);
	return array;
}

static json_t *
attachment(json_t *part)
{
	static const char *const keys[][2] = { { "path", "part" }, { "type", "type" },
		{ "sha256", "sha256" } };
	json_t *names = json_object_get(part, "names"), *name = json_array_get(names, 0),
	       *type = json_object_get(part, "type"), *size = json_object_get(part, "bytes"), *o;

	if (!json_is_true(json_object_get(part, "leaf")) ||
	    (!json_is_string(name) &&
		(!json_is_string(type) || strncmp(json_string_value(type), "text/", 5) == 0)))
		return NULL;
	o = json_object();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_is_string(json_object_get(part, keys[i][0])))
			json_object_set_new(o, keys[i][1],
			    jtext_new(json_string_value(json_object_get(part, keys[i][0]))));
	if (json_is_integer(size))
		json_object_set(o, "size", size);
	if (json_is_string(name))
		json_object_set_new(o, "name", jtext_new(json_string_value(name)));
	return o;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_table.h - the table of settings, for conf.c and its like.
 */
#ifndef CONF_TABLE_H
#define CONF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {
	TYPE_STRING, /* as it stands; no control characters */
	TYPE_WORDS, /* list: words separated by spaces or commas */
	TYPE_EXTENSIONS, /* list: lower case, without a leading dot */
	TYPE_TEXT, /* lines; \n is a line ending, \\ a backslash */
	TYPE_NUMBER,
	TYPE_SIZE,
	TYPE_TIME,
	TYPE_BOOL,
	TYPE_CHOICE /* an enum or int, by name */
};

struct conf_choice {
	const char *name; /* NULL ends the list */
	int value;
};

struct conf_key {
	const char *section;
	const char *name;
	enum conf_type type;
	size_t offset; /* in struct conf */
	uint64_t min, max; /* of a number; of a string's length */
	const struct conf_choice *choices;
	const char *(*check)(const char *value); /* what was expected instead, or NULL */
	const char *standard; /* the default, as in a file */
	bool by_rule; /* a [rule NAME] may set it, for the messages that it matches */
};

/* In the order of --print-config. */
extern const struct conf_key conf_table[];
extern const size_t conf_table_size;

const struct conf_key *conf_table_find(const char *name);

#endif

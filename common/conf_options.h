/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_options.h - the options -c, -o, -d and -v, which all programs take.
 */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

#define CONF_OPTIONS_MAX 200

struct conf_options {
	const char *file; /* -c; NULL = the default one, if it is there */
	struct {
		char letter;
		char *assignment;
	} set[CONF_OPTIONS_MAX]; /* in their order */
	size_t n;
	int verbose; /* how often -v was given */
};

/* For getopt, beside the program's own. */
#define CONF_OPTIONS_LETTERS "c:o:d:v"
#define CONF_OPTIONS_HELP \
	"  -c FILE              configuration (default " CONF_FILE_DEFAULT ", if it exists)\n" \
	"  -o KEY=VALUE         override a setting of the configuration; may be repeated\n" \
	"  -d DIR               signatures, same as -o database=DIR\n" \
	"  -v                   log to standard error as well; twice: debug\n"

/* Take one of them that getopt has found; false if the letter is none of them. */
bool conf_options_take(struct conf_options *, int letter, const char *argument);

/* Another letter stands for an assignment. */
void conf_options_set(struct conf_options *, char letter, const char *assignment);

/*
 * The file, then the options over it, into a configuration that is at its
 * defaults. Returns a code of <sysexits.h>: EX_OK, or with a sentence EX_CONFIG,
 * EX_USAGE (too many), or EX_TEMPFAIL where the file could not be read for lack of
 * something that will be there again.
 */
int conf_options_load(struct conf_options *, struct conf *, char *err, size_t errsize);

void conf_options_free(struct conf_options *);

/* The code for a file that could not be opened, with that errno. */
int conf_options_code(int error);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_options.c - the options -c, -o, -d and -v, which all programs take.
 *
 * They are kept until the file was read, wherever they stand, since they go over
 * it; and afterwards, so that they go over it again when it is read anew.
 *
 * Limits: CONF_OPTIONS_MAX assignments. Diagnostics: one sentence, which names
 * the option.
 */
#include "conf_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "conf_file.h"
#include "fault.h"
#include "memory.h"
#include "rule_check.h"

bool
conf_options_take(struct conf_options *o, int letter, const char *argument)
{
	char *assignment;

	switch (letter) {
	case 'c':
		o->file = argument;
		return true;
	case 'd':
		if (asprintf(&assignment, "database=%s", argument) == -1)
			memory_checked(NULL);
		conf_options_set(o, 'd', assignment);
		free(assignment);
		return true;
	case 'o':
		conf_options_set(o, 'o', argument);
		return true;
	case 'v':
		o->verbose++;
		return true;
	}
	return false;
}

void
conf_options_set(struct conf_options *o, char letter, const char *assignment)
{
	if (o->n < CONF_OPTIONS_MAX) {
		o->set[o->n].letter = letter;
		o->set[o->n].assignment = memory_copy(assignment);
	}
	o->n++;
}

void
conf_options_free(struct conf_options *o)
{
	for (size_t i = 0; i < o->n && i < CONF_OPTIONS_MAX; i++)
		free(o->set[i].assignment);
	o->n = 0;
}

int
conf_options_load(struct conf_options *o, struct conf *conf, char *err, size_t errsize)
{
	char sentence[512];

	if (o->n > CONF_OPTIONS_MAX) {
		fault_tell(err, errsize, "more than %d options", CONF_OPTIONS_MAX);
		return EX_USAGE;
	}
	/* Once it is there it has to stay. */
	if (o->file == NULL)
		o->file = conf_file_default();
	errno = 0;
	if (o->file != NULL && !conf_file_read(conf, o->file, err, errsize))
		return conf_options_code(errno);
	for (size_t i = 0; i < o->n; i++) {
		if (conf_set(conf, o->set[i].assignment, sentence, sizeof(sentence)))
			continue;
		fault_tell(err, errsize, "option -%c: %s", o->set[i].letter, sentence);
		return EX_CONFIG;
	}
	if (conf_contradiction(conf) != NULL) {
		fault_tell(err, errsize, "%s", conf_contradiction(conf));
		return EX_CONFIG;
	}
	return rule_check(conf, err, errsize) ? EX_OK : EX_CONFIG;
}

/* A caller that hears EX_CONFIG from us may send a message back to its sender. */
int
conf_options_code(int error)
{
	static const int passing[] = { EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT, EAGAIN, EINTR, EIO };

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (error == passing[i])
			return EX_TEMPFAIL;
	return EX_CONFIG;
}

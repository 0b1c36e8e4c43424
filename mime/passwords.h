/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passwords.h - the words that are tried on encrypted archives.
 */
#ifndef PASSWORDS_H
#define PASSWORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gmime/gmime.h>

/* Words of texts, that is without those of the administrator's. */
#define PASSWORDS_MAX 1000

/* Those of one message, in the order in which they are tried, each once. */
struct passwords {
	GPtrArray *words; /* NULL = none are tried */
	GHashTable *known;
	size_t n_listed;
	int64_t left; /* ms of effort_ms that may be spent on them */
};

/* listed: the administrator's, separated by one space. Free with passwords_free. */
void passwords_begin(struct passwords *, const char *listed, int64_t ms);
void passwords_free(struct passwords *);

/*
 * The words of a message: of its subject, and of its texts and those of the messages in it
 * that are not encoded; as they stand, without the punctuation around them, and what is
 * behind a colon or an equals sign. Memory that runs out ends the process.
 */
void passwords_take(struct passwords *, GMimeMessage *);

#endif

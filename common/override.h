/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * override.h - verdicts of the administrator's own, on signatures and on contents.
 *
 * A text of lines, each "WHAT ACTION [until=YYYY-MM-DD] [REMARK]". What is a shell
 * pattern of a signature's name, in whatever case, or the SHA-256 of a content as 64
 * hexadecimal digits. The action is "ignore" or one that a class may have. Lines that
 * begin with "#" and empty ones say nothing.
 */
#ifndef OVERRIDE_H
#define OVERRIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"

#define OVERRIDE_MAX_BYTES (256u << 10) /* of a text */
#define OVERRIDE_SHA256 32

struct override {
	unsigned int line;
	char *what; /* as it stands */
	bool content; /* it is a digest */
	uint8_t sha256[OVERRIDE_SHA256];
	bool ignore; /* as if nothing had been found */
	enum verdict_action action; /* ACTION_PASS if it is ignored */
	char until[11]; /* "" = for ever; the day itself counts */
	bool expired;
};

struct overrides {
	struct override *at;
	size_t n;
};

/*
 * Parse a text that came from file; today is "YYYY-MM-DD". Free with override_free. On
 * failure nothing is there, and err has a sentence with file and line.
 */
bool override_parse(struct overrides *, const char *text, const char *file, const char *today,
    char *err, size_t errsize);
void override_free(struct overrides *);

/* The day it is now, in UTC. */
void override_today(char today[11]);

/*
 * The first line in effect about a signature's name (NULL = about no name) or a content
 * (NULL = about none); NULL if there is none.
 */
const struct override *override_find(const struct overrides *, const char *name,
    const uint8_t *sha256);

/* "ignore", or the action's name. */
const char *override_word(const struct override *);

#endif

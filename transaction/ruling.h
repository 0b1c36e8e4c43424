/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruling.h - which settings hold for a message and each of its recipients.
 */
#ifndef RULING_H
#define RULING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf.h"
#include "envelope.h"

#define RULING_NAMES_MAX 256

/* How some of the recipients are treated, or all. */
struct treatment {
	struct conf *conf; /* NULL = the settings as they are */
	char rules[RULING_NAMES_MAX]; /* that matched: "lab,vip", or "" */
	bool open; /* a rule may still match, by what is found */
	size_t *recipients; /* their indices in the envelope, ascending */
	size_t n_recipients;
};

struct ruling {
	struct treatment *treatments; /* one at least; in the order of their first recipients */
	size_t n;
};

/*
 * Before anything is known of the content. False, with a sentence and nothing to free,
 * if a table can't be read or memory runs out: then nobody knows what holds.
 */
bool ruling_make(struct ruling *, const struct conf *, const struct envelope *, uint64_t size,
    char *err, size_t errsize);
void ruling_free(struct ruling *);

/*
 * And once the classes (bits 1 << CLASS_*) of what was found are known: of an envelope
 * whose recipients are all treated alike. *conf is to be freed by ruling_conf_free.
 */
bool ruling_found(struct conf **conf, char rules[RULING_NAMES_MAX], const struct conf *,
    const struct envelope *, uint64_t size, unsigned int classes, char *err, size_t errsize);
void ruling_conf_free(struct conf *);

/* Are all tables of all rules there? Else false, and a sentence with file and line. */
bool ruling_check(const struct conf *, char *err, size_t errsize);

/*
 * For a human: each rule, whether it matches a message from the envelope to its first
 * recipient, and why; then what it comes to. False as ruling_make.
 */
bool ruling_explain(const struct conf *, const struct envelope *, FILE *, char *err,
    size_t errsize);

#endif

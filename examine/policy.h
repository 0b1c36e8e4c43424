/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.h - rules on what a part is called and what it begins with.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

#define POLICY_RULE_MAX 256

/*
 * Judge a part by all the names that a reader may see and by the first bytes
 * of its content. If it is to be blocked, returns true, puts the rule into
 * rule ("extension .exe", "name matches *.zip", "executable content") and the
 * index of the offending name into *which (n if it was none of them).
 */
bool policy_blocks(const struct conf *, char *const *names, size_t n, const char *content,
    size_t len, char rule[POLICY_RULE_MAX], size_t *which);

/*
 * Does it end in the name of a host, under a domain that is an extension as well, such as
 * com, pl or app: "Re: your order at example.com", "logo@example.com"?
 */
bool policy_is_host(const char *name);

/* Does it end in ".js" behind words, as in "Moving to Node.js"? */
bool policy_is_title(const char *name);

/*
 * A name as a file system would take it: without path, control, bidi and
 * zero-width characters, trailing dots and blanks; ASCII letters lower case.
 * Always fits into as many bytes as name has.
 */
void policy_normalise(const char *name, char *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge.h - what is wrong with a part before anything is scanned: its names, its
 * type, limits, and what could not be opened.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "examination.h"

void judge_part(struct examination *, const struct part *, const char *content, size_t len);

/* The first of a part's names, "" if it has none. */
const char *judge_name(const struct part *);

/* Text without a name is shown, not opened, whatever becomes of its letters. */
bool judge_may_be_attachment(const struct part *);

/*
 * Is what stands there harmless, decoded and as it is: no program, no archive, no
 * document or markup that does something when it is shown?
 */
bool judge_harmless(const struct examination *, const struct part *, const char *content,
    size_t len);

#endif

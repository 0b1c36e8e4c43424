/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * readings.h - a message in every way that anybody might read it.
 */
#ifndef READINGS_H
#define READINGS_H

#include "examination.h"

/* Past a bound on readings: the reason of the finding. */
extern const char readings_too_many[];

/*
 * The message, which is irregular. What is found is held against the leaf in
 * whose bytes it stands, else against the whole.
 */
void readings_of_message(struct examination *);

/*
 * A message that is somebody's content, if it does not read the same to
 * everyone: what is found is held against the part that holds it.
 */
void readings_of_content(struct examination *, const struct part *, const char *content,
    size_t len);

/*
 * What programs find in a leaf's content that nothing calls a file (ambiguity/guesses.h):
 * first it is noted, and scanned once it is known what else is; texts with others.
 */
void readings_note_guesses(struct examination *, const struct part *, const char *content,
    size_t len);
void readings_of_guesses(struct examination *, struct joined *texts);

/* Scan what was put off to be scanned together, when all else is. */
void readings_finish(struct examination *);

#endif

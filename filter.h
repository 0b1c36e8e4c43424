/*
 * filter.h - the one-shot front: mail in on one descriptor, mail out on
 * another.
 */
#ifndef FILTER_H
#define FILTER_H

#include "conf.h"

/*
 * Read a mail from rfd to its end, write the result to wfd. Nothing is written
 * before all of it is known. Returns a code of <sysexits.h>: EX_OK,
 * EX_TEMPFAIL (try again), EX_UNAVAILABLE (refused by policy). A discarded
 * mail is EX_OK with no output.
 */
int filter_run(const struct conf *, int rfd, int wfd);

#endif

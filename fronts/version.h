/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * version.h - what -V prints.
 */
#ifndef VERSION_H
#define VERSION_H

#include "conf.h"
#include "conf_options.h"

/*
 * Have an inspector with the same options print versions, walls and signatures on
 * standard output. Returns its exit code; if it could not tell what is wrong, standard
 * error has a sentence of ours.
 */
int version_print(const struct conf *, const struct conf_options *);

#endif

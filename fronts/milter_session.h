/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter_session.h - the events of a milter's connection, for libmilter to call.
 */
#ifndef MILTER_SESSION_H
#define MILTER_SESSION_H

#include <stdbool.h>

#include <libmilter/mfapi.h>

#include "conf.h"

/* Tell libmilter what to call; the configuration must outlive smfi_main. False: no memory. */
bool milter_session_register(const struct conf *);

/* Who judges: the socket of milter_worker_start. Before smfi_main. */
void milter_session_start(int spawner);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_client.h - finds the engine, and looks who it is.
 */
#ifndef ENGINE_CLIENT_H
#define ENGINE_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"

/*
 * A connection to the engine of the settings: the far end is an inspector for one
 * message. -1 with errno and a sentence if there is none by the deadline (clock_ms),
 * or if somebody runs it whom we don't trust (EPERM).
 */
int engine_client_connect(const struct conf *, int64_t deadline, char *why, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manager.h - what whoever started the engine hears of it.
 */
#ifndef MANAGER_H
#define MANAGER_H

#include "conf.h"

/*
 * It serves: to systemd, and a byte to ready_fd (-1 = nobody), which is closed.
 */
void manager_ready(int ready_fd);
#define MANAGER_READY 'R'

/* It is about to end: to systemd. */
void manager_stopping(void);

/* path "" = none; taken away again only if it still names this process. */
void manager_write_pid(const char *path);
void manager_remove_pid(const char *path);

/* Standard error to nowhere: whoever waits for its end has seen all there is. */
void manager_leave_terminal(const struct conf *);

#endif

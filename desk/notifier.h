/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notifier.h - the verb notify: a notice to the postmaster.
 */
#ifndef NOTIFIER_H
#define NOTIFIER_H

/* What is to be told is on standard input (transaction/notify.c). Returns a code of <sysexits.h>. */
int notifier_run(void);

#endif

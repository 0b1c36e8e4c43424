/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * complaint.h - what libclamav complained about while it loaded or scanned.
 */
#ifndef COMPLAINT_H
#define COMPLAINT_H

#include <clamav.h>
#include <stdbool.h>

/*
 * Forget what there was. scratch: in a scan, where what it needs is looked at when
 * it complains; NULL while signatures are loaded. Must outlive the scan.
 */
void complaint_begin(const char *scratch);

/* For cl_set_clcb_msg: each message of error severity is a complaint. */
void complaint_on_message(enum cl_msg, const char *fullmsg, const char *msg, void *ctx);

/* One of our own accord: about the content, or about what we failed to provide. */
void complaint_add(const char *text);
void complaint_add_own(const char *text);

/* The first and the last, printable; "" = none. For a broken database the last names the file. */
const char *complaint_first(void);
const char *complaint_last(void);

/* Was something missing, when it complained, that is ours to provide? */
bool complaint_is_own(void);

#endif

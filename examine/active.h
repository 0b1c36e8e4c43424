/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * active.h - documents that do something when they are opened: rules on what is in them.
 */
#ifndef ACTIVE_H
#define ACTIVE_H

#include "examination.h"

/* Tells what block_active_pdf, block_html_smuggling and block_macros say of a leaf. */
void active_check(struct examination *, const struct part *, const char *content, size_t len);

#endif

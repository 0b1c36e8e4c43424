/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_check.h - settings that must be more than text.
 *
 * Each function says NULL to a value that is good, else what it should have
 * been, as a constant; and so for "", even if that is good.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

/* Longest path, leaving room for a quarantine name in 4096. */
#define CONF_PATH_LENGTH 4000
#define CONF_SOCKET_LENGTH 107 /* sun_path, unix(7) */
#define CONF_NOTICE_LENGTH 8192
#define CONF_LANGUAGE_SIZE 36 /* of a tag with its NUL: RFC 5646, 4.4.1 */

/* Of scanner: in front of where a clamd listens. */
#define CONF_CLAMD "clamd:"

/* A word that begins so, and goes on with /, is a lookup table (transaction/lookup.c). */
extern const char *const conf_check_tables[]; /* the last one is NULL */

const char *conf_check_clients(const char *);
const char *conf_check_addresses(const char *);
const char *conf_check_networks(const char *);
const char *conf_check_log(const char *);
const char *conf_check_path(const char *);
const char *conf_check_name(const char *);
const char *conf_check_scanner(const char *);
const char *conf_check_notice(const char *);
const char *conf_check_languages(const char *);
const char *conf_check_shown(const char *);
const char *conf_check_mailbox(const char *);
const char *conf_check_classes(const char *);
const char *conf_check_types(const char *);
const char *conf_check_hop(const char *);

#endif

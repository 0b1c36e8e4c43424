/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.h - the configuration: one struct, one table of settings (conf_table.c).
 *
 * Both halves use it. The front reads file and options; the inspector gets the
 * settings from the front as "key=value" strings (request.h), so that the two
 * can't disagree and the inspector needs no file.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "verdict.h"

enum conf_keep { KEEP_OFF, KEEP_CHANGED, KEEP_ALL };
enum conf_engine { ENGINE_AUTO, ENGINE_REQUIRE, ENGINE_OFF };
enum conf_scan { SCAN_AUTO, SCAN_THOROUGH };
enum conf_reload { RELOAD_AUTO, RELOAD_OVERLAP, RELOAD_PAUSE };
enum conf_sandbox { SANDBOX_AUTO, SANDBOX_REQUIRE, SANDBOX_OFF };
enum conf_log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum conf_notice_line { NOTICE_LINE_AUTO, NOTICE_LINE_ALWAYS, NOTICE_LINE_NEVER };
enum conf_exempt { EXEMPT_NO, EXEMPT_RULE, EXEMPT_CLIENT, EXEMPT_SENDER, EXEMPT_RECIPIENTS };
enum conf_direction { DIRECTION_AUTO, DIRECTION_IN, DIRECTION_OUT };
enum conf_macros { MACROS_PASS, MACROS_AUTORUN, MACROS_ANY };
enum conf_unlisted { UNLISTED_PASS, UNLISTED_BLOCK };
enum conf_newline { NEWLINE_NORMALISE, NEWLINE_REJECT };

/* Lists are words separated by one space. Times are seconds, sizes bytes. */
struct conf {
	/* [scan] */
	enum conf_scan scan;
	char *scanner; /* "libclamav", or words "clamd:/path" and "clamd:HOST:PORT" */
	char *database; /* directory or file of signatures */
	char *inspector; /* path of spawnscan-inspect; "" = beside spawnscan */
	char *cvd_certs_dir; /* ClamAV 1.5: certificates of signed databases; "" = its own */
	enum conf_sandbox sandbox; /* must Landlock and seccomp be there */
	uint64_t max_signature_age; /* for spawnscan --check; 0 = any */
	char *scratch_dir; /* where an inspector's private directory is made: see scratch_base */
	uint64_t inspect_timeout; /* from handing over to the whole report */
	uint64_t
	    inspect_cpu; /* seconds of CPU time for one message, see the manual; 0 = no limit */
	uint64_t memory_limit; /* address space of an inspector; 0 = none */
	uint64_t scan_size_limit; /* bytes unpacked per scanned object */
	uint64_t scan_file_limit; /* bytes of one unpacked file */
	uint64_t scan_depth_limit; /* archives in archives */
	uint64_t scan_files_limit; /* files in one archive */
	/* What libclamav alerts on beside plain signatures: clamd's names. */
	bool detect_pua; /* load its signatures of possibly unwanted applications */
	bool alert_broken_executables, alert_broken_media;
	bool alert_phishing_ssl_mismatch, alert_phishing_cloak, alert_partition_intersection;
	bool phishing_signatures, phishing_scan_urls;
	bool try_passwords; /* words of the message's texts on encrypted archives */
	char *passwords; /* words that are tried first */

	/* [engine] */
	enum conf_engine engine; /* does the front use one */
	char *engine_socket;
	int engine_socket_mode; /* permission bits */
	char *engine_users; /* who may connect, beside root and its own user */
	char *engine_user; /* who it becomes when root starts it; "" = stay */
	uint64_t engine_inspectors; /* at once */
	uint64_t engine_cache; /* objects that it remembers as clean; 0 = none */
	uint64_t engine_cache_min; /* bytes of one that is worth it */
	enum conf_reload engine_reload; /* new signatures beside the old ones, or after them */
	uint64_t reload_check; /* look for new signatures; 0 = on SIGHUP only */
	char *engine_pid_file; /* "" = none */
	char *engine_metrics_file; /* "" = none */

	/* [actions] */
	enum verdict_action action[CLASS_COUNT];
	char *verdicts; /* file of the administrator's own (override.h); "" = none */
	enum verdict_action poison; /* of a message that fails again and again */
	uint64_t poison_tries; /* how often; 0 = never */
	uint64_t poison_time; /* or since when, in seconds; 0 = no matter */
	enum verdict_action partial; /* of parts whose content is elsewhere */

	/* [names] */
	char *block_extensions;
	char *deny_names;
	char *allow_names;
	char *block_types, *allow_types; /* patterns of MIME types, as a content has them */
	enum conf_unlisted unlisted; /* "default": what no allow_ list names */
	uint64_t attachment_size_limit; /* bytes decoded; 0 = none */
	bool block_executables;
	bool archive_names; /* the same rules inside archives and winmail.dat */
	/* office documents with macros, or with a template from elsewhere */
	enum conf_macros block_macros;
	bool block_active_pdf; /* with scripts, or actions that start programs */
	enum verdict_action block_html_smuggling; /* of pages whose script builds a file */
	enum conf_exempt exempt; /* of names and types nothing is blocked, only told */
	char *exempt_clients; /* addresses, networks, patterns of names */
	char *exempt_senders; /* patterns */
	char *exempt_recipients;

	/* [rules] */
	char *rule; /* names of rules that say named = yes */
	enum conf_direction direction; /* of all mail that comes this way */
	struct rule *rules; /* of the file, in their order (rule.h); not in the table */

	/* [limits] */
	uint64_t message_size_limit;
	uint64_t mime_depth_limit;
	uint64_t mime_parts_limit;
	uint64_t header_size_limit; /* one header block */
	uint64_t view_limit; /* readings of an irregular mail: how many, */
	uint64_t view_size_limit; /* and how many bytes in all */

	/* [marks] */
	bool header; /* add X-Antivirus and X-Spawnscan-Result */
	char *notice; /* template, lines separated by \n; "" = the language's */
	char *notice_language; /* tags in order of preference; "auto" = as the message says */
	char *language_dir; /* files of languages, TAG.json */
	enum conf_notice_line notice_line; /* in front of the text: when */
	bool notice_renamed; /* the same of what was renamed */
	char *contact; /* whom the notice says to ask */
	char *banner; /* in front of the text of each message; "" = none */
	char *banner_html; /* the same as HTML; "" = made from banner */
	char *disclaimer, *disclaimer_html; /* behind it, once in a thread */
	char *subject_tag; /* in front of the subject of what was changed; "" = none */

	/* [quarantine] */
	enum conf_keep quarantine;
	char *quarantine_dir;
	uint64_t quarantine_min_free; /* bytes to be left on its file system; 0 = no matter */
	char *quarantine_to; /* address that gets each original as well; "" = none */
	bool quarantine_to_only; /* and then it does not stay in the directory */

	/* [notify] */
	char *notify_to; /* address; "" = nobody */
	char *notify_classes; /* names of classes */
	uint64_t notify_interval; /* at most one notice for each class in it */
	char *notify_via; /* next hop of notices; "" = the message's */

	/* [log] */
	char *log; /* "syslog", "stderr" or "file:/path" */
	int syslog_facility; /* LOG_MAIL ... */
	char *syslog_name;
	enum conf_log_format log_format;
	bool log_attachments;
	char *metrics_file; /* "" = none */
	int log_level; /* LOG_ERR ... LOG_DEBUG */

	/* [smtp] */
	enum conf_newline bare_newline;
	uint64_t connect_timeout;
	uint64_t command_timeout; /* client: from a reply to the next whole command */
	uint64_t data_timeout; /* client: from 354 to the final dot */
	uint64_t reply_timeout; /* downstream: from a command to its whole reply */
	uint64_t send_timeout; /* downstream: from 354 to the final dot sent */
	uint64_t final_timeout; /* downstream: from the final dot to its reply */
	uint64_t session_timeout; /* client: from its connection to its last command or data */
	uint64_t line_limit; /* bytes of one command line with its CRLF */
	uint64_t recipient_limit;
	uint64_t error_limit;

	/* [proxy] */
	char *proxy_clients; /* addresses and networks that may connect */
	char *proxy_xforward_clients; /* those of them whose XFORWARD is believed */
	uint64_t proxy_processes; /* sessions at a time */
	char *proxy_user; /* who it becomes when root starts it; "" = stay */
	int proxy_socket_mode; /* permission bits of a Unix socket */
	uint64_t proxy_drain; /* for sessions to end in after SIGTERM */
	char *proxy_metrics_file; /* "" = none */

	/* [sendmail] */
	char *sendmail_path;
};

/* The defaults. Free with conf_free. */
void conf_init(struct conf *);
/* All settings, but none of the rules. */
void conf_copy(struct conf *, const struct conf *);
void conf_free(struct conf *);

/*
 * Set one key from "key=value" or "section.key=value" (option -o, or the
 * front's request). Replaces what was there. On failure: false and a sentence.
 */
bool conf_set(struct conf *, const char *assignment, char *err, size_t errsize);

/* What two settings together can't mean, as a constant sentence; NULL if all is well. */
const char *conf_contradiction(const struct conf *);

/* Is it clamd that scans, so that there is nothing for an engine to load? */
bool conf_uses_clamd(const struct conf *);

/*
 * Call fn once per key in table order, with the value as conf_set takes it.
 */
void conf_each(const struct conf *,
    void (*fn)(void *ctx, const char *section, const char *key, const char *value), void *ctx);

#endif

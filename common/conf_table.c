/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_table.c - the table of settings: one row says everything there is to
 * know about one, where it belongs, what it may hold, and what it holds if
 * nobody says anything.
 *
 * A new setting is a row here, a field of the same name in struct conf, and
 * its place in the manual and the example. Those of the classes come from the
 * rows in verdict.h.
 */
#include "conf_table.h"

#include <string.h>
#include <syslog.h>

#include "conf.h"
#include "conf_check.h"

#define K ((uint64_t)1 << 10)
#define M ((uint64_t)1 << 20)
#define G ((uint64_t)1 << 30)
#define DAY ((uint64_t)86400)
#define LIST_LENGTH 16384

static const struct conf_choice part_actions[] = { { "pass", ACTION_PASS }, { "tag", ACTION_TAG },
	{ "defang", ACTION_DEFANG }, { "remove", ACTION_REMOVE }, { "reject", ACTION_REJECT },
	{ "discard", ACTION_DISCARD }, { "tempfail", ACTION_TEMPFAIL }, { NULL, 0 } };
static const struct conf_choice error_actions[] = { { "tempfail", ACTION_TEMPFAIL },
	{ "reject", ACTION_REJECT }, { "wrap", ACTION_WRAP }, { NULL, 0 } };
static const struct conf_choice poison_actions[] = { { "quarantine", ACTION_DISCARD },
	{ "wrap", ACTION_WRAP }, { "reject", ACTION_REJECT }, { "tempfail", ACTION_TEMPFAIL },
	{ NULL, 0 } };
static const struct conf_choice keeps[] = { { "off", KEEP_OFF }, { "changed", KEEP_CHANGED },
	{ "all", KEEP_ALL }, { NULL, 0 } };
static const struct conf_choice newlines[] = { { "normalise", NEWLINE_NORMALISE },
	{ "reject", NEWLINE_REJECT }, { NULL, 0 } };
static const struct conf_choice notice_lines[] = { { "auto", NOTICE_LINE_AUTO },
	{ "always", NOTICE_LINE_ALWAYS }, { "never", NOTICE_LINE_NEVER }, { NULL, 0 } };
static const struct conf_choice scans[] = { { "auto", SCAN_AUTO }, { "thorough", SCAN_THOROUGH },
	{ NULL, 0 } };
static const struct conf_choice engines[] = { { "auto", ENGINE_AUTO },
	{ "require", ENGINE_REQUIRE }, { "off", ENGINE_OFF }, { NULL, 0 } };
static const struct conf_choice reloads[] = { { "auto", RELOAD_AUTO },
	{ "overlap", RELOAD_OVERLAP }, { "pause", RELOAD_PAUSE }, { NULL, 0 } };
static const struct conf_choice sandboxes[] = { { "auto", SANDBOX_AUTO },
	{ "require", SANDBOX_REQUIRE }, { "off", SANDBOX_OFF }, { NULL, 0 } };
static const struct conf_choice socket_modes[] = { { "0600", 0600 }, { "0660", 0660 },
	{ "0666", 0666 }, { NULL, 0 } };
static const struct conf_choice facilities[] = { { "mail", LOG_MAIL }, { "daemon", LOG_DAEMON },
	{ "user", LOG_USER }, { "auth", LOG_AUTH }, { "authpriv", LOG_AUTHPRIV },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 }, { NULL, 0 } };
static const struct conf_choice log_formats[] = { { "text", LOG_FORMAT_TEXT },
	{ "json", LOG_FORMAT_JSON }, { NULL, 0 } };
static const struct conf_choice exemptions[] = { { "no", EXEMPT_NO }, { "yes", EXEMPT_RULE },
	{ "client", EXEMPT_CLIENT }, { "sender", EXEMPT_SENDER },
	{ "recipients", EXEMPT_RECIPIENTS }, { NULL, 0 } };
static const struct conf_choice directions[] = { { "auto", DIRECTION_AUTO }, { "in", DIRECTION_IN },
	{ "out", DIRECTION_OUT }, { NULL, 0 } };
static const struct conf_choice macros[] = { { "no", MACROS_PASS }, { "autorun", MACROS_AUTORUN },
	{ "any", MACROS_ANY }, { "yes", MACROS_ANY }, { NULL, 0 } };
static const struct conf_choice unlisteds[] = { { "pass", UNLISTED_PASS },
	{ "block", UNLISTED_BLOCK }, { NULL, 0 } };
static const struct conf_choice levels[] = { { "err", LOG_ERR }, { "warning", LOG_WARNING },
	{ "notice", LOG_NOTICE }, { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { NULL, 0 } };

/*
 * What Outlook, Outlook on the web, Exchange Online (its common attachments filter)
 * and Gmail (support.google.com/mail/answer/6590) don't let a user open, and what
 * MailScanner, rspamd and amavisd refuse, less what ordinary people mail to each other:
 * certificates, zip, html, mail folders, documents with macros; mht and mhtml (reports
 * come so, and are walked as messages), deb, rev, xz and z (opened, or told).
 */
#define BLOCK_EXTENSIONS \
	/* programs, libraries, installers */ \
	"exe com scr pif cpl dll sys vxd ocx drv app gadget ex ex_ elf dex macho " \
	"msi msix msixbundle msp mst msu appx appxbundle appref-ms appinstaller application apk " \
	"pkg mpkg kext " /* scripts and what runs them */ \
	"bat cmd btm js jse mjs vb vbe vbs vbp vsmacros ws wsc wsf wsh hta htc sct scf " \
	"ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 psm1 cdxml pssc " \
	"msh msh1 msh2 mshxml msh1xml msh2xml nsh csh ksh sh pl plg py pyc pyo pyw pyz pyzw " \
	"jar jnlp xbap action command desktop scpt scptd terminal tool workflow " /* links, settings, helpers of the shell */ \
	"lnk url website search-ms searchconnector-ms library-ms settingcontent-ms library " \
	"appcontent-ms reg inf ins isp its job shb shs chm cnt hlp hpj msc theme themepack " \
	"deskthemepack grp diagcab diagcfg diagpkg printerexport webpnp mcf prf xnk rdp udl wsb " /* images of disks and archives used to smuggle the above */ \
	"iso img vhd vhdx dmg cab ace uif " /* databases, add-ins and documents that are programs */ \
	"ade adp mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz " \
	"accda accde accdr accdu xla xlam xll wll ppa ppam asp aspx asx bas fxp prg lib ops osd " \
	"pcd vsw " /* queries that fetch from elsewhere, notebooks with files behind pictures */ \
	"iqy oqy dqy rqy slk one onepkg"

/*
 * Sections whose settings are about one message and no more, so that a rule may
 * set them. The others are for a process, a session, or all messages alike.
 */
#define BY_RULE_scan false
#define BY_RULE_engine false
#define BY_RULE_rules false
#define BY_RULE_actions true
#define BY_RULE_names true
#define BY_RULE_limits false
#define BY_RULE_marks true
#define BY_RULE_quarantine true
#define BY_RULE_notify true
#define BY_RULE_log false
#define BY_RULE_smtp false
#define BY_RULE_proxy false
#define BY_RULE_sendmail false

/* clang-format off */
#define ROW(section, field, type, min, max, choices, check, standard) \
	{ #section, #field, type, offsetof(struct conf, field), min, max, choices, check, standard, \
	    BY_RULE_##section }
/* In a section that rules may set, but for all messages alike. */
#define EXEMPTION(field, check) \
	{ "names", #field, TYPE_WORDS, offsetof(struct conf, field), 0, LIST_LENGTH, NULL, check, "", \
	    false }
#define STRING(section, field, min, max, check, standard) \
	ROW(section, field, TYPE_STRING, min, max, NULL, check, standard)
#define WORDS(section, field, min, max, check, standard) \
	ROW(section, field, TYPE_WORDS, min, max, NULL, check, standard)
#define EXTENSIONS(section, field, min, max, check, standard) \
	ROW(section, field, TYPE_EXTENSIONS, min, max, NULL, check, standard)
#define TEXT(section, field, min, max, check, standard) \
	ROW(section, field, TYPE_TEXT, min, max, NULL, check, standard)
#define NUMBER(section, field, min, max, standard) \
	ROW(section, field, TYPE_NUMBER, min, max, NULL, NULL, standard)
#define SIZE(section, field, min, max, standard) \
	ROW(section, field, TYPE_SIZE, min, max, NULL, NULL, standard)
#define TIME(section, field, min, max, standard) \
	ROW(section, field, TYPE_TIME, min, max, NULL, NULL, standard)
#define BOOL(section, field, standard) ROW(section, field, TYPE_BOOL, 0, 0, NULL, NULL, standard)
#define CHOICE(section, field, choices, standard) \
	ROW(section, field, TYPE_CHOICE, 0, 0, choices, NULL, standard)
#define CLASS_ROW(id, name, weight, choices, standard) \
	{ "actions", name, TYPE_CHOICE, offsetof(struct conf, action[CLASS_##id]), 0, 0, choices, NULL, \
	    standard, true },

const struct conf_key conf_table[] = {
	CHOICE(scan, scan, scans, "auto"),
	WORDS(scan, scanner, 1, LIST_LENGTH, conf_check_scanner, "libclamav"),
	STRING(scan, database, 1, CONF_PATH_LENGTH, NULL, "/var/lib/clamav"),
	STRING(scan, inspector, 0, CONF_PATH_LENGTH, NULL, ""),
	STRING(scan, cvd_certs_dir, 0, CONF_PATH_LENGTH, NULL, ""),
	TIME(scan, max_signature_age, 0, 365 * DAY, "3d"),
	CHOICE(scan, sandbox, sandboxes, "auto"),
	STRING(scan, scratch_dir, 1, CONF_PATH_LENGTH, NULL, "auto"),
	TIME(scan, inspect_timeout, 1, DAY, "90s"),
	TIME(scan, inspect_cpu, 0, DAY, "5s"),
	SIZE(scan, memory_limit, 0, 1024 * G, "4G"),
	SIZE(scan, scan_size_limit, K, 1024 * G, "400M"),
	/* libclamav can't look at 2 GiB and more in one piece */
	SIZE(scan, scan_file_limit, K, 2047 * M, "100M"),
	NUMBER(scan, scan_depth_limit, 1, 100, "64"),
	NUMBER(scan, scan_files_limit, 1, 1000000, "10000"),
	BOOL(scan, detect_pua, "no"),
	BOOL(scan, phishing_signatures, "yes"),
	BOOL(scan, phishing_scan_urls, "yes"),
	BOOL(scan, alert_broken_executables, "no"),
	BOOL(scan, alert_broken_media, "no"),
	BOOL(scan, alert_phishing_ssl_mismatch, "no"),
	BOOL(scan, alert_phishing_cloak, "no"),
	BOOL(scan, alert_partition_intersection, "no"),
	BOOL(scan, try_passwords, "no"),
	WORDS(scan, passwords, 0, LIST_LENGTH, NULL, ""),

	CHOICE(engine, engine, engines, "auto"),
	STRING(engine, engine_socket, 1, CONF_SOCKET_LENGTH, NULL, "/run/spawnscan/engine.sock"),
	CHOICE(engine, engine_socket_mode, socket_modes, "0660"),
	WORDS(engine, engine_users, 0, LIST_LENGTH, NULL, ""),
	STRING(engine, engine_user, 0, 32, NULL, ""),
	NUMBER(engine, engine_inspectors, 1, 1000, "10"),
	NUMBER(engine, engine_cache, 0, 10000000, "50000"),
	SIZE(engine, engine_cache_min, 1, G, "32K"),
	CHOICE(engine, engine_reload, reloads, "auto"),
	TIME(engine, reload_check, 0, 30 * DAY, "600s"),
	STRING(engine, engine_pid_file, 0, CONF_PATH_LENGTH, NULL, ""),
	STRING(engine, engine_metrics_file, 0, CONF_PATH_LENGTH, conf_check_path, ""),

	/* one for each class */
	VERDICT_CLASSES(CLASS_ROW)
	STRING(actions, verdicts, 0, CONF_PATH_LENGTH, conf_check_path, ""),
	CHOICE(actions, partial, part_actions, "remove"),
	CHOICE(actions, poison, poison_actions, "wrap"),
	NUMBER(actions, poison_tries, 0, 1000, "3"),
	TIME(actions, poison_time, 0, 30 * DAY, "4h"),

	EXTENSIONS(names, block_extensions, 0, LIST_LENGTH, NULL, BLOCK_EXTENSIONS),
	WORDS(names, deny_names, 0, LIST_LENGTH, NULL, ""),
	WORDS(names, allow_names, 0, LIST_LENGTH, NULL, ""),
	WORDS(names, block_types, 0, LIST_LENGTH, conf_check_types, ""),
	WORDS(names, allow_types, 0, LIST_LENGTH, conf_check_types, ""),
	/* C has a word default of its own. */
	{ "names", "default", TYPE_CHOICE, offsetof(struct conf, unlisted), 0, 0, unlisteds, NULL, "pass",
	    true },
	SIZE(names, attachment_size_limit, 0, 1024 * G, "0"),
	BOOL(names, block_executables, "yes"),
	BOOL(names, archive_names, "yes"),
	CHOICE(names, block_macros, macros, "no"),
	BOOL(names, block_active_pdf, "no"),
	CHOICE(names, block_html_smuggling, part_actions, "tag"),
	CHOICE(names, exempt, exemptions, "no"),
	EXEMPTION(exempt_clients, conf_check_clients),
	EXEMPTION(exempt_senders, conf_check_addresses),
	EXEMPTION(exempt_recipients, conf_check_addresses),

	WORDS(rules, rule, 0, LIST_LENGTH, NULL, ""),
	CHOICE(rules, direction, directions, "auto"),

	SIZE(limits, message_size_limit, K, 1024 * G, "100M"),
	/* GMime itself gives up at 1024 */
	NUMBER(limits, mime_depth_limit, 1, 1000, "64"),
	NUMBER(limits, mime_parts_limit, 1, 10000, "5000"),
	SIZE(limits, header_size_limit, K, 64 * M, "256K"),
	NUMBER(limits, view_limit, 1, 1000000, "20000"),
	SIZE(limits, view_size_limit, M, 64 * G, "1G"),

	BOOL(marks, header, "yes"),
	TEXT(marks, notice, 0, CONF_NOTICE_LENGTH, conf_check_notice, ""),
	WORDS(marks, notice_language, 1, 200, conf_check_languages, "en"),
	STRING(marks, language_dir, 1, CONF_PATH_LENGTH, conf_check_path, DATADIR "/languages"),
	CHOICE(marks, notice_line, notice_lines, "auto"),
	BOOL(marks, notice_renamed, "no"),
	STRING(marks, contact, 1, 200, conf_check_shown, "your postmaster"),
	TEXT(marks, banner, 0, CONF_NOTICE_LENGTH, conf_check_notice, ""),
	TEXT(marks, banner_html, 0, CONF_NOTICE_LENGTH, conf_check_notice, ""),
	TEXT(marks, disclaimer, 0, CONF_NOTICE_LENGTH, conf_check_notice, ""),
	TEXT(marks, disclaimer_html, 0, CONF_NOTICE_LENGTH, conf_check_notice, ""),
	STRING(marks, subject_tag, 0, 100, conf_check_shown, ""),

	CHOICE(quarantine, quarantine, keeps, "changed"),
	SIZE(quarantine, quarantine_min_free, 0, 1024 * G, "0"),
	STRING(quarantine, quarantine_dir, 1, CONF_PATH_LENGTH, NULL, "/var/spool/spawnscan"),
	STRING(quarantine, quarantine_to, 0, 320, conf_check_mailbox, ""),
	BOOL(quarantine, quarantine_to_only, "no"),

	STRING(notify, notify_to, 0, 320, conf_check_mailbox, ""),
	WORDS(notify, notify_classes, 0, LIST_LENGTH, conf_check_classes, "infected error"),
	TIME(notify, notify_interval, 0, 30 * DAY, "1h"),
	STRING(notify, notify_via, 0, CONF_PATH_LENGTH, conf_check_hop, ""),

	STRING(log, log, 1, CONF_PATH_LENGTH, conf_check_log, "syslog"),
	CHOICE(log, syslog_facility, facilities, "mail"),
	STRING(log, syslog_name, 1, 64, conf_check_name, "spawnscan"),
	CHOICE(log, log_level, levels, "info"),
	CHOICE(log, log_format, log_formats, "text"),
	BOOL(log, log_attachments, "no"),
	STRING(log, metrics_file, 0, CONF_PATH_LENGTH, conf_check_path, ""),

	CHOICE(smtp, bare_newline, newlines, "normalise"),
	TIME(smtp, connect_timeout, 1, DAY, "30s"),
	TIME(smtp, command_timeout, 1, DAY, "300s"),
	TIME(smtp, data_timeout, 1, DAY, "600s"),
	TIME(smtp, reply_timeout, 1, DAY, "300s"),
	TIME(smtp, send_timeout, 1, DAY, "600s"),
	TIME(smtp, final_timeout, 1, DAY, "600s"),
	TIME(smtp, session_timeout, 1, DAY, "3600s"),
	/* RFC 5321 4.5.3.1.4: 512 and up; the top is IO_BUFFER_SIZE */
	SIZE(smtp, line_limit, 512, 65536, "2048"),
	NUMBER(smtp, recipient_limit, 1, 100000, "1000"),
	NUMBER(smtp, error_limit, 1, 100000, "20"),

	WORDS(proxy, proxy_clients, 1, LIST_LENGTH, conf_check_networks, "127.0.0.0/8 ::1"),
	WORDS(proxy, proxy_xforward_clients, 0, LIST_LENGTH, conf_check_networks, "127.0.0.0/8 ::1"),
	NUMBER(proxy, proxy_processes, 1, 10000, "100"),
	STRING(proxy, proxy_user, 0, 32, NULL, ""),
	CHOICE(proxy, proxy_socket_mode, socket_modes, "0660"),
	TIME(proxy, proxy_drain, 0, DAY, "60s"),
	STRING(proxy, proxy_metrics_file, 0, CONF_PATH_LENGTH, conf_check_path, ""),

	STRING(sendmail, sendmail_path, 1, CONF_PATH_LENGTH, conf_check_path, "/usr/sbin/sendmail"),
};
/* clang-format on */

const size_t conf_table_size = sizeof(conf_table) / sizeof(conf_table[0]);

const struct conf_key *
conf_table_find(const char *name)
{
	for (size_t i = 0; i < conf_table_size; i++) {
		if (strcmp(conf_table[i].name, name) == 0)
			return &conf_table[i];
	}
	return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_check.c - settings that must be more than text.
 */
#include "conf_check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "network.h"
#include "utf8.h"
#include "verdict.h"
#include "words.h"

#define NOTICE_LINE 900 /* RFC 5322 2.1.1 allows 998; the rest is for what is filled in */
#define HOST_LENGTH 253 /* RFC 1035 2.3.4, as text */

const char *const conf_check_tables[] = { "file:", "sorted:", "cdb:", "lmdb:", NULL };

static bool is_table(struct span);
static bool clamd_address(const char *, size_t);
static bool is_port(const char *);

/* What looks like an address must be one. */
const char *
conf_check_clients(const char *value)
{
	static const char expected[] =
	    "addresses like 192.0.2.1 or 2001:db8::1, networks like "
	    "192.0.2.0/24 with no bit set behind the prefix, patterns of host names, or "
	    "lookup tables like file:/path, sorted:/path, cdb:/path or lmdb:/path";
	struct network network;
	struct span word;

	if (*value == '\0')
		return expected;
	while (words_next(&value, &word)) {
		if (is_table(word))
			continue;
		/* "10.1.*" would be held against names, and never be one */
		if ((strcspn(word.text, ":/") < word.len ||
			strspn(word.text, "0123456789.*?") >= word.len) &&
		    !(word.len == 1 && *word.text == '*') &&
		    !network_parse(&network, word.text, word.len))
			return expected;
	}
	return NULL;
}

/* What has a colon, a slash or a bracket is nothing else, or the null sender. */
const char *
conf_check_addresses(const char *value)
{
	static const char expected[] =
	    "addresses like user@example.com, domains like example.com or .example.com, "
	    "patterns like *@example.com, <> for the null sender, or "
	    "lookup tables like file:/path, sorted:/path, cdb:/path or lmdb:/path";
	struct span word;

	if (*value == '\0')
		return expected;
	while (words_next(&value, &word)) {
		if (!is_table(word) && !span_is(word, "<>") &&
		    strcspn(word.text, ":/<>\"()") < word.len)
			return expected;
	}
	return NULL;
}

static bool
is_table(struct span word)
{
	for (size_t i = 0; conf_check_tables[i] != NULL; i++) {
		struct span rest = word;

		if (span_take(&rest, conf_check_tables[i]))
			return rest.len > 1 && rest.text[0] == '/';
	}
	return false;
}

/* Addresses and networks, no names. */
const char *
conf_check_networks(const char *value)
{
	static const char expected[] = "addresses like 192.0.2.1 or 2001:db8::1, or networks like "
				       "192.0.2.0/24 with no bit set behind the prefix";
	struct network network;
	struct span word;

	if (*value == '\0')
		return expected;
	while (words_next(&value, &word)) {
		if (!network_parse(&network, word.text, word.len))
			return expected;
	}
	return NULL;
}

const char *
conf_check_log(const char *value)
{
	if (strcmp(value, "syslog") == 0 || strcmp(value, "stderr") == 0 ||
	    strncmp(value, "file:/", 6) == 0)
		return NULL;
	return "syslog, stderr or file:/path";
}

const char *
conf_check_path(const char *value)
{
	return *value == '/' ? NULL : "a path that begins with /";
}

const char *
conf_check_name(const char *value)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_./";

	if (*value != '\0' && value[strspn(value, allowed)] == '\0')
		return NULL;
	return "1 to 64 letters, digits or any of - _ . /";
}

/* One of the two kinds; of clamd any number. */
const char *
conf_check_scanner(const char *value)
{
	static const char expected[] = "libclamav, or clamd:/path or clamd:HOST:PORT once or more";
	struct span word;

	if (strcmp(value, "libclamav") == 0)
		return NULL;
	if (*value == '\0')
		return expected;
	while (words_next(&value, &word)) {
		if (!clamd_address(word.text, word.len))
			return expected;
	}
	return NULL;
}

static bool
clamd_address(const char *word, size_t len)
{
	char address[CONF_PATH_LENGTH], *port;
	size_t host;

	if (len >= sizeof(address) || strncmp(word, CONF_CLAMD, strlen(CONF_CLAMD)) != 0)
		return false;
	snprintf(address, sizeof(address), "%.*s", (int)(len - strlen(CONF_CLAMD)),
	    word + strlen(CONF_CLAMD));
	if (address[0] == '/')
		return strlen(address) <= CONF_SOCKET_LENGTH;
	if ((port = strrchr(address, ':')) == NULL)
		return false;
	*port++ = '\0';
	host = strlen(address);
	/* an IPv6 address has colons of its own */
	if (address[0] == '[')
		return host > 2 && host <= HOST_LENGTH && address[host - 1] == ']' && is_port(port);
	return host > 0 && host <= HOST_LENGTH && strchr(address, ':') == NULL && is_port(port);
}

static bool
is_port(const char *port)
{
	return port[strspn(port, "0123456789")] == '\0' && strtonum(port, 1, 65535, NULL) != 0;
}

/* 7-bit and short lines, so that it is right in any message. */
const char *
conf_check_notice(const char *value)
{
	static const char expected[] = "printable UTF-8 text of at most 8192 bytes in lines of at "
				       "most 900, \\n for a line ending and \\\\ for a backslash";

	_Static_assert(CONF_NOTICE_LENGTH == 8192 && NOTICE_LINE == 900,
	    "the sentence above says so");
	if (*value == '\0')
		return expected;
	while (*value != '\0') {
		size_t line = strcspn(value, "\n");

		if (line > NOTICE_LINE || !utf8_is_text(value, line, ""))
			return expected;
		value += line;
		value += *value == '\n';
	}
	return NULL;
}

/* Tags of RFC 5646, 2.1, as far as they may name a file. */
const char *
conf_check_languages(const char *value)
{
	static const char expected[] = "languages: en, de, pt-br ... or auto";
	struct span word;
	char tag[CONF_LANGUAGE_SIZE];

	if (*value == '\0')
		return expected;
	while (words_next(&value, &word)) {
		if (words_text(word, tag, sizeof(tag)) == NULL || tag[0] == '-' ||
		    tag[strspn(tag, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
			return expected;
	}
	return NULL;
}

const char *
conf_check_shown(const char *value)
{
	return *value != '\0' && utf8_is_text(value, strlen(value), "") ? NULL
									: "printable UTF-8 text";
}

/* What can be said in RCPT TO and stand among the arguments of a program. */
const char *
conf_check_mailbox(const char *value)
{
	const char *at = strrchr(value, '@');

	for (const char *c = value; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("<>\"\\,;()", *c) != NULL)
			at = NULL;
	return at != NULL && at > value && at[1] != '\0' && *value != '-'
	    ? NULL
	    : "an address, user@example.com";
}

const char *
conf_check_classes(const char *value)
{
	struct span word;
	char name[32];
	int c;

	if (*value == '\0')
		return "classes: infected, blocked ...";
	while (words_next(&value, &word)) {
		for (c = 0; c < CLASS_COUNT; c++)
			if (words_text(word, name, sizeof(name)) != NULL &&
			    strcmp(name, verdict_class_name((enum verdict_class)c)) == 0)
				break;
		if (c == CLASS_COUNT)
			return "classes: infected, blocked ...";
	}
	return NULL;
}

/* What has no slash would never be one. */
const char *
conf_check_types(const char *value)
{
	static const char expected[] = "patterns of MIME types: application/pdf, video/*";
	struct span word;

	if (*value == '\0')
		return expected;
	while (words_next(&value, &word)) {
		if (memchr(word.text, '/', word.len) == NULL)
			return expected;
	}
	return NULL;
}

const char *
conf_check_hop(const char *value)
{
	struct address address;
	char err[512];
	bool ok;

	if (strcmp(value, "sendmail") == 0)
		return NULL;
	ok = address_parse(&address, value, err, sizeof(err));
	address_free(&address);
	return ok ? NULL : "HOST:PORT, [IPV6]:PORT, unix:/PATH, lmtp:HOST:PORT or sendmail";
}

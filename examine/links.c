/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * links.c - HTML as a message.
 *
 * libclamav asks its lists of domains (.pdb, .gdb, .wdb) about links in the texts of a
 * message only, and not in HTML that is a file. So HTML that is the text of a message is
 * handed to it in a message of its own. It is one object as before: what comes out of the
 * message is scanned as the same file. That is in base64, since lines of a message are cut
 * after 1,000 bytes, and a pattern or an address with them.
 */
#include "links.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base64.h"
#include "sniff.h"

/* Links in a longer one it does not look at (getHrefs). */
#define LINKS_MAX 102400

/* RFC 2045 6.8: of 76 characters. */
#define LINE 57

/* The first field is one of those by which libclamav tells a message. */
static const char header[] = "From: sender@localhost\n"
			     "MIME-Version: 1.0\n"
			     "Content-Type: text/html\n"
			     "Content-Transfer-Encoding: base64\n\n";

bool
links_wanted(const struct conf *conf, const char *content, size_t len)
{
	return conf->phishing_scan_urls && len <= LINKS_MAX && sniff_is_html(content, len);
}

/* "<linda@example.org>" looks like a tag. */
bool
links_in_plain_text(const struct conf *conf, const char *content, size_t len)
{
	static const char name[] = "href";
	const size_t n = sizeof(name) - 1;

	if (!links_wanted(conf, content, len))
		return false;
	for (size_t i = 0; i + n <= len; i++) {
		if (strncasecmp(content + i, name, n) == 0)
			return true;
	}
	return false;
}

char *
links_mail(const char *html, size_t len, size_t *size)
{
	const size_t head = sizeof(header) - 1;
	char *mail = malloc(head + (len / LINE + 1) * (LINE / 3 * 4 + 1)), *at = mail;

	if (mail == NULL)
		err(EX_OSERR, "links");
	memcpy(at, header, head);
	at += head;
	for (size_t i = 0; i < len; i += LINE) {
		at += base64_line(at, (const unsigned char *)html + i,
		    len - i < LINE ? len - i : LINE);
		*at++ = '\n';
	}
	*size = (size_t)(at - mail);
	return mail;
}

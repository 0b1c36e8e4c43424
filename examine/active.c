/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * active.c - documents that do something when they are opened.
 *
 * HTML smuggling (MITRE ATT&CK T1027.006): a page or a picture in SVG whose script builds
 * a file in the browser and has it saved, so that no filter on the way sees it. What
 * is reported: a script that makes a Blob or an object URL, or decodes a long run of base64;
 * and a link that downloads a data: URI.
 *
 * Templates (ECMA-376 part 1 15.2, part 2 9.3; RTF 1.9.1 \*\template): a document that fetches its
 * template, an OLE object or a frame from elsewhere, and runs what is in it. They count
 * as macros.
 *
 * Macros that libclamav does not tell of: Basic in OpenDocument, in a file of its own or in
 * the flat form, and what it calls when it is opened; sheets of Excel 4 macros by their types in
 * a workbook (ECMA-376, [MS-XLSB]), alone ([MS-XLS] 2.4.21) and in SYLK.
 *
 * Macros that run by themselves: VBA as mime_vba.c tells; events of OpenDocument; what a ribbon
 * calls when it is loaded ([MS-CUSTOMUI] 2.2: onLoad, and callbacks that get a value). All
 * sheets of Excel 4 macros count, since the name that starts them can be hidden in many ways.
 * libclamav reports VBA whatever it does; active_explains says which of that is taken back.
 *
 * PDF: actions that run a program or a script, as mime_pdf.c finds them.
 *
 * Linear in the content.
 */
#include "active.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "judge.h"
#include "mime_cfb.h"
#include "mime_text.h"
#include "mime_vba.h"
#include "overrule.h"
#include "policy.h"
#include "sniff.h"

/* A shorter run of base64 in a script is a picture's beginning or a key, but no program. */
#define RUN_MIN 256
#define HEAD_MAX 1024
#define VBA_SEEN "Heuristics.OLE2.ContainsMacros.VBA" /* by libclamav */

static bool is_wide(const char *, size_t len);
static const char *smuggles(const char *, size_t len);
static const char *fetches(const struct part *, const char *, size_t len);
static void check_macros(struct examination *, const struct part *, const char *content, size_t,
    const char *text, size_t);
static bool is_unread(const struct examination *, const struct part *);
static const char *sheet(const char *, size_t len);
static bool is_markup(const char *, size_t len);
static const char *wrapped(const char *, size_t len);
static const char *scripted(const char *, size_t len, bool any);
static bool has(const char *, size_t len, const char *word);
static bool has_run(const char *, size_t len);
static void tell(struct examination *, const struct part *, enum verdict_action, const char *rule);

void
active_check(struct examination *x, const struct part *part, const char *content, size_t len)
{
	enum verdict_action action = x->conf->block_html_smuggling;
	size_t content_len = len;
	char *plain = is_wide(content, len) ? text_plain(content, len, true, false, &len) : NULL;
	const char *text = plain != NULL ? plain : content, *rule;

	/* What is packed in it is looked at by itself. */
	if (part->opened && !sniff_is_text(text, len))
		action = ACTION_PASS;
	if (action != ACTION_PASS && (rule = smuggles(text, len)) != NULL)
		tell(x, part, action, rule);
	if (x->conf->block_active_pdf && part->active != NULL)
		tell(x, part, x->conf->action[CLASS_BLOCKED], part->active);
	if (x->conf->block_macros != MACROS_PASS)
		check_macros(x, part, content, content_len, text, len);
	free(plain);
}

static void
check_macros(struct examination *x, const struct part *part, const char *content,
    size_t content_len, const char *text, size_t len)
{
	bool any = x->conf->block_macros == MACROS_ANY;
	const char *rule = fetches(part, text, len);

	x->compound = cfb_is(content, content_len);
	x->vba = vba_of(content, content_len);
	if (rule == NULL)
		rule = sheet(text, len);
	if (rule == NULL)
		rule = wrapped(text, len);
	if (rule == NULL)
		rule = scripted(text, len, any);
	if (rule == NULL && x->vba == VBA_AUTORUN && !any)
		rule = "macros that run by themselves";
	if (rule != NULL)
		tell(x, part, x->conf->action[CLASS_BLOCKED], rule);
}

/* A line of the file of verdicts on what the scanner would have told is about this as well. */
void
active_finish(struct examination *x, const struct part *part)
{
	const struct override *by = override_find(x->objects.overrides, VBA_SEEN, NULL);

	if (x->conf->block_macros != MACROS_ANY || x->vba == VBA_NONE ||
	    findings_told(x->found.report, CLASS_BLOCKED, part->path))
		return;
	if (by == NULL)
		by = overrule_content(x, part);
	if (by == NULL)
		tell(x, part, x->conf->action[CLASS_BLOCKED], "macros");
	else if (!by->ignore)
		findings_add_by(&x->found, part, CLASS_BLOCKED, by, "macros", judge_name(part));
}

bool
active_explains(struct examination *x, const struct part *part, const struct scan_hit *hit)
{
	if (x->conf->block_macros != MACROS_AUTORUN || strcmp(hit->name, VBA_SEEN) != 0)
		return false;
	if (is_unread(x, part))
		return false;
	x->macros = true;
	return true;
}

bool
active_explains_whole(const struct examination *x, const struct scan_hit *hit)
{
	return x->macros && strcmp(hit->name, VBA_SEEN) == 0;
}

bool
active_unread(const struct examination *x, const struct part *part)
{
	return x->macros && is_unread(x, part);
}

static bool
is_unread(const struct examination *x, const struct part *part)
{
	return x->compound ? x->vba == VBA_NONE : !part->opened && !part->message;
}

/* Letters of two bytes or four, as browsers read them. */
static bool
is_wide(const char *s, size_t len)
{
	return len >= 4 &&
	    (s[0] == '\0' || s[1] == '\0' || memcmp(s, "\xff\xfe", 2) == 0 ||
		memcmp(s, "\xfe\xff", 2) == 0);
}

static void
tell(struct examination *x, const struct part *part, enum verdict_action action, const char *rule)
{
	char inside[POLICY_RULE_MAX];

	if (part->archived && findings_told(x->found.report, CLASS_BLOCKED, part->path))
		return;
	if (x->found.exempt != NULL && verdict_action_wins(action, ACTION_TAG)) {
		report_set_exempt(x->found.report, x->found.exempt);
		action = ACTION_TAG;
	}
	snprintf(inside, sizeof(inside), "%s%s", part->archived ? "inside: " : "", rule);
	findings_add_action(&x->found, part, CLASS_BLOCKED, action, inside, judge_name(part));
}

/* NULL if it does not. */
static const char *
smuggles(const char *s, size_t len)
{
	bool script;

	/* Of what is no text the beginning only, as sniff_is_html does. */
	if (len > HEAD_MAX && memchr(s, '\0', HEAD_MAX) != NULL)
		len = HEAD_MAX;
	if (!sniff_is_html(s, len) && !has(s, len, "<svg"))
		return NULL;
	if (has(s, len, "download") &&
	    (has(s, len, "href=\"data:") || has(s, len, "href='data:") ||
		has(s, len, "href=data:")))
		return "HTML that downloads a data: URI";
	script = has(s, len, "<script") || has(s, len, "onload") || has(s, len, "onerror") ||
	    has(s, len, "onclick");
	if (!script)
		return NULL;
	if (has(s, len, "createObjectURL") || has(s, len, "msSaveOrOpenBlob") ||
	    has(s, len, "msSaveBlob") || has(s, len, "new Blob") || has(s, len, "new File("))
		return "HTML whose script builds a file";
	if ((has(s, len, "atob") || has(s, len, "fromCharCode") || has(s, len, "Uint8Array")) &&
	    has_run(s, len))
		return "HTML whose script decodes a file";
	return NULL;
}

/* Digits of base64, without an end, that are not a picture's or a font's. */
static bool
has_run(const char *s, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len; i++) {
		bool digit = isalnum((unsigned char)s[i]) || s[i] == '+' || s[i] == '/';

		run = digit ? run + 1 : 0;
		if (run == RUN_MIN) {
			size_t begin = i + 1 - run;

			if (begin < 8 || memcmp(s + begin - 8, ";base64,", 8) != 0)
				return true;
		}
	}
	return false;
}

/* NULL if it does not. */
static const char *
fetches(const struct part *part, const char *s, size_t len)
{
	static const char *const types[] = { "/attachedTemplate\"", "/oleObject\"", "/frame\"",
		"/subDocument\"" };

	if (len >= 5 && memcmp(s, "{\\rt", 4) == 0 && has(s, len, "\\*\\template") &&
	    (has(s, len, "http") || has(s, len, "\\\\\\\\") || has(s, len, "file:")))
		return "a template from elsewhere";
	if (!part->archived || !has(s, len, "<Relationship") ||
	    !has(s, len, "TargetMode=\"External\""))
		return NULL;
	for (const char *at = s, *end = s + len, *next; at < end; at = next) {
		const char *stop;

		at = memmem(at, (size_t)(end - at), "<Relationship", 13);
		if (at == NULL)
			break;
		stop = memchr(at, '>', (size_t)(end - at));
		next = stop == NULL ? end : stop;
		if (!has(at, (size_t)(next - at), "\"External\""))
			continue;
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
			if (has(at, (size_t)(next - at), types[i]))
				return "a template or an object from elsewhere";
		}
	}
	return NULL;
}

/* NULL if it is none. */
static const char *
sheet(const char *s, size_t len)
{
	static const char *const types[] = { "vnd.ms-excel.macrosheet",
		"vnd.ms-excel.intlmacrosheet", "relationships/xlMacrosheet",
		"relationships/xlIntlMacrosheet" };

	/* The beginning of a sheet: version 2, 3 or 4, and what it is. */
	if (len >= 8 && s[0] == '\x09' && (unsigned char)s[1] <= 4 && s[3] == '\0' &&
	    memcmp(s + 6, "\x40\0", 2) == 0)
		return "a sheet of macros";
	if (len >= 3 && memcmp(s, "ID;", 3) == 0 &&
	    (has(s, len, "\nO;E") || has(s, len, ";NAuto_")))
		return "a sheet of macros";
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && is_markup(s, len); i++) {
		if (has(s, len, types[i]))
			return "a sheet of macros";
	}
	return NULL;
}

/*
 * VBA in what nobody unpacks here, so that it is not read: ActiveMime, in which Word keeps it
 * beside HTML and in its XML of 2003, and a package in one XML file (Flat OPC).
 */
static const char *
wrapped(const char *s, size_t len)
{
	if (len >= 10 && memcmp(s, "ActiveMime", 10) == 0)
		return "macros that are not read";
	if (is_markup(s, len) &&
	    (has(s, len, "macrosPresent") || has(s, len, "docSuppData") ||
		(has(s, len, "binaryData") && has(s, len, "vbaProject"))))
		return "macros that are not read";
	return NULL;
}

/* NULL if it is not; any: or only if they run by themselves. */
static const char *
scripted(const char *s, size_t len, bool any)
{
	if (!is_markup(s, len))
		return NULL;
	if ((has(s, len, "event-listener") && has(s, len, "vnd.sun.star.script:")) ||
	    (has(s, len, "/customui") && (has(s, len, "onLoad") || has(s, len, " get"))))
		return "macros that run by themselves";
	if (any && (has(s, len, "<script:module") || has(s, len, "<ooo:source-code")))
		return "macros";
	return NULL;
}

static bool
is_markup(const char *s, size_t len)
{
	size_t at = len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (at < len && isspace((unsigned char)s[at]))
		at++;
	return at < len && s[at] == '<';
}

/* In whatever case. */
static bool
has(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);
	char first[3] = { (char)tolower((unsigned char)word[0]),
		(char)toupper((unsigned char)word[0]), '\0' };

	for (size_t i = 0; i + n <= len; i++) {
		if ((s[i] == first[0] || s[i] == first[1]) && strncasecmp(s + i, word, n) == 0)
			return true;
	}
	return false;
}

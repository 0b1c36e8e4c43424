/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.c - rules on names and on the first bytes of content.
 *
 * Order: a deny pattern blocks, else an allow pattern lets through, else the
 * last extension decides, else the content. Every candidate name is judged,
 * and one that is blocked is enough; an allow pattern speaks for its own name
 * only, and for the content if no other name is blocked.
 */
#include "policy.h"
#include "part.h"
#include "sniff.h"
#include "words.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum name_verdict { NAME_UNKNOWN, NAME_ALLOWED, NAME_BLOCKED };

static enum name_verdict judge_name(const struct conf *, const char *name, char *rule);
static enum name_verdict judge_folders(const struct conf *, const char *name, char *rule);
static enum name_verdict judge_plain_name(const struct conf *, const char *name, char *rule);
static size_t invisible_length(const unsigned char *);
static size_t invisible_tail(const char *, size_t len);

bool
policy_blocks(const struct conf *conf, char *const *names, size_t n, const char *content,
    size_t len, char rule[POLICY_RULE_MAX], size_t *which)
{
	bool allowed = false;

	for (size_t i = 0; i < n; i++) {
		switch (judge_name(conf, names[i], rule)) {
		case NAME_BLOCKED:
			*which = i;
			return true;
		case NAME_ALLOWED:
			allowed = true;
			break;
		case NAME_UNKNOWN:
			break;
		}
	}
	*which = n;
	if (allowed || !conf->block_executables || !sniff_is_program(content, len))
		return false;
	strlcpy(rule, "executable content", POLICY_RULE_MAX);
	if (n > 0)
		*which = 0;
	return true;
}

/*
 * The name as a whole, and what is in front of a colon: "a.exe:b.txt" is a
 * stream of a.exe to Windows.
 */
static enum name_verdict
judge_name(const struct conf *conf, const char *name, char *rule)
{
	char *plain = malloc(strlen(name) + 1), *colon;
	enum name_verdict verdict;

	if (plain == NULL)
		err(EX_OSERR, "policy");
	policy_normalise(name, plain);
	verdict = judge_plain_name(conf, plain, rule);
	colon = strchr(plain, ':');
	if (verdict == NAME_UNKNOWN && colon != NULL) {
		*colon = '\0';
		policy_normalise(plain, plain);
		verdict = judge_plain_name(conf, plain, rule);
	}
	free(plain);
	return verdict == NAME_UNKNOWN ? judge_folders(conf, name, rule) : verdict;
}

/* A folder that macOS runs or installs with a click: "Evil.app/Contents/Info.plist". */
static enum name_verdict
judge_folders(const struct conf *conf, const char *name, char *rule)
{
	static const char bundles[] = "action app appex bundle component kext mpkg osax pkg plugin "
				      "prefpane qlgenerator saver scptd service wdgt workflow xpc";

	for (size_t len; *name != '\0'; name += len + 1) {
		char folder[256], plain[256], word[128];
		const char *dot;

		len = strcspn(name, "/\\");
		if (name[len] == '\0')
			break;
		strlcpy(folder, name, len < sizeof(folder) ? len + 1 : sizeof(folder));
		policy_normalise(folder, plain);
		dot = strrchr(plain, '.');
		if (dot == NULL || !words_find(bundles, dot + 1, word, sizeof(word)) ||
		    !words_find(conf->block_extensions, dot + 1, word, sizeof(word)))
			continue;
		snprintf(rule, POLICY_RULE_MAX, "extension .%s", word);
		return NAME_BLOCKED;
	}
	return NAME_UNKNOWN;
}

static enum name_verdict
judge_plain_name(const struct conf *conf, const char *name, char *rule)
{
	char word[128];
	const char *dot = strrchr(name, '.');

	if (words_match(conf->deny_names, name, word, sizeof(word))) {
		snprintf(rule, POLICY_RULE_MAX, "name matches %s", word);
		return NAME_BLOCKED;
	}
	if (words_match(conf->allow_names, name, word, sizeof(word)))
		return NAME_ALLOWED;
	if (dot == NULL)
		return NAME_UNKNOWN;
	if (words_find(conf->block_extensions, dot + 1, word, sizeof(word))) {
		snprintf(rule, POLICY_RULE_MAX, "extension .%s", word);
		return NAME_BLOCKED;
	}
	if (dot[1] == '{' && dot[strlen(dot) - 1] == '}') {
		strlcpy(rule, "extension is a CLSID", POLICY_RULE_MAX);
		return NAME_BLOCKED;
	}
	return NAME_UNKNOWN;
}

bool
policy_is_host(const char *name)
{
	char plain[256];

	if (strlen(name) >= sizeof(plain))
		return false;
	policy_normalise(name, plain);
	return part_name_host(plain, "app cab com pl prof py sh ws") != NULL;
}

bool
policy_is_title(const char *name)
{
	char plain[256];
	const char *blank, *dot;

	if (strlen(name) >= sizeof(plain))
		return false;
	policy_normalise(name, plain);
	blank = strrchr(plain, ' ');
	dot = strrchr(plain, '.');
	return blank != NULL && blank > plain && dot != NULL && dot > blank + 1 &&
	    strcmp(dot, ".js") == 0;
}

void
policy_normalise(const char *name, char *out)
{
	const unsigned char *in = (const unsigned char *)name;
	size_t len = 0, skip;

	while (*in != '\0') {
		if (*in == '/' || *in == '\\') {
			len = 0;
			in++;
		} else if ((skip = invisible_length(in)) > 0) {
			in += skip;
		} else {
			out[len++] = (char)(*in >= 'A' && *in <= 'Z' ? *in + 32 : *in);
			len -= invisible_tail(out, len);
			in++;
		}
	}
	while (len > 0 && strchr(". \"'", out[len - 1]) != NULL)
		len--;
	out[len] = '\0';
}

/* Bytes of one at the end of a name, come together as others in it were left out. */
static size_t
invisible_tail(const char *name, size_t len)
{
	for (size_t n = 2; n <= 3 && n <= len; n++) {
		unsigned char tail[4] = { 0 };

		memcpy(tail, name + len - n, n);
		if (invisible_length(tail) == n)
			return n;
	}
	return 0;
}

/*
 * Bytes of a character at s that is not seen or turns the writing direction:
 * controls, soft hyphen, U+034F, U+061C, U+180E, U+200B-200F, U+202A-202E,
 * U+2060-206F, U+FEFF. 0 if it is an ordinary one.
 */
static size_t
invisible_length(const unsigned char *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	if ((s[0] == 0xc2 && s[1] == 0xad) || (s[0] == 0xcd && s[1] == 0x8f) ||
	    (s[0] == 0xd8 && s[1] == 0x9c))
		return 2;
	if (s[0] == 0xe1 && s[1] == 0xa0 && s[2] == 0x8e)
		return 3;
	if (s[0] == 0xe2 && s[1] == 0x80 &&
	    ((s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xaa && s[2] <= 0xae)))
		return 3;
	if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf)
		return 3;
	if (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf)
		return 3;
	return 0;
}

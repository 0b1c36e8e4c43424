/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * markup.c - where in HTML something may be written that is shown first, or last.
 *
 * No parser: tags one after the other. What is in a comment, a style sheet, a
 * script or a title is passed over. Programs that build a tree from broken HTML
 * may see it otherwise; then the text stands at another place, and is shown all the
 * same.
 */
#include "markup.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct tag {
	size_t begin, end; /* "<" to behind ">" */
	size_t name, name_len;
	bool closes; /* "</" */
};

static bool next_tag(const char *html, size_t len, size_t *at, struct tag *);
static bool find_tag(const char *html, size_t len, size_t at, struct tag *);
static size_t behind(const char *html, size_t len, size_t at, const char *end);
static bool is(const char *html, const struct tag *, const char *name);
static size_t tag_end(const char *html, size_t len, size_t at);

size_t
markup_top(const char *html, size_t len)
{
	size_t at = 0, top = 0;
	struct tag t;

	while (next_tag(html, len, &at, &t)) {
		if (!t.closes && is(html, &t, "body"))
			return t.end;
		/* The body may begin without a tag, but only behind all this. */
		if (html[t.begin + 1] == '!')
			top = top == 0 ? t.end : top;
		else if (is(html, &t, "html") || (t.closes && is(html, &t, "head")))
			top = t.closes && is(html, &t, "html") ? top : t.end;
	}
	return top;
}

size_t
markup_bottom(const char *html, size_t len)
{
	size_t at = 0, body = len, whole = len;
	struct tag t;

	while (next_tag(html, len, &at, &t)) {
		if (t.closes && is(html, &t, "body"))
			body = t.begin;
		else if (t.closes && is(html, &t, "html"))
			whole = t.begin;
	}
	return body < len ? body : whole;
}

size_t
markup_lines(const char *html, size_t len)
{
	static const char *const breaks[] = { "br", "p", "div", "tr", "li", "hr", "h1", "h2",
		"h3" };
	size_t at = 0, from = 0, shown = 0, lines = 0;
	struct tag t;

	while (next_tag(html, len, &at, &t)) {
		shown += t.begin > from ? t.begin - from : 0;
		from = t.end;
		for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++)
			lines += !t.closes && is(html, &t, breaks[i]);
		lines += is(html, &t, "img") ? 5 : 0;
	}
	return lines + (shown + len - (from < len ? from : len)) / 80;
}

/* The next one that is neither in a comment nor in what is no text. */
static bool
next_tag(const char *html, size_t len, size_t *at, struct tag *t)
{
	static const char *const raw[] = { "script", "style", "title", "textarea", "xmp" };
	struct tag end;

	if (!find_tag(html, len, *at, t))
		return false;
	*at = t->end;
	for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]) && !t->closes; i++) {
		if (!is(html, t, raw[i]))
			continue;
		while (find_tag(html, len, *at, &end)) {
			*at = end.end;
			if (end.closes && is(html, &end, raw[i]))
				break;
		}
		t->end = *at;
	}
	return true;
}

static bool
find_tag(const char *html, size_t len, size_t at, struct tag *t)
{
	for (; at + 1 < len; at++) {
		/* ISO-2022: another set, up to the escape that leads back to ASCII or the like. */
		if (html[at] == '\033' && html[at + 1] == '$') {
			at = behind(html, len, at, "\033(");
			continue;
		}
		if (html[at] != '<')
			continue;
		if (len - at >= 4 && memcmp(html + at, "<!--", 4) == 0) {
			at = behind(html, len, at + 4, "-->") - 1;
			continue;
		}
		t->closes = html[at + 1] == '/';
		t->begin = at;
		t->name = at + 1 + t->closes;
		if (t->name >= len ||
		    (!isalpha((unsigned char)html[t->name]) && html[t->name] != '!'))
			continue;
		t->name_len = 0;
		while (t->name + t->name_len < len &&
		    isalnum((unsigned char)html[t->name + t->name_len]))
			t->name_len++;
		t->end = tag_end(html, len, t->name);
		return true;
	}
	return false;
}

/* Behind the ">", which may also stand in quotes. */
static size_t
tag_end(const char *html, size_t len, size_t at)
{
	char quote = '\0';

	for (; at < len; at++) {
		if (quote != '\0')
			quote = html[at] == quote ? '\0' : quote;
		else if ((html[at] == '"' || html[at] == '\'') && html[at - 1] == '=')
			quote = html[at];
		else if (html[at] == '>')
			return at + 1;
	}
	return len;
}

/* Behind the end; len if there is none. */
static size_t
behind(const char *html, size_t len, size_t at, const char *end)
{
	const char *found = memmem(html + at, len - at, end, strlen(end));

	return found == NULL ? len : (size_t)(found - html) + strlen(end);
}

static bool
is(const char *html, const struct tag *t, const char *name)
{
	return t->name_len == strlen(name) && strncasecmp(html + t->name, name, t->name_len) == 0;
}

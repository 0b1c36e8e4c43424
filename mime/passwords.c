/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passwords.c - the words that are tried on encrypted archives: those of the texts that
 * come with them, where whoever sends malware puts the password for the recipient.
 *
 * Bounded: PASSWORDS_MAX words, of TEXT_MAX bytes of each text. The charsets are GMime's
 * matter; what comes out is UTF-8. Of HTML the words between the tags count. Memory
 * that runs out ends the process.
 */
#include "passwords.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX ((size_t)256 << 10)
#define WORD_MAX 100
#define FORMS_MAX 1000 /* bytes of what is looked at for words in it */
#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static void take_text(struct passwords *, GMimeTextPart *);
static void take_words(struct passwords *, const char *, size_t len);
static void take_word(struct passwords *, const char *, size_t len);
static void take_forms(struct passwords *, const char *, size_t len);
static size_t blank_at(const char *, size_t len);
static size_t mark_at(const char *, size_t len);
static size_t mark_before(const char *, size_t len);
static size_t without_tags(char *);
static const char *behind_tag(const char *);
static const char *letter(const char *, char **out);

void
passwords_begin(struct passwords *p, const char *listed, int64_t ms)
{
	*p = (struct passwords){ .left = ms };
	p->words = g_ptr_array_new_with_free_func(g_free);
	p->known = g_hash_table_new(g_str_hash, g_str_equal);
	while (*listed != '\0') {
		size_t len = strcspn(listed, " ");

		take_word(p, listed, len);
		listed += len + (listed[len] == ' ');
	}
	p->n_listed = p->words->len;
}

void
passwords_free(struct passwords *p)
{
	if (p->words == NULL)
		return;
	g_hash_table_destroy(p->known);
	g_ptr_array_free(p->words, TRUE);
	p->words = NULL;
}

void
passwords_take(struct passwords *p, GMimeMessage *message)
{
	GMimePartIter *iter;
	const char *subject = g_mime_message_get_subject(message);

	if (subject != NULL)
		take_words(p, subject, strlen(subject));
	if (g_mime_message_get_mime_part(message) == NULL)
		return;
	iter = g_mime_part_iter_new(GMIME_OBJECT(message));
	while (g_mime_part_iter_is_valid(iter)) {
		GMimeObject *object = g_mime_part_iter_get_current(iter);

		if (GMIME_IS_TEXT_PART(object))
			take_text(p, GMIME_TEXT_PART(object));
		if (!g_mime_part_iter_next(iter))
			break;
	}
	g_mime_part_iter_free(iter);
}

static void
take_text(struct passwords *p, GMimeTextPart *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(part));
	GMimeStream *stream = content == NULL ? NULL : g_mime_data_wrapper_get_stream(content);
	size_t len;
	char *text;

	if (stream == NULL || g_mime_stream_length(stream) > (gint64)TEXT_MAX)
		return;
	text = g_mime_text_part_get_text(part);
	if (text == NULL)
		return;
	len = g_mime_content_type_is_type(type, "text", "html") ? without_tags(text) : strlen(text);
	take_words(p, text, len);
	g_free(text);
}

static void
take_words(struct passwords *p, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end && p->words->len < p->n_listed + PASSWORDS_MAX) {
		size_t left = (size_t)(end - text), blank = blank_at(text, left), n = 0;

		if (blank > 0) {
			text += blank;
			continue;
		}
		while (n < left && blank_at(text + n, left - n) == 0)
			n++;
		if (n <= FORMS_MAX)
			take_forms(p, text, n);
		text += n;
	}
}

/* "Password:secret." may mean any end of it. */
static void
take_forms(struct passwords *p, const char *word, size_t len)
{
	for (;;) {
		size_t n = 0, mark;
		const char *bare = word;
		size_t bare_len = len;

		take_word(p, word, len);
		while ((mark = mark_at(bare, bare_len)) > 0) {
			bare += mark;
			bare_len -= mark;
		}
		while ((mark = mark_before(bare, bare_len)) > 0)
			bare_len -= mark;
		take_word(p, bare, bare_len);
		while (n < len && word[n] != ':' && word[n] != '=')
			n++;
		if (n == len)
			return;
		word += n + 1;
		len -= n + 1;
	}
}

static void
take_word(struct passwords *p, const char *word, size_t len)
{
	char *copy;

	if (len == 0 || len > WORD_MAX || memchr(word, '\0', len) != NULL)
		return;
	copy = g_strndup(word, len);
	if (g_hash_table_contains(p->known, copy)) {
		g_free(copy);
		return;
	}
	g_hash_table_add(p->known, copy);
	g_ptr_array_add(p->words, copy);
}

/* How many bytes of whitespace, of ASCII or a no-break space, are there? */
static size_t
blank_at(const char *s, size_t len)
{
	if (isspace((unsigned char)s[0]) || s[0] == '\0')
		return 1;
	return len >= 2 && memcmp(s, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

/* Quotation marks that are no ASCII. */
static const char *const quotes[] = { "\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9a",
	"\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e", "\xe2\x80\xb9", "\xe2\x80\xba", "\xc2\xab",
	"\xc2\xbb" };

static size_t
mark_at(const char *s, size_t len)
{
	if (len > 0 && ispunct((unsigned char)s[0]))
		return 1;
	for (size_t i = 0; i < N_ELEMENTS(quotes); i++) {
		size_t n = strlen(quotes[i]);

		if (len >= n && memcmp(s, quotes[i], n) == 0)
			return n;
	}
	return 0;
}

static size_t
mark_before(const char *s, size_t len)
{
	if (len > 0 && ispunct((unsigned char)s[len - 1]))
		return 1;
	for (size_t i = 0; i < N_ELEMENTS(quotes); i++) {
		size_t n = strlen(quotes[i]);

		if (len >= n && memcmp(s + len - n, quotes[i], n) == 0)
			return n;
	}
	return 0;
}

/* In place: a blank for each tag, comment, script and style, and letters for entities. */
static size_t
without_tags(char *text)
{
	const char *in = text;
	char *out = text;

	while (*in != '\0') {
		if (*in == '<') {
			in = behind_tag(in);
			*out++ = ' ';
		} else if (*in == '&') {
			in = letter(in, &out);
		} else {
			*out++ = *in++;
		}
	}
	return (size_t)(out - text);
}

static const char *
behind_tag(const char *tag)
{
	static const struct {
		const char *begin, *end;
	} whole[] = { { "<!--", "-->" }, { "<style", "</style" }, { "<script", "</script" } };
	const char *end = NULL;

	for (size_t i = 0; i < N_ELEMENTS(whole) && end == NULL; i++) {
		if (strncasecmp(tag, whole[i].begin, strlen(whole[i].begin)) == 0)
			end = strcasestr(tag, whole[i].end);
	}
	end = strchr(end == NULL ? tag : end, '>');
	return end == NULL ? tag + strlen(tag) : end + 1;
}

/* The character that an entity stands for, or the "&" itself. */
static const char *
letter(const char *in, char **out)
{
	static const struct {
		const char *name, *is;
	} entities[] = { { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" },
		{ "&apos;", "'" }, { "&nbsp;", " " } };
	char *end;
	long number;

	for (size_t i = 0; i < N_ELEMENTS(entities); i++) {
		if (strncmp(in, entities[i].name, strlen(entities[i].name)) == 0) {
			*(*out)++ = entities[i].is[0];
			return in + strlen(entities[i].name);
		}
	}
	if (in[1] == '#') {
		bool hex = in[2] == 'x' || in[2] == 'X';

		number = strtol(in + 2 + hex, &end, hex ? 16 : 10);
		if (*end == ';' && number > 0 && number < 128) {
			*(*out)++ = (char)number;
			return end + 1;
		}
	}
	*(*out)++ = *in;
	return in + 1;
}

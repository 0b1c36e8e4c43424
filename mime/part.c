/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * part.c - the one record of a part, and the names of one.
 *
 * Memory that runs out ends the process; the front copes with that.
 */
#include "part.h"

#include <ctype.h>
#include <err.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <gmime/gmime.h>

#include "array.h"
#include "header.h"
#include "loose.h"
#include "words.h"

/* Names of one part beyond which nobody looks. */
#define NAMES_MAX 500

/* Of an extension, with its dot. */
#define EXTENSION_MAX 21

static void found_name(void *ctx, const char *name);
static char *field_text(const char *, size_t len);
static bool is_folder(const char *);
static bool has_extension(const char *name);
static bool tells_of_host(const struct part *, const char *text);
static void add_cut(struct part *, const char *name);
static bool is_report(const char *name);
static void add_tail(struct part *, const char *name);
static void add_safe(struct part *, const char *name);
static void add_base(struct part *, const char *name);
static void add_words(struct part *, const char *name);
static void add_charset(struct part *, const char *name, const char *charset);

void
part_begin(struct parts *parts, const char *bytes, size_t size)
{
	*parts = (struct parts){ .bytes = bytes, .size = size };
}

void
part_free(struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++) {
		struct part *part = parts->at[i];

		part_names_free(part->names, part->n_names);
		free(part->type);
		free(part->boundary);
		free(part);
	}
	free(parts->at);
	parts->at = NULL;
	parts->n = 0;
}

struct part *
part_add(struct parts *parts, size_t parent, const char *type)
{
	struct part *part = calloc(1, sizeof(*part));

	if (part == NULL || (part->type = strdup(type)) == NULL)
		err(EX_OSERR, "part");
	part->index = parts->n;
	part->parent = parent;
	parts->at = array_grow(parts->at, parts->n, sizeof(struct part *), "part");
	parts->at[parts->n++] = part;
	return part;
}

const struct part *
part_parent(const struct parts *parts, const struct part *part)
{
	return part->parent == PART_NONE ? NULL : parts->at[part->parent];
}

bool
part_is_below(const struct parts *parts, const struct part *part, size_t container)
{
	while ((part = part_parent(parts, part)) != NULL) {
		if (part->index == container)
			return true;
	}
	return false;
}

const struct part *
part_at(const struct parts *parts, const char *path)
{
	const struct part *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < parts->n; i++) {
		const struct part *part = parts->at[i];
		size_t len = strlen(part->path);

		if (strcmp(part->path, path) == 0)
			return part;
		if (len > best_len && strncmp(path, part->path, len) == 0 && path[len] == '.') {
			best = part;
			best_len = len;
		}
	}
	return best;
}

void
part_hash(const char *content, size_t len, struct part_digest *digest)
{
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)content, len);
	SHA256Final(digest->sha256, &sha);
}

char **
part_header_names(const char *bytes, size_t begin, size_t end, size_t *n)
{
	struct part part = { .n_names = 0 };

	part_add_header_names(&part, bytes, begin, end);
	*n = part.n_names;
	return part.names;
}

void
part_names_free(char **names, size_t n)
{
	while (n > 0)
		free(names[--n]);
	free(names);
}

static void
found_name(void *ctx, const char *name)
{
	part_add_name(ctx, name);
}

/*
 * The parameters of all fields count as one list: some readers put the pieces
 * of a name together over two fields.
 */
void
part_add_header_names(struct part *part, const char *bytes, size_t begin, size_t end)
{
	struct header_params *params = malloc(sizeof(*params));
	struct header_field field;
	size_t at = begin, block = begin, fields = 0;

	if (params == NULL)
		err(EX_OSERR, "names");
	params->n = 0;
	while (header_next(bytes, end, &at, &field)) {
		if (!header_is(bytes, &field, "Content-Type") &&
		    !header_is(bytes, &field, "Content-Disposition"))
			continue;
		fields++;
		header_params_add(bytes, &field, params);
	}
	if (fields > 0)
		header_params_names(bytes, params, found_name, part);
	header_params_free(params);
	free(params);
	loose_names(bytes, block, end, found_name, part);
}

/*
 * Names of last resort, where there is no other ([MS-OXCMAIL] 2.2.3.4.1.1): the
 * description, and the end of the location of what is no part of a page. One that has
 * no extension is no file's.
 */
void
part_add_last_names(struct part *part, const char *bytes, size_t begin, size_t end)
{
	struct header_field field;
	size_t at = begin;

	if (part->n_names > 0)
		return;
	while (header_next(bytes, end, &at, &field)) {
		bool location = header_is(bytes, &field, "Content-Location") &&
		    (strncmp(part->type, "application/", 12) == 0 || part->type[0] == '\0');
		char *name;

		if (!location && !header_is(bytes, &field, "Content-Description"))
			continue;
		name = field_text(bytes + field.value_begin, field.value_end - field.value_begin);
		if (location)
			name[strcspn(name, "?#")] = '\0';
		if (has_extension(name) && !tells_of_host(part, name) &&
		    !(location && is_folder(name)))
			part_add_name(part, name);
		free(name);
	}
}

/*
 * "Notification from mx.example.com", of what is no program by its type: nobody saves that
 * under such a name. (A program by its content is found by that.) Only .com, for a text may
 * well be a script.
 */
static bool
tells_of_host(const struct part *part, const char *text)
{
	static const char *const types[] = { "text/plain", "text/rfc822-headers", "application/pdf",
		"application/pgp-signature", "application/pgp-encrypted", "application/pgp-keys" };
	const char *host = part_name_host(text, "com");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(part->type, types[i]) == 0)
			return host != NULL && host > text;
	return false;
}

const char *
part_name_host(const char *name, const char *domains)
{
	const char *dot = strrchr(name, '.'), *host = dot;
	char word[16];

	if (dot == NULL || !words_find(domains, dot + 1, word, sizeof(word)))
		return NULL;
	while (host > name &&
	    (isalnum((unsigned char)host[-1]) || host[-1] == '-' || host[-1] == '.'))
		host--;
	return host < dot && host[0] != '.' && strstr(host, "..") == NULL &&
		(host == name || host[-1] == ' ' || host[-1] == '@')
	    ? host
	    : NULL;
}

/* Unfolded, and without what is around it. */
static char *
field_text(const char *s, size_t len)
{
	char *text = malloc(len + 1);
	size_t n = 0;

	if (text == NULL)
		err(EX_OSERR, "names");
	while (len > 0 && strchr(" \t\r\n<>\"", s[len - 1]) != NULL)
		len--;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\0' || s[i] == '\r' || s[i] == '\n' ||
		    (n == 0 && strchr(" \t<\"", s[i]) != NULL))
			continue;
		text[n++] = s[i];
	}
	text[n] = '\0';
	return text;
}

/* A location with a slash at its end. */
static bool
is_folder(const char *location)
{
	size_t len = strlen(location);

	return len > 0 && location[len - 1] == '/';
}

/* Encoded words may have one in themselves. */
static bool
has_extension(const char *name)
{
	const char *dot = strrchr(name, '.');

	return strstr(name, "=?") != NULL ||
	    (dot != NULL && isalnum((unsigned char)dot[1]) && strlen(dot) <= EXTENSION_MAX);
}

bool
part_is_called_mail(const struct part *part)
{
	static const char *const ends[] = { ".eml", ".emlx", ".mht", ".mhtml", ".nws", ".mbox",
		".mbx" };

	for (size_t i = 0; i < part->n_names; i++) {
		const char *name = part->names[i];
		size_t len = strlen(name);

		while (len > 0 && strchr(". \"'\t", name[len - 1]) != NULL)
			len--;
		for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
			size_t n = strlen(ends[k]);

			if (len >= n && strncasecmp(name + len - n, ends[k], n) == 0)
				return true;
		}
	}
	return false;
}

/* Each once; then what readers make of it that decode more than they should. */
void
part_add_name(struct part *part, const char *name)
{
	if (name == NULL || part->n_names >= NAMES_MAX)
		return;
	for (size_t i = 0; i < part->n_names; i++) {
		if (strcmp(part->names[i], name) == 0)
			return;
	}
	part->names = reallocarray(part->names, part->n_names + 1, sizeof(*part->names));
	if (part->names == NULL || (part->names[part->n_names] = strdup(name)) == NULL)
		err(EX_OSERR, "names");
	part->n_names++;
	add_words(part, name);
	add_charset(part, name, "UTF-7");
	add_cut(part, name);
	add_tail(part, name);
	add_safe(part, name);
	add_base(part, name);
}

/* What has a slash behind it is a file to those who go by the last word of a path (Go). */
static void
add_base(struct part *part, const char *name)
{
	size_t len = strlen(name), base = len;
	char *cut;

	while (base > 0 && strchr("/\\ ", name[base - 1]) != NULL)
		base--;
	if (base == len || base == 0)
		return;
	cut = strndup(name, base);
	if (cut == NULL)
		err(EX_OSERR, "names");
	part_add_name(part, cut);
	free(cut);
}

/* Mail::Message drops all but letters, digits and "_.- " wherever they stand. */
static void
add_safe(struct part *part, const char *name)
{
	const char *dot = strrchr(name, '.');
	char *safe, *out;

	if (dot == NULL || strpbrk(dot, "/\\") != NULL)
		return;
	safe = strdup(name);
	if (safe == NULL)
		err(EX_OSERR, "names");
	out = safe + (dot - name);
	for (const unsigned char *c = (const unsigned char *)dot; *c != '\0'; c++) {
		if (isalnum(*c) || strchr("_.- ", *c) != NULL || *c >= 0x80)
			*out++ = (char)*c;
	}
	*out = '\0';
	part_add_name(part, safe);
	free(safe);
}

/* "google.com!example.com!1700000000!1700086399", of DMARC (RFC 7489 7.2.1.1). */
static bool
is_report(const char *name)
{
	size_t marks = 0;

	for (const char *c = name; *c != '\0'; c++)
		marks += *c == '!';
	return marks >= 3;
}

/* Some drop bytes that a file's name must not have, and what is behind them (MIME::Tools). */
static void
add_tail(struct part *part, const char *name)
{
	const char *dot = strrchr(name, '.'), *end = dot;
	char *cut;

	if (dot == NULL)
		return;
	for (end = dot + 1; isalnum((unsigned char)*end); end++)
		;
	if (end == dot + 1 || *end == '\0' || strchr("()<>[]{}`|*?:;,\"'&!^~", *end) == NULL ||
	    (*end == '!' && is_report(name)))
		return;
	cut = strndup(name, (size_t)(end - name));
	if (cut == NULL)
		err(EX_OSERR, "names");
	part_add_name(part, cut);
	free(cut);
}

/*
 * A file system has room for 255 bytes, a program for fewer perhaps, and for a NUL:
 * what ends there is the extension (uudeview).
 */
static void
add_cut(struct part *part, const char *name)
{
	static const size_t rooms[] = { 256, 255, 128, 127 };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		char *cut;

		if (len <= rooms[i])
			continue;
		cut = strndup(name, rooms[i]);
		if (cut == NULL)
			err(EX_OSERR, "names");
		part_add_name(part, cut);
		free(cut);
	}
}

/*
 * RFC 2047 words, which have no business in a parameter, as GMime decodes them
 * and, for charsets of two or four bytes, whose order readers guess, with the
 * zero bytes left out: what an extension is made of is ASCII.
 */
static void
add_words(struct part *part, const char *name)
{
	const char *word = strstr(name, "=?");
	char *decoded;

	if (word == NULL)
		return;
	decoded = g_mime_utils_header_decode_text(NULL, name);
	part_add_name(part, decoded);
	g_free(decoded);
	for (int to_nul = 0; to_nul < 2; to_nul++) {
		decoded = header_words_ascii(name, to_nul);
		part_add_name(part, decoded);
		free(decoded);
	}
}

/* What it is if it is in another charset than it seems. */
static void
add_charset(struct part *part, const char *name, const char *charset)
{
	char *converted;

	if (strchr(name, '+') == NULL)
		return;
	converted = g_convert(name, -1, "UTF-8", charset, NULL, NULL, NULL);
	part_add_name(part, converted);
	g_free(converted);
}

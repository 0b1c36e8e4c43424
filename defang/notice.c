/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notice.c - what the recipient is told about a part that was removed: what went,
 * why in plain words, the technical reason in brackets, and whom to ask.
 *
 * The words are the administrator's (conf.notice); what is filled in is made
 * printable first. Nothing is said that is not so: a line of the template that
 * names something which is not there, such as the reference of a message that
 * is not kept, is left out.
 *
 * Memory that runs out ends the process.
 */
#include "notice.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "name.h"

/* Characters of a line of quoted-printable, without what may come in one step (RFC 2045 6.7). */
#define QP_LINE 72

static const char signature_words[] =
    "This message was digitally signed; the signature is no longer valid.";

/* What is filled in where a template has nothing but lines without a value. */
#define NO_VALUE "(none)"

struct words {
	char file[NAME_WORD_MAX], reason[2 * NAME_WORD_MAX], sender[NAME_WORD_MAX],
	    subject[NAME_WORD_MAX];
	const struct conf *conf;
	const struct request *request;
	const struct notice *notice;
	bool told_signature; /* the template has a place for it */
	bool all_lines; /* also those with a word that has no value */
};

static const char *value_of(struct words *, const char *key, size_t len);
static const char *why(const struct notice *);
static bool fill(struct words *, FILE *);
static char *fill_line(struct words *, const char *line, size_t len);
static void put_line(FILE *, const char *line, bool *empty);
static void put_body(FILE *, const char *text, bool quoted, const char *eol);
static void put_quoted(FILE *, const char *line, size_t len, const char *eol);
static bool is_ascii(const char *);
static bool begins(const char *, const char *prefix);

/* By the word of the enum. */
static const char *const what_words[] = {
	[NOTICE_ATTACHMENT] = "An attachment of this message",
	[NOTICE_TEXT] = "The text of this message",
	[NOTICE_HTML_FORM] = "The formatted text (HTML) of this message",
	[NOTICE_PLAIN_FORM] = "The plain text of this message",
	[NOTICE_PICTURE] = "A picture in this message",
	[NOTICE_INVITATION] = "The invitation in this message",
	[NOTICE_MESSAGE] = "A message attached to this message",
	[NOTICE_SIGNATURE] = "The digital signature of this message",
	[NOTICE_SIGNED] = "The whole signed message",
	[NOTICE_SEALED] = "The whole encrypted message",
	[NOTICE_SEVERAL] = "A part of this message, with all that was in it,",
	[NOTICE_WHOLE] = "The whole content of this message",
};

static const char *const why_words[CLASS_COUNT] = {
	[CLASS_INFECTED] = "it contains a virus",
	[CLASS_BLOCKED] = "files of this type are not accepted here",
	[CLASS_ENCRYPTED] = "it is encrypted and could not be checked",
	[CLASS_UNOPENED] = "it could not be opened to be checked",
	[CLASS_LIMIT] = "it is too large or too complex to be checked",
	[CLASS_AMBIGUOUS] = "mail programs would not agree on what it is",
	[CLASS_ERROR] = "it could not be checked",
};

/* What unnamed parts are listed as, by the beginning of their type. */
static const struct {
	const char *type;
	enum notice_what what;
	const char *name;
} kinds[] = {
	{ "text/calendar", NOTICE_INVITATION, "invitation.ics" },
	{ "text/html", NOTICE_HTML_FORM, "message.html" },
	{ "text/", NOTICE_PLAIN_FORM, "message.txt" },
	{ "image/", NOTICE_PICTURE, "picture" },
	{ "message/rfc822", NOTICE_MESSAGE, "message.eml" },
	{ "message/global", NOTICE_MESSAGE, "message.eml" },
	{ "application/pkcs7-signature", NOTICE_SIGNATURE, "signature" },
	{ "application/x-pkcs7-signature", NOTICE_SIGNATURE, "signature" },
	{ "application/pgp-signature", NOTICE_SIGNATURE, "signature" },
	{ "application/pkcs7-mime", NOTICE_SIGNED, "message.p7m" },
	{ "application/x-pkcs7-mime", NOTICE_SIGNED, "message.p7m" },
	{ "multipart/encrypted", NOTICE_SEALED, "message" },
	{ "multipart/signed", NOTICE_SIGNED, "message" },
	{ "multipart/", NOTICE_SEVERAL, "part" },
};

enum notice_what
notice_of(const char *type, const char *name, bool in_alternative)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		enum notice_what what = kinds[i].what;

		if (!begins(type, kinds[i].type))
			continue;
		if (what == NOTICE_HTML_FORM || what == NOTICE_PLAIN_FORM) {
			if (name[0] != '\0' && !in_alternative)
				return NOTICE_ATTACHMENT;
			return in_alternative ? what : NOTICE_TEXT;
		}
		return what;
	}
	return type[0] == '\0' && name[0] == '\0' ? NOTICE_TEXT : NOTICE_ATTACHMENT;
}

void
notice_name(const struct notice *notice, const char *type, char name[NOTICE_NAME_MAX])
{
	const char *of = notice->file;

	for (size_t i = 0; of[0] == '\0' && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (begins(type, kinds[i].type))
			of = kinds[i].name;
	}
	name_file(of[0] == '\0' ? "attachment" : of, ".removed.txt", name, NOTICE_NAME_MAX);
}

char *
notice_text(const struct conf *conf, const struct request *request, const struct notice *notice)
{
	struct words w = { .conf = conf, .request = request, .notice = notice };
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		err(EX_OSERR, "notice");
	name_text(notice->file, w.file, sizeof(w.file));
	name_text(notice->reason, w.reason, sizeof(w.reason));
	name_text(notice->subject, w.subject, sizeof(w.subject));
	name_text(request->sender == NULL ? "" : request->sender, w.sender, sizeof(w.sender));
	if (!fill(&w, f)) {
		w.all_lines = true;
		fill(&w, f);
	}
	if (notice->is_signed && !w.told_signature)
		fprintf(f, "\n%s\n", signature_words);
	if (fclose(f) == EOF)
		err(EX_OSERR, "notice");
	return text;
}

/* The lines of the template; false if all that came of it is nothing. */
static bool
fill(struct words *w, FILE *f)
{
	bool empty = true, any = false;

	for (const char *line = w->conf->notice; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		char *filled = fill_line(w, line, len);

		any = any || (filled != NULL && filled[0] != '\0');
		if (filled != NULL)
			put_line(f, filled, &empty);
		free(filled);
		line += len;
		line += *line == '\n';
	}
	return any;
}

/* One empty line is enough where others were left out. */
static void
put_line(FILE *f, const char *line, bool *empty)
{
	if (line[0] == '\0' && *empty)
		return;
	*empty = line[0] == '\0';
	/* A file called like a boundary must not end the part, nor a mailbox its message. */
	fprintf(f, "%s%s\n", line[0] == '-' || begins(line, "From ") ? " " : "", line);
}

/*
 * A line of the template, {words} replaced; what is no such word stays. NULL if
 * one has no value: then there is nothing to tell. malloc'd.
 */
static char *
fill_line(struct words *w, const char *line, size_t len)
{
	const char *end = line + len;
	char *text = NULL;
	size_t size;
	bool told = true;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		err(EX_OSERR, "notice");
	while (line < end) {
		const char *close = *line == '{' ? memchr(line, '}', (size_t)(end - line)) : NULL;
		const char *value = close == NULL
		    ? NULL
		    : value_of(w, line + 1, (size_t)(close - line - 1));

		if (value == NULL) {
			fputc(*line++, f);
			continue;
		}
		told = told && value[0] != '\0';
		fputs(value[0] == '\0' ? NO_VALUE : value, f);
		line = close + 1;
	}
	if (fclose(f) == EOF)
		err(EX_OSERR, "notice");
	if (told || w->all_lines)
		return text;
	free(text);
	return NULL;
}

static const char *
value_of(struct words *w, const char *key, size_t len)
{
	const struct {
		const char *key, *value;
	} words[] = {
		{ "what", what_words[w->notice->what] },
		{ "why", why(w->notice) },
		{ "file", w->file },
		{ "reason", w->reason },
		{ "action", "removed" },
		{ "time", w->request->time },
		{ "host", w->request->host },
		{ "reference", w->request->reference },
		{ "contact", w->conf->contact },
		{ "sender", w->sender },
		{ "subject", w->subject },
		{ "signature", w->notice->is_signed ? signature_words : "" },
		{ "version", SPAWNSCAN_VERSION },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].key) != len || memcmp(words[i].key, key, len) != 0)
			continue;
		w->told_signature = w->told_signature || strcmp(words[i].key, "signature") == 0;
		return words[i].value;
	}
	return NULL;
}

/* What a heuristic takes for dangerous need not be a virus. */
static const char *
why(const struct notice *notice)
{
	const char *words = why_words[notice->class];

	if (notice->class == CLASS_INFECTED && begins(notice->reason, "Heuristics."))
		return "it looks dangerous";
	return words == NULL ? "it is not accepted here" : words;
}

char *
notice_part(const char *text, const char *name, const char *eol)
{
	bool quoted = !is_ascii(text);
	char *part = NULL, param[NAME_PARAM_MAX];
	size_t size;
	FILE *f = open_memstream(&part, &size);

	if (f == NULL)
		err(EX_OSERR, "notice");
	fprintf(f, "Content-Type: text/plain; charset=%s", quoted ? "utf-8" : "us-ascii");
	if (name[0] != '\0') {
		name_param("name", name, param);
		fprintf(f, ";%s\t%s", eol, param);
	}
	fprintf(f, "%sContent-Transfer-Encoding: %s%s", eol, quoted ? "quoted-printable" : "7bit",
	    eol);
	fputs("Content-Disposition: inline", f);
	if (name[0] != '\0') {
		name_param("filename", name, param);
		fprintf(f, ";%s\t%s", eol, param);
	}
	fprintf(f, "%s%s", eol, eol);
	put_body(f, text, quoted, eol);
	if (fclose(f) == EOF)
		err(EX_OSERR, "notice");
	return part;
}

/* The line ending behind the last line is the caller's. */
static void
put_body(FILE *f, const char *text, bool quoted, const char *eol)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		if (quoted)
			put_quoted(f, text, len, eol);
		else
			fwrite(text, 1, len, f);
		text += len;
		if (*text == '\n' && *++text != '\0')
			fputs(eol, f);
	}
}

/* RFC 2045 6.7; a space at the end of a line is one too many anyway. */
static void
put_quoted(FILE *f, const char *line, size_t len, const char *eol)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		bool plain = c >= ' ' && c <= '~' && c != '=' && (c != ' ' || i + 1 < len);

		if (column >= QP_LINE) {
			fprintf(f, "=%s", eol);
			column = 0;
		}
		if (plain)
			column += fputc(c, f) != EOF;
		else
			column += (size_t)fprintf(f, "=%02X", c);
	}
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text > '~')
			return false;
	}
	return true;
}

static bool
begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

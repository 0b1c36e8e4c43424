/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notice.c - what the recipient is told about a part that was removed: what went,
 * why in plain words, the technical reason in brackets, and whom to ask.
 *
 * The words are the administrator's (conf.notice) or those of a language
 * (sentences.h); what is filled in is made
 * printable first. Nothing is said that is not so: a line of the template that
 * names something which is not there, such as the reference of a message that
 * is not kept, is left out.
 *
 * Plain text, beside HTML too. Tried in Thunderbird 153 and Roundcube 1.6.5: as HTML it has
 * the same words in a box and is listed as .html; as an alternative of both it is one
 * attachment more in Thunderbird, and Roundcube does not list its name. The sentence in
 * front of a long text (front_line.c) is HTML where the text is.
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
#include "template.h"

struct words {
	char file[NAME_WORD_MAX], reason[2 * NAME_WORD_MAX], sender[NAME_WORD_MAX],
	    subject[NAME_WORD_MAX];
	const struct conf *conf;
	const struct request *request;
	const struct notice *notice;
	const char *name; /* what the part is called now; "" = it was removed */
	bool told_signature; /* the template has a place for it */
};

static void gather(struct words *, const struct conf *, const struct request *,
    const struct notice *);
static template_value value_of;
static bool is_form(enum notice_what);
static enum sentence why(const struct notice *);
static const char *said(const struct words *, enum sentence);
static bool begins(const char *, const char *prefix);

/* By the word of the enum. */
static const enum sentence whats[] = {
	[NOTICE_ATTACHMENT] = SENTENCE_WHAT_ATTACHMENT,
	[NOTICE_TEXT] = SENTENCE_WHAT_TEXT,
	[NOTICE_PART_OF_TEXT] = SENTENCE_WHAT_PART_OF_TEXT,
	[NOTICE_HTML_FORM] = SENTENCE_WHAT_HTML_FORM,
	[NOTICE_PLAIN_FORM] = SENTENCE_WHAT_PLAIN_FORM,
	[NOTICE_OTHER_FORM] = SENTENCE_WHAT_OTHER_FORM,
	[NOTICE_PICTURE] = SENTENCE_WHAT_PICTURE,
	[NOTICE_INVITATION] = SENTENCE_WHAT_INVITATION,
	[NOTICE_MESSAGE] = SENTENCE_WHAT_MESSAGE,
	[NOTICE_SIGNATURE] = SENTENCE_WHAT_SIGNATURE,
	[NOTICE_SIGNED] = SENTENCE_WHAT_SIGNED,
	[NOTICE_SEALED] = SENTENCE_WHAT_SEALED,
	[NOTICE_SEVERAL] = SENTENCE_WHAT_SEVERAL,
	[NOTICE_WHOLE] = SENTENCE_WHAT_WHOLE,
};

static const enum sentence whys[CLASS_COUNT] = {
	[CLASS_INFECTED] = SENTENCE_WHY_INFECTED,
	[CLASS_BLOCKED] = SENTENCE_WHY_BLOCKED,
	[CLASS_ENCRYPTED] = SENTENCE_WHY_ENCRYPTED,
	[CLASS_UNOPENED] = SENTENCE_WHY_UNOPENED,
	[CLASS_LIMIT] = SENTENCE_WHY_LIMIT,
	[CLASS_AMBIGUOUS] = SENTENCE_WHY_AMBIGUOUS,
	[CLASS_ERROR] = SENTENCE_WHY_ERROR,
};

/* What unnamed parts are listed as, by the beginning of their type. */
static const struct {
	const char *type;
	enum notice_what what;
	const char *name;
} kinds[] = {
	{ "text/calendar", NOTICE_INVITATION, "invitation.ics" },
	{ "text/html", NOTICE_HTML_FORM, "message.html" },
	{ "text/x-amp-html", NOTICE_OTHER_FORM, "message.html" },
	{ "text/watch-html", NOTICE_OTHER_FORM, "message.html" },
	{ "text/plain", NOTICE_PLAIN_FORM, "message.txt" },
	{ "text/rfc822-headers", NOTICE_ATTACHMENT, "attachment" },
	{ "text/", NOTICE_OTHER_FORM, "message.txt" },
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
notice_of(const char *type, const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!begins(type, kinds[i].type))
			continue;
		if (!is_form(kinds[i].what))
			return kinds[i].what;
		return name[0] == '\0' ? NOTICE_TEXT : NOTICE_ATTACHMENT;
	}
	return type[0] == '\0' && name[0] == '\0' ? NOTICE_TEXT : NOTICE_ATTACHMENT;
}

enum notice_what
notice_form_of(const char *type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (begins(type, kinds[i].type))
			return kinds[i].what;
	}
	return NOTICE_ATTACHMENT;
}

static bool
is_form(enum notice_what what)
{
	return what == NOTICE_HTML_FORM || what == NOTICE_PLAIN_FORM || what == NOTICE_OTHER_FORM;
}

void
notice_name(const struct notice *notice, const char *type, char name[NOTICE_NAME_MAX])
{
	const char *of = notice->file;

	if (of[0] == '\0' && notice->what == NOTICE_ATTACHMENT)
		of = "attachment";
	for (size_t i = 0; of[0] == '\0' && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (begins(type, kinds[i].type))
			of = kinds[i].name;
	}
	name_file(of[0] == '\0' ? "attachment" : of, ".removed.txt", name, NOTICE_NAME_MAX);
}

char *
notice_text(const struct conf *conf, const struct request *request, const struct notice *notice)
{
	struct words w;
	char *text, *both;

	gather(&w, conf, request, notice);
	text = template_fill(conf->notice[0] != '\0' ? conf->notice : said(&w, SENTENCE_NOTICE),
	    said(&w, SENTENCE_NO_VALUE), value_of, &w);
	if (text == NULL)
		err(EX_OSERR, "notice");
	if (!notice->is_signed || w.told_signature)
		return text;
	if (asprintf(&both, "%s\n%s\n", text, said(&w, SENTENCE_SIGNATURE)) == -1)
		err(EX_OSERR, "notice");
	free(text);
	return both;
}

char *
notice_line(const struct conf *conf, const struct request *request, const struct notice *notice,
    const char *name)
{
	struct words w;
	enum sentence which = SENTENCE_LINE_REMOVED;
	char *text;

	gather(&w, conf, request, notice);
	w.name = name == NULL ? "" : name;
	if (name != NULL)
		which = SENTENCE_LINE_RENAMED;
	else if (notice->file[0] == '\0')
		which = SENTENCE_LINE_REMOVED_UNNAMED;
	text = template_fill(said(&w, which), said(&w, SENTENCE_NO_VALUE), value_of, &w);
	if (text == NULL)
		err(EX_OSERR, "notice");
	return text;
}

static void
gather(struct words *w, const struct conf *conf, const struct request *request,
    const struct notice *notice)
{
	*w = (struct words){ .conf = conf, .request = request, .notice = notice, .name = "" };
	name_text(notice->file, w->file, sizeof(w->file));
	name_text(notice->reason, w->reason, sizeof(w->reason));
	name_text(notice->subject == NULL ? "" : notice->subject, w->subject, sizeof(w->subject));
	name_text(request->sender == NULL ? "" : request->sender, w->sender, sizeof(w->sender));
}

static const char *
value_of(void *ctx, const char *key, size_t len)
{
	struct words *w = ctx;
	const struct {
		const char *key, *value;
	} words[] = {
		{ "what", said(w, whats[w->notice->what]) },
		{ "why", said(w, why(w->notice)) },
		{ "file", w->file },
		{ "reason", w->reason },
		{ "action", said(w, SENTENCE_REMOVED) },
		{ "name", w->name },
		{ "time", w->request->time },
		{ "host", w->request->host },
		{ "reference", w->request->reference },
		{ "contact", w->conf->contact },
		{ "sender", w->sender },
		{ "subject", w->subject },
		{ "signature", w->notice->is_signed ? said(w, SENTENCE_SIGNATURE) : "" },
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
static enum sentence
why(const struct notice *notice)
{
	if (notice->class == CLASS_INFECTED && begins(notice->reason, "Heuristics."))
		return SENTENCE_WHY_HEURISTIC;
	return whys[notice->class];
}

/* In the language of the message. */
static const char *
said(const struct words *w, enum sentence which)
{
	return sentences_get(&w->request->sentences, which);
}

char *
notice_part(const char *text, const char *name, const char *eol)
{
	bool quoted = !template_is_ascii(text);
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
	template_put(f, text, quoted, eol);
	if (fclose(f) == EOF)
		err(EX_OSERR, "notice");
	return part;
}

static bool
begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sentences.h - what recipients read, in English or in another language.
 *
 * A language is a file in JSON: an object of sentences by key, in UTF-8. What it
 * does not say stays English. The front reads it (transaction/language.h) and
 * hands its text on with the request; both halves use it.
 */
#ifndef SENTENCES_H
#define SENTENCES_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a language, of one line, and of a text of several lines. */
#define SENTENCES_MAX_BYTES (64u << 10)
#define SENTENCES_LINE_MAX 300
#define SENTENCES_TEXT_MAX 8192

/* The text for recipients (setting "notice") that stands for a part that went. */
#define SENTENCES_NOTICE \
	"{what} was removed by the content filter\n" \
	"because {why} ({reason}).\n" \
	"{signature}\n\n" \
	"Name:       {file}\n" \
	"Date:       {time}\n" \
	"Filter:     spawnscan {version} on {host}\n" \
	"Reference:  {reference}\n\n" \
	"If you need what was removed, ask {contact}.\n" \
	"The original message is kept for a while; give its reference, {reference}."

#define SENTENCES_WRAP \
	"A message for you could not be inspected for viruses. It may be harmless\n" \
	"or not. It is attached unchanged, as message.eml.defanged, in a form that\n" \
	"no mail program opens by itself.\n\n" \
	"From:      {from}\n" \
	"Subject:   {subject}\n" \
	"Filter:    spawnscan {version} on {host}\n" \
	"Reference: {reference}\n\n" \
	"Do not open it unless you know how to handle dangerous mail; ask\n" \
	"your postmaster instead."

/* X(id, key in the file, may have several lines, English) */
#define SENTENCES(X) \
	X(NOTICE, "notice", true, SENTENCES_NOTICE) \
	X(SIGNATURE, "signature", false, \
	    "This message was digitally signed; the signature is no longer valid.") \
	X(REMOVED, "removed", false, "removed") \
	X(NO_VALUE, "no_value", false, "(none)") \
	X(WHAT_ATTACHMENT, "what_attachment", false, "An attachment of this message") \
	X(WHAT_TEXT, "what_text", false, "The text of this message") \
	X(WHAT_PART_OF_TEXT, "what_part_of_text", false, "A part of the text of this message") \
	X(WHAT_HTML_FORM, "what_html_form", false, "The formatted text (HTML) of this message") \
	X(WHAT_PLAIN_FORM, "what_plain_form", false, "The plain text of this message") \
	X(WHAT_OTHER_FORM, "what_other_form", false, "One form of the text of this message") \
	X(WHAT_PICTURE, "what_picture", false, "A picture in this message") \
	X(WHAT_INVITATION, "what_invitation", false, "The invitation in this message") \
	X(WHAT_MESSAGE, "what_message", false, "A message attached to this message") \
	X(WHAT_SIGNATURE, "what_signature", false, "The digital signature of this message") \
	X(WHAT_SIGNED, "what_signed", false, "The whole signed message") \
	X(WHAT_SEALED, "what_sealed", false, "The whole encrypted message") \
	X(WHAT_SEVERAL, "what_several", false, "A part of this message, with all that was in it,") \
	X(WHAT_WHOLE, "what_whole", false, "The whole content of this message") \
	X(WHY_INFECTED, "why_infected", false, "it contains a virus") \
	X(WHY_HEURISTIC, "why_heuristic", false, "it looks dangerous") \
	X(WHY_BLOCKED, "why_blocked", false, "files of this type are not accepted here") \
	X(WHY_ENCRYPTED, "why_encrypted", false, "it is encrypted and could not be checked") \
	X(WHY_UNOPENED, "why_unopened", false, "it could not be opened to be checked") \
	X(WHY_LIMIT, "why_limit", false, "it is too large or too complex to be checked") \
	X(WHY_AMBIGUOUS, "why_ambiguous", false, "mail programs would not agree on what it is") \
	X(WHY_ERROR, "why_error", false, "it could not be checked") \
	/* in front of a long text, or where an attachment was renamed */ \
	X(LINE_REMOVED, "line_removed", false, \
	    "{what} ({file}) was removed by the content filter because {why}. The notice further " \
	    "down says more.") \
	X(LINE_REMOVED_UNNAMED, "line_removed_unnamed", false, \
	    "{what} was removed by the content filter because {why}. The notice further down " \
	    "says " \
	    "more.") \
	X(LINE_RENAMED, "line_renamed", false, \
	    "The attachment {file} was renamed to {name} by the content filter because {why}. If " \
	    "you need it, ask {contact}.") \
	X(LINE_MORE, "line_more", false, "More was removed or renamed; see further down.") \
	X(WRAP, "wrap", true, SENTENCES_WRAP) \
	X(WRAP_MARK, "wrap_mark", false, "[not inspected]") \
	X(WRAP_NO_SUBJECT, "wrap_no_subject", false, "a message without a subject")

enum sentence {
#define SENTENCE_ID(id, key, lines, english) SENTENCE_##id,
	SENTENCES(SENTENCE_ID)
#undef SENTENCE_ID
	    SENTENCE_COUNT
};

/* In zeros: English. */
struct sentences {
	char *text[SENTENCE_COUNT]; /* malloc'd; NULL = English */
};

/*
 * The sentences of a language. On failure false and a sentence, without the name
 * of the file; what was there is gone either way. Free with sentences_free.
 */
bool sentences_parse(struct sentences *, const char *json, char *err, size_t errsize);
void sentences_free(struct sentences *);

/* UTF-8 without controls but LF, valid as long as the sentences are. NULL: English. */
const char *sentences_get(const struct sentences *, enum sentence);

#endif

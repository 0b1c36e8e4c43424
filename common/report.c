/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.c - the inspector's report: building it, and its wire form both ways.
 *
 * The inspector builds and encodes; running out of memory there may end the
 * process, the front copes with that. The front decodes, and the decoder takes
 * every byte for an attacker's: each count is checked against its limit and
 * against the bytes that are left before anything is allocated for it, and a
 * report that is not sound to the last byte is no report at all.
 *
 * Wire form, after the 32-bit length: "SSR" and the protocol's number, fault (8), size (64),
 * action (8), scanner, the list that passed over a rule; number of findings (32) and each:
 * class (8), action (8), part, reason, file; number of edits (32) and each: offset (64),
 * length (64), text; number of notes (32) and each a string; the explanation, empty if
 * there is none. report.h says how numbers and strings look.
 */
#include "report.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "array.h"

static const char report_magic[] = "SSR" REPORT_PROTOCOL;
#define MAGIC_LENGTH (sizeof(report_magic) - 1)

const char report_other_protocol[] = "it is in another version of the protocol";

struct writer {
	char *buf;
	size_t len, room;
};

/* What is left to read; bad once anything did not fit. */
struct reader {
	const char *at;
	size_t left;
	bool bad;
};

static char *printable_copy(const char *);
static bool edit_follows(const struct edit *, const struct edit *);
static void put_bytes(struct writer *, const void *, size_t);
static void put_number(struct writer *, uint64_t, unsigned int bytes);
static void put_string(struct writer *, const char *, size_t);
static uint64_t get_number(struct reader *, unsigned int bytes);
static char *get_string(struct reader *, size_t limit, size_t *len);
static char *get_word(struct reader *);
static char *get_list(struct reader *);
static char *get_text(struct reader *);
static size_t get_count(struct reader *, size_t limit, size_t least_bytes);
static const char *decode_parts(struct report *, struct reader *);
static void decode_findings(struct report *, struct reader *);
static void decode_edits(struct report *, struct reader *);
static void decode_notes(struct report *, struct reader *);
static const char *check_report(const struct report *, uint64_t, bool);

void
report_init(struct report *r)
{
	memset(r, 0, sizeof(*r));
	r->action = ACTION_PASS;
}

void
report_free(struct report *r)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		free(r->findings[i].part);
		free(r->findings[i].reason);
		free(r->findings[i].file);
	}
	for (size_t i = 0; i < r->n_edits; i++)
		free(r->edits[i].text);
	for (size_t i = 0; i < r->n_notes; i++)
		free(r->notes[i]);
	free(r->findings);
	free(r->edits);
	free(r->notes);
	free(r->scanner);
	free(r->exempt);
	free(r->verdicts);
	free(r->explanation);
	report_init(r);
}

static char *
printable_copy(const char *s)
{
	size_t len = strnlen(s, REPORT_MAX_STRING);
	char *copy = malloc(len + 1);

	if (copy == NULL)
		err(EX_OSERR, "report");
	for (size_t i = 0; i < len; i++)
		copy[i] = s[i] >= 0x20 && s[i] <= 0x7e ? s[i] : '?';
	copy[len] = '\0';
	return copy;
}

void
report_add_finding(struct report *r, enum verdict_class class, enum verdict_action action,
    const char *part, const char *reason, const char *file)
{
	struct finding *f;

	if (verdict_action_wins(action, r->action))
		r->action = action;
	if (r->n_findings == REPORT_MAX_FINDINGS)
		return; /* the action above still counts */
	r->findings = array_grow(r->findings, r->n_findings, sizeof(*r->findings), "report");
	f = &r->findings[r->n_findings++];
	f->class = class;
	f->action = action;
	f->part = printable_copy(part);
	f->reason = printable_copy(reason);
	f->file = printable_copy(file);
}

void
report_add_note(struct report *r, const char *note)
{
	if (r->n_notes == REPORT_MAX_NOTES)
		return;
	r->notes = array_grow(r->notes, r->n_notes, sizeof(*r->notes), "report");
	r->notes[r->n_notes++] = printable_copy(note);
}

void
report_set_exempt(struct report *r, const char *list)
{
	free(r->exempt);
	r->exempt = printable_copy(list);
}

void
report_add_verdict(struct report *r, const char *line)
{
	const char *old = r->verdicts != NULL ? r->verdicts : "";
	char *text, *all;

	if ((text = printable_copy(line)) == NULL || strstr(old, text) != NULL ||
	    strlen(old) + strlen(text) + 2 > REPORT_MAX_STRING) {
		free(text);
		return;
	}
	if (asprintf(&all, "%s%s%s", old, *old != '\0' ? ", " : "", text) == -1)
		err(EX_OSERR, "report");
	free(text);
	free(r->verdicts);
	r->verdicts = all;
}

void
report_add_edit(struct report *r, uint64_t offset, uint64_t length, char *text, size_t text_len)
{
	r->edits = array_grow(r->edits, r->n_edits, sizeof(*r->edits), "report");
	r->edits[r->n_edits++] = (struct edit){ offset, length, text, text_len };
}

/* Does a come behind b? At one place what is only inserted comes first. */
static bool
edit_follows(const struct edit *a, const struct edit *b)
{
	if (a->offset != b->offset)
		return a->offset > b->offset;
	return a->length > 0 && b->length == 0;
}

/* Insertion sort: edits come nearly sorted, and the order of equals is kept. */
void
report_sort_edits(struct report *r)
{
	for (size_t i = 1; i < r->n_edits; i++) {
		struct edit e = r->edits[i];
		size_t at = i;

		while (at > 0 && edit_follows(&r->edits[at - 1], &e)) {
			r->edits[at] = r->edits[at - 1];
			at--;
		}
		r->edits[at] = e;
	}
}

static void
put_bytes(struct writer *w, const void *bytes, size_t len)
{
	if (w->room - w->len < len) {
		w->room = (w->len + len) * 2;
		w->buf = realloc(w->buf, w->room);
		if (w->buf == NULL)
			err(EX_OSERR, "report");
	}
	memcpy(w->buf + w->len, bytes, len);
	w->len += len;
}

static void
put_number(struct writer *w, uint64_t value, unsigned int bytes)
{
	unsigned char le[8] = { 0 };

	for (unsigned int i = 0; i < bytes; i++)
		le[i] = (unsigned char)(value >> (8 * i));
	put_bytes(w, le, bytes);
}

static void
put_string(struct writer *w, const char *s, size_t len)
{
	put_number(w, len, 4);
	if (len > 0)
		put_bytes(w, s, len);
}

char *
report_encode(const struct report *r, size_t *len)
{
	struct writer w = { 0 };
	const char *scanner = r->scanner != NULL ? r->scanner : "";
	const char *exempt = r->exempt != NULL ? r->exempt : "";
	const char *verdicts = r->verdicts != NULL ? r->verdicts : "";
	const char *explanation = r->explanation != NULL ? r->explanation : "";

	put_number(&w, 0, 4);
	put_bytes(&w, report_magic, MAGIC_LENGTH);
	put_number(&w, r->fault, 1);
	put_number(&w, r->size, 8);
	put_number(&w, r->action, 1);
	put_string(&w, scanner, strlen(scanner));
	put_string(&w, exempt, strlen(exempt));
	put_string(&w, verdicts, strlen(verdicts));
	put_number(&w, r->n_findings, 4);
	for (size_t i = 0; i < r->n_findings; i++) {
		const struct finding *f = &r->findings[i];

		put_number(&w, f->class, 1);
		put_number(&w, f->action, 1);
		put_string(&w, f->part, strlen(f->part));
		put_string(&w, f->reason, strlen(f->reason));
		put_string(&w, f->file, strlen(f->file));
	}
	put_number(&w, r->n_edits, 4);
	for (size_t i = 0; i < r->n_edits; i++) {
		put_number(&w, r->edits[i].offset, 8);
		put_number(&w, r->edits[i].length, 8);
		put_string(&w, r->edits[i].text, r->edits[i].text_len);
	}
	put_number(&w, r->n_notes, 4);
	for (size_t i = 0; i < r->n_notes; i++)
		put_string(&w, r->notes[i], strlen(r->notes[i]));
	put_string(&w, explanation, strlen(explanation));
	if (w.len - 4 > REPORT_MAX_BYTES || r->n_edits > REPORT_MAX_EDITS) {
		free(w.buf);
		return NULL;
	}
	*len = w.len;
	w.len = 0;
	put_number(&w, *len - 4, 4);
	return w.buf;
}

static uint64_t
get_number(struct reader *rd, unsigned int bytes)
{
	uint64_t value = 0;

	if (rd->bad || rd->left < bytes) {
		rd->bad = true;
		return 0;
	}
	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)(unsigned char)rd->at[i] << (8 * i);
	rd->at += bytes;
	rd->left -= bytes;
	return value;
}

/* A malloc'd, NUL-terminated copy, or NULL with rd->bad set. */
static char *
get_string(struct reader *rd, size_t limit, size_t *len)
{
	uint64_t n = get_number(rd, 4);
	char *s;

	if (rd->bad || n > rd->left || n > limit || (s = malloc(n + 1)) == NULL) {
		rd->bad = true;
		return NULL;
	}
	memcpy(s, rd->at, n);
	s[n] = '\0';
	rd->at += n;
	rd->left -= n;
	*len = n;
	return s;
}

/* A string that is printable ASCII. */
static char *
get_word(struct reader *rd)
{
	size_t len;
	char *s = get_string(rd, REPORT_MAX_STRING, &len);

	if (s == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < 0x20 || s[i] > 0x7e)
			rd->bad = true;
	}
	return s;
}

/* A word, NULL for none. */
static char *
get_list(struct reader *rd)
{
	char *s = get_word(rd);

	if (s != NULL && s[0] != '\0')
		return s;
	free(s);
	return NULL;
}

/* Lines of printable ASCII; NULL for none. */
static char *
get_text(struct reader *rd)
{
	size_t len;
	char *s = get_string(rd, REPORT_MAX_EXPLANATION, &len);

	if (s == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '\n' && s[i] != '\t' && (s[i] < 0x20 || s[i] > 0x7e))
			rd->bad = true;
	}
	if (len > 0)
		return s;
	free(s);
	return NULL;
}

/* A number of elements that can be there, at least_bytes each. */
static size_t
get_count(struct reader *rd, size_t limit, size_t least_bytes)
{
	uint64_t n = get_number(rd, 4);

	if (rd->bad || n > limit || n > rd->left / least_bytes) {
		rd->bad = true;
		return 0;
	}
	return n;
}

const char *
report_decode(struct report *r, const char *buf, size_t len, uint64_t message_size, bool crlf_only)
{
	struct reader rd = { buf, len, false };
	const char *wrong;

	report_init(r);
	wrong = decode_parts(r, &rd);
	if (wrong == NULL)
		wrong = check_report(r, message_size, crlf_only);
	if (wrong != NULL)
		report_free(r);
	return wrong;
}

static const char *
decode_parts(struct report *r, struct reader *rd)
{
	if (rd->left < MAGIC_LENGTH || memcmp(rd->at, report_magic, MAGIC_LENGTH - 1) != 0)
		return "it does not begin as a report";
	if (memcmp(rd->at, report_magic, MAGIC_LENGTH) != 0)
		return report_other_protocol;
	rd->at += MAGIC_LENGTH;
	rd->left -= MAGIC_LENGTH;
	r->fault = (enum report_fault)get_number(rd, 1);
	r->size = get_number(rd, 8);
	r->action = (enum verdict_action)get_number(rd, 1);
	r->scanner = get_word(rd);
	r->exempt = get_list(rd);
	r->verdicts = get_list(rd);
	decode_findings(r, rd);
	decode_edits(r, rd);
	decode_notes(r, rd);
	r->explanation = get_text(rd);
	if (rd->bad)
		return "it is cut off, or a field is out of bounds";
	if (rd->left != 0)
		return "bytes follow its end";
	return NULL;
}

static void
decode_findings(struct report *r, struct reader *rd)
{
	size_t n = get_count(rd, REPORT_MAX_FINDINGS, 14);

	r->findings = calloc(n, sizeof(*r->findings));
	if (n > 0 && r->findings == NULL)
		rd->bad = true;
	while (r->n_findings < n && !rd->bad) {
		struct finding *f = &r->findings[r->n_findings++];

		f->class = (enum verdict_class)get_number(rd, 1);
		f->action = (enum verdict_action)get_number(rd, 1);
		f->part = get_word(rd);
		f->reason = get_word(rd);
		f->file = get_word(rd);
	}
}

static void
decode_edits(struct report *r, struct reader *rd)
{
	size_t n = get_count(rd, REPORT_MAX_EDITS, 20);

	r->edits = calloc(n, sizeof(*r->edits));
	if (n > 0 && r->edits == NULL)
		rd->bad = true;
	while (r->n_edits < n && !rd->bad) {
		struct edit *e = &r->edits[r->n_edits++];

		e->offset = get_number(rd, 8);
		e->length = get_number(rd, 8);
		e->text = get_string(rd, REPORT_MAX_BYTES, &e->text_len);
	}
}

static void
decode_notes(struct report *r, struct reader *rd)
{
	size_t n = get_count(rd, REPORT_MAX_NOTES, 4);

	r->notes = calloc(n, sizeof(*r->notes));
	if (n > 0 && r->notes == NULL)
		rd->bad = true;
	while (r->n_notes < n && !rd->bad)
		r->notes[r->n_notes++] = get_word(rd);
}

static const char *
check_report(const struct report *r, uint64_t message_size, bool crlf_only)
{
	enum verdict_action strongest = ACTION_PASS;

	if (r->fault >= REPORT_FAULT_COUNT)
		return "its fault is none";
	if (r->size != message_size && r->fault != REPORT_FAULT_VERSION)
		return "it is about a message of another size";
	if (r->action >= ACTION_COUNT)
		return "its action is none";
	for (size_t i = 0; i < r->n_findings; i++) {
		if (r->findings[i].class >= CLASS_COUNT || r->findings[i].action >= ACTION_COUNT)
			return "a finding's class or action is none";
		if (verdict_action_wins(r->findings[i].action, strongest))
			strongest = r->findings[i].action;
	}
	if (verdict_action_wins(strongest, r->action))
		return "its action is weaker than a finding's";
	if (r->scanner[0] == '\0' && !verdict_action_is_whole(r->action))
		return "nothing was scanned";
	return message_check_edits(message_size, r->edits, r->n_edits, crlf_only);
}

const char *
report_verdict(const struct report *r)
{
	const struct finding *worst = r->findings;

	if (r->n_findings == 0)
		return "clean";
	for (size_t i = 1; i < r->n_findings; i++) {
		if (verdict_class_outweighs(r->findings[i].class, worst->class))
			worst = &r->findings[i];
	}
	return verdict_class_name(worst->class);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_report - the report reader of the front
 *
 * Input: one byte (bit 0: CRLF only; bit 1: the message is one byte shorter
 * than the report says), then the body of a report. What is believed must be
 * sound: every string printable, every edit in the message and in order,
 * the action no weaker than a finding's; it splices without a step aside, and
 * encoded again gives the same bytes. What is not believed leaves nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "report.h"

/* Of the size, in the input: behind its first byte, the magic and the fault. */
#define SIZE_AT 6
#define MESSAGE_MAX (64u << 10)

static void
check_word(const char *word)
{
	fuzz_assert(word != NULL && strlen(word) <= REPORT_MAX_STRING, "a string of the limit");
	for (; *word != '\0'; word++)
		fuzz_assert(*word >= 0x20 && *word <= 0x7e, "printable strings");
}

static void
check_findings(const struct report *r)
{
	fuzz_assert(r->n_findings <= REPORT_MAX_FINDINGS, "count of findings");
	fuzz_assert(r->action < ACTION_COUNT, "the action is one");
	for (size_t i = 0; i < r->n_findings; i++) {
		const struct finding *f = &r->findings[i];

		fuzz_assert(f->class < CLASS_COUNT && !verdict_action_wins(f->action, r->action),
		    "finding");
		fuzz_assert(strlen(verdict_class_name(f->class)) > 0 &&
			strlen(verdict_action_name(f->action)) > 0,
		    "names");
		check_word(f->part);
		check_word(f->reason);
		check_word(f->file);
	}
	check_word(r->scanner);
	if (r->exempt != NULL)
		check_word(r->exempt);
	fuzz_assert(r->scanner[0] != '\0' || verdict_action_is_whole(r->action), "it was scanned");
	fuzz_assert(r->n_notes <= REPORT_MAX_NOTES, "count of notes");
	for (size_t i = 0; i < r->n_notes; i++)
		check_word(r->notes[i]);
	fuzz_assert(strlen(report_verdict(r)) > 0, "verdict");
}

static void
check_text(const struct edit *e, bool crlf)
{
	for (size_t i = 0; i < e->text_len; i++) {
		char c = e->text[i];

		fuzz_assert(c == '\t' || c == '\r' || c == '\n' || (c >= 0x20 && c <= 0x7e),
		    "7-bit text");
		if (c == '\r')
			fuzz_assert(i + 1 < e->text_len && e->text[i + 1] == '\n', "no stray CR");
		if (c == '\n' && crlf)
			fuzz_assert(i > 0 && e->text[i - 1] == '\r', "no stray LF");
	}
}

static void
check_edits(const struct report *r, bool crlf)
{
	uint64_t end = 0;

	fuzz_assert(r->n_edits <= REPORT_MAX_EDITS, "count of edits");
	for (size_t i = 0; i < r->n_edits; i++) {
		const struct edit *e = &r->edits[i];

		fuzz_assert(e->offset >= end && e->offset <= r->size &&
			e->length <= r->size - e->offset,
		    "edits in order and in range");
		end = e->offset + e->length;
		check_text(e, crlf);
	}
}

static void
check_splice(const struct report *r)
{
	char *message, *out;
	size_t len;

	if (r->size > MESSAGE_MAX)
		return;
	message = calloc(1, r->size + 1);
	fuzz_assert(message != NULL, "memory");
	memset(message, 'x', r->size);
	out = fuzz_splice(message, r->size, r->edits, r->n_edits, &len);
	free(out);
	free(message);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report r;
	uint64_t message_size = 0;
	bool crlf;
	char *body, *again;
	size_t len;

	if (size < 1)
		return 0;
	crlf = (data[0] & 1) != 0;
	/* The front knows how long the message is; mostly the report is right about it. */
	for (size_t i = 0; i < 8 && i + SIZE_AT < size; i++)
		message_size |= (uint64_t)data[SIZE_AT + i] << (8 * i);
	message_size -= (data[0] >> 1) & 1;
	body = fuzz_copy(data + 1, --size);
	if (report_decode(&r, body, size, message_size, crlf) == NULL) {
		fuzz_assert(r.size == message_size || r.fault == REPORT_FAULT_VERSION, "size");
		fuzz_assert(r.fault < REPORT_FAULT_COUNT, "fault");
		check_findings(&r);
		check_edits(&r, crlf);
		check_splice(&r);
		again = report_encode(&r, &len);
		fuzz_assert(again != NULL && len == size + 4 && memcmp(again + 4, body, size) == 0,
		    "encoded again it is the same");
		free(again);
	} else {
		fuzz_assert(r.n_findings == 0 && r.n_edits == 0 && r.n_notes == 0 &&
			r.findings == NULL && r.edits == NULL && r.scanner == NULL,
		    "what is not believed leaves nothing");
	}
	report_free(&r);
	free(body);
	return 0;
}

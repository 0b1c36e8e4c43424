/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_unlock.c - the password of an encrypted zip archive or PDF.
 *
 * libarchive decrypts zip archives (ZipCrypto and the AES of WinZip) and asks for one
 * password after the other until the check in front of a member fits. That of ZipCrypto
 * is one byte, which every 256th wrong password passes, so a password is only taken for the right
 * one when the member comes out whole, by its check sum.
 *
 * One member is tried, the smallest, so that large ones are not read often. What all
 * of it may cost is bounded in struct passwords. Nothing here reads 7z or RAR.
 *
 * libqpdf knows by itself whether a password is the user's or the owner's of a PDF, and writes
 * the document without encryption, its streams as they lie.
 */
#include "mime_unlock.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <archive.h>
#include <archive_entry.h>
#include <qpdf/qpdf-c.h>

#include "effort.h"
#include "mime_kind.h"
#include "passwords.h"

#define BLOCK (64u << 10)

struct trial {
	const struct passwords *words;
	guint next; /* the word that is tried next */
	int64_t end; /* effort_ms */
};

static struct archive *start(const struct format_input *, struct trial *);
static bool find_smallest(const struct format_input *, size_t *which);
static const char *try_words(struct trial *, const struct format_input *, size_t which);
static bool go_to(struct archive *, size_t which);
static const char *next_word(struct archive *, void *);
static char *written(const struct format_input *, const char *password, size_t *len);

const char *
unlock_zip(struct packed *p, const struct format_input *in)
{
	struct passwords *words = p->passwords;
	struct trial trial = { .words = words };
	const char *word = NULL;
	int64_t begun = effort_ms();
	size_t which;

	if (words == NULL || words->left <= 0 || !find_smallest(in, &which))
		return NULL;
	trial.end = begun + words->left;
	if (trial.end > p->deadline)
		trial.end = p->deadline;
	while (word == NULL && trial.next < words->words->len && effort_ms() < trial.end) {
		guint before = trial.next;

		word = try_words(&trial, in, which);
		if (trial.next == before)
			break;
	}
	words->left -= effort_ms() - begun;
	return word;
}

/* From the next one on, to the first that passes the check: NULL if it is wrong after all. */
static const char *
try_words(struct trial *trial, const struct format_input *in, size_t which)
{
	struct archive *a = start(in, trial);
	const char *word = NULL;
	static char block[BLOCK];
	la_ssize_t n = -1;

	if (go_to(a, which)) {
		do {
			n = archive_read_data(a, block, sizeof(block));
		} while (n > 0 && effort_ms() < trial->end);
	}
	if (n == 0 && trial->next > 0)
		word = g_ptr_array_index(trial->words->words, trial->next - 1);
	archive_read_free(a);
	return word;
}

static const char *
next_word(struct archive *a, void *ctx)
{
	struct trial *trial = ctx;

	(void)a;
	if (trial->next >= trial->words->words->len || effort_ms() >= trial->end)
		return NULL;
	return g_ptr_array_index(trial->words->words, trial->next++);
}

static bool
find_smallest(const struct format_input *in, size_t *which)
{
	struct archive *a = start(in, NULL);
	struct archive_entry *entry;
	int64_t smallest = INT64_MAX;
	int result;

	for (size_t i = 0;
	     (result = archive_read_next_header(a, &entry)) == ARCHIVE_OK || result == ARCHIVE_WARN;
	     i++) {
		int64_t size = archive_entry_size(entry);

		if (archive_entry_is_encrypted(entry) > 0 && size > 0 && size < smallest) {
			smallest = size;
			*which = i;
		}
	}
	archive_read_free(a);
	return smallest < INT64_MAX;
}

static bool
go_to(struct archive *a, size_t which)
{
	struct archive_entry *entry;

	for (size_t i = 0; i <= which; i++) {
		int result = archive_read_next_header(a, &entry);

		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return false;
	}
	return true;
}

/* What can't be opened has no members. */
static struct archive *
start(const struct format_input *in, struct trial *trial)
{
	struct archive *a = archive_read_new();

	if (a == NULL)
		err(EX_OSERR, "unlock");
	if (trial != NULL)
		archive_read_set_passphrase_callback(a, trial, next_word);
	if (archive_read_support_format_zip_seekable(a) == ARCHIVE_OK)
		archive_read_open_memory(a, in->bytes, kind_zip_end(in->bytes, in->len));
	return a;
}

char *
unlock_pdf(struct packed *p, const struct format_input *in, size_t *len)
{
	struct passwords *words = p->passwords;
	int64_t begun = effort_ms(), end;
	char *plain;

	if (words == NULL || words->left <= 0)
		return NULL;
	end = begun + words->left < p->deadline ? begun + words->left : p->deadline;
	plain = written(in, NULL, len);
	for (guint i = 0; plain == NULL && i < words->words->len && effort_ms() < end; i++)
		plain = written(in, g_ptr_array_index(words->words, i), len);
	words->left -= effort_ms() - begun;
	return plain;
}

static char *
written(const struct format_input *in, const char *password, size_t *len)
{
	qpdf_data pdf = qpdf_init();
	char *plain = NULL;

	qpdf_silence_errors(pdf);
	qpdf_set_suppress_warnings(pdf, QPDF_TRUE);
	if ((qpdf_read_memory(pdf, "PDF", in->bytes, in->len, password) & (QPDF_ERRORS)) == 0 &&
	    qpdf_is_encrypted(pdf) && qpdf_init_write_memory(pdf) == QPDF_SUCCESS) {
		qpdf_set_preserve_encryption(pdf, QPDF_FALSE);
		qpdf_set_stream_data_mode(pdf, qpdf_s_preserve);
		if ((qpdf_write(pdf) & (QPDF_ERRORS)) == 0)
			*len = qpdf_get_buffer_length(pdf);
		else
			*len = 0;
		if (*len > 0)
			plain = malloc(*len);
		if (plain != NULL)
			memcpy(plain, qpdf_get_buffer(pdf), *len);
	}
	qpdf_cleanup(&pdf);
	return plain;
}

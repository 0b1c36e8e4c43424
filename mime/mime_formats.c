/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_formats.c - the table of formats that hold files.
 *
 * Every row that recognises a content opens it: a file can be two things at a
 * time, and which one a program takes it for is not known here. Bounds are kept
 * in struct packed, over all rows.
 */
#include "mime_formats.h"

#include <string.h>
#include <strings.h>

#include "mime_apple.h"
#include "mime_archive.h"
#include "mime_brotli.h"
#include "mime_calendar.h"
#include "mime_cms.h"
#include "mime_document.h"
#include "mime_ole.h"
#include "mime_pdf.h"
#include "mime_pgp.h"
#include "mime_text.h"
#include "mime_tnef.h"
#include "mime_volume.h"
#include "mime_zip.h"

/* In this order, for it is that of the parts that come of it. */
static const struct format formats[] = {
	{ .name = "S/MIME", .is = cms_is, .open = cms_open },
	{ .name = "OpenPGP", .is = pgp_is, .open = pgp_open },
	{ .name = "calendar", .in_text = true, .is = calendar_is, .open = calendar_open },
	{ .name = "text", .in_text = true, .in_raw = true, .is = text_is, .open = text_open },
	{ .name = "TNEF", .is = tnef_is, .open = tnef_open, .names = tnef_names },
	{ .name = "archive", .is = archive_is, .open = archive_open, .names = archive_names },
	{ .name = "archive behind something",
	    .is = archive_is_behind,
	    .open = archive_open_behind },
	{ .name = "volume", .is = volume_is, .open = volume_open },
	{ .name = "Brotli", .is = brotli_is, .open = brotli_open },
	{ .name = "Macintosh", .is = apple_is, .open = apple_open },
	{ .name = "OLE", .is = ole_is, .open = ole_open },
	{ .name = "RTF", .is = document_is_rtf, .open = document_open_rtf },
	{ .name = "OneNote", .is = document_is_onenote, .open = document_open_onenote },
	{ .name = "PDF", .is = pdf_is, .open = pdf_open },
	{ .name = "OpenDocument manifest",
	    .is = document_is_manifest,
	    .open = document_open_manifest },
	{ .name = "zip", .is = zip_is, .again = zip_again },
};

/* What is in the type of such a part, and how its name may end. */
static const char *const types[] = { "zip", "rar", "7z", "tar", "compress", "archive", "pkcs7",
	"cms", "pgp", "tnef", "msword", "officedocument", "vnd.ms-", "opendocument", "rtf", "pdf",
	"message/", "binhex", "uuencode", "yencode" };
static const char *const endings[] = { "zip", "zipx", "7z", "rar", "tar", "gz", "tgz", "bz2", "xz",
	"lzma", "lz", "lz4", "zst", "z", "lzh", "lha", "arj", "ace", "cab", "iso", "img", "jar",
	"apk", "doc", "docx", "docm", "dot", "dotm", "xls", "xlsx", "xlsm", "xlsb", "ppt", "pptx",
	"pptm", "odt", "ods", "odp", "rtf", "pdf", "one", "msg", "eml", "mht", "mhtml", "mbox",
	"dat", "p7m", "p7s", "p7z", "pgp", "gpg", "hqx", "sit", "uue", "uu", "html", "htm", "svg",
	"xml" };

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

void
formats_open(struct packed *p, const struct format_input *in)
{
	for (size_t i = 0; i < N_FORMATS; i++) {
		const struct format *f = &formats[i];
		size_t n = p->n;

		if (f->open == NULL || !f->is(in))
			continue;
		f->open(p, in);
		for (; n < p->n; n++) {
			p->items[n].in_text = (f->in_text && in->shown) || (f->in_raw && in->raw);
			p->items[n].scanned = f->scanner_opens;
		}
	}
}

void
formats_names(const char *content, size_t len, format_name *fn, void *ctx)
{
	const struct format_input in = {
		.bytes = content, .len = len, .text = content, .text_len = len
	};

	for (size_t i = 0; i < N_FORMATS; i++) {
		if (formats[i].names != NULL && formats[i].is(&in))
			formats[i].names(&in, fn, ctx);
	}
}

char *
formats_again(const char *content, size_t len, size_t *next, size_t *out_len, bool *all)
{
	const struct format_input in = {
		.bytes = content, .len = len, .text = content, .text_len = len
	};

	*all = true;
	while (*next < N_FORMATS) {
		const struct format *f = &formats[(*next)++];
		char *again;

		if (f->again == NULL || !f->is(&in))
			continue;
		again = f->again(&in, out_len, all);
		if (again != NULL || !*all)
			return again; /* cppcheck-suppress returnDanglingLifetime; malloc'd */
	}
	return NULL;
}

bool
formats_called(const char *type, char *const *names, size_t n_names)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strstr(type, types[i]) != NULL)
			return true;
	}
	for (size_t n = 0; n < n_names; n++) {
		const char *dot = strrchr(names[n], '.');

		for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]) && dot != NULL; i++) {
			if (strcasecmp(dot + 1, endings[i]) == 0)
				return true;
		}
	}
	return false;
}

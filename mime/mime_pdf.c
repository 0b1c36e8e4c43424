/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_pdf.c - the attachments of a PDF and its actions, read by libqpdf.
 *
 * Keys of a dictionary stand in any order, names may be escaped, objects lie in
 * compressed streams and may be encrypted with an empty user password; the library knows
 * all that, and looks for the objects itself where the table of them is broken.
 *
 * Each dictionary with /EF is an attachment (ISO 32000-1 7.11.3), wherever it hangs. A
 * launch action, or JavaScript, is told (12.6.4.5, 12.6.4.16): struct packed, active. A
 * trailer with /Encrypt makes the document an encrypted one, whichever of the two passwords is
 * set (7.6).
 *
 * Streams are taken as they lie and unpacked within the bounds of struct packed; a chain
 * of filters is left to the library if the stream is short. Memory that runs out is an
 * error of the library. A document that it can't make sense of, and that may hold something,
 * is unopened.
 */
#include "mime_pdf.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <qpdf/qpdf-c.h>

/* Objects that are looked at, and names of one attachment. */
#define OBJECTS_MAX 100000
/* A longer stream with a chain of filters is not unpacked. */
#define CHAIN_MAX (256u << 10)

static const char *const name_keys[] = { "/UF", "/F", "/Unix", "/DOS", "/Mac" };

#define N_NAMES (sizeof(name_keys) / sizeof(name_keys[0]))

static bool is_sealed(const struct format_input *);
static bool is_simple(const struct format_input *);
static bool has_escaped_name(const struct format_input *);
static void look_at_objects(struct packed *, const struct format_input *, qpdf_data);
static bool look_at(struct packed *, qpdf_data, qpdf_oh dictionary);
static void note_action(struct packed *, qpdf_data, qpdf_oh dictionary);
static bool add_file(struct packed *, qpdf_data, qpdf_oh spec);
static char *copy_of(const char *);
static char *unpack(struct packed *, qpdf_data, qpdf_oh stream, size_t *len, unsigned int *flags);

bool
pdf_is(const struct format_input *in)
{
	return memmem(in->bytes, in->len < 1024 ? in->len : 1024, "%PDF-", 5) != NULL;
}

void
pdf_open(struct packed *p, const struct format_input *in)
{
	qpdf_data pdf;

	if (is_sealed(in))
		p->sealed = "encrypted document";
	if (is_simple(in))
		return;
	pdf = qpdf_init();
	qpdf_silence_errors(pdf);
	qpdf_set_suppress_warnings(pdf, QPDF_TRUE);
	if ((qpdf_read_memory(pdf, "PDF", in->bytes, in->len, NULL) & (QPDF_ERRORS)) == 0) {
		if (qpdf_is_encrypted(pdf))
			p->sealed = "encrypted document";
		look_at_objects(p, in, pdf);
	} else if (p->sealed == NULL) {
		p->unopened = "PDF document";
	}
	qpdf_cleanup(&pdf);
}

/* As it stands in a trailer that is not packed. */
static bool
is_sealed(const struct format_input *in)
{
	const char *at = in->bytes, *end = in->bytes + in->len;

	while ((at = memmem(at, (size_t)(end - at), "/Encrypt", 8)) != NULL) {
		at += 8;
		while (at < end && isspace((unsigned char)*at))
			at++;
		/* A reference, or the dictionary itself; not /EncryptMetadata. */
		if (at < end && (isdigit((unsigned char)*at) || *at == '<'))
			return true;
	}
	return false;
}

/* Nothing in it that could be an attachment or an action, in any way of writing. */
static bool
is_simple(const struct format_input *in)
{
	static const char *const words[] = { "/EF", "/EmbeddedFile", "/ObjStm", "/Encrypt",
		"/JavaScript", "/JS", "/Launch" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (memmem(in->bytes, in->len, words[i], strlen(words[i])) != NULL)
			return false;
	}
	return !has_escaped_name(in);
}

/* A name with a character as two hexadecimal digits behind "#", ISO 32000-1 7.3.5. */
static bool
has_escaped_name(const struct format_input *in)
{
	bool in_name = false;

	for (size_t i = 0; i < in->len; i++) {
		unsigned char c = (unsigned char)in->bytes[i];

		if (c == '/')
			in_name = true;
		else if (!isgraph(c) || strchr("()<>[]{}%", c) != NULL)
			in_name = false;
		else if (in_name && c == '#' && i + 2 < in->len &&
		    isxdigit((unsigned char)in->bytes[i + 1]) &&
		    isxdigit((unsigned char)in->bytes[i + 2]))
			return true;
	}
	return false;
}

static void
look_at_objects(struct packed *p, const struct format_input *in, qpdf_data pdf)
{
	int said = qpdf_oh_get_int_value_as_int(pdf,
	    qpdf_oh_get_key(pdf, qpdf_get_trailer(pdf), "/Size"));
	/* The shortest one takes about so many bytes; in a stream of objects, fewer. */
	size_t n = said > 0 ? (size_t)said : in->len / 8;

	if (n > OBJECTS_MAX) {
		n = OBJECTS_MAX;
		p->too_big = true;
	}
	for (size_t i = 1; i < n + 16 && !packed_late(p); i++) {
		qpdf_oh object = qpdf_get_object_by_id(pdf, (int)i, 0);

		if (qpdf_oh_is_stream(pdf, object))
			object = qpdf_oh_get_dict(pdf, object);
		if (qpdf_oh_is_dictionary(pdf, object) && !look_at(p, pdf, object))
			return;
		qpdf_oh_release_all(pdf);
	}
}

/* False if there is no use in going on. What hangs in it directly is looked at as well. */
static bool
look_at(struct packed *p, qpdf_data pdf, qpdf_oh dictionary)
{
	static const char *const inner[] = { "/A", "/OpenAction", "/FS", "/AA", "/O", "/C" };

	note_action(p, pdf, dictionary);
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
		qpdf_oh value = qpdf_oh_get_key_if_dict(pdf, dictionary, inner[i]);

		if (qpdf_oh_is_dictionary(pdf, value)) {
			note_action(p, pdf, value);
			if (qpdf_oh_has_key(pdf, value, "/EF") && !add_file(p, pdf, value))
				return false;
		}
	}
	return !qpdf_oh_has_key(pdf, dictionary, "/EF") || add_file(p, pdf, dictionary);
}

static void
note_action(struct packed *p, qpdf_data pdf, qpdf_oh dictionary)
{
	qpdf_oh kind = qpdf_oh_get_key(pdf, dictionary, "/S");

	if (qpdf_oh_is_name_and_equals(pdf, kind, "/Launch"))
		p->active = "PDF that starts a program";
	else if (p->active == NULL &&
	    (qpdf_oh_is_name_and_equals(pdf, kind, "/JavaScript") ||
		qpdf_oh_has_key(pdf, dictionary, "/JS")))
		p->active = "PDF with a script";
}

/* Its names, and its content. */
static bool
add_file(struct packed *p, qpdf_data pdf, qpdf_oh spec)
{
	qpdf_oh files = qpdf_oh_get_key(pdf, spec, "/EF");
	char *names[2 * N_NAMES], *content = NULL;
	size_t n = 0, len = 0;
	unsigned int flags = 0;
	bool more;

	for (size_t i = 0; i < N_NAMES; i++) {
		qpdf_oh name = qpdf_oh_get_key(pdf, spec, name_keys[i]);

		if (!qpdf_oh_is_string(pdf, name))
			continue;
		names[n++] = copy_of(qpdf_oh_get_utf8_value(pdf, name));
		names[n++] = copy_of(qpdf_oh_get_string_value(pdf, name));
	}
	for (size_t i = 0; i < N_NAMES && content == NULL; i++) {
		qpdf_oh stream = qpdf_oh_get_key_if_dict(pdf, files, name_keys[i]);

		if (qpdf_oh_is_stream(pdf, stream))
			content = unpack(p, pdf, stream, &len, &flags);
	}
	more = packed_add_member(p, names, n, content, len, flags);
	while (n > 0)
		free(names[--n]);
	return more;
}

static char *
copy_of(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		err(EX_OSERR, "PDF");
	return copy;
}

/* Malloc'd; NULL if nothing comes out, and the flags say why. */
static char *
unpack(struct packed *p, qpdf_data pdf, qpdf_oh stream, size_t *len, unsigned int *flags)
{
	qpdf_oh filter = qpdf_oh_get_key(pdf, qpdf_oh_get_dict(pdf, stream), "/Filter");
	bool plain = !qpdf_oh_is_name(pdf, filter) && !qpdf_oh_is_array(pdf, filter), whole = true;
	unsigned char *raw = NULL;
	QPDF_BOOL filtered;
	size_t raw_len = 0;
	char *out;

	*flags = PACKED_DAMAGED;
	if ((qpdf_oh_get_stream_data(pdf, stream, qpdf_dl_none, &filtered, &raw, &raw_len) &
		(QPDF_ERRORS)) != 0 ||
	    raw == NULL)
		return NULL;
	if (qpdf_oh_is_name_and_equals(pdf, filter, "/FlateDecode")) {
		out = packed_inflate(p, PACKED_ZLIB, (const char *)raw, raw_len, len, &whole);
		free(raw);
		*flags = whole ? 0 : PACKED_DAMAGED;
		return out;
	}
	if (!plain && raw_len <= CHAIN_MAX) {
		free(raw);
		raw = NULL;
		if ((qpdf_oh_get_stream_data(pdf, stream, qpdf_dl_all, &filtered, &raw, &raw_len) &
			(QPDF_ERRORS)) != 0 ||
		    raw == NULL)
			return NULL;
		plain = filtered;
	}
	*flags = plain ? 0 : PACKED_DAMAGED;
	*len = raw_len < packed_room(p) ? raw_len : packed_room(p);
	if (*len < raw_len)
		*flags |= PACKED_LIMIT;
	packed_spend(p, *len);
	return (char *)raw;
}

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
 * The table of objects does not have the last word: what stands in the file as an object
 * that it does not tell of, and may be one of these, is looked for in a second reading, for
 * which the table is made unreadable, so that the library goes by what lies there. An attached
 * file that nothing refers to is one without a name. What is packed in a stream of objects that
 * the table does not tell of is not opened.
 *
 * Streams are taken as they lie and unpacked within the bounds of struct packed; a chain
 * of filters is left to the library if the stream is short. Memory that runs out is an
 * error of the library. A document that it can't make sense of, and that may hold something,
 * is unopened.
 *
 * Over 500 lines because both readings go by one state of the library's, and a dictionary
 * is judged in the same way in each.
 */
#include "mime_pdf.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <qpdf/qpdf-c.h>

#include "array.h"
#include "mime_unlock.h"

/* Objects that are looked at, and names of one attachment. */
#define OBJECTS_MAX 100000
/* A longer stream with a chain of filters is not unpacked. */
#define CHAIN_MAX (256u << 10)

static const char *const name_keys[] = { "/UF", "/F", "/Unix", "/DOS", "/Mac" };

#define N_NAMES (sizeof(name_keys) / sizeof(name_keys[0]))

/* One reading of a document. */
struct reading {
	struct packed *p;
	qpdf_data pdf;
	bool *given; /* by number of the object: a file that was handed over */
	size_t n; /* of these */
	size_t size; /* the last number of an object, and one */
	qpdf_oh *inner; /* values that are still to be looked at */
	size_t n_inner;
	bool hidden; /* there is something that the table does not tell of */
	bool past; /* and it has a number behind the last one */
};

static bool is_sealed(const struct format_input *);
static bool is_simple(const char *, size_t len);
static bool has_escaped_name(const char *, size_t len);
static bool read_document(struct packed *, const struct format_input *, bool *hidden, bool *past);
static bool unlock(struct packed *, const struct format_input *);
static void read_again(struct packed *, const struct format_input *);
static void look_at_objects(struct reading *, const struct format_input *);
static void look_beside_table(struct reading *, const struct format_input *);
static bool object_in_front(const char *begin, const char *at, int *id, int *generation);
static const char *number_in_front(const char *begin, const char *at, int *number);
static bool look_at(struct reading *, qpdf_oh object);
static bool look_at_dictionary(struct reading *, qpdf_oh dictionary);
static void push(struct reading *, qpdf_oh value);
static bool add_unused(struct reading *, qpdf_oh stream);
static void check_packed_objects(struct reading *, qpdf_oh stream);
static void note_action(struct packed *, qpdf_data, qpdf_oh dictionary);
static bool add_file(struct reading *, qpdf_oh spec);
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
	bool hidden = false, past;

	if (is_sealed(in)) {
		if (unlock(p, in))
			return;
		p->sealed = "encrypted document";
	}
	if (is_simple(in->bytes, in->len) && memmem(in->bytes, in->len, "/ObjStm", 7) == NULL &&
	    memmem(in->bytes, in->len, "/Encrypt", 8) == NULL)
		return;
	if (!read_document(p, in, &hidden, &past) && p->sealed == NULL)
		p->unopened = "PDF document";
	if (hidden)
		read_again(p, in);
}

/* Without its encryption it is another content. */
static bool
unlock(struct packed *p, const struct format_input *in)
{
	size_t len;
	char *plain = unlock_pdf(p, in, &len);

	if (plain == NULL)
		return false;
	p->unlocked = packed_add_copy(p, NULL, 0, plain, len) || p->unlocked;
	free(plain);
	return true;
}

/* False if the library can make nothing of it. */
static bool
read_document(struct packed *p, const struct format_input *in, bool *hidden, bool *past)
{
	struct reading r = { .p = p, .pdf = qpdf_init() };
	bool read;

	qpdf_silence_errors(r.pdf);
	qpdf_set_suppress_warnings(r.pdf, QPDF_TRUE);
	read = (qpdf_read_memory(r.pdf, "PDF", in->bytes, in->len, NULL) & (QPDF_ERRORS)) == 0;
	if (read) {
		if (qpdf_is_encrypted(r.pdf))
			p->sealed = "encrypted document";
		look_at_objects(&r, in);
	}
	*hidden = r.hidden;
	*past = r.past;
	free(r.inner);
	free(r.given);
	qpdf_cleanup(&r.pdf);
	return read;
}

/*
 * By what lies in it, and not by its table. What is hidden then is hidden from everybody,
 * unless its number is behind the last one: libqpdf 12 passes over that, and others don't.
 */
static void
read_again(struct packed *p, const struct format_input *in)
{
	static const char word[] = "startxref";
	char *copy = malloc(in->len + 1), *at = copy;
	struct format_input again = *in;
	bool hidden, past;

	if (copy == NULL)
		err(EX_OSERR, "PDF");
	memcpy(copy, in->bytes, in->len);
	while ((at = memmem(at, in->len - (size_t)(at - copy), word, sizeof(word) - 1)) != NULL)
		memset(at, ' ', sizeof(word) - 1);
	again.bytes = copy;
	if ((!read_document(p, &again, &hidden, &past) || past) && p->sealed == NULL)
		p->unopened = "PDF document";
	free(copy);
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
is_simple(const char *s, size_t len)
{
	static const char *const words[] = { "/EF", "/EmbeddedFile", "/JavaScript", "/JS",
		"/Launch" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (memmem(s, len, words[i], strlen(words[i])) != NULL)
			return false;
	}
	return !has_escaped_name(s, len);
}

/* A name with a character as two hexadecimal digits behind "#", ISO 32000-1 7.3.5. */
static bool
has_escaped_name(const char *s, size_t len)
{
	bool in_name = false;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '/')
			in_name = true;
		else if (!isgraph(c) || strchr("()<>[]{}%", c) != NULL)
			in_name = false;
		else if (in_name && c == '#' && i + 2 < len && isxdigit((unsigned char)s[i + 1]) &&
		    isxdigit((unsigned char)s[i + 2]))
			return true;
	}
	return false;
}

/* Files with their names first, then those that are left. */
static void
look_at_objects(struct reading *r, const struct format_input *in)
{
	int said = qpdf_oh_get_int_value_as_int(r->pdf,
	    qpdf_oh_get_key(r->pdf, qpdf_get_trailer(r->pdf), "/Size"));
	/* The shortest one takes about so many bytes; in a stream of objects, fewer. */
	size_t n = said > 0 ? (size_t)said : in->len / 8;
	bool more = true;

	if (n > OBJECTS_MAX) {
		n = OBJECTS_MAX;
		r->p->too_big = true;
	}
	r->size = n;
	r->n = n + 16;
	r->given = calloc(r->n, sizeof(*r->given));
	if (r->given == NULL)
		err(EX_OSERR, "PDF");
	for (size_t i = 1; i < r->n && more && !packed_late(r->p); i++) {
		more = look_at(r, qpdf_get_object_by_id(r->pdf, (int)i, 0));
		qpdf_oh_release_all(r->pdf);
	}
	if (more)
		look_beside_table(r, in);
	for (size_t i = 1; i < r->n && more && !packed_late(r->p); i++) {
		more = r->given[i] || add_unused(r, qpdf_get_object_by_id(r->pdf, (int)i, 0));
		qpdf_oh_release_all(r->pdf);
	}
}

/* Objects of other numbers and generations, and those that the table does not have. */
static void
look_beside_table(struct reading *r, const struct format_input *in)
{
	const char *at = in->bytes, *end = in->bytes + in->len;
	int id, generation;

	while ((at = memmem(at, (size_t)(end - at), "obj", 3)) != NULL && !packed_late(r->p)) {
		const char *stop;
		qpdf_oh object;

		at += 3;
		if (!object_in_front(in->bytes, at - 3, &id, &generation))
			continue;
		object = qpdf_get_object_by_id(r->pdf, id, generation);
		stop = memmem(at, (size_t)(end - at), "endobj", 6);
		if (stop == NULL)
			stop = end;
		if (qpdf_oh_is_null(r->pdf, object)) {
			if (!is_simple(at, (size_t)(stop - at))) {
				r->hidden = true;
				r->past = r->past || (size_t)id >= r->size;
			}
		} else if ((generation != 0 || (size_t)id >= r->n) &&
		    (!look_at(r, object) || !add_unused(r, object)))
			return;
		at = stop;
		qpdf_oh_release_all(r->pdf);
	}
}

/* "12 0 " */
static bool
object_in_front(const char *begin, const char *at, int *id, int *generation)
{
	at = number_in_front(begin, at, generation);
	return at != NULL && number_in_front(begin, at, id) != NULL && *id > 0;
}

/* Where it begins; NULL if there is none. */
static const char *
number_in_front(const char *begin, const char *at, int *number)
{
	const char *last;
	char digits[10] = "";

	while (at > begin && isspace((unsigned char)at[-1]))
		at--;
	for (last = at; at > begin && isdigit((unsigned char)at[-1]);)
		at--;
	if (at == last || last - at >= (long)sizeof(digits))
		return NULL;
	memcpy(digits, at, (size_t)(last - at));
	*number = atoi(digits);
	return at;
}

/* With all that hangs in it directly. False if there is no use in going on. */
static bool
look_at(struct reading *r, qpdf_oh object)
{
	r->n_inner = 0;
	if (qpdf_oh_is_stream(r->pdf, object)) {
		check_packed_objects(r, object);
		object = qpdf_oh_get_dict(r->pdf, object);
	}
	push(r, object);
	while (r->n_inner > 0) {
		qpdf_oh value = r->inner[--r->n_inner];

		if (qpdf_oh_is_dictionary(r->pdf, value)) {
			if (!look_at_dictionary(r, value))
				return false;
			continue;
		}
		for (int i = 0, n = qpdf_oh_get_array_n_items(r->pdf, value); i < n; i++) {
			qpdf_oh item = qpdf_oh_get_array_item(r->pdf, value, i);

			if (!qpdf_oh_is_indirect(r->pdf, item))
				push(r, item);
		}
	}
	return true;
}

static bool
look_at_dictionary(struct reading *r, qpdf_oh dictionary)
{
	note_action(r->p, r->pdf, dictionary);
	qpdf_oh_begin_dict_key_iter(r->pdf, dictionary);
	while (qpdf_oh_dict_more_keys(r->pdf)) {
		qpdf_oh value = qpdf_oh_get_key(r->pdf, dictionary, qpdf_oh_dict_next_key(r->pdf));

		if (!qpdf_oh_is_indirect(r->pdf, value))
			push(r, value);
	}
	return !qpdf_oh_has_key(r->pdf, dictionary, "/EF") || add_file(r, dictionary);
}

static void
push(struct reading *r, qpdf_oh value)
{
	if (!qpdf_oh_is_dictionary(r->pdf, value) && !qpdf_oh_is_array(r->pdf, value))
		return;
	r->inner = array_grow(r->inner, r->n_inner, sizeof(*r->inner), "PDF");
	r->inner[r->n_inner++] = value;
}

/* A file to which no name leads. */
static bool
add_unused(struct reading *r, qpdf_oh stream)
{
	unsigned int flags = 0;
	size_t len = 0;
	char *content;

	if (!qpdf_oh_is_stream(r->pdf, stream) ||
	    !qpdf_oh_is_name_and_equals(r->pdf,
		qpdf_oh_get_key(r->pdf, qpdf_oh_get_dict(r->pdf, stream), "/Type"),
		"/EmbeddedFile"))
		return true;
	content = unpack(r->p, r->pdf, stream, &len, &flags);
	return packed_add_member(r->p, NULL, 0, content, len, flags);
}

/* A stream of objects begins with the number and the place of each (7.5.7). */
static void
check_packed_objects(struct reading *r, qpdf_oh stream)
{
	qpdf_oh dictionary = qpdf_oh_get_dict(r->pdf, stream);
	unsigned int flags = 0;
	size_t len = 0;
	char *objects, *at;

	if (!qpdf_oh_is_name_and_equals(r->pdf, qpdf_oh_get_key(r->pdf, dictionary, "/Type"),
		"/ObjStm"))
		return;
	objects = unpack(r->p, r->pdf, stream, &len, &flags);
	at = objects == NULL || is_simple(objects, len) ? NULL : objects;
	while (at != NULL && at < objects + len && isdigit((unsigned char)*at)) {
		char *end = objects + len;
		int id = 0;

		for (; at < end && isdigit((unsigned char)*at); at++)
			id = id < OBJECTS_MAX * 100 ? id * 10 + *at - '0' : id;
		while (at < end && isspace((unsigned char)*at))
			at++;
		while (at < end && isdigit((unsigned char)*at))
			at++;
		while (at < end && isspace((unsigned char)*at))
			at++;
		if (id > 0 && qpdf_oh_is_null(r->pdf, qpdf_get_object_by_id(r->pdf, id, 0))) {
			r->p->unopened = "PDF document";
			break;
		}
	}
	free(objects);
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

/* Its names, and its content, which may be another for each system. */
static bool
add_file(struct reading *r, qpdf_oh spec)
{
	struct packed *p = r->p;
	qpdf_data pdf = r->pdf;
	qpdf_oh files = qpdf_oh_get_key(pdf, spec, "/EF");
	char *names[2 * N_NAMES], *content;
	size_t n = 0, len = 0, last = 0;
	unsigned int flags;
	bool more = true;

	for (size_t i = 0; i < N_NAMES; i++) {
		qpdf_oh name = qpdf_oh_get_key(pdf, spec, name_keys[i]);

		if (!qpdf_oh_is_string(pdf, name))
			continue;
		names[n++] = copy_of(qpdf_oh_get_utf8_value(pdf, name));
		names[n++] = copy_of(qpdf_oh_get_string_value(pdf, name));
	}
	for (size_t i = 0; i < N_NAMES && more; i++) {
		qpdf_oh stream = qpdf_oh_get_key_if_dict(pdf, files, name_keys[i]);
		size_t id = (size_t)qpdf_oh_get_object_id(pdf, stream);

		if (!qpdf_oh_is_stream(pdf, stream) || id == last)
			continue;
		last = id;
		if (id < r->n)
			r->given[id] = true;
		flags = 0;
		content = unpack(p, pdf, stream, &len, &flags);
		more = packed_add_member(p, names, n, content, len, flags);
	}
	if (last == 0)
		more = packed_add_member(p, names, n, NULL, 0, PACKED_DAMAGED);
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

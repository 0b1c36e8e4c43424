/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lint.c - does a message read the same to everyone?
 *
 * Three looks, each cheap and linear:
 * - at every part's header: one Content-Type, Content-Transfer-Encoding and
 *   Content-Disposition at most, each to the letter of RFC 2045, no line that
 *   is no field, no NUL or stray CR;
 * - at every content: base64 and quoted-printable without a byte that decoders
 *   treat in different ways, and nothing in plain text that readers unpack
 *   although it is not MIME (uuencode, yEnc, BinHex);
 * - at all bytes in between: exactly the boundary lines that GMime's tree
 *   needs, and in front of the first and behind the last of them nothing but a
 *   little text.
 *
 * It is an allow-list: what is not known to be read alike is irregular, and
 * costs a scan of the whole message, nothing else. Memory that runs out ends the
 * process, the front copes with that.
 *
 * Over 500 lines because each doubt is a short function of its own, and all of them mark the
 * one struct lint in the one pass over a part; apart they would need its inside.
 */
#include "lint.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "array.h"
#include "base64.h"
#include "header.h"
#include "line.h"
#include "loose.h"
#include "sniff.h"

/* Text that belongs to no part: "This is a multi-part message in MIME format." */
#define GAP_MAX 1000
#define GAP_WORD_MAX 40
/* Multiparts whose boundaries are looked for in every line. */
#define MULTIPARTS_MAX 50
/* A shorter one is looked for at the beginning of a line only. */
#define BOUNDARY_MIN 3

enum encoding { ENCODING_PLAIN, ENCODING_BASE64, ENCODING_QP, ENCODING_UU, ENCODING_OTHER };

/* What one part's header says. */
struct facts {
	unsigned int types, encodings, dispositions;
	enum encoding encoding;
	const char *type; /* in the message, not NUL-terminated */
	size_t type_len;
	const char *boundary;
	size_t boundary_len;
	enum doubt doubt; /* about what the content is */
};

/* A boundary, and how often its lines must and do occur. */
struct multipart {
	const char *boundary; /* in bytes, not NUL-terminated */
	size_t len;
	unsigned int want, delimiters, closes;
};

static void irregular(struct lint *, enum doubt);
static bool shares_header(const struct lint *, const struct part *);
static void look_at_header(struct lint *, const struct part_place *, struct facts *);
static void look_at_field(struct lint *, const struct header_field *, struct facts *);
static void look_at_folds(struct lint *, const struct header_field *);
static void look_for_fields(struct lint *, const struct header_field *);
static void look_at_params(struct lint *, const struct header_field *, struct facts *,
    bool is_type);
static bool has_subtype(const char *, const struct header_params *);
static void look_at_type(const struct lint *, const struct header_params *, struct facts *);
static enum encoding parse_encoding(const char *, const struct header_field *);
static void look_at_content(struct lint *, const struct part *, struct facts *);
static enum doubt look_at_base64(struct lint *, const char *, size_t len);
static bool qp_is_plain(const char *, size_t len);
static bool uu_is_plain(const char *, size_t len);
static void look_for_boundaries(struct lint *, const char *, size_t len);
static bool has_delimiter(const char *line, const char *end, const struct multipart *);
static bool has_header_within(const char *, size_t len);
static bool names_something(const char *, size_t len);
static bool is_bare_message(const struct lint *, const struct part *);
static bool is_text_to_all(const char *, size_t len);
static void add_multipart(struct lint *, const struct part *, const struct facts *);
static void look_between(struct lint *, size_t *at, size_t begin, size_t end, size_t *gap);
static void look_at_lines(struct lint *, const char *, size_t begin, size_t end, size_t *gap);
static void look_at_boundary(struct lint *, const char *line, size_t len, bool *is_one);
static void look_at_gap(struct lint *, const char *line, size_t len, size_t *gap);
static void check_boundaries(struct lint *);
static bool is_no_skeleton(const struct part *);
static bool is_left_out(const struct part *);
static char *without(const struct parts *, bool (*is_such)(const struct part *), size_t *len);

void
lint_begin(struct lint *v, const struct parts *parts)
{
	memset(v, 0, sizeof(*v));
	v->parts = parts;
	v->bytes = parts->bytes;
	v->size = parts->size;
}

void
lint_free(struct lint *v)
{
	free(v->multiparts);
	memset(v, 0, sizeof(*v));
}

/*
 * A reason to look, and no doubt: what only programs see that search any text for
 * parts was scanned in that reading too, and a bounce may quote whole messages.
 */
static void
look(struct lint *v, enum doubt why)
{
	v->n_irregular++;
	if (v->irregular == DOUBT_NONE)
		v->irregular = why;
}

static void
irregular(struct lint *v, enum doubt why)
{
	v->n_doubts++;
	look(v, why);
}

enum doubt
lint_part(struct lint *v, const struct part *part)
{
	const struct part_place *place = &part->place;
	bool multipart = strncmp(part->type, "multipart/", 10) == 0;
	struct facts facts = { .encoding = ENCODING_PLAIN };

	if (part->limit != PART_WITHIN)
		irregular(v, DOUBT_LIMIT);
	if (strcmp(part->type, "message/partial") == 0 ||
	    strcmp(part->type, "message/external-body") == 0)
		irregular(v, DOUBT_ELSEWHERE);
	if (shares_header(v, part))
		return DOUBT_NONE;
	look_at_header(v, place, &facts);
	if (part->leaf && !place->whole_content)
		irregular(v, DOUBT_NO_PLACE);
	else if (part->leaf && multipart)
		irregular(v, DOUBT_EMPTY_MULTIPART);
	else if (part->leaf)
		look_at_content(v, part, &facts);
	else if (facts.encoding != ENCODING_PLAIN)
		irregular(v, DOUBT_ENCODED_CONTAINER);
	if (!part->leaf && multipart)
		add_multipart(v, part, &facts);
	if (facts.types > 1 || facts.encodings > 1)
		irregular(v, DOUBT_DUPLICATE_FIELD);
	if (facts.boundary != NULL && !multipart)
		irregular(v, DOUBT_STRANGE_BOUNDARY);
	if (facts.doubt != DOUBT_NONE)
		irregular(v, facts.doubt);
	return facts.doubt;
}

/*
 * A message in a digest has no header of its own (RFC 2046 5.1.5), and so no other
 * place than the digest's, which was looked at.
 */
static bool
shares_header(const struct lint *v, const struct part *part)
{
	const struct part *up = part_parent(v->parts, part);

	return !part->leaf && up != NULL && strcmp(up->type, "multipart/digest") == 0 &&
	    strcmp(part->type, "message/rfc822") == 0 &&
	    up->place.header_begin == part->place.header_begin;
}

static void
look_at_header(struct lint *v, const struct part_place *place, struct facts *facts)
{
	const char *bytes = v->bytes;
	size_t at = place->header_begin, end = place->header_end;
	struct header_field field;

	if (end > at && memchr(bytes + at, '\0', end - at) != NULL)
		irregular(v, DOUBT_NUL);
	for (size_t i = at; i < end; i++) {
		if (bytes[i] == '\r' && (i + 1 == v->size || bytes[i + 1] != '\n'))
			irregular(v, DOUBT_CR);
	}
	if (at < end && (bytes[at] == ' ' || bytes[at] == '\t'))
		irregular(v, DOUBT_FOLDED_FIRST);
	if (header_line_end(bytes, v->size, end) == 0 && end != v->size)
		irregular(v, DOUBT_NO_EMPTY_LINE);
	while (header_next(bytes, end, &at, &field))
		look_at_field(v, &field, facts);
	if (facts->dispositions > 1)
		irregular(v, DOUBT_DUPLICATE_DISPOSITION);
}

static void
look_at_field(struct lint *v, const struct header_field *f, struct facts *facts)
{
	if (f->name_len == 0) {
		irregular(v, DOUBT_NO_FIELD);
		return;
	}
	look_at_folds(v, f);
	look_for_fields(v, f);
	if (loose_is_odd(v->bytes + f->begin, f->end - f->begin))
		irregular(v, DOUBT_LIKE_A_FIELD);
	if (!header_begins(v->bytes, f, "Content-"))
		return;
	if (v->bytes[f->begin + f->name_len] != ':')
		irregular(v, DOUBT_COLON);
	if (header_is(v->bytes, f, "Content-Type")) {
		facts->types++;
		look_at_params(v, f, facts, true);
	} else if (header_is(v->bytes, f, "Content-Disposition")) {
		facts->dispositions++;
		look_at_params(v, f, facts, false);
	} else if (header_is(v->bytes, f, "Content-Transfer-Encoding")) {
		enum encoding before = facts->encoding;

		facts->encoding = parse_encoding(v->bytes, f);
		if (facts->encodings++ > 0 && facts->encoding != before)
			facts->doubt = DOUBT_CONTRADICTING_ENCODING;
	}
}

/* A field to those who pass over blanks at the beginning of a line. */
static void
look_at_folds(struct lint *v, const struct header_field *f)
{
	static const char *const names[] = { "Content-Type:", "Content-Transfer-Encoding:" };
	const char *bytes = v->bytes, *lf = memchr(bytes + f->begin, '\n', f->end - f->begin);

	for (size_t at; lf != NULL; lf = memchr(bytes + at, '\n', f->end - at)) {
		at = (size_t)(lf - bytes) + 1;
		while (at < f->end && (bytes[at] == ' ' || bytes[at] == '\t'))
			at++;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			size_t n = strlen(names[i]);

			/* Lists of field names, in signatures, have no blank behind. */
			if (f->end - at > n && strncasecmp(bytes + at, names[i], n) == 0 &&
			    bytes[at + n] == ' ')
				irregular(v, DOUBT_FOLD_LIKE_A_FIELD);
		}
	}
}

/*
 * A name that is none (RFC 5322 2.2), and within a field one that follows a
 * byte which may be nothing or a line ending to somebody.
 */
static void
look_for_fields(struct lint *v, const struct header_field *f)
{
	const char *bytes = v->bytes;

	for (size_t i = f->begin; i < f->begin + f->name_len; i++) {
		if ((unsigned char)bytes[i] <= ' ' || (unsigned char)bytes[i] >= 0x7f)
			irregular(v, DOUBT_NAME_BYTES);
	}
	for (size_t i = f->begin; i + 8 < f->end; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if ((c < ' ' && strchr("\t\r\n", c) == NULL) || c >= 0x7f) {
			size_t at = i + 1;

			while (at < f->end && (bytes[at] == ' ' || bytes[at] == '\t'))
				at++;
			if (f->end - at > 8 && strncasecmp(bytes + at, "Content-", 8) == 0)
				irregular(v, DOUBT_FIELD_WITHIN);
		}
	}
}

static void
look_at_params(struct lint *v, const struct header_field *f, struct facts *facts, bool is_type)
{
	struct header_params *ps = malloc(sizeof(*ps));

	if (ps == NULL)
		err(EX_OSERR, "lint");
	header_params_parse(v->bytes, f, ps);
	if (!ps->regular || (is_type && !has_subtype(v->bytes, ps)))
		irregular(v, DOUBT_PARAMETERS);
	if (is_type)
		look_at_type(v, ps, facts);
	for (size_t i = 0; i < ps->n; i++) {
		const struct header_param *p = &ps->params[i];
		size_t len = p->name_end - p->name_begin;
		const char *value = p->value, *place;

		if (len < 8 || strncasecmp(v->bytes + p->name_begin, "boundary", 8) != 0)
			continue;
		/* As it stands in the header: unescaped it must be the same. */
		place = memmem(v->bytes + p->name_end, p->end - p->name_end, value, strlen(value));
		if (len > 8 || facts->boundary != NULL || value[0] == '\0' || place == NULL ||
		    value[strlen(value) - 1] == ' ' || strlen(value) > 70)
			irregular(v, DOUBT_BOUNDARY);
		facts->boundary = place;
		facts->boundary_len = strlen(value);
	}
	header_params_free(ps);
	free(ps);
}

static bool
has_subtype(const char *bytes, const struct header_params *ps)
{
	const char *slash = memchr(bytes + ps->main_begin, '/', ps->main_end - ps->main_begin);

	return slash != NULL && (size_t)(slash - bytes) + 1 < ps->main_end;
}

/* Twice the same type is twice the same reading. */
static void
look_at_type(const struct lint *v, const struct header_params *ps, struct facts *facts)
{
	const char *type = v->bytes + ps->main_begin;
	size_t len = ps->main_end - ps->main_begin;

	if (facts->type != NULL &&
	    (len != facts->type_len || strncasecmp(type, facts->type, len) != 0))
		facts->doubt = DOUBT_CONTRADICTING_TYPE;
	facts->type = type;
	facts->type_len = len;
}

static enum encoding
parse_encoding(const char *bytes, const struct header_field *f)
{
	static const struct {
		const char *name;
		enum encoding encoding;
	} known[] = {
		{ "7bit", ENCODING_PLAIN },
		{ "8bit", ENCODING_PLAIN },
		{ "binary", ENCODING_PLAIN },
		{ "base64", ENCODING_BASE64 },
		{ "quoted-printable", ENCODING_QP },
		{ "x-uuencode", ENCODING_UU },
		{ "uuencode", ENCODING_UU },
		{ "x-uue", ENCODING_UU },
	};
	size_t begin = f->value_begin, end = f->value_end;

	while (begin < end && (bytes[begin] == ' ' || bytes[begin] == '\t'))
		begin++;
	while (end > begin && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t'))
		end--;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) == end - begin &&
		    strncasecmp(bytes + begin, known[i].name, end - begin) == 0)
			return known[i].encoding;
	}
	return ENCODING_OTHER;
}

static void
look_at_content(struct lint *v, const struct part *part, struct facts *facts)
{
	const char *content = v->bytes + part->place.content_begin;
	enum doubt doubt = DOUBT_NONE;
	size_t len = part->place.content_end - part->place.content_begin;

	if (strncmp(part->type, "message/", 8) == 0 && facts->encoding != ENCODING_PLAIN)
		irregular(v, DOUBT_ENCODED_MESSAGE);
	switch (facts->encoding) {
	case ENCODING_BASE64:
		doubt = look_at_base64(v, content, len);
		break;
	case ENCODING_QP:
		if (!qp_is_plain(content, len))
			doubt = DOUBT_QP;
		else if (memmem(content, len, "= ", 2) != NULL ||
		    memmem(content, len, "=\t", 2) != NULL)
			irregular(v, DOUBT_SOFT_BREAK);
		break;
	case ENCODING_UU:
		/* No standard, so looked at twice; but who undoes it gets the same. */
		irregular(v, DOUBT_ENCODING);
		if (!part->encoded || !uu_is_plain(content, len))
			doubt = DOUBT_ENCODING;
		break;
	case ENCODING_OTHER:
		doubt = DOUBT_ENCODING;
		break;
	case ENCODING_PLAIN:
		if (!is_text_to_all(content, len) ||
		    strcmp(part->type, "application/mac-binhex40") == 0)
			irregular(v, DOUBT_UNPACKABLE);
	}
	look_for_boundaries(v, content, len);
	if (facts->encoding == ENCODING_PLAIN && has_header_within(content, len))
		look(v, DOUBT_HEADER_WITHIN);
	if (is_bare_message(v, part))
		irregular(v, DOUBT_BARE_MESSAGE);
	if (sniff_begins_header(content, len))
		irregular(v, DOUBT_LATE_HEADER);
	if (doubt != DOUBT_NONE)
		facts->doubt = doubt;
}

/*
 * RFC 2045 6.8, in groups of four, padded at the very end if at all. What is
 * cut off in the last group, or has whitespace in it, is irregular, but gives the
 * same bytes to everyone, less the last two perhaps.
 */
static enum doubt
look_at_base64(struct lint *v, const char *s, size_t len)
{
	size_t digits = 0, padding = 0;
	bool broken = false; /* a group of four goes on in the next line */

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (base64_value(c) >= 0 && padding == 0) {
			if (broken)
				irregular(v, DOUBT_BASE64_LINES);
			digits++;
			continue;
		}
		if (c == '\n')
			broken = digits % 4 != 0;
		if (c == '\n' || (c == '\r' && (i + 1 == len || s[i + 1] == '\n')))
			continue;
		if (c == ' ' || c == '\t') {
			irregular(v, DOUBT_BASE64_WHITESPACE);
			continue;
		}
		if (c != '=')
			return DOUBT_BASE64;
		padding++;
		digits++;
	}
	if (padding > 2 || digits % 4 != 0)
		irregular(v, DOUBT_BASE64_CUT);
	return DOUBT_NONE;
}

/* RFC 2045 6.7: "=" and two hex digits, or at the end of a line. */
static bool
qp_is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		size_t next = i + 1;

		if (c == '\r' && next < len && s[next] != '\n')
			return false;
		if ((c < 0x20 && memchr("\t\r\n\f", c, 4) == NULL) || c >= 0x7f)
			return false;
		if (c != '=')
			continue;
		while (next < len && (s[next] == ' ' || s[next] == '\t'))
			next++;
		if (next == len || header_line_end(s, len, next) > 0)
			continue;
		if (i + 2 >= len || !isxdigit((unsigned char)s[i + 1]) ||
		    !isxdigit((unsigned char)s[i + 2]))
			return false;
	}
	return true;
}

/*
 * POSIX uuencode: one file, "begin MODE NAME" to "end", each line as long as it
 * says, and nothing around it but empty lines.
 */
static bool
uu_is_plain(const char *s, size_t len)
{
	enum { BEFORE, INSIDE, LAST, BEHIND } state = BEFORE;
	size_t line, text;

	for (; len > 0; s += line, len -= line) {
		line = line_next(s, len);
		text = line_text(s, line);
		if (state == BEHIND || (state == BEFORE && text == 0)) {
			if (text > 0)
				return false;
		} else if (state == BEFORE) {
			if (text < 11 || memcmp(s, "begin ", 6) != 0 ||
			    !isdigit((unsigned char)s[6]))
				return false;
			state = INSIDE;
		} else if (state == LAST) {
			if (text != 3 || memcmp(s, "end", 3) != 0)
				return false;
			state = BEHIND;
		} else {
			size_t want = text == 0 ? 0 : ((size_t)(s[0] - ' ') & 077);

			for (size_t i = 0; i < text; i++) {
				if (s[i] < ' ' || s[i] > '`')
					return false;
			}
			if (text != 1 + (want + 2) / 3 * 4)
				return false;
			if (want == 0)
				state = LAST;
		}
	}
	return state == BEHIND;
}

/*
 * A line of a content that some reader could take for a boundary of the parts
 * around it: letters of another size, blanks in front, too few dashes or other
 * bytes behind.
 */
static void
look_for_boundaries(struct lint *v, const char *s, size_t len)
{
	const char *end = s + len;

	if (v->n_multiparts > MULTIPARTS_MAX)
		irregular(v, DOUBT_MANY_MULTIPARTS);
	for (const char *line = s; line < end && v->n_doubts == 0;
	     line += line_next(line, (size_t)(end - line))) {
		const char *at = line;
		size_t left;

		while (at < end && at - line < 8 &&
		    (*at == '-' || (unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f))
			at++;
		left = (size_t)(end - at);
		for (size_t i = 0; i < v->n_multiparts && left > 0; i++) {
			const struct multipart *m = &v->multiparts[i];
			size_t dashes = 0;

			while (dashes < m->len && m->boundary[dashes] == '-')
				dashes++;
			if (dashes < m->len && left >= m->len - dashes &&
			    strncasecmp(at, m->boundary + dashes, m->len - dashes) == 0)
				irregular(v, DOUBT_LIKE_A_BOUNDARY);
			else if (m->len >= BOUNDARY_MIN && has_delimiter(line, end, m))
				irregular(v, DOUBT_BOUNDARY_WITHIN);
		}
	}
}

/* In the line that begins there; some look for a boundary anywhere in it. */
static bool
has_delimiter(const char *line, const char *end, const struct multipart *m)
{
	size_t len = line_next(line, (size_t)(end - line));
	const char *at = memmem(line, len, m->boundary, m->len);

	return at != NULL && at - line >= 2 && at[-1] == '-' && at[-2] == '-';
}

/*
 * A part to those who look for headers in any text: a Content field behind an empty
 * line, or behind one that begins like a boundary; and one among other fields there
 * if it names a file or an encoding, for bounces quote the headers of any message.
 */
static bool
has_header_within(const char *s, size_t len)
{
	bool begins = false, block = false;

	for (size_t line; len > 0; s += line, len -= line) {
		size_t text;

		line = line_next(s, len);
		text = line_text(s, line);
		if (block && (*s == 'c' || *s == 'C') && loose_field(s, line) != LOOSE_NONE &&
		    (begins || names_something(s, len)))
			return true;
		begins = text == 0 || (text > 2 && s[0] == '-' && s[1] == '-');
		block = begins ||
		    (block && (*s == ' ' || *s == '\t' || memchr(s, ':', text) != NULL));
	}
	return false;
}

/* Does the field at s, with its folded lines, name a file, or an encoding that is one? */
static bool
names_something(const char *s, size_t len)
{
	static const char *const plain[] = { "7bit", "8bit", "binary" };
	size_t at = 0, value;
	struct header_field f;

	if (!header_next(s, len, &at, &f))
		return false;
	if (loose_field(s, f.end) != LOOSE_ENCODING)
		return loose_params(s, 0, f.end) > 0;
	for (value = f.value_begin; value < f.value_end && strchr(" \t\r\n", s[value]) != NULL;)
		value++;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (f.value_end - value >= strlen(plain[i]) &&
		    strncasecmp(s + value, plain[i], strlen(plain[i])) == 0)
			return false;
	}
	return true;
}

/* Of a message in the message: to some its header begins behind the first empty lines. */
static bool
is_bare_message(const struct lint *v, const struct part *part)
{
	const struct part *around = part_parent(v->parts, part);

	return around != NULL && part->place.header_begin == part->place.header_end &&
	    strcmp(around->type, "message/rfc822") == 0;
}

/* No line that begins what some readers unpack; no NUL, no stray CR. */
static bool
is_text_to_all(const char *s, size_t len)
{
	if (len > 0 && memchr(s, '\0', len) != NULL)
		return false;
	for (const char *line = s, *end = s + len; line < end;) {
		size_t next = line_next(line, (size_t)(end - line)), n = next;
		const char *cr;

		n -= line[n - 1] == '\n';
		cr = n == 0 ? NULL : memchr(line, '\r', n);
		if (cr != NULL && cr + 1 != line + n)
			return false;
		if (sniff_marker(line, n) != MARKER_NONE)
			return false;
		line += next;
	}
	return true;
}

static void
add_multipart(struct lint *v, const struct part *part, const struct facts *facts)
{
	struct multipart *m;

	if (facts->boundary == NULL || part->n_children == 0) {
		irregular(v, DOUBT_MULTIPART);
		return;
	}
	v->multiparts = array_grow(v->multiparts, v->n_multiparts, sizeof(*v->multiparts), "lint");
	m = &v->multiparts[v->n_multiparts++];
	*m = (struct multipart){
		.boundary = facts->boundary, .len = facts->boundary_len, .want = part->n_children
	};
}

enum doubt
lint_irregular(struct lint *v)
{
	size_t at = mime_walk_from_line(v->bytes, v->size), gap = 0, begin;
	const struct part *first = v->parts->n == 0 ? NULL : v->parts->at[0];

	check_boundaries(v);
	begin = first == NULL ? at : first->place.header_begin;
	/* To some readers the body begins at the first line that is no field, to others not. */
	if (begin > at)
		irregular(v, DOUBT_EARLY_LINES);
	if (first != NULL && header_line_end(v->bytes, v->size, begin) > 0)
		irregular(v, DOUBT_EARLY_EMPTY_LINE);
	/* Ranges come in ascending order, or the tree is not what it seems. */
	for (size_t i = 0; i < v->parts->n; i++) {
		const struct part_place *place = &v->parts->at[i]->place;

		if (v->parts->at[i]->inside || shares_header(v, v->parts->at[i]))
			continue;
		look_between(v, &at, place->header_begin, place->content_begin, &gap);
		if (v->parts->at[i]->leaf)
			look_between(v, &at, place->content_begin, place->content_end, &gap);
	}
	if (v->n_doubts == 0 && at < v->size)
		look_at_lines(v, v->bytes, at, v->size, &gap);
	for (size_t i = 0; v->n_doubts == 0 && i < v->n_multiparts; i++) {
		if (v->multiparts[i].delimiters != v->multiparts[i].want ||
		    v->multiparts[i].closes != 1)
			irregular(v, DOUBT_BOUNDARY_COUNT);
	}
	return v->irregular;
}

/* What is between *at and a range of a part, and on behind that. */
static void
look_between(struct lint *v, size_t *at, size_t begin, size_t end, size_t *gap)
{
	if (v->n_doubts > 0)
		return;
	if (begin < *at)
		irregular(v, DOUBT_OVERLAP);
	else
		look_at_lines(v, v->bytes, *at, begin, gap);
	*at = end > *at ? end : *at;
}

/* One that is the beginning of another can be taken for it. */
static void
check_boundaries(struct lint *v)
{
	for (size_t i = 0; i < v->n_multiparts; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct multipart *a = &v->multiparts[i], *b = &v->multiparts[k];
			size_t len = a->len < b->len ? a->len : b->len;

			if (strncasecmp(a->boundary, b->boundary, len) == 0)
				irregular(v, DOUBT_ALIKE);
		}
	}
}

/* The lines between two covered ranges: boundaries, or text of no part. */
static void
look_at_lines(struct lint *v, const char *bytes, size_t begin, size_t end, size_t *gap)
{
	while (begin < end) {
		size_t len = line_next(bytes + begin, end - begin), next = begin + len;
		bool is_boundary = false;

		while (len > 0 && strchr("\r\n", bytes[begin + len - 1]) != NULL)
			len--;
		if (len >= 2 && memcmp(bytes + begin, "--", 2) == 0)
			look_at_boundary(v, bytes + begin + 2, len - 2, &is_boundary);
		if (!is_boundary)
			look_at_gap(v, bytes + begin, len, gap);
		begin = next;
	}
}

static void
look_at_boundary(struct lint *v, const char *line, size_t len, bool *is_one)
{
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	for (size_t i = 0; i < v->n_multiparts; i++) {
		struct multipart *m = &v->multiparts[i];

		if (len < m->len || memcmp(line, m->boundary, m->len) != 0)
			continue;
		*is_one = true;
		if (len == m->len)
			m->delimiters++;
		else if (len == m->len + 2 && memcmp(line + m->len, "--", 2) == 0)
			m->closes++;
		else
			irregular(v, DOUBT_LIKE_A_BOUNDARY);
		return;
	}
}

static void
look_at_gap(struct lint *v, const char *line, size_t len, size_t *gap)
{
	size_t word = 0;

	*gap += len;
	if (*gap > GAP_MAX)
		irregular(v, DOUBT_GAP_LONG);
	if (len >= 2 && memcmp(line, "--", 2) == 0)
		irregular(v, DOUBT_GAP_BOUNDARY);
	if (!is_text_to_all(line, len))
		irregular(v, DOUBT_GAP_UNPACKABLE);
	if (sniff_begins_header(line, len))
		irregular(v, DOUBT_GAP_HEADER);
	for (size_t i = 0; i < len; i++) {
		word = line[i] == ' ' || line[i] == '\t' ? 0 : word + 1;
		if (word > GAP_WORD_MAX)
			irregular(v, DOUBT_GAP_ENCODED);
	}
}

char *
lint_skeleton(const struct parts *parts, size_t *len)
{
	return without(parts, is_no_skeleton, len);
}

static bool
is_no_skeleton(const struct part *part)
{
	return part->leaf && !part->inside && !part->in_skeleton;
}

char *
lint_without_plain(const struct parts *parts, size_t *len)
{
	return without(parts, is_left_out, len);
}

static bool
is_left_out(const struct part *part)
{
	return part->plain_base64;
}

/* The message without the contents of the parts that are such. */
static char *
without(const struct parts *parts, bool (*is_such)(const struct part *), size_t *len)
{
	char *copy = malloc(parts->size + 1);
	size_t at = 0;

	if (copy == NULL)
		err(EX_OSERR, "lint");
	*len = 0;
	for (size_t i = 0; i <= parts->n; i++) {
		const struct part *part = i < parts->n ? parts->at[i] : NULL;
		size_t end = part == NULL ? parts->size : part->place.content_begin;

		if ((part != NULL && !is_such(part)) || end < at)
			continue;
		memcpy(copy + *len, parts->bytes + at, end - at);
		*len += end - at;
		at = part == NULL ? end : part->place.content_end;
	}
	return copy;
}

bool
lint_is_gap(const struct parts *parts, size_t begin, size_t end)
{
	for (size_t i = 0; i < parts->n; i++) {
		const struct part *part = parts->at[i];
		const struct part_place *place = &part->place;

		if (!part->inside &&
		    begin < (part->leaf ? place->content_end : place->content_begin) &&
		    place->header_begin < end)
			return false;
	}
	return true;
}

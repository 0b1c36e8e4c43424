/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_walk.c - the MIME tree as GMime reads it, with places in the raw bytes.
 *
 * GMime parses; it is never asked to write. Content is decoded here straight
 * from the raw bytes, so that the place of a leaf and its content can't
 * disagree: base64 by our own decoder, since versions of GMime differ about what
 * is behind the "=" (3.2.13 ends there, 3.2.15 goes on), the rest by GMime's. A
 * message attachment that is itself encoded comes out of GMime as a leaf: it is
 * decoded and walked again, and what is found in it stands at the place of the
 * attachment. So is what a leaf holds that is signed or packed, but not encrypted
 * (S/MIME, OpenPGP), or written into a text.
 *
 * Limits, from the configuration: depth (multiparts, messages, encoded messages
 * and packings all count), number of parts, bytes of one header block, bytes
 * that one packing and all of them unpack to. GMime has none of its own. Input
 * is hostile; a crash or abort in here is one of the things the front expects.
 *
 * Over 500 lines because it is one recursion: a message, its parts, what is in them. What has no
 * part in that has left it (mime/part.c, mime/mime_formats.c).
 */
#include "mime_walk.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <gmime/gmime.h>

#include "header.h"
#include "line.h"
#include "effort.h"
#include "mime_decode.h"
#include "mime_formats.h"
#include "mime_place.h"
#include "mime_text.h"
#include "passwords.h"
#include "sniff.h"

/* Lines passed over to find a header in a message that begins oddly. */
#define ODD_LINES_MAX 20
/* So much of the time for unpacking goes into trying passwords at the most. */
#define PASSWORDS_SHARE 4

/* Large leaves that are shown ahead, among the first so many of a multipart. */
#define AHEAD_MAX 8
#define AHEAD_LOOK 64

/* What a whole walk may cost yet. */
struct budget {
	size_t n_parts; /* so far */
	size_t unpack_left, members_left;
	int64_t deadline;
};

/* A walk through one buffer: the message, or a decoded message attachment. */
struct walk {
	const char *bytes; /* what GMime reads; its offsets count from here */
	size_t size;
	size_t base; /* bytes of the message in front of that */
	const struct conf *conf;
	mime_visit *visit;
	void *ctx;
	struct budget *budget; /* over all buffers */
	struct passwords *passwords; /* NULL = none are tried */
	struct parts *parts; /* of all buffers */
	const struct part_place *enclosing; /* the encoded attachment, or NULL */
	bool in_text; /* the buffer was written into a text that is shown */
	bool unparsed; /* GMime made nothing of the buffer: it is no message in itself */
};

/* Where in the tree we are. */
struct spot {
	const char *prefix; /* path of the parent, "" at the top */
	size_t parent; /* its index */
	unsigned int depth;
	unsigned int number; /* among the parent's parts, from 1; 0 = the message itself */
	GMimeMessage *message; /* whose header the part shares, or NULL */
	const struct part_place
	    *around; /* where the parent stands in this buffer; NULL at the top */
};

static GMimeMessage *parse_message(struct walk *, GByteArray *);
static GMimeMessage *parse_at(GByteArray *);
static bool walk_buffer(struct walk *, const char *prefix, size_t parent, unsigned int depth,
    struct part_place *root);
static bool walk_object(struct walk *, GMimeObject *, const struct spot *);
static void check_limits(struct walk *, struct part *, const struct part_place *,
    const struct spot *);
static bool walk_children(struct walk *, GMimeObject *, const struct part *,
    const struct part_place *, const struct spot *);
static void show_ahead(struct walk *, GMimeMultipart *, const struct part_place *);
static bool is_large(const struct walk *, GMimeObject *, const struct part_place *around,
    struct part_place *);
static bool walk_leaf(struct walk *, GMimePart *, struct part *, const struct part_place *,
    const struct spot *);
static bool visit_uu_names(struct walk *, const struct part *, const char *raw, size_t raw_len,
    const char *content, size_t len);
static bool has_names(const struct part *, char *const *names, size_t n);
static bool walk_unparsed(struct walk *, const struct spot *, const struct part_place *);
static bool walk_content(struct walk *, struct part *, const char *, size_t, bool utf7,
    unsigned int depth);
static bool walk_inside(struct walk *, const struct part *, const char *, size_t,
    unsigned int depth);
static void look_for_packed(struct walk *, const struct part *, const char *, size_t, bool utf7,
    struct packed *);
static bool is_utf7(GMimeObject *);
static struct walk walk_within(const struct walk *, const struct part *, const char *, size_t);
static bool walk_packed(struct walk *, const struct part *, const struct packed *,
    unsigned int depth);
static bool walk_item(struct walk *, const struct part *, const struct packed_item *,
    unsigned int number, unsigned int depth);
static struct part *new_part(struct walk *, const char *type, const struct spot *,
    const struct part_place *, bool container);
static const char *uu_begin(const char *, size_t *len);
static char *decode_base64(const char *raw, size_t len, size_t *out_len);
static char *decode(GMimeDataWrapper *, const char *, size_t len, size_t *out_len);
static bool is_message(const struct walk *, const struct part *, const char *content, size_t len);
static bool may_say_message(const struct walk *, const struct part *);
static bool is_message_type(const char *type);
static bool part_path(char *path, const struct spot *, bool container);
static char *part_type(GMimeObject *);
static void collect_names(const struct walk *, GMimeObject *, const struct part_place *,
    struct part *);
static void collect_params(GMimeParamList *, struct part *);
static void drop_message(const gchar *, GLogLevelFlags, const gchar *, gpointer);

bool
mime_walk(struct parts *parts, const struct conf *conf, mime_visit *visit, void *ctx)
{
	struct budget budget = { .unpack_left = conf->scan_size_limit,
		.members_left = conf->scan_files_limit,
		.deadline = parts->unpack_until != 0
		    ? parts->unpack_until
		    : effort_ms() + (int64_t)conf->inspect_timeout * 500 };
	struct walk w = { .bytes = parts->bytes,
		.size = parts->size,
		.conf = conf,
		.visit = visit,
		.ctx = ctx,
		.budget = &budget,
		.parts = parts };
	struct passwords passwords = { .words = NULL };
	bool go_on;

	mime_walk_start();
	if (conf->try_passwords) {
		passwords_begin(&passwords, conf->passwords,
		    (budget.deadline - effort_ms()) / PASSWORDS_SHARE);
		w.passwords = &passwords;
	}
	go_on = walk_buffer(&w, "", PART_NONE, 0, &parts->root);
	passwords_free(&passwords);
	return go_on;
}

void
mime_walk_start(void)
{
	g_mime_init();
	g_log_set_default_handler(drop_message, NULL);
}

static void
drop_message(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer ctx)
{
	(void)domain;
	(void)level;
	(void)text;
	(void)ctx;
}

size_t
mime_walk_from_line(const char *bytes, size_t size)
{
	if (size < 5 || memcmp(bytes, "From ", 5) != 0)
		return 0;
	return memchr(bytes, '\n', size) == NULL ? 0 : line_next(bytes, size);
}

/* GMime only reads from the array, and does not own it: no copy is made. */
static GMimeMessage *
parse_at(GByteArray *array)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(array);
	GMimeParser *parser;
	GMimeMessage *message;

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	parser = g_mime_parser_new_with_stream(stream);
	message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return message;
}

/*
 * Some readers pass over blank or broken lines at the top of a message where
 * GMime gives up; so do we, a few, and w moves on to where a header was found.
 * The array must live as long as the message. NULL if there is none.
 */
static GMimeMessage *
parse_message(struct walk *w, GByteArray *array)
{
	if (w->size > G_MAXINT)
		return NULL;
	for (int i = 0; i < ODD_LINES_MAX && w->size > 0; i++) {
		union {
			const char *in;
			guint8 *out;
		} data = { .in = w->bytes };
		GMimeMessage *message;
		size_t line;

		array->data = data.out;
		array->len = (guint)w->size;
		message = parse_at(array);
		if (message != NULL)
			return message;
		line = line_next(w->bytes, w->size);
		w->bytes += line;
		w->size -= line;
		w->base += line;
	}
	return NULL;
}

/* Walk one whole message that begins at w. */
static bool
walk_buffer(struct walk *whole, const char *prefix, size_t parent, unsigned int depth,
    struct part_place *root)
{
	struct walk w = *whole;
	size_t from_line = mime_walk_from_line(w.bytes, w.size);
	GByteArray array;
	GMimeMessage *message;
	GMimeObject *top = NULL;
	struct spot spot = { .prefix = prefix, .parent = parent, .depth = depth };
	bool go_on;

	*root = (struct part_place){ from_line, from_line, from_line, w.size, true, true };
	w.bytes += from_line;
	w.size -= from_line;
	w.base += from_line;
	message = parse_message(&w, &array);
	if (message != NULL) {
		size_t header_end = header_block_end(w.bytes, 0, w.size);

		root->header_begin = w.base;
		root->header_end = w.base + header_end;
		root->content_begin = root->header_end +
		    header_line_end(w.bytes, w.size, header_end);
		if (w.passwords != NULL)
			passwords_take(w.passwords, message);
		spot.message = message;
		top = g_mime_message_get_mime_part(message);
	}
	if (top == NULL)
		go_on = walk_unparsed(whole, &spot, root);
	else
		go_on = walk_object(&w, top, &spot);
	if (message != NULL)
		g_object_unref(message);
	return go_on;
}

/* No tree: all that is behind the header is one leaf. */
static bool
walk_unparsed(struct walk *w, const struct spot *spot, const struct part_place *root)
{
	struct part *part = new_part(w, "", spot, root, false);
	struct walk all = *w;

	all.unparsed = root->content_begin == 0;
	part->leaf = true;
	if (spot->depth > w->conf->mime_depth_limit)
		part->limit = PART_TOO_DEEP;
	return walk_content(&all, part, w->bytes + root->content_begin,
	    root->content_end - root->content_begin, false, spot->depth);
}

/* In the record it stands in the message: in an encoded attachment, where that stands. */
static struct part *
new_part(struct walk *w, const char *type, const struct spot *spot, const struct part_place *here,
    bool container)
{
	struct part *part = part_add(w->parts, spot->parent, type);

	part->inside = w->enclosing != NULL;
	part->in_text = w->in_text;
	part->place = part->inside ? *w->enclosing : *here;
	if (!part_path(part->path, spot, container))
		part->limit = PART_TOO_DEEP;
	return part;
}

static bool
walk_object(struct walk *w, GMimeObject *object, const struct spot *spot)
{
	const struct place_in in = { w->bytes, w->size, w->base };
	struct part_place here;
	struct part *part;
	char *type = part_type(object);

	place_object(&in, object, spot->message, spot->around, &here);
	part = new_part(w, type, spot, &here, GMIME_IS_MULTIPART(object));
	free(type);
	part->leaf = GMIME_IS_PART(object);
	if (GMIME_IS_MULTIPART(object)) {
		part->n_children = (unsigned int)
		    g_mime_multipart_get_count(GMIME_MULTIPART(object));
		part->boundary = header_boundary(w->bytes, here.header_begin - w->base,
		    here.header_end - w->base);
	}
	check_limits(w, part, &here, spot);
	if (part->limit == PART_WITHIN)
		collect_names(w, object, &here, part);
	if (part->leaf)
		return walk_leaf(w, GMIME_PART(object), part, &here, spot);
	return w->visit(w->ctx, part, NULL, 0) &&
	    (part->limit != PART_WITHIN || walk_children(w, object, part, &here, spot));
}

static void
check_limits(struct walk *w, struct part *part, const struct part_place *here,
    const struct spot *spot)
{
	if (++w->budget->n_parts > w->conf->mime_parts_limit)
		part->limit = PART_TOO_MANY;
	else if (spot->depth > w->conf->mime_depth_limit)
		part->limit = PART_TOO_DEEP;
	else if (here->header_end - here->header_begin > w->conf->header_size_limit)
		part->limit = PART_HEADER_TOO_BIG;
}

/* The parts of a multipart that is a whole message count as the message's own. */
static bool
walk_children(struct walk *w, GMimeObject *object, const struct part *part,
    const struct part_place *here, const struct spot *parent)
{
	bool whole = GMIME_IS_MULTIPART(object) && parent->number == 0;
	struct spot spot = { .prefix = whole ? parent->prefix : part->path,
		.parent = part->index,
		.depth = parent->depth + 1,
		.around = here };

	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(object);
		int n = g_mime_multipart_get_count(multipart);

		show_ahead(w, multipart, here);
		for (int i = 0; i < n; i++) {
			spot.number = (unsigned int)i + 1;
			if (!walk_object(w, g_mime_multipart_get_part(multipart, i), &spot))
				return false;
		}
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeObject *top = NULL;

		spot.message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		if (spot.message != NULL)
			top = g_mime_message_get_mime_part(spot.message);
		if (top != NULL)
			return walk_object(w, top, &spot);
	}
	return true;
}

/* Decoding is cheap beside what is done with it then. One alone would gain nothing. */
static void
show_ahead(struct walk *w, GMimeMultipart *multipart, const struct part_place *around)
{
	struct part_place places[AHEAD_MAX];
	GMimeDataWrapper *wrappers[AHEAD_MAX];
	int n = g_mime_multipart_get_count(multipart);
	size_t found = 0, len;

	if (w->parts->ahead == NULL || w->enclosing != NULL)
		return;
	for (int i = 0; i < n && i < AHEAD_LOOK && found < AHEAD_MAX; i++) {
		GMimeObject *object = g_mime_multipart_get_part(multipart, i);

		if (is_large(w, object, around, &places[found]))
			wrappers[found++] = g_mime_part_get_content(GMIME_PART(object));
	}
	for (size_t i = 0; i < found && found > 1; i++) {
		/* cppcheck-suppress uninitvar ; is_large fills it */
		const char *raw = w->bytes + places[i].content_begin - w->base;
		char *content;

		len = places[i].content_end - places[i].content_begin;
		content = decode(wrappers[i], raw, len, &len);
		w->parts->ahead(w->ctx, content != NULL ? content : raw, len, found);
		free(content);
	}
}

static bool
is_large(const struct walk *w, GMimeObject *object, const struct part_place *around,
    struct part_place *here)
{
	const struct place_in in = { w->bytes, w->size, w->base };
	char *type;
	bool text;

	if (!GMIME_IS_PART(object) || g_mime_part_get_content(GMIME_PART(object)) == NULL)
		return false;
	place_object(&in, object, NULL, around, here);
	/* In base64 it is a third longer. */
	if (!here->whole_content ||
	    (here->content_end - here->content_begin) / 4 * 3 < w->parts->ahead_min)
		return false;
	type = part_type(object);
	text = strncmp(type, "text/", 5) == 0;
	free(type);
	return !text;
}

static bool
walk_leaf(struct walk *w, GMimePart *object, struct part *part, const struct part_place *here,
    const struct spot *spot)
{
	GMimeDataWrapper *wrapper = g_mime_part_get_content(object);
	const char *raw = w->bytes + here->content_begin - w->base;
	size_t raw_len = here->content_end - here->content_begin, len = raw_len;
	char *decoded = NULL;
	bool go_on;

	if (wrapper != NULL)
		decoded = decode(wrapper, raw, raw_len, &len);
	part->encoded = decoded != NULL;
	go_on = walk_content(w, part, part->encoded ? decoded : raw, len,
	    is_utf7(GMIME_OBJECT(object)), spot->depth);
	if (go_on && decoded != NULL &&
	    g_mime_data_wrapper_get_encoding(wrapper) == GMIME_CONTENT_ENCODING_UUENCODE)
		go_on = visit_uu_names(w, part, raw, raw_len, decoded, len);
	free(decoded);
	return go_on;
}

/*
 * uudecode goes by the names in the "begin" lines, which no header tells: they are
 * those of an item that the leaf holds, and has shown already.
 */
static bool
visit_uu_names(struct walk *w, const struct part *around, const char *raw, size_t raw_len,
    const char *content, size_t len)
{
	size_t n;
	char **names = text_file_names(raw, raw_len, &n);
	struct walk inner = walk_within(w, around, content, len);
	struct spot spot = { .prefix = around->path, .parent = around->index, .number = 1 };
	struct part *part;
	bool go_on = true;

	if (n > 0 && !has_names(around, names, n)) {
		part = new_part(&inner, "", &spot, inner.enclosing, false);
		part->leaf = part->encoded = part->scanned = part->in_text = true;
		part->len = len;
		part->digest = around->digest;
		for (size_t i = 0; i < n; i++)
			part_add_name(part, names[i]);
		go_on = w->visit(w->ctx, part, content, len);
	}
	part_names_free(names, n);
	return go_on;
}

static bool
has_names(const struct part *part, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < part->n_names && strcmp(part->names[k], names[i]) != 0)
			k++;
		if (k == part->n_names)
			return false;
	}
	return true;
}

/* A leaf, the message that it may be, and what is packed in it. */
static bool
walk_content(struct walk *w, struct part *part, const char *content, size_t len, bool utf7,
    unsigned int depth)
{
	struct packed packed = { .items = NULL };
	bool within = part->limit == PART_WITHIN, go_on;

	/* Nothing is a content too, for memcmp and its like. */
	if (content == NULL)
		content = "";
	if (within)
		look_for_packed(w, part, content, len, utf7, &packed);
	part->sealed = packed.sealed;
	part->unopened = packed.unopened;
	part->active = packed.active;
	part->opened = packed.n > 0;
	part->unlocked = packed.unlocked && packed.sealed == NULL;
	for (size_t i = 0; i < packed.n; i++)
		part->unlocked = part->unlocked && (packed.items[i].flags & PACKED_ENCRYPTED) == 0;
	if (packed.too_big)
		part->limit = PART_UNPACKS_TO_TOO_MUCH;
	part->len = len;
	part->message = within && !w->unparsed && is_message(w, part, content, len);
	part_hash(content, len, &part->digest);
	go_on = w->visit(w->ctx, part, content, len);
	if (go_on && part->message)
		go_on = walk_inside(w, part, content, len, depth);
	if (go_on && within)
		go_on = walk_packed(w, part, &packed, depth);
	packed_free(&packed);
	return go_on;
}

/* What is in a leaf stands where the leaf stands, or what it is in. */
static struct walk
walk_within(const struct walk *w, const struct part *part, const char *content, size_t len)
{
	struct walk inner = *w;

	inner.bytes = content;
	inner.size = len;
	inner.base = 0;
	inner.unparsed = false;
	if (inner.enclosing == NULL)
		inner.enclosing = &part->place;
	return inner;
}

/* A message that is the content of a leaf. */
static bool
walk_inside(struct walk *w, const struct part *part, const char *content, size_t len,
    unsigned int depth)
{
	struct part_place ignored;
	struct walk inner = walk_within(w, part, content, len);

	return walk_buffer(&inner, part->path, part->index, depth + 1, &ignored);
}

/*
 * By its content: to some readers the extension .p7m is enough, and an OpenPGP
 * message may be any text.
 */
static void
look_for_packed(struct walk *w, const struct part *part, const char *content, size_t len, bool utf7,
    struct packed *packed)
{
	struct format_input in = { .bytes = content,
		.len = len,
		.text = content,
		.names = part->names,
		.n_names = part->n_names,
		.raw = !part->encoded && !part->inside,
		.shown = part->type[0] == '\0' || strncmp(part->type, "text/", 5) == 0 };
	char *plain = text_plain(content, len, in.shown, utf7, &in.text_len);

	if (plain != NULL)
		in.text = plain;
	packed_begin(packed, w->conf->scan_file_limit, &w->budget->unpack_left,
	    &w->budget->members_left, w->budget->deadline);
	packed->passwords = w->passwords;
	formats_open(packed, &in);
	/* Not every NUL is half of a letter. */
	if (plain != NULL && in.shown) {
		in.text = content;
		in.text_len = len;
		formats_open(packed, &in);
	}
	free(plain);
}

static bool
is_utf7(GMimeObject *object)
{
	const char *charset = g_mime_object_get_content_type_parameter(object, "charset");

	return charset != NULL && strcasestr(charset, "utf-7") != NULL;
}

static bool
walk_packed(struct walk *w, const struct part *part, const struct packed *packed,
    unsigned int depth)
{
	for (size_t i = 0; i < packed->n; i++) {
		const struct packed_item *item = &packed->items[i];
		struct walk inner = walk_within(w, part, item->content, item->len);

		inner.in_text = w->in_text || item->in_text;
		if (!walk_item(&inner, part, item, (unsigned int)i + 1, depth + 1))
			return false;
	}
	return true;
}

/* What was packed: a message if it looks like one, to some readers, and a file to others. */
static bool
walk_item(struct walk *w, const struct part *around, const struct packed_item *item,
    unsigned int number, unsigned int depth)
{
	struct spot spot = { .prefix = around->path, .parent = around->index, .number = number };
	const char *content = item->content == NULL ? "" : item->content;
	bool message = !item->archived && sniff_is_mail(content, item->len);
	struct part *part = new_part(w, message ? "message/rfc822" : "", &spot, w->enclosing,
	    false);

	part->archived = item->archived;
	if (part->archived)
		strlcpy(part->path, around->path, sizeof(part->path));
	part->leaf = true;
	part->encoded = true;
	part->scanned = around->scanned || item->scanned;
	part->flags = item->flags;
	if (depth > w->conf->mime_depth_limit)
		part->limit = PART_TOO_DEEP;
	/* Members of archives have a limit of their own. */
	if (!item->archived && ++w->budget->n_parts > w->conf->mime_parts_limit)
		part->limit = PART_TOO_MANY;
	for (size_t i = 0; i < item->n_names; i++)
		part_add_name(part, item->names[i]);
	return walk_content(w, part, content, item->len, false, depth);
}

/*
 * Behind the first "begin" line, which GMime's decoder wants to be taken off
 * (its filters do so); the start if there is none.
 */
static const char *
uu_begin(const char *raw, size_t *len)
{
	const char *end = raw + *len;

	for (const char *line = raw; line < end;) {
		size_t n = line_next(line, (size_t)(end - line));
		bool begins = n >= 7 && memcmp(line, "begin ", 6) == 0 && line[n - 1] == '\n';

		line += n;
		if (begins) {
			*len = (size_t)(end - line);
			return line;
		}
	}
	return raw;
}

/* Never NULL: what has no digit in it is empty. */
static char *
decode_base64(const char *raw, size_t len, size_t *out_len)
{
	char *out = decode_bytes(DECODE_BASE64, raw, len, 0, out_len);

	if (out != NULL)
		return out;
	out = calloc(1, 1);
	if (out == NULL)
		err(EX_OSERR, "decode");
	*out_len = 0;
	return out;
}

/* Undo the transfer encoding. NULL if there is none: the raw bytes are the content. */
static char *
decode(GMimeDataWrapper *wrapper, const char *raw, size_t len, size_t *out_len)
{
	GMimeContentEncoding encoding = g_mime_data_wrapper_get_encoding(wrapper);
	GMimeEncoding state;
	char *out;

	switch (encoding) {
	case GMIME_CONTENT_ENCODING_BASE64:
		return decode_base64(raw, len, out_len);
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
	case GMIME_CONTENT_ENCODING_UUENCODE:
		break;
	default:
		return NULL;
	}
	g_mime_encoding_init_decode(&state, encoding);
	if (encoding == GMIME_CONTENT_ENCODING_UUENCODE)
		raw = uu_begin(raw, &len);
	out = malloc(g_mime_encoding_outlen(&state, len) + 1);
	if (out == NULL)
		err(EX_OSERR, "decode");
	*out_len = g_mime_encoding_flush(&state, raw, len, out);
	return out;
}

/*
 * By its type, or as a file that a mail program opens: by its name, or by its first
 * line. A text is shown, and nobody opens it as a message but for its name.
 */
static bool
is_message(const struct walk *w, const struct part *part, const char *content, size_t len)
{
	if (is_message_type(part->type))
		return true;
	if (part->opened || !sniff_is_mail(content, len))
		return false;
	return part_is_called_mail(part) || may_say_message(w, part) ||
	    (strncmp(part->type, "text/", 5) != 0 && sniff_begins_mail(content, len));
}

/*
 * A text for want of a Content-Type that GMime could read: some read one that is broken
 * (ruby-mail drops controls in the name of a field).
 */
static bool
may_say_message(const struct walk *w, const struct part *part)
{
	static const char type[] = "message/";
	const char *at = w->bytes + (part->place.header_begin - w->base),
		   *end = w->bytes + (part->place.header_end - w->base);

	if (part->inside || !part->encoded)
		return false;
	for (; (size_t)(end - at) >= sizeof(type) - 1; at++) {
		if (strncasecmp(at, type, sizeof(type) - 1) == 0)
			return true;
	}
	return false;
}

static bool
is_message_type(const char *type)
{
	return strcmp(type, "message/rfc822") == 0 || strcmp(type, "message/global") == 0 ||
	    strcmp(type, "message/news") == 0;
}

/*
 * Paths as in RFC 3501 6.4.5: the parts of a multipart and of a message in
 * part 2 are 2.1, 2.2; the multipart that is the whole of that message is 2.0.
 * False if the path is too long and was cut.
 */
static bool
part_path(char *path, const struct spot *spot, bool container)
{
	unsigned int number = spot->number;

	if (number == 0)
		number = container ? 0 : 1;
	return snprintf(path, PART_PATH_MAX, "%s%s%u", spot->prefix,
		   spot->prefix[0] == '\0' ? "" : ".", number) < PART_PATH_MAX;
}

static char *
part_type(GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	gchar *text = type == NULL ? NULL : g_mime_content_type_get_mime_type(type);
	char *copy = strdup(text == NULL ? "" : text);

	if (copy == NULL)
		err(EX_OSERR, "type");
	for (char *c = copy; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	g_free(text);
	return copy;
}

/* What GMime reads out of the parameters, and what stands in them. */
static void
collect_names(const struct walk *w, GMimeObject *object, const struct part_place *here,
    struct part *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(object);

	if (disposition != NULL)
		collect_params(g_mime_content_disposition_get_parameters(disposition), part);
	if (type != NULL)
		collect_params(g_mime_content_type_get_parameters(type), part);
	part_add_header_names(part, w->bytes, here->header_begin - w->base,
	    here->header_end - w->base);
	if (part->leaf)
		part_add_last_names(part, w->bytes, here->header_begin - w->base,
		    here->header_end - w->base);
}

static void
collect_params(GMimeParamList *params, struct part *part)
{
	int n = params == NULL ? 0 : g_mime_param_list_length(params);

	for (int i = 0; i < n; i++) {
		GMimeParam *param = g_mime_param_list_get_parameter_at(params, i);
		const char *name = g_mime_param_get_name(param);

		if (strcasecmp(name, "name") == 0 || strcasecmp(name, "filename") == 0)
			part_add_name(part, g_mime_param_get_value(param));
	}
}

char *
mime_walk_words(const char *text)
{
	char *decoded = g_mime_utils_header_decode_text(NULL, text);
	char *copy = strdup(decoded == NULL ? "" : decoded);

	if (copy == NULL)
		err(EX_OSERR, "words");
	g_free(decoded);
	return copy;
}

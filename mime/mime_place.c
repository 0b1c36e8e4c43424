/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_place.c - where an object of GMime's stands in the bytes that it was read from.
 */
#include "mime_place.h"

#include <string.h>

#include "header.h"
#include "line.h"

static size_t content_end_of(const struct place_in *, size_t begin, size_t end);
static gint64 first_offset(GMimeObject *);
static bool empty_line_before(const char *, size_t at, size_t *line);
static size_t fields_end(const struct place_in *, GMimeObject *, size_t end);

/* Offset of the first field that GMime has of an object, or -1. */
static gint64
first_offset(GMimeObject *object)
{
	GMimeHeaderList *headers = g_mime_object_get_header_list(object);

	if (g_mime_header_list_get_count(headers) == 0)
		return -1;
	return g_mime_header_get_offset(g_mime_header_list_get_header_at(headers, 0));
}

/* Does an empty line end at at? Then it begins at *line. */
static bool
empty_line_before(const char *bytes, size_t at, size_t *line)
{
	if (at == 0 || bytes[at - 1] != '\n')
		return false;
	at--;
	if (at > 0 && bytes[at - 1] == '\r')
		at--;
	*line = at;
	return at == 0 || bytes[at - 1] == '\n';
}

/* The end of the last line of the last field that GMime has of an object, or end. */
static size_t
fields_end(const struct place_in *w, GMimeObject *object, size_t end)
{
	GMimeHeaderList *headers = g_mime_object_get_header_list(object);
	int n = g_mime_header_list_get_count(headers);
	GMimeHeader *last = n == 0 ? NULL : g_mime_header_list_get_header_at(headers, n - 1);
	gint64 offset = last == NULL ? -1 : g_mime_header_get_offset(last);
	size_t at;

	if (offset < 0)
		return end;
	at = (size_t)offset + strlen(g_mime_header_get_raw_name(last)) +
	    strlen(g_mime_header_get_raw_value(last));
	if (at >= w->size)
		return w->size;
	at += line_next(w->bytes + at, w->size - at);
	return at > end ? at : end;
}

/*
 * GMime takes the line ending in front of a boundary to be as long as that of the
 * boundary line, which may be another one, or none at the end of the message.
 */
static size_t
content_end_of(const struct place_in *w, size_t begin, size_t end)
{
	const char *bytes = w->bytes;

	for (size_t line = end; line <= end + 2 && line + 2 <= w->size; line++) {
		if (line == 0 || bytes[line - 1] != '\n' || memcmp(bytes + line, "--", 2) != 0)
			continue;
		end = line - (line > 1 && bytes[line - 2] == '\r' ? 2 : 1);
		break;
	}
	return end < begin ? begin : end;
}

void
place_object(const struct place_in *w, GMimeObject *object, GMimeMessage *message,
    const struct part_place *parent, struct part_place *place)
{
	gint64 first = first_offset(object);
	size_t content_begin = w->size, content_end = w->size, begin, end;

	place->message_header = message != NULL;
	place->whole_content = false;
	if (message != NULL) {
		gint64 other = first_offset(GMIME_OBJECT(message));

		if (other >= 0 && (first < 0 || other < first))
			first = other;
	}
	if (GMIME_IS_PART(object)) {
		GMimeDataWrapper *wrapper = g_mime_part_get_content(GMIME_PART(object));
		GMimeStream *stream = wrapper == NULL ? NULL
						      : g_mime_data_wrapper_get_stream(wrapper);

		if (stream != NULL && stream->bound_start >= 0 &&
		    stream->bound_end >= stream->bound_start &&
		    (size_t)stream->bound_end <= w->size) {
			content_begin = (size_t)stream->bound_start;
			content_end = content_end_of(w, content_begin, (size_t)stream->bound_end);
			place->whole_content = true;
		}
	}
	if (first >= 0 && (size_t)first <= content_begin) {
		begin = (size_t)first;
	} else if (place->whole_content && empty_line_before(w->bytes, content_begin, &begin)) {
		/* No header: the empty line in front of the content is where it would be. */
	} else if (parent != NULL) {
		/* No place for one either: what is done is done to the parent. */
		*place = *parent;
		return;
	} else {
		begin = content_begin;
	}
	end = content_begin;
	if (!place->whole_content) {
		/* What follows is not known to be content: stop where GMime did. */
		end = fields_end(w, object, begin);
		if (message != NULL)
			end = fields_end(w, GMIME_OBJECT(message), end);
	}
	end = header_block_end(w->bytes, begin, end);
	if (!place->whole_content) {
		content_begin = end + header_line_end(w->bytes, w->size, end);
		content_end = content_begin;
	}
	place->header_begin = w->base + begin;
	place->header_end = w->base + end;
	place->content_begin = w->base + content_begin;
	place->content_end = w->base + content_end;
}

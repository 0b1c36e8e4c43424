/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_packed.c - what is packed or signed in a content: the list of what was
 * found, armour, and zlib with a limit.
 *
 * Linear in what goes in and in what comes out, and that is limited. Memory
 * that runs out ends the process.
 */
#include "mime_packed.h"

#include <err.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <zlib.h>

#include "array.h"
#include "effort.h"
#include "line.h"
#include "mime_decode.h"

#define ROOM_MIN 4096

void
packed_begin(struct packed *p, size_t max, size_t *left, size_t *members_left, int64_t deadline)
{
	*p = (struct packed){
		.max = max, .left = left, .members_left = members_left, .deadline = deadline
	};
}

void
packed_free(struct packed *p)
{
	for (size_t i = 0; i < p->n; i++) {
		for (size_t k = 0; k < p->items[i].n_names; k++)
			free(p->items[i].names[k]);
		free(p->items[i].names);
		free(p->items[i].content);
	}
	free(p->items);
	p->items = NULL;
	p->n = 0;
}

void
packed_add(struct packed *p, const char *name, size_t name_len, char *content, size_t len)
{
	struct packed_item item = { .content = content, .len = len };

	p->items = array_grow(p->items, p->n, sizeof(*p->items), "packed");
	packed_name(&item, name, name_len);
	p->items[p->n++] = item;
}

bool
packed_add_member(struct packed *p, char *const *names, size_t n_names, char *content, size_t len,
    unsigned int flags)
{
	if (*p->members_left == 0 || packed_late(p)) {
		p->too_big = true;
		free(content);
		return false;
	}
	--*p->members_left;
	/* A folder without a name: there is nothing to be judged. */
	if (n_names == 0 && content == NULL && flags == 0)
		return true;
	packed_add(p, NULL, 0, content, len);
	p->items[p->n - 1].flags = flags;
	p->items[p->n - 1].archived = true;
	for (size_t i = 0; i < n_names; i++)
		packed_name(&p->items[p->n - 1], names[i], strlen(names[i]));
	return true;
}

bool
packed_add_copy(struct packed *p, char *const *names, size_t n_names, const char *bytes, size_t len)
{
	char *copy;

	if (len > packed_room(p)) {
		p->too_big = true;
		return false;
	}
	copy = malloc(len + 1);
	if (copy == NULL)
		err(EX_OSERR, "packed");
	memcpy(copy, bytes, len);
	packed_spend(p, len);
	return packed_add_member(p, names, n_names, copy, len, 0);
}

void
packed_name(struct packed_item *item, const char *name, size_t len)
{
	if (name == NULL || len == 0)
		return;
	for (size_t i = 0; i < item->n_names; i++) {
		if (strlen(item->names[i]) == len && memcmp(item->names[i], name, len) == 0)
			return;
	}
	item->names = array_grow(item->names, item->n_names, sizeof(*item->names), "packed");
	item->names[item->n_names] = strndup(name, len);
	if (item->names[item->n_names] == NULL)
		err(EX_OSERR, "packed");
	item->n_names++;
}

size_t
packed_room(const struct packed *p)
{
	return p->max < *p->left ? p->max : *p->left;
}

void
packed_spend(struct packed *p, size_t len)
{
	*p->left -= len < *p->left ? len : *p->left;
}

bool
packed_late(struct packed *p)
{
	bool late = effort_ms() > p->deadline;

	p->too_big = p->too_big || late;
	return late;
}

char *
packed_unarmour(const char *text, size_t len, size_t *out_len, const char **behind)
{
	const char *end = text + len, *line = text + line_next(text, len);
	char *digits = malloc(len + 1), *out;
	size_t n = 0;

	if (digits == NULL)
		err(EX_OSERR, "packed");
	while (line < end) {
		size_t l = line_next(line, (size_t)(end - line));

		if (l >= 4 && memcmp(line, "----", 4) == 0)
			break;
		/* the check sum, and no digits behind it */
		if (line[0] == '=' && n > 0) {
			line += l;
			break;
		}
		/* no field */
		if (memchr(line, ':', l) == NULL) {
			memcpy(digits + n, line, l);
			n += l;
		}
		line += l;
	}
	*behind = line;
	out = decode_bytes(DECODE_BASE64_SKIP, digits, n, n, out_len);
	free(digits);
	return out;
}

char *
packed_inflate(struct packed *p, enum packed_form form, const char *in, size_t len, size_t *out_len,
    bool *whole)
{
	union {
		const char *in;
		unsigned char *out;
	} from = { .in = in };
	z_stream z = { .next_in = from.out };
	unsigned int avail;
	size_t room = 0, max = packed_room(p);
	char *out = NULL;
	int result = Z_OK;

	if (inflateInit2(&z, form == PACKED_ZLIB ? MAX_WBITS : -MAX_WBITS) != Z_OK)
		err(EX_OSERR, "packed");
	*out_len = 0;
	while (result == Z_OK) {
		if (*out_len == room) {
			if (room == max) {
				p->too_big = true;
				break;
			}
			room = room > max / 2 ? max : room * 2 < ROOM_MIN ? ROOM_MIN : room * 2;
			if (room > max)
				room = max;
			out = realloc(out, room);
			if (out == NULL)
				err(EX_OSERR, "packed");
		}
		if (z.avail_in == 0) {
			z.avail_in = len > INT_MAX ? INT_MAX : (unsigned int)len;
			len -= z.avail_in;
		}
		avail = room - *out_len > INT_MAX ? INT_MAX : (unsigned int)(room - *out_len);
		z.next_out = (unsigned char *)out + *out_len;
		z.avail_out = avail;
		/* Ends with Z_BUF_ERROR where nothing goes in any more. */
		result = inflate(&z, Z_NO_FLUSH);
		*out_len += avail - z.avail_out;
	}
	inflateEnd(&z);
	packed_spend(p, *out_len);
	*whole = result == Z_STREAM_END;
	if (*out_len == 0) {
		free(out);
		return NULL;
	}
	return out;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter_headers - from two headers to the changes that a milter may ask for
 *
 * A milter can't write bytes: it asks for a field to be replaced, deleted or
 * inserted. Fields that are the same to the byte on both sides stay untouched.
 * Of what is left between two that stay, fields of one name are replaced in their
 * order, which keeps their place; the rest is deleted or inserted.
 *
 * Names are compared without case, as the server counts them (RFC 5322 1.2.2).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "line.h"
#include "milter_headers.h"

struct field {
	const char *bytes; /* with its CRLF */
	size_t len, name_len;
};

struct fields {
	struct field *list;
	size_t n;
};

/* One change, to be told later: old = NULL inserts, new = NULL deletes. */
struct change {
	const struct field *old, *new;
	size_t position; /* in the old header */
};

static bool fields_read(struct fields *, const char *, size_t);
static bool field_next(const char *, size_t, size_t *, struct field *);
static bool field_same(const struct field *, const struct field *);
static bool field_named(const struct field *, const struct field *);
static size_t pair_up(const struct fields *, const struct fields *, struct change *);
static size_t stay_until(const struct fields *, size_t, const struct field *);
static size_t change_stretch(const struct fields *, size_t, size_t, const struct fields *, size_t,
    size_t, struct change *);
static bool tell(const struct fields *, const struct change *, header_change_fn *, void *);
static char *field_value(const struct field *);

bool
milter_headers_diff(const char *old_bytes, size_t old_len, const char *new_bytes, size_t new_len,
    header_change_fn *fn, void *ctx)
{
	struct fields old = { 0 }, new = { 0 };
	struct change *changes = NULL;
	bool ok = fields_read(&old, old_bytes, old_len) && fields_read(&new, new_bytes, new_len) &&
	    (changes = calloc(old.n + new.n + 1, sizeof(*changes))) != NULL;

	if (ok)
		for (size_t n = pair_up(&old, &new, changes); ok && n > 0; n--)
			ok = tell(&old, &changes[n - 1], fn, ctx);
	free(changes);
	free(old.list);
	free(new.list);
	return ok;
}

size_t
milter_headers_body(const char *bytes, size_t len)
{
	struct field field;
	size_t at = 0;

	while (field_next(bytes, len, &at, &field))
		continue;
	return at + 2 <= len ? at + 2 : len;
}

static bool
fields_read(struct fields *f, const char *bytes, size_t len)
{
	struct field field;
	size_t at = 0;

	f->list = NULL;
	f->n = 0;
	while (field_next(bytes, len, &at, &field)) {
		if ((f->n & (f->n - 1)) == 0) { /* full at each power of two */
			size_t room = f->n == 0 ? 1 : 2 * f->n;
			struct field *grown = reallocarray(f->list, room, sizeof(*grown));

			if (grown == NULL || f->n >= MILTER_FIELDS_MAX)
				return false;
			f->list = grown;
		}
		f->list[f->n++] = field;
	}
	return true;
}

/* field_next - with its folded lines; false at the empty line or the end, where *at stays */
static bool
field_next(const char *bytes, size_t len, size_t *at, struct field *field)
{
	size_t end = *at;
	const char *colon;

	if (end == len || (len - end >= 2 && memcmp(bytes + end, "\r\n", 2) == 0))
		return false;
	end += line_folded(bytes + end, len - end);
	field->bytes = bytes + *at;
	field->len = end - *at;
	colon = memchr(field->bytes, ':', field->len);
	field->name_len = colon == NULL ? 0 : (size_t)(colon - field->bytes);
	*at = end;
	return true;
}

static bool
field_same(const struct field *a, const struct field *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool
field_named(const struct field *a, const struct field *b)
{
	return a->name_len == b->name_len && strncasecmp(a->bytes, b->bytes, a->name_len) == 0;
}

/* pair_up - in the order of the header; returns how many changes there are */
static size_t
pair_up(const struct fields *old, const struct fields *new, struct change *changes)
{
	size_t n = 0, o = 0, w = 0, stay;

	/* The next old field that is there on the other side too ends a stretch. */
	for (size_t i = 0; i < old->n; i++) {
		stay = stay_until(new, w, &old->list[i]);
		if (stay == SIZE_MAX)
			continue;
		n += change_stretch(old, o, i, new, w, stay, changes + n);
		o = i + 1;
		w = stay + 1;
	}
	return n + change_stretch(old, o, old->n, new, w, new->n, changes + n);
}

/* stay_until - which of the fields from w on is the same; SIZE_MAX: none */
static size_t
stay_until(const struct fields *new, size_t w, const struct field *field)
{
	for (; w < new->n; w++) {
		if (field_same(&new->list[w], field))
			return w;
	}
	return SIZE_MAX;
}

/*
 * change_stretch - old fields from o to o_end have become the new ones from w to
 * w_end; twins never cross, so that all that is left stays in its order
 */
static size_t
change_stretch(const struct fields *old, size_t o, size_t o_end, const struct fields *new, size_t w,
    size_t w_end, struct change *changes)
{
	size_t n = 0, twin;

	for (; w < w_end; w++) {
		for (twin = o; twin < o_end && !field_named(&old->list[twin], &new->list[w]);)
			twin++;
		if (twin == o_end) {
			changes[n++] = (struct change){ NULL, &new->list[w], o };
			continue;
		}
		for (; o < twin; o++)
			changes[n++] = (struct change){ &old->list[o], NULL, o };
		changes[n++] = (struct change){ &old->list[o], &new->list[w], o };
		o++;
	}
	for (; o < o_end; o++)
		changes[n++] = (struct change){ &old->list[o], NULL, o };
	return n;
}

static bool
tell(const struct fields *old, const struct change *c, header_change_fn *fn, void *ctx)
{
	const struct field *named = c->old != NULL ? c->old : c->new;
	char *name = strndup(named->bytes, named->name_len), *value = NULL;
	int nth = 0;
	bool ok;

	for (const struct field *f = old->list; c->old != NULL && f <= c->old; f++)
		nth += field_named(f, c->old);
	ok = name != NULL && (c->new == NULL || (value = field_value(c->new)) != NULL);
	if (ok)
		ok = fn(ctx,
		    c->old == NULL	 ? HEADER_INSERT
			: c->new == NULL ? HEADER_DELETE
					 : HEADER_REPLACE,
		    name, nth, (int)c->position, value == NULL ? "" : value);
	free(name);
	free(value);
	return ok;
}

/* field_value - behind the colon, without the last line ending, LF inside; malloc'd */
static char *
field_value(const struct field *f)
{
	size_t at = f->name_len + (f->name_len < f->len && f->bytes[f->name_len] == ':'), n = 0;
	char *value = malloc(f->len + 1);

	if (value == NULL)
		return NULL;
	for (; at < f->len; at++) {
		if (f->bytes[at] != '\r' || at + 1 == f->len || f->bytes[at + 1] != '\n')
			value[n++] = f->bytes[at];
	}
	if (n > 0 && value[n - 1] == '\n')
		n--;
	value[n] = '\0';
	return value;
}

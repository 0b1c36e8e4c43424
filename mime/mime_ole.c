/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_ole.c - compound files (OLE): what is embedded in documents, attachments of .msg.
 *
 * Word, Excel and PowerPoint keep an embedded file in a stream "\1Ole10Native" (undocumented
 * but for [MS-OLEDS] 2.3.6; the rest as Office writes it), in the document itself or in a
 * compound file of its own in a docx. A message of Outlook ([MS-OXMSG] 2.2.2) has a storage
 * for each attachment, and a message that is attached has its own in there.
 *
 * That a document is encrypted is told by its streams ([MS-OFFCRYPTO] 2.3: agile and
 * standard encryption, rights management), the record FILEPASS of a workbook ([MS-XLS]
 * 2.4.117), the flag fEncrypted of a Word document ([MS-DOC] 2.5.2), and the header
 * token of a presentation ([MS-PPT] 2.3.2).
 *
 * Names in a compound file are told apart without regard to case ([MS-CFB] 2.6.4).
 *
 * Linear in the content; bounds are those of struct packed. Memory that runs out ends
 * the process.
 */
#include "mime_ole.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "le.h"
#include "mime_behind.h"
#include "mime_cfb.h"
#include "mime_kind.h"
#include "mime_office.h"

#define NAMES_MAX 8
/* Of a stream that holds a name, or that shows that a document is encrypted. */
#define HEAD_MAX 8192
#define TOKEN_ENCRYPTED 0xf3d1c4dfu

struct file {
	char *names[NAMES_MAX];
	size_t n_names;
};

static void read_entry(struct packed *, struct cfb *, size_t i, bool unlocked);
static bool is_sealed(struct cfb *, const struct cfb_entry *);
static bool has_filepass(const char *, size_t len);
static void open_native(struct packed *, struct cfb *, const struct cfb_entry *);
static void open_attachment(struct packed *, struct cfb *, size_t storage);
static void open_archive(struct packed *, struct cfb *, const struct cfb_entry *);
static bool has_archive(const char *, size_t len);
static void open_gaps(struct packed *, struct cfb *);
static void add_gaps(struct packed *, struct ledger *, const char *, size_t end, size_t *len,
    char *);
static const char *string_at(const char **at, const char *end, size_t *len);
static void wide_at(const char **at, const char *end, struct file *);
static void add_name(struct file *, const char *, size_t len, bool wide);
static void forget(struct file *);

bool
ole_is(const struct format_input *in)
{
	return cfb_is(in->bytes, in->len);
}

void
ole_open(struct packed *p, const struct format_input *in)
{
	struct cfb c;
	char *plain;
	size_t len;

	if (!cfb_open(&c, in->bytes, in->len))
		p->unopened = "OLE document";
	plain = office_unlock(p, &c, &len);
	for (size_t i = 0; i < c.n; i++)
		read_entry(p, &c, i, plain != NULL);
	if (plain != NULL)
		p->unlocked = packed_add_member(p, in->names, in->n_names, plain, len, 0) ||
		    p->unlocked;
	open_gaps(p, &c);
	if (c.broken && p->unopened == NULL)
		p->unopened = "OLE document";
	cfb_free(&c);
}

static void
read_entry(struct packed *p, struct cfb *c, size_t i, bool unlocked)
{
	const struct cfb_entry *e = &c->entries[i];

	if (unlocked && strcasecmp(e->name, "EncryptedPackage") == 0)
		return;
	if (e->type == CFB_STREAM && is_sealed(c, e))
		p->sealed = "encrypted document";
	else if (e->type == CFB_STREAM && strcasecmp(e->name, "\1Ole10Native") == 0)
		open_native(p, c, e);
	else if (e->type == CFB_STORAGE && strncasecmp(e->name, "__attach_version1.0_", 20) == 0)
		open_attachment(p, c, i);
	else if (e->type == CFB_STREAM && strcasecmp(e->name, "__substg1.0_37010102") != 0)
		open_archive(p, c, e);
}

/* A stream that is an archive or has one in it, for in the file it may be in pieces. */
static void
open_archive(struct packed *p, struct cfb *c, const struct cfb_entry *e)
{
	size_t len, room = packed_room(p);
	bool whole, broken = c->broken;
	char *stream = cfb_read(c, e, room, &len, &whole);

	if (!has_archive(stream, len)) {
		c->broken = broken; /* what is cut off of a text is missed by nobody */
		free(stream);
		return;
	}
	packed_spend(p, len);
	packed_add_member(p, NULL, 0, stream, len,
	    whole		 ? 0
		: e->size > room ? PACKED_LIMIT
				 : PACKED_DAMAGED);
}

static bool
has_archive(const char *stream, size_t len)
{
	struct behind found = { 0, KIND_NONE, false };
	bool some = behind_find(stream, len, 0, &found);

	while (some && !found.sure)
		some = behind_find(stream, len, found.begin + 1, &found);
	return some || kind_of(stream, len) == KIND_ZIP;
}

/*
 * What is in no stream and no table: what stands behind the document, as one content, and
 * all sectors that are free, as another. Office leaves in these what was deleted.
 */
static void
open_gaps(struct packed *p, struct cfb *c)
{
	struct ledger small;
	size_t len = 0, at = 0, behind, inert = 0;
	struct ledger_range gap;
	char *gaps;

	cfb_account(c, &small);
	behind = c->ledger.len;
	while (ledger_gap(&c->ledger, c->bytes, &at, &gap, &inert)) {
		if (at == c->ledger.len)
			behind = gap.begin;
	}
	gaps = malloc(c->len + c->mini_len + 1);
	if (gaps == NULL)
		err(EX_OSERR, "ole");
	add_gaps(p, &c->ledger, c->bytes, behind, &len, gaps);
	add_gaps(p, &small, c->mini, c->mini_len, &len, gaps);
	ledger_free(&small);
	if (len == 0)
		free(gaps);
	else
		packed_add_member(p, NULL, 0, gaps, len, 0);
	if (behind < c->ledger.len)
		packed_add_copy(p, NULL, 0, c->bytes + behind, c->ledger.len - behind);
}

/* Those in front of end, one behind the other. */
static void
add_gaps(struct packed *p, struct ledger *ledger, const char *bytes, size_t end, size_t *len,
    char *out)
{
	struct ledger_range gap;
	size_t at = 0, inert = 0;

	while (ledger_gap(ledger, bytes, &at, &gap, &inert) && gap.begin < end) {
		size_t n = gap.end - gap.begin;

		if (n > packed_room(p)) {
			p->too_big = true;
			return;
		}
		memcpy(out + *len, bytes + gap.begin, n);
		*len += n;
		packed_spend(p, n);
	}
}

static bool
is_sealed(struct cfb *c, const struct cfb_entry *e)
{
	char *head;
	size_t len;
	bool whole, sealed = false;

	if (strcasecmp(e->name, "EncryptedPackage") == 0 ||
	    strcasecmp(e->name, "\tDRMContent") == 0 ||
	    strcasecmp(e->name, "EncryptedSummary") == 0)
		return true;
	if (strcasecmp(e->name, "WordDocument") != 0 && strcasecmp(e->name, "Workbook") != 0 &&
	    strcasecmp(e->name, "Book") != 0 && strcasecmp(e->name, "Current User") != 0)
		return false;
	head = cfb_read(c, e, HEAD_MAX, &len, &whole);
	if (strcasecmp(e->name, "WordDocument") == 0)
		sealed = len >= 12 && le_get(head, 2) == 0xa5ec && (head[11] & 1) != 0;
	else if (strcasecmp(e->name, "Current User") == 0)
		sealed = len >= 16 && le_get(head + 12, 4) == TOKEN_ENCRYPTED;
	else
		sealed = has_filepass(head, len);
	free(head);
	return sealed;
}

/* Among the first records of a workbook: what follows it is encrypted. */
static bool
has_filepass(const char *s, size_t len)
{
	for (size_t at = 0; len - at >= 4; at += 4 + le_get(s + at + 2, 2)) {
		if (le_get(s + at, 2) == 0x2f)
			return true;
		if (le_get(s + at, 2) == 0x0a || le_get(s + at + 2, 2) > len - at - 4)
			return false;
	}
	return false;
}

static void
open_native(struct packed *p, struct cfb *c, const struct cfb_entry *e)
{
	size_t len, room = packed_room(p);
	bool whole;
	char *stream = cfb_read(c, e, room + HEAD_MAX, &len, &whole);

	/* Names, and what a package has beside its file, are small. */
	if (e->size > room + HEAD_MAX)
		p->too_big = true;
	else if (!whole || len < 4 || !ole_package(p, stream + 4, len - 4))
		p->unopened = "OLE package";
	free(stream);
}

bool
ole_package(struct packed *p, const char *s, size_t len)
{
	const char *at = s, *end = s + len, *name;
	struct file f = { .n_names = 0 };
	unsigned int flags = 0;
	size_t size, n;
	char *content;

	/* [MS-OLEDS] does not say; other objects than packages are what their class makes of it. */
	if (len < 6 || le_get(s, 2) != 2)
		return true;
	at += 2;
	for (int i = 0; i < 2; i++) {
		name = string_at(&at, end, &n);
		if (name != NULL)
			add_name(&f, name, n, false);
	}
	at += end - at < 8 ? end - at : 8;
	name = string_at(&at, end, &n);
	if (name != NULL)
		add_name(&f, name, n, false);
	size = end - at < 4 ? 0 : le_get(at, 4);
	at += end - at < 4 ? end - at : 4;
	n = (size_t)(end - at) < size ? (size_t)(end - at) : size;
	if (n < size)
		flags = PACKED_DAMAGED;
	if (n > packed_room(p)) {
		n = packed_room(p);
		flags = PACKED_LIMIT;
	}
	packed_spend(p, n);
	content = malloc(n + 1);
	if (content == NULL)
		err(EX_OSERR, "ole");
	memcpy(content, at, n);
	at += n;
	for (int i = 0; i < 3; i++)
		wide_at(&at, end, &f);
	packed_add_member(p, f.names, f.n_names, content, n, flags);
	forget(&f);
	return true;
}

/* Up to a zero byte, which is passed over; NULL if there is none. */
static const char *
string_at(const char **at, const char *end, size_t *len)
{
	const char *s = *at, *zero = s < end ? memchr(s, '\0', (size_t)(end - s)) : NULL;

	*at = zero == NULL ? end : zero + 1;
	*len = zero == NULL ? 0 : (size_t)(zero - s);
	return zero == NULL ? NULL : s;
}

/* A number of characters, and as many in UTF-16. */
static void
wide_at(const char **at, const char *end, struct file *f)
{
	size_t chars;

	if (end - *at < 4)
		return;
	chars = le_get(*at, 4);
	*at += 4;
	if (chars > (size_t)(end - *at) / 2)
		chars = (size_t)(end - *at) / 2;
	add_name(f, *at, 2 * chars, true);
	*at += 2 * chars;
}

/* All that is below the storage of an attachment: its names and its content. */
static void
open_attachment(struct packed *p, struct cfb *c, size_t storage)
{
	static const char *const kinds[] = { "3707", "3704", "3001", "3703" };
	struct file f = { .n_names = 0 };
	const struct cfb_entry *data = NULL;
	unsigned int flags = 0;
	char *content = NULL;
	size_t len = 0, room = packed_room(p);
	bool whole = true;

	for (size_t i = 0; i < c->n; i++) {
		const struct cfb_entry *e = &c->entries[i];

		if (e->parent != storage || e->type != CFB_STREAM ||
		    strncasecmp(e->name, "__substg1.0_", 12) != 0)
			continue;
		if (strcmp(e->name + 12, "37010102") == 0)
			data = e;
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			char *name;

			if (strncmp(e->name + 12, kinds[k], 4) != 0)
				continue;
			name = cfb_read(c, e, HEAD_MAX, &len, &whole);
			add_name(&f, name, len, strcasecmp(e->name + 16, "001F") == 0);
			free(name);
			if (!whole && p->unopened == NULL)
				p->unopened = "OLE document";
		}
	}
	len = 0;
	if (data != NULL)
		content = cfb_read(c, data, room, &len, &whole);
	packed_spend(p, len);
	if (data != NULL && !whole)
		flags = data->size > room ? PACKED_LIMIT : PACKED_DAMAGED;
	/* More than a sound one has: which of them a program goes by is not known. */
	if (f.n_names == NAMES_MAX && p->unopened == NULL)
		p->unopened = "OLE document";
	packed_add_member(p, f.names, f.n_names, content, len, flags);
	forget(&f);
}

/* Of characters of two bytes, what is not ASCII becomes a letter: an extension has none of it. */
static void
add_name(struct file *f, const char *s, size_t len, bool wide)
{
	size_t n = 0, step = wide ? 2 : 1;
	char *name;

	if (f->n_names == NAMES_MAX || len == 0)
		return;
	name = malloc(len + 1);
	if (name == NULL)
		err(EX_OSERR, "ole");
	for (size_t i = 0; i + step <= len; i += step) {
		if (wide && s[i + 1] != '\0')
			name[n++] = '_';
		else if (s[i] != '\0')
			name[n++] = s[i];
	}
	name[n] = '\0';
	f->names[f->n_names++] = name;
}

static void
forget(struct file *f)
{
	while (f->n_names > 0)
		free(f->names[--f->n_names]);
}

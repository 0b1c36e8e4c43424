/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_vba.c - the macros of a compound file ([MS-OVBA]).
 *
 * A storage VBA has a stream for each module, which begins with what the module was compiled
 * to and ends with its source, compressed (2.4.1); the stream "dir" says where (2.3.4.2).
 * Office runs what was compiled if its version did that, whatever the source says, so the
 * names are looked for in all streams of the storage as well: _VBA_PROJECT has each.
 *
 * Names of procedures that Office calls by itself, as Microsoft documents them: "Auto macros"
 * (Word VBA reference), "Run a macro when you open a workbook" and Auto_Activate (Excel), the
 * events of Document, Workbook, Worksheet, Chart (Office VBA reference), of controls in a
 * document (Microsoft Forms reference, OLEObject events) and of the controls WebBrowser and
 * InkPicture. A name that stands anywhere counts, in a comment too.
 *
 * Reading is linear in the content: of what comes of it there is EXPANDS times as much, and
 * SOURCE_MIN, at the most. Memory that runs out ends the process.
 */
#include "mime_vba.h"

#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "le.h"
#include "mime_cfb.h"

#define CHUNK 4096
#define SOURCE_MAX ((size_t)4 << 20) /* of all modules */
#define SOURCE_MIN ((size_t)64 << 10)
#define EXPANDS 8 /* a document is two to five times shorter than its source, at the most */
#define MODULES_MAX 1000
#define NAME(text, goes_on) \
	{ \
		text, sizeof(text) - 1, goes_on \
	}

struct module {
	char stream[CFB_NAME_MAX];
	uint32_t source; /* where in its stream */
	bool read;
};

struct project {
	struct cfb *c;
	size_t storage; /* in entries */
	struct module modules[MODULES_MAX];
	size_t n;
	size_t streams_left, source_left; /* bytes */
	bool autorun;
};

struct text {
	char *bytes;
	size_t len, max;
};

static bool is_called(const struct cfb_entry *, const char *name);
static bool read_project(struct project *);
static bool read_directory(struct project *);
static bool read_modules(struct project *, const char *, size_t len);
static void add_module(struct module *, const char *, size_t len);
static bool read_stream(struct project *, const struct cfb_entry *);
static bool read_source(struct project *, const char *, size_t len);
static bool decompress(struct text *, const char *, size_t len);
static bool decompress_chunk(struct text *, const char *, size_t len);
static bool copy_token(struct text *, size_t begin, uint32_t token);
static bool put(struct text *, size_t begin, char);
static bool runs(const char *, size_t len, bool source);
static bool is_letter(char);

enum vba
vba_of(const char *bytes, size_t len)
{
	struct project *p = calloc(1, sizeof(*p));
	enum vba found = VBA_NONE;
	bool read = true;
	struct cfb c;

	if (p == NULL)
		err(EX_OSERR, "vba");
	p->c = &c;
	p->streams_left = len;
	p->source_left = SOURCE_MIN + (len < SOURCE_MAX / EXPANDS ? len * EXPANDS : SOURCE_MAX);
	if (!cfb_open(&c, bytes, len))
		c.n = 0;
	for (p->storage = 0; p->storage < c.n; p->storage++) {
		const struct cfb_entry *e = &c.entries[p->storage];

		if (is_called(e, "VBA")) {
			found = VBA_CALLED;
			read = read && read_project(p);
		} else if (is_called(e, "_VBA_PROJECT") &&
		    (e->parent >= c.n || !is_called(&c.entries[e->parent], "VBA"))) {
			/* of Excel 95, or of none that is known */
			found = VBA_CALLED;
			read = false;
		}
	}
	if (found != VBA_NONE && (p->autorun || !read || c.broken))
		found = VBA_AUTORUN;
	cfb_free(&c);
	free(p);
	return found;
}

static bool
is_called(const struct cfb_entry *e, const char *name)
{
	return strcasecmp(e->name, name) == 0;
}

/* False if some of it can't be read. */
static bool
read_project(struct project *p)
{
	if (!read_directory(p) || p->n == 0)
		return false;
	for (size_t i = 0; i < p->c->n; i++) {
		const struct cfb_entry *e = &p->c->entries[i];

		if (e->parent == p->storage && e->type == CFB_STREAM && !read_stream(p, e))
			return false;
	}
	for (size_t i = 0; i < p->n; i++) {
		if (!p->modules[i].read)
			return false;
	}
	return true;
}

static bool
read_directory(struct project *p)
{
	bool read = false;

	p->n = 0;
	for (size_t i = 0; i < p->c->n && !read; i++) {
		const struct cfb_entry *e = &p->c->entries[i];
		struct text dir = { .max = p->source_left };
		char *stream;
		bool whole;
		size_t len;

		if (e->parent != p->storage || e->type != CFB_STREAM || !is_called(e, "dir"))
			continue;
		if (e->size > p->streams_left)
			return false;
		stream = cfb_read(p->c, e, p->streams_left, &len, &whole);
		p->streams_left -= len;
		read = whole && decompress(&dir, stream, len) &&
		    read_modules(p, dir.bytes, dir.len);
		p->source_left -= dir.len;
		free(dir.bytes);
		free(stream);
		if (!read)
			return false;
	}
	return read;
}

/* Records: a number, a length, and so many bytes. Of one the length is a lie (2.3.4.2.1.11). */
static bool
read_modules(struct project *p, const char *s, size_t len)
{
	const struct module none = { .source = 0 };
	struct module m = none;

	for (size_t at = 0; at < len;) {
		uint32_t id, n;

		if (len - at < 6)
			return false;
		id = le_get(s + at, 2);
		n = id == 0x09 ? 6 : le_get(s + at + 2, 4);
		at += 6;
		if (n > len - at)
			return false;
		if (id == 0x32) {
			m = none;
			add_module(&m, s + at, n);
		} else if (id == 0x31) {
			if (n != 4 || m.stream[0] == '\0' || p->n == MODULES_MAX)
				return false;
			m.source = le_get(s + at, 4);
			p->modules[p->n++] = m;
		}
		at += n;
	}
	return true;
}

/* The name of its stream as mime_cfb.c has it. */
static void
add_module(struct module *m, const char *wide, size_t len)
{
	for (size_t i = 0; i < len / 2 && i + 1 < CFB_NAME_MAX; i++)
		m->stream[i] = wide[2 * i];
}

static bool
read_stream(struct project *p, const struct cfb_entry *e)
{
	bool whole, read = true, once = false;
	char *stream;
	size_t len;

	/* Read already, and counted. */
	if (is_called(e, "dir"))
		return true;
	if (e->size > p->streams_left)
		return false;
	stream = cfb_read(p->c, e, p->streams_left, &len, &whole);
	p->streams_left -= len;
	p->autorun = p->autorun || runs(stream, len, false);
	for (size_t i = 0; i < p->n && whole && read; i++) {
		struct module *m = &p->modules[i];

		if (!is_called(e, m->stream))
			continue;
		/* A stream is one module's, or reading it would cost more than it is long. */
		read = !once && m->source <= len &&
		    read_source(p, stream + m->source, len - m->source);
		m->read = once = true;
	}
	free(stream);
	return read && whole;
}

static bool
read_source(struct project *p, const char *s, size_t len)
{
	struct text source = { .max = p->source_left };
	bool read = decompress(&source, s, len);

	p->autorun = p->autorun || runs(source.bytes, source.len, true);
	p->source_left -= source.len;
	free(source.bytes);
	return read;
}

/* 2.4.1.3. The bytes are malloc'd; false if they are not all. */
static bool
decompress(struct text *t, const char *s, size_t len)
{
	size_t at = 1;

	t->bytes = malloc(t->max + 1);
	if (t->bytes == NULL)
		err(EX_OSERR, "vba");
	if (len == 0 || s[0] != 1)
		return false;
	while (at < len) {
		uint32_t head, n;

		if (len - at < 2)
			return false;
		head = le_get(s + at, 2);
		n = (head & 0xfff) + 1;
		at += 2;
		if ((head >> 12 & 7) != 3)
			return false;
		if (n > len - at)
			n = (uint32_t)(len - at);
		if ((head & 0x8000) != 0) {
			if (!decompress_chunk(t, s + at, n))
				return false;
		} else {
			if (n > t->max - t->len)
				return false;
			memcpy(t->bytes + t->len, s + at, n);
			t->len += n;
		}
		at += n;
	}
	return true;
}

static bool
decompress_chunk(struct text *t, const char *s, size_t len)
{
	size_t begin = t->len;

	for (size_t at = 0; at < len;) {
		unsigned char flags = (unsigned char)s[at++];

		for (int bit = 0; bit < 8 && at < len; bit++) {
			if ((flags >> bit & 1) == 0) {
				if (!put(t, begin, s[at++]))
					return false;
			} else {
				if (len - at < 2 || !copy_token(t, begin, le_get(s + at, 2)))
					return false;
				at += 2;
			}
		}
	}
	return true;
}

/* How many of its bits are the length depends on how much there is to copy from. */
static bool
copy_token(struct text *t, size_t begin, uint32_t token)
{
	size_t there = t->len - begin, back, n;
	unsigned int bits = 4;

	while (((size_t)1 << bits) < there)
		bits++;
	back = (token >> (16 - bits)) + 1;
	n = (token & (0xffffu >> bits)) + 3;
	if (back > there)
		return false;
	for (; n > 0; n--) {
		if (!put(t, begin, t->bytes[t->len - back]))
			return false;
	}
	return true;
}

static bool
put(struct text *t, size_t begin, char c)
{
	if (t->len == t->max || t->len - begin == CHUNK)
		return false;
	t->bytes[t->len++] = c;
	return true;
}

/* Around what was compiled stands anything, letters too. */
static bool
runs(const char *s, size_t len, bool source)
{
	static const struct {
		const char *name;
		size_t len;
		bool goes_on;
	} names[] = { NAME("AutoExec", false), NAME("AutoNew", false), NAME("AutoOpen", false),
		NAME("AutoClose", false), NAME("AutoExit", false), NAME("Auto_Open", false),
		NAME("Auto_Close", false), NAME("Auto_Activate", false),
		NAME("Auto_Deactivate", false), NAME("OnSlideShow", true), NAME("Document_", true),
		NAME("Workbook_", true), NAME("Worksheet_", true), NAME("Chart_", true),
		NAME("Project_", true), NAME("_AddControl", false), NAME("_Change", false),
		NAME("_GotFocus", false), NAME("_LostFocus", false), NAME("_Layout", false),
		NAME("_Resize", false), NAME("_SizeChanged", false), NAME("_Scroll", false),
		NAME("_Zoom", false), NAME("_MouseMove", false), NAME("_MouseHover", false),
		NAME("_MouseEnter", false), NAME("_MouseLeave", false), NAME("_Painting", false),
		NAME("_Painted", false), NAME("_BeforeNavigate", true),
		NAME("_NavigateComplete", true), NAME("_NavigateError", false),
		NAME("_DocumentComplete", false), NAME("_DownloadBegin", false),
		NAME("_DownloadComplete", false), NAME("_ProgressChange", false),
		NAME("_PropertyChange", false), NAME("_StatusTextChange", false),
		NAME("_TitleChange", false) };

	for (size_t i = 0; i < len; i++) {
		char c = (char)tolower((unsigned char)s[i]);

		if (c == '\0' || strchr("aodwcp_", c) == NULL)
			continue;
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			const char *name = names[k].name;
			size_t n = names[k].len;

			/* Most are told apart by two letters. */
			if (n > len - i || ((name[0] ^ c) & 0xdf) != 0 ||
			    ((name[1] ^ s[i + 1]) & 0xdf) != 0 || strncasecmp(s + i, name, n) != 0)
				continue;
			if (!source ||
			    ((c == '_' || i == 0 || !is_letter(s[i - 1])) &&
				(names[k].goes_on || i + n == len || !is_letter(s[i + n]))))
				return true;
		}
	}
	return false;
}

static bool
is_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

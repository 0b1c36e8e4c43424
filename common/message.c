/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.c - the spool of one message, and the splice of edits into it.
 *
 * A message is appended to, sealed once, and from then on only read, through a
 * mapping that both halves have of the same pages: the bytes are never copied
 * again. The output is always the original with edits spliced in; without an
 * edit it is the original by construction.
 *
 * Limits: the size given to message_create. Diagnostics: none here, callers
 * log errno.
 */
#include "message.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static bool text_is_plain(const char *text, size_t len, bool crlf_only);
static enum message_result map_bytes(struct message *);

enum message_result
message_create(struct message *m, uint64_t limit)
{
	m->size = 0;
	m->limit = limit;
	m->bytes = NULL;
	m->fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return m->fd == -1 ? MESSAGE_IO : MESSAGE_OK;
}

enum message_result
message_append(struct message *m, const char *buf, size_t len)
{
	if (m->limit != 0 && (m->size > m->limit || len > m->limit - m->size))
		return MESSAGE_TOO_BIG;
	while (len > 0) {
		ssize_t n = write(m->fd, buf, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return MESSAGE_IO;
		buf += n;
		len -= (size_t)n;
		m->size += (uint64_t)n;
	}
	return MESSAGE_OK;
}

enum message_result
message_seal(struct message *m)
{
	if (fcntl(m->fd, F_ADD_SEALS, SEALS) == -1)
		return MESSAGE_IO;
	return map_bytes(m);
}

enum message_result
message_adopt(struct message *m, int fd)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals == -1 || (seals & SEALS) != SEALS) {
		errno = EPERM;
		return MESSAGE_IO;
	}
	if (fstat(fd, &st) == -1)
		return MESSAGE_IO;
	m->fd = fd;
	m->size = (uint64_t)st.st_size;
	m->limit = 0;
	m->bytes = NULL;
	if (map_bytes(m) != MESSAGE_OK) {
		m->fd = -1;
		return MESSAGE_IO;
	}
	return MESSAGE_OK;
}

static enum message_result
map_bytes(struct message *m)
{
	void *p;

	if (m->size == 0)
		return MESSAGE_OK;
	p = mmap(NULL, m->size, PROT_READ, MAP_PRIVATE, m->fd, 0);
	if (p == MAP_FAILED)
		return MESSAGE_IO;
	m->bytes = p;
	return MESSAGE_OK;
}

void
message_close(struct message *m)
{
	union {
		const char *in;
		void *out;
	} bytes = { .in = m->bytes };

	if (m->bytes != NULL)
		munmap(bytes.out, m->size);
	if (m->fd != -1)
		close(m->fd);
	m->fd = -1;
	m->size = 0;
	m->bytes = NULL;
}

const char *
message_check_edits(uint64_t size, const struct edit *edits, size_t n, bool crlf_only)
{
	uint64_t end = 0;

	for (size_t i = 0; i < n; i++) {
		const struct edit *e = &edits[i];

		if (e->offset < end)
			return "edits overlap or are out of order";
		if (e->offset > size || e->length > size - e->offset)
			return "an edit lies outside the message";
		if (!text_is_plain(e->text, e->text_len, crlf_only))
			return "an edit's text is not plain";
		end = e->offset + e->length;
	}
	return NULL;
}

bool
message_edits_keep_lines(const char *bytes, uint64_t size, const struct edit *edits, size_t n)
{
	for (size_t i = 0; i < 2 * n; i++) {
		const struct edit *e = &edits[i / 2];
		uint64_t at = e->offset + (i % 2 == 0 ? 0 : e->length);

		if (at > 0 && at < size && bytes[at - 1] == '\r' && bytes[at] == '\n')
			return false;
	}
	return true;
}

/* 7-bit, printable, whole line endings: safe in a header, a body and on SMTP. */
static bool
text_is_plain(const char *text, size_t len, bool crlf_only)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\r') {
			if (i + 1 == len || text[i + 1] != '\n')
				return false;
			i++;
		} else if (c == '\n') {
			if (crlf_only)
				return false;
		} else if (c != '\t' && (c < 0x20 || c > 0x7e)) {
			return false;
		}
	}
	return true;
}

bool
message_splice(const char *bytes, uint64_t size, const struct edit *edits, size_t n,
    message_sink *sink, void *ctx)
{
	uint64_t at = 0;

	for (size_t i = 0; i < n; i++) {
		const struct edit *e = &edits[i];

		if (e->offset > at && !sink(ctx, bytes + at, e->offset - at))
			return false;
		if (e->text_len > 0 && !sink(ctx, e->text, e->text_len))
			return false;
		at = e->offset + e->length;
	}
	return at == size || sink(ctx, bytes + at, size - at);
}

uint64_t
message_spliced_size(uint64_t size, const struct edit *edits, size_t n)
{
	for (size_t i = 0; i < n; i++)
		size = size - edits[i].length + edits[i].text_len;
	return size;
}

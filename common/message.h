/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - a message: an immutable run of bytes, and edits spliced into it.
 *
 * The bytes live in a memfd that is sealed once they are all there; from then
 * on nobody, on either side of the wall, can change them.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message {
	int fd; /* memfd; -1 = none */
	uint64_t size; /* bytes */
	uint64_t limit; /* most that message_append takes; 0 = no limit */
	const char *bytes; /* mapping, NULL until sealed or if size is 0 */
};

/* Replace length bytes at offset by text. text is not NUL-terminated. */
struct edit {
	uint64_t offset;
	uint64_t length;
	char *text;
	size_t text_len;
};

enum message_result {
	MESSAGE_OK = 0,
	MESSAGE_TOO_BIG = -1, /* over the limit; nothing was appended */
	MESSAGE_IO = -2 /* no memory, no descriptor; errno tells */
};

/* Make an empty one. The caller ends it with message_close. */
enum message_result message_create(struct message *, uint64_t limit);
enum message_result message_append(struct message *, const char *buf, size_t len);

/* No more bytes: seal and map. */
enum message_result message_seal(struct message *);

/*
 * Take over a descriptor that came from elsewhere: must be a memfd sealed
 * against every change, else MESSAGE_IO with errno = EPERM. The descriptor
 * belongs to the message only on success.
 */
enum message_result message_adopt(struct message *, int fd);

/* Unmap and close; harmless on a closed or zeroed (fd = -1) message. */
void message_close(struct message *);

/*
 * Check edits as coming from a stranger: ascending, not overlapping, within
 * the message, each replacement 7-bit text (0x20-0x7e, TAB, line endings; with
 * crlf_only each line ending a CRLF, else LF or CRLF). Returns NULL if all is
 * well, else what is wrong, as a constant sentence.
 */
const char *message_check_edits(uint64_t size, const struct edit *, size_t n, bool crlf_only);

/* A sink takes all of buf or returns false. */
typedef bool message_sink(void *ctx, const char *buf, size_t len);

/*
 * Do all edits begin and end between lines or within one, never between the CR
 * and the LF of a line ending? One that did could leave half of it, and SMTP takes
 * nothing but the whole for an end.
 */
bool message_edits_keep_lines(const char *bytes, uint64_t size, const struct edit *, size_t n);

/*
 * The message with its edits, piece by piece, to sink. Returns false as soon
 * as the sink does. Edits must have passed message_check_edits.
 */
bool message_splice(const char *bytes, uint64_t size, const struct edit *, size_t n,
    message_sink *sink, void *ctx);

/* Size of the result. */
uint64_t message_spliced_size(uint64_t size, const struct edit *, size_t n);

#endif

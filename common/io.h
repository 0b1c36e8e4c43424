/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * io.h - bounded, deadlined I/O on a pair of descriptors; the one routine
 * for both peers of a session.
 */
#ifndef IO_H
#define IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum io_result {
	IO_OK = 0,
	IO_EOF = -1, /* the peer closed */
	IO_TIMEOUT = -2, /* the deadline passed */
	IO_TOO_LONG = -3, /* no line ending within the limit; the rest of the line is passed over */
	IO_ERROR = -4, /* errno tells */
	IO_INPUT = -5 /* nothing more was written: the peer spoke first (heed_input) */
};

#define IO_BUFFER_SIZE (64u << 10)

/*
 * Reading and writing side may be one descriptor (a socket) or two (pipes).
 * O_NONBLOCK is never set, since a pipe's flags are shared with strangers.
 * Deadlines are in clock_ms's time.
 */
struct io {
	int rfd, wfd;
	size_t in_begin, in_end; /* what was read and not yet taken */
	size_t out_len; /* what was written and not yet flushed */
	bool passing_over; /* in the rest of an over-long line */
	bool heed_input; /* the caller's wish: stop writing when the peer speaks or closes */
	char in[IO_BUFFER_SIZE];
	char out[IO_BUFFER_SIZE];
};

/* Puts TCP_NODELAY on sockets. */
void io_init(struct io *, int rfd, int wfd);
/* Closes both; pending output is lost. */
void io_close(struct io *);

/*
 * The next line, without its end; *line points into the buffer and is good
 * until the next read. A line ends at LF; *crlf tells if a CR came before it.
 * limit counts the bytes with the line ending. NULs and CRs stay in the line.
 */
enum io_result io_read_line(struct io *, size_t limit, int64_t deadline, char **line, size_t *len,
    bool *crlf);

/*
 * At least one byte: *buf and *len say what is in the buffer. Take with
 * io_take what was used.
 */
enum io_result io_read_some(struct io *, int64_t deadline, const char **buf, size_t *len);
void io_take(struct io *, size_t n);

/* True if a whole line is waiting in the buffer: more pipelined commands. */
bool io_line_waiting(const struct io *);

/*
 * True if the peer has hung up: a socket that it closed, or a pipe that it reads
 * no more. One that it writes no more is not: "printf ... | spawnscan" has said
 * all that it has to say and waits for the replies. TCP does not tell the two
 * apart, so there it has hung up.
 */
bool io_hung_up(const struct io *);

/* Throw away what was read and not taken. */
void io_discard_input(struct io *);

/* Buffered; writes through when the buffer is full. */
enum io_result io_write(struct io *, const char *buf, size_t len, int64_t deadline);
enum io_result io_flush(struct io *, int64_t deadline);

/* A constant word or two for the log. */
const char *io_result_text(enum io_result);

#endif

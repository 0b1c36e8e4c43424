/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * io - bounded, deadlined I/O on a pair of descriptors
 *
 * One struct io per peer: a read buffer, a write buffer, two descriptors (or
 * one that is both). The caller owns the struct; io_close closes the
 * descriptors, and a caller that only borrowed them doesn't call it.
 *
 * Deadlines are absolute: a peer that gives or takes one byte at a time gets
 * no more time than a silent one. What already lies in the buffer is handed
 * out whatever the clock says.
 *
 * No descriptor is made non-blocking, since the flags of a pipe or a terminal
 * belong to everyone who has it open. Instead every read and write comes after
 * a poll, and writes are such that they can't block then: MSG_DONTWAIT on a
 * socket, at most PIPE_BUF bytes elsewhere (POSIX promises room for that many
 * in a pipe that polls as writable).
 *
 * Limits: a line is at most IO_BUFFER_SIZE bytes, whatever the caller says.
 *
 * Diagnostics: none of its own, every failure is an enum io_result. A write
 * that failed may be tried again; what went out is not sent twice. SIGPIPE
 * must be ignored by the program.
 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"

static enum io_result io_poll(struct pollfd *, nfds_t, int64_t);
static enum io_result io_failure(void);
static enum io_result io_fill(struct io *, int64_t);
static void io_make_room(struct io *);
static void io_pass_over(struct io *);
static const char *io_find_line(const struct io *, size_t);
static enum io_result io_wait_writable(const struct io *, int64_t);
static ssize_t io_put(int, const char *, size_t);

void
io_init(struct io *io, int rfd, int wfd)
{
	const int on = 1;

	io->rfd = rfd;
	io->wfd = wfd;
	io->in_begin = io->in_end = io->out_len = 0;
	io->passing_over = io->heed_input = false;
	/* Fails on what is not a TCP socket, and that is well. */
	(void)setsockopt(wfd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void
io_close(struct io *io)
{
	if (io->rfd >= 0)
		close(io->rfd);
	if (io->wfd >= 0 && io->wfd != io->rfd)
		close(io->wfd);
	io->rfd = io->wfd = -1;
	io->in_begin = io->in_end = io->out_len = 0;
}

/* io_poll - wait until one of fds is ready; not one millisecond past deadline */
static enum io_result
io_poll(struct pollfd *fds, nfds_t n, int64_t deadline)
{
	int64_t left;
	int ready;

	for (;;) {
		if ((left = deadline - clock_ms()) <= 0)
			return IO_TIMEOUT;
		ready = poll(fds, n, (int)MIN(left, INT_MAX));
		if (ready > 0)
			return IO_OK;
		if (ready == -1 && errno != EINTR)
			return IO_ERROR;
	}
}

/* io_failure - class of a failed read or write; IO_OK: try again */
static enum io_result
io_failure(void)
{
	switch (errno) {
	case EINTR:
	case EAGAIN:
		return IO_OK;
	case EPIPE:
	case ECONNRESET:
		return IO_EOF;
	default:
		return IO_ERROR;
	}
}

static void
io_make_room(struct io *io)
{
	if (io->in_begin == io->in_end)
		io->in_begin = io->in_end = 0;
	if (io->in_end < sizeof(io->in))
		return;
	memmove(io->in, io->in + io->in_begin, io->in_end - io->in_begin);
	io->in_end -= io->in_begin;
	io->in_begin = 0;
}

/* io_fill - read at least one more byte; the buffer must not be full */
static enum io_result
io_fill(struct io *io, int64_t deadline)
{
	struct pollfd fd = { .fd = io->rfd, .events = POLLIN };
	enum io_result result;
	ssize_t n;

	io_make_room(io);
	for (;;) {
		if ((result = io_poll(&fd, 1, deadline)) != IO_OK)
			return result;
		n = read(io->rfd, io->in + io->in_end, sizeof(io->in) - io->in_end);
		if (n == 0)
			return IO_EOF;
		if (n > 0) {
			io->in_end += (size_t)n;
			return IO_OK;
		}
		if ((result = io_failure()) != IO_OK)
			return result;
	}
}

/* io_pass_over - drop the rest of an over-long line, as far as it has come */
static void
io_pass_over(struct io *io)
{
	const char *begin = io->in + io->in_begin, *lf;

	if (!io->passing_over)
		return;
	if ((lf = memchr(begin, '\n', io->in_end - io->in_begin)) == NULL) {
		io->in_begin = io->in_end = 0;
		return;
	}
	io->in_begin += (size_t)(lf + 1 - begin);
	io->passing_over = false;
}

/* io_find_line - the LF that ends a line of at most limit bytes, or NULL */
static const char *
io_find_line(const struct io *io, size_t limit)
{
	return memchr(io->in + io->in_begin, '\n', MIN(io->in_end - io->in_begin, limit));
}

enum io_result
io_read_line(struct io *io, size_t limit, int64_t deadline, char **line, size_t *len, bool *crlf)
{
	enum io_result result;
	const char *lf = NULL;

	limit = MIN(limit, sizeof(io->in));
	for (;;) {
		io_pass_over(io);
		if (!io->passing_over) {
			if ((lf = io_find_line(io, limit)) != NULL)
				break;
			if (io->in_end - io->in_begin >= limit) {
				io->passing_over = true;
				return IO_TOO_LONG;
			}
		}
		if ((result = io_fill(io, deadline)) != IO_OK)
			return result;
	}
	*line = io->in + io->in_begin;
	*len = (size_t)(lf - *line);
	io->in_begin += *len + 1;
	*crlf = *len > 0 && (*line)[*len - 1] == '\r';
	if (*crlf)
		--*len;
	return IO_OK;
}

enum io_result
io_read_some(struct io *io, int64_t deadline, const char **buf, size_t *len)
{
	enum io_result result;

	for (io_pass_over(io); io->in_begin == io->in_end; io_pass_over(io)) {
		if ((result = io_fill(io, deadline)) != IO_OK)
			return result;
	}
	*buf = io->in + io->in_begin;
	*len = io->in_end - io->in_begin;
	return IO_OK;
}

void
io_take(struct io *io, size_t n)
{
	io->in_begin += MIN(n, io->in_end - io->in_begin);
}

bool
io_line_waiting(const struct io *io)
{
	const char *begin = io->in + io->in_begin, *end = io->in + io->in_end, *lf;

	lf = memchr(begin, '\n', (size_t)(end - begin));
	if (lf != NULL && io->passing_over)
		lf = memchr(lf + 1, '\n', (size_t)(end - (lf + 1)));
	return lf != NULL;
}

/*
 * io_hung_up - by what poll(2) tells of each kind of descriptor
 *
 * A Unix socket has POLLHUP when the peer has closed it, and POLLRDHUP alone
 * when the peer will only write no more. TCP has POLLRDHUP for both, and a QUIT
 * that waits says nothing: Postfix sends one together with the final dot. A pipe
 * has POLLERR on its writing side when nobody reads it.
 */
bool
io_hung_up(const struct io *io)
{
	struct pollfd fds[2] = { { .fd = io->rfd, .events = POLLRDHUP }, { .fd = io->wfd } };
	int domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);

	if (poll(fds, 2, 0) <= 0)
		return false;
	if ((fds[0].revents & POLLERR) != 0 || (fds[1].revents & (POLLERR | POLLHUP)) != 0)
		return true;
	if ((fds[0].revents & POLLRDHUP) == 0)
		return false;
	(void)getsockopt(io->rfd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	return domain != AF_UNIX;
}

void
io_discard_input(struct io *io)
{
	io->in_begin = io->in_end = 0;
}

/* io_wait_writable - until the peer takes more, or speaks while it should listen */
static enum io_result
io_wait_writable(const struct io *io, int64_t deadline)
{
	struct pollfd fds[2] = { { .fd = io->wfd, .events = POLLOUT },
		{ .fd = io->heed_input ? io->rfd : -1, .events = POLLIN } };
	enum io_result result;

	if (io->heed_input && io->in_begin < io->in_end)
		return IO_INPUT;
	if ((result = io_poll(fds, 2, deadline)) != IO_OK)
		return result;
	return fds[1].revents != 0 ? IO_INPUT : IO_OK;
}

/* io_put - write what can be written without blocking */
static ssize_t
io_put(int fd, const char *buf, size_t len)
{
	ssize_t n;

	n = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == -1 && errno == ENOTSOCK)
		n = write(fd, buf, MIN(len, PIPE_BUF));
	return n;
}

enum io_result
io_flush(struct io *io, int64_t deadline)
{
	enum io_result result = IO_OK;
	size_t done = 0;
	ssize_t n;

	while (done < io->out_len) {
		if ((result = io_wait_writable(io, deadline)) != IO_OK)
			break;
		n = io_put(io->wfd, io->out + done, io->out_len - done);
		if (n >= 0)
			done += (size_t)n;
		else if ((result = io_failure()) != IO_OK)
			break;
	}
	io->out_len -= done;
	memmove(io->out, io->out + done, io->out_len);
	return result;
}

enum io_result
io_write(struct io *io, const char *buf, size_t len, int64_t deadline)
{
	enum io_result result;
	size_t n;

	while (len > 0) {
		if (io->out_len == sizeof(io->out) && (result = io_flush(io, deadline)) != IO_OK)
			return result;
		n = MIN(len, sizeof(io->out) - io->out_len);
		memcpy(io->out + io->out_len, buf, n);
		io->out_len += n;
		buf += n;
		len -= n;
	}
	return IO_OK;
}

const char *
io_result_text(enum io_result result)
{
	switch (result) {
	case IO_OK:
		return "ok";
	case IO_EOF:
		return "connection closed";
	case IO_TIMEOUT:
		return "timed out";
	case IO_TOO_LONG:
		return "line too long";
	case IO_INPUT:
		return "spoke out of turn";
	case IO_ERROR:
		return "I/O error";
	}
	return "unknown";
}

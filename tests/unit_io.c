/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_io.c - lines and bytes over a socket and over two pipes, dribbled,
 * cut, too long, too late.
 *
 * A child plays the peer where both sides have to move at once. The only
 * clocks are deadlines under test. UNIT_SEED=N repeats a pseudo-random run.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "io.h"

#define SOON 50 /* ms: for deadlines that shall pass */
#define LATE 20000 /* ms: for those that shall not */
#define LIMIT 2048
#define BULK (1u << 20)

enum kind { SOCKET, PIPES, KINDS };

struct wire {
	struct io io;
	int peer_r, peer_w;
	pid_t child;
};

static unsigned int seed;
static uint64_t random_state;
static struct wire wire;
static char bulk[BULK], back[BULK];

static void
roll_start(void)
{
	random_state = seed * UINT64_C(2654435761) + 1;
}

static unsigned int
roll(unsigned int n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned int)(random_state >> 33) % n;
}

static void
wire_open(enum kind kind)
{
	int a[2], b[2];

	if (kind == SOCKET) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
		io_init(&wire.io, a[0], a[0]);
		wire.peer_r = wire.peer_w = a[1];
	} else {
		assert_int_equal(pipe(a), 0);
		assert_int_equal(pipe(b), 0);
		io_init(&wire.io, a[0], b[1]);
		wire.peer_r = b[0];
		wire.peer_w = a[1];
	}
	wire.child = -1;
}

static void
peer_close(void)
{
	if (wire.peer_r >= 0)
		close(wire.peer_r);
	if (wire.peer_w >= 0 && wire.peer_w != wire.peer_r)
		close(wire.peer_w);
	wire.peer_r = wire.peer_w = -1;
}

static void
wire_close(void)
{
	peer_close();
	io_close(&wire.io);
	if (wire.child > 0)
		assert_int_equal(waitpid(wire.child, NULL, 0), wire.child);
}

static void
peer_send(const char *bytes, size_t len)
{
	assert_int_equal(write(wire.peer_w, bytes, len), len);
}

#define PEER_SAYS(text) peer_send(text, sizeof(text) - 1)

/* Start the peer as a process of its own; true in the child. */
static bool
peer_forks(void)
{
	assert_true((wire.child = fork()) >= 0);
	if (wire.child == 0) {
		close(wire.io.rfd);
		if (wire.io.wfd != wire.io.rfd)
			close(wire.io.wfd);
		return true;
	}
	peer_close();
	return false;
}

/* The child's work: send all, in pieces of size piece (0 = random ones), and go. */
static void
child_sends(const char *bytes, size_t len, size_t piece)
{
	size_t n;
	ssize_t sent;

	while (len > 0) {
		n = piece != 0 ? piece : 1 + roll(5000);
		sent = write(wire.peer_w, bytes, n < len ? n : len);
		if (sent <= 0)
			break;
		bytes += sent;
		len -= (size_t)sent;
	}
	_exit(0);
}

static void
want_line(const char *text, size_t len, bool crlf)
{
	char *line;
	size_t n;
	bool c;

	assert_int_equal(io_read_line(&wire.io, LIMIT, clock_ms() + LATE, &line, &n, &c), IO_OK);
	assert_int_equal(n, len);
	assert_memory_equal(line, text, len);
	assert_int_equal(c, crlf);
}

#define WANT_LINE(text, crlf) want_line(text, sizeof(text) - 1, crlf)

static enum io_result
line_result(size_t limit, int64_t ms)
{
	char *line;
	size_t n;
	bool c;

	return io_read_line(&wire.io, limit, clock_ms() + ms, &line, &n, &c);
}

static const char conversation[] = "one\r\n"
				   "two\n"
				   "\r\n"
				   "\n"
				   "cr\rcr\r\r\n"
				   "nu\0l\r\n"
				   ".\r\n";

static const struct {
	const char *text;
	size_t len, end; /* where its LF stands in the conversation, plus one */
	bool crlf;
} conversation_lines[] = {
	{ "one", 3, 5, true },
	{ "two", 3, 9, false },
	{ "", 0, 11, true },
	{ "", 0, 12, false },
	{ "cr\rcr\r", 6, 20, true },
	{ "nu\0l", 4, 26, true },
	{ ".", 1, 29, true },
};

#define N_LINES (sizeof(conversation_lines) / sizeof(conversation_lines[0]))

/* Those lines that lie between two places of the conversation, and no more. */
static void
want_conversation(size_t begin, size_t end)
{
	size_t i;

	for (i = 0; i < N_LINES; i++)
		if (conversation_lines[i].end > begin && conversation_lines[i].end <= end)
			want_line(conversation_lines[i].text, conversation_lines[i].len,
			    conversation_lines[i].crlf);
	assert_false(io_line_waiting(&wire.io));
}

static void
test_lines(void **unused)
{
	enum kind kind;
	size_t piece;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		for (piece = 1; piece <= sizeof(conversation); piece++) {
			wire_open(kind);
			if (peer_forks())
				child_sends(conversation, sizeof(conversation) - 1, piece);
			want_conversation(0, sizeof(conversation) - 1);
			assert_int_equal(line_result(LIMIT, LATE), IO_EOF);
			wire_close();
		}
	}
}

static void
test_every_split(void **unused)
{
	size_t split, len = sizeof(conversation) - 1;
	enum kind kind;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		for (split = 1; split < len; split++) {
			wire_open(kind);
			peer_send(conversation, split);
			want_conversation(0, split);
			assert_int_equal(line_result(LIMIT, 1), IO_TIMEOUT);
			peer_send(conversation + split, len - split);
			want_conversation(split, len);
			wire_close();
		}
	}
}

/* Random lines through all buffer positions, in random pieces. */
static void
test_bulk_lines(void **unused)
{
	size_t i, len, begin;
	enum kind kind;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		for (i = 0; i < BULK; i++)
			bulk[i] = roll(200) == 0 || i == BULK - 1 ? '\n' : (char)('a' + roll(26));
		wire_open(kind);
		if (peer_forks())
			child_sends(bulk, BULK, 0);
		for (begin = 0; begin < BULK; begin += len + 1) {
			len = (size_t)((char *)memchr(bulk + begin, '\n', BULK - begin) - bulk) -
			    begin;
			if (len < LIMIT)
				want_line(bulk + begin, len, false);
			else
				assert_int_equal(line_result(LIMIT, LATE), IO_TOO_LONG);
		}
		assert_int_equal(line_result(LIMIT, LATE), IO_EOF);
		wire_close();
	}
}

static void
test_limit(void **unused)
{
	size_t len, limit;
	char line[64];
	enum kind kind;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		for (limit = 1; limit <= 20; limit++) {
			for (len = 2; len <= 40; len++) {
				wire_open(kind);
				memset(line, 'x', len);
				memcpy(line + len - 2, "\r\n", 2);
				peer_send(line, len);
				PEER_SAYS("ok\r\n");
				assert_int_equal(line_result(limit, LATE),
				    len <= limit ? IO_OK : IO_TOO_LONG);
				WANT_LINE("ok", true);
				wire_close();
			}
		}
	}
}

/* A line beyond the whole buffer, in pieces of all kinds; the next one is whole. */
static void
test_endless_line(void **unused)
{
	static const size_t pieces[] = { 0, 1, 4096, 65536, BULK };
	size_t i, limits[] = { 512, IO_BUFFER_SIZE, IO_BUFFER_SIZE * 2 }, k;
	enum kind kind;

	(void)unused;
	memset(bulk, 'x', BULK);
	memcpy(bulk + 3 * IO_BUFFER_SIZE, "\nnext\r\n", 7);
	for (kind = 0; kind < KINDS; kind++) {
		for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
			for (k = 0; k < 3; k++) {
				wire_open(kind);
				if (peer_forks())
					child_sends(bulk, 3 * IO_BUFFER_SIZE + 7, pieces[i]);
				assert_int_equal(line_result(limits[k], LATE), IO_TOO_LONG);
				WANT_LINE("next", true);
				assert_int_equal(line_result(LIMIT, LATE), IO_EOF);
				wire_close();
			}
		}
	}
}

static void
test_line_waiting(void **unused)
{
	(void)unused;
	wire_open(SOCKET);
	assert_false(io_line_waiting(&wire.io));
	PEER_SAYS("a\r\nb\r\nc");
	WANT_LINE("a", true);
	assert_true(io_line_waiting(&wire.io));
	WANT_LINE("b", true);
	assert_false(io_line_waiting(&wire.io));
	PEER_SAYS("\r\n");
	WANT_LINE("c", true);

	/* The end of an over-long line is no line. */
	PEER_SAYS("too long\r\n");
	assert_int_equal(line_result(4, LATE), IO_TOO_LONG);
	assert_false(io_line_waiting(&wire.io));
	PEER_SAYS("too long\r\nd\r\n");
	assert_int_equal(line_result(4, LATE), IO_TOO_LONG);
	assert_true(io_line_waiting(&wire.io));
	WANT_LINE("d", true);
	wire_close();
}

static void
test_some_and_discard(void **unused)
{
	const char *buf;
	size_t len;
	enum kind kind;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		wire_open(kind);
		PEER_SAYS("line\r\nsome bytes");
		WANT_LINE("line", true);
		assert_int_equal(io_read_some(&wire.io, clock_ms() + LATE, &buf, &len), IO_OK);
		assert_int_equal(len, 10);
		assert_memory_equal(buf, "some bytes", 10);
		io_take(&wire.io, 5);
		/* What is in the buffer needs no time. */
		assert_int_equal(io_read_some(&wire.io, clock_ms() - 1, &buf, &len), IO_OK);
		assert_int_equal(len, 5);
		assert_memory_equal(buf, "bytes", 5);
		io_discard_input(&wire.io);
		assert_int_equal(io_read_some(&wire.io, clock_ms() + SOON, &buf, &len), IO_TIMEOUT);
		PEER_SAYS("x");
		assert_int_equal(io_read_some(&wire.io, clock_ms() + LATE, &buf, &len), IO_OK);
		assert_int_equal(len, 1);
		wire_close();
	}
}

/* The rest of an over-long line is not handed out as bytes either. */
static void
test_some_after_long_line(void **unused)
{
	const char *buf;
	size_t len;

	(void)unused;
	wire_open(SOCKET);
	PEER_SAYS("0123456789");
	assert_int_equal(line_result(4, LATE), IO_TOO_LONG);
	assert_int_equal(io_read_some(&wire.io, clock_ms() + SOON, &buf, &len), IO_TIMEOUT);
	PEER_SAYS("0123\nrest");
	assert_int_equal(io_read_some(&wire.io, clock_ms() + LATE, &buf, &len), IO_OK);
	assert_int_equal(len, 4);
	assert_memory_equal(buf, "rest", 4);
	wire_close();
}

static void
test_read_deadline(void **unused)
{
	const char *buf;
	int64_t begin;
	size_t len;
	enum kind kind;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		wire_open(kind);
		begin = clock_ms();
		assert_int_equal(line_result(LIMIT, SOON), IO_TIMEOUT);
		assert_true(clock_ms() - begin >= SOON);
		/* A piece of a line is no line, and isn't lost either. */
		PEER_SAYS("ha");
		assert_int_equal(line_result(LIMIT, SOON), IO_TIMEOUT);
		PEER_SAYS("lf\r\n");
		/* A deadline in the past: not even what is ready. */
		assert_int_equal(line_result(LIMIT, -1), IO_TIMEOUT);
		assert_int_equal(io_read_some(&wire.io, clock_ms() - 1, &buf, &len), IO_OK);
		WANT_LINE("half", true);
		wire_close();
	}
}

/* A peer that always has one more byte gets no more time than a silent one. */
static void
test_dribbler_deadline(void **unused)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int64_t begin;
	enum kind kind;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		wire_open(kind);
		if (peer_forks()) {
			while (write(wire.peer_w, "x", 1) == 1)
				nanosleep(&pause, NULL);
			_exit(0);
		}
		begin = clock_ms();
		assert_int_equal(line_result(IO_BUFFER_SIZE, SOON * 4), IO_TIMEOUT);
		assert_true(clock_ms() - begin >= SOON * 4);
		assert_true(clock_ms() - begin < LATE / 2);
		wire_close();
	}
}

static void
test_write_bulk(void **unused)
{
	size_t i, n, got, piece;
	enum kind kind;
	ssize_t r;
	char c;

	(void)unused;
	for (i = 0; i < BULK; i++)
		bulk[i] = (char)roll(256);
	for (kind = 0; kind < KINDS; kind++) {
		for (piece = 1; piece <= 3 * IO_BUFFER_SIZE; piece = piece * 7 + 1) {
			wire_open(kind);
			if (peer_forks()) {
				for (got = 0; got < BULK &&
				     (r = read(wire.peer_r, back + got, BULK - got)) > 0;
				     got += (size_t)r)
					continue;
				c = got == BULK && memcmp(bulk, back, BULK) == 0 ? 'y' : 'n';
				_exit(write(wire.peer_w, &c, 1) != 1);
			}
			for (i = 0; i < BULK; i += n) {
				n = piece < BULK - i ? piece : BULK - i;
				assert_int_equal(io_write(&wire.io, bulk + i, n, clock_ms() + LATE),
				    IO_OK);
			}
			assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_OK);
			assert_int_equal(line_result(1, LATE), IO_TOO_LONG);
			assert_int_equal(wire.io.in[0], 'y');
			wire_close();
		}
	}
}

/* Nothing goes out before the flush, and a full buffer goes out by itself. */
static void
test_write_is_buffered(void **unused)
{
	char c;

	(void)unused;
	wire_open(PIPES);
	assert_int_equal(fcntl(wire.peer_r, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(io_write(&wire.io, "hello", 5, clock_ms() + LATE), IO_OK);
	assert_int_equal(read(wire.peer_r, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_OK);
	assert_int_equal(read(wire.peer_r, back, 10), 5);
	assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_OK);
	assert_int_equal(io_write(&wire.io, bulk, IO_BUFFER_SIZE, clock_ms() + LATE), IO_OK);
	assert_int_equal(read(wire.peer_r, &c, 1), -1);
	assert_int_equal(io_write(&wire.io, "x", 1, clock_ms() + LATE), IO_OK);
	assert_int_equal(read(wire.peer_r, back, BULK), IO_BUFFER_SIZE);
	wire_close();
}

/* A peer that doesn't read: on time, and when it reads again nothing is lost or twice. */
static void
test_write_deadline(void **unused)
{
	const int small = 4096;
	size_t sent, got = 0;
	int64_t begin;
	ssize_t n;
	enum kind kind;

	(void)unused;
	for (sent = 0; sent < BULK; sent++)
		bulk[sent] = (char)roll(256);
	for (kind = 0; kind < KINDS; kind++) {
		wire_open(kind);
		assert_int_equal(fcntl(wire.peer_r, F_SETFL, O_NONBLOCK), 0);
		/* So that a flush gets stuck in the middle, not between two. */
		(void)setsockopt(wire.io.wfd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		assert_int_equal(io_write(&wire.io, bulk, 5000, clock_ms() + LATE), IO_OK);
		if (kind == PIPES)
			assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_OK);
		for (sent = 5000;
		     io_write(&wire.io, bulk + sent, 1000, clock_ms() + SOON) == IO_OK;)
			assert_true((sent += 1000) < BULK - 1000);
		begin = clock_ms();
		assert_int_equal(io_flush(&wire.io, begin + SOON), IO_TIMEOUT);
		assert_true(clock_ms() - begin >= SOON);
		/* io_write took a part of the last piece before it failed. */
		for (got = 0;;) {
			while ((n = read(wire.peer_r, back + got, BULK - got)) > 0)
				got += (size_t)n;
			if (wire.io.out_len == 0)
				break;
			(void)io_flush(&wire.io, clock_ms() + SOON);
		}
		assert_true(got >= sent && got < sent + 1000);
		assert_memory_equal(back, bulk, got);
		wire_close();
	}
}

static void
test_peer_closes(void **unused)
{
	const char *buf;
	size_t len;
	enum kind kind;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		wire_open(kind);
		PEER_SAYS("last\r\ncut off");
		peer_close();
		WANT_LINE("last", true);
		assert_int_equal(line_result(LIMIT, LATE), IO_EOF);
		assert_int_equal(line_result(LIMIT, LATE), IO_EOF);
		io_discard_input(&wire.io);
		assert_int_equal(io_read_some(&wire.io, clock_ms() + LATE, &buf, &len), IO_EOF);
		assert_int_equal(io_write(&wire.io, "x", 1, clock_ms() + LATE), IO_OK);
		assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_EOF);
		wire_close();
	}
}

static void
test_heed_input(void **unused)
{
	enum kind kind;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		wire_open(kind);
		PEER_SAYS("early\r\nmore\r\n");
		assert_int_equal(io_write(&wire.io, "x", 1, clock_ms() + LATE), IO_OK);
		assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_OK);
		wire.io.heed_input = true;
		assert_int_equal(io_write(&wire.io, "y", 1, clock_ms() + LATE), IO_OK);
		assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_INPUT);
		WANT_LINE("early", true);
		/* Also what was read already. */
		assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_INPUT);
		WANT_LINE("more", true);
		assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_OK);
		assert_int_equal(read(wire.peer_r, back, 10), 2);
		assert_memory_equal(back, "xy", 2);
		peer_close();
		assert_int_equal(io_write(&wire.io, "z", 1, clock_ms() + LATE), IO_OK);
		assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_INPUT);
		assert_int_equal(line_result(LIMIT, LATE), IO_EOF);
		wire_close();
	}
}

/* The peer stops reading, speaks, and stays: the writer must not wait for its deadline. */
static void
test_heed_while_blocked(void **unused)
{
	enum io_result result = IO_OK;
	enum kind kind;
	int64_t begin;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		wire_open(kind);
		wire.io.heed_input = true;
		if (peer_forks()) {
			/* The first byte says that the other side is writing. */
			assert_int_equal(read(wire.peer_r, back, 1), 1);
			PEER_SAYS("enough\r\n");
			while (read(wire.peer_r, back, 1) == 1 && back[0] != 'e')
				continue;
			_exit(0);
		}
		begin = clock_ms();
		memset(bulk, 'x', BULK);
		while (result == IO_OK)
			result = io_write(&wire.io, bulk, BULK, clock_ms() + LATE);
		assert_int_equal(result, IO_INPUT);
		assert_true(clock_ms() - begin < LATE / 2);
		WANT_LINE("enough", true);
		result = IO_OK;
		wire_close();
	}
}

static void
test_bad_descriptor(void **unused)
{
	(void)unused;
	io_init(&wire.io, 1000, 1000);
	wire.child = wire.peer_r = wire.peer_w = -1;
	assert_int_equal(line_result(LIMIT, LATE), IO_ERROR);
	assert_int_equal(errno, EBADF);
	assert_int_equal(io_write(&wire.io, "x", 1, clock_ms() + LATE), IO_OK);
	assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_ERROR);
	wire.io.rfd = wire.io.wfd = -1;
	io_close(&wire.io);
}

/* The flags of a descriptor belong to others as well. */
static void
test_flags_untouched(void **unused)
{
	enum kind kind;

	(void)unused;
	for (kind = 0; kind < KINDS; kind++) {
		wire_open(kind);
		PEER_SAYS("a\r\n");
		WANT_LINE("a", true);
		assert_int_equal(io_write(&wire.io, "x", 1, clock_ms() + LATE), IO_OK);
		assert_int_equal(io_flush(&wire.io, clock_ms() + LATE), IO_OK);
		assert_int_equal(fcntl(wire.io.rfd, F_GETFL) & O_NONBLOCK, 0);
		assert_int_equal(fcntl(wire.io.wfd, F_GETFL) & O_NONBLOCK, 0);
		wire_close();
	}
}

static void
test_texts(void **unused)
{
	int a, b;

	(void)unused;
	for (a = IO_INPUT; a <= IO_OK; a++) {
		for (b = IO_INPUT; b < a; b++)
			assert_string_not_equal(io_result_text((enum io_result)a),
			    io_result_text((enum io_result)b));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_bulk_lines),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_line_waiting),
		cmocka_unit_test(test_some_and_discard),
		cmocka_unit_test(test_some_after_long_line),
		cmocka_unit_test(test_read_deadline),
		cmocka_unit_test(test_dribbler_deadline),
		cmocka_unit_test(test_write_bulk),
		cmocka_unit_test(test_write_is_buffered),
		cmocka_unit_test(test_write_deadline),
		cmocka_unit_test(test_peer_closes),
		cmocka_unit_test(test_heed_input),
		cmocka_unit_test(test_heed_while_blocked),
		cmocka_unit_test(test_bad_descriptor),
		cmocka_unit_test(test_flags_untouched),
		cmocka_unit_test(test_texts),
	};
	const char *given = getenv("UNIT_SEED");

	signal(SIGPIPE, SIG_IGN);
	seed = given != NULL ? (unsigned int)strtoul(given, NULL, 10)
			     : (unsigned int)time(NULL) ^ ((unsigned int)getpid() << 16);
	roll_start();
	print_message("# UNIT_SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

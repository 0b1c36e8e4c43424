/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan_clamd.c - a running clamd as the scanner.
 *
 * The process that scans may not open a socket any more, and clamd closes a
 * connection after one command; so there is one session (zIDSESSION), begun
 * before the sandbox closes and used for every scan of the message. Each
 * command has a number, and a reply must carry it. One command is under way at
 * a time.
 *
 * Over a Unix socket the bytes are handed over in a memory file (FILDES; clamd
 * 1.4.6 takes it for the regular file that it wants). That is tried with a
 * harmless text, which clamd has in its cache from the second time on; where it
 * does not work (AppArmor), and over TCP, they are sent (INSTREAM).
 *
 * Only "OK" and "NAME FOUND" count. Whatever else comes, or does not come in
 * time, fails the scan and ends the session, which may be out of step: every
 * further scan of this message fails, too. Of several servers the
 * first that answers within its share of the time is taken, before the first
 * scan; the next message begins with the first again.
 *
 * What libclamav gives in our own process and clamd can't (for the manual):
 *  - What is "clean" is up to clamd.conf. Unless it has AlertExceedsMax yes,
 *    what is larger or deeper than its limits is clean; AlertEncrypted yes for
 *    encrypted archives; ScanMail, ScanArchive and the like must be on, and
 *    StreamMaxLength (INSTREAM) at least message_size_limit. Our scan_*_limit
 *    settings are not for it.
 *  - It tells the first hit only, and nothing of what is in archives: no name
 *    rules there (archive_names), and Excel 4 macros only with its own AlertOLE2Macros.
 *  - Of its temporary directory being full or not writable it may not know
 *    either; we make libclamav's own silence about that an error, clamd does
 *    not.
 *  - Nobody can have it prove itself on a signature made for the occasion. The
 *    EICAR test string would show up as a virus in its log, and set off its
 *    VirusEvent, for each message; so only "spawnscan-inspect --version" does
 *    that (scan_prove). It does not start without any signatures.
 *  - A message that takes the inspector over has a connection to clamd, and clamd
 *    obeys everyone who has: SHUTDOWN, RELOAD, or whether a file of its is
 *    infected. (1.5 can forbid the first two.)
 *  - The message goes over TCP as it is, and clamd's answers are believed.
 *
 * Over 500 lines because one conversation with clamd: its two commands, its answers and its
 * faults share the connection and its deadline.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "descriptor.h"
#include "fault.h"
#include "scan_result.h"
#include "scanner.h"

#define PREFIX "clamd:"
#define REPLY_MAX 1024 /* a name, and what stands around it */
#define PIECE (64UL << 20) /* of INSTREAM; clamd takes any that fits its limit */
#define LAST_WORD_MS 1000 /* for the reason of one that stopped listening */
#define PROVE_SECONDS 30

static bool connect_any(const struct conf *, char *err, size_t errsize);
static bool open_scanner(const struct conf *, const char *scratch, char *err, size_t errsize);
static void close_session(void);
static bool is_open(void);
static void scan(struct scan_result *, enum scan_kind, const char *buf, size_t len,
    unsigned int seconds);
static bool prove(char *err, size_t errsize);
static const char *banner(void);
static bool connect_to(const char *address, int64_t deadline, char *err, size_t errsize);
static bool open_session(const char *address, int64_t deadline, char *err, size_t errsize);
static int connect_local(const char *path, int64_t deadline);
static int connect_tcp(const char *address, int64_t deadline, char *err, size_t errsize);
static bool connect_one(int sock, const struct sockaddr *, socklen_t, int64_t deadline);
static bool begin_session(int64_t deadline, char *err, size_t errsize);
static bool takes_descriptors(int64_t deadline);
static bool scan_view(struct scan_result *, const char *buf, size_t len, int64_t deadline);
static bool ask(const char *buf, size_t len, int64_t deadline);
static bool fill_memory(const char *buf, size_t len);
static bool send_memory(int64_t deadline);
static bool send_stream(const char *buf, size_t len, int64_t deadline);
static bool send_bytes(const void *buf, size_t len, bool more, int64_t deadline);
static bool wait_until(short events, int64_t deadline);
static bool read_reply(int64_t deadline);
static bool read_text(char *text, size_t size, size_t *len, int64_t deadline);
static bool strip_object(void);
static bool ends_in(const char *text, const char *end);
static bool system_trouble(const char *doing);
static bool unexpected(void);

static struct {
	int sock; /* -1 = no session */
	int memory; /* what is handed over; -1 = send it */
	unsigned int number; /* of the last command */
	char reply[REPLY_MAX]; /* of clamd, or why there is none */
	char address[256];
	char banner[64];
} clamd = { .sock = -1, .memory = -1 };

const struct scanner clamd_scanner = { .connect = connect_any,
	.open = open_scanner,
	.close = close_session,
	.is_open = is_open,
	.bytes = scan,
	.prove = prove,
	.banner = banner };

/*
 * Each server has an equal share of half the time that there is for the
 * message: one that is too busy to say its version would not scan in time.
 */
static bool
connect_any(const struct conf *conf, char *err, size_t errsize)
{
	const char *word = conf->scanner;
	int64_t share = (int64_t)conf->inspect_timeout * 500;
	size_t n = 1, used = 0;
	char reason[256], address[256];

	for (const char *c = word; *c != '\0'; c++)
		n += *c == ' ';
	err[0] = '\0';
	while (*word != '\0') {
		size_t len = strcspn(word, " ");

		snprintf(address, sizeof(address), "%.*s", (int)len, word);
		word += len + (word[len] == ' ');
		if (connect_to(address + strlen(PREFIX), clock_ms() + share / (int64_t)n, reason,
			sizeof(reason)))
			return true;
		close_session();
		if (used < errsize)
			used += (size_t)snprintf(err + used, errsize - used, "%s%s: %s",
			    used > 0 ? "; " : "", address, reason);
	}
	scan_result_make_printable(err);
	return false;
}

static bool
open_scanner(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	(void)scratch;
	return clamd.sock != -1 || connect_any(conf, err, errsize);
}

static void
close_session(void)
{
	if (clamd.sock != -1)
		close(clamd.sock);
	if (clamd.memory != -1)
		close(clamd.memory);
	clamd.sock = clamd.memory = -1;
	clamd.number = 0;
}

static bool
is_open(void)
{
	return clamd.sock != -1;
}

static const char *
banner(void)
{
	return clamd.banner;
}

/*
 * A message that does not begin like one clamd does not read as one, as libclamav
 * does not (see there); it does not say so, so that is tried both ways.
 */
static void
scan(struct scan_result *result, enum scan_kind kind, const char *buf, size_t len,
    unsigned int seconds)
{
	static const char received[] = "Received: by localhost; scanned\r\n";
	const size_t head = sizeof(received) - 1, sure = strlen("Received: ");
	int64_t deadline = clock_ms() + (int64_t)seconds * 1000;
	char *mail;

	memset(result, 0, sizeof(*result));
	if (seconds == 0) {
		scan_result_add_hit(result, SCAN_RESULT_NO_TIME);
		return;
	}
	if (len == 0 || !scan_view(result, buf, len, deadline) || kind != SCAN_MAIL ||
	    (len >= sure && memcmp(buf, received, sure) == 0))
		return;
	if (len > SIZE_MAX - head || (mail = malloc(head + len)) == NULL) {
		scan_result_fail(result, "out of memory");
		return;
	}
	memcpy(mail, received, head);
	memcpy(mail + head, buf, len);
	scan_view(result, mail, head + len, deadline);
	free(mail);
}

/* Kept shifted by one, so that no scanner stumbles over this program. */
static bool
prove(char *err, size_t errsize)
{
	char text[] = "Y6P\"Q&ABQ\\5]Q[Y65)Q_*8DD*8~%FJDBS"
		      ".TUBOEBSE.BOUJWJSVT.UFTU.GJMF\"%I,I+";
	struct scan_result result;

	for (size_t i = 0; text[i] != '\0'; i++)
		text[i]--;
	scan(&result, SCAN_PART, text, sizeof(text) - 1, PROVE_SECONDS);
	if (result.failed)
		return fault_tell(err, errsize, "clamd at %s: %s", clamd.address, result.error);
	return result.n_hits > 0 ||
	    fault_tell(err, errsize, "clamd at %s does not find the EICAR test string",
		clamd.address);
}

/* --- the session --- */

static bool
connect_to(const char *address, int64_t deadline, char *err, size_t errsize)
{
	strlcpy(clamd.address, address, sizeof(clamd.address));
	if (!open_session(address, deadline, err, errsize))
		return false;
	if (address[0] != '/' || takes_descriptors(deadline))
		return true;
	close_session();
	return open_session(address, deadline, err, errsize);
}

static bool
open_session(const char *address, int64_t deadline, char *err, size_t errsize)
{
	err[0] = '\0';
	clamd.sock = address[0] == '/' ? connect_local(address, deadline)
				       : connect_tcp(address, deadline, err, errsize);
	if (clamd.sock == -1)
		return err[0] == '\0' ? fault_tell(err, errsize, "%s", strerror(errno)) : false;
	return begin_session(deadline, err, errsize);
}

/* A full backlog says EAGAIN, and nothing tells when it is not full any more. */
static int
connect_local(const char *path, int64_t deadline)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strlcpy(sun.sun_path, path, sizeof(sun.sun_path)); /* conf.c has seen to its length */
	while (sock != -1 && connect(sock, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		int saved = errno;

		if (saved == EAGAIN && clock_ms() < deadline) {
			nanosleep(&tick, NULL);
			continue;
		}
		close(sock);
		sock = -1;
		errno = saved;
	}
	return sock;
}

/* HOST:PORT, the host in brackets if it has colons itself. */
static int
connect_tcp(const char *address, int64_t deadline, char *err, size_t errsize)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *a;
	char host[256];
	const char *port = strrchr(address, ':') + 1;
	size_t brackets = address[0] == '[';
	int code, sock = -1, saved = 0;

	snprintf(host, sizeof(host), "%.*s", (int)(port - 1 - address - (ptrdiff_t)(2 * brackets)),
	    address + brackets);
	code = getaddrinfo(host, port, &hints, &list);
	if (code != 0) {
		fault_tell(err, errsize, "%s", gai_strerror(code));
		return -1;
	}
	for (a = list; a != NULL && sock == -1; a = a->ai_next) {
		sock = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (sock != -1 && !connect_one(sock, a->ai_addr, a->ai_addrlen, deadline)) {
			saved = errno;
			close(sock);
			sock = -1;
		}
	}
	freeaddrinfo(list);
	errno = saved;
	return sock;
}

static bool
connect_one(int sock, const struct sockaddr *sa, socklen_t len, int64_t deadline)
{
	struct pollfd p = { .fd = sock, .events = POLLOUT };
	int64_t left = deadline - clock_ms();
	int error = 0, on = 1;
	socklen_t size = sizeof(error);

	setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(sock, sa, len) == 0)
		return true;
	if (errno != EINPROGRESS)
		return false;
	if (left <= 0 || poll(&p, 1, (int)left) <= 0) {
		errno = ETIMEDOUT;
		return false;
	}
	getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &size);
	errno = error;
	return error == 0;
}

/* "ClamAV 1.4.6/27400/Thu Nov 20 ...", or without what it has not got. */
static bool
begin_session(int64_t deadline, char *err, size_t errsize)
{
	static const char begin[] = "zIDSESSION\0zVERSION";
	const char *version = clamd.reply;
	size_t len;

	clamd.number = 1;
	if (!send_bytes(begin, sizeof(begin), false, deadline) || !read_reply(deadline))
		return fault_tell(err, errsize, "%s", clamd.reply);
	if (strncmp(version, "ClamAV ", 7) != 0 || ends_in(version, "ERROR"))
		return fault_tell(err, errsize, "unexpected answer: %.200s", version);
	len = strcspn(version, "/");
	if (version[len] == '/')
		len += 1 + strcspn(version + len + 1, "/");
	snprintf(clamd.banner, sizeof(clamd.banner), "%.*s", (int)len, version);
	scan_result_make_printable(clamd.banner);
	return true;
}

/* Does it scan what it gets in a memory file? Else there is none afterwards. */
static bool
takes_descriptors(int64_t deadline)
{
	static const char text[] = "spawnscan tries its scanner";
	struct scan_result result = { .n_hits = 0 };

	clamd.memory = memfd_create("message", MFD_CLOEXEC);
	return clamd.memory != -1 && scan_view(&result, text, sizeof(text) - 1, deadline);
}

/* --- one scan --- */

/* True if it was scanned and is clean. */
static bool
scan_view(struct scan_result *result, const char *buf, size_t len, int64_t deadline)
{
	if (clamd.sock == -1) {
		scan_result_fail(result, "clamd at %s: the session is over", clamd.address);
		return false;
	}
	if (ask(buf, len, deadline)) {
		size_t name = strlen(clamd.reply);

		if (strcmp(clamd.reply, "OK") == 0)
			return true;
		if (name > strlen(" FOUND") && ends_in(clamd.reply, " FOUND")) {
			clamd.reply[name - strlen(" FOUND")] = '\0';
			scan_result_add_hit(result, clamd.reply);
			return false;
		}
		unexpected();
	}
	scan_result_fail(result, "clamd at %s: %.200s", clamd.address, clamd.reply);
	close_session(); /* it may be out of step */
	return false;
}

/* Leaves the verdict in clamd.reply; if there is none, why. */
static bool
ask(const char *buf, size_t len, int64_t deadline)
{
	bool sent;

	clamd.number++;
	if (clamd.memory != -1)
		sent = fill_memory(buf, len) && send_memory(deadline);
	else
		sent = send_stream(buf, len, deadline);
	/* One that does not listen to the end may have said why; it is no verdict. */
	if (!sent) {
		char reason[REPLY_MAX];

		strlcpy(reason, clamd.reply, sizeof(reason));
		if (!read_reply(clock_ms() + LAST_WORD_MS) || !ends_in(clamd.reply, "ERROR"))
			strlcpy(clamd.reply, reason, sizeof(clamd.reply));
		return false;
	}
	return read_reply(deadline) && !ends_in(clamd.reply, "ERROR") && strip_object();
}

static bool
fill_memory(const char *buf, size_t len)
{
	size_t done = 0;

	if (ftruncate(clamd.memory, 0) == -1)
		return system_trouble("memory file");
	while (done < len) {
		ssize_t n = pwrite(clamd.memory, buf + done, len - done, (off_t)done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return system_trouble("memory file");
		done += (size_t)n;
	}
	return true;
}

/* The descriptor rides on a byte of its own behind the command. */
static bool
send_memory(int64_t deadline)
{
	char byte = 0;
	ssize_t n;

	if (!send_bytes("zFILDES", sizeof("zFILDES"), false, deadline))
		return false;
	do {
		if (!wait_until(POLLOUT, deadline))
			return false;
		n = descriptor_send(clamd.sock, &clamd.memory, 1, &byte, 1, MSG_DONTWAIT);
	} while (n == -1 && errno == EAGAIN);
	return n == 1 || system_trouble("sending");
}

/* Length and bytes of each piece, and a piece without any. */
static bool
send_stream(const char *buf, size_t len, int64_t deadline)
{
	bool ok = send_bytes("zINSTREAM", sizeof("zINSTREAM"), true, deadline);

	while (ok && len > 0) {
		size_t n = len < PIECE ? len : PIECE;
		uint32_t size = htonl((uint32_t)n);

		ok = send_bytes(&size, sizeof(size), true, deadline) &&
		    send_bytes(buf, n, true, deadline);
		buf += n;
		len -= n;
	}
	return ok && send_bytes("\0\0\0", 4, false, deadline);
}

/* Nothing more goes out once clamd has something to say. */
static bool
send_bytes(const void *buf, size_t len, bool more, int64_t deadline)
{
	const char *at = buf;
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);

	while (len > 0) {
		ssize_t n;

		if (!wait_until(POLLOUT, deadline))
			return false;
		n = send(clamd.sock, at, len, flags);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return system_trouble("sending");
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* Can it be written to, or read from? One that speaks can't be written to. */
static bool
wait_until(short event, int64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = clamd.sock, .events = event | POLLIN };
		int64_t left = deadline - clock_ms();
		int n;

		errno = ETIMEDOUT;
		if (left <= 0)
			return system_trouble("waiting");
		n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (n == -1 && errno != EINTR)
			return system_trouble("waiting");
		if (n > 0 && event == POLLOUT && (p.revents & POLLIN) != 0) {
			strlcpy(clamd.reply, "it speaks before its turn", sizeof(clamd.reply));
			return false;
		}
		if (n > 0)
			return true;
	}
}

/*
 * The reply to the command under way, without its number. Nothing may follow
 * it: there is nothing else that clamd was asked.
 */
static bool
read_reply(int64_t deadline)
{
	char reply[REPLY_MAX], number[16];
	size_t len, head;

	if (!read_text(reply, sizeof(reply), &len, deadline))
		return false;
	head = (size_t)snprintf(number, sizeof(number), "%u: ", clamd.number);
	if (strlen(reply) + 1 != len || strncmp(reply, number, head) != 0) {
		strlcpy(clamd.reply, reply, sizeof(clamd.reply));
		return unexpected();
	}
	strlcpy(clamd.reply, reply + head, sizeof(clamd.reply));
	return true;
}

/* What there is up to a NUL, and what came with it. */
static bool
read_text(char *text, size_t size, size_t *len, int64_t deadline)
{
	*len = 0;
	for (;;) {
		ssize_t n;

		if (!wait_until(POLLIN, deadline))
			return false;
		n = read(clamd.sock, text + *len, size - *len);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n == 0)
			errno = ECONNRESET;
		if (n <= 0)
			return system_trouble("reading");
		*len += (size_t)n;
		if (memchr(text, '\0', *len) != NULL)
			return true;
		if (*len == size) {
			strlcpy(clamd.reply, "an answer without end", sizeof(clamd.reply));
			return false;
		}
	}
}

/* What the verdict is on: "fd[12]: " or "stream: ". */
static bool
strip_object(void)
{
	const char *at = clamd.reply, *end = "stream: ";

	if (clamd.memory != -1) {
		if (strncmp(at, "fd[", 3) != 0)
			return unexpected();
		at += 3 + strspn(at + 3, "0123456789");
		end = "]: ";
	}
	if (strncmp(at, end, strlen(end)) != 0)
		return unexpected();
	at += strlen(end);
	memmove(clamd.reply, at, strlen(at) + 1);
	return true;
}

static bool
ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcmp(text + len - n, end) == 0;
}

/* What stands in place of a reply; false. */
static bool
system_trouble(const char *doing)
{
	snprintf(clamd.reply, sizeof(clamd.reply), "%s: %s", doing, strerror(errno));
	return false;
}

static bool
unexpected(void)
{
	char answer[200];

	strlcpy(answer, clamd.reply, sizeof(answer));
	snprintf(clamd.reply, sizeof(clamd.reply), "unexpected answer: %s", answer);
	return false;
}

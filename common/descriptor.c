/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * descriptor.c - bytes written; descriptors handed over a Unix socket (unix(7), SCM_RIGHTS).
 *
 * The other side may be hostile: it may send more descriptors than were asked for, and
 * the kernel installs what fits into the buffer, which alignment makes larger than its
 * contents. None of them stays open unless it is told.
 */
#include "descriptor.h"

#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

union control {
	char buf[CMSG_SPACE(DESCRIPTOR_MAX * sizeof(int))];
	struct cmsghdr align;
};

static void take(struct msghdr *, int *fds, size_t n);

ssize_t
descriptor_send(int sock, const int *fds, size_t n, const void *packet, size_t len, int flags)
{
	union control control = { .buf = { 0 } };
	union {
		const void *in;
		void *out;
	} bytes = { .in = packet };
	struct iovec iov = { .iov_base = bytes.out, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t sent;

	if (n > DESCRIPTOR_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (n > 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	do
		sent = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	while (sent == -1 && errno == EINTR);
	return sent;
}

ssize_t
descriptor_receive(int sock, int *fds, size_t n, void *packet, size_t size, int flags)
{
	union control control;
	struct iovec iov = { .iov_base = packet, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	ssize_t got;

	for (size_t i = 0; i < n; i++)
		fds[i] = -1;
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags);
	while (got == -1 && errno == EINTR);
	if (got >= 0)
		take(&msg, fds, n);
	return got;
}

static void
take(struct msghdr *msg, int *fds, size_t n)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		int came[DESCRIPTOR_MAX + 1];
		size_t k;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		k = k > DESCRIPTOR_MAX ? DESCRIPTOR_MAX : k;
		memcpy(came, CMSG_DATA(c), k * sizeof(int));
		if (k == n && (n == 0 || fds[0] == -1)) {
			memcpy(fds, came, n * sizeof(int));
			continue;
		}
		for (size_t i = 0; i < k; i++)
			close(came[i]);
	}
}

bool
descriptor_write(int fd, const char *buf, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, buf, len);
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		} else if (n == 0 || errno != EINTR)
			return false;
	}
	return true;
}

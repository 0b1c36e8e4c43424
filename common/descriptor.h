/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * descriptor.h - all of some bytes into a descriptor; descriptors handed over a Unix socket.
 */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* As many as go along at once. */
#define DESCRIPTOR_MAX 8

/*
 * Bytes with n descriptors (none, if n is 0), in one sendmsg: how many bytes were sent,
 * or -1 with errno. flags: MSG_DONTWAIT, or 0 to wait. No SIGPIPE.
 */
ssize_t descriptor_send(int sock, const int *fds, size_t n, const void *packet, size_t len,
    int flags);

/*
 * The next bytes, of a SOCK_SEQPACKET socket the next packet: how many (0: hung up;
 * longer than size: cut off), or -1 with errno. fds gets the n descriptors that came
 * with them (close-on-exec); if it was any other number each is -1, and what came is
 * closed. flags as above.
 */
ssize_t descriptor_receive(int sock, int *fds, size_t n, void *packet, size_t size, int flags);

/* Write all of it to a descriptor that blocks; false with errno, and some may be written. */
bool descriptor_write(int fd, const char *buf, size_t len);

#endif

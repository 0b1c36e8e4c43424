/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * descriptor.h - a descriptor handed over a Unix socket.
 */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * One packet with a descriptor, over a SOCK_SEQPACKET socket. False with errno;
 * does not wait.
 */
bool descriptor_send(int sock, int fd, const void *packet, size_t len);

/*
 * The next packet: its length (0: hung up; longer than size: cut off), or -1 with
 * errno. *fd is the descriptor that came with it (close-on-exec), or -1. flags:
 * MSG_DONTWAIT, or 0 to wait.
 */
ssize_t descriptor_receive(int sock, int *fd, void *packet, size_t size, int flags);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * descriptor.h - a descriptor handed over a Unix socket.
 */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* With one byte that means nothing. False with errno; does not wait. */
bool descriptor_send(int sock, int fd);

/* Waits. The descriptor (close-on-exec), or -1: hung up, or there was none. */
int descriptor_receive(int sock);

#endif

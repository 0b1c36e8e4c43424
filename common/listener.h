/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listener.h - where connections come in.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

#include "address.h"

struct listener {
	int fd; /* non-blocking, closed by exec; -1 = none */
	char path[108]; /* Unix socket that is ours to remove, or "" */
};

/* None yet. */
void listener_init(struct listener *);

/*
 * Listen, with that backlog. Each returns a code of <sysexits.h>, and unless it
 * is EX_OK a sentence: EX_USAGE (what was asked for can't be), EX_UNAVAILABLE
 * (not there, or not now), EX_OSERR. listener_close in any case.
 *
 * A Unix socket that nobody listens at any more is replaced; anything else that
 * has the name is left alone. mode are its permission bits; it is given to owner
 * unless that is NULL. Two that begin at the same time do not take each other's
 * for left over.
 */
int listener_unix(struct listener *, const char *path, int mode, const struct passwd *owner,
    int backlog, char *err, size_t errsize);
int listener_inet(struct listener *, const struct address *, int backlog, char *err,
    size_t errsize);

/*
 * The one socket that was handed over to this very process, by sd_listen_fds(3):
 * LISTEN_PID and LISTEN_FDS, which are unset then. Is there one?
 */
int listener_systemd(struct listener *, char *err, size_t errsize);
bool listener_handed_over(void);

/* Close, and remove the name; without the latter for who goes on with the socket. */
void listener_close(struct listener *);
void listener_leave(struct listener *);

#endif

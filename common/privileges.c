/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privileges.c - from root to a user who may less, for good.
 */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "fault.h"

int
privileges_find(const struct passwd **user, const char *name, char *err, size_t errsize)
{
	*user = NULL;
	if (geteuid() != 0 || name[0] == '\0')
		return EX_OK;
	errno = 0;
	if ((*user = getpwnam(name)) != NULL)
		return EX_OK;
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO) {
		fault_tell(err, errsize, "user %s: %s", name, strerror(errno));
		return EX_OSERR;
	}
	fault_tell(err, errsize, "no such user: %s", name);
	return EX_NOUSER;
}

int
privileges_drop(const struct passwd *user, char *err, size_t errsize)
{
	if (user == NULL ||
	    (initgroups(user->pw_name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 &&
		setuid(user->pw_uid) == 0))
		return EX_OK;
	fault_tell(err, errsize, "user %s: %s", user->pw_name, strerror(errno));
	return EX_OSERR;
}

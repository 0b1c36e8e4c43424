/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * actual_type.c - the MIME type that a content has, by libmagic.
 *
 * It goes by the bytes alone: it unpacks nothing, and opens no file but its database,
 * before the sandbox is up.
 *
 * Limits: the first MiB of a content.
 */
#include "actual_type.h"

#include <magic.h>

#include "fault.h"

#define HEAD_MAX ((size_t)1 << 20)

static magic_t cookie;

bool
actual_type_wanted(const struct conf *conf)
{
	return conf->block_types[0] != '\0' ||
	    (conf->unlisted == UNLISTED_BLOCK && conf->allow_types[0] != '\0');
}

bool
actual_type_start(char *err, size_t errsize)
{
	if (cookie != NULL)
		return true;
	cookie = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS);
	if (cookie == NULL)
		return fault_tell(err, errsize, "libmagic: out of memory");
	if (magic_load(cookie, NULL) == 0)
		return true;
	fault_tell(err, errsize, "libmagic: %s", magic_error(cookie));
	magic_close(cookie);
	cookie = NULL;
	return false;
}

const char *
actual_type(const char *content, size_t len)
{
	return cookie == NULL ? NULL
			      : magic_buffer(cookie, content, len < HEAD_MAX ? len : HEAD_MAX);
}

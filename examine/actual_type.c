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
#include <string.h>

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

/*
 * libmagic 5.46 looks for the end of a zip archive, and sees one in files only: of the
 * same bytes in a buffer it says that they are data. file(1) calls them application/zip.
 */
const char *
actual_type(const char *content, size_t len)
{
	const char *type;

	if (cookie == NULL)
		return NULL;
	type = magic_buffer(cookie, content, len < HEAD_MAX ? len : HEAD_MAX);
	if (type != NULL && strcmp(type, "application/octet-stream") == 0 && len > 4 &&
	    memcmp(content, "PK\3\4", 4) == 0)
		return "application/zip";
	return type;
}

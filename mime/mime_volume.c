/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_volume.c - pieces of archives that were split.
 *
 * The second piece and those behind it begin in the middle of something, so that there is
 * nothing to know them by but their names: NAME.z01 (zip), NAME.r00 (RAR), NAME.7z.002
 * (7-Zip, of any format). Whoever has all of them opens them as one. What begins
 * like an archive is told by its content. Nothing is put together here.
 */
#include "mime_volume.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "mime_kind.h"

static bool is_volume(const char *name);
static bool is_split(const char *name, const char *number);

bool
volume_is(const struct format_input *in)
{
	if (in->len == 0 || kind_of(in->bytes, in->len) != KIND_NONE)
		return false;
	for (size_t i = 0; i < in->n_names; i++) {
		if (is_volume(in->names[i]))
			return true;
	}
	return false;
}

void
volume_open(struct packed *p, const struct format_input *in)
{
	(void)in;
	if (p->unopened == NULL)
		p->unopened = "volume of an archive";
}

static bool
is_volume(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t digits;

	if (dot == NULL)
		return false;
	digits = strspn(dot + 1, "0123456789");
	if (digits >= 2 && digits <= 4 && dot[digits + 1] == '\0')
		return is_split(name, dot);
	if (strchr("rz", tolower((unsigned char)dot[1])) == NULL || dot[1] == '\0')
		return false;
	digits = strspn(dot + 2, "0123456789");
	return digits >= 2 && digits <= 3 && dot[digits + 2] == '\0';
}

/* A number behind the extension of something that is split. */
static bool
is_split(const char *name, const char *number)
{
	static const char *const extensions[] = { "7z", "zip", "zipx", "rar", "tar", "gz", "tgz",
		"bz2", "xz", "zst", "arj", "lzh", "cab", "iso", "img", "wim", "exe" };

	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		size_t len = strlen(extensions[i]);

		if ((size_t)(number - name) > len && number[-(long)len - 1] == '.' &&
		    strncasecmp(number - len, extensions[i], len) == 0)
			return true;
	}
	return false;
}

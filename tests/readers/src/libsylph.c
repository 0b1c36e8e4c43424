/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LibSylph, Sylpheed's. */
#include <sylph/codeconv.h>
#include <sylph/prefs_common.h>
#include <sylph/procmime.h>
#include <sylph/procmsg.h>
#include <sylph/sylmain.h>
#include <sylph/utils.h>

#include "reader.h"

static void
read_message(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "rb");
	MimeInfo *top, *m;

	(void)bytes;
	(void)len;
	top = procmime_scan_mime_header(f);
	procmime_scan_multipart_message(top, f);
	for (m = top; m != NULL; m = procmime_mimeinfo_next(m)) {
		char to[4200];

		put_name(m->filename);
		put_name(m->name);
		if (m->mime_type == MIME_MULTIPART)
			continue;
		content_path(to, sizeof(to));
		procmime_get_part(to, path, m);
	}
	fclose(f);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GNU mailutils. */
#include <mailutils/mailutils.h>

#include "reader.h"

static void
walk(mu_message_t part, int depth)
{
	int multi = 0;
	size_t n = 0;
	char *name = NULL, path[4200];
	const char *param = NULL;
	mu_body_t body;

	if (mu_message_aget_decoded_attachment_name(part, "utf-8", &name, NULL) == 0)
		put_name(name);
	else if (mu_message_aget_attachment_name(part, &name) == 0)
		put_name(name);
	(void)param;
	(void)body;
	mu_message_is_multipart(part, &multi);
	if (multi && depth < 20) {
		mu_message_get_num_parts(part, &n);
		for (size_t i = 1; i <= n; i++) {
			mu_message_t child;

			if (mu_message_get_part(part, i, &child) == 0)
				walk(child, depth + 1);
		}
		return;
	}
	content_path(path, sizeof(path));
	mu_message_save_attachment(part, path, NULL);
}

static void
read_message(const char *path, const char *bytes, size_t len)
{
	mu_stream_t stream;
	mu_message_t message;

	(void)bytes;
	(void)len;
	if (mu_file_stream_create(&stream, path, MU_STREAM_READ) == 0 &&
	    mu_stream_to_message(stream, &message) == 0)
		walk(message, 0);
}

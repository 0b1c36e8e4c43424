/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * field.c - a header field of a message that is not to be walked.
 */
#include "field.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "encoded.h"
#include "name.h"

#define HEADER_LOOKED_AT (64u << 10)
#define RAW_SIZE 2000

void
field_first(const struct message *m, const char *name, char *value, size_t size)
{
	char raw[RAW_SIZE], decoded[RAW_SIZE];
	const char *at = m->bytes, *end, *lf;
	size_t n = 0, len = strlen(name);
	bool inside = false;

	*value = '\0';
	if (at == NULL)
		return;
	end = at + (m->size < HEADER_LOOKED_AT ? m->size : HEADER_LOOKED_AT);
	for (; at < end && *at != '\n' && *at != '\r'; at = lf + 1) {
		if ((lf = memchr(at, '\n', (size_t)(end - at))) == NULL)
			lf = end - 1;
		if (inside && *at != ' ' && *at != '\t')
			break;
		if (!inside && (size_t)(lf - at) > len && strncasecmp(at, name, len) == 0 &&
		    at[len] == ':') {
			inside = true;
			at += len + 1;
		}
		for (; inside && at <= lf && n < sizeof(raw) - 1; at++)
			if (*at != '\0')
				raw[n++] = *at;
	}
	raw[n] = '\0';
	encoded_decode(raw, decoded, sizeof(decoded));
	name_text(decoded, value, size);
}

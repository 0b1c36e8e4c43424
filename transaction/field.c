/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * field.c - a header field of a message that is not to be walked.
 */
#include "field.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "encoded.h"
#include "line.h"
#include "name.h"

#define HEADER_LOOKED_AT (64u << 10)
#define RAW_SIZE 2000

void
field_first(const struct message *m, const char *name, char *value, size_t size)
{
	char raw[RAW_SIZE], decoded[RAW_SIZE];
	const char *at = m->bytes, *end;
	size_t n = 0, field, len = strlen(name);

	*value = '\0';
	if (at == NULL)
		return;
	end = at + (m->size < HEADER_LOOKED_AT ? m->size : HEADER_LOOKED_AT);
	for (; at < end && *at != '\n' && *at != '\r'; at += field) {
		field = line_folded(at, (size_t)(end - at));
		if (field <= len || strncasecmp(at, name, len) != 0 || at[len] != ':')
			continue;
		for (size_t i = len + 1; i < field && n < sizeof(raw) - 1; i++)
			if (at[i] != '\0')
				raw[n++] = at[i];
		break;
	}
	raw[n] = '\0';
	encoded_decode(raw, decoded, sizeof(decoded));
	name_text(decoded, value, size);
}

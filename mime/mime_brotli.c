/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_brotli.c - files compressed with Brotli (RFC 7932).
 *
 * The format has no sign of its own, so that nobody can tell it but by the name: .br.
 * What follows the end is a content of its own. Bounds are those of struct packed.
 * Memory that runs out ends the process.
 */
#include "mime_brotli.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <brotli/decode.h>

#include "mime_member_names.h"

#define ROOM_MIN (64u << 10)

static char *unpack(struct packed *, const struct format_input *, size_t *used, size_t *len,
    unsigned int *flags);

bool
brotli_is(const struct format_input *in)
{
	for (size_t i = 0; i < in->n_names; i++) {
		size_t len = strlen(in->names[i]);

		if (len > 3 && strcasecmp(in->names[i] + len - 3, ".br") == 0)
			return in->len > 0;
	}
	return false;
}

void
brotli_open(struct packed *p, const struct format_input *in)
{
	size_t used, len;
	unsigned int flags = 0;
	char *content = unpack(p, in, &used, &len, &flags);
	char **names = calloc(in->n_names + 1, sizeof(*names));
	size_t n = 0;

	if (names == NULL)
		err(EX_OSERR, "brotli");
	for (size_t i = 0; i < in->n_names; i++) {
		names[n] = member_names_unpacked(in->names[i]);
		if (names[n] != NULL)
			n++;
	}
	if ((flags & PACKED_DAMAGED) != 0)
		p->unopened = "Brotli file";
	packed_add_member(p, names, n, content, len, flags);
	while (n > 0)
		free(names[--n]);
	free(names);
	if (flags == 0 && used < in->len)
		packed_add_copy(p, NULL, 0, in->bytes + used, in->len - used);
}

/* As far as it goes: malloc'd. */
static char *
unpack(struct packed *p, const struct format_input *in, size_t *used, size_t *len,
    unsigned int *flags)
{
	BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	union {
		const char *in;
		const uint8_t *out;
	} from = { .in = in->bytes };
	BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	size_t left = in->len, room = packed_room(p), size = 0, free_room = 0;
	uint8_t *out = NULL;

	if (state == NULL)
		err(EX_OSERR, "brotli");
	*len = 0;
	while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
		uint8_t *next;

		if (*len > room || packed_late(p)) {
			*len = room < *len ? room : *len;
			*flags |= PACKED_LIMIT;
			break;
		}
		size = size == 0 ? ROOM_MIN : 2 * size;
		out = realloc(out, size);
		if (out == NULL)
			err(EX_OSERR, "brotli");
		next = out + *len;
		free_room = size - *len;
		result = BrotliDecoderDecompressStream(state, &left, &from.out, &free_room, &next,
		    NULL);
		*len = size - free_room;
	}
	if (*flags == 0 && result != BROTLI_DECODER_RESULT_SUCCESS)
		*flags |= PACKED_DAMAGED;
	if (*len > room) {
		*len = room;
		*flags |= PACKED_LIMIT;
	}
	*used = in->len - left;
	BrotliDecoderDestroyInstance(state);
	packed_spend(p, *len);
	return (char *)out;
}

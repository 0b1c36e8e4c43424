/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * joined.c - contents that are scanned as one object.
 *
 * With full signatures libclamav takes 10 to 20 ms for an object of any size, and a
 * message that reads in several ways has hundreds of contents. Those that no program
 * would open by their first bytes are put one behind the other, with bytes between them
 * that no pattern goes across. This loses signatures by the hash of a whole file, and
 * patterns at a place counted from its beginning or end.
 *
 * Memory that runs out ends the process.
 */
#include "joined.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "array.h"
#include "sniff.h"

/* Between two pieces. */
static const char separator[] = "\n\n\0\0\0\0\n\n";

bool
joined_may(const char *content, size_t len)
{
	return !sniff_has_magic(content, len);
}

void
joined_add(struct joined *j, const struct joined_piece *piece, const char *content, size_t len)
{
	size_t want = j->len + len + sizeof(separator) - 1;

	if (want > j->room) {
		j->room = want + want / 2;
		j->bytes = realloc(j->bytes, j->room);
		if (j->bytes == NULL)
			err(EX_OSERR, "joined");
	}
	j->pieces = array_grow(j->pieces, j->n, sizeof(*j->pieces), "joined");
	j->pieces[j->n] = *piece;
	j->pieces[j->n].begin = j->len;
	j->pieces[j->n++].len = len;
	memcpy(j->bytes + j->len, content, len);
	memcpy(j->bytes + j->len + len, separator, sizeof(separator) - 1);
	j->len = want;
}

void
joined_free(struct joined *j)
{
	free(j->bytes);
	free(j->pieces);
	*j = (struct joined){ .bytes = NULL };
}

bool
joined_scan(const struct joined *j, const struct objects *o, struct scan_result *result)
{
	scan_bytes(result, SCAN_TEXT, j->bytes, j->len, object_seconds(o));
	if (result->n_hits == 0 && !result->failed && sniff_is_html(j->bytes, j->len))
		scan_bytes(result, SCAN_PART, j->bytes, j->len, object_seconds(o));
	return result->n_hits == 0 && !result->failed;
}

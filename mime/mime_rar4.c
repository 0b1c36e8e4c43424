/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_rar4.c - whether a RAR 4 archive is one piece of several.
 *
 * libarchive gives the part of a file that is in a volume for the whole of it. Goes
 * from block to block by the sizes that they give (technote.txt of unrar), and looks at
 * nothing else. Linear; ends at the first that makes no sense.
 */
#include "mime_rar4.h"

#include <stdint.h>

#include "le.h"

#define SIGN_LEN 7
#define HEAD 7 /* check sum, type, flags, size */
#define BLOCK_MAIN 0x73
#define BLOCK_FILE 0x74
#define IS_VOLUME 0x0001u
#define FROM_BEFORE 0x0001u
#define GOES_ON 0x0002u
#define LARGE 0x0100u
#define HAS_DATA 0x8000u
#define DATA_HIGH 32 /* in the header of a large file */

bool
rar4_is_volume(const char *bytes, size_t len)
{
	size_t at = SIGN_LEN;

	while (at <= len && len - at >= HEAD) {
		unsigned int type = (unsigned char)bytes[at + 2], flags = le_get(bytes + at + 3, 2);
		uint64_t size = le_get(bytes + at + 5, 2);

		if (type == BLOCK_MAIN && (flags & IS_VOLUME) != 0)
			return true;
		if (type == BLOCK_FILE && (flags & (FROM_BEFORE | GOES_ON)) != 0)
			return true;
		if (size < HEAD)
			return false;
		if ((flags & HAS_DATA) != 0 && len - at >= HEAD + 4)
			size += le_get(bytes + at + HEAD, 4);
		if (type == BLOCK_FILE && (flags & LARGE) != 0 && len - at >= DATA_HIGH + 4)
			size += (uint64_t)le_get(bytes + at + DATA_HIGH, 4) << 32;
		if (size > len - at)
			return false;
		at += (size_t)size;
	}
	return false;
}

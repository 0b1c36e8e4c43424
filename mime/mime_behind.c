/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_behind.c - archives and images that stand behind something else: behind the program
 * that unpacks them, a picture, blank bytes, another archive.
 *
 * Programs that open 7z, RAR, cabinets and the like look for their signs in the first
 * megabytes of a file; a file system is found wherever it begins. What has a check sum in
 * its first bytes or a long sign is sure; of the rest, whoever asked has to try whether it can be
 * opened. Zip archives are not among them: they are found from their end (mime_kind.c).
 *
 * One pass over the bytes, of which few pairs begin a sign.
 */
#include "mime_behind.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include <zlib.h>

#include "le.h"
#include "mime_zip.h"

typedef bool check(const char *, size_t len);

static check is_7z, is_rar, is_xz, is_gzip, is_bzip2, is_compress, is_zstd, is_lz4, is_ar, is_ntfs,
    is_fat, is_hfs, is_ext, is_squashfs, is_vmdk, is_iso;

/*
 * sign stands at offset of what begins; check gets its beginning. What kind_of says
 * there must be the kind as well, but for images that it tells by another mark.
 */
static const struct {
	const char *sign;
	unsigned int len, offset;
	enum kind kind;
	bool sure;
	check *check;
} signs[] = {
	{ "PK\003\004", 4, 0, KIND_ZIP, true, zip_is_local },
	{ "7z\xbc\xaf\x27\x1c", 6, 0, KIND_7Z, true, is_7z },
	{ "Rar!\x1a\x07\0", 7, 0, KIND_RAR, true, is_rar },
	{ "Rar!\x1a\x07\x01\0", 8, 0, KIND_RAR5, true, is_rar },
	{ "\xfd\x37zXZ\0", 6, 0, KIND_XZ, true, is_xz },
	{ "MSCF\0\0\0\0", 8, 0, KIND_CAB, true, NULL },
	{ "\x1f\x8b\x08", 3, 0, KIND_GZIP, false, is_gzip },
	{ "BZh", 3, 0, KIND_BZIP2, false, is_bzip2 },
	{ "\x1f\x9d", 2, 0, KIND_COMPRESS, false, is_compress },
	{ "\x28\xb5\x2f\xfd", 4, 0, KIND_ZSTD, false, is_zstd },
	{ "\x04\x22\x4d\x18", 4, 0, KIND_LZ4, false, is_lz4 },
	{ "LZIP\1", 5, 0, KIND_LZIP, false, NULL },
	{ "\x5d\0\0", 3, 0, KIND_LZMA, false, NULL },
	{ "-lh", 3, 2, KIND_LHA, false, NULL },
	{ "ustar", 5, 257, KIND_TAR, true, NULL },
	{ "07070", 5, 0, KIND_CPIO, false, NULL },
	{ "!<arch>\n", 8, 0, KIND_AR, false, is_ar },
	{ "\xed\xab\xee\xdb", 4, 0, KIND_RPM, false, NULL },
	{ "WARC/", 5, 0, KIND_WARC, false, NULL },
	{ "xar!\0\x1c", 6, 0, KIND_XAR, false, NULL },
	{ "\1CD001\1", 7, 32768, KIND_ISO, true, is_iso },
	{ "\x60\xea", 2, 0, KIND_ARJ, true, NULL },
	{ "**ACE**", 7, 7, KIND_ACE, true, NULL },
	{ "\x89LZO\0\r\n\x1a\n", 9, 0, KIND_LZOP, true, NULL },
	{ "7kSt\xa0\x31\x83\xd3", 8, 0, KIND_ZPAQ, true, NULL },
	{ "MSWIM\0\0\0\xd0", 9, 0, KIND_WIM, true, NULL },
	{ "vhdxfile", 8, 0, KIND_VHDX, true, NULL },
	{ "conectix\0\0\0\2", 12, 0, KIND_VHD, true, NULL },
	{ "KDMV", 4, 0, KIND_VMDK, true, is_vmdk },
	{ "QFI\xfb", 4, 0, KIND_QCOW, true, NULL },
	{ "\x7f\x10\xda\xbe\1\0\1\0", 8, 64, KIND_VDI, true, NULL },
	{ "hsqs", 4, 0, KIND_SQUASHFS, true, is_squashfs },
	{ "NTFS    ", 8, 3, KIND_NTFS, true, is_ntfs },
	{ "EXFAT   ", 8, 3, KIND_EXFAT, true, is_ntfs },
	{ "FAT12   ", 8, 54, KIND_FAT, true, is_fat },
	{ "FAT16   ", 8, 54, KIND_FAT, true, is_fat },
	{ "FAT32   ", 8, 82, KIND_FAT, true, is_fat },
	{ "H+\0\4", 4, 1024, KIND_HFS, true, is_hfs },
	{ "HX\0\5", 4, 1024, KIND_HFS, true, is_hfs },
	{ "\x53\xef", 2, 1080, KIND_EXT, true, is_ext },
	{ "\0NSR02\1", 7, 0, KIND_UDF, true, is_iso },
	{ "\0NSR03\1", 7, 0, KIND_UDF, true, is_iso },
};

#define N_SIGNS (sizeof(signs) / sizeof(signs[0]))

/* A bit for each pair of bytes that a sign begins with: no sign is shorter. */
struct pairs {
	unsigned char bits[65536 / 8];
};

static void pairs_of_signs(struct pairs *);
static bool pairs_has(const struct pairs *, const char *);
static bool stands(const char *, size_t len, size_t at, size_t from, struct behind *);
static bool told_by_kind(enum kind);
static uint32_t crc_of(const char *, size_t len);

bool
behind_find(const char *bytes, size_t len, size_t from, struct behind *found)
{
	struct pairs pairs;

	pairs_of_signs(&pairs);
	for (size_t at = from; at + 2 < len; at++) {
		if (pairs_has(&pairs, bytes + at) && stands(bytes, len, at, from, found))
			return true;
	}
	return false;
}

static unsigned int
pair_at(const char *bytes)
{
	return (unsigned int)(unsigned char)bytes[0] << 8 | (unsigned char)bytes[1];
}

static void
pairs_of_signs(struct pairs *pairs)
{
	memset(pairs, 0, sizeof(*pairs));
	for (size_t i = 0; i < N_SIGNS; i++) {
		unsigned int pair = pair_at(signs[i].sign);

		pairs->bits[pair / 8] |= (unsigned char)(1 << pair % 8);
	}
}

static bool
pairs_has(const struct pairs *pairs, const char *bytes)
{
	unsigned int pair = pair_at(bytes);

	return pairs->bits[pair / 8] >> pair % 8 & 1;
}

/* Is at the place of a sign? */
static bool
stands(const char *bytes, size_t len, size_t at, size_t from, struct behind *found)
{
	for (size_t i = 0; i < N_SIGNS; i++) {
		const char *begin = bytes + at - signs[i].offset;
		size_t left = len - at + signs[i].offset;

		if (bytes[at] != signs[i].sign[0] || len - at < signs[i].len ||
		    memcmp(bytes + at, signs[i].sign, signs[i].len) != 0 ||
		    at - from < signs[i].offset || at < from)
			continue;
		if ((signs[i].check != NULL && !signs[i].check(begin, left)) ||
		    (told_by_kind(signs[i].kind) && kind_of(begin, left) != signs[i].kind))
			continue;
		*found = (struct behind){ (size_t)(begin - bytes), signs[i].kind, signs[i].sure };
		return true;
	}
	return false;
}

/* Images are found by marks of which others may stand in front. */
static bool
told_by_kind(enum kind kind)
{
	return kind != KIND_FAT && kind != KIND_HFS && kind != KIND_EXT && kind != KIND_UDF &&
	    kind != KIND_ISO;
}

static uint32_t
crc_of(const char *bytes, size_t len)
{
	return (uint32_t)crc32(0, (const unsigned char *)bytes, (unsigned int)len);
}

/* Start header with its check sum (7zFormat.txt). */
static bool
is_7z(const char *s, size_t len)
{
	return len >= 32 && crc_of(s + 12, 20) == le_get(s + 8, 4);
}

/* RAR 4: the archive header follows. RAR 5: a header with its check sum. */
static bool
is_rar(const char *s, size_t len)
{
	size_t size;

	if (len < 20)
		return false;
	if (s[6] == 0)
		return s[9] == 0x73;
	size = (unsigned char)s[12];
	return s[6] == 1 && s[7] == 0 && size < 0x80 && size + 1 <= len - 12 &&
	    crc_of(s + 12, size + 1) == le_get(s + 8, 4);
}

static bool
is_xz(const char *s, size_t len)
{
	return len >= 12 && crc_of(s + 6, 2) == le_get(s + 8, 4);
}

/* RFC 1952 2.3.1: no reserved flag; what made it and how are small numbers. */
static bool
is_gzip(const char *s, size_t len)
{
	return len >= 20 && (s[3] & 0xe0) == 0 && (s[8] == 0 || s[8] == 2 || s[8] == 4) &&
	    ((unsigned char)s[9] <= 13 || (unsigned char)s[9] == 255);
}

static bool
is_bzip2(const char *s, size_t len)
{
	return len >= 14 && memcmp(s + 4, "1AY&SY", 6) == 0;
}

/* Made by compress(1) as it is today: block mode. The first code is a letter. */
static bool
is_compress(const char *s, size_t len)
{
	return len >= 16 && (s[2] & 0x80) != 0 && (s[4] & 1) == 0;
}

/* RFC 8878 3.1.1: no reserved bit. */
static bool
is_zstd(const char *s, size_t len)
{
	return len >= 12 && (s[4] & 0x08) == 0;
}

/* LZ4 frame format 1.6: version 01, no reserved bit. */
static bool
is_lz4(const char *s, size_t len)
{
	return len >= 11 && (s[4] & 0xc2) == 0x40 && (s[5] & 0x8f) == 0 && (s[5] & 0x70) >= 0x40;
}

static bool
is_ar(const char *s, size_t len)
{
	return len >= 68 && s[66] == '`' && s[67] == '\n';
}

/* The mark at the end of the first sector. */
static bool
is_ntfs(const char *s, size_t len)
{
	return len >= 512 && memcmp(s + 510, "\x55\xaa", 2) == 0;
}

static bool
is_fat(const char *s, size_t len)
{
	return is_ntfs(s, len) && (s[0] == '\xeb' || s[0] == '\xe9');
}

/* Who has mounted it last, in letters: "10.0", "HFSJ", "fsck". */
static bool
is_hfs(const char *s, size_t len)
{
	if (len < 1024 + 162)
		return false;
	for (size_t i = 8; i < 12; i++) {
		if (!isgraph((unsigned char)s[1024 + i]))
			return false;
	}
	return true;
}

/* State, what to do at errors, creator and revision are small numbers. */
static bool
is_ext(const char *s, size_t len)
{
	return len >= 2048 && le_get(s + 1024 + 24, 4) <= 6 && le_get(s + 1024, 4) > 0 &&
	    le_get(s + 1024 + 58, 2) <= 7 && le_get(s + 1024 + 60, 2) - 1 <= 2 &&
	    le_get(s + 1024 + 72, 4) <= 4 && le_get(s + 1024 + 76, 4) <= 1;
}

/* Version 4.0, and a block size that is what its logarithm says. */
static bool
is_squashfs(const char *s, size_t len)
{
	return len >= 96 && le_get(s + 28, 2) == 4 && le_get(s + 22, 2) <= 20 &&
	    le_get(s + 12, 4) == UINT32_C(1) << le_get(s + 22, 2);
}

static bool
is_vmdk(const char *s, size_t len)
{
	return len >= 512 && le_get(s + 4, 4) >= 1 && le_get(s + 4, 4) <= 3;
}

/* A descriptor of 2048 bytes. */
static bool
is_iso(const char *s, size_t len)
{
	(void)s;
	return len >= 2048;
}

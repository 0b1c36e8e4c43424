/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_kind.c - what kind of archive, compressed file or image a content is.
 *
 * By its bytes, never by its name. The signs are those of the formats' own
 * descriptions; short ones are backed by a check of what follows them, so that a text
 * that begins with two letters of a format is none. A cheap look: a few comparisons.
 */
#include "mime_kind.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include <zlib.h>

#include "le.h"

#define SECTOR 512
#define ZIP_END 22
#define ZIP_COMMENT_MAX 65535

typedef bool check(const char *, size_t len);

static check check_lzma, check_lha, check_cpio, check_tar, check_arj, check_arc, check_compress,
    check_bzip2, check_zip, check_lzip, check_fat, check_ext, check_hfs, check_udf, check_vhd,
    check_disk, check_dmg, check_warc, check_stuffit, check_ace, check_descriptor, check_zstd_skip,
    check_cab, check_qcow, check_number, check_apfs;
static bool at(const char *, size_t len, size_t offset, const char *sign, size_t n);
static uint32_t crc_of(const char *, size_t len);
static bool is_digits(const char *, size_t n);

/* The first that fits; what has a strong sign stands above what has a weak one. */
static const struct {
	enum kind kind;
	const char *phrase;
	const char *sign;
	size_t sign_len, offset;
	check *check;
} signs[] = {
	{ KIND_7Z, "7z archive", "7z\xbc\xaf\x27\x1c", 6, 0, NULL },
	{ KIND_RAR, "RAR archive", "Rar!\x1a\x07\0", 7, 0, NULL },
	{ KIND_RAR5, "RAR archive", "Rar!\x1a\x07\x01\0", 8, 0, NULL },
	{ KIND_ZIP, "zip archive", "PK\3\4", 4, 0, NULL },
	{ KIND_ZIP, "zip archive", "PK00PK\3\4", 8, 0, NULL },
	{ KIND_ZIP, "zip archive", "PK\7\10PK\3\4", 8, 0, NULL },
	{ KIND_GZIP, "gzip file", "\x1f\x8b\x08", 3, 0, NULL },
	{ KIND_BZIP2, "bzip2 file", "BZh", 3, 0, check_bzip2 },
	{ KIND_XZ, "xz file", "\xfd\x37zXZ\0", 6, 0, NULL },
	{ KIND_LZIP, "lzip file", "LZIP", 4, 0, check_lzip },
	{ KIND_LZ4, "lz4 file", "\x04\x22\x4d\x18", 4, 0, NULL },
	{ KIND_LZ4, "lz4 file", "\x02\x21\x4c\x18", 4, 0, NULL },
	{ KIND_ZSTD, "zstd file", "\x28\xb5\x2f\xfd", 4, 0, NULL },
	{ KIND_ZSTD, "zstd file", "\x2a\x4d\x18", 3, 1, check_zstd_skip },
	{ KIND_COMPRESS, "compress file", "\x1f\x9d", 2, 0, check_compress },
	{ KIND_CAB, "cabinet", "MSCF", 4, 0, check_cab },
	{ KIND_XAR, "xar archive", "xar!\0", 5, 0, NULL },
	{ KIND_RPM, "RPM package", "\xed\xab\xee\xdb", 4, 0, NULL },
	{ KIND_AR, "ar archive", "!<arch>\n", 8, 0, NULL },
	{ KIND_WARC, "WARC archive", "WARC/", 5, 0, check_warc },
	{ KIND_LHA, "LHA archive", "-l", 2, 2, check_lha },
	{ KIND_CPIO, "cpio archive", "", 0, 0, check_cpio },
	{ KIND_LZOP, "lzop file", "\x89LZO\0\r\n\x1a\n", 9, 0, NULL },
	{ KIND_LRZIP, "lrzip file", "LRZI", 4, 0, check_number },
	{ KIND_GRZIP, "grzip file", "GRZipII\0\2\4:)", 12, 0, NULL },
	{ KIND_ARJ, "ARJ archive", "\x60\xea", 2, 0, check_arj },
	{ KIND_ACE, "ACE archive", "**ACE**", 7, 7, check_ace },
	{ KIND_ALZ, "ALZ archive", "ALZ\1", 4, 0, NULL },
	{ KIND_EGG, "EGG archive", "EGGA\0\1", 6, 0, NULL },
	{ KIND_ZPAQ, "ZPAQ archive", "7kSt\xa0\x31\x83\xd3", 8, 0, NULL },
	{ KIND_ZPAQ, "ZPAQ archive", "zPQ\1", 4, 0, NULL },
	{ KIND_ZPAQ, "ZPAQ archive", "zPQ\2", 4, 0, NULL },
	{ KIND_ZOO, "ZOO archive", "\xdc\xa7\xc4\xfd", 4, 20, NULL },
	{ KIND_STUFFIT, "StuffIt archive", "StuffIt (c)", 11, 0, check_stuffit },
	{ KIND_STUFFIT, "StuffIt archive", "rLau", 4, 10, NULL },
	{ KIND_ARC, "ARC archive", "\x1a", 1, 0, check_arc },
	{ KIND_WIM, "Windows image", "MSWIM\0\0\0", 8, 0, NULL },
	{ KIND_WIM, "Windows image", "WLPWM\0\0\0", 8, 0, NULL },
	{ KIND_VHDX, "VHDX disk image", "vhdxfile", 8, 0, NULL },
	{ KIND_VMDK, "VMDK disk image", "KDMV", 4, 0, check_number },
	{ KIND_VMDK, "VMDK disk image", "COWD", 4, 0, check_number },
	{ KIND_VMDK, "VMDK disk image", "# Disk DescriptorFile", 21, 0, check_descriptor },
	{ KIND_QCOW, "QCOW disk image", "QFI\xfb", 4, 0, check_qcow },
	{ KIND_VDI, "VDI disk image", "\x7f\x10\xda\xbe", 4, 64, NULL },
	{ KIND_SQUASHFS, "squashfs file system", "hsqs", 4, 0, check_number },
	{ KIND_SQUASHFS, "squashfs file system", "sqsh", 4, 0, check_number },
	{ KIND_NTFS, "NTFS file system", "NTFS    ", 8, 3, NULL },
	{ KIND_EXFAT, "exFAT file system", "EXFAT   ", 8, 3, NULL },
	{ KIND_APFS, "APFS file system", "NXSB", 4, 32, check_apfs },
	{ KIND_LZMA, "lzma file", "\x5d", 1, 0, check_lzma },
	{ KIND_TAR, "tar archive", "", 0, 0, check_tar },
	{ KIND_ISO, "ISO image", "CD001", 5, 32769, NULL },
	{ KIND_UDF, "UDF file system", "", 0, 0, check_udf },
	{ KIND_FAT, "FAT file system", "\x55\xaa", 2, 510, check_fat },
	{ KIND_HFS, "HFS file system", "", 0, 0, check_hfs },
	{ KIND_EXT, "ext file system", "", 0, 0, check_ext },
	{ KIND_DISK, "disk image", "\x55\xaa", 2, 510, check_disk },
	{ KIND_VHD, "VHD disk image", "", 0, 0, check_vhd },
	{ KIND_DMG, "DMG disk image", "", 0, 0, check_dmg },
	{ KIND_ZIP, "zip archive", "", 0, 0, check_zip },
};

#define N_SIGNS (sizeof(signs) / sizeof(signs[0]))

enum kind
kind_of(const char *bytes, size_t len)
{
	size_t next = 0;

	return kind_next(bytes, len, &next);
}

enum kind
kind_next(const char *bytes, size_t len, size_t *next)
{
	while (*next < N_SIGNS) {
		size_t i = (*next)++;

		if (at(bytes, len, signs[i].offset, signs[i].sign, signs[i].sign_len) &&
		    (signs[i].check == NULL || signs[i].check(bytes, len)))
			return signs[i].kind;
	}
	return KIND_NONE;
}

const char *
kind_phrase(enum kind kind)
{
	for (size_t i = 0; i < N_SIGNS; i++) {
		if (signs[i].kind == kind)
			return signs[i].phrase;
	}
	return NULL;
}

bool
kind_ends_as_zip(const char *bytes, size_t len)
{
	size_t first = len > ZIP_COMMENT_MAX + ZIP_END ? len - ZIP_COMMENT_MAX - ZIP_END : 0;

	return len >= ZIP_END && memmem(bytes + first, len - first, "PK\5\6", 4) != NULL;
}

size_t
kind_zip_end(const char *bytes, size_t len)
{
	size_t first = len > ZIP_COMMENT_MAX + ZIP_END ? len - ZIP_COMMENT_MAX - ZIP_END : 0;

	for (size_t i = len >= ZIP_END ? len - ZIP_END + 1 : 0; i-- > first;) {
		if (memcmp(bytes + i, "PK\5\6", 4) == 0)
			return i + ZIP_END;
	}
	return len;
}

static bool
at(const char *bytes, size_t len, size_t offset, const char *sign, size_t n)
{
	return offset <= len && len - offset >= n && memcmp(bytes + offset, sign, n) == 0;
}

static uint32_t
crc_of(const char *bytes, size_t len)
{
	return (uint32_t)crc32(0, (const unsigned char *)bytes, (unsigned int)len);
}

/* Behind four letters, which a text may begin with, there is a number of 32 bits, not a large one. */
static bool
check_number(const char *s, size_t len)
{
	return len >= 8 && memchr(s + 4, '\0', 4) != NULL;
}

/* Apple File System Reference, nx_superblock_t: the size of a block, 4096 as a rule. */
static bool
check_apfs(const char *s, size_t len)
{
	return len >= 40 && check_number(s + 32, len - 32);
}

/* ISO 28500 4: a version, and in the next line a field. */
static bool
check_warc(const char *s, size_t len)
{
	const char *line = memchr(s, '\n', len < 32 ? len : 32), *end = s + len;

	if (line == NULL || !isdigit((unsigned char)s[5]) || s[6] != '.')
		return false;
	for (line++; line < end && (isalnum((unsigned char)*line) || *line == '-'); line++)
		continue;
	return line < end && *line == ':';
}

/* "StuffIt (c)1997-2002 Aladdin Systems, Inc., ...": the years, then whose it is. */
static bool
check_stuffit(const char *s, size_t len)
{
	return at(s, len, 11, "1997-", 5) && at(s, len, 20, " Aladdin Systems", 16);
}

/* A header of type 0, in front of the sign. */
static bool
check_ace(const char *s, size_t len)
{
	(void)len;
	return s[4] == 0;
}

/* The text form (VMware, Virtual Disk Format 1.1): its version stands near the beginning. */
static bool
check_descriptor(const char *s, size_t len)
{
	return memmem(s, len < SECTOR ? len : SECTOR, "\nversion=", 9) != NULL;
}

/* [MS-CAB] 2.1: version 1.3. */
static bool
check_cab(const char *s, size_t len)
{
	return len >= 36 && s[24] == 3 && s[25] == 1;
}

static bool
check_bzip2(const char *s, size_t len)
{
	return len >= 4 && s[3] >= '1' && s[3] <= '9' &&
	    (len < 10 || memcmp(s + 4, "1AY&SY", 6) == 0 ||
		memcmp(s + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

static bool
check_lzip(const char *s, size_t len)
{
	return len >= 5 && (unsigned char)s[4] <= 1;
}

static bool
check_zstd_skip(const char *s, size_t len)
{
	size_t size = len >= 8 ? le_get(s + 4, 4) : 0;

	return len >= 12 && (s[0] & 0xf0) == 0x50 && size <= len - 12 &&
	    memcmp(s + 8 + size, "\x28\xb5\x2f\xfd", 4) == 0;
}

/* Bits of a code, and no other flag but the one of blocks. */
static bool
check_compress(const char *s, size_t len)
{
	unsigned int bits = len >= 3 ? (unsigned char)s[2] : 0xff;

	return (bits & 0x60) == 0 && (bits & 0x1f) >= 9 && (bits & 0x1f) <= 16;
}

/* Properties 3, 0, 2; a dictionary of 2^n or 2^n + 2^(n-1); a size that can be. */
static bool
check_lzma(const char *s, size_t len)
{
	uint32_t dictionary, high;

	if (len < 14 || s[13] != 0)
		return false;
	dictionary = le_get(s + 1, 4);
	high = le_get(s + 9, 4);
	while (dictionary > 3 && dictionary % 2 == 0)
		dictionary /= 2;
	return dictionary <= 3 && le_get(s + 1, 4) >= 4096 &&
	    (high < 256 || (high == 0xffffffff && le_get(s + 5, 4) == 0xffffffff));
}

static bool
check_lha(const char *s, size_t len)
{
	return len >= 21 && (s[4] == 'h' || s[4] == 'z') && s[5] != '\0' &&
	    strchr("0123456789dsx", s[5]) != NULL && s[6] == '-';
}

/* The forms with letters, and the binary one in either order. */
static bool
check_cpio(const char *s, size_t len)
{
	size_t name;

	if (len < 26)
		return false;
	if (memcmp(s, "070701", 6) == 0 || memcmp(s, "070702", 6) == 0 ||
	    memcmp(s, "070707", 6) == 0)
		return is_digits(s, 22);
	/* Of RPM packages of version 6: the names stand elsewhere. No reader has it. */
	if (memcmp(s, "07070X", 6) == 0)
		return is_digits(s + 6, 8);
	if (memcmp(s, "\xc7\x71", 2) == 0)
		name = le_get(s + 20, 2);
	else if (memcmp(s, "\x71\xc7", 2) == 0)
		name = (size_t)(unsigned char)s[20] << 8 | (unsigned char)s[21];
	else
		return false;
	return name > 1 && name <= len - 26 && s[26 + name - 1] == '\0' &&
	    memchr(s + 26, '\0', name) == s + 26 + name - 1;
}

static bool
is_digits(const char *s, size_t n)
{
	while (n > 0 && isxdigit((unsigned char)s[n - 1]))
		n--;
	return n == 0;
}

/* POSIX 1003.1 ustar: the sum of the header's bytes, its own eight as blanks. */
static bool
check_tar(const char *s, size_t len)
{
	unsigned long told = 0, sum = 0, sum_signed = 0;
	size_t i = 148;

	if (len < SECTOR || s[0] == '\0')
		return false;
	while (i < 156 && s[i] == ' ')
		i++;
	if (i == 156 || s[i] < '0' || s[i] > '7')
		return false;
	for (; i < 156 && s[i] >= '0' && s[i] <= '7'; i++)
		told = told * 8 + (unsigned long)(s[i] - '0');
	for (i = 0; i < SECTOR; i++) {
		char c = i >= 148 && i < 156 ? ' ' : s[i];

		sum += (unsigned char)c;
		sum_signed += (unsigned long)(long)(signed char)c;
	}
	return told == sum || told == sum_signed;
}

/* A basic header of a size that it can have, with its check sum. */
static bool
check_arj(const char *s, size_t len)
{
	size_t size = len >= 4 ? le_get(s + 2, 2) : 0;

	return size >= 30 && size <= 2600 && len >= size + 8 &&
	    crc_of(s + 4, size) == le_get(s + 4 + size, 4);
}

/* A method, and a name that DOS could have. */
static bool
check_arc(const char *s, size_t len)
{
	size_t n;

	if (len < 29 || s[1] < 1 || s[1] > 11)
		return false;
	n = strnlen(s + 2, 13);
	if (n == 0 || n == 13)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[2 + i] <= ' ' || s[2 + i] > '~')
			return false;
	}
	return le_get(s + 15, 4) <= len;
}

/* Behind something else, or an empty one. */
static bool
check_zip(const char *s, size_t len)
{
	return kind_ends_as_zip(s, len) &&
	    (at(s, len, 0, "PK\5\6", 4) || memmem(s, len, "PK\1\2", 4) != NULL);
}

static bool
check_qcow(const char *s, size_t len)
{
	return len >= 24 && s[4] == 0 && s[7] >= 1 && s[7] <= 3;
}

/* A BIOS parameter block that makes sense. */
static bool
check_fat(const char *s, size_t len)
{
	size_t sector = le_get(s + 11, 2), cluster = (unsigned char)s[13];

	return len > SECTOR && (s[0] == '\xeb' || s[0] == '\xe9') &&
	    (sector == 512 || sector == 1024 || sector == 2048 || sector == 4096) && cluster != 0 &&
	    (cluster & (cluster - 1)) == 0 && (s[16] == 1 || s[16] == 2) &&
	    ((unsigned char)s[21] >= 0xf8 || (unsigned char)s[21] == 0xf0);
}

/* A master boot record: entries that are active or not, of which one has a type and a length. */
static bool
check_disk(const char *s, size_t len)
{
	bool some = false;

	if (len <= SECTOR)
		return false;
	for (size_t i = 446; i < 510; i += 16) {
		if ((s[i] & 0x7f) != 0)
			return false;
		if (s[i + 4] != 0 && le_get(s + i + 12, 4) > 0)
			some = true;
	}
	return some;
}

static bool
check_ext(const char *s, size_t len)
{
	return len >= 2048 && at(s, len, 1080, "\x53\xef", 2) && le_get(s + 1024 + 24, 4) <= 6 &&
	    le_get(s + 1024, 4) > 0;
}

static bool
check_hfs(const char *s, size_t len)
{
	return (at(s, len, 1024, "H+\0\4", 4) || at(s, len, 1024, "HX\0\5", 4) ||
		   at(s, len, 1024, "BD", 2)) &&
	    len >= 2048 && (s[1024] == 'H' || le_get(s + 1024 + 36, 4) > 0) &&
	    (s[1024] == 'H' || (unsigned char)s[1024 + 36] <= 27);
}

/* ECMA-167 part 2: NSR02 or NSR03 in the volume recognition sequence. */
static bool
check_udf(const char *s, size_t len)
{
	for (size_t i = 32768; i <= 32768 + 8 * 2048; i += 2048) {
		if (at(s, len, i + 1, "NSR02", 5) || at(s, len, i + 1, "NSR03", 5))
			return true;
	}
	return false;
}

/* A footer at the end, and with what is there of a disk that grows a copy at the beginning. */
static bool
check_vhd(const char *s, size_t len)
{
	return at(s, len, 0, "conectix", 8) ||
	    (len > SECTOR && at(s, len, len - SECTOR, "conectix", 8)) ||
	    (len > SECTOR && at(s, len, len - SECTOR + 1, "conectix", 8));
}

static bool
check_dmg(const char *s, size_t len)
{
	return len >= SECTOR && at(s, len, len - SECTOR, "koly\0\0\0\4", 8);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_kind.h - what kind of archive, compressed file or image a content is.
 */
#ifndef MIME_KIND_H
#define MIME_KIND_H

#include <stdbool.h>
#include <stddef.h>

enum kind {
	KIND_NONE,
	KIND_7Z,
	KIND_RAR,
	KIND_RAR5,
	KIND_ZIP,
	KIND_TAR,
	KIND_CPIO,
	KIND_AR,
	KIND_CAB,
	KIND_LHA,
	KIND_ISO,
	KIND_WARC,
	KIND_XAR,
	KIND_RPM,
	KIND_GZIP,
	KIND_BZIP2,
	KIND_XZ,
	KIND_LZMA,
	KIND_LZIP,
	KIND_LZ4,
	KIND_ZSTD,
	KIND_COMPRESS,
	/* what nothing here opens */
	KIND_LZOP,
	KIND_LRZIP,
	KIND_GRZIP,
	KIND_ARJ,
	KIND_ACE,
	KIND_ALZ,
	KIND_EGG,
	KIND_ZPAQ,
	KIND_ARC,
	KIND_ZOO,
	KIND_STUFFIT,
	KIND_WIM,
	KIND_DMG,
	KIND_VHD,
	KIND_VHDX,
	KIND_VMDK,
	KIND_QCOW,
	KIND_VDI,
	KIND_SQUASHFS,
	KIND_FAT,
	KIND_NTFS,
	KIND_EXFAT,
	KIND_EXT,
	KIND_UDF,
	KIND_HFS,
	KIND_APFS,
	KIND_DISK
};

/*
 * By content, at its beginning and where a format has its mark; cheap. What begins with
 * something else and has a zip directory at its end is KIND_ZIP.
 */
enum kind kind_of(const char *, size_t len);

/*
 * A content can be several things at a time, and which one a program takes it for is not
 * known here: each of them, KIND_NONE behind the last; some twice. *next begins with 0.
 */
enum kind kind_next(const char *, size_t len, size_t *next);

/* "7z archive", "NTFS file system": a constant; KIND_NONE has none. */
const char *kind_phrase(enum kind);

/* Does it have the end record of a zip archive, where a reader would look for it? */
bool kind_ends_as_zip(const char *, size_t len);

/*
 * Where a zip archive ends but for the comment, in which libarchive does not look far
 * for the end; len if there is no end record.
 */
size_t kind_zip_end(const char *, size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dbgen.c - signatures that nothing matches, as many as ClamAV's own.
 *
 *	dbgen DIRECTORY THOUSANDTHS
 *
 * Writes bench.mdb, .hdb, .hsb, .ndb and .ldb into DIRECTORY: 5.0 M, 1.9 M,
 * 1.6 M, 100 k and 150 k signatures if THOUSANDTHS is 1000, and that part of
 * them if it is less. The same numbers give the same bytes on every machine.
 *
 * What makes a scan slow is not only how many there are. A logical signature
 * costs memory that is cleared for each scanned object of its target; a body
 * signature costs by how often its first bytes occur. So targets, lengths,
 * wildcards and the share of text among the patterns are mixed (see the
 * tables), chosen such that clamd takes about as long per message as
 * shared/peers.md measured. Patterns have at least 16 fixed bytes at random,
 * so that no message of ours will ever match.
 *
 * Diagnostics: err(3). Half a file is left under its name with ".new" behind.
 */
#include <err.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_PERCENT 60 /* of the patterns are text, the rest is code */

struct share {
	unsigned int percent;
	const char *text;
};

/* 0 any file, 1 PE, 2 OLE2, 3 HTML, 4 mail, 6 ELF, 7 ASCII text, 10 PDF. */
static const struct share body_targets[] = {
	{ 24, "1" },
	{ 60, "0" },
	{ 8, "3" },
	{ 3, "2" },
	{ 2, "4" },
	{ 1, "6" },
	{ 2, "7" },
};

static const struct share body_offsets[] = {
	{ 90, "*" },
	{ 10, "0" },
};

static const struct share logical_targets[] = {
	{ 67, "1" },
	{ 17, "0" },
	{ 6, "2" },
	{ 3, "3" },
	{ 2, "7" },
	{ 3, "10" },
	{ 2, "6" },
};

static const struct share families[] = {
	{ 40, "Win.Trojan.Agent" },
	{ 15, "Win.Malware.Generic" },
	{ 10, "Win.Ransomware.Locker" },
	{ 10, "Doc.Dropper.Agent" },
	{ 10, "Html.Phishing.Bank" },
	{ 10, "Unix.Malware.Mirai" },
	{ 5, "Js.Downloader.Nemucod" },
};

static void write_file(const char *dir, const char *suffix, uint64_t n,
    void (*line)(FILE *, uint64_t));
static void mdb_line(FILE *, uint64_t);
static void hdb_line(FILE *, uint64_t);
static void hsb_line(FILE *, uint64_t);
static void ndb_line(FILE *, uint64_t);
static void ldb_line(FILE *, uint64_t);

static uint64_t state;

/* splitmix64 */
static uint64_t
rnd(void)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static unsigned int
below(unsigned int n)
{
	return (unsigned int)((rnd() >> 32) * n >> 32);
}

static const char *
pick(const struct share *shares, size_t n)
{
	unsigned int at = below(100);
	size_t i = 0;

	while (i + 1 < n && at >= shares[i].percent)
		at -= shares[i++].percent;
	return shares[i].text;
}

#define PICK(shares) pick(shares, N_ELEMENTS(shares))

static void
put_byte(FILE *f, unsigned int byte)
{
	static const char digits[] = "0123456789abcdef";

	putc_unlocked(digits[byte >> 4 & 15], f);
	putc_unlocked(digits[byte & 15], f);
}

static void
put_hash(FILE *f, unsigned int bytes)
{
	uint64_t r = 0;

	for (unsigned int i = 0; i < bytes; i++, r >>= 8) {
		if (i % 8 == 0)
			r = rnd();
		put_byte(f, (unsigned int)(r & 0xff));
	}
}

static void
put_name(FILE *f, uint64_t number)
{
	fprintf(f, "%s-%" PRIu64, PICK(families), 1000000 + number);
}

/* Sizes of files: from 512 bytes to 16 MB, each power of two as often. */
static unsigned int
file_size(void)
{
	unsigned int base = 512u << below(15);

	return base + below(base);
}

static void
mdb_line(FILE *f, uint64_t number)
{
	unsigned int size = file_size();

	if (below(10) > 0)
		size &= ~511u; /* linkers align sections */
	fprintf(f, "%u:", size);
	put_hash(f, 16);
	putc_unlocked(':', f);
	put_name(f, number);
}

static void
hdb_line(FILE *f, uint64_t number)
{
	put_hash(f, 16);
	fprintf(f, ":%u:", file_size());
	put_name(f, number);
}

static void
hsb_line(FILE *f, uint64_t number)
{
	put_hash(f, 32);
	fprintf(f, ":%u:", file_size());
	put_name(f, number);
}

/* Code has its favourite bytes. */
static unsigned int
code_byte(void)
{
	static const unsigned char usual[] = { 0x00, 0xff, 0x8b, 0x45, 0x89, 0x24, 0xe8, 0x83, 0x50,
		0x74 };

	return below(3) == 0 ? usual[below(N_ELEMENTS(usual))] : below(256);
}

static unsigned int
text_byte(void)
{
	static const char usual[] = "eeeeetttaaaooonnniiirrsshhlldcumfpgwybvkxjqz"
				    "ABCDEFSTMPRW0123456789  ..//::==\"\"()<>-_";

	return (unsigned char)usual[below(sizeof(usual) - 1)];
}

static void
put_bytes(FILE *f, unsigned int n, unsigned int (*byte)(void))
{
	while (n-- > 0)
		put_byte(f, byte());
}

static void
put_wildcard(FILE *f)
{
	switch (below(5)) {
	case 0:
		fputs("??", f);
		break;
	case 1:
		fprintf(f, "{%u}", 2 + below(30));
		break;
	case 2:
		fprintf(f, "{-%u}", 5 + below(60));
		break;
	case 3:
		fprintf(f, "(%02x|%02x)", below(128), 128 + below(128));
		break;
	default:
		putc_unlocked('*', f);
	}
}

/* One pattern: a run of bytes, and in one of five a wildcard and a second run. */
static void
put_pattern(FILE *f, unsigned int shortest, unsigned int longest)
{
	unsigned int (*byte)(void) = below(100) < TEXT_PERCENT ? text_byte : code_byte;

	put_bytes(f, shortest + below(longest - shortest + 1), byte);
	if (below(5) == 0) {
		put_wildcard(f);
		put_bytes(f, shortest, byte);
	}
}

static void
ndb_line(FILE *f, uint64_t number)
{
	put_name(f, number);
	fprintf(f, ":%s:%s:", PICK(body_targets), PICK(body_offsets));
	put_pattern(f, 16, 100);
}

static void
ldb_line(FILE *f, uint64_t number)
{
	unsigned int patterns = 2 + below(4);

	put_name(f, number);
	fprintf(f, ";Engine:51-255,Target:%s;0", PICK(logical_targets));
	for (unsigned int i = 1; i < patterns; i++)
		fprintf(f, "&%u", i);
	for (unsigned int i = 0; i < patterns; i++) {
		putc_unlocked(';', f);
		put_pattern(f, 16, 40);
	}
}

static void
write_file(const char *dir, const char *suffix, uint64_t n, void (*line)(FILE *, uint64_t))
{
	char path[4096], part[4096 + 8];
	FILE *f;

	snprintf(path, sizeof(path), "%s/bench.%s", dir, suffix);
	snprintf(part, sizeof(part), "%s.new", path);
	f = fopen(part, "we");
	if (f == NULL)
		err(1, "%s", part);
	for (uint64_t i = 0; i < n; i++) {
		line(f, i);
		putc_unlocked('\n', f);
	}
	if (fclose(f) == EOF)
		err(1, "%s", part);
	if (rename(part, path) == -1)
		err(1, "%s", path);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *suffix;
		uint64_t thousands;
		void (*line)(FILE *, uint64_t);
	} files[] = {
		{ "mdb", 5000, mdb_line },
		{ "hdb", 1900, hdb_line },
		{ "hsb", 1600, hsb_line },
		{ "ndb", 100, ndb_line },
		{ "ldb", 150, ldb_line },
	};
	uint64_t part;

	if (argc != 3 || (part = strtoull(argv[2], NULL, 10)) == 0 || part > 1000)
		errx(1, "usage: dbgen DIRECTORY THOUSANDTHS");
	for (size_t i = 0; i < N_ELEMENTS(files); i++) {
		state = (uint64_t)i << 56;
		write_file(argv[1], files[i].suffix, files[i].thousands * part, files[i].line);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_scan.c - the scanner finds what is there, and is never clean where it
 * did not look. Signatures are made here: EICAR (kept shifted by one, so that
 * no scanner stumbles over this file or the test program) and needles.
 */
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "scan.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

#define NOBODY 65534
#define EICAR_LEN 68
#define EICAR_HIT "Eicar-Test-Signature.UNOFFICIAL"
#define SECONDS 300 /* never reached, even under valgrind */
#define TESTFILES "/usr/share/clamav-testfiles"
/* MD5 and size of the harmless program in them, as ClamAV's own tests have it */
#define TESTFILE_SIGNATURE "aa15bcf478d165efd2065190eb473bcb:544:ClamAV-Test-File\n"

struct buffer {
	unsigned char bytes[4 << 20];
	size_t len;
	unsigned int bits, n_bits; /* of a bit stream, not yet in bytes */
};

static char root[] = "/tmp/unit_scan.XXXXXX";
static char database[64], scratch[64], scanner[] = "libclamav", none[] = "";
static char eicar[EICAR_LEN + 1];
static struct conf conf;
static struct scan_result result;
static struct buffer one, two;

/* --- signatures and settings --- */

static void
write_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* One line of an .ndb file: NAME matches text anywhere. */
static char *
signature(char *line, size_t size, const char *name, const char *text)
{
	int n = snprintf(line, size, "%s:0:*:", name);

	for (; *text != '\0'; text++)
		n += snprintf(line + n, size - (size_t)n, "%02x", (unsigned char)*text);
	snprintf(line + n, size - (size_t)n, "\n");
	return line;
}

static void
empty_directory(const char *path)
{
	char name[PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		unlink(name);
	}
	closedir(dir);
}

static void
remove_leftovers(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf %s/*", scratch);
	assert_int_equal(system(command), 0);
}

static int
set_up(void **state)
{
	static const char shifted[] = "Y6P\"Q&ABQ\\5]Q[Y65)Q_*8DD*8~%FJDBS"
				      ".TUBOEBSE.BOUJWJSVT.UFTU.GJMF\"%I,I+";
	char line[512];

	(void)state;
	for (size_t i = 0; i < EICAR_LEN; i++)
		eicar[i] = (char)(shifted[i] - 1);
	empty_directory(database);
	write_file(database, "eicar.ndb",
	    signature(line, sizeof(line), "Eicar-Test-Signature", eicar));
	write_file(database, "test.hdb", TESTFILE_SIGNATURE);
	memset(&conf, 0, sizeof(conf));
	conf.scanner = scanner;
	conf.cvd_certs_dir = none;
	conf.database = database;
	conf.scan_size_limit = 400 << 20;
	conf.scan_file_limit = 100 << 20;
	conf.scan_depth_limit = 17;
	conf.scan_files_limit = 10000;
	one.len = two.len = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scan_close();
	return rmdir(scratch) == 0 && mkdir(scratch, 0700) == 0 ? 0 : -1; /* it was empty */
}

static void
open_scanner(void)
{
	char err[512] = "";

	if (!scan_open(&conf, scratch, err, sizeof(err)))
		fail_msg("scan_open: %s", err);
}

/* It must not open, and the sentence must have both strings in it. */
static void
refuse_to_open(const char *about, const char *why)
{
	char err[512] = "";

	assert_false(scan_open(&conf, scratch, err, sizeof(err)));
	if (strstr(err, about) == NULL || strstr(err, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\" and \"%s\"", err, about, why);
	scan_bytes(&result, SCAN_PART, "harmless", 8, SECONDS);
	assert_true(result.failed);
}

/* --- content --- */

static void
put(struct buffer *to, const void *bytes, size_t len)
{
	assert_true(len <= sizeof(to->bytes) - to->len);
	memcpy(to->bytes + to->len, bytes, len);
	to->len += len;
}

static void
put_text(struct buffer *to, const char *text)
{
	put(to, text, strlen(text));
}

static void
put_number(struct buffer *to, unsigned long value, int bytes)
{
	unsigned char c;

	for (; bytes > 0; bytes--, value >>= 8) {
		c = (unsigned char)value;
		put(to, &c, 1);
	}
}

static void
put_base64(struct buffer *to, const char *bytes, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char quad[4];

	for (size_t i = 0; i < len; i += 3) {
		unsigned long v = (unsigned long)(unsigned char)bytes[i] << 16;

		v |= i + 1 < len ? (unsigned long)(unsigned char)bytes[i + 1] << 8 : 0;
		v |= i + 2 < len ? (unsigned long)(unsigned char)bytes[i + 2] : 0;
		for (int k = 0; k < 4; k++)
			quad[k] = digits[v >> (18 - 6 * k) & 63];
		if (i + 2 >= len)
			quad[3] = '=';
		if (i + 1 >= len)
			quad[2] = '=';
		put(to, quad, 4);
		if (i % 54 == 51)
			put_text(to, "\n");
	}
	put_text(to, "\n");
}

/* A zip of one file, compressed already; flags: 1 = encrypted, method: 0, 8. */
static void
put_zip(struct buffer *to, const char *name, const struct buffer *packed, size_t size,
    unsigned int flags, unsigned int method)
{
	size_t start = to->len, central;

	for (int i = 0; i < 2; i++) { /* local header, then central directory */
		central = to->len;
		put_text(to, i == 0 ? "PK\3\4" : "PK\1\2");
		if (i == 1)
			put_number(to, 20, 2);
		put_number(to, 20, 2);
		put_number(to, flags, 2);
		put_number(to, method, 2);
		put_number(to, 0, 8); /* time, date, CRC (not looked at) */
		put_number(to, packed->len, 4);
		put_number(to, size, 4);
		put_number(to, strlen(name), 2);
		put_number(to, 0, i == 0 ? 2 : 16);
		if (i == 1)
			put_number(to, start, 4);
		put_text(to, name);
		if (i == 0)
			put(to, packed->bytes, packed->len);
	}
	size = to->len - central;
	put_text(to, "PK\5\6");
	put_number(to, 0, 4);
	put_number(to, 1, 2);
	put_number(to, 1, 2);
	put_number(to, size, 4);
	put_number(to, central, 4);
	put_number(to, 0, 2);
}

static void
put_bits(struct buffer *to, unsigned int bits, unsigned int n, bool code)
{
	for (unsigned int i = 0; i < n; i++) {
		/* Huffman codes go in from their highest bit, all else from the lowest */
		to->bits |= (bits >> (code ? n - 1 - i : i) & 1) << to->n_bits;
		if (++to->n_bits == 8) {
			put_number(to, to->bits, 1);
			to->bits = to->n_bits = 0;
		}
	}
}

/* Deflate: zeros (a multiple of 258, plus 1), then text (ASCII). */
static void
put_deflated(struct buffer *to, size_t zeros, const char *text)
{
	to->bits = to->n_bits = 0;
	put_bits(to, 1, 1, false); /* the last block */
	put_bits(to, 1, 2, false); /* fixed codes */
	if (zeros > 0)
		put_bits(to, 0x30, 8, true); /* a zero */
	for (; zeros > 258; zeros -= 258) {
		put_bits(to, 0xc5, 8, true); /* 258 more */
		put_bits(to, 0, 5, true); /* of the last byte */
	}
	for (; *text != '\0'; text++)
		put_bits(to, 0x30U + (unsigned char)*text, 8, true);
	put_bits(to, 0, 7, true); /* the end */
	put_bits(to, 0, 7, false); /* fill the last byte */
}

static void
put_mail(struct buffer *to, const char *first, const char *encoding)
{
	put_text(to, first);
	put_text(to,
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n"
	    "--bb\n\nhello\n--bb\nContent-Type: application/octet-stream; name=a.bin\n");
	put_text(to, "Content-Transfer-Encoding: ");
	put_text(to, encoding);
	put_text(to, "\n\n");
}

/* --- results --- */

static void
scan(enum scan_kind kind, const struct buffer *b)
{
	scan_bytes(&result, kind, (const char *)b->bytes, b->len, SECONDS);
	if (result.failed)
		fail_msg("scan failed: %s", result.error);
}

static bool
has(enum verdict_class class, const char *name)
{
	for (size_t i = 0; i < result.n_hits; i++)
		if (result.hits[i].class == class && strcmp(result.hits[i].name, name) == 0)
			return true;
	return false;
}

static void
assert_one(enum verdict_class class, const char *name)
{
	assert_int_equal(result.n_hits, 1);
	assert_string_equal(result.hits[0].name, name);
	assert_int_equal(result.hits[0].class, class);
}

static void
assert_clean(void)
{
	if (result.n_hits > 0)
		fail_msg("unexpected hit %s", result.hits[0].name);
}

/* --- cases: opening --- */

static void
test_open(void **state)
{
	char err[512], banner[64];

	(void)state;
	assert_int_equal(scan_signatures(), 0);
	open_scanner();
	assert_int_equal(scan_signatures(), 2);
	assert_int_equal(strncmp(scan_banner(), "ClamAV ", 7), 0);
	strlcpy(banner, strrchr(scan_banner(), '/'), sizeof(banner));
	assert_string_equal(banner, "/2-signatures");
	assert_false(scan_open(&conf, scratch, err, sizeof(err))); /* one per process */
	assert_int_equal(scan_signatures(), 2);
	scan_close();
	scan_close();
	open_scanner();
}

/* A file instead of a directory will do. */
static void
test_database_file(void **state)
{
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/eicar.ndb", database);
	conf.database = path;
	open_scanner();
	assert_int_equal(scan_signatures(), 1);
	scan_bytes(&result, SCAN_PART, eicar, EICAR_LEN, SECONDS);
	assert_one(CLASS_INFECTED, EICAR_HIT);
}

static void
test_database_missing(void **state)
{
	char path[] = "/nonexistent/\033[1msignatures";

	(void)state;
	conf.database = path;
	refuse_to_open("signature database /nonexistent/?[1msignatures", strerror(ENOENT));
	/* What libclamav says once is told once. */
	refuse_to_open("(cl_load(): No such file or directory: /nonexistent/?[1msignatures)", "");
}

static void
test_database_empty(void **state)
{
	(void)state;
	empty_directory(database);
	refuse_to_open(database, "No supported database files");
	write_file(database, "README.txt", "not a database\n");
	refuse_to_open(database, "No supported database files");
	write_file(database, "local.ign2", "Some-Signature\n");
	refuse_to_open(database, "no signatures");
	write_file(database, "empty.ndb", "");
	refuse_to_open(database, "empty.ndb");
}

static void
test_database_garbage(void **state)
{
	(void)state;
	write_file(database, "bad.ndb", "this is no signature\n");
	refuse_to_open(database, "bad.ndb");
	empty_directory(database);
	write_file(database, "bad.cvd", "neither is this a signed database\n");
	refuse_to_open(database, database);
}

static void
test_database_unreadable(void **state)
{
	char path[PATH_MAX];

	(void)state;
	if (getuid() != 0) {
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	snprintf(path, sizeof(path), "%s/eicar.ndb", database);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chown(scratch, NOBODY, NOBODY), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	refuse_to_open(database, "eicar.ndb");
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chown(scratch, 0, 0), 0);
}

/* An ignore list that has our marker on it. */
static void
test_marker_ignored(void **state)
{
	(void)state;
	write_file(database, "local.ign2", "Spawnscan-Self-Test\n");
	refuse_to_open(database, "the marker was not found");
}

/* Patterns match and hashes do not, as where a crypto policy forbids them. */
static void
test_hash_marker_ignored(void **state)
{
	(void)state;
	write_file(database, "local.ign2", "Spawnscan-Self-Test-MD5\n");
	refuse_to_open(database, "the marker was not found (Spawnscan-Self-Test-MD5");
	write_file(database, "local.ign2", "Spawnscan-Self-Test-SHA256\n");
	refuse_to_open(database, "the marker was not found (Spawnscan-Self-Test-SHA256");
}

/* A signature that matches everything. */
static void
test_harmless_matched(void **state)
{
	char line[512];

	(void)state;
	write_file(database, "bad.ndb", signature(line, sizeof(line), "Everything", "spawnscan"));
	refuse_to_open(database, "Everything");
}

static void
test_scratch_missing(void **state)
{
	char err[512] = "";

	(void)state;
	assert_false(scan_open(&conf, "/nonexistent/scratch", err, sizeof(err)));
	assert_non_null(strstr(err, "/nonexistent/scratch"));
	assert_non_null(strstr(err, strerror(ENOENT)));
}

static void
test_scratch_not_writable(void **state)
{
	char err[512] = "";

	(void)state;
	if (getuid() != 0) {
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	assert_int_equal(seteuid(NOBODY), 0);
	assert_false(scan_open(&conf, scratch, err, sizeof(err)));
	assert_int_equal(seteuid(0), 0);
	assert_non_null(strstr(err, scratch));
	assert_non_null(strstr(err, strerror(EACCES)));
}

/* --- cases: scratch goes bad later --- */

static void
test_scratch_removed(void **state)
{
	(void)state;
	open_scanner();
	assert_int_equal(rmdir(scratch), 0);
	scan_bytes(&result, SCAN_PART, "harmless", 8, SECONDS);
	assert_int_equal(mkdir(scratch, 0700), 0);
	assert_true(result.failed);
	assert_non_null(strstr(result.error, scratch));
}

static void
test_scratch_shut(void **state)
{
	(void)state;
	if (getuid() != 0) {
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	open_scanner();
	put_mail(&one, "From: a@b\n", "base64");
	put_base64(&one, eicar, EICAR_LEN);
	assert_int_equal(seteuid(NOBODY), 0);
	scan_bytes(&result, SCAN_MAIL, (const char *)one.bytes, one.len, SECONDS);
	assert_int_equal(seteuid(0), 0);
	assert_true(result.failed);
}

/*
 * In a child: let spoil make it hard, then scan clamav-testfiles. All of them
 * carry a virus, so none may come out clean.
 */
static void
scan_spoilt(bool (*spoil)(void))
{
	static char bytes[2 << 20];
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	ssize_t len;
	int fd, status;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid > 0) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
			fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
			return;
		}
		/* libclamav's Rust half aborts where it can't get memory: that is not clean */
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
			return;
		assert_int_equal(status, 0);
		return;
	}
	if ((dir = opendir(TESTFILES)) == NULL || !spoil()) {
		print_message("SKIP: no " TESTFILES ", or not allowed to spoil\n");
		_exit(77);
	}
	while ((entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), TESTFILES "/%s", entry->d_name);
		fd = open(path, O_RDONLY);
		len = read(fd, bytes, sizeof(bytes));
		close(fd);
		if (len <= 0)
			continue; /* "." and ".." */
		scan_bytes(&result, SCAN_MAIL, bytes, (size_t)len, SECONDS);
		if (!result.failed && !has(CLASS_INFECTED, "ClamAV-Test-File.UNOFFICIAL")) {
			print_message("%s came out clean\n", path);
			_exit(1);
		}
	}
	_exit(0);
}

static bool
spoil_nothing(void)
{
	return true;
}

static bool
spoil_disk(void)
{
	static const char block[4096];
	char path[PATH_MAX];
	int fd;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", scratch, "tmpfs", 0, "size=256k") == -1)
		return false;
	snprintf(path, sizeof(path), "%s/filler", scratch);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	return ftruncate(fd, lseek(fd, 0, SEEK_CUR) - 4096) == 0;
}

static bool
spoil_memory(void)
{
	struct rlimit few;
	unsigned long pages;
	FILE *file;
	const char *preload = getenv("LD_PRELOAD");

#ifdef WITH_ASAN
	return false;
#endif
	malloc_trim(0);
	file = fopen("/proc/self/statm", "r");
	if (file == NULL || (preload != NULL && strstr(preload, "vgpreload") != NULL) ||
	    fscanf(file, "%lu", &pages) != 1)
		return false;
	fclose(file);
	few.rlim_cur = few.rlim_max = pages * 4096 + (3 << 20);
	return setrlimit(RLIMIT_AS, &few) == 0;
}

static void
test_testfiles(void **state)
{
	(void)state;
	open_scanner();
	scan_spoilt(spoil_nothing);
}

static void
test_disk_full(void **state)
{
	(void)state;
	open_scanner();
	scan_spoilt(spoil_disk);
}

static void
test_memory_short(void **state)
{
	(void)state;
	open_scanner();
	scan_spoilt(spoil_memory);
	remove_leftovers(); /* of a child that was aborted */
}

/* --- cases: content --- */

static void
test_small(void **state)
{
	static const char bytes[10] = { '\n', 0, 'P', 'K', 3, 4, '%', '!', 'M', 'Z' };

	(void)state;
	open_scanner();
	for (size_t len = 0; len <= sizeof(bytes); len++)
		for (int kind = SCAN_MAIL; kind <= SCAN_FIRST; kind++) {
			scan_bytes(&result, (enum scan_kind)kind, bytes, len, SECONDS);
			if (result.failed)
				fail_msg("%zu bytes, kind %d: %s", len, kind, result.error);
			assert_clean();
		}
	scan_bytes(&result, SCAN_PART, NULL, 0, SECONDS);
	assert_false(result.failed);
	assert_clean();
}

static void
test_not_open(void **state)
{
	(void)state;
	scan_bytes(&result, SCAN_PART, "", 0, SECONDS);
	assert_true(result.failed);
}

static void
test_eicar(void **state)
{
	(void)state;
	open_scanner();
	for (int kind = SCAN_MAIL; kind <= SCAN_FIRST; kind++) {
		scan_bytes(&result, (enum scan_kind)kind, eicar, EICAR_LEN, SECONDS);
		assert_false(result.failed);
		assert_one(CLASS_INFECTED, EICAR_HIT);
		scan_bytes(&result, (enum scan_kind)kind, eicar, EICAR_LEN - 1, SECONDS);
		assert_false(result.failed);
		assert_clean();
	}
}

static void
test_zip(void **state)
{
	(void)state;
	put_deflated(&one, 0, eicar);
	put_zip(&two, "eicar.com", &one, EICAR_LEN, 0, 8);
	open_scanner();
	scan(SCAN_PART, &two);
	assert_one(CLASS_INFECTED, EICAR_HIT);
}

/* Messages, also such as libclamav alone does not take for messages. */
static void
test_mail(void **state)
{
	static const char *const first[] = { "From: a@b\n", "From a@b Mon Jan  1 00:00:00 2024\n",
		"X-Odd: yes\n", "", "Content-Language: en\n", "\n", " folded\n" };

	(void)state;
	open_scanner();
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		one.len = two.len = 0;
		put_mail(&one, first[i], "base64");
		put_base64(&one, eicar, EICAR_LEN);
		put_text(&one, "--bb--\n");
		scan(SCAN_MAIL, &one);
		assert_one(CLASS_INFECTED, EICAR_HIT);
		put_text(&two, first[i]);
		put_text(&two,
		    "Content-Type: application/octet-stream\n"
		    "Content-Transfer-Encoding: base64\n\n");
		put_base64(&two, eicar, EICAR_LEN);
		scan(SCAN_MAIL, &two);
		assert_one(CLASS_INFECTED, EICAR_HIT);
	}
}

static void
count_contents(void *ctx, const char *name, const char *bytes, size_t len)
{
	unsigned int *n = ctx;

	(void)name;
	(void)len;
	*n += bytes != NULL;
}

/* libclamav reads a message that begins with this field as a web archive. */
static void
test_mail_is_opened_once(void **state)
{
	static const char *const first[] = { "From: a@b\n", "", "X-Mailer: a\n" };

	(void)state;
	open_scanner();
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		unsigned int n = 0;

		one.len = 0;
		put_mail(&one, first[i], "base64");
		put_base64(&one, eicar, EICAR_LEN);
		put_text(&one, "--bb--\n");
		scan_on_member(count_contents, &n);
		scan(SCAN_MAIL, &one);
		scan_on_member(NULL, NULL);
		assert_one(CLASS_INFECTED, EICAR_HIT);
		assert_int_equal(n, 1);
	}
}

/* A message as a part, as it is found in archives. */
static void
test_mail_in_part(void **state)
{
	(void)state;
	open_scanner();
	put_mail(&one, "From: a@b\n", "base64");
	put_base64(&one, eicar, EICAR_LEN);
	put_text(&one, "--bb--\n");
	scan(SCAN_PART, &one);
	assert_one(CLASS_INFECTED, EICAR_HIT);
	put_zip(&two, "a.eml", &one, one.len, 0, 0);
	scan(SCAN_PART, &two);
	assert_one(CLASS_INFECTED, EICAR_HIT);
}

static void
test_encrypted(void **state)
{
	(void)state;
	open_scanner();
	put_text(&one, "012345678901these bytes are noise");
	put_zip(&two, "secret.doc", &one, one.len - 12, 1, 0);
	scan(SCAN_PART, &two);
	assert_one(CLASS_ENCRYPTED, "Heuristics.Encrypted.Zip");
}

/* What is encrypted does not hide what is infected. */
static void
test_masking(void **state)
{
	static struct buffer outer;

	(void)state;
	open_scanner();
	outer.len = 0;
	put_text(&one, "012345678901these bytes are noise");
	put_zip(&two, "secret.doc", &one, one.len - 12, 1, 0);
	put_mail(&outer, "From: a@b\n", "base64");
	put_base64(&outer, (const char *)two.bytes, two.len);
	put_text(&outer,
	    "--bb\nContent-Transfer-Encoding: base64\n"
	    "Content-Type: application/octet-stream; name=b.bin\n\n");
	put_base64(&outer, eicar, EICAR_LEN);
	put_text(&outer, "--bb--\n");
	scan(SCAN_MAIL, &outer);
	assert_int_equal(result.n_hits, 2);
	assert_true(has(CLASS_ENCRYPTED, "Heuristics.Encrypted.Zip"));
	assert_true(has(CLASS_INFECTED, EICAR_HIT));
}

/* --- cases: limits --- */

static void
test_depth_limit(void **state)
{
	struct buffer *from = &one, *to = &two, *swap;

	(void)state;
	conf.scan_depth_limit = 5;
	open_scanner();
	put_deflated(from, 0, eicar);
	put_zip(to, "a", from, EICAR_LEN, 0, 8);
	for (int depth = 1; depth < 10; depth++) {
		if (depth < 4) {
			scan(SCAN_PART, to);
			assert_one(CLASS_INFECTED, EICAR_HIT);
		}
		swap = from, from = to, to = swap;
		to->len = 0;
		put_zip(to, "a.zip", from, from->len, 0, 0);
	}
	scan(SCAN_PART, to);
	assert_true(has(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxRecursion"));
}

static void
test_file_limit(void **state)
{
	(void)state;
	conf.scan_file_limit = 256 << 10;
	open_scanner();
	while (one.len < 256 << 10)
		put_text(&one, "0123456789abcdef");
	scan(SCAN_PART, &one);
	assert_clean();
	put_text(&one, eicar);
	scan(SCAN_PART, &one);
	assert_one(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxFileSize");
	scan(SCAN_MAIL, &one);
	assert_one(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxFileSize");
}

/* Unzip cuts off without a word; libclamav alone calls this clean. */
static void
test_unzip_limit(void **state)
{
	const size_t zeros = 1 + 258 * 4000; /* 1,032,001 */

	(void)state;
	put_deflated(&one, zeros, eicar);
	put_zip(&two, "zeros", &one, zeros + EICAR_LEN, 0, 8);
	open_scanner();
	scan(SCAN_PART, &two);
	assert_one(CLASS_INFECTED, EICAR_HIT);
	scan_close();
	conf.scan_file_limit = 1 << 20; /* well above: no limit hit */
	open_scanner();
	scan(SCAN_PART, &two);
	assert_one(CLASS_INFECTED, EICAR_HIT);
	scan_close();
	for (conf.scan_file_limit = 900000; conf.scan_file_limit < 908192;
	     conf.scan_file_limit += 1000) {
		open_scanner();
		scan(SCAN_PART, &two);
		assert_one(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxFileSize");
		scan_close();
	}
	conf.scan_file_limit = 1024; /* the least that can be configured */
	open_scanner();
	scan(SCAN_PART, &two);
	assert_one(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxFileSize");
}

static void
test_size_limit(void **state)
{
	const size_t zeros = 1 + 258 * 4000;

	(void)state;
	conf.scan_size_limit = 500000;
	open_scanner();
	put_deflated(&one, zeros, "");
	put_zip(&two, "zeros", &one, zeros, 0, 8);
	scan(SCAN_PART, &two);
	assert_true(has(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxScanSize"));
}

static void
test_files_limit(void **state)
{
	(void)state;
	conf.scan_files_limit = 20;
	open_scanner();
	put_text(&one,
	    "From: a@b\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=bb\n\n");
	for (int i = 0; i < 50; i++) {
		put_text(&one,
		    "--bb\nContent-Type: application/octet-stream; name=a.bin\n"
		    "Content-Transfer-Encoding: base64\n\n");
		put_base64(&one, "harmless, and", 13);
	}
	put_text(&one, "--bb--\n");
	scan(SCAN_MAIL, &one);
	assert_true(has(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxFiles"));
}

static void
test_no_time(void **state)
{
	(void)state;
	open_scanner();
	scan_bytes(&result, SCAN_PART, "harmless", 8, 0);
	assert_false(result.failed);
	assert_true(has(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxScanTime"));
}

/* Some 370 MB to unpack and look at, in a second. */
static void
test_time_limit(void **state)
{
	const size_t zeros = 1 + 258 * 360000; /* packed: 585 KB */
	static struct buffer outer;
	struct timespec from, to;

	(void)state;
	open_scanner();
	put_deflated(&one, zeros, "");
	put_zip(&two, "zeros", &one, zeros, 0, 8);
	outer.len = 0;
	put_text(&outer,
	    "From: a@b\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=bb\n\n");
	for (int i = 0; i < 4; i++) {
		put_text(&outer,
		    "--bb\nContent-Type: application/zip\n"
		    "Content-Transfer-Encoding: base64\n\n");
		put_base64(&outer, (const char *)two.bytes, two.len);
	}
	put_text(&outer, "--bb--\n");
	clock_gettime(CLOCK_MONOTONIC, &from);
	scan_bytes(&result, SCAN_MAIL, (const char *)outer.bytes, outer.len, 1);
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (!result.failed && result.n_hits == 0 && to.tv_sec - from.tv_sec < 2) {
		print_message("SKIP: this machine is too fast for the time limit\n");
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	assert_true(result.failed || has(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxScanTime"));
}

/* --- cases: complaints --- */

/* What libclamav complains about is a matter of this content, and of no other. */
static void
expect_unopened(const char *what, const void *bytes, size_t len)
{
	scan_bytes(&result, SCAN_PART, bytes, len, SECONDS);
	if (result.failed)
		fail_msg("%s: failed: %s", what, result.error);
	if (result.n_hits != 1 || result.hits[0].class != CLASS_UNOPENED)
		fail_msg("%s: %zu hits: %s", what, result.n_hits, result.hits[0].name);
	scan_bytes(&result, SCAN_PART, "harmless", 8, SECONDS);
	assert_false(result.failed);
	assert_clean();
}

/* An .xz that begins well: stream header, block header, then what is no LZMA2. */
static const unsigned char broken_xz[] = { 0xfd, '7', 'z', 'X', 'Z', 0, 0, 4, 0xe6, 0xd6, 0xb4,
	0x46, 2, 0, 0x21, 1, 0x16, 0, 0, 0, 0x74, 0x2f, 0xe5, 0xa3, 0xff, 0xff, 0xff, 0xff };

static void
test_unopened(void **state)
{
	(void)state;
	open_scanner();
	expect_unopened("the magic of xz", broken_xz, 6);
	expect_unopened("half a stream header", broken_xz, 10);
	expect_unopened("a stream header", broken_xz, 12);
	expect_unopened("half a block", broken_xz, 24);
	expect_unopened("a broken block", broken_xz, sizeof(broken_xz));
	expect_unopened("what begins like EGG", "EGGAs are on the menu today\001\n", 29);
	expect_unopened("what begins like SWF", "ZWS, our club, meets on Monday\001\n", 32);
}

/* If all of it is text no program would open it. */
static void
test_text_like_archive(void **state)
{
	(void)state;
	open_scanner();
	scan_bytes(&result, SCAN_PART, "EGGAs are on the menu today.\n", 29, SECONDS);
	assert_false(result.failed);
	assert_clean();
	scan_bytes(&result, SCAN_PART, "ZWS, our club, meets on Monday.\n", 32, SECONDS);
	assert_false(result.failed);
	assert_clean();
}

/* It goes on to look at what can be opened. */
static void
test_unopened_beside_virus(void **state)
{
	(void)state;
	open_scanner();
	put_text(&one,
	    "From: a@b\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=bb\n\n"
	    "--bb\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n");
	put_base64(&one, (const char *)broken_xz, sizeof(broken_xz));
	put_text(&one, "--bb\nContent-Type: application/octet-stream\n\n");
	put_text(&one, eicar);
	put_text(&one, "\n--bb--\n");
	scan(SCAN_MAIL, &one);
	assert_int_equal(result.n_hits, 2);
	assert_true(has(CLASS_INFECTED, EICAR_HIT));
	assert_true(result.hits[0].class == CLASS_UNOPENED ||
	    result.hits[1].class == CLASS_UNOPENED);
}

/*
 * A disk that is full while libclamav unpacks, and empty again when it is asked
 * afterwards: our own fault, not the content's.
 */
static void
test_full_for_a_moment(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	open_scanner();
	put_deflated(&one, 1 + 258 * 160000, "");
	put_zip(&two, "zeros", &one, 1 + 258 * 160000, 0, 8);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) == -1 ||
		    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == -1 ||
		    mount("none", scratch, "tmpfs", 0, "size=8m") == -1)
			_exit(77);
		scan_bytes(&result, SCAN_PART, (const char *)two.bytes, two.len, SECONDS);
		print_message("%s\n", result.failed ? result.error : "not failed");
		_exit(result.failed ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		fprintf(stderr, "# SKIPPED in part: %s\n", __func__);
		return;
	}
	assert_int_equal(status, 0);
}

/* One that asks for a dictionary of 4 GiB, which libclamav refuses by a limit of its own. */
static const unsigned char large_xz[] = { 0xfd, '7', 'z', 'X', 'Z', 0, 0, 4, 0xe6, 0xd6, 0xb4, 0x46,
	2, 0, 0x21, 1, 0x28, 0, 0, 0, 0xe6, 0xa0, 0x11, 0xb3, 1, 0, 8, 'h', 'a', 'r', 'm', 'l', 'e',
	's', 's', '\n', 0 };

/* Memory that content asks for is no failure of our own. */
static void
test_too_much_memory(void **state)
{
	(void)state;
	open_scanner();
	scan_bytes(&result, SCAN_PART, (const char *)large_xz, sizeof(large_xz), SECONDS);
	assert_false(result.failed);
	assert_int_equal(result.n_hits, 1);
}

#ifndef WITH_ASAN
static unsigned long n_callocs, calloc_to_fail; /* from 1; 0 = none */

extern void *__libc_calloc(size_t, size_t);

/* In the place of libc's for libclamav too; the sanitizers have one of their own. */
void *
calloc(size_t n, size_t size)
{
	if (++n_callocs != calloc_to_fail)
		return __libc_calloc(n, size);
	errno = ENOMEM;
	return NULL;
}

/* In a child, since libclamav may die of it. Is a failure taken for one of the content? */
static bool
is_unopened_without(unsigned long number, const void *bytes, size_t len)
{
	int status;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		alarm(SECONDS);
		n_callocs = 0;
		calloc_to_fail = number;
		scan_bytes(&result, SCAN_PART, bytes, len, SECONDS);
		for (size_t i = 0; i < result.n_hits; i++)
			if (!result.failed && result.hits[i].class == CLASS_UNOPENED) {
				print_message("calloc %lu: %s\n", number, result.hits[i].name);
				_exit(1);
			}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* Memory that is missing once is our own failure, though the marker is found again. */
static void
expect_failures(const void *bytes, size_t len)
{
	unsigned long all, wrong = 0;

	n_callocs = 0;
	scan_bytes(&result, SCAN_PART, bytes, len, SECONDS);
	assert_false(result.failed);
	all = n_callocs;
	if (all == 0)
		fprintf(stderr, "# SKIPPED in part: %s: valgrind has a calloc of its own\n",
		    __func__);
	assert_true(all <= 100000);
	for (unsigned long number = 1; number <= all; number++)
		wrong += is_unopened_without(number, bytes, len);
	remove_leftovers(); /* of a child that was killed */
	assert_int_equal(wrong, 0);
}

static void
test_no_memory_once(void **state)
{
	static const char text[] = "EGGAs are on the menu today.\n"; /* scanned twice */

	(void)state;
	open_scanner();
	put_deflated(&one, 0, eicar);
	put_zip(&two, "eicar.com", &one, EICAR_LEN, 0, 8);
	expect_failures(two.bytes, two.len);
	expect_failures(text, sizeof(text) - 1);
}
#endif

/* --- cases: hits --- */

static void
write_needles(int n)
{
	char line[512], name[32], needle[32], path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/needles.ndb", database);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "Needle-%02d", i);
		snprintf(needle, sizeof(needle), "<needle%02d>", i);
		fputs(signature(line, sizeof(line), name, needle), file);
		put_text(&one, needle);
	}
	assert_int_equal(fclose(file), 0);
}

static void
test_two_hits(void **state)
{
	(void)state;
	write_needles(2);
	put(&two, one.bytes, one.len);
	put(&two, one.bytes, one.len); /* each twice, named once */
	open_scanner();
	scan(SCAN_PART, &two);
	assert_int_equal(result.n_hits, 2);
	assert_true(has(CLASS_INFECTED, "Needle-00.UNOFFICIAL"));
	assert_true(has(CLASS_INFECTED, "Needle-01.UNOFFICIAL"));
}

/* One infection is enough; what is no infection does not stand in for one. */
static void
test_first_hit(void **state)
{
	(void)state;
	put_text(&one, "012345678901these bytes are noise");
	put_zip(&two, "secret.doc", &one, one.len - 12, 1, 0);
	one.len = 0;
	write_needles(2);
	open_scanner();
	scan(SCAN_FIRST, &one);
	assert_int_equal(result.n_hits, 1);
	assert_int_equal(result.hits[0].class, CLASS_INFECTED);
	scan(SCAN_FIRST, &two);
	assert_one(CLASS_ENCRYPTED, "Heuristics.Encrypted.Zip");
	put(&two, one.bytes, one.len);
	scan(SCAN_PART, &two);
	assert_int_equal(result.n_hits, 3);
	scan(SCAN_FIRST, &two);
	assert_false(result.failed);
	assert_true(has(CLASS_INFECTED, "Needle-00.UNOFFICIAL") ||
	    has(CLASS_INFECTED, "Needle-01.UNOFFICIAL"));
}

/* Of what is no infection everything counts. */
static void
test_first_mild_hit(void **state)
{
	static const enum scan_kind kinds[] = { SCAN_PART, SCAN_FIRST };
	const size_t zeros = 1 + 258 * 4000;
	static struct buffer packed, zip;

	(void)state;
	packed.len = zip.len = 0;
	put_text(&one, "012345678901these bytes are noise");
	put_zip(&zip, "secret.doc", &one, one.len - 12, 1, 0);
	put_mail(&two, "From: a@b\n", "base64");
	put_base64(&two, (const char *)zip.bytes, zip.len);
	zip.len = 0;
	put_deflated(&packed, zeros, "");
	put_zip(&zip, "zeros", &packed, zeros, 0, 8);
	put_text(&two,
	    "--bb\nContent-Transfer-Encoding: base64\n"
	    "Content-Type: application/octet-stream; name=b.bin\n\n");
	put_base64(&two, (const char *)zip.bytes, zip.len);
	put_text(&two, "--bb--\n");
	conf.scan_file_limit = 900000;
	open_scanner();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		scan(kinds[i], &two);
		assert_true(has(CLASS_ENCRYPTED, "Heuristics.Encrypted.Zip"));
		assert_true(has(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxFileSize"));
	}
}

/* With more hits than there is room for, an infected one drives out a milder one. */
static void
test_many_hits(void **state)
{
	const size_t zeros = 1 + 258 * 4000;
	static struct buffer zip, packed, outer;
	size_t infected = 0;

	(void)state;
	zip.len = packed.len = outer.len = 0;
	write_needles(SCAN_MAX_HITS + 10);
	conf.scan_file_limit = 900000;
	open_scanner();
	put_deflated(&packed, zeros, ""); /* a hit as soon as it is met */
	put_zip(&zip, "zeros", &packed, zeros, 0, 8);
	put_mail(&outer, "From: a@b\n", "base64");
	put_base64(&outer, (const char *)zip.bytes, zip.len);
	scan(SCAN_MAIL, &outer);
	assert_one(CLASS_LIMIT, "Heuristics.Limits.Exceeded.MaxFileSize");
	put_text(&outer,
	    "--bb\nContent-Transfer-Encoding: base64\n"
	    "Content-Type: application/octet-stream; name=b.bin\n\n");
	put_base64(&outer, (const char *)one.bytes, one.len);
	put_text(&outer, "--bb--\n");
	scan(SCAN_MAIL, &outer);
	assert_int_equal(result.n_hits, SCAN_MAX_HITS);
	for (size_t i = 0; i < result.n_hits; i++) {
		if (result.hits[i].class == CLASS_INFECTED)
			infected++;
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(result.hits[i].name, result.hits[k].name);
	}
	assert_int_equal(infected, SCAN_MAX_HITS);
}

static void
test_odd_names(void **state)
{
	char line[1024], name[401];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[400] = '\0';
	memcpy(name, "Bad\033\001\t", 6);
	write_file(database, "odd.ndb", signature(line, sizeof(line), name, "<needle>"));
	open_scanner();
	scan_bytes(&result, SCAN_PART, "a <needle> in hay", 17, SECONDS);
	assert_false(result.failed);
	assert_int_equal(result.n_hits, 1);
	assert_int_equal(strncmp(result.hits[0].name, "Bad???nnn", 9), 0);
	assert_int_equal(strlen(result.hits[0].name), sizeof(result.hits[0].name) - 1);
}

static int
make_root(void **state)
{
	(void)state;
	if (mkdtemp(root) == NULL || chmod(root, 0755) == -1)
		return -1;
	snprintf(database, sizeof(database), "%s/db", root);
	snprintf(scratch, sizeof(scratch), "%s/scratch", root);
	return mkdir(database, 0755) == 0 && mkdir(scratch, 0700) == 0 ? 0 : -1;
}

static int
remove_root(void **state)
{
	(void)state;
	empty_directory(database);
	rmdir(database);
	rmdir(scratch);
	return rmdir(root);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_open),
		CASE(test_database_file),
		CASE(test_database_missing),
		CASE(test_database_empty),
		CASE(test_database_garbage),
		CASE(test_database_unreadable),
		CASE(test_marker_ignored),
		CASE(test_hash_marker_ignored),
		CASE(test_harmless_matched),
		CASE(test_scratch_missing),
		CASE(test_scratch_not_writable),
		CASE(test_scratch_removed),
		CASE(test_scratch_shut),
		CASE(test_testfiles),
		CASE(test_disk_full),
		CASE(test_memory_short),
		CASE(test_small),
		CASE(test_not_open),
		CASE(test_eicar),
		CASE(test_zip),
		CASE(test_mail),
		CASE(test_mail_is_opened_once),
		CASE(test_mail_in_part),
		CASE(test_encrypted),
		CASE(test_masking),
		CASE(test_depth_limit),
		CASE(test_file_limit),
		CASE(test_unzip_limit),
		CASE(test_size_limit),
		CASE(test_files_limit),
		CASE(test_no_time),
		CASE(test_time_limit),
		CASE(test_unopened),
		CASE(test_text_like_archive),
		CASE(test_unopened_beside_virus),
		CASE(test_full_for_a_moment),
		CASE(test_too_much_memory),
#ifndef WITH_ASAN
		CASE(test_no_memory_once),
#endif
		CASE(test_two_hits),
		CASE(test_first_hit),
		CASE(test_first_mild_hit),
		CASE(test_many_hits),
		CASE(test_odd_names),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan_libclamav.c - the scanner in this process: libclamav, made to fail
 * closed.
 *
 * libclamav (1.4.6, where not said otherwise) says "clean" in many cases where
 * it did not look. What was found, by trying, and what is done about it:
 *  - a limit was hit: EXCEEDS_MAX makes a hit of it; where it forgets to
 *    (on_layer), we do; and it has none for uuencoded files in a mail, of which
 *    it makes a file each and keeps all to the end (on_file);
 *  - it could not write its temporary files, or had no memory: any message of
 *    error severity fails the scan, and what it keeps silent about is looked
 *    after by have_room, have_memory and prove_scratch. 889 mails and all of
 *    clamav-testfiles, whole, made no such message, so innocent content does
 *    not fail;
 *  - a mail it did not take for one: scan_as_mail;
 *  - a heuristic hit ended the scan before the virus was reached: ALLMATCHES
 *    goes on to the end and reports each;
 *  - no signatures, or signatures that do not work: a marker signature of our
 *    own, fresh for each process, must be found in plain content and in a mail,
 *    and harmless text must be clean.
 *
 * PARSE_MAIL is on for parts too: without it what is in a mail in an archive, in
 * TNEF, in uuencode and in HTML is not found (5 of the 44 files of
 * clamav-testfiles); it costs nothing where there is no mail.
 *
 * What it takes for HTML it scans in normalised forms only, so that a pattern for
 * any kind of file is not found there as it stands: examine.c has such content
 * scanned once more as SCAN_TEXT.
 *
 * What it can't unpack at all it calls clean, and nothing tells: RAR without
 * libclamunrar, zip with LZMA, PPMd and the like, .lzma, Office documents with
 * a password. Encrypted zip, 7z, EGG, RAR and PDF (if opening it needs the
 * password) are hits.
 *
 * Scratch must belong to this process alone. libclamav_open takes 3 ms with a few
 * signatures (2.2 of them cl_load, 0.4 compile); an inspector that is about to
 * exit can spare itself libclamav_close.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <clamav.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "scan_libclamav.h"
#include "scan_result.h"

/* The name that libclamav gives to a signature that is not ClamAV's own. */
#define MARKER_NAME "Spawnscan-Self-Test"
#define MARKER_HIT MARKER_NAME ".UNOFFICIAL"
#define MARKER_SIZE 32

#define PROVE_SECONDS 10
#define MEMORY_RESERVE (64UL << 20) /* address space, at the start of each layer */
#define ROOM_FACTOR 4 /* scratch space per byte to scan */
#define ROOM_RESERVE (1U << 20) /* scratch space at the start of each layer */
#define UNZIP_BLOCK 8192 /* libclamav's, BUFSIZ */
#define FILE_LIMIT_MIN (8 * UNZIP_BLOCK) /* below it on_layer would make no sense */
#define FILE_LIMIT_HIT "Heuristics.Limits.Exceeded.MaxFileSize"
#define FILES_LIMIT_HIT "Heuristics.Limits.Exceeded.MaxFiles"

static void on_message(enum cl_msg, const char *, const char *, void *);
static void complain(const char *);
static void on_hit(int, const char *, void *);
static cl_error_t on_layer(int, const char *, void *);
static cl_error_t on_member(const char *, unsigned long, const char *, unsigned long, int,
    unsigned int, void *);
static cl_error_t on_file(int, const char *, const char **, size_t, const char *, size_t,
    const char *, uint32_t, uint32_t, void *);
static bool has_too_many_files(const char *, size_t size);
static bool start_library(char *, size_t);
static bool make_engine(const struct conf *, const char *, char *, size_t);
static bool use_scratch(const char *, char *, size_t);
static bool set_limits(const struct conf *);
static uint64_t database_print(const char *);
static uint64_t file_print(int, const char *);
static bool load_database(const struct conf *, char *, size_t);
static bool load_marker(char *, size_t);
static bool write_marker(const char *);
static bool prove_engine(const char *, char *, size_t);
static bool prove_part(const char *, char *, size_t);
static bool prove_mail(const char *, char *, size_t);
static const char *marker_fault(const struct scan_result *);
static bool prove_scratch(void);
static bool scratch_is_there(void);
static bool have_room(uint64_t);
static bool have_memory(void);
static void scan_view(struct scan_result *, const char *, size_t, int64_t);
static void scan_as_mail(struct scan_result *, const char *, size_t, int64_t);
static int scan_map(struct scan_result *, const char *, size_t);
static void set_options(struct cl_scan_options *);

static struct {
	struct cl_engine *engine; /* NULL unless open */
	char scratch[PATH_MAX];
	unsigned char marker[MARKER_SIZE];
	unsigned int signatures;
	char banner[64];
	char database[PATH_MAX];
	uint64_t database_print; /* as it was just before it was loaded */
	uint64_t file_limit; /* bytes */
	uint64_t files_limit; /* in one container */
	unsigned int layers; /* met in this scan */
	scan_member *member; /* who wants to know what is in containers */
	void *member_ctx;
	bool block_macros;
	bool parse_mail; /* look for attachments in this scan */
	bool parse_html;
	bool top_is_mail; /* the outermost one was read as a mail */
	char complaint[256]; /* what went wrong first in this scan or load; "" = nothing */
	char last_complaint[256]; /* and last: for a database that names the file */
} scanner;

bool
libclamav_open(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	if (!start_library(err, errsize))
		return false;
	strlcpy(scanner.database, conf->database, sizeof(scanner.database));
	scanner.database_print = database_print(scanner.database);
	if (make_engine(conf, scratch, err, errsize) && load_database(conf, err, errsize) &&
	    load_marker(err, errsize) && prove_engine(conf->database, err, errsize))
		return true;
	libclamav_close();
	return false;
}

void
libclamav_close(void)
{
	if (scanner.engine != NULL)
		cl_engine_free(scanner.engine);
	memset(&scanner, 0, sizeof(scanner));
}

bool
libclamav_is_open(void)
{
	return scanner.engine != NULL;
}

bool
libclamav_adapt(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	if (!use_scratch(scratch, err, errsize))
		return false;
	return set_limits(conf) ||
	    scan_result_refuse(err, errsize, "libclamav refuses a limit from the configuration");
}

/*
 * cl_statchkdir looks at inodes and whole seconds of files of a folder: it
 * misses a file that is gone, and one that is completed in the second in which
 * its beginning was loaded.
 */
bool
libclamav_changed(void)
{
	uint64_t print = database_print(scanner.database);
	bool changed = print != scanner.database_print;

	scanner.database_print = print;
	return changed;
}

/*
 * A number for the names, sizes and times of the signature files; 0 = there is
 * nothing. Not freshclam's own notes, nor what is hidden: it would be a reload
 * for nothing.
 */
static uint64_t
database_print(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	uint64_t print = 0;

	if (dir == NULL)
		return file_print(AT_FDCWD, path);
	while ((entry = readdir(dir)) != NULL) {
		const char *end = strrchr(entry->d_name, '.');

		if (entry->d_name[0] != '.' && (end == NULL || strcmp(end, ".dat") != 0))
			print += file_print(dirfd(dir), entry->d_name);
	}
	closedir(dir);
	return print;
}

/* FNV-1a over what stat tells; 0 for what is no file. */
static uint64_t
file_print(int at, const char *name)
{
	uint64_t print = 0xcbf29ce484222325;
	uint64_t facts[4];
	struct stat st;

	if (fstatat(at, name, &st, 0) == -1 || !S_ISREG(st.st_mode))
		return 0;
	facts[0] = (uint64_t)st.st_ino;
	facts[1] = (uint64_t)st.st_size;
	facts[2] = (uint64_t)st.st_mtim.tv_sec;
	facts[3] = (uint64_t)st.st_mtim.tv_nsec;
	for (; *name != '\0'; name++)
		print = (print ^ (unsigned char)*name) * 0x100000001b3;
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		print = (print ^ facts[i]) * 0x100000001b3;
	return print;
}

void
libclamav_bytes(struct scan_result *result, enum scan_kind kind, const char *buf, size_t len,
    unsigned int seconds)
{
	int64_t deadline = clock_ms() + (int64_t)seconds * 1000;

	memset(result, 0, sizeof(*result));
	scanner.parse_mail = kind != SCAN_SKELETON && kind != SCAN_TEXT;
	scanner.parse_html = kind != SCAN_TEXT;
	if (scanner.engine == NULL)
		scan_result_fail(result, "the scanner is not open");
	else if (!scratch_is_there() || !have_room((uint64_t)len * ROOM_FACTOR + ROOM_RESERVE))
		scan_result_fail(result, "scratch directory %s: %s", scanner.scratch,
		    strerror(errno));
	if (result->failed || len == 0)
		return;
	scan_view(result, buf, len, deadline);
	if (kind == SCAN_MAIL && !result->failed && !scanner.top_is_mail)
		scan_as_mail(result, buf, len, deadline);
}

void
libclamav_on_member(scan_member *fn, void *ctx)
{
	scanner.member = fn;
	scanner.member_ctx = ctx;
}

const char *
libclamav_banner(void)
{
	return scanner.banner;
}

unsigned int
libclamav_signatures(void)
{
	return scanner.signatures;
}

static void
on_message(enum cl_msg severity, const char *fullmsg, const char *msg, void *ctx)
{
	(void)fullmsg;
	(void)ctx;
	if (severity >= CL_MSG_ERROR)
		complain(msg);
}

/* Note what went wrong; a scan fails for it. */
static void
complain(const char *text)
{
	char *last = scanner.last_complaint;

	strlcpy(last, text, sizeof(scanner.last_complaint));
	last[strcspn(last, "\n")] = '\0';
	scan_result_make_printable(last);
	if (last[0] == '\0')
		strlcpy(last, "an empty error message", sizeof(scanner.last_complaint));
	if (scanner.complaint[0] == '\0')
		strlcpy(scanner.complaint, last, sizeof(scanner.complaint));
}

static void
on_hit(int fd, const char *name, void *ctx)
{
	(void)fd;
	scan_result_add_hit(ctx, name != NULL ? name : "unnamed");
}

/* libclamav begins to scan a layer, the outermost first. */
static cl_error_t
on_layer(int fd, const char *type, void *ctx)
{
	struct stat st;

	if (scanner.layers++ == 0)
		scanner.top_is_mail = type != NULL && strcmp(type, "CL_TYPE_MAIL") == 0;
	/*
	 * What unzip finds to be longer than the limit it cuts off and scans the
	 * rest as if it were the whole, without a word: a deflated file of 200
	 * MiB with a limit of 100 was clean. Only whole blocks are kept, so what
	 * was cut is less than a block short of the limit.
	 */
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size + UNZIP_BLOCK > scanner.file_limit)
		scan_result_add_hit(ctx, FILE_LIMIT_HIT);
	if (!have_room(ROOM_RESERVE))
		complain("the scratch directory is full");
	if (!have_memory())
		complain("memory is short");
	return CL_CLEAN;
}

/* A member of an archive, encrypted or not; libclamav tells some of them twice. */
static cl_error_t
on_member(const char *container, unsigned long container_size, const char *name, unsigned long size,
    int encrypted, unsigned int position, void *ctx)
{
	(void)container;
	(void)container_size;
	(void)size;
	(void)encrypted;
	(void)position;
	(void)ctx;
	if (scanner.member != NULL && name != NULL)
		scanner.member(scanner.member_ctx, name);
	return CL_CLEAN;
}

/* A layer, the outermost one too: of interest are mails, and executables that were unpacked. */
static cl_error_t
on_file(int fd, const char *type, const char **ancestors, size_t parent_size, const char *name,
    size_t size, const char *bytes, uint32_t level, uint32_t attributes, void *ctx)
{
	(void)fd;
	(void)ancestors;
	(void)parent_size;
	(void)name;
	(void)attributes;
	if (type != NULL && strcmp(type, "CL_TYPE_MAIL") == 0 && bytes != NULL &&
	    has_too_many_files(bytes, size)) {
		scan_result_add_hit(ctx, FILES_LIMIT_HIT);
		return CL_BREAK;
	}
	if (scanner.member != NULL && level > 0 && type != NULL &&
	    strcmp(type, "CL_TYPE_MSEXE") == 0)
		scanner.member(scanner.member_ctx, NULL);
	return CL_CLEAN;
}

/* Uuencoded files in a mail. */
static bool
has_too_many_files(const char *bytes, size_t size)
{
	const char *at = bytes, *end = bytes + size;
	uint64_t n = 0;

	while (at != NULL && n <= scanner.files_limit) {
		at = memmem(at, (size_t)(end - at), "\nbegin ", 7);
		if (at != NULL) {
			at += 7;
			n++;
		}
	}
	return n > scanner.files_limit;
}

static bool
start_library(char *err, size_t errsize)
{
	static bool started;
	cl_error_t code;

	if (scanner.engine != NULL)
		return scan_result_refuse(err, errsize, "the scanner is open already");
	if (started)
		return true;
	cl_set_clcb_msg(on_message);
	if ((code = cl_init(CL_INIT_DEFAULT)) != CL_SUCCESS)
		return scan_result_refuse(err, errsize, "libclamav does not start: %s",
		    cl_strerror(code));
	started = true;
	return true;
}

static bool
make_engine(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	if (!use_scratch(scratch, err, errsize))
		return false;
	if ((scanner.engine = cl_engine_new()) == NULL)
		return scan_result_refuse(err, errsize, "libclamav: out of memory");
	if (!set_limits(conf))
		return scan_result_refuse(err, errsize,
		    "libclamav refuses a limit from the configuration");
	cl_engine_set_clcb_virus_found(scanner.engine, on_hit);
	cl_engine_set_clcb_pre_scan(scanner.engine, on_layer);
	cl_engine_set_clcb_meta(scanner.engine, on_member);
	cl_engine_set_clcb_file_inspection(scanner.engine, on_file);
	return true;
}

static bool
use_scratch(const char *scratch, char *err, size_t errsize)
{
	if (strlcpy(scanner.scratch, scratch, sizeof(scanner.scratch)) >= sizeof(scanner.scratch))
		return scan_result_refuse(err, errsize, "scratch directory: path too long");
	if (!prove_scratch())
		return scan_result_refuse(err, errsize, "scratch directory %s: %s", scratch,
		    strerror(errno));
	return true;
}

static bool
set_limits(const struct conf *conf)
{
	uint64_t file_limit = conf->scan_file_limit > FILE_LIMIT_MIN ? conf->scan_file_limit
								     : FILE_LIMIT_MIN;
	const struct {
		enum cl_engine_field field;
		uint64_t value;
	} limits[] = {
		{ CL_ENGINE_MAX_SCANSIZE, conf->scan_size_limit },
		{ CL_ENGINE_MAX_FILESIZE, file_limit },
		{ CL_ENGINE_MAX_RECURSION, conf->scan_depth_limit },
		{ CL_ENGINE_MAX_FILES, conf->scan_files_limit },
		{ CL_ENGINE_DISABLE_CACHE, 1 },
	};

	scanner.file_limit = file_limit;
	scanner.files_limit = conf->scan_files_limit;
	scanner.block_macros = conf->block_macros;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].value > INT64_MAX ||
		    cl_engine_set_num(scanner.engine, limits[i].field,
			(long long)limits[i].value) != CL_SUCCESS)
			return false;
	return cl_engine_set_str(scanner.engine, CL_ENGINE_TMPDIR, scanner.scratch) == CL_SUCCESS;
}

static bool
load_database(const struct conf *conf, char *err, size_t errsize)
{
	const char *path = conf->database;
	cl_error_t code;
	long long version;
	int ignored;

	scanner.complaint[0] = '\0';
	code = cl_load(path, scanner.engine, &scanner.signatures, CL_DB_STDOPT);
	if (code != CL_SUCCESS)
		return scan_result_refuse(err, errsize, "signature database %s: %s (%s; %s)", path,
		    cl_strerror(code), scanner.complaint, scanner.last_complaint);
	if (scanner.signatures == 0)
		return scan_result_refuse(err, errsize,
		    "signature database %s: no signatures in it", path);

	version = cl_engine_get_num(scanner.engine, CL_ENGINE_DB_VERSION, &ignored);
	if (version > 0)
		snprintf(scanner.banner, sizeof(scanner.banner), "ClamAV %s/%lld", cl_retver(),
		    version);
	else
		snprintf(scanner.banner, sizeof(scanner.banner), "ClamAV %s/%u-signatures",
		    cl_retver(), scanner.signatures);
	return true;
}

static bool
load_marker(char *err, size_t errsize)
{
	char path[PATH_MAX + 16];
	unsigned int count = 0;
	cl_error_t code;

	snprintf(path, sizeof(path), "%s/marker.ndb", scanner.scratch);
	if (!write_marker(path))
		return scan_result_refuse(err, errsize, "marker signature %s: %s", path,
		    strerror(errno));
	code = cl_load(path, scanner.engine, &count, CL_DB_STDOPT);
	unlink(path);
	if (code == CL_SUCCESS)
		code = cl_engine_compile(scanner.engine);
	if (code != CL_SUCCESS)
		return scan_result_refuse(err, errsize, "marker signature: %s", cl_strerror(code));
	return true;
}

/* A fresh pattern for each process, so that no mail can carry it. */
static bool
write_marker(const char *path)
{
	FILE *file;
	int fd;
	bool ok;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return false;
	if ((file = fdopen(fd, "w")) == NULL) {
		close(fd);
		return false;
	}
	arc4random_buf(scanner.marker, sizeof(scanner.marker));
	fputs(MARKER_NAME ":0:*:", file);
	for (size_t i = 0; i < sizeof(scanner.marker); i++)
		fprintf(file, "%02x", scanner.marker[i]);
	ok = fputc('\n', file) != EOF;
	return fclose(file) == 0 && ok;
}

static bool
prove_engine(const char *database, char *err, size_t errsize)
{
	return prove_part(database, err, errsize) && prove_mail(database, err, errsize);
}

/* Plain content: the marker is found, and what is not the marker is clean. */
static bool
prove_part(const char *database, char *err, size_t errsize)
{
	struct scan_result result;
	char text[64] = "spawnscan tries its scanner: ";

	libclamav_bytes(&result, SCAN_PART, text, sizeof(text), PROVE_SECONDS);
	if (result.failed || result.n_hits > 0)
		return scan_result_refuse(err, errsize,
		    "signature database %s: self-test on harmless text: %s", database,
		    result.failed ? result.error : result.hits[0].name);
	memcpy(text + sizeof(text) - MARKER_SIZE, scanner.marker, MARKER_SIZE);
	libclamav_bytes(&result, SCAN_PART, text, sizeof(text), PROVE_SECONDS);
	if (marker_fault(&result) != NULL)
		return scan_result_refuse(err, errsize, "signature database %s: self-test: %s",
		    database, marker_fault(&result));
	return true;
}

/* Encoded content of a mail: for that libclamav needs its scratch directory. */
static bool
prove_mail(const char *database, char *err, size_t errsize)
{
	static const char head[] = "From: a@example.org\nSubject: self-test\nMIME-Version: 1.0\n"
				   "Content-Type: application/octet-stream\n"
				   "Content-Transfer-Encoding: quoted-printable\n\n";
	struct scan_result result;
	char mail[sizeof(head) + 3 * MARKER_SIZE + 2];
	size_t len = strlcpy(mail, head, sizeof(mail));

	for (size_t i = 0; i < MARKER_SIZE; i++)
		len += (size_t)snprintf(mail + len, sizeof(mail) - len, "=%02X", scanner.marker[i]);
	mail[len++] = '\n';
	libclamav_bytes(&result, SCAN_MAIL, mail, len, PROVE_SECONDS);
	if (marker_fault(&result) != NULL)
		return scan_result_refuse(err, errsize,
		    "signature database %s: self-test with a mail: %s", database,
		    marker_fault(&result));
	return true;
}

/* NULL if the marker and nothing else was found. */
static const char *
marker_fault(const struct scan_result *result)
{
	if (result->failed)
		return result->error;
	for (size_t i = 0; i < result->n_hits; i++)
		if (strcmp(result->hits[i].name, MARKER_HIT) != 0)
			return result->hits[i].name;
	return result->n_hits == 0 ? "the marker was not found" : NULL;
}

/* libclamav can call a mail clean if it can't write here, so we try it first. */
static bool
prove_scratch(void)
{
	char path[PATH_MAX + 16];
	int fd, saved = 0;

	snprintf(path, sizeof(path), "%s/probe", scanner.scratch);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return false;
	if (write(fd, path, 1) != 1)
		saved = errno;
	close(fd);
	if (unlink(path) == -1 && saved == 0)
		saved = errno;
	errno = saved;
	return saved == 0;
}

/* It was proved once; what can go wrong with it later is looked at before each scan. */
static bool
scratch_is_there(void)
{
	return faccessat(AT_FDCWD, scanner.scratch, W_OK | X_OK, AT_EACCESS) == 0;
}

/*
 * On a full disk libclamav says "write error", except that of a mail's
 * attachments and of what is in a CAB it silently scans as much as there was
 * room for: a mail was clean. So there must be room for a mail's attachments
 * from the start (nested, each level is at most 3/4 of the one around it), and
 * a reserve at each layer: whatever did not fit was larger than that, and is
 * there, cut off, with the disk full, when it is its turn as a layer.
 */
static bool
have_room(uint64_t bytes)
{
	struct statvfs vfs;

	if (statvfs(scanner.scratch, &vfs) == -1)
		return false;
	if (vfs.f_blocks == 0)
		return true; /* a file system without a size */
	errno = ENOSPC;
	return (uint64_t)vfs.f_bavail * vfs.f_frsize >= bytes;
}

/*
 * Where libclamav can't get memory it mostly says so, but not for the state of
 * bzip2, zlib and OLE2: close to RLIMIT_AS an infected zip was clean. So there
 * must be a reserve at each layer.
 */
static bool
have_memory(void)
{
	void *reserve = mmap(NULL, MEMORY_RESERVE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return reserve != MAP_FAILED && munmap(reserve, MEMORY_RESERVE) == 0;
}

/* One way to look at the bytes. */
static void
scan_view(struct scan_result *result, const char *buf, size_t len, int64_t deadline)
{
	int64_t left = deadline - clock_ms();
	int code;

	/* libclamav counts in 32 bits, and takes 0 for "no limit" */
	if (left <= 0) {
		scan_result_fail(result, "no time left to scan");
		return;
	}
	cl_engine_set_num(scanner.engine, CL_ENGINE_MAX_SCANTIME,
	    left < UINT32_MAX ? left : UINT32_MAX);
	scanner.complaint[0] = '\0';
	scanner.layers = 0;
	scanner.top_is_mail = false;
	code = scan_map(result, buf, len);
	if (code == CL_VIRUS && result->n_hits == 0)
		scan_result_add_hit(result, "unnamed");
	if (code != CL_CLEAN && code != CL_VIRUS)
		scan_result_fail(result, "libclamav: %s", cl_strerror((cl_error_t)code));
	else if (scanner.complaint[0] != '\0')
		scan_result_fail(result, "libclamav: %s", scanner.complaint);
}

static int
scan_map(struct scan_result *result, const char *buf, size_t len)
{
	struct cl_scan_options options;
	const char *name = NULL;
	unsigned long int scanned = 0;
	cl_fmap_t *map;
	cl_error_t code;

	if ((map = cl_fmap_open_memory(buf, len)) == NULL)
		return CL_EMEM;
	set_options(&options);
	code = cl_scanmap_callback(map, NULL, &name, &scanned, scanner.engine, &options, result);
	cl_fmap_close(map);
	return (int)code;
}

/*
 * libclamav tells a mail by its first bytes, and can't be told: 73 of 889 real
 * mails, all that begin with a less usual field, it did not read as mails, so
 * it did not look into their attachments. With a Received field in front it
 * read all of them. (Always to put one there would cost the signatures that
 * are tied to the beginning or to the hash of the whole.)
 */
static void
scan_as_mail(struct scan_result *result, const char *buf, size_t len, int64_t deadline)
{
	static const char received[] = "Received: by localhost; scanned\r\n";
	const size_t head = sizeof(received) - 1;
	char *mail;

	if (len > SIZE_MAX - head || (mail = malloc(head + len)) == NULL) {
		scan_result_fail(result, "out of memory");
		return;
	}
	memcpy(mail, received, head);
	memcpy(mail + head, buf, len);
	scan_view(result, mail, head + len, deadline);
	free(mail);
}

static void
set_options(struct cl_scan_options *options)
{
	memset(options, 0, sizeof(*options));
	options->general = CL_SCAN_GENERAL_ALLMATCHES | CL_SCAN_GENERAL_HEURISTICS;
	options->parse = scanner.parse_mail ? ~0U : ~(uint32_t)CL_SCAN_PARSE_MAIL;
	if (!scanner.parse_html)
		options->parse &= ~(uint32_t)CL_SCAN_PARSE_HTML;
	options->heuristic = CL_SCAN_HEURISTIC_EXCEEDS_MAX | CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE |
	    CL_SCAN_HEURISTIC_ENCRYPTED_DOC;
	if (scanner.block_macros)
		options->heuristic |= CL_SCAN_HEURISTIC_MACROS;
}

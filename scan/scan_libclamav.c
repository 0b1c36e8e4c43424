/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan_libclamav.c - the scanner in this process: libclamav, made to fail
 * closed.
 *
 * libclamav (1.4.6, where not said otherwise) says "clean" in many cases where
 * it did not look. What was found, by trying, and what is done about it:
 *  - a limit was hit: EXCEEDS_MAX makes a hit of it; where it forgets to
 *    (on_layer), we do; and it has none for uuencoded files in a message, of which
 *    it makes a file each and keeps all to the end (on_file);
 *  - it could not write its temporary files, or had no memory: any message of
 *    error severity is one that we are to blame for (the scan fails) or that the
 *    content is (it is unopened); settle tells which. What it keeps silent about
 *    is looked after by room.c;
 *  - a message it did not take for one: scan_as_mail;
 *  - a virus ended the scan, and what else there was to find was not found: ALLMATCHES
 *    goes on to the end and reports each. Not where one infection is enough (SCAN_FIRST):
 *    behind the match of a hash come all logical signatures of the type, which is most
 *    of the price. What is no infection ends no scan;
 *  - no signatures, or signatures that do not work: a marker signature of our
 *    own, fresh for each process, must be found in plain content and in a message,
 *    and harmless text must be clean.
 *
 * PARSE_MAIL is on for parts too: without it what is in a message in an archive, in
 * TNEF, in uuencode and in HTML is not found (5 of the 44 files of
 * clamav-testfiles); it costs nothing where there is no message.
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
 * Over 500 lines because libclamav has one set of callbacks for each process, which
 * share the state of the scan; what does not has left it (marker.c, room.c,
 * complaint.c, database.c).
 *
 * Scratch must belong to this process alone. open_scanner takes 3 ms with a few
 * signatures (2.2 of them cl_load, 0.4 compile); an inspector that is about to
 * exit can spare itself close_scanner.
 */
#include <sys/stat.h>

#include <clamav.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complaint.h"
#include "database.h"
#include "effort.h"
#include "fault.h"
#include "marker.h"
#include "room.h"
#include "scan_result.h"
#include "utf8.h"
#include "scanner.h"

/* 1.5 has other callbacks, and these still; they are the ones that all versions have. */
#if defined(CLAMAV_VERSION_NUM) && CLAMAV_VERSION_NUM >= 0x010500
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif

#define ROOM_FACTOR 4 /* scratch space per byte to scan */
#define UNZIP_BLOCK 8192 /* libclamav's, BUFSIZ */
#define FILE_LIMIT_MIN (8 * UNZIP_BLOCK) /* below it on_layer would make no sense */
#define FILE_LIMIT_HIT "Heuristics.Limits.Exceeded.MaxFileSize"
#define FILES_LIMIT_HIT "Heuristics.Limits.Exceeded.MaxFiles"

static bool open_scanner(const struct conf *, const char *, char *, size_t);
static void close_scanner(void);
static bool is_open(void);
static bool adapt(const struct conf *, const char *, char *, size_t);
static bool changed(void);
static void watch(const char *);
static void scan(struct scan_result *, enum scan_kind, const char *, size_t, unsigned int);
static void set_on_member(scan_member *, void *);
static const char *banner(void);
static unsigned int signatures(void);
static void on_hit(int, const char *, void *);
static cl_error_t on_layer(int, const char *, void *);
static cl_error_t on_member(const char *, unsigned long, const char *, unsigned long, int,
    unsigned int, void *);
static cl_error_t on_file(int, const char *, const char **, size_t, const char *, size_t,
    const char *, uint32_t, uint32_t, void *);
static bool has_too_many_files(const char *, size_t size);
static bool start_library(char *, size_t);
static bool make_engine(const struct conf *, const char *, char *, size_t);
static bool lend_certificates(const char *);
static void return_certificates(void);
static bool use_scratch(const char *, char *, size_t);
static bool set_limits(const struct conf *);
static void choose_alerts(const struct conf *);
static unsigned int wanted_signatures(const struct conf *);
static bool load_database(const struct conf *, char *, size_t);
static bool compile(char *, size_t);
static void scan_view(struct scan_result *, const char *, size_t, int64_t, bool is_header);
static void scan_as_mail(struct scan_result *, const char *, size_t, int64_t);
static void settle(struct scan_result *, int, const char *, size_t);
static bool is_only_text(const char *, size_t);
static bool scanned_as_text(struct scan_result *, const char *, size_t);
static bool still_works(void);
static int scan_map(struct scan_result *, const char *, size_t);
static void set_options(struct cl_scan_options *);

static struct {
	struct cl_engine *engine; /* NULL unless open */
	char scratch[PATH_MAX];
	bool lent; /* the private directory, for certificates */
	unsigned int signatures;
	char banner[64];
	char database[PATH_MAX];
	uint64_t database_print; /* as it was just before it was loaded */
	uint64_t file_limit; /* bytes */
	uint64_t files_limit; /* in one container */
	unsigned int layers; /* met in this scan */
	scan_member *member; /* who wants to know what is in containers */
	void *member_ctx;
	uint32_t heuristic; /* options of a scan */
	bool parse_mail; /* look for attachments in this scan */
	bool parse_html;
	bool first_ends; /* the first signature that matches ends this scan */
	bool top_is_mail; /* the outermost one was read as a message */
	bool is_header; /* what is scanned is a message, and begins with a field of its header */
	int64_t deadline; /* effort_ms */
	bool proving; /* in a scan within a scan: it still works */
} scanner;

const struct scanner libclamav_scanner = { .open = open_scanner,
	.close = close_scanner,
	.is_open = is_open,
	.adapt = adapt,
	.changed = changed,
	.watch = watch,
	.bytes = scan,
	.on_member = set_on_member,
	.banner = banner,
	.signatures = signatures };

static bool
open_scanner(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	if (!start_library(err, errsize))
		return false;
	watch(conf->database);
	if (make_engine(conf, scratch, err, errsize) && load_database(conf, err, errsize) &&
	    marker_load(scanner.engine, scratch, err, errsize) && compile(err, errsize) &&
	    marker_prove(scan, conf->database, err, errsize))
		return true;
	close_scanner();
	return false;
}

static void
close_scanner(void)
{
	if (scanner.engine != NULL)
		cl_engine_free(scanner.engine);
	memset(&scanner, 0, sizeof(scanner));
}

static bool
is_open(void)
{
	return scanner.engine != NULL;
}

static bool
adapt(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	if (!use_scratch(scratch, err, errsize))
		return false;
	return set_limits(conf) ||
	    fault_tell(err, errsize, "libclamav refuses a limit from the configuration");
}

static void
watch(const char *database)
{
	strlcpy(scanner.database, database, sizeof(scanner.database));
	scanner.database_print = database_print(scanner.database);
}

static bool
changed(void)
{
	uint64_t print = database_print(scanner.database);
	bool is_new = print != scanner.database_print;

	scanner.database_print = print;
	return is_new;
}

static void
scan(struct scan_result *result, enum scan_kind kind, const char *buf, size_t len,
    unsigned int seconds)
{
	int64_t deadline = effort_ms() + (int64_t)seconds * 1000;

	memset(result, 0, sizeof(*result));
	scanner.parse_mail = kind != SCAN_SKELETON && kind != SCAN_TEXT;
	scanner.parse_html = kind != SCAN_TEXT;
	scanner.first_ends = kind == SCAN_FIRST;
	if (scanner.engine == NULL)
		scan_result_fail(result, "the scanner is not open");
	else if (!room_is_there(scanner.scratch) ||
	    !room_for(scanner.scratch, (uint64_t)len * ROOM_FACTOR + ROOM_RESERVE))
		scan_result_fail(result, "scratch directory %s: %s", scanner.scratch,
		    strerror(errno));
	if (result->failed || len == 0)
		return;
	scan_view(result, buf, len, deadline,
	    kind == SCAN_MAIL && !(len >= 5 && memcmp(buf, "From ", 5) == 0));
	if (kind == SCAN_MAIL && !result->failed && !scanner.top_is_mail)
		scan_as_mail(result, buf, len, deadline);
}

static void
set_on_member(scan_member *fn, void *ctx)
{
	scanner.member = fn;
	scanner.member_ctx = ctx;
}

static const char *
banner(void)
{
	return scanner.banner;
}

static unsigned int
signatures(void)
{
	return scanner.signatures;
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
	/* A message that begins with MIME-Version: all that is in it comes in scan_as_mail. */
	if (scanner.layers == 1 && scanner.is_header && type != NULL &&
	    strcmp(type, "CL_TYPE_MHTML") == 0)
		return CL_BREAK;
	/*
	 * What unzip finds to be longer than the limit it cuts off and scans the
	 * rest as if it were the whole, without a word: a deflated file of 200
	 * MiB with a limit of 100 was clean. Only whole blocks are kept, so what
	 * was cut is less than a block short of the limit.
	 */
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size + UNZIP_BLOCK > scanner.file_limit)
		scan_result_add_hit(ctx, FILE_LIMIT_HIT);
	/* libclamav knows of the clock, but not of CPU time. */
	if (effort_ms() > scanner.deadline) {
		scan_result_add_hit(ctx, SCAN_RESULT_NO_TIME);
		return CL_BREAK;
	}
	if (!room_for(scanner.scratch, ROOM_RESERVE))
		complaint_add_own("the scratch directory is full");
	if (!room_memory())
		complaint_add_own("memory is short");
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
		scanner.member(scanner.member_ctx, name, NULL, 0);
	return CL_CLEAN;
}

/* A layer, the outermost one too: of interest are messages, and executables that were unpacked. */
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
		scanner.member(scanner.member_ctx, NULL, NULL, 0);
	if (scanner.member != NULL && level > 0 && bytes != NULL)
		scanner.member(scanner.member_ctx, NULL, bytes, size);
	return CL_CLEAN;
}

/* Uuencoded files in a message. */
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
		return fault_tell(err, errsize, "the scanner is open already");
	if (started)
		return true;
	cl_set_clcb_msg(complaint_on_message);
	if ((code = cl_init(CL_INIT_DEFAULT)) != CL_SUCCESS)
		return fault_tell(err, errsize, "libclamav does not start: %s", cl_strerror(code));
	started = true;
	return true;
}

static bool
make_engine(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	if (!use_scratch(scratch, err, errsize))
		return false;
	/* 1.5 reads it here; earlier ones have no certificates. */
	if (conf->cvd_certs_dir[0] != '\0' && setenv("CVD_CERTS_DIR", conf->cvd_certs_dir, 1) == -1)
		return fault_tell(err, errsize, "out of memory");
	if (!lend_certificates(scratch))
		return fault_tell(err, errsize, "out of memory");
	if ((scanner.engine = cl_engine_new()) == NULL)
		return fault_tell(err, errsize, "libclamav: out of memory");
	if (!set_limits(conf))
		return fault_tell(err, errsize, "libclamav refuses a limit from the configuration");
	cl_engine_set_clcb_virus_found(scanner.engine, on_hit);
	cl_engine_set_clcb_pre_scan(scanner.engine, on_layer);
	cl_engine_set_clcb_meta(scanner.engine, on_member);
	cl_engine_set_clcb_file_inspection(scanner.engine, on_file);
	return true;
}

/*
 * libclamav 1.5 loads no signatures at all, signed or not, without a directory of
 * certificates; an empty one does (seen with 1.5.4). Where there is none it is lent the
 * private directory, until return_certificates.
 */
static bool
lend_certificates(const char *scratch)
{
	static const char *const usual[] = { "/etc/clamav/certs", "/usr/local/etc/certs" };

	if (getenv("CVD_CERTS_DIR") != NULL)
		return true;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (access(usual[i], X_OK) == 0)
			return true;
	scanner.lent = setenv("CVD_CERTS_DIR", scratch, 1) == 0;
	return scanner.lent;
}

/* return_certificates - a successor inherits the environment, not the directory */
static void
return_certificates(void)
{
	if (scanner.lent)
		unsetenv("CVD_CERTS_DIR");
	scanner.lent = false;
}

static bool
use_scratch(const char *scratch, char *err, size_t errsize)
{
	if (strlcpy(scanner.scratch, scratch, sizeof(scanner.scratch)) >= sizeof(scanner.scratch))
		return fault_tell(err, errsize, "scratch directory: path too long");
	if (!room_prove(scanner.scratch))
		return fault_tell(err, errsize, "scratch directory %s: %s", scratch,
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
	choose_alerts(conf);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].value > INT64_MAX ||
		    cl_engine_set_num(scanner.engine, limits[i].field,
			(long long)limits[i].value) != CL_SUCCESS)
			return false;
	return cl_engine_set_str(scanner.engine, CL_ENGINE_TMPDIR, scanner.scratch) == CL_SUCCESS;
}

/* What it could not see to its end is always told, and what is encrypted. */
static void
choose_alerts(const struct conf *conf)
{
	const struct {
		bool wanted;
		uint32_t option;
	} alerts[] = { { conf->block_macros != MACROS_PASS, CL_SCAN_HEURISTIC_MACROS },
		{ conf->alert_broken_executables, CL_SCAN_HEURISTIC_BROKEN },
		{ conf->alert_broken_media, CL_SCAN_HEURISTIC_BROKEN_MEDIA },
		{ conf->alert_phishing_ssl_mismatch, CL_SCAN_HEURISTIC_PHISHING_SSL_MISMATCH },
		{ conf->alert_phishing_cloak, CL_SCAN_HEURISTIC_PHISHING_CLOAK },
		{ conf->alert_partition_intersection, CL_SCAN_HEURISTIC_PARTITION_INTXN } };

	scanner.heuristic = CL_SCAN_HEURISTIC_EXCEEDS_MAX | CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE |
	    CL_SCAN_HEURISTIC_ENCRYPTED_DOC;
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
		if (alerts[i].wanted)
			scanner.heuristic |= alerts[i].option;
	}
}

/*
 * Categories are none of it: libclamav takes one and finds none of two (seen with 1.4.6),
 * and verdicts has patterns.
 */
static unsigned int
wanted_signatures(const struct conf *conf)
{
	unsigned int options = CL_DB_BYTECODE;

	if (conf->phishing_signatures)
		options |= CL_DB_PHISHING;
	if (conf->phishing_scan_urls)
		options |= CL_DB_PHISHING_URLS;
	if (conf->detect_pua)
		options |= CL_DB_PUA;
	return options;
}

static bool
load_database(const struct conf *conf, char *err, size_t errsize)
{
	const char *path = conf->database;
	cl_error_t code;
	long long version;
	int ignored;

	complaint_begin(NULL);
	code = cl_load(path, scanner.engine, &scanner.signatures, wanted_signatures(conf));
	return_certificates();
	if (code != CL_SUCCESS) {
		const char *first = complaint_first(), *last = complaint_last();
		bool two = strcmp(first, last) != 0;

		return fault_tell(err, errsize, "signature database %s: %s (%s%s%s)", path,
		    cl_strerror(code), first, two ? "; " : "", two ? last : "");
	}
	if (scanner.signatures == 0)
		return fault_tell(err, errsize, "signature database %s: no signatures in it", path);

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
compile(char *err, size_t errsize)
{
	cl_error_t code = cl_engine_compile(scanner.engine);

	return code == CL_SUCCESS || fault_tell(err, errsize, "signatures: %s", cl_strerror(code));
}

/* One way to look at the bytes. */
static void
scan_view(struct scan_result *result, const char *buf, size_t len, int64_t deadline, bool is_header)
{
	int64_t left = deadline - effort_ms();
	int code;

	/* libclamav counts in 32 bits, and takes 0 for "no limit" */
	if (left <= 0) {
		scan_result_add_hit(result, SCAN_RESULT_NO_TIME);
		return;
	}
	cl_engine_set_num(scanner.engine, CL_ENGINE_MAX_SCANTIME,
	    left < UINT32_MAX ? left : UINT32_MAX);
	complaint_begin(scanner.scratch);
	scanner.layers = 0;
	scanner.deadline = deadline;
	scanner.top_is_mail = false;
	scanner.is_header = is_header;
	code = scan_map(result, buf, len);
	scanner.is_header = false;
	if (code == CL_VIRUS && result->n_hits == 0)
		scan_result_add_hit(result, "unnamed");
	if (code == CL_ETIMEOUT)
		scan_result_add_hit(result, SCAN_RESULT_NO_TIME);
	else if (code != CL_CLEAN && code != CL_VIRUS)
		complaint_add(cl_strerror((cl_error_t)code));
	if (complaint_first()[0] != '\0')
		settle(result, code, buf, len);
}

/*
 * Whose fault is a complaint? Ours, if there was no memory or scratch space when
 * it came, if the result says that files can't be made or read, or if the marker
 * is not found any more. Else it is about the content, which was searched as far
 * as it could be opened, and the complaint is a finding about that content. (One
 * that makes memory scarce each time is poison in the end.)
 */
static void
settle(struct scan_result *result, int code, const char *buf, size_t len)
{
	char complaint[256];

	strlcpy(complaint, complaint_first(), sizeof(complaint));
	if (scanner.proving || complaint_is_own() || (code >= CL_EOPEN && code <= CL_EMAP) ||
	    !still_works())
		scan_result_fail(result, "libclamav: %s", complaint);
	else if (is_only_text(buf, len) && scanned_as_text(result, buf, len))
		return;
	else if (complaint_is_own())
		scan_result_fail(result, "libclamav: %s", complaint_first());
	else
		scan_result_add_unopened(result, complaint);
}

/*
 * Printable ASCII, or UTF-8 (RFC 3629): the sizes and check sums behind the magic of an
 * archive are none of that, so nobody can open it.
 */
static bool
is_only_text(const char *buf, size_t len)
{
	return utf8_is_text(buf, len, "\t\n\r\f");
}

/*
 * A text that begins with the letters of a magic is complained about as an archive.
 * Behind a line ending they are none: then the whole of it is searched as what it is.
 */
static bool
scanned_as_text(struct scan_result *result, const char *buf, size_t len)
{
	char *text = malloc(len + 1);
	int code;

	complaint_begin(scanner.scratch);
	if (text == NULL) {
		complaint_add_own("out of memory");
		return false;
	}
	text[0] = '\n';
	memcpy(text + 1, buf, len);
	scanner.layers = 0;
	code = scan_map(result, text, len + 1);
	free(text);
	if (code == CL_VIRUS && result->n_hits == 0)
		scan_result_add_hit(result, "unnamed");
	return (code == CL_CLEAN || code == CL_VIRUS) && complaint_first()[0] == '\0';
}

/* A scan within a scan, after which that one's state counts for nothing any more. */
static bool
still_works(void)
{
	bool parse_mail = scanner.parse_mail, parse_html = scanner.parse_html;
	bool top_is_mail = scanner.top_is_mail, first_ends = scanner.first_ends, works;
	scan_member *member = scanner.member;

	scanner.member = NULL;
	scanner.proving = true;
	works = room_all(scanner.scratch) && marker_found(scan);
	scanner.proving = false;
	scanner.member = member;
	scanner.parse_mail = parse_mail;
	scanner.parse_html = parse_html;
	scanner.top_is_mail = top_is_mail;
	scanner.first_ends = first_ends;
	return works;
}

static int
scan_map(struct scan_result *result, const char *buf, size_t len)
{
	struct cl_scan_options options;
	const char *name = NULL;
	unsigned long int scanned = 0;
	cl_fmap_t *map;
	cl_error_t code;

	if ((map = cl_fmap_open_memory(buf, len)) == NULL) {
		complaint_add_own("out of memory");
		return CL_EMEM;
	}
	set_options(&options);
	code = cl_scanmap_callback(map, NULL, &name, &scanned, scanner.engine, &options, result);
	/* Silent. A limit of libclamav's own has the same code, and leaves errno alone. */
	if (code == CL_EMEM && errno == ENOMEM)
		complaint_add_own("out of memory");
	cl_fmap_close(map);
	return (int)code;
}

/*
 * libclamav tells a message by its first bytes, and can't be told: 73 of 889 real
 * messages, all that begin with a less usual field, it did not read as messages, so
 * it did not look into their attachments. With a Received field in front it
 * read all of them. (Always to put one there would cost the signatures that
 * are tied to the beginning or to the hash of the whole.) What it takes for a web
 * archive it reads as a message, but without the signatures of messages; so the first scan
 * of that ends where it begins: of 105 of 817 real messages it found the same again.
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
	scan_view(result, mail, head + len, deadline, false);
	free(mail);
}

static void
set_options(struct cl_scan_options *options)
{
	memset(options, 0, sizeof(*options));
	options->general = CL_SCAN_GENERAL_HEURISTICS;
	if (!scanner.first_ends)
		options->general |= CL_SCAN_GENERAL_ALLMATCHES;
	options->parse = scanner.parse_mail ? ~0U : ~(uint32_t)CL_SCAN_PARSE_MAIL;
	if (!scanner.parse_html)
		options->parse &= ~(uint32_t)CL_SCAN_PARSE_HTML;
	options->heuristic = scanner.heuristic;
}

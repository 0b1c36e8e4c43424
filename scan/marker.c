/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * marker.c - signatures of our own, by which libclamav proves that it works.
 *
 * They are fresh for each process, so that no message can carry what they match:
 * one for a pattern, and one each for the MD5 and the SHA-256 of a text. Most of
 * ClamAV's signatures are hashes; where a crypto policy (FIPS) takes a hash
 * away, libclamav finds patterns as ever, and of those nothing.
 */
#include "marker.h"

#include <clamav.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <md5.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "scan_result.h"

/* The names that libclamav gives to signatures that are not ClamAV's own. */
#define MARKER_NAME "Spawnscan-Self-Test"
#define MARKER_HIT MARKER_NAME ".UNOFFICIAL"
#define MD5_NAME MARKER_NAME "-MD5"
#define SHA256_NAME MARKER_NAME "-SHA256"
#define MARKER_SIZE 32
#define TEXT_SIZE 64
#define PROVE_SECONDS 10

static bool load_lines(struct cl_engine *, const char *scratch, const char *name, const char *lines,
    char *err, size_t errsize);
static bool write_lines(const char *path, const char *lines);
static bool prove_text(marker_scan *scan, const char *text, const char *hit, const char *database,
    char *err, size_t errsize);
static bool prove_mail(marker_scan *scan, const char *database, char *err, size_t errsize);
static void scan_mail(marker_scan *, struct scan_result *);
static const char *fault(const struct scan_result *, const char *hit);

static struct {
	char pattern[MARKER_SIZE];
	char md5_text[TEXT_SIZE], sha256_text[TEXT_SIZE]; /* whose hash matches */
} marker;

bool
marker_load(struct cl_engine *engine, const char *scratch, char *err, size_t errsize)
{
	char pattern[sizeof(MARKER_NAME ":0:*:\n") + 2 * MARKER_SIZE];
	char hashes[512], md5[MD5_DIGEST_STRING_LENGTH], sha256[SHA256_DIGEST_STRING_LENGTH];
	size_t len = strlcpy(pattern, MARKER_NAME ":0:*:", sizeof(pattern));

	arc4random_buf(&marker, sizeof(marker));
	for (size_t i = 0; i < MARKER_SIZE; i++, len += 2)
		snprintf(pattern + len, sizeof(pattern) - len, "%02x",
		    (unsigned char)marker.pattern[i]);
	strlcat(pattern, "\n", sizeof(pattern));
	MD5Data((const uint8_t *)marker.md5_text, TEXT_SIZE, md5);
	SHA256Data((const uint8_t *)marker.sha256_text, TEXT_SIZE, sha256);
	snprintf(hashes, sizeof(hashes), "%s:%d:" MD5_NAME "\n%s:%d:" SHA256_NAME "\n", md5,
	    TEXT_SIZE, sha256, TEXT_SIZE);
	return load_lines(engine, scratch, "marker.ndb", pattern, err, errsize) &&
	    load_lines(engine, scratch, "marker.hsb", hashes, err, errsize);
}

static bool
load_lines(struct cl_engine *engine, const char *scratch, const char *name, const char *lines,
    char *err, size_t errsize)
{
	char path[PATH_MAX + 16];
	unsigned int count = 0;
	cl_error_t code;

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	if (!write_lines(path, lines))
		return fault_tell(err, errsize, "marker signature %s: %s", path, strerror(errno));
	code = cl_load(path, engine, &count, CL_DB_STDOPT);
	unlink(path);
	if (code != CL_SUCCESS)
		return fault_tell(err, errsize, "marker signature: %s", cl_strerror(code));
	return true;
}

static bool
write_lines(const char *path, const char *lines)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t len = strlen(lines);
	bool ok;

	if (fd == -1)
		return false;
	ok = write(fd, lines, len) == (ssize_t)len;
	return close(fd) == 0 && ok;
}

bool
marker_prove(marker_scan *scan, const char *database, char *err, size_t errsize)
{
	char text[TEXT_SIZE] = "spawnscan tries its scanner: ";

	if (!prove_text(scan, text, NULL, database, err, errsize))
		return false;
	memcpy(text + sizeof(text) - MARKER_SIZE, marker.pattern, MARKER_SIZE);
	return prove_text(scan, text, MARKER_HIT, database, err, errsize) &&
	    prove_text(scan, marker.md5_text, MD5_NAME ".UNOFFICIAL", database, err, errsize) &&
	    prove_text(scan, marker.sha256_text, SHA256_NAME ".UNOFFICIAL", database, err,
		errsize) &&
	    prove_mail(scan, database, err, errsize);
}

/* A text of TEXT_SIZE bytes, in which hit must be found and nothing else. NULL: clean. */
static bool
prove_text(marker_scan *scan, const char *text, const char *hit, const char *database, char *err,
    size_t errsize)
{
	struct scan_result result;

	scan(&result, SCAN_PART, text, TEXT_SIZE, PROVE_SECONDS);
	if (fault(&result, hit) == NULL)
		return true;
	return fault_tell(err, errsize, "signature database %s: self-test%s: %s", database,
	    hit == NULL ? " on harmless text" : "", fault(&result, hit));
}

/* Encoded content of a message: for that libclamav needs its scratch directory. */
static bool
prove_mail(marker_scan *scan, const char *database, char *err, size_t errsize)
{
	struct scan_result result;

	scan_mail(scan, &result);
	if (fault(&result, MARKER_HIT) == NULL)
		return true;
	return fault_tell(err, errsize, "signature database %s: self-test with a message: %s",
	    database, fault(&result, MARKER_HIT));
}

bool
marker_found(marker_scan *scan)
{
	struct scan_result result;

	scan_mail(scan, &result);
	return fault(&result, MARKER_HIT) == NULL;
}

static void
scan_mail(marker_scan *scan, struct scan_result *result)
{
	static const char head[] = "From: a@example.org\nSubject: self-test\nMIME-Version: 1.0\n"
				   "Content-Type: application/octet-stream\n"
				   "Content-Transfer-Encoding: quoted-printable\n\n";
	char mail[sizeof(head) + 3 * MARKER_SIZE + 2];
	size_t len = strlcpy(mail, head, sizeof(mail));

	for (size_t i = 0; i < MARKER_SIZE; i++)
		len += (size_t)snprintf(mail + len, sizeof(mail) - len, "=%02X",
		    (unsigned char)marker.pattern[i]);
	mail[len++] = '\n';
	scan(result, SCAN_MAIL, mail, len, PROVE_SECONDS);
}

/* NULL if hit and nothing else was found; hit NULL: if nothing was. */
static const char *
fault(const struct scan_result *result, const char *hit)
{
	static char missing[96];

	if (result->failed)
		return result->error;
	for (size_t i = 0; i < result->n_hits; i++)
		if (hit == NULL || strcmp(result->hits[i].name, hit) != 0)
			return result->hits[i].name;
	if (hit == NULL || result->n_hits > 0)
		return NULL;
	snprintf(missing, sizeof(missing), "the marker was not found (%s)", hit);
	return missing;
}

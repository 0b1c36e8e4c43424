/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan_stub.c - a scanner for the fuzz targets: fixed words stand for a virus,
 * an encrypted archive, a limit and a failure. It unpacks nothing, so what
 * hides a word from it must be undone by the code under test.
 */
#include "scan.h"

#include <string.h>

#include "fuzz.h"

static scan_member *on_member;
static void *member_ctx;
static unsigned long scanned;

unsigned long
scan_count(void)
{
	return scanned;
}

/* Nobody is idle. */
size_t
scan_ahead_min(void)
{
	return 0;
}

void
scan_ahead(const char *buf, size_t len, unsigned int seconds, size_t n)
{
	(void)buf;
	(void)len;
	(void)seconds;
	(void)n;
}

void
scan_on_member(scan_member *fn, void *ctx)
{
	on_member = fn;
	member_ctx = ctx;
}

/* A word that stands for an archive with one member, whose name follows up to a blank. */
static void
members(const char *buf, size_t len)
{
	const char *at = len == 0 ? NULL : memmem(buf, len, FUZZ_MEMBER, strlen(FUZZ_MEMBER));
	char name[64];
	size_t n = 0;

	if (at == NULL || on_member == NULL)
		return;
	for (at += strlen(FUZZ_MEMBER); at < buf + len && n < sizeof(name) - 1 && *at > ' '; at++)
		name[n++] = *at;
	name[n] = '\0';
	on_member(member_ctx, n == 0 ? NULL : name, NULL, 0);
}

static bool
holds(const char *buf, size_t len, const char *word)
{
	return len > 0 && memmem(buf, len, word, strlen(word)) != NULL;
}

static void
hit(struct scan_result *r, enum verdict_class class, const char *name)
{
	r->hits[r->n_hits].class = class;
	strlcpy(r->hits[r->n_hits++].name, name, sizeof(r->hits[0].name));
}

void
scan_bytes(struct scan_result *r, enum scan_kind kind, const char *buf, size_t len,
    unsigned int seconds)
{
	(void)seconds;
	scanned++;
	memset(r, 0, sizeof(*r));
	if (kind == SCAN_PART || kind == SCAN_FIRST)
		members(buf, len);
	if (holds(buf, len, FUZZ_MARKER))
		hit(r, CLASS_INFECTED, "Fuzz.Marker");
	if (holds(buf, len, FUZZ_ENCRYPTED))
		hit(r, CLASS_ENCRYPTED, "Fuzz.Encrypted");
	if (holds(buf, len, FUZZ_LIMIT))
		hit(r, CLASS_LIMIT, "Fuzz.Limit");
	if (holds(buf, len, FUZZ_FAILURE)) {
		r->failed = true;
		strlcpy(r->error, "Fuzz.Failure", sizeof(r->error));
	}
}

bool
scan_open(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	(void)conf;
	(void)scratch;
	(void)err;
	(void)errsize;
	return true;
}

bool
scan_adapt(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	return scan_open(conf, scratch, err, errsize);
}

void
scan_close(void)
{
}

bool
scan_is_open(void)
{
	return true;
}

bool
scan_changed(void)
{
	return false;
}

const char *
scan_banner(void)
{
	return "stub";
}

unsigned int
scan_signatures(void)
{
	return 1;
}

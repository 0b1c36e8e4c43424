/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan.c - the scanner interface: hands every call to the scanner that the
 * configuration names.
 *
 * There is one scanner per process, chosen by scan_connect or scan_open.
 */
#include "scan.h"

#include "errand.h"
#include "scanner.h"

static const struct scanner *scanner = &libclamav_scanner;

static struct {
	scan_member *fn;
	void *ctx;
} members; /* who wants to know of them */

static unsigned long handed; /* objects */

static void choose(const struct conf *);

static void
choose(const struct conf *conf)
{
	scanner = conf_uses_clamd(conf) ? &clamd_scanner : &libclamav_scanner;
}

bool
scan_connect(const struct conf *conf, char *err, size_t errsize)
{
	choose(conf);
	return scanner->connect == NULL || scanner->connect(conf, err, errsize);
}

bool
scan_open(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	choose(conf);
	return scanner->open(conf, scratch, err, errsize);
}

void
scan_close(void)
{
	scanner->close();
}

bool
scan_is_open(void)
{
	return scanner->is_open();
}

bool
scan_adapt(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	return scanner->adapt == NULL || scanner->adapt(conf, scratch, err, errsize);
}

bool
scan_changed(void)
{
	return scanner->changed != NULL && scanner->changed();
}

void
scan_watch(const char *database)
{
	if (scanner->watch != NULL)
		scanner->watch(database);
}

void
scan_bytes(struct scan_result *result, enum scan_kind kind, const char *buf, size_t len,
    unsigned int seconds)
{
	handed++;
	if (!errand_wanted(kind, len) ||
	    !errand_scan(result, buf, len, seconds, members.fn, members.ctx))
		scanner->bytes(result, kind, buf, len, seconds);
}

size_t
scan_ahead_min(void)
{
	return errand_ahead_min();
}

void
scan_ahead(const char *buf, size_t len, unsigned int seconds, size_t n)
{
	errand_ahead(buf, len, seconds, n);
}

void
scan_on_member(scan_member *fn, void *ctx)
{
	members.fn = fn;
	members.ctx = ctx;
	if (scanner->on_member != NULL)
		scanner->on_member(fn, ctx);
}

bool
scan_prove(char *err, size_t errsize)
{
	return scanner->prove == NULL || scanner->prove(err, errsize);
}

unsigned long
scan_count(void)
{
	return handed;
}

const char *
scan_banner(void)
{
	return scanner->banner();
}

unsigned int
scan_signatures(void)
{
	return scanner->signatures != NULL ? scanner->signatures() : 0;
}

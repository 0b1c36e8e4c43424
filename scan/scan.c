/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan.c - the scanner interface: hands every call to the engine that the
 * configuration names.
 *
 * There is one scanner per process, chosen by scan_connect or scan_open.
 */
#include "scan.h"

#include "scan_clamd.h"
#include "scan_libclamav.h"

static bool use_clamd;

bool
scan_connect(const struct conf *conf, char *err, size_t errsize)
{
	use_clamd = conf_uses_clamd(conf);
	return !use_clamd || clamd_connect(conf, err, errsize);
}

bool
scan_open(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	use_clamd = conf_uses_clamd(conf);
	return use_clamd ? clamd_open(conf, scratch, err, errsize)
			 : libclamav_open(conf, scratch, err, errsize);
}

void
scan_close(void)
{
	clamd_close();
	libclamav_close();
}

bool
scan_is_open(void)
{
	return use_clamd ? clamd_is_open() : libclamav_is_open();
}

bool
scan_adapt(const struct conf *conf, const char *scratch, char *err, size_t errsize)
{
	return use_clamd || libclamav_adapt(conf, scratch, err, errsize);
}

bool
scan_changed(void)
{
	return !use_clamd && libclamav_changed();
}

void
scan_bytes(struct scan_result *result, enum scan_kind kind, const char *buf, size_t len,
    unsigned int seconds)
{
	if (use_clamd)
		clamd_bytes(result, kind, buf, len, seconds);
	else
		libclamav_bytes(result, kind, buf, len, seconds);
}

/* clamd does not tell. */
void
scan_on_member(scan_member *fn, void *ctx)
{
	if (!use_clamd)
		libclamav_on_member(fn, ctx);
}

bool
scan_prove(char *err, size_t errsize)
{
	return !use_clamd || clamd_prove(err, errsize);
}

const char *
scan_banner(void)
{
	return use_clamd ? clamd_banner() : libclamav_banner();
}

unsigned int
scan_signatures(void)
{
	return use_clamd ? 0 : libclamav_signatures();
}

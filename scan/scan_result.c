/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan_result.c - what the engines behind scan.h have in common: the class of
 * a hit by its name, and results that are safe to print.
 *
 * ClamAV's names mean the same from libclamav and from clamd.
 */
#include "scan_result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* No signature's name has blanks in it. */
#define UNOPENED "not opened to its end: "

static enum verdict_class classify(const char *);

void
scan_result_add_hit(struct scan_result *result, const char *name)
{
	struct scan_hit hit = { .by = NULL }, *place = NULL;

	hit.class = classify(name);
	strlcpy(hit.name, name, sizeof(hit.name));
	scan_result_make_printable(hit.name);
	for (size_t i = 0; i < result->n_hits; i++)
		if (strcmp(result->hits[i].name, hit.name) == 0)
			return;
	if (result->n_hits < SCAN_MAX_HITS)
		place = &result->hits[result->n_hits++];
	else if (hit.class == CLASS_INFECTED)
		for (size_t i = 0; i < SCAN_MAX_HITS && place == NULL; i++)
			if (result->hits[i].class != CLASS_INFECTED)
				place = &result->hits[i];
	if (place != NULL)
		*place = hit;
}

bool
scan_result_is_late(const struct scan_hit *hit)
{
	return strcmp(hit->name, SCAN_RESULT_NO_TIME) == 0;
}

static enum verdict_class
classify(const char *name)
{
	static const struct {
		const char *prefix;
		enum verdict_class class;
	} mild[] = {
		{ "Heuristics.Limits.Exceeded", CLASS_LIMIT },
		{ "Heuristics.XZ.DicSizeLimit", CLASS_LIMIT }, /* did not unpack it */
		{ "Heuristics.Encrypted", CLASS_ENCRYPTED },
		{ UNOPENED, CLASS_UNOPENED },
		{ "Heuristics.OLE2.ContainsMacros", CLASS_BLOCKED },
	};

	for (size_t i = 0; i < sizeof(mild) / sizeof(mild[0]); i++)
		if (strncmp(name, mild[i].prefix, strlen(mild[i].prefix)) == 0)
			return mild[i].class;
	return CLASS_INFECTED;
}

void
scan_result_add_unopened(struct scan_result *result, const char *complaint)
{
	char name[sizeof(result->hits[0].name)];

	snprintf(name, sizeof(name), UNOPENED "%s", complaint);
	scan_result_add_hit(result, name);
}

void
scan_result_fail(struct scan_result *result, const char *fmt, ...)
{
	va_list ap;

	result->failed = true;
	va_start(ap, fmt);
	vsnprintf(result->error, sizeof(result->error), fmt, ap);
	va_end(ap);
	scan_result_make_printable(result->error);
}

void
scan_result_make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict_file.c - the file that the setting verdicts names.
 *
 * It is read anew for each message, so that a change holds from the next one on. What
 * can't be read is a fault of ours, and the message waits: without it more would be
 * removed than the administrator wants, or less.
 */
#include "verdict_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "memory.h"
#include "rule.h"

typedef bool visit(const struct conf *, void *ctx, char *err, size_t errsize);

static const char *contradiction(const struct conf *, const struct override *);
static char *read_text(const char *path, char *err, size_t errsize);
static bool each(const struct conf *conf, visit *fn, void *ctx, char *err, size_t errsize);
static visit check_one, print_one;

bool
verdict_file_read(const struct conf *conf, char **text, struct overrides *o, char *err,
    size_t errsize)
{
	char today[11];

	*text = NULL;
	*o = (struct overrides){ NULL, 0 };
	if (*conf->verdicts == '\0')
		return true;
	if ((*text = read_text(conf->verdicts, err, errsize)) == NULL)
		return false;
	override_today(today);
	if (!override_parse(o, *text, conf->verdicts, today, err, errsize)) {
		free(*text);
		return false;
	}
	for (size_t i = 0; i < o->n; i++) {
		const char *wrong = contradiction(conf, &o->at[i]);

		if (wrong == NULL)
			continue;
		fault_tell(err, errsize, "%s:%u: %s", conf->verdicts, o->at[i].line, wrong);
		override_free(o);
		free(*text);
		return false;
	}
	return true;
}

bool
verdict_file_tags(const struct conf *conf)
{
	struct overrides o = { NULL, 0 };
	char *text = NULL, today[11], err[512];
	bool tags = false;

	if (*conf->verdicts == '\0' || (text = read_text(conf->verdicts, err, sizeof(err))) == NULL)
		return false;
	override_today(today);
	if (override_parse(&o, text, conf->verdicts, today, err, sizeof(err))) {
		for (size_t i = 0; i < o.n; i++)
			tags = tags || o.at[i].action == ACTION_TAG;
		override_free(&o);
	}
	free(text);
	return tags;
}

static const char *
contradiction(const struct conf *conf, const struct override *o)
{
	if (o->action == ACTION_TAG && !conf->header)
		return "tag, and header = no: nothing would tell of it";
	if (!o->content && conf_uses_clamd(conf))
		return "clamd tells one signature of a content, and a verdict by its name would "
		       "hide the others: give the SHA-256";
	return NULL;
}

/* read_text - NULL and a sentence if it can't be */
static char *
read_text(const char *path, char *err, size_t errsize)
{
	char *text = memory_checked(malloc(OVERRIDE_MAX_BYTES + 2));
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;
	ssize_t n = -1;

	while (fd != -1 && len <= OVERRIDE_MAX_BYTES &&
	    (n = read(fd, text + len, OVERRIDE_MAX_BYTES + 1 - len)) > 0)
		len += (size_t)n;
	if (n == -1)
		fault_tell(err, errsize, "verdicts: %s: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
	text[len] = '\0';
	if (n != -1 && len > OVERRIDE_MAX_BYTES)
		fault_tell(err, errsize, "verdicts: %s: more than %u bytes", path,
		    OVERRIDE_MAX_BYTES);
	else if (n != -1 && strlen(text) != len)
		fault_tell(err, errsize, "verdicts: %s: a NUL byte", path);
	else if (n != -1)
		return text;
	free(text);
	return NULL;
}

bool
verdict_file_check(const struct conf *conf, char *err, size_t errsize)
{
	return each(conf, check_one, NULL, err, errsize);
}

static bool
check_one(const struct conf *conf, void *ctx, char *err, size_t errsize)
{
	struct overrides o;
	char *text;

	(void)ctx;
	if (!verdict_file_read(conf, &text, &o, err, errsize))
		return false;
	override_free(&o);
	free(text);
	return true;
}

void
verdict_file_print_expired(const struct conf *conf, FILE *f)
{
	char err[512];

	each(conf, print_one, f, err, sizeof(err));
}

static bool
print_one(const struct conf *conf, void *ctx, char *err, size_t errsize)
{
	struct overrides o;
	char *text;

	if (!verdict_file_read(conf, &text, &o, err, errsize))
		return false;
	for (size_t i = 0; i < o.n; i++)
		if (o.at[i].expired)
			fprintf(ctx, "expired %s:%u: %s %s until=%s\n", conf->verdicts,
			    o.at[i].line, o.at[i].what, override_word(&o.at[i]), o.at[i].until);
	override_free(&o);
	free(text);
	return true;
}

/* each - with the settings as they are, then as each rule that names a file leaves them */
static bool
each(const struct conf *conf, visit *fn, void *ctx, char *err, size_t errsize)
{
	char sentence[512];

	if (!fn(conf, ctx, err, errsize))
		return false;
	for (const struct rule *r = conf->rules; r != NULL; r = r->next) {
		struct conf copy;
		bool ok;

		if (!rule_has_name(r, "verdicts") && !rule_has_name(r, "header"))
			continue;
		conf_copy(&copy, conf);
		rule_apply(r, &copy);
		ok = fn(&copy, ctx, sentence, sizeof(sentence));
		conf_free(&copy);
		if (!ok)
			return fault_tell(err, errsize, "%s:%d: rule %s: %s", r->file, r->line,
			    r->name, sentence);
	}
	return true;
}

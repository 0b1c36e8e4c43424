/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict_file.c - the file that the setting verdicts names.
 *
 * It is read anew for each message, so that a change holds from the next one on. What
 * can't be read is a fault of ours, and the message waits: without it more would be
 * removed than the administrator wants, or less.
 */
#include "verdict_file.h"

#include <stdlib.h>

#include "fault.h"
#include "rule.h"
#include "text_file.h"

typedef bool visit(const struct conf *, void *ctx, char *err, size_t errsize);

static const char *contradiction(const struct conf *, const struct override *);
static bool each(const struct conf *conf, visit *fn, void *ctx, char *err, size_t errsize);
static visit check_one, print_one;

bool
verdict_file_read(const struct conf *conf, char **text, struct overrides *o, char *err,
    size_t errsize)
{
	char today[11], sentence[512];

	*text = NULL;
	*o = (struct overrides){ NULL, 0 };
	if (*conf->verdicts == '\0')
		return true;
	*text = text_file_read(conf->verdicts, OVERRIDE_MAX_BYTES, sentence, sizeof(sentence));
	if (*text == NULL)
		return fault_tell(err, errsize, "verdicts: %s", sentence);
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

	if (*conf->verdicts != '\0')
		text = text_file_read(conf->verdicts, OVERRIDE_MAX_BYTES, err, sizeof(err));
	if (text == NULL)
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

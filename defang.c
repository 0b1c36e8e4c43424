/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * defang.c - from an action on a part to edits of the message.
 *
 * Every edit is as small as the action allows: a rename touches the type and
 * the name parameters only, a removal the part's own header and content only.
 * What is written in is plain 7-bit text with the message's own line ends, and
 * nothing that came with the mail gets into it unsanitised.
 *
 * Edits are added to the report in no order; the inspector sorts them. The
 * callers see to it that no two actions concern the same bytes.
 */
#include "defang.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "header.h"

/* A name or a reason in what is written in is cut here. */
#define WORD_MAX 150
/* Of a name that is cut, so much of the end stays. */
#define NAME_END 15
/* So many findings are spelled out in the result header. */
#define MARKS_MAX 50

#define PLAIN_TYPE "application/octet-stream"

/* What a rename has done so far. */
struct renaming {
	const struct defang *d;
	char name[DEFANG_NAME_MAX];
	bool named; /* the new name stands somewhere */
	bool typed; /* a Content-Type was there */
};

static void add_edit(const struct defang *, size_t begin, size_t end, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void rename_field(struct renaming *, const struct header_field *, bool is_type);
static void rename_params(struct renaming *, const struct header_params *, const char *param_name);
static void insert_type(struct renaming *, const struct part_place *);
static void safe_word(const char *word, char *out, size_t size);
static void strike_fields(const struct defang *, const struct part_place *, const char *prefix);
static const char *line_break(const struct defang *, size_t begin, size_t *at);
static bool is_result(const char *, size_t end, size_t at);
static size_t any_line_after(const char *, size_t end, size_t at);
static void put_notice_line(FILE *, const char *line, size_t len, const struct request *,
    const char *file, const char *reason, const char *eol);
static const char *notice_value(const char *key, size_t len, const struct request *,
    const char *file, const char *reason);
static void put_result(FILE *, const struct defang *);

static void
add_edit(const struct defang *d, size_t begin, size_t end, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len == -1)
		err(EX_OSERR, "edit");
	report_add_edit(d->report, begin, end - begin, text, (size_t)len);
}

const char *
defang_eol(const char *bytes, size_t size, const char *fallback)
{
	const char *lf = size == 0 ? NULL : memchr(bytes, '\n', size);

	if (lf == NULL)
		return fallback;
	return lf > bytes && lf[-1] == '\r' ? "\r\n" : "\n";
}

void
defang_rename(const struct defang *d, const struct part_place *place, const char *name)
{
	struct renaming r = { .d = d };
	struct header_field field;
	size_t at = place->header_begin;

	defang_name(name, true, r.name);
	while (header_next(d->bytes, place->header_end, &at, &field)) {
		if (header_is(d->bytes, &field, "Content-Disposition"))
			rename_field(&r, &field, false);
	}
	at = place->header_begin;
	while (header_next(d->bytes, place->header_end, &at, &field)) {
		if (header_is(d->bytes, &field, "Content-Type"))
			rename_field(&r, &field, true);
	}
	if (!r.typed)
		insert_type(&r, place);
}

/* One Content-Type or Content-Disposition. */
static void
rename_field(struct renaming *r, const struct header_field *f, bool is_type)
{
	struct header_params *params = malloc(sizeof(*params));

	if (params == NULL)
		err(EX_OSERR, "rename");
	header_params_parse(r->d->bytes, f, params);
	if (params->regular) {
		if (is_type)
			add_edit(r->d, params->main_begin, params->main_end, PLAIN_TYPE);
		rename_params(r, params, is_type ? "name" : "filename");
	} else {
		/* Readers differ about it: leave them no choice. */
		add_edit(r->d, f->value_begin, f->value_end, " %s; %s=\"%s\"",
		    is_type ? PLAIN_TYPE : "attachment", is_type ? "name" : "filename", r->name);
		r->named = true;
	}
	r->typed = r->typed || is_type;
	header_params_free(params);
	free(params);
}

/* The first name parameter becomes the new one, the others go. */
static void
rename_params(struct renaming *r, const struct header_params *params, const char *param_name)
{
	bool here = false;

	for (size_t i = 0; i < params->n; i++) {
		const struct header_param *p = &params->params[i];

		if (!header_param_is_name(r->d->bytes, p))
			continue;
		if (here)
			add_edit(r->d, p->begin, p->end, "%s", "");
		else
			add_edit(r->d, p->name_begin, p->end, "%s=\"%s\"", param_name, r->name);
		here = true;
	}
	if (!here && !r->named && strcmp(param_name, "name") == 0) {
		size_t end = params->n == 0 ? params->main_end : params->params[params->n - 1].end;

		add_edit(r->d, end, end, "; name=\"%s\"", r->name);
		here = true;
	}
	r->named = r->named || here;
}

/*
 * No Content-Type: the part would be text/plain, so it gets one, in front of
 * the other fields where no broken line can hide it; behind them if the first
 * is a folded line that would become part of it.
 */
static void
insert_type(struct renaming *r, const struct part_place *place)
{
	const struct defang *d = r->d;
	size_t begin = place->header_begin, end = place->header_end;
	bool folded = begin < end && (d->bytes[begin] == ' ' || d->bytes[begin] == '\t');
	size_t at = folded ? end : begin;
	const char *break_line = line_break(d, begin, &at);
	bool bare = begin == end && header_line_end(d->bytes, d->size, begin) == 0;

	/* bare: no header at all, nor an empty line in its place. */
	add_edit(d, at, folded ? end : begin, "%sContent-Type: " PLAIN_TYPE "; name=\"%s\"%s%s",
	    break_line, r->name, d->eol, bare ? d->eol : "");
}

void
defang_name(const char *name, bool suffix, char out[DEFANG_NAME_MAX])
{
	const char *base = name;
	char *plain = malloc(strlen(name) + 1);
	size_t n = 0;

	if (plain == NULL)
		err(EX_OSERR, "name");
	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '/' || *c == '\\')
			base = c + 1;
	}
	for (const char *c = base; *c != '\0'; c++) {
		bool keep = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
		    (*c >= 'A' && *c <= 'Z') || strchr("-_.+()@ ", *c) != NULL;
		char next = keep ? *c : '_';

		/* No blank runs, behind which an extension would be out of sight. */
		if (n > 0 && (next == '_' || next == ' ') && plain[n - 1] == next)
			continue;
		plain[n++] = next;
	}
	while (n > 0 && (plain[n - 1] == '.' || plain[n - 1] == ' '))
		n--;
	plain[n] = '\0';
	if (n == 0)
		strlcpy(out, "unnamed", DEFANG_NAME_MAX);
	else if (n < WORD_MAX)
		strlcpy(out, plain, DEFANG_NAME_MAX);
	else
		snprintf(out, DEFANG_NAME_MAX, "%.*s%s", WORD_MAX - NAME_END - 1, plain,
		    plain + n - NAME_END);
	if (suffix)
		strlcat(out, ".defanged", DEFANG_NAME_MAX);
	free(plain);
}

/* A word for a notice or a header: printable, without quotes, not too long. */
static void
safe_word(const char *word, char *out, size_t size)
{
	size_t n = 0;

	for (; *word != '\0' && n < size - 1; word++)
		out[n++] = *word < 0x20 || *word > 0x7e || *word == '"' || *word == '\\' ? '_'
											 : *word;
	out[n] = '\0';
}

void
defang_remove(const struct defang *d, const struct part_place *place, const char *notice)
{
	size_t begin = place->header_begin, end = place->content_end, len = strlen(notice);
	const char *break_line = "";

	if (place->message_header) {
		strike_fields(d, place, "Content-");
		begin = place->header_end;
		break_line = line_break(d, place->header_begin, &begin);
	}
	/* The line end in front of a boundary stands behind the part and stays. */
	if (header_line_end(d->bytes, d->size, end) > 0)
		len -= strlen(d->eol);
	add_edit(d, begin, end,
	    "%sContent-Type: text/plain; charset=us-ascii%s"
	    "Content-Transfer-Encoding: 7bit%s"
	    "Content-Disposition: inline%s%s%.*s",
	    break_line, d->eol, d->eol, d->eol, d->eol, (int)len, notice);
}

/*
 * What must stand at *at to end the last line of a header. A CR there, which
 * would make an empty line of it to some, is taken in.
 */
static const char *
line_break(const struct defang *d, size_t begin, size_t *at)
{
	if (*at == begin || d->bytes[*at - 1] == '\n')
		return "";
	if (d->bytes[*at - 1] == '\r')
		--*at;
	return d->eol;
}

/* Strike out the fields of a header whose name begins with a word. */
static void
strike_fields(const struct defang *d, const struct part_place *place, const char *prefix)
{
	struct header_field field;
	size_t at = place->header_begin;

	while (header_next(d->bytes, place->header_end, &at, &field)) {
		if (header_begins(d->bytes, &field, prefix))
			add_edit(d, field.begin, field.end, "%s", "");
	}
}

char *
defang_notice(const struct conf *conf, const struct request *request, const char *file,
    const char *reason, bool is_signed, const char *eol)
{
	char safe_file[WORD_MAX], safe_reason[2 * WORD_MAX], *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		err(EX_OSERR, "notice");
	safe_word(file[0] == '\0' ? "(no name)" : file, safe_file, sizeof(safe_file));
	safe_word(reason, safe_reason, sizeof(safe_reason));
	for (const char *line = conf->notice; *line != '\0';) {
		size_t len = strcspn(line, "\n");

		put_notice_line(f, line, len, request, safe_file, safe_reason, eol);
		line += len;
		line += *line == '\n';
	}
	if (is_signed)
		fprintf(f, "%sWhat it was in was signed. The signature no longer fits.%s", eol,
		    eol);
	if (fclose(f) == EOF)
		err(EX_OSERR, "notice");
	return text;
}

/* One line of the template, {words} replaced; what is no such word stays. */
static void
put_notice_line(FILE *f, const char *line, size_t len, const struct request *request,
    const char *file, const char *reason, const char *eol)
{
	const char *end = line + len;
	char *text = NULL;
	size_t size;
	FILE *one = open_memstream(&text, &size);

	if (one == NULL)
		err(EX_OSERR, "notice");
	while (line < end) {
		const char *close = *line == '{' ? memchr(line, '}', (size_t)(end - line)) : NULL;
		const char *value = close == NULL
		    ? NULL
		    : notice_value(line + 1, (size_t)(close - line - 1), request, file, reason);

		if (value != NULL) {
			fputs(value, one);
			line = close + 1;
		} else {
			fputc(*line++, one);
		}
	}
	if (fclose(one) == EOF)
		err(EX_OSERR, "notice");
	/* A file called like a boundary must not end the part. */
	fprintf(f, "%s%s%s", text[0] == '-' ? " " : "", text, eol);
	free(text);
}

static const char *
notice_value(const char *key, size_t len, const struct request *request, const char *file,
    const char *reason)
{
	const struct {
		const char *key, *value;
	} words[] = {
		{ "file", file },
		{ "reason", reason },
		{ "action", "removed" },
		{ "time", request->time },
		{ "host", request->host },
		{ "reference", request->reference[0] == '\0' ? "(not kept)" : request->reference },
		{ "version", SPAWNSCAN_VERSION },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].key) == len && memcmp(words[i].key, key, len) == 0)
			return words[i].value;
	}
	return NULL;
}

/*
 * The result comes first: should the message begin with a folded line, that
 * one would become part of X-Antivirus, which nobody parses.
 */
void
defang_mark(const struct defang *d, size_t at, const char *scanner)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		err(EX_OSERR, "mark");
	put_result(f, d);
	fprintf(f, "X-Antivirus: Scanned by spawnscan %s (%s)%s", SPAWNSCAN_VERSION, scanner,
	    d->eol);
	if (fclose(f) == EOF)
		err(EX_OSERR, "mark");
	report_add_edit(d->report, at, 0, text, size);
}

/* Findings that are to be passed are not told; "clean" is said if there are none. */
static void
put_result(FILE *f, const struct defang *d)
{
	const struct report *r = d->report;
	size_t told = 0, left_out = 0;

	if (r->n_findings == 0) {
		fprintf(f, "X-Spawnscan-Result: clean%s", d->eol);
		return;
	}
	for (size_t i = 0; i < r->n_findings; i++) {
		const struct finding *finding = &r->findings[i];
		char reason[WORD_MAX], file[WORD_MAX];

		if (finding->action == ACTION_PASS)
			continue;
		if (told == MARKS_MAX) {
			left_out++;
			continue;
		}
		safe_word(finding->reason, reason, sizeof(reason));
		safe_word(finding->file, file, sizeof(file));
		if (told++ == 0)
			fputs("X-Spawnscan-Result: ", f);
		else
			fprintf(f, ",%s\t", d->eol);
		fprintf(f, "%s action=%s part=%s reason=\"%s\"", verdict_class_name(finding->class),
		    verdict_action_name(finding->action), finding->part, reason);
		if (finding->class == CLASS_BLOCKED && finding->action == ACTION_TAG &&
		    r->exempt != NULL)
			fprintf(f, "%s\t exempt=%s", d->eol, r->exempt);
		if (file[0] != '\0')
			fprintf(f, "%s\t file=\"%s\"", d->eol, file);
	}
	if (left_out > 0)
		fprintf(f, ",%s\tmore=%zu", d->eol, left_out);
	if (told > 0)
		fputs(d->eol, f);
}

/*
 * To some a CR alone ends a line too. What ends a struck line goes with it, but
 * an LF that also ends what is in front of it.
 */
void
defang_strike(const struct defang *d, const struct part_place *place)
{
	const char *bytes = d->bytes;
	size_t end = place->header_end, from;
	bool behind_cr = false;

	for (size_t at = place->header_begin; at < end;) {
		from = at;
		while (is_result(bytes, end, at))
			at = any_line_after(bytes, end, at);
		if (at == from) {
			at = any_line_after(bytes, end, at);
			behind_cr = bytes[at - 1] == '\r';
		} else if (behind_cr && bytes[at - 1] == '\n') {
			add_edit(d, from - 1, at - 1 - (bytes[at - 2] == '\r'), "%s", "");
			behind_cr = false;
		} else {
			add_edit(d, from, at, "%s", "");
		}
	}
}

/* A result begins there, its colon perhaps in a folded line. */
static bool
is_result(const char *bytes, size_t end, size_t at)
{
	static const char name[] = "X-Spawnscan-Result";
	size_t len = sizeof(name) - 1;

	if (at >= end || end - at <= len || strncasecmp(bytes + at, name, len) != 0)
		return false;
	for (at += len; at < end && (bytes[at] == '\0' || strchr(" \t\r\n", bytes[at]) != NULL);)
		at++;
	return at < end && bytes[at] == ':';
}

/* The next line that is not folded into this one, behind an LF or a CR. */
static size_t
any_line_after(const char *bytes, size_t end, size_t at)
{
	while (at < end) {
		size_t ends = header_line_end(bytes, end, at);

		if (ends == 0 && bytes[at] == '\r')
			ends = 1;
		at += ends == 0 ? 1 : ends;
		if (ends > 0 && (at == end || (bytes[at] != ' ' && bytes[at] != '\t')))
			break;
	}
	return at;
}

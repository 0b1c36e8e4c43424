/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sealed.c - what the scanner calls encrypted, and a password has opened.
 *
 * libclamav has no passwords. It says that something in an attachment is an encrypted
 * zip archive or PDF, but not what. So unless that is the attachment itself, its members are
 * scanned one by one, and the finding goes to the member that has it, if no password
 * opened that one. Only archives and messages are put off in this way, since each of
 * their bytes is in one of their members (mime_archive.c) or in one of their parts.
 */
#include "sealed.h"

#include <string.h>

#include "judge.h"
#include "mime_kind.h"
#include "overrule.h"
#include "sniff.h"

static bool may_be_opened(const struct scan_hit *);
static bool has_explanation(const struct examination *, size_t index);

bool
sealed_is_explained(struct examination *x, const struct part *part, const char *content, size_t len,
    const struct scan_hit *hit)
{
	if (!x->conf->try_passwords || !may_be_opened(hit))
		return false;
	if (part->unlocked)
		return true;
	if (kind_of(content, len) == KIND_NONE && !sniff_is_mail(content, len))
		return false;
	x->parts.at[part->index]->suspended = true;
	return true;
}

bool
sealed_is_explained_whole(const struct examination *x, const struct scan_hit *hit)
{
	if (!may_be_opened(hit) || x->lint.irregular != DOUBT_NONE)
		return false;
	for (size_t i = 0; i < x->parts.n; i++) {
		if (x->parts.at[i]->unlocked)
			return true;
	}
	return false;
}

bool
sealed_is_asked(const struct examination *x, const struct part *part)
{
	const struct part *around = part_parent(&x->parts, part);

	return around != NULL && around->suspended;
}

void
sealed_finish(struct examination *x)
{
	/* What is inside follows what it is in. */
	for (size_t i = x->parts.n; i-- > 0;) {
		const struct part *part = x->parts.at[i];

		if (part->suspended && !has_explanation(x, i) &&
		    !findings_told(x->found.report, CLASS_ENCRYPTED, part->path))
			overrule_add(x, part, CLASS_ENCRYPTED, "encrypted archive or document",
			    judge_name(part));
	}
}

static bool
has_explanation(const struct examination *x, size_t index)
{
	for (size_t i = index + 1; i < x->parts.n; i++) {
		const struct part *part = x->parts.at[i];

		if ((part->unlocked || part->suspended) && part_is_below(&x->parts, part, index))
			return true;
	}
	return false;
}

/* What mime_unlock.c may have a password for. */
static bool
may_be_opened(const struct scan_hit *hit)
{
	return strcmp(hit->name, "Heuristics.Encrypted.Zip") == 0 ||
	    strcmp(hit->name, "Heuristics.Encrypted.PDF") == 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * examination.h - one message that is being looked at, for the files of this
 * room alone.
 */
#ifndef EXAMINATION_H
#define EXAMINATION_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "examine.h"
#include "explain.h"
#include "findings.h"
#include "joined.h"
#include "lint.h"
#include "mime_vba.h"
#include "object.h"
#include "part.h"
#include "views.h"

/* A stretch of the message. */
struct written {
	size_t begin, end;
};

struct examination {
	const struct conf *conf;
	struct parts parts;
	struct findings found;
	struct lint lint;
	struct objects objects;
	struct explain *explain; /* NULL = nobody wants to know */
	int64_t views_end; /* clock_ms; half of the time is for views at the most */
	bool headers_checked; /* for an infection */
	bool compound; /* the leaf that is being looked at is a compound file, */
	enum vba vba; /* with these macros */
	bool macros; /* the scanner has seen some in what was opened (active.h) */
	bool multipart; /* the message is one, to everyone */
	bool irregular; /* the message does not read the same to everyone */
	bool waits; /* what the parts leave out was not looked at yet (settle.c) */
	const struct written *written; /* by ourselves into it, of which nothing is the sender's */
	size_t n_written;
	unsigned int n_inner, inner_depth; /* messages in contents that are read in every way */
	struct evidence evidence; /* for views of the message */
	struct joined texts; /* decoded texts, which are scanned with the skeleton */
	struct joined
	    guesses; /* contents that nothing calls files, until it is known what else is */
	struct joined joined; /* contents that are scanned together, at the end */
	size_t n_scans, scanned_bytes; /* of views: one budget for all of a message */
	examine_hasty *hasty; /* NULL = nobody wants it (hasty.h) */
	void *hasty_ctx;
	size_t hasty_told; /* findings in what it was handed last, and one */
	size_t canonical_bytes; /* of contents kept for canonical forms */
};

#endif

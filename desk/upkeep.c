/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * upkeep.c - the verbs delete, expire and verify: keeping the quarantine in order.
 *
 * expire removes the oldest first: all that are older than an age, then as many more as
 * it takes to come below a size. It opens no original and reads no metadata. What is
 * being released is left for the next time. Temporary files and halves of an entry that
 * are older than a day are removed with it: no filter is at work that long.
 *
 * verify reads all of it and changes nothing.
 *
 * Diagnostics: a line for each thing that is not in order; records in the log of what
 * was removed ("quarantine-deleted", "quarantine-expired").
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "log.h"
#include "original.h"
#include "safe.h"
#include "upkeep.h"

#define DAY_SECONDS 86400

/* What shelf_list complains of, kept until it has ended. */
struct faults {
	struct fault {
		enum shelf_fault kind;
		char *name;
		int64_t when;
	} * list;
	size_t n;
};

struct tally {
	size_t removed, kept, failed;
	uint64_t bytes; /* removed */
};

static void note_fault(void *, enum shelf_fault, const char *, int64_t);
static void free_faults(struct faults *);
static uint64_t entry_size(struct desk *, const char *);
static bool remove_one(struct desk *, const char *, uint64_t, struct tally *);
static void remove_halves(struct desk *, const struct faults *, int64_t);

int
upkeep_delete(struct desk *desk)
{
	struct log_record record;
	int code = EX_OK;

	for (size_t i = 0; i < desk->n_references; i++) {
		const char *reference = desk->references[i];

		if (!shelf_remove(&desk->shelf, reference)) {
			code = safe_complain(errno == ENOENT ? EX_NOINPUT
				: errno == EWOULDBLOCK	     ? EX_TEMPFAIL
							     : EX_IOERR,
			    "%s: %s", reference,
			    errno == ENOENT	       ? "there is no such message"
				: errno == EWOULDBLOCK ? "somebody else is at work on it"
						       : strerror(errno));
			continue;
		}
		log_record_start(&record, "quarantine-deleted");
		log_record_str(&record, "quarantine", reference);
		log_record_str(&record, "by", desk->who);
		log_record_write(&record, LOG_NOTICE);
	}
	return code;
}

int
upkeep_expire(struct desk *desk)
{
	struct faults faults = { NULL, 0 };
	struct tally tally = { 0, 0, 0, 0 };
	struct log_record record;
	int64_t now = time(NULL), oldest = now - (int64_t)desk->older_than;
	uint64_t total = 0, *sizes = NULL;
	size_t n, i;
	struct shelf_entry *e = shelf_list(&desk->shelf, &n, note_fault, &faults);

	if (desk->max_size_given && n > 0 && (sizes = calloc(n, sizeof(*sizes))) == NULL)
		return safe_complain(EX_OSERR, "out of memory");
	for (i = 0; sizes != NULL && i < n; i++)
		total += sizes[i] = entry_size(desk, e[i].reference);
	for (i = n; i-- > 0;) {
		uint64_t size = sizes != NULL ? sizes[i] : 0;
		bool old = desk->older_given && e[i].when < oldest;

		if (!old && (!desk->max_size_given || total <= desk->max_size)) {
			tally.kept += i + 1;
			break;
		}
		if (remove_one(desk, e[i].reference, size, &tally))
			total -= size;
	}
	if (!desk->dry_run) {
		remove_halves(desk, &faults, now - DAY_SECONDS);
		shelf_tidy(&desk->shelf, now);
	}
	printf("%s%zu removed, %zu kept\n", desk->dry_run ? "would be " : "", tally.removed,
	    tally.kept + tally.failed);
	if (tally.removed > 0 && !desk->dry_run) {
		log_record_start(&record, "quarantine-expired");
		log_record_num(&record, "count", tally.removed);
		log_record_num(&record, "left", tally.kept + tally.failed);
		log_record_str(&record, "by", desk->who);
		log_record_write(&record, LOG_NOTICE);
	}
	free_faults(&faults);
	free(sizes);
	free(e);
	return fflush(stdout) == EOF ? EX_IOERR : tally.failed > 0 ? EX_TEMPFAIL : EX_OK;
}

static bool
remove_one(struct desk *desk, const char *reference, uint64_t size, struct tally *tally)
{
	if (desk->dry_run)
		printf("%s\n", reference);
	else if (!shelf_remove(&desk->shelf, reference) && errno != ENOENT) {
		safe_complain(EX_IOERR, "%s: left: %s", reference,
		    errno == EWOULDBLOCK ? "somebody is at work on it" : strerror(errno));
		tally->failed++;
		return false;
	}
	tally->removed++;
	tally->bytes += size;
	return true;
}

static void
remove_halves(struct desk *desk, const struct faults *faults, int64_t before)
{
	char reference[SHELF_REFERENCE_SIZE + sizeof(".meta")];
	const struct fault *f;
	size_t len;

	for (size_t i = 0; i < faults->n; i++) {
		f = &faults->list[i];
		if (f->when == 0 || f->when >= before)
			continue;
		if (f->kind == SHELF_LEFTOVER)
			(void)shelf_remove_leftover(&desk->shelf, f->name);
		if (f->kind != SHELF_NO_META && f->kind != SHELF_NO_MESSAGE)
			continue;
		len = strlcpy(reference, f->name, sizeof(reference));
		if (f->kind == SHELF_NO_MESSAGE && len < sizeof(reference))
			reference[len - (sizeof(".meta") - 1)] = '\0';
		(void)shelf_remove(&desk->shelf, reference);
	}
}

static uint64_t
entry_size(struct desk *desk, const char *reference)
{
	static const enum shelf_file both[] = { SHELF_MESSAGE, SHELF_META };
	uint64_t size = 0;
	struct stat st;
	int fd;

	for (size_t i = 0; i < 2; i++) {
		if ((fd = shelf_file(&desk->shelf, reference, both[i], O_RDONLY)) == -1)
			continue;
		if (fstat(fd, &st) == 0)
			size += (uint64_t)st.st_size;
		close(fd);
	}
	return size;
}

int
upkeep_verify(struct desk *desk)
{
	static const char *const texts[] = { [SHELF_STRAY] = "does not belong here",
		[SHELF_LEFTOVER] = "temporary file, left behind or being written",
		[SHELF_NO_META] = "has no metadata",
		[SHELF_NO_MESSAGE] = "metadata without a message",
		[SHELF_UNREADABLE] = "cannot be read" };
	struct faults faults = { NULL, 0 };
	struct original o;
	size_t n, i, bad = 0;
	struct shelf_entry *e = shelf_list(&desk->shelf, &n, note_fault, &faults);

	for (i = 0; i < n; i++) {
		if (original_open(&o, desk, e[i].reference, false) != EX_OK)
			bad++;
		original_close(&o);
	}
	for (i = 0; i < faults.n; i++)
		safe_complain(0, "%s: %s", faults.list[i].name, texts[faults.list[i].kind]);
	bad += faults.n;
	printf("%zu messages, %zu not in order\n", n, bad);
	free_faults(&faults);
	free(e);
	return fflush(stdout) == EOF ? EX_IOERR : bad > 0 ? EX_DATAERR : EX_OK;
}

static void
note_fault(void *ctx, enum shelf_fault kind, const char *name, int64_t when)
{
	struct faults *faults = ctx;
	struct fault *f;

	faults->list = array_grow(faults->list, faults->n, sizeof(*faults->list), "spawnscan");
	f = &faults->list[faults->n];
	f->kind = kind;
	f->when = when;
	if ((f->name = strdup(name)) != NULL)
		faults->n++;
}

static void
free_faults(struct faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		free(faults->list[i].name);
	free(faults->list);
}

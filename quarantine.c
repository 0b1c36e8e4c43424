/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quarantine.c - keeps the originals.
 *
 * A message is DIR/MMDD/UNIXTIME.PID.N, byte for byte as it was received,
 * and beside it the same name with ".meta" (store/meta.c).
 *
 * Both files are written under a temporary name (".NAME.tmp"), fsynced and
 * linked to their names, which fails if a name is taken: nothing is ever
 * overwritten. Then the folders are fsynced; only after that the caller may
 * say that the message is kept. Files are 0600 and folders 0700 whatever the
 * umask. DIR itself may be a symbolic link, MMDD may not: it lies where the
 * filter's user writes, and a link there is somebody's trap.
 *
 * The name is chosen before there is anything to write, because the notice in
 * the delivered message tells it. It holds time, process and a number by chance,
 * for several containers may share a quarantine, each with processes of the same
 * numbers. Should it be taken nonetheless the storing fails, and the client comes
 * again. Nothing is unlinked that was not made here.
 *
 * The directories must belong to us or root, and nobody else may write to them.
 *
 * Diagnostics: a sentence in err. When storing fails no file is left, but perhaps
 * an empty directory.
 */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptor.h"
#include "fault.h"
#include "meta.h"
#include "quarantine.h"

#define NAME_TRIES 100
#define NAME_SIZE 80 /* "UNIXTIME.PID.N" with ".", ".meta" and ".tmp" around it */

/* A place that is being written to. */
struct place {
	int dir, day; /* folders; -1 = not open */
	bool dir_made, day_made;
	char name[NAME_SIZE], meta[NAME_SIZE];
	char tmp[NAME_SIZE], meta_tmp[NAME_SIZE];
};

/* A file that is being written. */
struct file {
	int dir, fd; /* fd -1 = we have made none */
	const char *name, *tmp;
	bool linked;
};

static bool is_writable(int, const char *, char *, size_t);
static bool place_open(struct place *, const struct quarantine *, bool, char *, size_t);
static void place_close(struct place *);
static int folder_open(int, const char *, int, bool, bool *);
static bool has_room(int, uint64_t, uint64_t);
static bool file_open(struct file *, int, const char *, const char *);
static bool file_link(struct file *);
static void file_close(struct file *, bool);
static bool folder_is_ours(int, const char *, char *, size_t);
static bool write_message(int, const struct message *);
static bool write_meta(int, const struct quarantine *, const struct message *,
    const struct envelope *, const struct report *, const char *);
static void put_meta(FILE *, const struct quarantine *, const struct message *,
    const struct envelope *, const struct report *, const char *);
static void put_told(FILE *, const char *, const char *);
static bool fsync_parent(const struct quarantine *);
static void dir_path(const struct quarantine *, char *, size_t);

/* quarantine_reserve - chance keeps names apart where another container has the same process ids */
void
quarantine_reserve(struct quarantine *q, const char *dir, time_t now)
{
	struct tm tm;
	struct stat st;
	char day[8] = "0000";
	uint32_t chance = 0;
	int tries = 0;

	memset(q, 0, sizeof(*q));
	if (localtime_r(&now, &tm) != NULL)
		strftime(day, sizeof(day), "%m%d", &tm);
	do {
		/* arc4random would end the process for want of memory */
		if (getentropy(&chance, sizeof(chance)) == -1)
			chance++;
		snprintf(q->reference, sizeof(q->reference), "%s/%lld.%ld.%u", day, (long long)now,
		    (long)getpid(), chance);
		snprintf(q->path, sizeof(q->path), "%s/%s", dir, q->reference);
	} while (lstat(q->path, &st) == 0 && ++tries < NAME_TRIES);
}

/* quarantine_check - only making DIR tells if it can be made */
bool
quarantine_check(const struct quarantine *q, char *err, size_t errsize)
{
	char dir[sizeof(q->path)], today[sizeof(q->path) + 8], day[8] = "";
	int fd, day_fd = -1;
	bool ok, made;

	dir_path(q, dir, sizeof(dir));
	strlcpy(day, q->reference, strcspn(q->reference, "/") + 1);
	snprintf(today, sizeof(today), "%s/%s", dir, day);
	fd = folder_open(AT_FDCWD, dir, 0, true, &made);
	if (fd == -1 || (made && !fsync_parent(q)))
		ok = fault_tell(err, errsize, "quarantine directory %s: %s", dir, strerror(errno));
	else
		ok = is_writable(fd, dir, err, errsize);
	if (ok && (day_fd = folder_open(fd, day, O_NOFOLLOW, false, &made)) != -1)
		ok = is_writable(day_fd, today, err, errsize);
	else if (ok && errno != ENOENT)
		ok = fault_tell(err, errsize, "quarantine directory %s: %s", today,
		    strerror(errno));
	if (day_fd != -1)
		close(day_fd);
	if (fd != -1)
		close(fd);
	return ok;
}

static bool
is_writable(int fd, const char *path, char *err, size_t errsize)
{
	/* Not faccessat: what it calls first some containers answer with EPERM. */
	if (access(path, W_OK | X_OK) == -1)
		return fault_tell(err, errsize, "quarantine directory %s: %s", path,
		    strerror(errno));
	return folder_is_ours(fd, path, err, errsize);
}

bool
quarantine_store(struct quarantine *q, const struct message *message,
    const struct envelope *envelope, const struct report *report, const char *failure,
    uint64_t min_free, char *err, size_t errsize)
{
	struct file original = { .fd = -1 }, meta = { .fd = -1 };
	struct place p;
	bool ok;
	int saved;

	if (!place_open(&p, q, true, err, errsize)) {
		q->error = errno;
		return false;
	}
	ok = has_room(p.day, message->size, min_free) &&
	    file_open(&original, p.day, p.name, p.tmp) && write_message(original.fd, message) &&
	    file_open(&meta, p.day, p.meta, p.meta_tmp) &&
	    write_meta(meta.fd, q, message, envelope, report, failure) && file_link(&original) &&
	    file_link(&meta) && fsync(p.day) == 0 && (!p.day_made || fsync(p.dir) == 0) &&
	    (!p.dir_made || fsync_parent(q));
	saved = errno;
	file_close(&original, ok);
	file_close(&meta, ok);
	place_close(&p);
	q->stored = ok;
	q->error = ok ? 0 : saved;
	return ok || fault_tell(err, errsize, "quarantine %s: %s", q->path, strerror(saved));
}

/* has_room - for so much, and min_free bytes beside it */
static bool
has_room(int dir, uint64_t size, uint64_t min_free)
{
	struct statvfs fs;
	uint64_t left;

	if (min_free == 0 || fstatvfs(dir, &fs) == -1)
		return true;
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (left >= min_free && left - min_free >= size)
		return true;
	errno = ENOSPC;
	return false;
}

static bool
file_open(struct file *f, int dir, const char *name, const char *tmp)
{
	f->dir = dir;
	f->name = name;
	f->tmp = tmp;
	f->fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return f->fd != -1 && fchmod(f->fd, 0600) == 0;
}

/* file_link - what is open gets its name, not whatever has the temporary one by now */
static bool
file_link(struct file *f)
{
	char open_file[32];

	snprintf(open_file, sizeof(open_file), "/proc/self/fd/%d", f->fd);
	f->linked = linkat(AT_FDCWD, open_file, f->dir, f->name, AT_SYMLINK_FOLLOW) == 0 ||
	    /* no /proc */
	    (errno == ENOENT && linkat(f->dir, f->tmp, f->dir, f->name, 0) == 0);
	return f->linked;
}

/* file_close - keep it under its name, or leave nothing of what we have made */
static void
file_close(struct file *f, bool keep)
{
	if (f->fd == -1)
		return;
	unlinkat(f->dir, f->tmp, 0);
	if (f->linked && !keep)
		unlinkat(f->dir, f->name, 0);
	close(f->fd);
}

bool
quarantine_note_reply(const struct quarantine *q, const char *reply, char *err, size_t errsize)
{
	struct place p;
	FILE *fp;
	int fd;
	bool ok;

	if (!place_open(&p, q, false, err, errsize))
		return false;
	fd = openat(p.day, p.meta, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	place_close(&p);
	if (fd == -1 || (fp = fdopen(fd, "a")) == NULL) {
		fault_tell(err, errsize, "quarantine %s.meta: %s", q->path, strerror(errno));
		if (fd != -1)
			close(fd);
		return false;
	}
	meta_put_line(fp, "Reply", reply);
	ok = !ferror(fp);
	ok = fclose(fp) == 0 && ok;
	return ok || fault_tell(err, errsize, "quarantine %s.meta: %s", q->path, strerror(errno));
}

void
quarantine_drop(struct quarantine *q)
{
	struct place p;
	char err[256];

	if (q->stored && place_open(&p, q, false, err, sizeof(err))) {
		unlinkat(p.day, p.name, 0);
		unlinkat(p.day, p.meta, 0);
		place_close(&p);
	}
	q->stored = false;
}

/* place_open - the folders, made if wanted, and the names within */
static bool
place_open(struct place *p, const struct quarantine *q, bool make, char *err, size_t errsize)
{
	char dir[sizeof(q->path)], day[8];
	const char *name = strchr(q->reference, '/');

	p->dir = p->day = -1;
	if (name == NULL || (size_t)(name - q->reference) >= sizeof(day))
		return fault_tell(err, errsize, "quarantine: no place was reserved");
	strlcpy(day, q->reference, (size_t)(name - q->reference) + 1);
	snprintf(p->name, sizeof(p->name), "%s", name + 1);
	snprintf(p->meta, sizeof(p->meta), "%s.meta", name + 1);
	snprintf(p->tmp, sizeof(p->tmp), ".%s.tmp", name + 1);
	snprintf(p->meta_tmp, sizeof(p->meta_tmp), ".%s.meta.tmp", name + 1);
	dir_path(q, dir, sizeof(dir));
	if ((p->dir = folder_open(AT_FDCWD, dir, 0, make, &p->dir_made)) == -1)
		return fault_tell(err, errsize, "quarantine directory %s: %s", dir,
		    strerror(errno));
	if ((p->day = folder_open(p->dir, day, O_NOFOLLOW, make, &p->day_made)) == -1)
		fault_tell(err, errsize, "quarantine directory %s/%s: %s", dir, day,
		    strerror(errno));
	else if (folder_is_ours(p->dir, dir, err, errsize) &&
	    folder_is_ours(p->day, q->path, err, errsize))
		return true;
	place_close(p);
	return false;
}

/* folder_is_ours - nobody but us and root may put anything there, or something else in our place */
static bool
folder_is_ours(int fd, const char *path, char *err, size_t errsize)
{
	struct stat st;
	uid_t self = geteuid();

	if (fstat(fd, &st) == -1)
		return fault_tell(err, errsize, "quarantine directory of %s: %s", path,
		    strerror(errno));
	if ((st.st_uid == self || st.st_uid == 0) && (st.st_mode & 022) == 0)
		return true;
	errno = EPERM;
	if (st.st_mode & 022)
		return fault_tell(err, errsize,
		    "quarantine directory of %s: others may write to it (mode %04o)", path,
		    (unsigned int)st.st_mode & 07777);
	return fault_tell(err, errsize,
	    "quarantine directory of %s: it belongs to user %ld, not to us (user %ld)", path,
	    (long)st.st_uid, (long)self);
}

static void
place_close(struct place *p)
{
	int saved = errno;

	if (p->dir != -1)
		close(p->dir);
	if (p->day != -1)
		close(p->day);
	p->dir = p->day = -1;
	errno = saved;
}

/* folder_open - another process may be making it at the same moment */
static int
folder_open(int at, const char *name, int flags, bool make, bool *made)
{
	mode_t mask = umask(077);

	*made = make && mkdirat(at, name, 0700) == 0;
	umask(mask);
	if (make && !*made && errno != EEXIST)
		return -1;
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
}

/* fsync_parent - DIR itself is new: make its name durable too */
static bool
fsync_parent(const struct quarantine *q)
{
	char dir[sizeof(q->path)], *slash;
	int fd, rc;

	dir_path(q, dir, sizeof(dir));
	while ((slash = strrchr(dir, '/')) != NULL && slash > dir && slash[1] == '\0')
		*slash = '\0';
	if (slash == NULL)
		strlcpy(dir, ".", sizeof(dir));
	else
		slash[slash == dir] = '\0';
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		/* may be searched but not read: nothing more can be done about it */
		return errno == EACCES;
	rc = fsync(fd);
	close(fd);
	return rc == 0;
}

static void
dir_path(const struct quarantine *q, char *buf, size_t size)
{
	size_t len = strlen(q->path) - strlen(q->reference) - 1;

	strlcpy(buf, q->path, len + 1 < size ? len + 1 : size);
}

static bool
write_message(int fd, const struct message *message)
{
	return descriptor_write(fd, message->bytes, message->size) && fsync(fd) == 0;
}

static bool
write_meta(int fd, const struct quarantine *q, const struct message *message,
    const struct envelope *envelope, const struct report *report, const char *failure)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *fp;
	bool ok;

	if (own == -1 || (fp = fdopen(own, "w")) == NULL) {
		if (own != -1)
			close(own);
		return false;
	}
	put_meta(fp, q, message, envelope, report, failure);
	ok = fflush(fp) == 0 && !ferror(fp) && fsync(own) == 0;
	return fclose(fp) == 0 && ok;
}

static void
put_meta(FILE *fp, const struct quarantine *q, const struct message *message,
    const struct envelope *envelope, const struct report *report, const char *failure)
{
	static const uint8_t nothing[1];
	char digest[SHA256_DIGEST_STRING_LENGTH], when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	bool failed = failure != NULL && *failure != '\0';
	size_t i;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	SHA256Data(message->bytes != NULL ? (const uint8_t *)message->bytes : nothing,
	    message->size, digest);
	meta_put_line(fp, "Reference", q->reference);
	meta_put_line(fp, "Date", when);
	meta_put_line(fp, "Mode", envelope->mode);
	meta_put_line(fp, "Client", envelope->client);
	put_told(fp, "Protocol", envelope->protocol);
	put_told(fp, "Source", envelope->source);
	put_told(fp, "Ident", envelope->ident);
	put_told(fp, "Next-Hop", envelope->next_hop);
	meta_put_line(fp, "Sender", envelope->sender);
	for (i = 0; i < envelope->n_recipients; i++)
		meta_put_line(fp, "Recipient", envelope->recipients[i]);
	fprintf(fp, "Size: %llu\n", (unsigned long long)message->size);
	meta_put_line(fp, "SHA-256", digest);
	meta_put_line(fp, "Verdict",
	    failed ? verdict_class_name(CLASS_ERROR) : report_verdict(report));
	meta_put_line(fp, "Action", verdict_action_name(report->action));
	meta_put_line(fp, "Scanner", report->scanner);
	for (i = 0; i < report->n_findings; i++)
		meta_put_finding(fp, &report->findings[i]);
	if (failed)
		meta_put_line(fp, "Failure", failure);
}

/* put_told - unless there is nothing to tell */
static void
put_told(FILE *fp, const char *key, const char *value)
{
	if (value != NULL && *value != '\0')
		meta_put_line(fp, key, value);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * original.c - an original and its metadata, together, whole and unchanged.
 *
 * One part of it: where that begins and ends, and what it hashes to, is said by an
 * inspector in its sandbox, as for --explain. Nothing is parsed here. The bytes of that
 * range are taken as they are, or with base64 or quoted-printable undone; the reading
 * whose SHA-256 is the one that the inspector gave is the part. If none is, the part is
 * not handed out: it would not be what was inspected.
 *
 * Limits: an original of any size, in a memfd; one part of it in memory.
 */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base64.h"
#include "inspection.h"
#include "original.h"
#include "safe.h"

#define READ_SIZE (64u << 10)

typedef size_t decode_fn(const char *, size_t, char *);

static int read_message(struct original *, struct desk *);
static int compare(const struct original *);
static json_t *explain(const struct original *, struct desk *, int *);
static json_t *find_part(json_t *, const char *);
static char *decode(const char *, size_t, const char *, size_t *);
static decode_fn as_it_is, base64, quoted_printable;
static int hex(char);

int
original_open(struct original *o, struct desk *desk, const char *reference, bool lock)
{
	char err[256];
	int code;

	memset(o, 0, sizeof(*o));
	o->reference = reference;
	o->message.fd = -1;
	o->meta_fd = shelf_file(&desk->shelf, reference, SHELF_META,
	    lock ? O_RDWR | O_APPEND : O_RDONLY);
	if (o->meta_fd == -1)
		return safe_complain(errno == ENOENT ? EX_NOINPUT : EX_IOERR, "%s: %s", reference,
		    errno == ENOENT ? "there is no such message" : strerror(errno));
	if (lock && flock(o->meta_fd, LOCK_EX | LOCK_NB) == -1)
		return safe_complain(EX_TEMPFAIL, "%s: somebody else is at work on it", reference);
	if (!meta_read(&o->meta, o->meta_fd, err, sizeof(err)))
		return safe_complain(EX_DATAERR, "%s: %s", reference, err);
	if ((code = read_message(o, desk)) != EX_OK)
		return code;
	return compare(o);
}

void
original_close(struct original *o)
{
	message_close(&o->message);
	meta_free(&o->meta);
	if (o->meta_fd != -1)
		close(o->meta_fd);
	o->meta_fd = -1;
}

static int
read_message(struct original *o, struct desk *desk)
{
	char buf[READ_SIZE];
	int fd = shelf_file(&desk->shelf, o->reference, SHELF_MESSAGE, O_RDONLY);
	ssize_t n = -1;

	if (fd != -1 && message_create(&o->message, 0) == MESSAGE_OK)
		while ((n = read(fd, buf, sizeof(buf))) > 0 || (n == -1 && errno == EINTR))
			if (n > 0 && message_append(&o->message, buf, (size_t)n) != MESSAGE_OK) {
				n = -1;
				break;
			}
	if (fd != -1)
		close(fd);
	if (n != 0 || message_seal(&o->message) != MESSAGE_OK)
		return safe_complain(errno == ENOENT ? EX_NOINPUT : EX_IOERR, "%s: %s",
		    o->reference, strerror(errno));
	return EX_OK;
}

static int
compare(const struct original *o)
{
	char digest[SHA256_DIGEST_STRING_LENGTH];

	if (o->message.size != o->meta.size)
		return safe_complain(EX_DATAERR, "%s: has %llu bytes instead of %llu", o->reference,
		    (unsigned long long)o->message.size, (unsigned long long)o->meta.size);
	original_digest(o->message.bytes, o->message.size, digest);
	if (strcasecmp(digest, o->meta.sha256) != 0)
		return safe_complain(EX_DATAERR, "%s: is not what was kept: its SHA-256 differs",
		    o->reference);
	return EX_OK;
}

void
original_digest(const char *bytes, size_t size, char *text)
{
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	if (size > 0) {
		/* libmd wants bytes without a sign */
		const void *at = bytes;

		SHA256Update(&ctx, at, size);
	}
	SHA256End(&ctx, text);
}

/*
 * original_note - all of the line or nothing
 *
 * A piece that a full disk or a crash left would swallow the beginning of the next line.
 */
bool
original_note(const struct original *o, const char *key, const char *value)
{
	off_t end = lseek(o->meta_fd, 0, SEEK_END);
	char *line = NULL, last = '\n';
	size_t len;
	FILE *fp = open_memstream(&line, &len);
	bool ok = fp != NULL && end != -1;

	if (ok && end > 0)
		ok = pread(o->meta_fd, &last, 1, end - 1) == 1;
	if (ok && last != '\n')
		putc('\n', fp);
	if (ok)
		meta_put_line(fp, key, value);
	if (fp != NULL)
		ok = fclose(fp) == 0 && ok;
	if (ok) {
		ssize_t n = write(o->meta_fd, line, len);

		if (n >= 0 && n < (ssize_t)len) {
			(void)!ftruncate(o->meta_fd, end);
			errno = ENOSPC;
		}
		ok = n == (ssize_t)len && fsync(o->meta_fd) == 0;
	}
	free(line);
	return ok;
}

char *
original_part(const struct original *o, struct desk *desk, const char *part, size_t *size,
    char *name, size_t name_size, int *code)
{
	json_t *all = explain(o, desk, code), *p = all == NULL ? NULL : find_part(all, part), *sha;
	json_int_t offset, length;
	char *content = NULL;

	if (all != NULL && p == NULL)
		*code = safe_complain(EX_DATAERR, "%s: there is no part %s", o->reference, part);
	if (p != NULL) {
		offset = json_integer_value(json_object_get(p, "content_offset"));
		length = json_integer_value(json_object_get(p, "content_length"));
		sha = json_object_get(p, "sha256");
		strlcpy(name,
		    json_string_length(json_array_get(json_object_get(p, "names"), 0)) > 0
			? json_string_value(json_array_get(json_object_get(p, "names"), 0))
			: "",
		    name_size);
		if (json_is_string(sha) && offset >= 0 && length >= 0 &&
		    (uint64_t)offset <= o->message.size &&
		    (uint64_t)length <= o->message.size - (uint64_t)offset)
			content = decode(o->message.bytes + offset, (size_t)length,
			    json_string_value(sha), size);
		if (content == NULL)
			*code = safe_complain(EX_DATAERR,
			    "%s: part %s has no content that can be handed out alone", o->reference,
			    part);
	}
	json_decref(all);
	return content;
}

static json_t *
explain(const struct original *o, struct desk *desk, int *code)
{
	struct inspection i;
	json_error_t error;
	json_t *all = NULL;

	inspection_explain(&i, desk->conf, &o->message, o->reference, EXPLAIN_JSON);
	if (i.ok && i.report.explanation != NULL)
		all = json_loads(i.report.explanation, JSON_ALLOW_NUL, &error);
	if (all == NULL)
		*code = safe_complain(EX_TEMPFAIL,
		    "%s: the inspector did not tell of its parts%s%s", o->reference,
		    i.ok ? "" : ": ", i.ok ? "" : i.failure);
	inspection_free(&i);
	return all;
}

static json_t *
find_part(json_t *all, const char *part)
{
	size_t i;
	json_t *p;
	const char *path;

	json_array_foreach(json_object_get(all, "parts"), i, p)
	{
		path = json_string_value(json_object_get(p, "path"));
		if (path != NULL && strcmp(path, part) == 0 &&
		    !json_is_true(json_object_get(p, "inside")))
			return p;
	}
	return NULL;
}

/* decode - the reading that has this digest */
static char *
decode(const char *bytes, size_t len, const char *digest, size_t *size)
{
	static decode_fn *const ways[] = { as_it_is, base64, quoted_printable };
	char text[SHA256_DIGEST_STRING_LENGTH], *out = malloc(len + 1);

	for (size_t i = 0; out != NULL && i < sizeof(ways) / sizeof(ways[0]); i++) {
		*size = ways[i](bytes, len, out);
		original_digest(out, *size, text);
		if (strcasecmp(text, digest) == 0)
			return out;
	}
	free(out);
	return NULL;
}

static size_t
as_it_is(const char *in, size_t len, char *out)
{
	memcpy(out, in, len);
	return len;
}

/* RFC 2045 6.8 */
static size_t
base64(const char *in, size_t len, char *out)
{
	unsigned int bits = 0, have = 0;
	size_t n = 0;
	int value;

	for (size_t i = 0; i < len && in[i] != '='; i++) {
		if ((value = base64_value((unsigned char)in[i])) < 0)
			continue;
		bits = bits << 6 | (unsigned int)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have & 0xff);
		}
	}
	return n;
}

/* RFC 2045 6.7 */
static size_t
quoted_printable(const char *in, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (in[i] == '=' && i + 2 < len && hex(in[i + 1]) >= 0 && hex(in[i + 2]) >= 0) {
			out[n++] = (char)(hex(in[i + 1]) << 4 | hex(in[i + 2]));
			i += 2;
		} else if (in[i] == '=' && i + 1 < len && in[i + 1] == '\n')
			i++;
		else if (in[i] == '=' && i + 2 < len && in[i + 1] == '\r' && in[i + 2] == '\n')
			i += 2;
		else
			out[n++] = in[i];
	}
	return n;
}

static int
hex(char c)
{
	static const char digits[] = "0123456789ABCDEF0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return at == NULL ? -1 : (int)((at - digits) % 16);
}

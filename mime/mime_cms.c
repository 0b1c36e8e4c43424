/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_cms.c - the content of S/MIME messages that are signed or compressed.
 *
 * application/pkcs7-mime carries a whole MIME entity inside a BER structure,
 * where neither GMime (without a crypto engine) nor a scanner of files looks.
 * Only the way down to the octets is read here:
 *
 *	ContentInfo ::= SEQUENCE { OID signedData, [0] SignedData }
 *	SignedData ::= SEQUENCE { version, SET, EncapsulatedContentInfo, ... }
 *	CompressedData ::= SEQUENCE { version, SEQUENCE { OID zlib },
 *	    EncapsulatedContentInfo }
 *	EncapsulatedContentInfo ::= SEQUENCE { OID, [0] OCTET STRING }
 *
 * The octet string may come in pieces, and every length may be left open
 * (X.690 8.1.3.6). Nesting is limited, each byte is looked at a bounded number
 * of times. Memory that runs out ends the process.
 */
#include "mime_cms.h"

#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mime_decode.h"

#define DEPTH_MAX 10
#define SEALED "S/MIME message"

#define TAG_OID 0x06
#define TAG_OCTETS 0x04
#define TAG_OCTETS_PARTS 0x24
#define TAG_SEQUENCE 0x30
#define TAG_EXPLICIT_0 0xa0

/* Object identifiers: behind 1.2.840.113549.1, and the whole of an algorithm's. */
static const unsigned char signed_data[] = { 7, 2 }; /* pkcs-7 2 */
static const unsigned char compressed_data[] = { 9, 16, 1, 9 }; /* pkcs-9 smime ct 9 */
static const unsigned char zlib_compress[] = { /* pkcs-9 smime alg 8 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 3, 8
};

/* What is left to read of one element's content. */
struct ber {
	const unsigned char *at, *end;
};

struct element {
	unsigned int tag;
	struct ber content;
};

static const char *armour(const char *text, size_t len);
static const char *in_base64(const char *text, size_t len);
static char *undressed(const char *text, size_t len, size_t *out_len);
static void open_ber(struct packed *, const char *, size_t len);
static bool next_element(struct ber *, struct element *, int depth);
static bool find_end(struct ber, const unsigned char **end, int depth);
static bool read_length(struct ber *, size_t *len, bool *open);
static bool enter(struct ber *, unsigned int tag);
static bool skip(struct ber *);
static bool enter_content_info(struct ber *, struct ber *type);
static bool is_type(const struct ber *type, const unsigned char *oid, size_t len);
static void open_signed(struct packed *, struct ber);
static bool open_compressed(struct packed *, struct ber);
static char *encapsulated(struct ber, size_t *len, bool *detached);
static void collect_octets(const struct element *, char *out, size_t *len, int depth);

bool
cms_is(const struct format_input *in)
{
	return in->len > 0 &&
	    (*in->bytes == TAG_SEQUENCE || armour(in->bytes, in->len) != NULL ||
		in_base64(in->bytes, in->len) != NULL);
}

void
cms_open(struct packed *p, const struct format_input *in)
{
	size_t n;
	char *ber;

	if (in->len > 0 && *in->bytes == TAG_SEQUENCE) {
		open_ber(p, in->bytes, in->len);
		return;
	}
	ber = undressed(in->bytes, in->len, &n);
	if (ber != NULL)
		open_ber(p, ber, n);
	free(ber);
}

/* The line that begins an armour (RFC 7468 8); NULL if there is none. */
static const char *
armour(const char *text, size_t len)
{
	static const char *const words[] = { "-----BEGIN PKCS7-----", "-----BEGIN CMS-----" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = memmem(text, len, words[i], strlen(words[i]));

		if (at != NULL)
			return at;
	}
	return NULL;
}

/* Base64 that nobody undid: a SEQUENCE with a length of two bytes or three, or an open one. */
static const char *
in_base64(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end && strchr(" \t\r\n", *text) != NULL && *text != '\0')
		text++;
	if (end - text < 20 || text[0] != 'M' || strchr("IFC", text[1]) == NULL || text[1] == '\0')
		return NULL;
	return text;
}

/* Out of either; malloc'd, NULL if it is neither. */
static char *
undressed(const char *text, size_t len, size_t *out_len)
{
	const char *ignored, *end = text + len, *at = armour(text, len);

	if (at != NULL)
		return packed_unarmour(at, (size_t)(end - at), out_len, &ignored);
	at = in_base64(text, len);
	if (at == NULL)
		return NULL;
	return decode_bytes(DECODE_BASE64_SKIP, at, (size_t)(end - at), (size_t)(end - at),
	    out_len);
}

static void
open_ber(struct packed *p, const char *bytes, size_t len)
{
	struct ber b = { (const unsigned char *)bytes, (const unsigned char *)bytes + len }, type;

	if (!enter_content_info(&b, &type))
		return;
	if (is_type(&type, signed_data, sizeof(signed_data)))
		open_signed(p, b);
	else if (!is_type(&type, compressed_data, sizeof(compressed_data)) ||
	    !open_compressed(p, b))
		p->sealed = SEALED;
}

/* A ContentInfo: *b moves behind its type, which is of that many bytes. */
static bool
enter_content_info(struct ber *b, struct ber *type)
{
	static const unsigned char pkcs[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1 };
	struct element e;

	if (!enter(b, TAG_SEQUENCE) || !next_element(b, &e, 0) || e.tag != TAG_OID ||
	    (size_t)(e.content.end - e.content.at) <= sizeof(pkcs) ||
	    memcmp(e.content.at, pkcs, sizeof(pkcs)) != 0)
		return false;
	*type = e.content;
	type->at += sizeof(pkcs);
	return true;
}

static bool
is_type(const struct ber *type, const unsigned char *oid, size_t len)
{
	return (size_t)(type->end - type->at) == len && memcmp(type->at, oid, len) == 0;
}

/* Behind the type of a SignedData: one that is detached holds nothing. */
static void
open_signed(struct packed *p, struct ber b)
{
	size_t len;
	char *content = NULL;
	bool detached = false;

	if (enter(&b, TAG_EXPLICIT_0) && enter(&b, TAG_SEQUENCE) && skip(&b) &&
	    skip(&b)) /* version, digests */
		content = encapsulated(b, &len, &detached);
	if (content != NULL)
		packed_add(p, NULL, 0, content, len);
	else if (!detached)
		p->sealed = SEALED;
}

/* Behind the type of a CompressedData; false if not all of it could be opened. */
static bool
open_compressed(struct packed *p, struct ber b)
{
	struct ber algorithm, oid;
	struct element e;
	size_t len, out_len;
	char *content, *out;
	bool detached, whole;

	if (!enter(&b, TAG_EXPLICIT_0) || !enter(&b, TAG_SEQUENCE) || !skip(&b) || /* version */
	    !next_element(&b, &e, 0) || e.tag != TAG_SEQUENCE)
		return false;
	algorithm = e.content;
	if (!next_element(&algorithm, &e, 0) || e.tag != TAG_OID)
		return false;
	oid = e.content;
	if (!is_type(&oid, zlib_compress, sizeof(zlib_compress)))
		return false;
	content = encapsulated(b, &len, &detached);
	if (content == NULL)
		return false;
	out = packed_inflate(p, PACKED_ZLIB, content, len, &out_len, &whole);
	free(content);
	if (out != NULL)
		packed_add(p, NULL, 0, out, out_len);
	return whole || p->too_big;
}

/* The octets of the EncapsulatedContentInfo at b; malloc'd, NULL if there are none: detached, or broken. */
static char *
encapsulated(struct ber b, size_t *len, bool *detached)
{
	size_t max = (size_t)(b.end - b.at);
	struct element e;
	char *out;

	*detached = false;
	if (!enter(&b, TAG_SEQUENCE) || !skip(&b)) /* content type */
		return NULL;
	*detached = b.at == b.end;
	if (!enter(&b, TAG_EXPLICIT_0) || !next_element(&b, &e, 0))
		return NULL;
	out = malloc(max + 1);
	if (out == NULL)
		err(EX_OSERR, "cms");
	*len = 0;
	collect_octets(&e, out, len, 0);
	if (*len == 0) {
		free(out);
		return NULL;
	}
	return out;
}

static bool
skip(struct ber *b)
{
	struct element ignored;

	return next_element(b, &ignored, 0);
}

/* The next element must be of that tag; go on with its content. */
static bool
enter(struct ber *b, unsigned int tag)
{
	struct element e;

	if (!next_element(b, &e, 0) || e.tag != tag)
		return false;
	*b = e.content;
	return true;
}

static bool
next_element(struct ber *b, struct element *e, int depth)
{
	const unsigned char *end;
	size_t len;
	bool open;

	/* Tags of more than one byte do not occur on the way down. */
	if (depth > DEPTH_MAX || b->end - b->at < 2 || (b->at[0] & 0x1f) == 0x1f)
		return false;
	e->tag = *b->at++;
	if (!read_length(b, &len, &open))
		return false;
	e->content.at = b->at;
	if (open) {
		if (!find_end(*b, &end, depth + 1))
			return false;
		e->content.end = end;
		b->at = end + 2;
		return true;
	}
	/* One that is cut off still holds what is there. */
	if (len > (size_t)(b->end - b->at))
		len = (size_t)(b->end - b->at);
	e->content.end = b->at + len;
	b->at += len;
	return true;
}

/* Where the two zero bytes stand that end a content of open length. */
static bool
find_end(struct ber b, const unsigned char **end, int depth)
{
	struct element ignored;

	while (b.end - b.at >= 2) {
		if (b.at[0] == 0 && b.at[1] == 0) {
			*end = b.at;
			return true;
		}
		if (!next_element(&b, &ignored, depth))
			return false;
	}
	return false;
}

static bool
read_length(struct ber *b, size_t *len, bool *open)
{
	unsigned int n = *b->at++;

	*open = n == 0x80;
	*len = n;
	if (n <= 0x80)
		return true;
	*len = 0;
	for (n &= 0x7f; n > 0; n--) {
		if (b->at == b->end || *len >> (8 * (sizeof(*len) - 1)) != 0)
			return false;
		*len = *len << 8 | *b->at++;
	}
	return true;
}

static void
collect_octets(const struct element *e, char *out, size_t *len, int depth)
{
	struct ber parts = e->content;
	struct element part;
	size_t n = (size_t)(e->content.end - e->content.at);

	if (e->tag == TAG_OCTETS) {
		memcpy(out + *len, e->content.at, n);
		*len += n;
	} else if (e->tag == TAG_OCTETS_PARTS && depth < DEPTH_MAX) {
		while (next_element(&parts, &part, depth))
			collect_octets(&part, out, len, depth + 1);
	}
}

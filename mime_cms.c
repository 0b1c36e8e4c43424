/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_cms.c - the content of an opaque S/MIME signed message.
 *
 * application/pkcs7-mime with SignedData carries a whole MIME entity inside a
 * BER structure, where neither GMime (without a crypto engine) nor a scanner
 * of files looks. Only the way down to the octets is read here:
 *
 *	ContentInfo ::= SEQUENCE { OID signedData, [0] SignedData }
 *	SignedData ::= SEQUENCE { version, SET, EncapsulatedContentInfo, ... }
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

#define DEPTH_MAX 10

#define TAG_OID		0x06
#define TAG_OCTETS	0x04
#define TAG_OCTETS_PARTS 0x24
#define TAG_SEQUENCE	0x30
#define TAG_EXPLICIT_0	0xa0

/* What is left to read of one element's content. */
struct ber {
	const unsigned char *at, *end;
};

struct element {
	unsigned int tag;
	struct ber content;
};

static bool next_element(struct ber *, struct element *, int depth);
static bool find_end(struct ber, const unsigned char **end, int depth);
static bool read_length(struct ber *, size_t *len, bool *open);
static bool enter(struct ber *, unsigned int tag);
static bool enter_content_info(struct ber *, struct ber *type);
static bool is_signed_data(const struct ber *type);
static void collect_octets(const struct element *, char *out, size_t *len, int depth);

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

/* pkcs-7 2, id-signedData. */
static bool
is_signed_data(const struct ber *type)
{
	return type->end - type->at == 2 && type->at[0] == 7 && type->at[1] == 2;
}

bool
cms_is_sealed(const char *bytes, size_t len)
{
	struct ber b = { (const unsigned char *)bytes, (const unsigned char *)bytes + len }, type;

	return enter_content_info(&b, &type) && !is_signed_data(&type);
}

char *
cms_signed_content(const char *bytes, size_t len, size_t *out_len)
{
	struct ber b = { (const unsigned char *)bytes, (const unsigned char *)bytes + len }, type;
	struct element e;
	char *out;

	if (!enter_content_info(&b, &type) || !is_signed_data(&type))
		return NULL;
	if (!enter(&b, TAG_EXPLICIT_0) || !enter(&b, TAG_SEQUENCE) ||
	    !next_element(&b, &e, 0) || !next_element(&b, &e, 0) ||	/* version, digests */
	    !enter(&b, TAG_SEQUENCE) || !next_element(&b, &e, 0) ||	/* content type */
	    !enter(&b, TAG_EXPLICIT_0) || !next_element(&b, &e, 0))
		return NULL;
	out = malloc(len + 1);
	if (out == NULL)
		err(EX_OSERR, "cms");
	*out_len = 0;
	collect_octets(&e, out, out_len, 0);
	if (*out_len == 0) {
		free(out);
		return NULL;
	}
	return out;
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

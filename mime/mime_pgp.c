/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_pgp.c - the content of OpenPGP messages that are not encrypted, in armour or as
 * a file of packets.
 *
 * Such a message is one literal packet, which may be signed and compressed
 * (RFC 9580 10.3), and its recipient's program opens it without a key. Read are
 * the packets' headers (4.2), with lengths of all kinds, the compressed (5.6)
 * and the literal packet (5.9); all others are passed over, and those that hold
 * something encrypted noted. Nothing is verified.
 *
 * A file without armour may be anything that begins with a high bit. It is a message
 * only if packets that may stand in one fill it to its end, each with a version or a
 * first byte that such a packet has. Linear but for what is unpacked, which is limited
 * in size and depth. Memory that runs out ends the process.
 */
#include "mime_pgp.h"

#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <zlib.h>

#define SEALED "OpenPGP message"

enum {
	TAG_PKESK = 1,
	TAG_SIGNATURE = 2,
	TAG_SKESK = 3,
	TAG_ONE_PASS = 4,
	TAG_COMPRESSED = 8,
	TAG_SED = 9,
	TAG_MARKER = 10,
	TAG_LITERAL = 11,
	TAG_SEIPD = 18,
	TAG_AEAD = 20
};

enum { ALGORITHM_NONE = 0, ALGORITHM_ZIP = 1, ALGORITHM_ZLIB = 2, ALGORITHM_BZIP2 = 3 };

#define PEEK 64 /* bytes of what is compressed that tell what it is */
#define PACKETS_ENOUGH 1000 /* that fit: no other file has so many */

/* What is left to read. */
struct bytes {
	const unsigned char *at, *end;
};

struct packet {
	unsigned int tag;
	unsigned char *body; /* malloc'd: it may come in pieces */
	size_t len;
	bool whole; /* it was not cut off */
};

static const char *find_armour(const char *, size_t len);
static bool is_message(const char *, size_t len);
static bool fits(const struct packet *, size_t before);
static bool fits_compressed(const struct packet *);
static size_t peek(const struct packet *, unsigned char *out);
static bool begins_message(const unsigned char *, size_t len);
static bool read_packets(struct packed *, const char *, size_t len, int depth);
static bool next_packet(struct bytes *, struct packet *);
static bool new_length(struct bytes *, size_t *n, bool *partial);
static size_t number(struct bytes *, unsigned int bytes);
static bool open_packet(struct packed *, const struct packet *, int depth);
static bool open_compressed(struct packed *, const struct packet *, int depth);
static bool add_literal(struct packed *, const struct packet *);

bool
pgp_is(const struct format_input *in)
{
	return (in->text_len > 0 && find_armour(in->text, in->text_len) != NULL) ||
	    is_message(in->bytes, in->len);
}

void
pgp_open(struct packed *p, const struct format_input *in)
{
	const char *text = in->text, *end = text + in->text_len, *at;

	if (is_message(in->bytes, in->len)) {
		if (!read_packets(p, in->bytes, in->len, 0))
			p->sealed = SEALED;
		return;
	}
	while ((at = find_armour(text, (size_t)(end - text))) != NULL) {
		size_t n;
		char *packets = packed_unarmour(at, (size_t)(end - at), &n, &text);

		/* What is not understood is not known to be harmless. */
		if (packets == NULL || !read_packets(p, packets, n, 0))
			p->sealed = SEALED;
		free(packets);
	}
}

/* Behind the words of an armour; more may stand in its line. */
static const char *
find_armour(const char *text, size_t len)
{
	static const char begin[] = "-----BEGIN PGP MESSAGE";
	const char *at = memmem(text, len, begin, sizeof(begin) - 1);

	return at == NULL ? NULL : at + sizeof(begin) - 1;
}

/* Packets to the end, all of which a message may have (RFC 9580 10.3). */
static bool
is_message(const char *bytes, size_t len)
{
	struct bytes b = { (const unsigned char *)bytes, (const unsigned char *)bytes + len };
	struct packet packet;
	bool ok = true, holds = false;
	size_t n;

	for (n = 0; ok && n < PACKETS_ENOUGH && next_packet(&b, &packet); n++) {
		ok = packet.whole && fits(&packet, n);
		holds = holds ||
		    (packet.tag != TAG_PKESK && packet.tag != TAG_SKESK &&
			packet.tag != TAG_ONE_PASS && packet.tag != TAG_MARKER);
		free(packet.body);
	}
	return ok && (n == PACKETS_ENOUGH || (holds && b.at == b.end));
}

/* Signatures, and what is encrypted, stand behind others. */
static bool
fits(const struct packet *packet, size_t before)
{
	const unsigned char *body = packet->body;

	if (packet->len < 2)
		return false;
	switch (packet->tag) {
	case TAG_PKESK:
		return packet->len > 12 && (body[0] == 3 || body[0] == 6);
	case TAG_SKESK:
		return packet->len >= 4 && body[0] >= 4 && body[0] <= 6;
	case TAG_ONE_PASS:
		return (packet->len == 13 && body[0] == 3) || (packet->len > 40 && body[0] == 6);
	case TAG_SIGNATURE:
		return before > 0 && packet->len > 10 && body[0] >= 3 && body[0] <= 6;
	case TAG_MARKER:
		return packet->len == 3 && memcmp(body, "PGP", 3) == 0;
	case TAG_SED:
		return before > 0 && packet->len > 18;
	case TAG_SEIPD:
		return before > 0 && packet->len > 20 && (body[0] == 1 || body[0] == 2);
	case TAG_AEAD:
		return before > 0 && packet->len > 20 && body[0] == 1;
	case TAG_COMPRESSED:
		return fits_compressed(packet);
	case TAG_LITERAL:
		return memchr("btulm1", body[0], 6) != NULL && packet->len >= 6 + (size_t)body[1];
	default:
		return false;
	}
}

static bool
fits_compressed(const struct packet *packet)
{
	unsigned char begin[PEEK] = { 0 };

	if (packet->body[0] == ALGORITHM_BZIP2)
		return packet->len > 11 && memcmp(packet->body + 1, "BZh", 3) == 0 &&
		    memcmp(packet->body + 5, "1AY&SY", 6) == 0;
	return begins_message(begin, peek(packet, begin));
}

/* The first bytes of what is compressed, PEEK at most; 0 if it can't be unpacked. */
static size_t
peek(const struct packet *packet, unsigned char *out)
{
	size_t len = packet->len - 1;
	z_stream z = { .next_in = packet->body + 1,
		.avail_in = (uInt)(len < UINT16_MAX ? len : UINT16_MAX),
		.next_out = out,
		.avail_out = PEEK };
	int code;

	if (packet->body[0] == ALGORITHM_NONE) {
		len = len < PEEK ? len : PEEK;
		memcpy(out, packet->body + 1, len);
		return len;
	}
	if (packet->body[0] > ALGORITHM_ZLIB ||
	    inflateInit2(&z, packet->body[0] == ALGORITHM_ZIP ? -MAX_WBITS : MAX_WBITS) != Z_OK)
		return 0;
	code = inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	return code == Z_OK || code == Z_STREAM_END ? PEEK - z.avail_out : 0;
}

/* A packet that a compressed one may begin with. */
static bool
begins_message(const unsigned char *bytes, size_t len)
{
	struct bytes b = { bytes + 1, bytes + len };
	unsigned int tag;
	bool partial;
	size_t n;

	if (len < 3 || (bytes[0] & 0x80) == 0)
		return false;
	if ((bytes[0] & 0x40) != 0) {
		tag = bytes[0] & 0x3f;
		new_length(&b, &n, &partial);
	} else {
		tag = bytes[0] >> 2 & 0x0f;
		if ((bytes[0] & 3) != 3)
			number(&b, 1u << (bytes[0] & 3));
	}
	if (b.at == b.end)
		return false;
	return (tag == TAG_LITERAL && memchr("btulm1", *b.at, 6) != NULL) ||
	    (tag == TAG_ONE_PASS && (*b.at == 3 || *b.at == 6)) ||
	    (tag == TAG_COMPRESSED && *b.at <= ALGORITHM_BZIP2) ||
	    (tag == TAG_SIGNATURE && *b.at >= 3 && *b.at <= 6);
}

/* True if all was understood, and there was something to open. */
static bool
read_packets(struct packed *p, const char *bytes, size_t len, int depth)
{
	struct bytes b = { (const unsigned char *)bytes, (const unsigned char *)bytes + len };
	struct packet packet;
	bool any = false, whole = true;

	while (next_packet(&b, &packet)) {
		any = open_packet(p, &packet, depth) || any;
		whole = whole && packet.whole;
		free(packet.body);
	}
	return any && whole && b.at == b.end;
}

/* RFC 9580 4.2: two formats, each with lengths of its own. */
static bool
next_packet(struct bytes *b, struct packet *packet)
{
	unsigned int head;
	bool partial = false;
	size_t n;

	if (b->end - b->at < 2 || (*b->at & 0x80) == 0)
		return false;
	head = *b->at++;
	packet->tag = (head & 0x40) != 0 ? head & 0x3f : head >> 2 & 0x0f;
	if ((head & 0x40) != 0) {
		if (!new_length(b, &n, &partial))
			return false;
	} else if ((head & 3) == 3) {
		n = (size_t)(b->end - b->at);
	} else {
		n = number(b, 1u << (head & 3));
	}
	packet->body = malloc(partial || n > (size_t)(b->end - b->at) ? (size_t)(b->end - b->at) + 1
								      : n + 1);
	if (packet->body == NULL)
		err(EX_OSERR, "pgp");
	packet->whole = true;
	for (packet->len = 0;;) {
		/* One that is cut off still holds what is there. */
		if (n > (size_t)(b->end - b->at)) {
			n = (size_t)(b->end - b->at);
			packet->whole = false;
		}
		memcpy(packet->body + packet->len, b->at, n);
		packet->len += n;
		b->at += n;
		if (!partial)
			return true;
		if (!new_length(b, &n, &partial)) {
			packet->whole = false;
			return true;
		}
	}
}

/* 4.2.1; partial: another length follows what it covers. */
static bool
new_length(struct bytes *b, size_t *n, bool *partial)
{
	size_t first;

	if (b->at == b->end)
		return false;
	first = *b->at++;
	*partial = first >= 224 && first < 255;
	if (first < 192)
		*n = first;
	else if (first < 224)
		*n = ((first - 192) << 8) + number(b, 1) + 192;
	else if (first < 255)
		*n = (size_t)1 << (first & 0x1f);
	else
		*n = number(b, 4);
	return true;
}

static size_t
number(struct bytes *b, unsigned int bytes)
{
	size_t n = 0;

	for (; bytes > 0 && b->at < b->end; bytes--)
		n = n << 8 | *b->at++;
	return n;
}

/* True if it holds something, and that was opened. */
static bool
open_packet(struct packed *p, const struct packet *packet, int depth)
{
	switch (packet->tag) {
	case TAG_PKESK:
	case TAG_SKESK:
	case TAG_SED:
	case TAG_SEIPD:
	case TAG_AEAD:
		p->sealed = SEALED;
		return false;
	case TAG_COMPRESSED:
		return open_compressed(p, packet, depth);
	case TAG_LITERAL:
		return add_literal(p, packet);
	default:
		return false;
	}
}

static bool
open_compressed(struct packed *p, const struct packet *packet, int depth)
{
	const char *in = (const char *)packet->body + 1;
	size_t n;
	char *out;
	bool understood, whole;

	if (depth == PACKED_DEPTH_MAX) {
		p->too_big = true;
		return false;
	}
	if (packet->len < 2)
		return false;
	if (packet->body[0] == ALGORITHM_NONE)
		return read_packets(p, in, packet->len - 1, depth + 1);
	if (packet->body[0] != ALGORITHM_ZIP && packet->body[0] != ALGORITHM_ZLIB) {
		p->sealed = SEALED;
		return false;
	}
	out = packed_inflate(p, packet->body[0] == ALGORITHM_ZIP ? PACKED_DEFLATE : PACKED_ZLIB, in,
	    packet->len - 1, &n, &whole);
	understood = out != NULL && read_packets(p, out, n, depth + 1) && whole;
	free(out);
	return understood;
}

/* A letter for its kind, a name, four bytes of time; then the content. */
static bool
add_literal(struct packed *p, const struct packet *packet)
{
	size_t name = packet->len < 2 ? 0 : packet->body[1], head = 2 + name + 4;
	char *content;

	if (packet->len <= head)
		return packet->len == head;
	content = malloc(packet->len - head);
	if (content == NULL)
		err(EX_OSERR, "pgp");
	memcpy(content, packet->body + head, packet->len - head);
	packed_add(p, (const char *)packet->body + 2, name, content, packet->len - head);
	return true;
}

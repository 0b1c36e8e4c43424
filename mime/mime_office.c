/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_office.c - the password of an encrypted Office document.
 *
 * [MS-OFFCRYPTO] 2.3.4: agile encryption (since Office 2010) and standard encryption (2007) with
 * AES. There is no library for it in C; the ciphers are nettle's, the digests libmd's. What
 * Excel opens without a question, for it tries this password by itself, is tried first.
 *
 * What says how it is encrypted is taken only if there is one way to read it: each stream once, each
 * element and attribute once, no comment, no entity. Otherwise a second reading could hide behind the
 * first. And only a zip archive comes out, as a document is one.
 *
 * A word costs as many digests as the document says, SPIN_MAX at most; no more words are tried than
 * there is time in struct passwords. Memory that runs out ends the process.
 */
#include "mime_office.h"

#include <ctype.h>
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <glib.h>
#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <nettle/nettle-meta.h>
#include <sha1.h>
#include <sha2.h>

#include "effort.h"
#include "le.h"
#include "passwords.h"

#define INFO_MAX 65536
#define SPIN_MAX 1000000 /* Office writes 100,000 */
#define STANDARD_SPIN 50000
#define SEGMENT 4096
#define BLOCK 16 /* of AES */
#define DIGEST_MAX 64
#define VALUE_MAX 128 /* bytes of a salt, a key or a verifier */
#define PADDING 0x36

struct digest {
	const char *name;
	size_t len;
};

static const struct digest digests[] = { { "SHA1", SHA1_DIGEST_LENGTH },
	{ "SHA256", SHA256_DIGEST_LENGTH }, { "SHA384", SHA384_DIGEST_LENGTH },
	{ "SHA512", SHA512_DIGEST_LENGTH } };

struct value {
	uint8_t bytes[VALUE_MAX];
	size_t len;
};

/* How it is encrypted: what of it is the same for each word. */
struct lock {
	bool agile;
	size_t key_len; /* of the package's key */
	size_t word_key_len; /* of the key that a word gives */
	const struct digest *package_digest, *word_digest;
	uint32_t spin;
	struct value package_salt, word_salt, input, digest, key;
};

static bool read_lock(struct cfb *, struct lock *);
static bool read_standard(const char *, size_t len, struct lock *);
static bool read_agile(const char *, size_t len, struct lock *);
static bool is_plain_xml(const char *);
static const char *only_element(const char *xml, const char *name, const char *also, size_t *len);
static bool attribute(const char *, size_t len, const char *name, struct value *);
static bool number(const char *, size_t len, const char *name, size_t max, size_t *);
static bool base64(const char *, size_t len, const char *name, struct value *);
static bool is_cbc_of_aes(const char *, size_t len);
static const struct digest *digest_of(const char *, size_t len);
static bool try_word(const struct lock *, const char *word, uint8_t *key);
static bool try_agile(const struct lock *, const uint8_t *spun, uint8_t *key);
static bool try_standard(const struct lock *, const uint8_t *spun, uint8_t *key);
static void word_key(const struct lock *, const uint8_t *spun, const char *purpose, uint8_t *key);
static void hash(const struct digest *, const void *, size_t, const void *, size_t, uint8_t *out);
static void decrypt(const uint8_t *key, size_t key_len, uint8_t *iv, uint8_t *, size_t len);
static const struct cfb_entry *only_stream(const struct cfb *, const char *name);
static char *read_package(struct packed *, struct cfb *, size_t *len);
static void decrypt_package(const struct lock *, const uint8_t *key, char *, size_t len);

char *
office_unlock(struct packed *p, struct cfb *c, size_t *len)
{
	struct passwords *words = p->passwords;
	int64_t begun = effort_ms(), end;
	uint8_t key[VALUE_MAX];
	struct lock lock;
	bool opened;
	char *package;

	if (words == NULL || words->left <= 0 || !read_lock(c, &lock))
		return NULL;
	end = begun + words->left < p->deadline ? begun + words->left : p->deadline;
	opened = try_word(&lock, "VelvetSweatshop", key);
	for (guint i = 0; !opened && i < words->words->len && effort_ms() < end; i++)
		opened = try_word(&lock, g_ptr_array_index(words->words, i), key);
	words->left -= effort_ms() - begun;
	package = opened ? read_package(p, c, len) : NULL;
	if (package == NULL)
		return NULL;
	decrypt_package(&lock, key, package, *len);
	if (*len >= 4 && memcmp(package, "PK\3\4", 4) == 0)
		return package;
	free(package);
	return NULL;
}

static bool
read_lock(struct cfb *c, struct lock *lock)
{
	const struct cfb_entry *e = only_stream(c, "EncryptionInfo");
	bool whole = false, known = false;
	size_t len = 0;
	char *info;

	if (e == NULL || only_stream(c, "EncryptedPackage") == NULL)
		return false;
	info = cfb_read(c, e, INFO_MAX, &len, &whole);
	memset(lock, 0, sizeof(*lock));
	if (whole && len > 8 && le_get(info, 4) == 0x00040004 && le_get(info + 4, 4) == 0x40)
		known = read_agile(info + 8, len - 8, lock);
	else if (whole && len > 12 && le_get(info, 2) >= 2 && le_get(info, 2) <= 4 &&
	    le_get(info + 2, 2) == 2 && (le_get(info + 4, 4) & 0x24) == 0x24)
		known = read_standard(info + 8, len - 8, lock);
	free(info);
	return known;
}

/* [MS-OFFCRYPTO] 2.3.4.5: a header of a length that it tells, and the verifier. */
static bool
read_standard(const char *s, size_t len, struct lock *lock)
{
	const char *verifier;
	size_t header = le_get(s, 4);

	if (header < 32 || header > len - 4 || len - 4 - header < 4 + BLOCK + BLOCK + 4 + 2 * BLOCK)
		return false;
	verifier = s + 4 + header;
	lock->key_len = le_get(s + 4 + 16, 4) / 8;
	/* 0x660e to 0x6610: AES of 128, 192, 256 bits. */
	if (le_get(s + 4 + 8, 4) - 0x660e > 2 ||
	    lock->key_len != 16 + 8 * (le_get(s + 4 + 8, 4) - 0x660e) ||
	    le_get(verifier, 4) != BLOCK)
		return false;
	lock->word_key_len = lock->key_len;
	lock->package_digest = lock->word_digest = &digests[0];
	lock->spin = STANDARD_SPIN;
	lock->word_salt.len = lock->input.len = BLOCK;
	lock->digest.len = 2 * BLOCK;
	memcpy(lock->word_salt.bytes, verifier + 4, BLOCK);
	memcpy(lock->input.bytes, verifier + 4 + BLOCK, BLOCK);
	memcpy(lock->digest.bytes, verifier + 8 + 2 * BLOCK, 2 * BLOCK);
	return true;
}

/* [MS-OFFCRYPTO] 2.3.4.10. */
static bool
read_agile(const char *s, size_t len, struct lock *lock)
{
	char *xml = g_strndup(s, len);
	size_t data_len, word_len, spin, bits, word_bits;
	const char *data = only_element(xml, "keyData", "saltValue", &data_len);
	const char *word = only_element(xml, "encryptedKey", "spinCount", &word_len);
	bool known = false;

	if (strlen(xml) == len && is_plain_xml(xml) && data != NULL && word != NULL &&
	    is_cbc_of_aes(data, data_len) && is_cbc_of_aes(word, word_len) &&
	    number(data, data_len, "keyBits", 256, &bits) &&
	    number(word, word_len, "keyBits", 256, &word_bits) &&
	    number(word, word_len, "spinCount", SPIN_MAX, &spin) &&
	    base64(data, data_len, "saltValue", &lock->package_salt) &&
	    base64(word, word_len, "saltValue", &lock->word_salt) &&
	    base64(word, word_len, "encryptedVerifierHashInput", &lock->input) &&
	    base64(word, word_len, "encryptedVerifierHashValue", &lock->digest) &&
	    base64(word, word_len, "encryptedKeyValue", &lock->key)) {
		lock->agile = true;
		lock->key_len = bits / 8;
		lock->word_key_len = word_bits / 8;
		lock->spin = (uint32_t)spin;
		lock->package_digest = digest_of(data, data_len);
		lock->word_digest = digest_of(word, word_len);
		known = lock->package_digest != NULL && lock->word_digest != NULL &&
		    bits % 64 == 0 && bits >= 128 && word_bits % 64 == 0 && word_bits >= 128 &&
		    lock->input.len % BLOCK == 0 && lock->digest.len % BLOCK == 0 &&
		    lock->digest.len >= lock->word_digest->len && lock->key.len % BLOCK == 0 &&
		    lock->key.len >= lock->key_len && lock->input.len >= lock->word_salt.len;
	}
	g_free(xml);
	return known;
}

/* ASCII as it stands. */
static bool
is_plain_xml(const char *xml)
{
	const char *encoding = strstr(xml, "encoding=");

	return strstr(xml, "<!") == NULL && strchr(xml, '&') == NULL &&
	    (encoding == NULL || strncasecmp(encoding, "encoding=\"UTF-8\"", 16) == 0);
}

/* The attributes of the one element of this name, whatever is in front of it, that has this one also. */
static const char *
only_element(const char *xml, const char *name, const char *also, size_t *len)
{
	const char *found = NULL;
	size_t n = strlen(name);
	struct value ignored;

	for (const char *at = xml; (at = strstr(at, name)) != NULL; at += n) {
		size_t size = strcspn(at + n, "<>");

		if (!isspace((unsigned char)at[n]) || !attribute(at + n, size, also, &ignored))
			continue;
		if (found != NULL)
			return NULL;
		found = at + n;
		*len = size;
	}
	return found;
}

/* name="value", once. */
static bool
attribute(const char *s, size_t len, const char *name, struct value *value)
{
	size_t n = strlen(name);
	bool some = false;

	for (size_t i = 1; i + n + 2 <= len; i++) {
		size_t k = i + n + 2;

		if (!isspace((unsigned char)s[i - 1]) || memcmp(s + i, name, n) != 0)
			continue;
		if (some || s[i + n] != '=' || s[i + n + 1] != '"')
			return false;
		for (value->len = 0; k < len && s[k] != '"' && value->len < VALUE_MAX - 1; k++)
			value->bytes[value->len++] = (uint8_t)s[k];
		if (k == len || s[k] != '"')
			return false;
		value->bytes[value->len] = '\0';
		some = true;
	}
	return some;
}

static bool
number(const char *s, size_t len, const char *name, size_t max, size_t *n)
{
	struct value value;

	if (!attribute(s, len, name, &value) || value.len == 0 || value.len > 9)
		return false;
	*n = 0;
	for (size_t i = 0; i < value.len; i++) {
		if (!isdigit(value.bytes[i]))
			return false;
		*n = 10 * *n + (size_t)(value.bytes[i] - '0');
	}
	return *n <= max;
}

static bool
base64(const char *s, size_t len, const char *name, struct value *value)
{
	struct value text;
	guchar *bytes;

	if (!attribute(s, len, name, &text) || text.len == 0)
		return false;
	bytes = g_base64_decode((const char *)text.bytes, &value->len);
	if (value->len <= VALUE_MAX)
		memcpy(value->bytes, bytes, value->len);
	g_free(bytes);
	return value->len > 0 && value->len <= VALUE_MAX;
}

static bool
is_cbc_of_aes(const char *s, size_t len)
{
	struct value cipher, chaining;
	size_t block;

	return attribute(s, len, "cipherAlgorithm", &cipher) &&
	    attribute(s, len, "cipherChaining", &chaining) &&
	    number(s, len, "blockSize", BLOCK, &block) && block == BLOCK &&
	    strcmp((const char *)cipher.bytes, "AES") == 0 &&
	    strcmp((const char *)chaining.bytes, "ChainingModeCBC") == 0;
}

static const struct digest *
digest_of(const char *s, size_t len)
{
	struct value name;

	if (!attribute(s, len, "hashAlgorithm", &name))
		return NULL;
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if (strcmp((const char *)name.bytes, digests[i].name) == 0)
			return &digests[i];
	}
	return NULL;
}

/* [MS-OFFCRYPTO] 2.3.4.7, 2.3.4.11: does the word open it? The key is that of the package. */
static bool
try_word(const struct lock *lock, const char *word, uint8_t *key)
{
	const struct digest *d = lock->word_digest;
	glong chars = 0;
	gunichar2 *wide = g_utf8_to_utf16(word, -1, NULL, &chars, NULL);
	uint8_t spun[DIGEST_MAX], count[4];

	if (wide == NULL)
		return false;
	for (glong i = 0; i < chars; i++)
		wide[i] = GUINT16_TO_LE(wide[i]);
	hash(d, lock->word_salt.bytes, lock->word_salt.len, wide, 2 * (size_t)chars, spun);
	g_free(wide);
	for (uint32_t i = 0; i < lock->spin; i++) {
		for (unsigned int k = 0; k < 4; k++)
			count[k] = (uint8_t)(i >> 8 * k);
		hash(d, count, 4, spun, d->len, spun);
	}
	return lock->agile ? try_agile(lock, spun, key) : try_standard(lock, spun, key);
}

static bool
try_agile(const struct lock *lock, const uint8_t *spun, uint8_t *key)
{
	static const char *const purposes[] = { "\xfe\xa7\xd2\x76\x3b\x4b\x9e\x79",
		"\xd7\xaa\x0f\x6d\x30\x61\x34\x4e", "\x14\x6e\x0b\xe7\xab\xac\xd0\xd6" };
	struct value values[] = { lock->input, lock->digest, lock->key };
	uint8_t is[DIGEST_MAX];

	for (size_t i = 0; i < 3; i++) {
		uint8_t iv[BLOCK], with[DIGEST_MAX];

		memset(iv, PADDING, BLOCK);
		memcpy(iv, lock->word_salt.bytes,
		    lock->word_salt.len < BLOCK ? lock->word_salt.len : BLOCK);
		word_key(lock, spun, purposes[i], with);
		decrypt(with, lock->word_key_len, iv, values[i].bytes, values[i].len);
	}
	hash(lock->word_digest, values[0].bytes, lock->word_salt.len, NULL, 0, is);
	memcpy(key, values[2].bytes, lock->key_len);
	return memcmp(is, values[1].bytes, lock->word_digest->len) == 0;
}

static void
word_key(const struct lock *lock, const uint8_t *spun, const char *purpose, uint8_t *key)
{
	memset(key, PADDING, DIGEST_MAX);
	hash(lock->word_digest, spun, lock->word_digest->len, purpose, 8, key);
}

/* 2.3.4.9: the digest of the verifier is encrypted behind it, and the key is the package's. */
static bool
try_standard(const struct lock *lock, const uint8_t *spun, uint8_t *key)
{
	uint8_t last[DIGEST_MAX], inner[64], is[DIGEST_MAX];
	struct value input = lock->input, digest = lock->digest;

	hash(lock->word_digest, spun, SHA1_DIGEST_LENGTH, "\0\0\0", 4, last);
	for (size_t half = 0; half < 2; half++) {
		memset(inner, half == 0 ? 0x36 : 0x5c, sizeof(inner));
		for (size_t i = 0; i < SHA1_DIGEST_LENGTH; i++)
			inner[i] ^= last[i];
		hash(lock->word_digest, inner, sizeof(inner), NULL, 0,
		    key + half * SHA1_DIGEST_LENGTH);
	}
	decrypt(key, lock->key_len, NULL, input.bytes, input.len);
	decrypt(key, lock->key_len, NULL, digest.bytes, digest.len);
	hash(lock->word_digest, input.bytes, input.len, NULL, 0, is);
	return memcmp(is, digest.bytes, SHA1_DIGEST_LENGTH) == 0;
}

/* Of one run of bytes behind the other; out may be one of them. */
static void
hash(const struct digest *d, const void *a, size_t a_len, const void *b, size_t b_len, uint8_t *out)
{
	SHA1_CTX one;
	SHA2_CTX two;

	switch (d->len) {
	case SHA1_DIGEST_LENGTH:
		SHA1Init(&one);
		SHA1Update(&one, a, a_len);
		SHA1Update(&one, b, b_len);
		SHA1Final(out, &one);
		break;
	case SHA256_DIGEST_LENGTH:
		SHA256Init(&two);
		SHA256Update(&two, a, a_len);
		SHA256Update(&two, b, b_len);
		SHA256Final(out, &two);
		break;
	case SHA384_DIGEST_LENGTH:
		SHA384Init(&two);
		SHA384Update(&two, a, a_len);
		SHA384Update(&two, b, b_len);
		SHA384Final(out, &two);
		break;
	default:
		SHA512Init(&two);
		SHA512Update(&two, a, a_len);
		SHA512Update(&two, b, b_len);
		SHA512Final(out, &two);
	}
}

/* In place, whole blocks; without iv each for itself. */
static void
decrypt(const uint8_t *key, size_t key_len, uint8_t *iv, uint8_t *bytes, size_t len)
{
	const struct nettle_cipher *cipher = key_len == 16 ? &nettle_aes128
	    : key_len == 24				   ? &nettle_aes192
							   : &nettle_aes256;
	union {
		struct aes128_ctx a;
		struct aes192_ctx b;
		struct aes256_ctx c;
	} aes;

	cipher->set_decrypt_key(&aes, key);
	if (iv == NULL)
		cipher->decrypt(&aes, len, bytes, bytes);
	else
		cbc_decrypt(&aes, cipher->decrypt, BLOCK, iv, len, bytes, bytes);
}

static const struct cfb_entry *
only_stream(const struct cfb *c, const char *name)
{
	const struct cfb_entry *found = NULL;

	for (size_t i = 0; i < c->n; i++) {
		if (c->entries[i].type != CFB_STREAM || strcasecmp(c->entries[i].name, name) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = &c->entries[i];
	}
	return found;
}

/* Still encrypted, in whole blocks: what is behind its length is the rest of one or, of a segment. */
static char *
read_package(struct packed *p, struct cfb *c, size_t *len)
{
	const struct cfb_entry *e = only_stream(c, "EncryptedPackage");
	size_t n, blocks, room = packed_room(p);
	bool whole;
	char *s;

	if (e->size > room) {
		p->too_big = true;
		return NULL;
	}
	s = cfb_read(c, e, room, &n, &whole);
	blocks = n < 8 ? 0 : (n - 8) / BLOCK * BLOCK;
	*len = n < 8 ? 0 : le_get(s, 4);
	if (!whole || le_get(s + 4, 4) != 0 || *len > blocks || blocks - *len > SEGMENT) {
		free(s);
		return NULL;
	}
	memmove(s, s + 8, blocks);
	packed_spend(p, blocks);
	return s;
}

/* 2.3.4.15: in segments, each with a beginning of its own; standard encryption has none. */
static void
decrypt_package(const struct lock *lock, const uint8_t *key, char *s, size_t len)
{
	size_t blocks = (len + BLOCK - 1) / BLOCK * BLOCK;
	uint8_t iv[DIGEST_MAX], count[4];

	if (!lock->agile)
		decrypt(key, lock->key_len, NULL, (uint8_t *)s, blocks);
	for (size_t at = 0; lock->agile && at < blocks; at += SEGMENT) {
		size_t n = blocks - at < SEGMENT ? blocks - at : SEGMENT;

		for (unsigned int k = 0; k < 4; k++)
			count[k] = (uint8_t)(at / SEGMENT >> 8 * k);
		hash(lock->package_digest, lock->package_salt.bytes, lock->package_salt.len, count,
		    4, iv);
		decrypt(key, lock->key_len, iv, (uint8_t *)s + at, n);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * known.c - the engine's memory of objects that were scanned clean: a table of
 * fixed size, in sets of WAYS entries, of which the one goes that was used longest ago.
 *
 * An entry holds the answer that an inspector gets: names of members of a container are
 * in it, since rules on names are applied anew each time. Answers over ANSWER_MAX
 * bytes are not worth the memory.
 *
 * It lives as long as the signatures do: a reload is a new process.
 */
#include "known.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 8
#define ANSWER_MAX 2048

struct entry {
	struct known_key key;
	char *answer; /* NULL = free */
	size_t len;
	uint64_t used;
};

struct known {
	struct entry *entries;
	size_t n_sets;
	uint64_t clock;
};

static struct entry *set_of(struct known *, const struct known_key *);

struct known *
known_new(size_t entries)
{
	struct known *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->n_sets = (entries + WAYS - 1) / WAYS;
	k->entries = calloc(k->n_sets * WAYS, sizeof(*k->entries));
	if (k->entries == NULL) {
		free(k);
		return NULL;
	}
	return k;
}

void
known_free(struct known *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->n_sets * WAYS; i++)
		free(k->entries[i].answer);
	free(k->entries);
	free(k);
}

void
known_hash(struct known_key *key, const char *buf, size_t len,
    const struct errand_settings *settings)
{
	SHA2_CTX ctx;

	memset(key, 0, sizeof(*key));
	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)buf, len);
	SHA256Final(key->sha256, &ctx);
	key->len = len;
	key->settings = *settings;
}

static struct entry *
set_of(struct known *k, const struct known_key *key)
{
	uint64_t number;

	memcpy(&number, key->sha256, sizeof(number));
	return &k->entries[number % k->n_sets * WAYS];
}

const char *
known_find(struct known *k, const struct known_key *key, size_t *len)
{
	struct entry *set = set_of(k, key);

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].answer == NULL || memcmp(&set[i].key, key, sizeof(*key)) != 0)
			continue;
		set[i].used = ++k->clock;
		*len = set[i].len;
		return set[i].answer;
	}
	return NULL;
}

void
known_add(struct known *k, const struct known_key *key, const char *answer, size_t len)
{
	struct entry *set = set_of(k, key), *place = set;
	char *copy;

	if (len > ANSWER_MAX || (copy = malloc(len)) == NULL)
		return;
	memcpy(copy, answer, len);
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].answer != NULL && memcmp(&set[i].key, key, sizeof(*key)) == 0) {
			place = &set[i];
			break;
		}
		if (set[i].used < place->used)
			place = &set[i];
	}
	free(place->answer);
	*place = (struct entry){ .key = *key, .answer = copy, .len = len, .used = ++k->clock };
}

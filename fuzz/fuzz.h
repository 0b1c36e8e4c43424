/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz.h - what the fuzz targets have in common.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "message.h"

/* What the stub scanner (scan_stub.c) takes for a virus and for other trouble. */
#define FUZZ_MARKER "FUZZ-MARKER-4711"
#define FUZZ_ENCRYPTED "FUZZ-ENCRYPTED-4711"
#define FUZZ_LIMIT "FUZZ-LIMIT-4711"
#define FUZZ_MEMBER "FUZZ-MEMBER-4711="
#define FUZZ_FAILURE "FUZZ-FAILURE-4711"

/* libFuzzer's entries. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* An invariant: if it does not hold, say which and abort. */
#define fuzz_assert(holds, what) \
	do { \
		if (!(holds)) \
			fuzz_broken(__FILE__, __LINE__, what); \
	} while (0)
_Noreturn void fuzz_broken(const char *file, int line, const char *what);

/* One setting that must be right. */
void fuzz_set(struct conf *, const char *assignment);

/* A malloc'd copy of exactly len bytes, so that ASan sees every step past its end. */
char *fuzz_copy(const void *bytes, size_t len);

/* The message with its edits, malloc'd. */
char *fuzz_splice(const char *bytes, size_t size, const struct edit *, size_t n, size_t *len);

#endif

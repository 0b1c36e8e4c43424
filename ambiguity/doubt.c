/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doubt.c - why programs may read a message differently: codes and phrases
 */
#include "doubt.h"

#include <stddef.h>

#define DOUBT_CODE(name, code, phrase) [DOUBT_##name] = code,
#define DOUBT_PHRASE(name, code, phrase) [DOUBT_##name] = phrase,

const char *
doubt_code(enum doubt doubt)
{
	static const char *const codes[DOUBT_COUNT] = { [DOUBT_NONE] = NULL, DOUBTS(DOUBT_CODE) };

	return codes[doubt];
}

const char *
doubt_phrase(enum doubt doubt)
{
	static const char *const phrases[DOUBT_COUNT] = { [DOUBT_NONE] = NULL,
		DOUBTS(DOUBT_PHRASE) };

	return phrases[doubt];
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xforward - what the client told of the client before it (Postfix's XFORWARD)
 *
 * XFORWARD_README of Postfix: attributes are xtext (RFC 3461 4), come in one
 * command or several, and are forgotten at the end of the transaction, as
 * smtpd(8) does it. PORT tells us nothing, nor does what we don't know.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "xforward.h"

#include "hex.h"

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static void xtext_decode(struct span, char *, size_t);

static const struct {
	const char *name; /* with its = */
	size_t offset;
} attributes[] = { { "ADDR=", offsetof(struct xforward, addr) },
	{ "HELO=", offsetof(struct xforward, helo) },
	{ "IDENT=", offsetof(struct xforward, ident) },
	{ "NAME=", offsetof(struct xforward, name) },
	{ "PROTO=", offsetof(struct xforward, proto) },
	{ "SOURCE=", offsetof(struct xforward, source) } };

void
xforward_note(struct xforward *x, struct span rest)
{
	struct span word;
	size_t i;

	x->told = true;
	while ((word = span_word(&rest)).len > 0) {
		for (i = 0; i < N_ELEMENTS(attributes); i++) {
			if (!span_take(&word, attributes[i].name))
				continue;
			xtext_decode(word, (char *)x + attributes[i].offset, XFORWARD_MAX);
			break;
		}
	}
	if (x->name[0] == '\0' && x->addr[0] == '\0' && x->helo[0] == '\0')
		x->whole[0] = '\0';
	else
		snprintf(x->whole, sizeof(x->whole), "%s[%s]%s%s",
		    x->name[0] != '\0' ? x->name : "unknown",
		    x->addr[0] != '\0' ? x->addr : "unknown", x->helo[0] != '\0' ? " " : "",
		    x->helo);
}

void
xforward_reset(struct xforward *x)
{
	memset(x, 0, sizeof(*x));
}

/* xtext_decode - RFC 3461 4; what is unavailable is "", and an encoded NUL stays encoded */
static void
xtext_decode(struct span in, char *out, size_t size)
{
	size_t i, n = 0;
	int high, low;

	if (span_is(in, "[UNAVAILABLE]") || span_is(in, "[TEMPUNAVAIL]"))
		in.len = 0;
	for (i = 0; i < in.len && n + 1 < size; i++) {
		out[n] = in.text[i];
		if (in.text[i] == '+' && in.len - i > 2 &&
		    (high = hex_value(in.text[i + 1])) >= 0 &&
		    (low = hex_value(in.text[i + 2])) >= 0 && high + low > 0) {
			out[n] = (char)(high * 16 + low);
			i += 2;
		}
		n++;
	}
	out[n] = '\0';
}

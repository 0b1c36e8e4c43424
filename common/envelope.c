/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * envelope.c - a client as it is written: "name[address] helo".
 */
#include "envelope.h"

#include <string.h>

bool
envelope_client(struct client_text *c, const char *text)
{
	size_t name = strcspn(text, "["), address;

	c->name[0] = c->address[0] = '\0';
	if (text[name] != '[')
		return false;
	address = strcspn(text + name + 1, "]");
	if (text[name + 1 + address] != ']' || name >= sizeof(c->name) ||
	    address >= sizeof(c->address))
		return false;
	strlcpy(c->name, text, name + 1);
	strlcpy(c->address, text + name + 1, address + 1);
	return name > 0 || address > 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts.h - findings, recipients and attachments of a message as JSON.
 */
#ifndef FACTS_H
#define FACTS_H

#include <jansson.h>

#include "envelope.h"
#include "report.h"

/* Arrays, NULL if memory runs out. */
json_t *facts_findings(const struct report *);
json_t *facts_recipients(const struct envelope *);
/* Of an explanation as JSON, which comes from an inspector; NULL if it is none, too. */
json_t *facts_attachments(const char *explanation);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_calendar.h - the files that calendars and cards carry in their properties.
 */
#ifndef MIME_CALENDAR_H
#define MIME_CALENDAR_H

#include <stdbool.h>

#include "mime_formats.h"

/* A row of the table of formats: see struct format. */
bool calendar_is(const struct format_input *);
void calendar_open(struct packed *, const struct format_input *);

#endif

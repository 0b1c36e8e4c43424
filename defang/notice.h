/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notice.h - what the recipient is told about a part that was removed.
 */
#ifndef NOTICE_H
#define NOTICE_H

#ifdef TOWER_FRONT
#error "notice.h is the inspector's"
#endif

#include <stdbool.h>

#include "conf.h"
#include "request.h"
#include "verdict.h"

/* What went, as a recipient would call it. */
enum notice_what {
	NOTICE_ATTACHMENT,
	NOTICE_TEXT, /* what the sender wrote */
	NOTICE_PART_OF_TEXT, /* more of it is there */
	NOTICE_HTML_FORM, /* one form of it; another one is there */
	NOTICE_PLAIN_FORM,
	NOTICE_OTHER_FORM,
	NOTICE_PICTURE,
	NOTICE_INVITATION,
	NOTICE_MESSAGE, /* an attached one */
	NOTICE_SIGNATURE,
	NOTICE_SIGNED, /* S/MIME that holds what was signed */
	NOTICE_SEALED, /* what only the recipient can decrypt */
	NOTICE_SEVERAL, /* a multipart with all that is in it */
	NOTICE_WHOLE /* the message, of more than one part */
};

#define NOTICE_NAME_MAX 192

struct notice {
	enum notice_what what;
	enum verdict_class class; /* why */
	const char *file; /* as it came; "" = none */
	const char *reason; /* technical */
	const char *subject; /* of the message, decoded; "" = none */
	bool is_signed; /* what it was in; the signature is broken by the removal */
};

/* What a part of that type and name is called by itself. name: "" = none. */
enum notice_what notice_of(const char *type, const char *name);

/* And if it is one of several forms of a text. */
enum notice_what notice_form_of(const char *type);

/*
 * The notice from its template: UTF-8, lines ended by LF, none of which can be
 * taken for a boundary. A line with a {word} that has no value here is left
 * out. malloc'd.
 */
char *notice_text(const struct conf *, const struct request *, const struct notice *);

/*
 * One sentence about it, to stand in front of the text of the message, ended by LF;
 * malloc'd. name: what the part is called now; NULL = it was removed.
 */
char *notice_line(const struct conf *, const struct request *, const struct notice *,
    const char *name);

/* "report.pdf.removed.txt": under which name the notice is listed. */
void notice_name(const struct notice *, const char *type, char name[NOTICE_NAME_MAX]);

/*
 * A part that shows a text: header, empty line and content, 7-bit (quoted-
 * printable if the text is not ASCII), without a line ending behind the last
 * line. name: "" = none. malloc'd.
 */
char *notice_part(const char *text, const char *name, const char *eol);

#endif

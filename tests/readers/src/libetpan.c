/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libetpan, which Claws Mail uses for IMAP and others for all of MIME. */
#include <libetpan/libetpan.h>

#include "reader.h"

static int
encoding_of(struct mailmime *m)
{
	for (clistiter *i = m->mm_mime_fields == NULL ? NULL
						      : clist_begin(m->mm_mime_fields->fld_list);
	     i != NULL; i = clist_next(i)) {
		struct mailmime_field *f = clist_content(i);

		if (f->fld_type == MAILMIME_FIELD_TRANSFER_ENCODING)
			return f->fld_data.fld_encoding->enc_type;
	}
	return MAILMIME_MECHANISM_8BIT;
}

static void
names_of(struct mailmime *m)
{
	for (clistiter *i = m->mm_content_type == NULL || m->mm_content_type->ct_parameters == NULL
		 ? NULL
		 : clist_begin(m->mm_content_type->ct_parameters);
	     i != NULL; i = clist_next(i)) {
		struct mailmime_parameter *p = clist_content(i);

		if (strcasecmp(p->pa_name, "name") == 0)
			put_name(p->pa_value);
	}
	for (clistiter *i = m->mm_mime_fields == NULL ? NULL
						      : clist_begin(m->mm_mime_fields->fld_list);
	     i != NULL; i = clist_next(i)) {
		struct mailmime_field *f = clist_content(i);

		if (f->fld_type != MAILMIME_FIELD_DISPOSITION)
			continue;
		for (clistiter *k = clist_begin(f->fld_data.fld_disposition->dsp_parms); k != NULL;
		     k = clist_next(k)) {
			struct mailmime_disposition_parm *p = clist_content(k);

			if (p->pa_type == MAILMIME_DISPOSITION_PARM_FILENAME)
				put_name(p->pa_data.pa_filename);
		}
	}
}

static void
walk(struct mailmime *m)
{
	names_of(m);
	if (m->mm_type == MAILMIME_SINGLE && m->mm_data.mm_single != NULL) {
		struct mailmime_data *d = m->mm_data.mm_single;
		size_t at = 0, len;
		char *content;

		if (d->dt_type == MAILMIME_DATA_TEXT &&
		    mailmime_part_parse(d->dt_data.dt_text.dt_data, d->dt_data.dt_text.dt_length,
			&at, encoding_of(m), &content, &len) == MAILIMF_NO_ERROR)
			put_content(content, len);
	} else if (m->mm_type == MAILMIME_MULTIPLE) {
		for (clistiter *i = clist_begin(m->mm_data.mm_multipart.mm_mp_list); i != NULL;
		     i = clist_next(i))
			walk(clist_content(i));
	} else if (m->mm_type == MAILMIME_MESSAGE && m->mm_data.mm_message.mm_msg_mime != NULL) {
		walk(m->mm_data.mm_message.mm_msg_mime);
	}
}

static void
read_message(const char *path, const char *bytes, size_t len)
{
	size_t at = 0;
	struct mailmime *m;

	(void)path;
	if (mailmime_parse(bytes, len, &at, &m) == MAILIMF_NO_ERROR)
		walk(m);
}

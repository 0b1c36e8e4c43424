/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Camel, Evolution's. */
#include <camel/camel.h>

#include "reader.h"

static void
walk(CamelMimePart *part)
{
	CamelDataWrapper *content = camel_medium_get_content(CAMEL_MEDIUM(part));
	CamelContentType *ct = camel_mime_part_get_content_type(part);
	const CamelContentDisposition *cd = camel_mime_part_get_content_disposition(part);

	put_name(camel_mime_part_get_filename(part));
	if (ct != NULL)
		put_name(camel_content_type_param(ct, "name"));
	if (cd != NULL)
		put_name(camel_header_param(cd->params, "filename"));
	if (CAMEL_IS_MULTIPART(content)) {
		for (guint i = 0; i < camel_multipart_get_number(CAMEL_MULTIPART(content)); i++)
			walk(camel_multipart_get_part(CAMEL_MULTIPART(content), i));
	} else if (CAMEL_IS_MIME_MESSAGE(content)) {
		walk(CAMEL_MIME_PART(content));
	} else if (content != NULL) {
		GByteArray *bytes = g_byte_array_new();
		CamelStream *stream = camel_stream_mem_new_with_byte_array(bytes);

		camel_data_wrapper_decode_to_stream_sync(content, stream, NULL, NULL);
		put_content((const char *)bytes->data, bytes->len);
	}
}

static void
read_message(const char *path, const char *bytes, size_t len)
{
	CamelMimeMessage *m = camel_mime_message_new();

	(void)path;
	camel_data_wrapper_construct_from_data_sync(CAMEL_DATA_WRAPPER(m), bytes, (gssize)len, NULL,
	    NULL);
	walk(CAMEL_MIME_PART(m));
}

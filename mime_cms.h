/*
 * mime_cms.h - the content of an opaque S/MIME signed message.
 */
#ifndef MIME_CMS_H
#define MIME_CMS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The encapsulated content of CMS SignedData (RFC 5652 5.1), BER or DER;
 * malloc'd, NULL if there is none: encrypted, detached, not CMS. Nothing is
 * verified. Never larger than the input.
 */
char *cms_signed_content(const char *ber, size_t len, size_t *out_len);

/*
 * Is it CMS of another kind: enveloped, compressed, authenticated? Nobody looks
 * into that.
 */
bool cms_is_sealed(const char *ber, size_t len);

#endif

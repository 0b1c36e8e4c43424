/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * footer.h - lines that a mailing list puts behind the base64 of an attachment.
 */
#ifndef FOOTER_H
#define FOOTER_H

#include "examination.h"

/*
 * Is what stands behind the base64 of that leaf nothing that changes the document in front of
 * it, however it is decoded?
 */
bool footer_is_inert(const struct examination *, const struct part *);

#endif

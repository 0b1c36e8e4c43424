/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KMime, KMail's. */
#include <KMime/Content>
#include <KMime/Headers>
#include <KMime/Message>

#include "reader.h"

static void
walk(KMime::Content *m)
{
	if (auto cd = m->contentDisposition(false))
		put_name(cd->filename().toUtf8().constData());
	if (auto ct = m->contentType(false))
		put_name(ct->name().toUtf8().constData());
	if (m->bodyIsMessage() && m->bodyAsMessage())
		walk(m->bodyAsMessage().data());
	if (m->contents().isEmpty()) {
		QByteArray c = m->decodedContent();
		put_content(c.constData(), (size_t)c.size());
	}
	for (KMime::Content *child : m->contents())
		walk(child);
}

static void
read_message(const char *, const char *bytes, size_t len)
{
	KMime::Message m;

	m.setContent(KMime::CRLFtoLF(QByteArray(bytes, (int)len)));
	m.parse();
	walk(&m);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mimetic. */
#include <mimetic/mimetic.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "reader.h"

using namespace mimetic;

static void
walk(MimeEntity *m)
{
	const ContentDisposition &cd = m->header().contentDisposition();
	const ContentType &ct = m->header().contentType();
	std::string name = cd.param("filename"), type = ct.type(), enc;

	put_name(name.c_str());
	name = ct.param("name");
	put_name(name.c_str());
	if (m->body().parts().size() > 0) {
		for (MimeEntity *child : m->body().parts())
			walk(child);
		return;
	}
	std::stringstream o;
	enc = m->header().contentTransferEncoding().mechanism();
	for (char &c : enc)
		c = (char)tolower(c);
	std::ostreambuf_iterator<char> out(o);
	if (enc == "base64") {
		Base64::Decoder b;
		decode(m->body().begin(), m->body().end(), b, out);
	} else if (enc == "quoted-printable") {
		QP::Decoder q;
		decode(m->body().begin(), m->body().end(), q, out);
	} else {
		o << (std::string &)m->body();
	}
	put_content(o.str().data(), o.str().size());
}

static void
read_message(const char *path, const char *, size_t)
{
	std::ifstream in(path);
	std::istreambuf_iterator<char> begin(in), end;
	MimeEntity m(begin, end);

	walk(&m);
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# dkim-key 1.3.0: the type of a key record that does not name one is "rsa-sha256", which is
# no type of a key but an algorithm of a signature; with k=rsa, which means the same, it is
# "rsa". A note stays in quoted-printable, and lists are one text each. RFC 6376 3.6.1: k= is
# "rsa" by default, n= is a qp-section, h=, s= and t= are lists with colons.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact dkim-key@1.3.0 >/dev/null
cat >show.js <<'JS'
const { parse } = require('dkim-key');
for (const record of ['v=DKIM1; k=rsa; p=QUJD', 'v=DKIM1; p=QUJD', 'v=DKIM1; h=sha1:sha256; n=new=3B_2026; t=y:s; p=QUJD']) {
	const key = parse(record);
	console.log(record, '|', key.type, '|', key.notes, '|', key.hash, '|', key.flags);
}
JS
cat >expected <<'TEXT'
v=DKIM1; k=rsa; p=QUJD | rsa | null | null | null
v=DKIM1; p=QUJD | rsa-sha256 | null | null | null
v=DKIM1; h=sha1:sha256; n=new=3B_2026; t=y:s; p=QUJD | rsa-sha256 | new=3B_2026 | sha1:sha256 | y:s
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo 'npm-dkim-key-type: this has changed' >&2; exit 1; }

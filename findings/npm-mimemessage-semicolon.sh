#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# mimemessage 1.0.5: a message is refused (parse gives false) for a semicolon or a
# quoted-pair in the quoted name of its attachment, and for a comment behind a parameter.
# What it does take keeps its transfer encoding. RFC 2045 5.1: a value may be a
# quoted-string, and comments are allowed; RFC 822 3.3: what a quoted-string may hold.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact mimemessage@1.0.5 >/dev/null
cat >show.js <<'JS'
const { parse } = require('mimemessage');
for (const type of ['application/x; name="a b"', 'application/x; name="a; b"', 'application/x; name="a \\"b\\""', 'application/x; name=a (a file)']) {
	const message = parse('Content-Type: ' + type + '\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db');
	console.log(type, '|', message && message.body);
}
JS
cat >expected <<'TEXT'
application/x; name="a b" | a=3Db
application/x; name="a; b" | false
application/x; name="a \"b\"" | false
application/x; name=a (a file) | false
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo 'npm-mimemessage-semicolon: this has changed' >&2; exit 1; }

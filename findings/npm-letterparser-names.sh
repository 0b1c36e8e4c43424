#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# letterparser 0.1.8: no name of RFC 2231, a quoted-pair keeps its backslash, and a
# semicolon within quotes ends the name. RFC 2045 5.1 and RFC 822 3.3 say what a
# quoted-string is.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact letterparser@0.1.8 >/dev/null
cat >show.js <<'JS'
const { extract } = require('letterparser');
const message = param => [
	'From: a@example.org', 'To: b@example.net', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=frontier', '',
	'--frontier', 'Content-Type: text/plain', '', 'one',
	'--frontier', 'Content-Type: image/png', 'Content-Disposition: attachment; ' + param,
	'Content-Transfer-Encoding: base64', '', 'b25l', '--frontier--', ''].join('\r\n');
for (const param of ["filename*=utf-8''r%C3%A9sum%C3%A9.png", 'filename="a \\"b\\".png"', 'filename="a; b.png"'])
	console.log(String(extract(message(param)).attachments[0].filename));
JS
cat >expected <<'TEXT'
undefined
a \"b\".png
a
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-letterparser-names: this has changed" >&2; exit 1; }

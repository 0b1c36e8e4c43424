#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# emailjs-mime-parser 2.0.7: a delimiter with whitespace behind it is no delimiter.
# RFC 2046 5.1.1 lets a boundary be followed by "transport-padding", which receivers
# must ignore: a relay may add it. Here the second part becomes text of the first.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact emailjs-mime-parser@2.0.7 >/dev/null
cat >show.js <<'JS'
const parse = require('emailjs-mime-parser').default;
const message = padding => [
	'From: a@example.org', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=frontier', '',
	'--frontier', 'Content-Type: text/plain', '', 'one',
	'--frontier' + padding, 'Content-Type: text/plain', '', 'two', '--frontier--', ''].join('\r\n');
for (const padding of ['', ' ', '\t'])
	console.log(JSON.stringify(padding), parse(Buffer.from(message(padding))).childNodes.length, 'parts');
JS
cat >expected <<'TEXT'
"" 2 parts
" " 1 parts
"\t" 1 parts
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-emailjs-mime-parser-padding: this has changed" >&2; exit 1; }

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# eml-format 0.6.1: the closing delimiter is decoded as part of the last attachment, and
# types in capitals are not known. RFC 2046 5.1.1: the close-delimiter is no part of
# the body; RFC 2045 5.1: types and names of parameters have no case.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact eml-format@0.6.1 >/dev/null
cat >show.js <<'JS'
const { read } = require('eml-format');
const message = type => [
	'From: a@example.org', 'MIME-Version: 1.0', 'Content-Type: ' + type, '',
	'--frontier', 'Content-Type: text/plain', '', 'hello',
	'--frontier', 'Content-Type: text/csv; name=one.csv', 'Content-Transfer-Encoding: base64',
	'Content-Disposition: attachment; filename=one.csv', '', 'b25l', '--frontier--', ''].join('\r\n');
for (const type of ['multipart/mixed; boundary=frontier', 'MULTIPART/MIXED; BOUNDARY=frontier'])
	read(message(type), (error, m) => m.attachments.forEach(a => console.log(String(a.name), a.name ? a.data.toString('hex') : '-')));
JS
cat >expected <<'TEXT'
one.csv 6f6e65fbe7eba27b627abfbe
undefined -
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-eml-format-close-delimiter: this has changed" >&2; exit 1; }

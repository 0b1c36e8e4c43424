#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# eml-parse-js 1.1.15: "data" of an attachment in base64 is the bytes of the base64 text,
# not of the file; of one in quoted-printable it is a string with a line ending more,
# and "data64" is empty. A plain name is percent-decoded, which only RFC 2231's asterisk
# asks for.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact eml-parse-js@1.1.15 >/dev/null
cat >show.js <<'JS'
const { readEml } = require('eml-parse-js');
const message = (encoding, body) => [
	'From: a@example.org', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=frontier', '',
	'--frontier', 'Content-Type: text/plain', '', 'hello',
	'--frontier', 'Content-Type: text/csv', 'Content-Disposition: attachment; filename="100%41.csv"',
	'Content-Transfer-Encoding: ' + encoding, '', body, '--frontier--', ''].join('\r\n');
for (const [encoding, body] of [['base64', 'YT1i'], ['quoted-printable', 'a=3Db']]) {
	const [file] = readEml(message(encoding, body)).attachments;
	console.log(encoding, file.name, JSON.stringify(Buffer.from(file.data).toString()), JSON.stringify(file.data64));
}
JS
cat >expected <<'TEXT'
base64 100A.csv "YT1i" "YT1i"
quoted-printable 100A.csv "a=b\r\n" ""
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-eml-parse-js-data: this has changed" >&2; exit 1; }

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vcard-parser 1.0.0: a value begins behind the first colon of a line, though it stands in a
# quoted parameter, so that a postal address has the rest of its label for a post office box
# and an extended address. An escaped backslash with an "n" behind it is a line break.
# RFC 2426 4 and RFC 6350 3.3: a quoted parameter value may hold colons and semicolons;
# RFC 2426 5: "\\" is a backslash.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact vcard-parser@1.0.0 >/dev/null
cat >show.js <<'JS'
const vcard = require('vcard-parser');
for (const line of ['ADR;TYPE=work:;;1 High Street;Town;;;', 'ADR;X-NOTE="door 1: left; up":;;1 High Street;Town;;;',
		'URL;X-NOTE="a:b":https://example.com', 'NOTE:C:\\\\new']) {
	const card = vcard.parse(['BEGIN:VCARD', 'VERSION:3.0', 'FN:A', line, 'END:VCARD', ''].join('\r\n'));
	console.log(line, '|', JSON.stringify((card.adr || card.url || card.note)[0].value));
}
JS
cat >expected <<'TEXT'
ADR;TYPE=work:;;1 High Street;Town;;; | ["","","1 High Street","Town","","",""]
ADR;X-NOTE="door 1: left; up":;;1 High Street;Town;;; | [" left"," up\":","","1 High Street","Town","","",""]
URL;X-NOTE="a:b":https://example.com | "b\":https://example.com"
NOTE:C:\\new | "C:\\\new"
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo 'npm-vcard-parser-colon: this has changed' >&2; exit 1; }

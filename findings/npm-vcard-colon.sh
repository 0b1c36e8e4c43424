#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vcard 0.1.0: a value ends at its first colon: of an address of the web its scheme is left, and of a
# note what stands in front of the colon; the group of a line is an error, unless it is "item" and a
# number. RFC 2426 4: contentline = [group "."] name *(";" param) ":" value, and
# text-value = *(SAFE-CHAR / ":" / DQUOTE / ESCAPED-CHAR).
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact vcard@0.1.0 >/dev/null
cat >show.js <<'JS'
const Card = require('vcard');
console.info = () => {};
for (const line of ['NOTE:Open from 9 to 5', 'NOTE:Open: 9 to 5', 'URL:http://example.com/', 'item1.TITLE:Head', 'office.TITLE:Head'])
	new Card().readData(['BEGIN:VCARD', 'VERSION:3.0', 'N:Doe;John', 'FN:John Doe', line, 'END:VCARD', ''].join('\r\n'), (error, card) =>
		console.log(line, '->', error ?? card.NOTE ?? card.URL ?? card.TITLE));
JS
cat >expected <<'TEXT'
NOTE:Open from 9 to 5 -> Open from 9 to 5
NOTE:Open: 9 to 5 -> Open
URL:http://example.com/ -> http
item1.TITLE:Head -> Head
office.TITLE:Head -> Invalid field found: `office.TITLE`
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-vcard-colon: this has changed" >&2; exit 1; }

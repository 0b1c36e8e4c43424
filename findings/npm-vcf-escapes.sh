#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vcf 2.1.2: as jCard, an escaped semicolon parts a name in two, and texts keep their
# escapes. RFC 6350 3.4: "\;" is a semicolon of a component, "\," a comma and "\n" a line
# break; RFC 7095 3.3: in jCard none of them is escaped so.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact vcf@2.1.2 >/dev/null
cat >show.js <<'JS'
const card = new (require('vcf'))().parse(['BEGIN:VCARD', 'VERSION:4.0', 'FN:Doe\\, John', 'N:Doe\\; Roe;John;;;',
	'NOTE:one\\ntwo', 'END:VCARD', ''].join('\r\n'));
for (const field of card.toJSON()[1])
	console.log(JSON.stringify(field));
JS
cat >expected <<'TEXT'
["version",{},"text","4.0"]
["fn",{},"text","Doe\\, John"]
["n",{},"text",["Doe\\"," Roe","John","","",""]]
["note",{},"text","one\\ntwo"]
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-vcf-escapes: this has changed" >&2; exit 1; }

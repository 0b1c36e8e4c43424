#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# immutable-ics 0.4.0: the value of a parameter is written as it is, so that a name with a colon, a
# semicolon or a comma in it is another line; in the value of a property they are escaped.
# RFC 5545 3.2: a parameter value with a colon, a semicolon or a comma must be a quoted-string.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact immutable-ics@0.4.0 >/dev/null
cat >show.js <<'JS'
const { Property } = require('immutable-ics');
console.log(String(new Property({ name: 'SUMMARY', value: 'Doe, John; late' })));
for (const name of ['John Doe', 'Doe, John', 'John; Jack', 'Sales: John'])
	console.log(String(new Property({ name: 'ORGANIZER', parameters: { CN: name }, value: 'mailto:john@example.com' })));
JS
cat >expected <<'TEXT'
SUMMARY:Doe\, John\; late
ORGANIZER;CN=John Doe:mailto:john@example.com
ORGANIZER;CN=Doe, John:mailto:john@example.com
ORGANIZER;CN=John; Jack:mailto:john@example.com
ORGANIZER;CN=Sales: John:mailto:john@example.com
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-immutable-ics-parameter: this has changed" >&2; exit 1; }

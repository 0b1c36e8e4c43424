#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# quoted-printable 1.0.1: of several blanks at the end of a line only the last is taken off,
# and a soft line break with several blanks behind it is none. RFC 2045 6.7 (3): all
# whitespace at the end of an encoded line must be deleted, as transport adds it; the
# soft line break that is meant so stands in 6.7 (5).
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact quoted-printable@1.0.1 >/dev/null
cat >show.js <<'JS'
const { decode } = require('quoted-printable');
for (const blanks of ['', ' ', '  ', ' \t'])
	console.log(JSON.stringify(blanks), JSON.stringify(decode(`one${blanks}\r\ntwo`)), JSON.stringify(decode(`one=${blanks}\r\ntwo`)));
JS
cat >expected <<'TEXT'
"" "one\r\ntwo" "onetwo"
" " "one\r\ntwo" "onetwo"
"  " "one \r\ntwo" "one= \r\ntwo"
" \t" "one \r\ntwo" "one= \r\ntwo"
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-quoted-printable-blanks: this has changed" >&2; exit 1; }

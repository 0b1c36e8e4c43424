#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# lettercoder 0.1.1: an encoded word within a comment is not decoded, and blanks in a row
# become one. RFC 2047 8: the first examples of its table are words in comments; what is
# no encoded word stays as it is, only the space between two of them goes (6.2).
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact lettercoder@0.1.1 >/dev/null
cat >show.js <<'JS'
const { decodeMimeWords } = require('lettercoder');
for (const text of ['=?utf-8?q?one?= =?utf-8?q?two?=', '=?utf-8?q?one?= two', '(=?utf-8?q?one?=)', '(=?utf-8?q?one?= two)', 'one   two'])
	console.log(text, '->', decodeMimeWords(text));
JS
cat >expected <<'TEXT'
=?utf-8?q?one?= =?utf-8?q?two?= -> onetwo
=?utf-8?q?one?= two -> one two
(=?utf-8?q?one?=) -> (=?utf-8?q?one?=)
(=?utf-8?q?one?= two) -> (=?utf-8?q?one?= two)
one   two -> one two
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-lettercoder-words: this has changed" >&2; exit 1; }

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vcard-parser 1.0.0: a fold takes all blanks behind it away, so that two words become one, and a note
# that the package writes itself is not the one that it reads. RFC 2425 5.8.1 and RFC 6350 3.2:
# unfolding takes away the line end and the one blank behind it, and no other.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact vcard-parser@1.0.0 >/dev/null
cat >show.js <<'JS'
const { parse, generate } = require('vcard-parser');
const read = lines => parse(['BEGIN:VCARD', 'VERSION:3.0', 'FN:John Doe', ...lines, 'END:VCARD', ''].join('\r\n')).note[0].value;
for (const lines of [['NOTE:one two three'], ['NOTE:one two th', ' ree'], ['NOTE:one two', '  three']])
	console.log(JSON.stringify(lines.join('\r\n')), '->', JSON.stringify(read(lines)));
for (const [what, note] of [['one word', 'x'.repeat(200)], ['words', 'abcde '.repeat(40) + 'end']])
	console.log(what, 'written and read:', parse(generate({ fn: [{ value: 'John Doe' }], note: [{ value: note }] })).note[0].value === note ?
		'the same' : 'changed');
JS
cat >expected <<'TEXT'
"NOTE:one two three" -> "one two three"
"NOTE:one two th\r\n ree" -> "one two three"
"NOTE:one two\r\n  three" -> "one twothree"
one word written and read: the same
words written and read: changed
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-vcard-parser-fold: this has changed" >&2; exit 1; }

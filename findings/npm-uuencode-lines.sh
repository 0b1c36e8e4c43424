#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# uuencode 0.0.4: what stands behind a line of less than 45 octets is lost, and with the line ends of
# mail only the first line is what was encoded. POSIX.1-2017, uuencode: 45 is the maximum number of
# octets on a line, and the first character of each says how many they are; RFC 5322 2.3: in a
# message CR and LF stand together.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact uuencode@0.0.4 >/dev/null
cat >show.js <<'JS'
const { encode, decode } = require('uuencode');
const lines = (size, end) => ['a', 'b', 'c'].map(letter => encode(letter.repeat(size)).replace('\n', end)).join('') + ' ' + end;
for (const [size, end] of [[45, '\n'], [30, '\n'], [45, '\r\n']]) {
	const text = decode(Buffer.from(lines(size, end))).toString('latin1');
	console.log('three lines of', size, JSON.stringify(end), '->',
		['a', 'b', 'c'].map(letter => text.split(letter).length - 1 + ' ' + letter).join(', '));
}
JS
cat >expected <<'TEXT'
three lines of 45 "\n" -> 45 a, 45 b, 45 c
three lines of 30 "\n" -> 30 a, 0 b, 0 c
three lines of 45 "\r\n" -> 45 a, 0 b, 0 c
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-uuencode-lines: this has changed" >&2; exit 1; }

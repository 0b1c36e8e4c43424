#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# ical2json 5.0.0: what stands behind a fold with a tab is lost without a word, up to the next
# fold with a space. RFC 5545 3.1: a fold is a line break followed by a space or a tab.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact ical2json@5.0.0 >/dev/null
cat >show.js <<'JS'
const { convert } = require('ical2json');
const calendar = line => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:x', 'BEGIN:VEVENT', 'UID:1', 'DTSTAMP:20260101T000000Z',
	'DTSTART:20260101T000000Z', line, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
for (const lines of ['one two three', 'one\r\n  two\r\n  three', 'one\r\n\t two\r\n  three', 'one\r\n\t two\r\n\t three'])
	console.log(JSON.stringify(lines), '->', convert(calendar(`SUMMARY:${lines}`)).VCALENDAR[0].VEVENT[0].SUMMARY);
JS
cat >expected <<'TEXT'
"one two three" -> one two three
"one\r\n  two\r\n  three" -> one two three
"one\r\n\t two\r\n  three" -> one three
"one\r\n\t two\r\n\t three" -> one
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-ical2json-fold: this has changed" >&2; exit 1; }

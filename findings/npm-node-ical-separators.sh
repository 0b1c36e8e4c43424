#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# node-ical 0.26.1: a semicolon within a quoted parameter ends it, and an escaped comma
# parts a list. RFC 5545 3.2: a value with a semicolon has to be quoted so; 3.3.11: a
# comma of a text is escaped so. The third line, a plain text, is unescaped as it should be.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact node-ical@0.26.1 >/dev/null
cat >show.js <<'JS'
const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', 'UID:1', 'DTSTART:20260101T000000Z',
	'ATTENDEE;CN="Doe; John":mailto:john@example.org', 'CATEGORIES:Rome\\, Italy,travel', 'SUMMARY:Rome\\, Italy',
	'END:VEVENT', 'END:VCALENDAR', ''];
const event = require('node-ical').sync.parseICS(lines.join('\r\n'))['1'];
console.log(JSON.stringify(event.attendee.params));
console.log(JSON.stringify(event.categories));
console.log(JSON.stringify(event.summary));
JS
cat >expected <<'TEXT'
{"CN":"\"Doe"}
["Rome\\","Italy","travel"]
"Rome, Italy"
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-node-ical-separators: this has changed" >&2; exit 1; }

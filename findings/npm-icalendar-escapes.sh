#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# icalendar 0.7.1: an escaped backslash with an "n" behind it becomes a line end, and a parameter with
# two quoted values makes the calendar an error.
# RFC 5545 3.3.11: "\\" encodes a backslash; 3.2: a parameter may have several values, with commas
# between them, each quoted by itself, as 3.2.11 shows for MEMBER.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact icalendar@0.7.1 >/dev/null
cat >show.js <<'JS'
const { parse_calendar } = require('icalendar');
for (const line of ['SUMMARY:C:\\\\old', 'SUMMARY:C:\\\\new', 'ATTENDEE;MEMBER="mailto:a@example.com":mailto:c@example.com',
	'ATTENDEE;MEMBER="mailto:a@example.com","mailto:b@example.com":mailto:c@example.com']) {
	let seen;
	try {
		const calendar = parse_calendar(['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//example', 'BEGIN:VEVENT', 'UID:1', line,
			'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'));
		const { value, parameters } = calendar.events()[0].getProperty(line.split(/[:;]/)[0]);
		seen = JSON.stringify([value, parameters.MEMBER].filter(Boolean));
	} catch (error) {
		seen = error.message;
	}
	console.log(line, '->', seen);
}
JS
cat >expected <<'TEXT'
SUMMARY:C:\\old -> ["C:\\old"]
SUMMARY:C:\\new -> ["C:\new"]
ATTENDEE;MEMBER="mailto:a@example.com":mailto:c@example.com -> ["mailto:c@example.com","mailto:a@example.com"]
ATTENDEE;MEMBER="mailto:a@example.com","mailto:b@example.com":mailto:c@example.com -> Parse error
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-icalendar-escapes: this has changed" >&2; exit 1; }

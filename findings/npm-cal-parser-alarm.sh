#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# cal-parser 1.0.2: the properties of an alarm become those of its event, so that the event
# has the description of its reminder; of a property that may stand twice the last is kept.
# RFC 5545 3.6.1, 3.6.6: an alarm is a component of its own within the event; 3.8.1.4: an
# event may have several comments.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact cal-parser@1.0.2 >/dev/null
cat >show.js <<'JS'
const { parseString } = require('cal-parser');
const calendar = (...lines) => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:x', 'BEGIN:VEVENT', 'UID:1', 'DTSTAMP:20260101T000000Z',
	'DTSTART:20260101T000000Z', 'DESCRIPTION:The agenda', ...lines, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
const alarm = ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:Reminder', 'TRIGGER:-PT5M', 'END:VALARM'];
for (const lines of [[], alarm, ['COMMENT:one', 'COMMENT:two']]) {
	const event = parseString(calendar(...lines)).events[0];
	console.log(lines[0] || '-', '|', event.description.value, '|', event.comment ? event.comment.value : '-');
}
JS
cat >expected <<'TEXT'
- | The agenda | -
BEGIN:VALARM | Reminder | -
COMMENT:one | The agenda | two
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-cal-parser-alarm: this has changed" >&2; exit 1; }

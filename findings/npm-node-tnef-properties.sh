#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# node-tnef 1.4.0: of two properties of a message the second is lost, and a property with two
# values takes the ones behind it away, the body of the message among them. [MS-OXTNEF]
# 2.1.3.4: the list has as many properties as its count says, each with as many values as
# its own count.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact node-tnef@1.4.0 >/dev/null
cat >show.js <<'JS'
const { parseBuffer } = require('node-tnef');
const u16 = n => Buffer.from([n & 255, n >> 8]);
const u32 = n => Buffer.concat([u16(n & 65535), u16(n >>> 16)]);
const value = s => Buffer.concat([u32(s.length), Buffer.from(s), Buffer.alloc((4 - s.length % 4) % 4)]);
const attribute = (id, type, data) => Buffer.concat([Buffer.from([1]), u16(id), u16(type), u32(data.length), data,
	u16(data.reduce((sum, byte) => (sum + byte) & 65535, 0))]);
const property = (tag, ...values) => Buffer.concat([u32(tag), u32(values.length), ...values.map(value)]);
const tnef = properties => Buffer.concat([u32(0x223e9f78), u16(1), attribute(0x9006, 8, u32(0x10000)),
	attribute(0x9007, 6, Buffer.concat([u32(1252), u32(0)])),
	attribute(0x9003, 6, Buffer.concat([u32(properties.length), ...properties]))]);
// PidTagConversationTopic, PidTagNormalizedSubject, PidTagHtml, PidTagChildrensNames
const topic = property(0x0070001e, 'hi\0'), subject = property(0x0e1d001e, 'hi\0'), html = property(0x10130102, '<p>hello</p>');
const children = (...names) => property(0x3a58101e, ...names);
for (const properties of [[html], [topic, html], [topic, subject, html], [children('Jan\0'), subject, html], [children('Jan\0', 'Jil\0'), subject, html]])
	parseBuffer(tnef(properties), (error, message) => console.log(properties.length, 'sent,', message.Attributes.length, 'read, body',
		message.BodyHTML ? Buffer.from(message.BodyHTML).toString() : '-'));
JS
cat >expected <<'TEXT'
1 sent, 1 read, body <p>hello</p>
2 sent, 1 read, body -
3 sent, 3 read, body <p>hello</p>
3 sent, 3 read, body <p>hello</p>
3 sent, 1 read, body -
TEXT
node show.js | grep -v '^{' >seen
cat seen
diff expected seen >&2 || { echo "npm-node-tnef-properties: this has changed" >&2; exit 1; }

#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-or-later
// parsers.js - what programs show that are built on mailparser or postal-mime.
//
//	parsers.js PARSER OUT MESSAGE...
//
// NODE_PATH says where npm's packages are. Writes what tests/recipients/mutt does,
// but for the first screen; MESSAGE.calendar is there if an invitation is.
'use strict';
const fs = require('fs'), path = require('path');
const [, , parser, out, ...messages] = process.argv;

async function read(raw) {
	if (parser === 'mailparser')
		return require('mailparser').simpleParser(raw, { skipImageLinks: true });
	const { default: PostalMime } = require('postal-mime');
	return (PostalMime || require('postal-mime')).parse(raw);
}

// A program shows the HTML if there is some.
function plain(m) {
	return m.html ? m.html.replace(/<br\s*\/?>/g, '\n').replace(/<[^>]*>/g, '').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;|&apos;/g, "'").replace(/&nbsp;/g, ' ').replace(/&amp;/g, '&') : m.text || '';
}

// One that was forwarded is opened in the same way.
async function open(raw) {
	const m = await read(raw), all = { text: plain(m), attachments: m.attachments.slice() };
	for (const a of m.attachments)
		if (type(a) === 'message/rfc822') {
			const inner = await open(Buffer.from(a.content));
			all.text += '\n' + inner.text;
			all.attachments = all.attachments.concat(inner.attachments);
		}
	return all;
}

function type(a) { return a.contentType || a.mimeType || ''; }

(async () => {
	for (const message of messages) {
		const m = await open(fs.readFileSync(message)), to = path.join(out, path.basename(message));
		fs.writeFileSync(to + '.text', m.text);
		fs.writeFileSync(to + '.files', m.attachments.map(a => (a.filename || '(no name)') + '\n').join(''));
		if (m.attachments.some(a => type(a) === 'text/calendar' && /METHOD:REQUEST/.test(Buffer.from(a.content).toString())))
			fs.writeFileSync(to + '.calendar', '');
	}
})().catch(e => { console.error(e); process.exit(1); });

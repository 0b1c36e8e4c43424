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

(async () => {
	for (const message of messages) {
		const m = await read(fs.readFileSync(message)), to = path.join(out, path.basename(message));
		const type = a => a.contentType || a.mimeType || '';
		// A program shows the HTML if there is some.
		const shown = m.html ? m.html.replace(/<br\s*\/?>/g, '\n').replace(/<[^>]*>/g, '').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;|&apos;/g, "'").replace(/&nbsp;/g, ' ').replace(/&amp;/g, '&') : m.text || '';
		// One that was forwarded is opened in the same way.
		let inner = '';
		for (const a of m.attachments)
			if (type(a) === 'message/rfc822') {
				const i = await read(Buffer.from(a.content));
				inner += '\n' + (i.html ? i.html.replace(/<[^>]*>/g, '') : i.text || '');
				m.attachments = m.attachments.concat(i.attachments);
			}
		fs.writeFileSync(to + '.text', shown + inner);
		fs.writeFileSync(to + '.files', m.attachments.map(a => (a.filename || '(no name)') + '\n').join(''));
		if (m.attachments.some(a => type(a) === 'text/calendar' && /METHOD:REQUEST/.test(Buffer.from(a.content).toString())))
			fs.writeFileSync(to + '.calendar', '');
	}
})().catch(e => { console.error(e); process.exit(1); });

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# simplesmtp 0.3.35: the server accepts the null sender, then takes no recipient: it says
# that there was no MAIL. So no bounce ever arrives. RFC 5321 4.5.5: notifications are sent
# with MAIL FROM:<>; 4.5.1: RCPT TO:<Postmaster> without a domain has to be accepted.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact simplesmtp@0.3.35 >/dev/null
cat >show.js <<'JS'
const net = require('net');
const server = require('simplesmtp').createServer({ disableDNSValidation: true, name: 'mx.example.com' });
const commands = ['EHLO client.example.com', 'MAIL FROM:<a@example.com>', 'RCPT TO:<b@example.com>', 'RCPT TO:<Postmaster>', 'RSET',
	'EHLO client.example.com', 'MAIL FROM:<>', 'RCPT TO:<b@example.com>', 'QUIT'];
server.listen(0, '127.0.0.1', () => {
	let all = '', sent = '';
	const client = net.connect(server.SMTPServer._server.address().port, '127.0.0.1');
	client.on('data', chunk => {
		all += chunk;
		if (!/^\d+ .*\r\n$/m.test(all))
			return;
		if (/^(MAIL|RCPT)/.test(sent))
			console.log(sent, '|', all.trim());
		all = '';
		if ((sent = commands.shift()))
			client.write(sent + '\r\n');
	});
	client.on('close', () => process.exit());
});
JS
cat >expected <<'TEXT'
MAIL FROM:<a@example.com> | 250 2.1.0 Ok
RCPT TO:<b@example.com> | 250 2.1.0 Ok
RCPT TO:<Postmaster> | 501 5.1.7 Bad recipient address syntax
MAIL FROM:<> | 250 2.1.0 Ok
RCPT TO:<b@example.com> | 503 5.5.1 Error: need MAIL command
TEXT
node show.js >seen 2>errors || cat errors
cat seen
diff expected seen >&2 || { echo "npm-simplesmtp-null-sender: this has changed" >&2; exit 1; }

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# address-rfc2822 2.2.4: a group is written without its semicolon, so that nothing ends it, and the
# package itself finds no address in what it wrote. RFC 5322 3.4:
# group = display-name ":" [group-list] ";" [CFWS].
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact address-rfc2822@2.2.4 >/dev/null
cat >show.js <<'JS'
const { parse } = require('address-rfc2822');
const count = line => parse(line).length;
for (const line of ['Ann <a@example.com>, b@example.com', 'Friends: a@example.com, b@example.com;, c@example.com']) {
	const written = parse(line).map(address => address.format()).join(', ');
	let again;
	try {
		again = count(written);
	} catch (error) {
		again = error.message;
	}
	console.log(line, '|', count(line), '->', written, '|', again);
}
JS
cat >expected <<'TEXT'
Ann <a@example.com>, b@example.com | 2 -> Ann <a@example.com>, b@example.com | 2
Friends: a@example.com, b@example.com;, c@example.com | 2 -> Friends:a@example.com,b@example.com, c@example.com | No results
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-address-rfc2822-group: this has changed" >&2; exit 1; }

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# dmarc-parse 1.2.1: a list in "fo=" is an error, and the tag is left out; of the addresses for
# reports a URI that is not mailto takes the others away. RFC 7489 6.3: "fo" is a list with
# colons, "rua" one of URIs, of which a receiver must know mailto only.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact dmarc-parse@1.2.1 >/dev/null
cat >show.js <<'JS'
const parse = require('dmarc-parse');
for (const tag of ['fo=1', 'fo=1:d:s', 'rua=mailto:a@example.com!10m', 'rua=mailto:a@example.com,https://example.com/dmarc']) {
	const { tags, messages } = parse('v=DMARC1; p=none; ' + tag);
	console.log(tag, '->', Object.keys(tags).join(' '), messages ? '| ' + messages.length + ' error' : '| no error');
}
JS
cat >expected <<'TEXT'
fo=1 -> v p fo | no error
fo=1:d:s -> v p | 1 error
rua=mailto:a@example.com!10m -> v p rua | no error
rua=mailto:a@example.com,https://example.com/dmarc -> v p | 1 error
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-dmarc-parse-lists: this has changed" >&2; exit 1; }

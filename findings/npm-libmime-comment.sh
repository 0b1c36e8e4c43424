#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# libmime 5.6.4: parseHeaderValue takes a comment for part of the value. RFC 2045 5.1 has
# "text/plain; charset=us-ascii (Plain text)" as an example, and says that it is the same
# as the field without the comment.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact libmime@5.6.4 >/dev/null
cat >show.js <<'JS'
const { parseHeaderValue } = require('libmime');
for (const value of ['text/plain; charset=us-ascii', 'text/plain; charset=us-ascii (Plain text)', 'text/plain (Plain text); charset=us-ascii'])
	console.log(JSON.stringify(parseHeaderValue(value)));
JS
cat >expected <<'TEXT'
{"value":"text/plain","params":{"charset":"us-ascii"}}
{"value":"text/plain","params":{"charset":"us-ascii (Plain text)"}}
{"value":"text/plain (Plain text)","params":{"charset":"us-ascii"}}
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-libmime-comment: this has changed" >&2; exit 1; }

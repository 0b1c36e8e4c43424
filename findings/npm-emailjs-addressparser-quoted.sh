#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# emailjs-addressparser 2.0.3: a quoted local part loses its quotes and gains a space, so
# that the result is no address. RFC 5321 4.1.2: such a local part is quoted.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact emailjs-addressparser@2.0.3 >/dev/null
cat >show.js <<'JS'
const module_ = require('emailjs-addressparser');
const parse = module_.default || module_;
for (const list of ['john@example.org', '"john doe"@example.org', 'John <"john doe"@example.org>'])
	console.log(JSON.stringify(parse(list)));
JS
cat >expected <<'TEXT'
[{"address":"john@example.org","name":""}]
[{"address":"john doe @example.org","name":""}]
[{"address":"\"john doe\"@example.org","name":"John"}]
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-emailjs-addressparser-quoted: this has changed" >&2; exit 1; }

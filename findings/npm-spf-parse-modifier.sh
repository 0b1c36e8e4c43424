#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# spf-parse 1.0.4: a modifier that it does not know is an error, and so is a domain that is
# one macro, whose mechanism then has none; with a label in front of it, it is right. RFC
# 7208 6: unrecognized modifiers are ignored; 7.1: a domain-spec may be a macro alone.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact spf-parse@1.0.4 >/dev/null
cat >show.js <<'JS'
const parse = require('spf-parse');
for (const record of ['v=spf1 a:x.%{d} -all', 'v=spf1 a:%{d} -all', 'v=spf1 include:%{d2} -all', 'v=spf1 mx x-mod=abc -all']) {
	const seen = parse(record);
	console.log(record, '|', seen.mechanisms[1].value || '-', '|', (seen.messages || []).map(m => m.type + ': ' + m.message).join() || '-');
}
JS
cat >expected <<'TEXT'
v=spf1 a:x.%{d} -all | x.%{d} | -
v=spf1 a:%{d} -all | - | error: Invalid domain for the 'a' mechanism: '%{d}'
v=spf1 include:%{d2} -all | - | error: Invalid domain for the 'include' mechanism: '%{d2}'
v=spf1 mx x-mod=abc -all | - | error: Unknown standalone term 'x-mod=abc'
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo 'npm-spf-parse-modifier: this has changed' >&2; exit 1; }

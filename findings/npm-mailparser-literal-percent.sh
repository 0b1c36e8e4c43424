#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# mailparser 3.14.2: a section of a name that is not extended is percent-decoded.
# RFC 2231 4.1: only sections whose name ends in "*" are encoded; filename*1="..." is
# literal, so 100%41.txt is what the sender wrote. The second name shows that the same
# text is left alone in a plain parameter.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact mailparser@3.14.2 >/dev/null
cat >show.js <<'JS'
const { simpleParser } = require('mailparser');
const message = params => [
	'From: a@example.org', 'MIME-Version: 1.0', 'Content-Type: text/csv',
	'Content-Disposition: attachment; ' + params, '', 'one', ''].join('\r\n');
(async () => {
	for (const params of ["filename*0*=utf-8''r%C3%A9sum%C3%A9-; filename*1=\"100%41.txt\"", 'filename="100%41.txt"'])
		console.log((await simpleParser(message(params))).attachments[0].filename);
})();
JS
cat >expected <<'TEXT'
résumé-100A.txt
100%41.txt
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-mailparser-literal-percent: this has changed" >&2; exit 1; }

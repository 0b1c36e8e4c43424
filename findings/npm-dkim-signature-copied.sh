#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# dkim-signature 1.3.0: the copied fields of "z=" are parted at their colons, not between
# the fields, so that no field is whole. RFC 6376 3.5: the fields are separated by "|",
# the colon stands between the name and the value of each.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact dkim-signature@1.3.0 >/dev/null
cat >show.js <<'JS'
const { parse } = require('dkim-signature');
const signature = parse('v=1; a=rsa-sha256; d=example.net; s=mail; h=from:to:subject; bh=aGFzaA==; b=c2lnbg==; ' +
	'z=From:jane@example.net|To:joe@example.com|Subject:an=20example');
console.log('h', JSON.stringify(signature.headers));
console.log('z', JSON.stringify(signature.copiedHeaders));
JS
cat >expected <<'TEXT'
h ["from","to","subject"]
z ["From","jane@example.net|To","joe@example.com|Subject","an=20example"]
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-dkim-signature-copied: this has changed" >&2; exit 1; }

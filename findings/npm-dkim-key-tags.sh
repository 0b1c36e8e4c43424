#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# dkim-key 1.3.0: a key with a tag that the package does not know is an error, and so is one
# with a blank in front of an equals sign. RFC 6376 3.2: blanks are allowed there, and tags
# that are not recognized are to be ignored.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact dkim-key@1.3.0 >/dev/null
cat >show.js <<'JS'
const Key = require('dkim-key');
for (const record of ['v=DKIM1; k=rsa; p=QUJD', 'v=DKIM1; k= rsa; p=QUJD', 'v=DKIM1; k =rsa; p=QUJD', 'v=DKIM1; k=rsa; x_note=new; p=QUJD']) {
	let seen;
	try {
		seen = Key.parse(record).key.toString();
	} catch (error) {
		seen = error.message;
	}
	console.log(record, '->', seen);
}
JS
cat >expected <<'TEXT'
v=DKIM1; k=rsa; p=QUJD -> ABC
v=DKIM1; k= rsa; p=QUJD -> ABC
v=DKIM1; k =rsa; p=QUJD -> Unknown field name "k "
v=DKIM1; k=rsa; x_note=new; p=QUJD -> Unknown field name "x_note"
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-dkim-key-tags: this has changed" >&2; exit 1; }

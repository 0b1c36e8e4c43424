#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# parse-email-address 0.0.5: a domain ends at the first blank or comment between its labels,
# so that the address is another one. A blank in the local part loses the address.
# RFC 5322 4.4: blanks and comments may stand there (obs-domain, obs-local-part), and such
# addresses must be accepted.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact parse-email-address@0.0.5 >/dev/null
cat >show.mjs <<'JS'
import { parseEmailAddressList } from 'parse-email-address';
for (const list of ['joe@mail.example.com', 'joe @ mail.example.com', 'joe@mail . example.com', 'Joe <joe@mail (Rome) .example.com>',
	'joe . doe@example.com, ann@example.com'])
	console.log(list, '->', parseEmailAddressList(list).map(address => address.full).join(' '));
JS
cat >expected <<'TEXT'
joe@mail.example.com -> joe@mail.example.com
joe @ mail.example.com -> joe@mail.example.com
joe@mail . example.com -> joe@mail
Joe <joe@mail (Rome) .example.com> -> joe@mail
joe . doe@example.com, ann@example.com -> ann@example.com
TEXT
node show.mjs >seen
cat seen
diff expected seen >&2 || { echo "npm-parse-email-address-domain: this has changed" >&2; exit 1; }

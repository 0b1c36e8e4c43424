#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# spf-parse 1.0.4: a term whose last letter is an "a" is the mechanism "a", and one that ends in
# "mx" is "mx": an include of a domain under "ca" is none, nor is a redirect to it, and the domain
# is lost. RFC 7208 4.6.1: the name of a mechanism ends at its colon or slash, that of
# a modifier at its equals sign; 5.2: "include" ":" domain-spec; 6.1: "redirect" "=" domain-spec.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact spf-parse@1.0.4 >/dev/null
cat >show.js <<'JS'
const parse = require('spf-parse');
for (const term of ['include:spf.example.com', 'include:spf.example.ca', 'exists:spf.example.mx', 'redirect=spf.example.com',
	'redirect=spf.example.ca']) {
	const [, { type, value }] = parse('v=spf1 ' + term).mechanisms;
	console.log(term, '->', type, value ?? 'without a domain');
}
JS
cat >expected <<'TEXT'
include:spf.example.com -> include spf.example.com
include:spf.example.ca -> a without a domain
exists:spf.example.mx -> mx without a domain
redirect=spf.example.com -> redirect spf.example.com
redirect=spf.example.ca -> a without a domain
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-spf-parse-last-letter: this has changed" >&2; exit 1; }
